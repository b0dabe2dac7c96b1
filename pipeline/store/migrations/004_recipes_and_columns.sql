-- Columns that a job made for records, besides those of the file: added, never changed; the last live value counts.
CREATE SEQUENCE derived_id;
CREATE TABLE derived (
  id BIGINT NOT NULL DEFAULT nextval('derived_id'),
  record_id BIGINT NOT NULL,
  job_id INTEGER NOT NULL,
  step VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  value JSON NOT NULL,
  of_text BOOLEAN NOT NULL DEFAULT false  -- made of the record's text alone, and of no worth for another text
);
-- The derived columns as they read now, without those of a text that a later job has edited. `own` adds those of one job
-- that is still at work (or NULL).
CREATE MACRO derived_seen(own) AS TABLE
  WITH live AS (SELECT id FROM job WHERE state = 'done' OR id = own),
  edits AS (SELECT record_id, max(job_id) AS job_id FROM verdict
    WHERE kind = 'edit' AND job_id IN (SELECT id FROM live) GROUP BY record_id)
  SELECT d.record_id, d.name, arg_max(d.value, d.id) AS value
  FROM derived d LEFT JOIN edits e ON d.of_text AND e.record_id = d.record_id
  WHERE d.job_id IN (SELECT id FROM live) AND (e.job_id IS NULL OR e.job_id <= d.job_id)
  GROUP BY d.record_id, d.name;
CREATE VIEW derived_now AS SELECT * FROM derived_seen(NULL);

-- A project's own recipes, one row a revision: the newest row of a name is the recipe as it stands.
CREATE SEQUENCE recipe_id;
CREATE TABLE recipe (
  id BIGINT NOT NULL DEFAULT nextval('recipe_id'),
  project_id INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  revision INTEGER NOT NULL,
  steps JSON,                             -- [[name, settings], …]; null: taken away from this revision on
  note VARCHAR NOT NULL DEFAULT '',
  author VARCHAR NOT NULL DEFAULT '',
  job_id INTEGER,                         -- the removal that made it; null when it was saved
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);
CREATE VIEW recipe_now AS
  SELECT * FROM recipe WHERE job_id IS NULL OR job_id IN (SELECT id FROM job_live)
  QUALIFY row_number() OVER (PARTITION BY project_id, name ORDER BY revision DESC) = 1;

-- The cleaning step that asked for a record to be labelled again; null where none did.
DROP VIEW relabel_open;
ALTER TABLE relabel_request ADD COLUMN step VARCHAR;
CREATE VIEW relabel_open AS
  SELECT q.* FROM relabel_request q
  WHERE q.job_id IN (SELECT id FROM job_live)
    AND NOT EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = q.record_id AND a.task_id = q.task_id
      AND a.state IN ('submitted', 'skipped') AND a.created_at > q.created_at);

-- Everything that a job said of records: verdicts, requests to label again, derived columns.
CREATE VIEW effect AS
  SELECT id, record_id, job_id, step, kind, reason FROM verdict
  UNION ALL SELECT id, record_id, job_id, coalesce(step, 'relabel'), 'review', reason FROM relabel_request
  UNION ALL SELECT id, record_id, job_id, step, 'derive', name FROM derived;
