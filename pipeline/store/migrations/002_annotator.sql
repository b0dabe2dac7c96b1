-- What the annotator of every kind of question needs. Columns are added, so rows of before read as null.
ALTER TABLE annotation_event ADD COLUMN reason VARCHAR;          -- why it was skipped
ALTER TABLE annotation_event ADD COLUMN flagged BOOLEAN;         -- marked by the annotator to be looked at
ALTER TABLE annotation_event ADD COLUMN task_revision INTEGER;   -- the task as it was asked
ALTER TABLE task_revision ADD COLUMN job_id INTEGER;             -- the label change that made it; null when it was saved
ALTER TABLE suggestion ADD COLUMN replaces BIGINT;               -- the suggestion that it stands in for, labels changed

-- A view keeps the columns that its table had: each is made again.
DROP VIEW relabel_open;
DROP VIEW annotation_now;
DROP VIEW suggestion_now;
DROP VIEW task;

-- The newest revision of each task whose job, if it had one, is live: so undoing a label change is one word.
CREATE VIEW task AS
  SELECT * FROM task_revision WHERE job_id IS NULL OR job_id IN (SELECT id FROM job_live)
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY revision DESC) = 1;

CREATE VIEW annotation_now AS
  SELECT * FROM annotation_event
  WHERE job_id IS NULL OR job_id IN (SELECT id FROM job_live)
  QUALIFY row_number() OVER (PARTITION BY record_id, task_id, annotator ORDER BY id DESC) = 1;

CREATE VIEW suggestion_now AS
  SELECT * FROM suggestion s WHERE (s.job_id IS NULL OR s.job_id IN (SELECT id FROM job_live))
    AND CAST(s.value AS VARCHAR) <> 'null'  -- such a one only takes the place of another
    AND NOT EXISTS (SELECT 1 FROM suggestion n WHERE n.replaces = s.id AND n.job_id IN (SELECT id FROM job_live));

CREATE VIEW relabel_open AS
  SELECT q.* FROM relabel_request q
  WHERE q.job_id IN (SELECT id FROM job_live)
    AND NOT EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = q.record_id AND a.task_id = q.task_id
      AND a.state IN ('submitted', 'skipped') AND a.created_at > q.created_at);
