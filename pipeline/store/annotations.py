"""Answers: every change is an event that stays; the last event of an annotator on a record is what they say now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipeline.domain import AnswerState, WorkbenchError
from pipeline.store.database import Cursor, Store, to_json

SCHEMA = pa.schema(
    [("event_id", pa.string()), ("record_id", pa.int64()), ("task_id", pa.int32()), ("annotator", pa.string()),
     ("state", pa.string()), ("value", pa.string()), ("comment", pa.string()), ("guideline_revision", pa.int32()),
     ("seconds", pa.float64()), ("job_id", pa.int32())]
)  # fmt: skip
ANSWERED = ("submitted", "skipped")
SIMULATED = "simulated"  # the name of the verb simulate's annotator, kept for it


class NameTaken(WorkbenchError):
    """A person's name that belongs to labels which no person made, or the other way round."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One event: what an annotator said of a record. `event_id` is made by the sender and is what makes it count once.

    value is {question: answer}; seconds is how long the record was on the screen.
    """

    event_id: str
    record_id: int
    state: AnswerState
    value: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""
    seconds: float | None = None
    guideline_revision: int = 1


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an answer: `again` if it was there before, `stray` if its record is 'dropped' or 'gone' by now."""

    again: bool = False
    stray: str = ""


def submit(
    store: Store, task_id: int, annotator: str, answers: Sequence[Answer], job_id: int | None = None
) -> dict[str, Stored]:
    """Store each answer once, in order, and give up this annotator's claims on what they have answered.

    An answer to a record that left the data set meanwhile is stored all the same. Returns what became of each event id.
    """
    if not answers:
        return {}

    def work(cursor: Cursor) -> dict[str, Stored]:
        enlist(cursor, annotator)
        ids = [a.event_id for a in answers]
        known = cursor.execute(
            "SELECT event_id FROM annotation_event WHERE event_id IN (SELECT unnest(?))", [ids]
        ).fetchall()
        seen = {row[0] for row in known}
        fresh = list({a.event_id: a for a in answers if a.event_id not in seen}.values())
        append(store, cursor, task_id, annotator, fresh, job_id)
        _release(cursor, task_id, annotator, fresh)
        strays = _strays(cursor, answers)
        return {a.event_id: Stored(a.event_id in seen, strays.get(a.record_id, "")) for a in answers}

    return store.transact(work)


def append(
    store: Store, cursor: Cursor, task_id: int, annotator: str, answers: Sequence[Answer], job_id: int | None = None
) -> None:
    """Inside a transaction: add events that are known to be new."""
    columns = [
        [a.event_id for a in answers], [a.record_id for a in answers], [task_id] * len(answers),
        [annotator] * len(answers), [a.state for a in answers], [to_json(dict(a.value)) for a in answers],
        [a.comment for a in answers], [a.guideline_revision for a in answers], [a.seconds for a in answers],
        [job_id] * len(answers),
    ]  # fmt: skip
    store.insert("annotation_event", pa.table(columns, schema=SCHEMA), cursor)


def enlist(cursor: Cursor, name: str, kind: str = "human") -> None:
    """Inside a transaction: make the annotator known. Raises NameTaken if the name is in use for another kind."""
    cursor.execute("INSERT INTO annotator (name, kind) VALUES (?, ?) ON CONFLICT DO NOTHING", [name, kind])
    found = cursor.execute("SELECT kind FROM annotator WHERE name = ?", [name]).fetchone()
    if found is not None and found[0] != kind:
        raise NameTaken(f"The name '{name}' stands for {found[0]} labels here. Choose another name.")


def annotators(store: Store, kind: str | None = None) -> list[dict[str, Any]]:
    """Rows of name and kind, in order of name; those of one kind if named."""
    return store.rows(
        "SELECT name, kind FROM annotator WHERE $kind IS NULL OR kind = $kind ORDER BY name", {"kind": kind}
    )


def history(store: Store, record_id: int) -> list[dict[str, Any]]:
    """Every event on one record, oldest first: annotator, state, value, comment, created_at, job_id, job_state, …"""
    found = store.rows(
        "SELECT a.event_id, a.task_id, a.annotator, a.state, a.value, a.comment, a.guideline_revision, a.seconds, "
        "a.created_at, a.job_id, j.state AS job_state FROM annotation_event a LEFT JOIN job j ON j.id = a.job_id "
        "WHERE a.record_id = ? ORDER BY a.id",
        [record_id],
    )
    return [{**row, "value": json.loads(row["value"])} for row in found]


def current(store: Store, task_id: int, record_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The submitted answers that stand, in order of record: record_id, annotator, kind, value, comment, created_at."""
    found = store.rows(
        "SELECT a.record_id, a.annotator, coalesce(p.kind, 'human') AS kind, a.value, a.comment, a.created_at "
        "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator "
        "WHERE a.task_id = $task AND a.state = 'submitted' "
        "AND ($ids IS NULL OR a.record_id IN (SELECT unnest($ids::BIGINT[]))) ORDER BY a.record_id, a.id",
        {"task": task_id, "ids": None if record_ids is None else list(record_ids)},
    )
    return [{**row, "value": json.loads(row["value"])} for row in found]


def answered(store: Store, task_id: int, record_ids: Sequence[int]) -> set[int]:
    """Those of the records that anybody has answered or skipped."""
    if not record_ids:
        return set()
    found = store.rows(
        "SELECT record_id, arg_max(state, id) AS state FROM annotation_event "
        "WHERE task_id = ? AND record_id BETWEEN ? AND ? AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
        "GROUP BY record_id, annotator",
        [task_id, min(record_ids), max(record_ids)],
    )
    return {row["record_id"] for row in found if row["state"] in ANSWERED} & set(record_ids)


def recent(store: Store, task_id: int, annotator: str, limit: int = 30) -> list[dict[str, Any]]:
    """An annotator's own last answers and skips that stand, newest first: record_id, state, value, comment."""
    found: dict[int, dict[str, Any]] = {}
    for row in store.rows(
        "SELECT record_id, state, value, comment FROM annotation_event "
        "WHERE task_id = ? AND annotator = ? AND job_id IS NULL ORDER BY id DESC LIMIT ?",
        [task_id, annotator, limit * 4],
    ):
        found.setdefault(row["record_id"], row)
    standing = [{**row, "value": json.loads(row["value"])} for row in found.values() if row["state"] in ANSWERED]
    return standing[:limit]


def label_counts(store: Store, task_id: int) -> dict[str, int]:
    """{label: submitted answers that stand}."""
    return {
        row["label"]: row["n"]
        for row in store.rows(
            "SELECT unnest(json_extract_string(value, '$.*')) AS label, count(*) AS n FROM annotation_now "
            "WHERE task_id = ? AND state = 'submitted' GROUP BY label ORDER BY n DESC, label",
            [task_id],
        )
    }


def by_annotator(store: Store, task_id: int) -> list[dict[str, Any]]:
    """Rows of annotator, kind, submitted and skipped, the busiest first."""
    return store.rows(
        "SELECT a.annotator, any_value(coalesce(p.kind, 'human')) AS kind, "
        "count(*) FILTER (a.state = 'submitted') AS submitted, count(*) FILTER (a.state = 'skipped') AS skipped "
        "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator "
        "WHERE a.task_id = ? GROUP BY a.annotator ORDER BY submitted DESC, a.annotator",
        [task_id],
    )


def own_counts(store: Store, task_id: int, annotator: str, since: datetime) -> dict[str, int]:
    """{submitted, skipped, today}: what an annotator's answers come to; `today` are those given since `since` (UTC)."""
    row = store.row(
        "SELECT count(*) FILTER (state = 'submitted') AS submitted, count(*) FILTER (state = 'skipped') AS skipped, "
        "count(*) FILTER (state = 'submitted' AND given >= $since) AS today FROM ("
        "SELECT arg_max(state, id) AS state, arg_max(created_at, id) AS given FROM annotation_event "
        "WHERE task_id = $task AND annotator = $annotator AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
        "GROUP BY record_id)",
        {"task": task_id, "annotator": annotator, "since": since},
    )
    return {name: int(n) for name, n in (row or {}).items()}


def _release(cursor: Cursor, task_id: int, annotator: str, answers: Sequence[Answer]) -> None:
    answered = [a.record_id for a in answers if a.state in ANSWERED]
    cursor.execute(
        "DELETE FROM claim WHERE task_id = ? AND annotator = ? AND record_id IN (SELECT unnest(?::BIGINT[]))",
        [task_id, annotator, answered],
    )


def _strays(cursor: Cursor, answers: Sequence[Answer]) -> dict[int, str]:
    # The bounds let DuckDB skip the row groups that no answer touches; a list alone would read every record.
    ids = [a.record_id for a in answers]
    rows = cursor.execute(
        "SELECT id, dropped FROM record_now WHERE id BETWEEN ? AND ? AND id IN (SELECT unnest(?))",
        [min(ids), max(ids), ids],
    ).fetchall()
    dropped = dict(rows)
    return {i: "dropped" if i in dropped else "gone" for i in ids if dropped.get(i, True)}
