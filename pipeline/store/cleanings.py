"""What cleaning jobs did or would do, counted: the funnel of one, and two held against each other.

Each row of either names its records by the words of a RecordFilter, so that a number opens what it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.domain import Job, WorkbenchError
from pipeline.store import jobs
from pipeline.store.database import Store
from pipeline.store.records import RecordFilter

KINDS = ("drop", "edit", "flag", "review", "derive")


@dataclass(frozen=True, slots=True)
class Row:
    """How many records a step did something to for a reason (its phrase, without the detail), and their filter."""

    step: str
    kind: str
    reason: str
    records: int
    where: RecordFilter

    def plain(self) -> dict[str, Any]:
        """As plain data, the filter in words."""
        return {"step": self.step, "kind": self.kind, "reason": self.reason, "records": self.records,
                "where": str(self.where)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Funnel:
    """The way of the records through a job: how many went in, how many it dropped, edited, …, and by what.

    `totals` {kind: different records}. `rows` are in the order of the steps; what a step judged for two reasons is in
    two of them.
    """

    job: int
    into: int
    totals: Mapping[str, int]
    rows: tuple[Row, ...]

    @property
    def left(self) -> int:
        return self.into - self.totals["drop"]

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return {"job": self.job, "in": self.into, "left": self.left, "totals": dict(self.totals),
                "rows": [row.plain() for row in self.rows]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """What job a does to records and job b does not, and the other way round.

    `only_a`, `only_b` {kind: records}: of edits, those that the other leaves with another text. `rows_a`, `rows_b`: the
    same by step and reason. `both` {kind: records that both do it to}.
    """

    a: int
    b: int
    both: Mapping[str, int]
    only_a: Mapping[str, int]
    only_b: Mapping[str, int]
    rows_a: tuple[Row, ...]
    rows_b: tuple[Row, ...]

    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "a": self.a, "b": self.b, "both": dict(self.both), "only_a": dict(self.only_a), "only_b": dict(self.only_b),
            "rows_a": [row.plain() for row in self.rows_a], "rows_b": [row.plain() for row in self.rows_b],
        }  # fmt: skip


def funnel(store: Store, job_id: int) -> Funnel:
    """The funnel of a cleaning job that is done or a preview. Raises WorkbenchError for any other job."""
    job = _readable(store, job_id)
    found = store.rows(f"{_SAID} SELECT {_COUNTED} FROM said WHERE job_id = $a GROUP BY ALL",
                       {"a": job_id, "b": job_id})  # fmt: skip
    return Funnel(job_id, _into(store, job), _totals(store, job_id), _rows(job, found, RecordFilter(job=job_id)))


def compare(store: Store, a: int, b: int) -> Difference:
    """Two cleaning jobs of one project, done or previews, held against each other. Raises WorkbenchError."""
    one, other = _readable(store, a), _readable(store, b)
    if one.project_id != other.project_id:
        raise WorkbenchError(f"Job {a} and job {b} are of different projects, so they cannot be compared.")
    if a == b:
        raise WorkbenchError(f"Job {a} cannot be compared with itself. Name two jobs.")
    sides = {}
    for job, theirs in ((one, b), (other, a)):
        params = {"a": job.id, "b": theirs}
        rows = store.rows(f"{_ONLY} SELECT {_COUNTED} FROM apart GROUP BY ALL", params)
        counts = store.rows(
            f"{_ONLY} SELECT kind, count(DISTINCT record_id) AS records FROM apart GROUP BY kind", params
        )
        totals = dict.fromkeys(KINDS, 0) | {row["kind"]: row["records"] for row in counts}
        sides[job.id] = (totals, _rows(job, rows, RecordFilter(job=job.id, unlike=theirs)))
    all_a = _totals(store, a)
    both = {kind: all_a[kind] - sides[a][0][kind] for kind in KINDS}
    return Difference(a, b, both, sides[a][0], sides[b][0], sides[a][1], sides[b][1])


def _readable(store: Store, job_id: int) -> Job:
    job = jobs.get(store, job_id)
    if job.kind != "clean" or job.state not in ("done", "preview"):
        raise WorkbenchError(f"Job {job_id} ({job.kind}, {job.state}) is no cleaning that is done or a preview.")
    return job


def _into(store: Store, job: Job) -> int:
    """The records that were in the data set when the job began; of a preview on a sample, those that it looked at."""
    if job.params.get("sample"):
        return int(job.result.get("records", 0))
    return int(store.scalar(_BEFORE, {"job": job.id, "project": job.project_id}))


def _totals(store: Store, job_id: int) -> dict[str, int]:
    found = store.rows(
        "SELECT kind, count(DISTINCT record_id) AS n FROM effect WHERE job_id = ? GROUP BY kind", [job_id]
    )
    return dict.fromkeys(KINDS, 0) | {row["kind"]: row["n"] for row in found if row["kind"] in KINDS}


def _rows(job: Job, found: Sequence[Mapping[str, Any]], where: RecordFilter) -> tuple[Row, ...]:
    """The rows in the order of the job's steps; of a step by kind, what was said of most records first."""
    order = list(dict.fromkeys(name for name, _ in job.params.get("steps", ())))

    def place(row: Row) -> tuple[int, int, int, str]:
        step = order.index(row.step) if row.step in order else len(order)
        return step, KINDS.index(row.kind), -row.records, row.reason

    rows = (
        Row(
            row["step"], row["kind"], row["reason"], row["records"],
            replace(where, step=row["step"], verdict=row["kind"], reason=row["reason"]),
        )
        for row in found
    )  # fmt: skip
    return tuple(sorted(rows, key=place))


# Jobs of a project run one after the other, and none begins anew over what came later: so their numbers say what was
# before. A person's word outranks a step's.
_BEFORE = """
WITH live AS (SELECT id FROM job_live WHERE id < $job),
gone AS (
  SELECT record_id FROM verdict WHERE kind IN ('drop', 'keep') AND job_id IN (SELECT id FROM live) GROUP BY record_id
  HAVING arg_max(kind, id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END) = 'drop')
SELECT count(*) FROM record WHERE project_id = $project AND job_id IN (SELECT id FROM live)
  AND id NOT IN (SELECT record_id FROM gone)
"""
_COUNTED = "step, kind, phrase AS reason, count(DISTINCT record_id) AS records"
_SAID = """
WITH said AS (
  SELECT id, record_id, job_id, step, kind, split_part(reason, ': ', 1) AS phrase FROM effect
  WHERE job_id IN ($a, $b) AND kind <> 'keep')
"""
_ONLY = f"""{_SAID},
alike AS (
  SELECT record_id FROM verdict WHERE kind = 'edit' AND job_id IN ($a, $b) GROUP BY record_id
  HAVING arg_max(text, id) FILTER (job_id = $a) = arg_max(text, id) FILTER (job_id = $b)),
theirs AS (SELECT DISTINCT record_id, kind FROM said WHERE job_id = $b AND kind <> 'edit'
  UNION ALL SELECT record_id, 'edit' FROM alike),
apart AS (
  SELECT s.* FROM said s ANTI JOIN theirs t ON t.record_id = s.record_id AND t.kind = s.kind WHERE s.job_id = $a)
"""
