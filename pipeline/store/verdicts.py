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
    """Inside a transaction: add verdicts under their job, in order (the last edit or drop wins)."""
    columns = [
        [v.record_id for v in verdicts], [job_id] * len(verdicts), [v.step for v in verdicts],
        [v.kind for v in verdicts], [v.reason for v in verdicts], [v.text for v in verdicts],
    ]  # fmt: skip
    store.insert("verdict", pa.table(columns, schema=SCHEMA), cursor)


def add(store: Store, cursor: Cursor, job_id: int, verdicts: pa.Table) -> None:
    """As `append`, of verdicts that are columns already: all of SCHEMA but the job."""
    jobs_of = pa.repeat(pa.scalar(job_id, pa.int32()), verdicts.num_rows)
    store.insert("verdict", verdicts.append_column("job_id", jobs_of), cursor)


def decide(store: Store, project_id: int, verb: str, verdicts: Sequence[Verdict]) -> int:
    """A person's own verdicts (keep, drop, edit) as one job that is done at once. Returns the job, for undo.

    Keep and drop outrank what steps say, so they may come at any time; an edit would lose against one of a job that is
    still at work: then it raises JobRefused.
    """

    def work(cursor: Cursor) -> int:
        if any(one.kind == "edit" for one in verdicts):
            jobs.refuse_busy(cursor, project_id)
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
        "FROM effect v JOIN job j ON j.id = v.job_id "
        "WHERE j.project_id = ? AND j.state = 'done' GROUP BY ALL ORDER BY v.job_id, min(v.id)",
        [project_id],
    )


def examples(store: Store, job_id: int, step: str | None = None, kind: str | None = None, limit: int = 20,
             offset: int = 0, reason: str | None = None) -> list[dict[str, Any]]:  # fmt: skip
    """What a job said as rows of record_id, external_id, step, kind, reason, and the text before and after; of the kind
    derive `reason` is the column and `after` its value as JSON. `reason` may be the phrase of one alone."""
    return store.rows(
        """
        WITH said AS (
          SELECT id, record_id, step, kind, reason, text, id AS until FROM verdict WHERE job_id = $job
          UNION ALL SELECT id, record_id, coalesce(step, 'relabel'), 'review', reason, NULL, NULL
            FROM relabel_request WHERE job_id = $job
          UNION ALL SELECT id, record_id, step, 'derive', name, CAST(value AS VARCHAR), NULL
            FROM derived WHERE job_id = $job),
        shown AS MATERIALIZED (
          SELECT * FROM said WHERE ($step IS NULL OR step = $step) AND ($kind IS NULL OR kind = $kind)
            AND ($reason IS NULL OR reason = $reason OR starts_with(reason, $reason || ': '))
          ORDER BY until IS NULL, until, kind, id LIMIT $limit OFFSET $offset)
        SELECT v.record_id, r.external_id, v.step, v.kind, v.reason, v.text AS after,
          coalesce((SELECT arg_max(e.text, e.id) FROM verdict e JOIN job j ON j.id = e.job_id
            WHERE e.record_id = v.record_id AND e.kind = 'edit' AND (v.until IS NULL OR e.id < v.until)
              AND (e.job_id = $job OR j.state = 'done')), r.text) AS before
        FROM shown v JOIN record r ON r.id = v.record_id ORDER BY v.until IS NULL, v.until, v.kind, v.id
        """,
        {"job": job_id, "step": step, "kind": kind, "limit": limit, "offset": offset, "reason": reason},
    )


def history(store: Store, record_id: int) -> list[dict[str, Any]]:
    """Everything that was ever said of one record, oldest first, undone jobs marked by their state; `author` is whose
    hand it was, where that is known."""
    return store.rows(
        "SELECT v.id, v.step, v.kind, v.reason, v.text, v.job_id, j.kind AS job, j.state AS job_state, j.created_at, "
        "coalesce(j.params ->> 'author', '') AS author "
        "FROM (SELECT id, record_id, step, kind, reason, text, job_id FROM verdict UNION ALL "
        "SELECT id, record_id, step, kind, reason, NULL, job_id FROM effect WHERE kind IN ('review', 'derive')) v "
        "JOIN job j ON j.id = v.job_id WHERE v.record_id = ? ORDER BY v.job_id, v.id",
        [record_id],
    )
