"""Dropping the members of near-duplicate families, and bringing back those that have lost what they were dropped
for."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.store.database import Cursor, Store


def orphans(store: Store, project_id: int) -> list[int]:
    """The records that are dropped as near-duplicates of one that has left the data set, or where either reads
    otherwise now than when they were compared. A person's word outranks a search's: what they dropped stays dropped."""
    return [row["record_id"] for row in store.rows(_ORPHANS, {"project": project_id})]


# `read`: the edit by which the search read each side (an edited text is a run of its own in looked_at); searches of
# before there was looked_at go by the order of events. What undoing an edit makes of a text is another text too.
_ORPHANS = """
WITH live AS (SELECT id FROM job_live WHERE project_id = $project),
said AS MATERIALIZED (SELECT record_id, arg_max({'id': id, 'kind': kind, 'step': step, 'job_id': job_id},
    id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END) AS last FROM verdict
  WHERE kind IN ('drop', 'keep') AND job_id IN (SELECT id FROM live) GROUP BY record_id),
edits AS MATERIALIZED (SELECT record_id, max(id) AS edit FROM verdict
  WHERE kind = 'edit' AND job_id IN (SELECT id FROM live) GROUP BY record_id),
held AS (
  SELECT d.record_id, d.last.id AS verdict, d.last.job_id AS job_id, k.record_id AS kept FROM said d
  JOIN family_member m ON m.job_id = d.last.job_id AND m.record_id = d.record_id AND NOT m.kept
  JOIN family_member k ON k.job_id = m.job_id AND k.family_id = m.family_id AND k.kept
  JOIN record r ON r.id = d.record_id
  WHERE d.last.kind = 'drop' AND d.last.step = 'dedupe' AND r.job_id IN (SELECT id FROM live)),
side AS (SELECT record_id, verdict, job_id, kept AS text, kept FROM held
  UNION ALL SELECT record_id, verdict, job_id, record_id, NULL FROM held),
knew AS (SELECT DISTINCT job_id FROM looked_at WHERE job_id IN (SELECT id FROM live)),
read AS (
  SELECT s.*, n.job_id IS NOT NULL AS known, coalesce(l.edit, 0) AS edit FROM side s
  LEFT JOIN knew n ON n.job_id = s.job_id
  LEFT JOIN (SELECT * FROM looked_at WHERE edit <> 0) l ON l.job_id = s.job_id AND l.first_id = s.text)
SELECT DISTINCT s.record_id FROM read s JOIN record r ON r.id = s.text
LEFT JOIN live j ON j.id = r.job_id
LEFT JOIN said g ON g.record_id = s.kept LEFT JOIN edits e ON e.record_id = s.text
WHERE g.last.kind = 'drop' OR j.id IS NULL
  OR CASE WHEN s.known THEN coalesce(e.edit, 0) <> s.edit ELSE coalesce(e.edit, 0) > s.verdict END
ORDER BY s.record_id
"""


def drop_members(
    cursor: Cursor, job_id: int, step: str, threshold: float, spared: Sequence[int] = (), *, inside: bool = False
) -> int:
    """Inside a transaction: a drop verdict for each member at least so similar to its kept record, but for the families
    `spared`. `inside`: the similarity is how much of it is in the kept record. Returns how many."""
    made = cursor.execute(
        """
        INSERT INTO verdict (record_id, job_id, step, kind, reason)
        SELECT m.record_id, m.job_id, $step, 'drop',
          CASE WHEN $inside THEN format('contained in {} ({:.2f} of it)', r.external_id, m.similarity)
          ELSE format('near-duplicate of {} (similarity {:.3f})', r.external_id, m.similarity) END AS reason
        FROM family_member m
        JOIN family_member k ON k.job_id = m.job_id AND k.family_id = m.family_id AND k.kept
        JOIN record r ON r.id = k.record_id
        WHERE m.job_id = $job AND NOT m.kept AND m.similarity >= $threshold
          AND m.family_id NOT IN (SELECT unnest($spared::BIGINT[]))
        ORDER BY m.record_id
        """,
        {"job": job_id, "step": step, "threshold": threshold, "spared": list(spared), "inside": inside},
    ).fetchone()
    return int(made[0]) if made else 0


def bring_back(cursor: Cursor, job_id: int, step: str, record_ids: Sequence[int]) -> int:
    """Inside a transaction: a keep verdict for each of the records that the job does not drop. Returns how many."""
    made = cursor.execute(
        "INSERT INTO verdict (record_id, job_id, step, kind, reason) SELECT id, $job, $step, 'keep', "
        "'what it was a near-duplicate of is gone' AS reason FROM (SELECT unnest($ids::BIGINT[]) AS id) "
        "WHERE id NOT IN (SELECT record_id FROM verdict WHERE job_id = $job AND kind = 'drop')",
        {"job": job_id, "step": step, "ids": list(record_ids)},
    ).fetchone()
    return int(made[0]) if made else 0
