"""Who labels what next. A claim is a lease on a record: while it lasts nobody is given the record beyond its overlap.

Does not say what an answer is (pipeline.questions), and shows nobody another's answer.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipeline.domain import Task
from pipeline.store.database import Cursor, Store

LEASE_SECONDS = 600
CHUNK = 1024  # records that a claim looks at from the front of the queue, before it looks at all that follow
LAST_RECORD = 2**62


@dataclass(frozen=True, slots=True)
class Claimed:
    """A record in an annotator's hands. `relabel` and `reason` are of the request that brought it back, if one did."""

    record_id: int
    external_id: str
    text: str
    relabel: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Another annotator who holds records, and until when if they do nothing more (UTC)."""

    annotator: str
    records: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Remaining:
    """total records to label, those of them that are closed to this annotator, and who holds the rest."""

    total: int
    left: int
    relabel: int
    holders: tuple[Holder, ...]

    @property
    def finished(self) -> bool:
        return self.left == 0 and self.relabel == 0


def claim(
    store: Store, task: Task, annotator: str, n: int, *, overlap: int = 1, lease_seconds: float = LEASE_SECONDS,
    now: datetime | None = None,
) -> list[Claimed]:  # fmt: skip
    """The first `n` records that this annotator should answer, leased to them for `lease_seconds` from now.

    Open relabel requests come first, then import order. Their earlier claims are renewed if among these and given up if
    not. Never a record that is dropped, made by augmentation, answered or skipped by them (but for a relabel request),
    or already as often answered or held by others as `overlap` says. One transaction; its cost does not grow with the
    project.
    """
    at = now or _utc_now()

    def work(cursor: Cursor) -> list[Claimed]:
        held = _held(cursor, task.id, at)
        elsewhere = {record for record, who in held if who != annotator}
        asked = [row for row in _relabels(cursor, task) if row[0] not in elsewhere][:n]
        found = _texts(cursor, asked)
        again = {claimed.record_id for claimed in found}
        if len(found) < n:
            fresh = _unanswered(store, cursor, task, annotator, overlap, at, n)
            found += [claimed for claimed in fresh if claimed.record_id not in again][: n - len(found)]
        _lease(store, cursor, task.id, annotator, [c.record_id for c in found], held, at, lease_seconds)
        return found

    return store.transact(work)


def release(store: Store, task_id: int, annotator: str) -> None:
    """Give up everything that an annotator holds of a task."""
    store.transact(
        lambda cursor: cursor.execute("DELETE FROM claim WHERE task_id = ? AND annotator = ?", [task_id, annotator])
    )


def alone(store: Store, task_id: int, annotator: str, now: datetime | None = None) -> bool:
    """Whether nobody else holds records of the task, so that a larger window takes nothing from anyone."""
    return not store.scalar(
        "SELECT count(*) FROM claim WHERE task_id = ? AND annotator <> ? AND lease_until > ?",
        [task_id, annotator, now or _utc_now()],
    )


def remaining(store: Store, task: Task, annotator: str, *, overlap: int = 1, now: datetime | None = None) -> Remaining:
    """What is still to do for one annotator, counted over the whole project."""
    counts = store.row(
        """
        WITH said AS (
          SELECT record_id, count(*) FILTER (state = 'submitted') AS submitted,
            bool_or(annotator = $annotator AND state IN ('submitted', 'skipped')) AS mine
          FROM annotation_now WHERE task_id = $task GROUP BY record_id)
        SELECT count(*) AS total,
          count(*) FILTER (coalesce(s.submitted, 0) < $overlap AND NOT coalesce(s.mine, false)) AS left_over
        FROM record_now r LEFT JOIN said s ON s.record_id = r.id
        WHERE r.project_id = $project AND NOT r.dropped AND r.parent_id IS NULL
        """,
        {"annotator": annotator, "task": task.id, "overlap": overlap, "project": task.project_id},
    )
    holders = store.rows(
        "SELECT annotator, count(*) AS records, max(lease_until) AS until FROM claim "
        "WHERE task_id = ? AND annotator <> ? AND lease_until > ? GROUP BY annotator ORDER BY annotator",
        [task.id, annotator, now or _utc_now()],
    )
    requests = len(store.transact(lambda cursor: _relabels(cursor, task)))
    total, left = (counts["total"], counts["left_over"]) if counts else (0, 0)
    return Remaining(total, left, requests, tuple(Holder(**row) for row in holders))


def _held(cursor: Cursor, task_id: int, at: datetime) -> dict[tuple[int, str], datetime]:
    rows = cursor.execute(
        "SELECT record_id, annotator, lease_until FROM claim WHERE task_id = ? AND lease_until > ?", [task_id, at]
    ).fetchall()
    return {(record, who): until for record, who, until in rows}


def _relabels(cursor: Cursor, task: Task) -> list[tuple[int, int, str]]:
    """Open requests as (record, request, reason), the oldest of each record. Most projects have none: asked first."""
    if cursor.execute("SELECT 1 FROM relabel_request WHERE task_id = ? LIMIT 1", [task.id]).fetchone() is None:
        return []
    return cursor.execute(
        """
        WITH asked AS (SELECT * FROM relabel_request WHERE task_id = $task AND job_id IN (SELECT id FROM job_live)),
        said AS (
          SELECT record_id, state, created_at FROM annotation_event
          WHERE task_id = $task AND record_id IN (SELECT record_id FROM asked)
            AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live))
          QUALIFY row_number() OVER (PARTITION BY record_id, annotator ORDER BY id DESC) = 1)
        SELECT q.record_id, min(q.id), arg_min(q.reason, q.id) FROM asked q
        WHERE NOT EXISTS (SELECT 1 FROM said a WHERE a.record_id = q.record_id
            AND a.state IN ('submitted', 'skipped') AND a.created_at > q.created_at)
          AND q.record_id IN (SELECT id FROM record_now WHERE NOT dropped AND project_id = $project
            AND id BETWEEN (SELECT min(record_id) FROM asked) AND (SELECT max(record_id) FROM asked))
        GROUP BY q.record_id ORDER BY min(q.id)
        """,
        {"task": task.id, "project": task.project_id},
    ).fetchall()


@dataclass(slots=True)
class _Place:
    """How far the front of one annotator's queue is answered, and what was known when that was found out."""

    jobs: object
    event: int
    record: int = 0
    known: bool = False


# The front of the queue only moves back when a job's state changes or an answer is taken back (withdrawn, or turned
# into a skip, which leaves the record to others); both are looked up before it is trusted. Without it a claim would
# walk past every record that was ever answered.
_places: weakref.WeakKeyDictionary[Store, dict[tuple[int, str, int], _Place]] = weakref.WeakKeyDictionary()


def _front(store: Store, cursor: Cursor, task: Task, annotator: str, overlap: int) -> _Place:
    jobs = cursor.execute(
        "SELECT count(*), bit_xor(hash(id, state)) FROM job WHERE project_id = ?", [task.project_id]
    ).fetchone()
    known = _places.setdefault(store, {})
    place = known.get((task.id, annotator, overlap))
    if place is None or place.jobs != jobs:
        place = known[(task.id, annotator, overlap)] = _Place(jobs, 0)
        newest = cursor.execute("SELECT max(id) FROM annotation_event").fetchone()
        place.event = (newest and newest[0]) or 0
        return place
    newer = cursor.execute(
        "SELECT max(id), min(record_id) FILTER (task_id = ? AND state <> 'submitted') "
        "FROM annotation_event WHERE id > ?",
        [task.id, place.event],
    ).fetchone()
    if newer is not None and newer[0] is not None:
        place.event = newer[0]
        if newer[1] is not None:
            place.record = min(place.record, newer[1] - 1)
    return place


def _unanswered(
    store: Store, cursor: Cursor, task: Task, annotator: str, overlap: int, at: datetime, n: int
) -> list[Claimed]:
    place = _front(store, cursor, task, annotator, overlap)
    last = place.record + CHUNK if place.known else None
    found = _open_records(cursor, task, annotator, overlap, at, place.record, last, n)
    if len(found) < n and last is not None:
        last, found = None, _open_records(cursor, task, annotator, overlap, at, place.record, None, n)
    front = next((row[0] for row in found), None)
    if front is not None:
        place.record, place.known = front - 1, True
    return [Claimed(row[1], row[2], row[3]) for row in found if not row[4]]


def _open_records(
    cursor: Cursor, task: Task, annotator: str, overlap: int, at: datetime, after: int, last: int | None, n: int
) -> list[tuple[Any, ...]]:
    """Up to n rows of front, id, external id, text, held: what is open to the annotator in a range, free ones first.

    front is the first open record of the range, held or not. The bounds let DuckDB skip all other row groups.
    """
    return cursor.execute(
        """
        WITH last_words AS (
          SELECT record_id, annotator, arg_max(state, id) AS state FROM annotation_event
          WHERE task_id = $task AND record_id > $after AND record_id <= $last
            AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) GROUP BY record_id, annotator),
        said AS (
          SELECT record_id, count(*) FILTER (state = 'submitted') AS submitted,
            bool_or(annotator = $annotator AND state IN ('submitted', 'skipped')) AS mine
          FROM last_words GROUP BY record_id),
        others AS (
          SELECT record_id, count(*) AS holders FROM claim
          WHERE task_id = $task AND annotator <> $annotator AND lease_until > $at GROUP BY record_id),
        open AS (
          SELECT r.id, r.external_id, r.text, coalesce(s.submitted, 0) + coalesce(o.holders, 0) >= $overlap AS held
          FROM record_now r LEFT JOIN said s ON s.record_id = r.id LEFT JOIN others o ON o.record_id = r.id
          WHERE r.project_id = $project AND r.id > $after AND r.id <= $last AND r.parent_id IS NULL AND NOT r.dropped
            AND NOT coalesce(s.mine, false) AND coalesce(s.submitted, 0) < $overlap)
        SELECT min(id) OVER (), id, external_id, CASE WHEN NOT held THEN text END, held
        FROM open ORDER BY held, id LIMIT $n
        """,
        {"task": task.id, "project": task.project_id, "annotator": annotator, "overlap": overlap, "at": at,
         "after": after, "last": LAST_RECORD if last is None else last, "n": n},
    ).fetchall()  # fmt: skip


def _texts(cursor: Cursor, asked: Sequence[tuple[int, int, str]]) -> list[Claimed]:
    texts = texts_of(cursor, [record for record, _, _ in asked])
    return [Claimed(record, *texts[record], request, reason) for record, request, reason in asked if record in texts]


def texts_of(cursor: Cursor, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """{record: (external id, text)} of those of the records that are live."""
    if not ids:
        return {}
    rows = cursor.execute(
        "SELECT id, external_id, text FROM record_now WHERE id BETWEEN ? AND ? AND id IN (SELECT unnest(?))",
        [min(ids), max(ids), list(ids)],
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def _lease(
    store: Store, cursor: Cursor, task_id: int, annotator: str, records: list[int],
    held: Mapping[tuple[int, str], datetime], at: datetime, seconds: float,
) -> None:  # fmt: skip
    mine = {record: until for (record, who), until in held.items() if who == annotator}
    fresh_enough = at + timedelta(seconds=seconds * 0.75)
    if set(mine) == set(records) and all(until >= fresh_enough for until in mine.values()):
        return
    cursor.execute(
        "DELETE FROM claim WHERE task_id = ? AND (annotator = ? OR lease_until <= ?)", [task_id, annotator, at]
    )
    until = at + timedelta(seconds=seconds)
    size = len(records)
    rows = pa.table({"record_id": pa.array(records, pa.int64()), "task_id": pa.array([task_id] * size, pa.int32()),
                     "annotator": pa.array([annotator] * size, pa.string()),
                     "lease_until": pa.array([until] * size, pa.timestamp("us"))})  # fmt: skip
    store.insert("claim", rows, cursor)


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
