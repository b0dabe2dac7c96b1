"""Verdicts: what steps and people said about records. Added, never changed; a job's state says whether they count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.domain import Verdict
from pipeline.store import jobs
from pipeline.store.database import Cursor, Store

SCHEMA = pa.schema(
    [("record_id", pa.int64()), ("job_id", pa.int32()), ("step", pa.string()), ("kind", pa.string()),
     ("reason", pa.string()), ("text", pa.string())]
)  # fmt: skip


def append(store: Store, cursor: Cursor, job_id: int, verdicts: Sequence[Verdict]) -> None:
    """Inside a transaction: add the verdicts of a batch under their job, in order (the last edit or drop wins)."""
    columns = [
        [v.record_id for v in verdicts], [job_id] * len(verdicts), [v.step for v in verdicts],
        [v.kind for v in verdicts], [v.reason for v in verdicts], [v.text for v in verdicts],
    ]  # fmt: skip
    store.insert("verdict", pa.table(columns, schema=SCHEMA), cursor)


def decide(store: Store, project_id: int, verb: str, verdicts: Sequence[Verdict]) -> int:
    """A person's own verdicts (keep, drop, edit) as one job that is done at once. Returns the job, for undo."""

    def work(cursor: Cursor) -> int:
        job_id = jobs.record_done(cursor, verb, project_id, {"records": [v.record_id for v in verdicts][:1000]})
        append(store, cursor, job_id, verdicts)
        return job_id

    return store.transact(work)


def counts(store: Store, job_id: int) -> dict[str, dict[str, int]]:
    """{kind: {step: records}} of one job, whatever its state."""
    found: dict[str, dict[str, int]] = {"drop": {}, "edit": {}, "flag": {}, "keep": {}}
    for row in store.rows(
        "SELECT kind, step, count(DISTINCT record_id) AS n FROM verdict WHERE job_id = ? GROUP BY ALL ORDER BY ALL",
        [job_id],
    ):
        found[row["kind"]][row["step"]] = row["n"]
    return found


def funnel(store: Store, project_id: int) -> list[dict[str, Any]]:
    """What live jobs did to the records: rows of job_id, job (kind), step, verdict (kind) and n, oldest first."""
    return store.rows(
        "SELECT v.job_id, j.kind AS job, v.step, v.kind AS verdict, count(DISTINCT v.record_id) AS n "
        "FROM verdict v JOIN job j ON j.id = v.job_id "
        "WHERE j.project_id = ? AND j.state = 'done' GROUP BY ALL ORDER BY min(v.id)",
        [project_id],
    )


def examples(store: Store, job_id: int, step: str | None = None, kind: str | None = None, limit: int = 20,
             offset: int = 0) -> list[dict[str, Any]]:  # fmt: skip
    """Verdicts of a job as rows of record_id, external_id, step, kind, reason, and the text before and after."""
    return store.rows(
        """
        SELECT v.record_id, r.external_id, v.step, v.kind, v.reason, v.text AS after,
          coalesce((SELECT arg_max(e.text, e.id) FROM verdict e JOIN job j ON j.id = e.job_id
            WHERE e.record_id = v.record_id AND e.kind = 'edit' AND e.id < v.id
              AND (e.job_id = v.job_id OR j.state = 'done')), r.text) AS before
        FROM verdict v JOIN record r ON r.id = v.record_id
        WHERE v.job_id = $job AND ($step IS NULL OR v.step = $step) AND ($kind IS NULL OR v.kind = $kind)
        ORDER BY v.id LIMIT $limit OFFSET $offset
        """,
        {"job": job_id, "step": step, "kind": kind, "limit": limit, "offset": offset},
    )


def history(store: Store, record_id: int) -> list[dict[str, Any]]:
    """Everything that was ever said of one record, oldest first, undone jobs marked by their state."""
    return store.rows(
        "SELECT v.id, v.step, v.kind, v.reason, v.text, v.job_id, j.kind AS job, j.state AS job_state, j.created_at "
        "FROM verdict v JOIN job j ON j.id = v.job_id WHERE v.record_id = ? ORDER BY v.id",
        [record_id],
    )
