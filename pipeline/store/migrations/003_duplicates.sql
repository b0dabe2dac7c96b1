-- Which texts a search for near-duplicates looked at: runs of records that read as they were imported (edit 0), or as an
-- edit made them. A later search compares only what is new since then.
CREATE TABLE looked_at (job_id INTEGER NOT NULL, first_id BIGINT NOT NULL, last_id BIGINT NOT NULL, edit BIGINT NOT NULL);
