-- Times are UTC. Rows are added, not changed, but for: job (its own progress), claim (a lease), run (its last known state).
-- record, verdict and annotation_event carry no key index: ids come from sequences, and an index would slow bulk loads.
CREATE SEQUENCE project_id;
CREATE SEQUENCE task_id;
CREATE SEQUENCE job_id;
CREATE SEQUENCE record_id;
CREATE SEQUENCE verdict_id;
CREATE SEQUENCE event_id;
CREATE SEQUENCE suggestion_id;
CREATE SEQUENCE relabel_id;

CREATE TABLE project (
  id INTEGER PRIMARY KEY DEFAULT nextval('project_id'),
  name VARCHAR NOT NULL UNIQUE,
  meta JSON NOT NULL DEFAULT '{}',
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);

-- One row a revision: the newest row of an id is the task as it stands.
CREATE TABLE task_revision (
  id INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  definition JSON NOT NULL,
  guideline VARCHAR NOT NULL DEFAULT '',
  guideline_revision INTEGER NOT NULL DEFAULT 1,
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC'),
  PRIMARY KEY (id, revision)
);
CREATE VIEW task AS
  SELECT * FROM task_revision QUALIFY row_number() OVER (PARTITION BY id ORDER BY revision DESC) = 1;

-- A job's effects count only while its state is 'done'; undo and redo change that one word.
CREATE TABLE job (
  id INTEGER PRIMARY KEY DEFAULT nextval('job_id'),
  project_id INTEGER,
  kind VARCHAR NOT NULL,
  params JSON NOT NULL DEFAULT '{}',
  state VARCHAR NOT NULL,
  done BIGINT NOT NULL DEFAULT 0,
  total BIGINT NOT NULL DEFAULT 0,
  note VARCHAR NOT NULL DEFAULT '',
  cursor JSON NOT NULL DEFAULT '{}',
  result JSON NOT NULL DEFAULT '{}',
  error VARCHAR NOT NULL DEFAULT '',
  owner JSON NOT NULL DEFAULT '{}',
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC'),
  finished_at TIMESTAMP
);

CREATE TABLE record (
  id BIGINT NOT NULL DEFAULT nextval('record_id'),
  project_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  external_id VARCHAR NOT NULL,
  text VARCHAR NOT NULL,
  fields JSON NOT NULL DEFAULT '{}',      -- further named texts of one record: a question, a target, a conversation
  meta JSON NOT NULL DEFAULT '{}',        -- what else the file said
  split VARCHAR,                          -- the split that the file gave, if any
  parent_id BIGINT,                       -- the record that this one was made from
  operation JSON                          -- how it was made: {"augmenter", "knobs", "seed"}
);

CREATE TABLE verdict (
  id BIGINT NOT NULL DEFAULT nextval('verdict_id'),
  record_id BIGINT NOT NULL,
  job_id INTEGER NOT NULL,
  step VARCHAR NOT NULL,
  kind VARCHAR NOT NULL CHECK (kind IN ('drop', 'edit', 'flag', 'keep')),
  reason VARCHAR NOT NULL DEFAULT '',
  text VARCHAR                            -- the whole text after an edit
);

-- Verified near-duplicate pairs and the families they make, by the job that found them.
CREATE TABLE pair (job_id INTEGER NOT NULL, a BIGINT NOT NULL, b BIGINT NOT NULL, jaccard DOUBLE NOT NULL);
CREATE TABLE family_member (
  job_id INTEGER NOT NULL,
  family_id BIGINT NOT NULL,              -- the least record id in the family
  record_id BIGINT NOT NULL,
  kept BOOLEAN NOT NULL DEFAULT false,    -- the one record of the family that the others are held against
  similarity DOUBLE                       -- to the kept record
);

CREATE TABLE annotator (
  name VARCHAR PRIMARY KEY,
  kind VARCHAR NOT NULL DEFAULT 'human' CHECK (kind IN ('human', 'simulated', 'imported')),
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);

CREATE TABLE annotation_event (
  id BIGINT NOT NULL DEFAULT nextval('event_id'),
  event_id VARCHAR NOT NULL UNIQUE,       -- made by the client: the same answer sent twice is stored once
  record_id BIGINT NOT NULL,
  task_id INTEGER NOT NULL,
  annotator VARCHAR NOT NULL,
  state VARCHAR NOT NULL CHECK (state IN ('draft', 'submitted', 'skipped', 'withdrawn')),
  value JSON NOT NULL DEFAULT '{}',       -- {question: answer}
  comment VARCHAR NOT NULL DEFAULT '',
  guideline_revision INTEGER NOT NULL DEFAULT 1,
  seconds DOUBLE,
  job_id INTEGER,                         -- the import or simulation that wrote it; null when a person did
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);

CREATE TABLE suggestion (
  id BIGINT NOT NULL DEFAULT nextval('suggestion_id'),
  record_id BIGINT NOT NULL,
  task_id INTEGER NOT NULL,
  source VARCHAR NOT NULL,
  question VARCHAR NOT NULL,
  value JSON NOT NULL,
  score DOUBLE,
  job_id INTEGER,
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);

CREATE TABLE claim (
  record_id BIGINT NOT NULL,
  task_id INTEGER NOT NULL,
  annotator VARCHAR NOT NULL,
  lease_until TIMESTAMP NOT NULL
);

-- A record asked to be looked at again; an answer younger than the request closes it.
CREATE TABLE relabel_request (
  id BIGINT NOT NULL DEFAULT nextval('relabel_id'),
  record_id BIGINT NOT NULL,
  task_id INTEGER NOT NULL,
  reason VARCHAR NOT NULL,
  run_id VARCHAR,
  job_id INTEGER NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);

CREATE TABLE version (
  id VARCHAR NOT NULL,                    -- the hash of its content
  project_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  path VARCHAR NOT NULL,
  card JSON NOT NULL,
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC')
);
-- The split that a record was first frozen into: it keeps it for good.
CREATE TABLE split_assignment (project_id INTEGER NOT NULL, record_id BIGINT NOT NULL, split VARCHAR NOT NULL, job_id INTEGER NOT NULL);

-- An index of run directories; the directory is the truth.
CREATE TABLE run (
  id VARCHAR PRIMARY KEY,
  project_id INTEGER NOT NULL,
  version_id VARCHAR NOT NULL,
  path VARCHAR NOT NULL,
  config JSON NOT NULL,
  state VARCHAR NOT NULL,
  metrics JSON NOT NULL DEFAULT '{}',
  created_at TIMESTAMP NOT NULL DEFAULT (get_current_timestamp() AT TIME ZONE 'UTC'),
  finished_at TIMESTAMP
);

CREATE VIEW job_live AS SELECT id, project_id FROM job WHERE state = 'done';

-- The records as they read now. `own` adds the effects of one job that is still at work (or NULL).
CREATE MACRO records_seen(own) AS TABLE
WITH live AS (SELECT id FROM job WHERE state = 'done' OR id = own),
edits AS (SELECT record_id, arg_max(text, id) AS text FROM verdict
  WHERE kind = 'edit' AND job_id IN (SELECT id FROM live) GROUP BY record_id),
-- a person's word outranks a step's, also a later one
drops AS (SELECT record_id, arg_max({'kind': kind, 'step': step, 'reason': reason, 'job_id': job_id},
    id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END) AS last FROM verdict
  WHERE kind IN ('drop', 'keep') AND job_id IN (SELECT id FROM live) GROUP BY record_id),
flags AS (SELECT record_id, list(DISTINCT step) AS steps FROM verdict
  WHERE kind = 'flag' AND job_id IN (SELECT id FROM live) GROUP BY record_id)
SELECT r.id, r.project_id, r.job_id, r.external_id, coalesce(e.text, r.text) AS text, r.text AS original_text,
  e.record_id IS NOT NULL AS edited, r.fields, r.meta, r.split, r.parent_id, r.operation,
  coalesce(d.last.kind = 'drop', false) AS dropped,
  CASE WHEN d.last.kind = 'drop' THEN d.last.step END AS dropped_by,
  CASE WHEN d.last.kind = 'drop' THEN d.last.reason END AS dropped_why,
  f.steps AS flags
FROM record r
LEFT JOIN edits e ON e.record_id = r.id
LEFT JOIN drops d ON d.record_id = r.id
LEFT JOIN flags f ON f.record_id = r.id
WHERE r.job_id IN (SELECT id FROM live);

CREATE VIEW record_now AS SELECT * FROM records_seen(NULL);

-- The last word of each annotator on each record, drafts and withdrawals included.
CREATE VIEW annotation_now AS
  SELECT * FROM annotation_event
  WHERE job_id IS NULL OR job_id IN (SELECT id FROM job_live)
  QUALIFY row_number() OVER (PARTITION BY record_id, task_id, annotator ORDER BY id DESC) = 1;

CREATE VIEW suggestion_now AS
  SELECT * FROM suggestion WHERE job_id IS NULL OR job_id IN (SELECT id FROM job_live);

-- Requests that no submitted answer or skip has followed yet.
CREATE VIEW relabel_open AS
  SELECT q.* FROM relabel_request q
  WHERE q.job_id IN (SELECT id FROM job_live)
    AND NOT EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = q.record_id AND a.task_id = q.task_id
      AND a.state IN ('submitted', 'skipped') AND a.created_at > q.created_at);
