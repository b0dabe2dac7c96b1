"""What corpus steps and the cleaning page ask of the store: a step's SELECT run inside its job, and its tally."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.store.database import Cursor, Store

_CORPUS = """
WITH corpus AS MATERIALIZED (
  SELECT id, external_id, text, parent_id FROM records_seen($own_job) WHERE project_id = $own_project AND NOT dropped)
"""


def drop_selected(
    cursor: Cursor, *, job_id: int, project_id: int, step: str, select: str, params: Mapping[str, Any]
) -> int:  # fmt: skip
    """Inside a transaction: a drop by `step` for every record_id and reason of `select`. Returns how many.

    The relation `corpus` (id, external_id, text, parent_id) is the project's records that are not dropped, as they read
    now with the effects of the running job `job_id`.
    """
    made = cursor.execute(
        "INSERT INTO verdict (record_id, job_id, step, kind, reason) "
        f"{_CORPUS} SELECT s.record_id, $own_job, $own_step, 'drop', s.reason FROM ({select}) s ORDER BY s.record_id",
        {**params, "own_job": job_id, "own_project": project_id, "own_step": step},
    ).fetchone()
    return int(made[0]) if made else 0


def touched(store: Store, job_id: int) -> dict[str, int]:
    """{kind of verdict: different records} of one job, whatever its state."""
    found = {"drop": 0, "edit": 0, "flag": 0}
    for row in store.rows(
        "SELECT kind, count(DISTINCT record_id) AS n FROM verdict WHERE job_id = ? GROUP BY kind", [job_id]
    ):
        found[row["kind"]] = row["n"]
    return found
