"""What a search for records that say the same writes beside its pairs and families: its verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.store.database import Cursor


def judge_members(cursor: Cursor, job_id: int, step: str, kind: str, spared: Sequence[int] = ()) -> int:
    """Inside a transaction: a verdict of this kind (flag or drop) on each member but the kept one, but for the families
    `spared`. Returns how many."""
    made = cursor.execute(
        """
        INSERT INTO verdict (record_id, job_id, step, kind, reason)
        SELECT m.record_id, m.job_id, $step, $kind,
          format('may say the same as {} (cosine {:.3f})', r.external_id, m.similarity) AS reason
        FROM family_member m
        JOIN family_member k ON k.job_id = m.job_id AND k.family_id = m.family_id AND k.kept
        JOIN record r ON r.id = k.record_id
        WHERE m.job_id = $job AND NOT m.kept AND m.family_id NOT IN (SELECT unnest($spared::BIGINT[]))
        ORDER BY m.record_id
        """,
        {"job": job_id, "step": step, "kind": kind, "spared": list(spared)},
    ).fetchone()
    return int(made[0]) if made else 0
