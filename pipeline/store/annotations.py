"""Answers: every change is an event that stays; the last event of an annotator on a record is what they say now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.domain import AnswerState, WorkbenchError
from pipeline.store.answer_context import ANSWERED, Context, look
from pipeline.store.database import Cursor, Store, to_json

SCHEMA = pa.schema(
    [("event_id", pa.string()), ("record_id", pa.int64()), ("task_id", pa.int32()), ("annotator", pa.string()),
     ("state", pa.string()), ("value", pa.string()), ("comment", pa.string()), ("guideline_revision", pa.int32()),
     ("seconds", pa.float64()), ("job_id", pa.int32()), ("reason", pa.string()), ("flagged", pa.bool_()),
     ("task_revision", pa.int32())]
)  # fmt: skip
BY_VALUES = 16  # answers that are written as values: for so few an Arrow table costs four times the processor
SIMULATED = "simulated"  # the name of the verb simulate's annotator, kept for it
IMPORTED = "imported"  # whose answers the labels of a file are when nobody is named, kept for these


class NameTaken(WorkbenchError):
    """A person's name that belongs to labels which no person made, or the other way round."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One event: what an annotator said of a record. `event_id` is made by the sender and is what makes it count once.

    value is {question: answer}; seconds is how long the record was on the screen; reason is why it was skipped;
    flagged marks the record to be looked at; task_revision is the task as it was asked (None where nobody said).
    """

    event_id: str
    record_id: int
    state: AnswerState
    value: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""
    seconds: float | None = None
    guideline_revision: int = 1
    reason: str = ""
    flagged: bool = False
    task_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an answer.

    again: it was there before. stray: its record is 'dropped' or 'gone' by now. late: its lease had run out, and others
    have answered the record as often as it is asked. ignored: a draft after an answer that stands, so not stored.
    clash: another answer is stored under its id, so this one is not.
    fields: what was asked for of the record.
    """

    again: bool = False
    stray: str = ""
    late: bool = False
    ignored: bool = False
    clash: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


def submit(
    store: Store, task_id: int, annotator: str, answers: Sequence[Answer], job_id: int | None = None, *,
    overlap: int = 0, wanted: Sequence[str] = (),
) -> dict[str, Stored]:  # fmt: skip
    """Store each answer once, in order, and give up this annotator's claims on what they have answered.

    An answer to a record that left the data set meanwhile is stored all the same. `overlap` is how often each record is
    asked, 0 where that does not matter; `wanted` names the fields to give back. Returns what became of each event id.
    """
    if not answers:
        return {}

    def work(cursor: Cursor) -> dict[str, Stored]:
        enlist(cursor, annotator)
        seen = _known(cursor, [a.event_id for a in answers])
        first = {a.event_id: a for a in reversed(answers)}
        around = look(cursor, task_id, annotator, [a.record_id for a in answers], wanted)
        fresh = [a for a in answers if a.event_id not in seen and a is first[a.event_id]]
        became = {a.event_id: _became(a, around[a.record_id], overlap) for a in fresh}
        append(store, cursor, task_id, annotator, [a for a in fresh if not became[a.event_id].ignored], job_id)
        _release(cursor, task_id, annotator, [a.record_id for a in fresh if a.state in ANSWERED], around)
        for a in answers:
            if a.event_id in seen and seen[a.event_id] == (task_id, annotator, a.record_id, a.state):
                became[a.event_id] = Stored(True, around[a.record_id].stray, fields=around[a.record_id].fields)
            elif a.event_id in seen or (a is not first[a.event_id] and a != first[a.event_id]):
                became[a.event_id] = Stored(clash=True)
        return became

    return store.transact(work)


def append(
    store: Store, cursor: Cursor, task_id: int, annotator: str, answers: Sequence[Answer], job_id: int | None = None
) -> None:
    """Inside a transaction: add events that are known to be new."""
    if not answers:
        return
    columns = [
        [a.event_id for a in answers], [a.record_id for a in answers], [task_id] * len(answers),
        [annotator] * len(answers), [a.state for a in answers], [to_json(dict(a.value)) for a in answers],
        [a.comment for a in answers], [a.guideline_revision for a in answers], [a.seconds for a in answers],
        [job_id] * len(answers), [a.reason or None for a in answers], [a.flagged or None for a in answers],
        [a.task_revision for a in answers],
    ]  # fmt: skip
    if len(answers) > BY_VALUES:
        store.insert("annotation_event", pa.table(columns, schema=SCHEMA), cursor)
        return
    marks = ", ".join([f"({', '.join('?' * len(columns))})"] * len(answers))
    cursor.execute(
        f"INSERT INTO annotation_event ({', '.join(SCHEMA.names)}) VALUES {marks}",
        [value for row in zip(*columns, strict=True) for value in row],
    )


def enlist(cursor: Cursor, name: str, kind: str = "human") -> None:
    """Inside a transaction: make the annotator known. Who came with a file and now answers is a person like any other.
    Raises NameTaken if the name is in use for another kind."""
    found = cursor.execute("SELECT kind FROM annotator WHERE name = ?", [name]).fetchone()
    known = "imported" if name == IMPORTED else found[0] if found else kind
    if known != kind and not (known == "imported" and kind == "human" and name != IMPORTED):
        raise NameTaken(f"The name '{name}' stands for {known} labels here. Choose another name.")
    if found is None:
        cursor.execute("INSERT INTO annotator (name, kind) VALUES (?, ?)", [name, kind])
    elif known != kind:
        cursor.execute("UPDATE annotator SET kind = ? WHERE name = ?", [kind, name])


def annotators(store: Store, kind: str | None = None) -> list[dict[str, Any]]:
    """Rows of name and kind, in order of name; those of one kind if named."""
    return store.rows(
        "SELECT name, kind FROM annotator WHERE $kind IS NULL OR kind = $kind ORDER BY name", {"kind": kind}
    )


def history(store: Store, record_id: int) -> list[dict[str, Any]]:
    """Every event on one record, oldest first: annotator, state, value, comment, reason, flagged, guideline_revision,
    task_revision, seconds, created_at, job_id, job_kind, job_state."""
    found = store.rows(
        "SELECT a.event_id, a.task_id, a.annotator, a.state, a.value, a.comment, coalesce(a.reason, '') AS reason, "
        "coalesce(a.flagged, false) AS flagged, a.guideline_revision, a.task_revision, a.seconds, a.created_at, "
        "a.job_id, j.kind AS job_kind, j.state AS job_state FROM annotation_event a LEFT JOIN job j ON j.id = a.job_id "
        "WHERE a.record_id = ? ORDER BY a.id",
        [record_id],
    )
    return [{**row, "value": json.loads(row["value"])} for row in found]


def current(store: Store, task_id: int, record_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """The submitted answers that stand, in order of record: record_id, annotator, kind, value, comment, flagged,
    guideline_revision, created_at."""
    found = store.rows(
        "SELECT a.record_id, a.annotator, coalesce(p.kind, 'human') AS kind, a.value, a.comment, "
        "coalesce(a.flagged, false) AS flagged, a.guideline_revision, a.created_at "
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
    """An annotator's own last answers and skips that stand, newest first: record_id, state, value, comment, reason,
    flagged. What a job did to them since (renamed labels) is in them; what a job answered for them is not."""
    given = store.rows(
        "SELECT record_id FROM annotation_event WHERE task_id = ? AND annotator = ? AND job_id IS NULL "
        "ORDER BY id DESC LIMIT ?",
        [task_id, annotator, limit * 4],
    )
    order = {row["record_id"]: at for at, row in reversed(list(enumerate(given)))}
    found = store.rows(
        "SELECT record_id, state, value, comment, coalesce(reason, '') AS reason, coalesce(flagged, false) AS flagged "
        "FROM annotation_event WHERE task_id = $task AND annotator = $annotator "
        "AND record_id BETWEEN list_min($ids::BIGINT[]) AND list_max($ids::BIGINT[]) "
        "AND list_contains($ids::BIGINT[], record_id) AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
        "QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY id DESC) = 1",
        {"task": task_id, "annotator": annotator, "ids": list(order)},
    )
    standing = [{**row, "value": json.loads(row["value"])} for row in found if row["state"] in ANSWERED]
    return sorted(standing, key=lambda row: order[row["record_id"]])[:limit]


def label_counts(store: Store, task_id: int, question: str | None = None) -> dict[str, int]:
    """{label: submitted answers that stand and hold it}, of one question or of all, the commonest first."""
    return {
        row["label"]: row["n"]
        for row in store.rows(
            """
            WITH said AS (
              SELECT id, unnest(map_entries(CAST(value AS MAP(VARCHAR, JSON))), recursive := true) FROM annotation_now
              WHERE task_id = $task AND state = 'submitted'),
            held AS (
              SELECT id, unnest(CASE WHEN json_type(value) = 'VARCHAR' THEN [value ->> '$']
                WHEN json_type(value, '$[0]') = 'OBJECT' THEN json_extract_string(value, '$[*].label')
                WHEN json_type(value, '$[0]') = 'VARCHAR' THEN json_extract_string(value, '$[*]') END) AS label
              FROM said WHERE $question IS NULL OR key = $question)
            SELECT label, count(DISTINCT id) AS n FROM held WHERE label IS NOT NULL
            GROUP BY label ORDER BY n DESC, label
            """,
            {"task": task_id, "question": question},
        )
    }


def answers_to(store: Store, task_id: int, question: str) -> int:
    """How many submitted answers that stand answer this question."""
    return int(
        store.scalar(
            "SELECT count(*) FROM annotation_now WHERE task_id = ? AND state = 'submitted' "
            "AND list_contains(json_keys(value), ?)",
            [task_id, question],
        )
    )


def flagged(store: Store, task_id: int) -> list[dict[str, Any]]:
    """What annotators marked to be looked at, newest first: record_id, annotator, state, comment, at."""
    return store.rows(
        "SELECT record_id, annotator, state, comment, created_at AS at FROM annotation_now "
        "WHERE task_id = ? AND flagged AND state <> 'withdrawn' ORDER BY id DESC",
        [task_id],
    )


def by_annotator(store: Store, task_id: int) -> list[dict[str, Any]]:
    """Rows of annotator, kind, submitted and skipped, the busiest first."""
    return store.rows(
        "SELECT a.annotator, any_value(coalesce(p.kind, 'human')) AS kind, "
        "count(*) FILTER (a.state = 'submitted') AS submitted, count(*) FILTER (a.state = 'skipped') AS skipped "
        "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator "
        "WHERE a.task_id = ? GROUP BY a.annotator ORDER BY submitted DESC, a.annotator",
        [task_id],
    )


def _release(
    cursor: Cursor, task_id: int, annotator: str, answered: Sequence[int], around: Mapping[int, Context]
) -> None:
    held = [record for record in answered if around[record].claimed]
    if held:  # most answers are to a record that is held; those of a job are not
        marks = ", ".join("?" * len(held))  # a list of values is planned in half the time of a list that is unnested
        cursor.execute(
            f"DELETE FROM claim WHERE task_id = ? AND annotator = ? AND record_id IN ({marks})",
            [task_id, annotator, *held],
        )


def _known(cursor: Cursor, event_ids: Sequence[str]) -> dict[str, tuple[int, str, int, str]]:
    # Whose events are stored under these ids: task, annotator, record, state.
    # one mark for each id: only so does DuckDB look them up in the key's index
    marks = ", ".join("?" * len(event_ids))
    rows = cursor.execute(
        f"SELECT event_id, task_id, annotator, record_id, state FROM annotation_event WHERE event_id IN ({marks})",
        event_ids,
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def _became(answer: Answer, around: Context, overlap: int) -> Stored:
    """What becomes of a new answer; its word is then the annotator's last on the record."""
    standing = around.mine in ANSWERED
    if answer.state == "draft" and standing:
        return Stored(ignored=True, stray=around.stray, fields=around.fields)
    late = answer.state == "submitted" and not standing and not around.held and 0 < overlap <= around.others
    around.mine = answer.state
    return Stored(stray=around.stray, late=late, fields=around.fields)
