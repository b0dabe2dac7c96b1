-- Which texts a search for near-duplicates looked at: runs of records that read as they were imported (edit 0), or as an
-- edit made them. A later search compares only what is new since then.
CREATE TABLE looked_at (job_id INTEGER NOT NULL, first_id BIGINT NOT NULL, last_id BIGINT NOT NULL, edit BIGINT NOT NULL);

-- Texts of a project's training data that a held-out set has too, by the job that held the two against each other.
-- `item` is a record (of this project or another), or the line of a file; leak_text has both texts as they were compared.
CREATE TABLE leak (
  job_id INTEGER NOT NULL,
  record_id BIGINT NOT NULL,              -- the training side
  item BIGINT NOT NULL,                   -- the held-out side
  how VARCHAR NOT NULL CHECK (how IN ('identical', 'near', 'contained')),
  similarity DOUBLE NOT NULL
);
CREATE TABLE leak_text (
  job_id INTEGER NOT NULL,
  side VARCHAR NOT NULL CHECK (side IN ('train', 'held')),
  id BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  place VARCHAR NOT NULL,                 -- the split, the project or the file that the text is of
  text VARCHAR NOT NULL,                  -- its beginning, if it is long
  length BIGINT NOT NULL                  -- characters of all of it
);
