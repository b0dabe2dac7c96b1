"""Rewriting answers and suggestions when labels change: every one as a new row of the job, so undo is one word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.store.annotations import SCHEMA
from pipeline.store.database import Cursor, Store, to_json

KEPT = ("event_id", "record_id", "annotator", "comment", "guideline_revision", "seconds", "reason", "flagged")
# A label in its JSON form: this finds a few answers too many (a text that quotes it), which are then looked at.
_NAMED = "list_bool_or(list_transform($labels::VARCHAR[], lambda x: contains(CAST(value AS VARCHAR), x)))"
Labels = set[tuple[str, str]]  # (question, label)
_LIVE = "(job_id IS NULL OR job_id IN (SELECT id FROM job_live))"


@dataclass(frozen=True, slots=True)
class Standing:
    """An annotator's last word: `row` is all of it that a rewritten one keeps, with id and created_at."""

    id: int
    record_id: int
    state: str
    value: Mapping[str, Any]
    row: Mapping[str, Any]


def newest_event(cursor: Cursor) -> int:
    row = cursor.execute("SELECT coalesce(max(id), 0) FROM annotation_event").fetchone()
    return int(row[0]) if row else 0


def candidates(store: Store, task_id: int, labels: Sequence[str]) -> pa.ChunkedArray:
    """The ids of all last words of a task, not withdrawn, in whose text one of the labels stands; in order."""
    found = store.arrow(
        f"SELECT id FROM annotation_now WHERE task_id = $task AND state <> 'withdrawn' AND {_NAMED} ORDER BY id",
        {"task": task_id, "labels": [to_json(label) for label in labels]},
    )
    return found["id"]


def standing(cursor: Cursor, ids: Sequence[int], since: int) -> list[Standing]:
    """Inside a transaction: those of the last words that no younger one than event `since` has followed."""
    return _read(
        cursor,
        f"SELECT * FROM annotation_event e WHERE e.id BETWEEN ? AND ? AND list_contains(?::BIGINT[], e.id) "
        f"AND NOT EXISTS (SELECT 1 FROM annotation_event n WHERE n.id > ? AND n.record_id = e.record_id "
        f"AND n.task_id = e.task_id AND n.annotator = e.annotator AND {_LIVE.replace('job_id IS', 'n.job_id IS', 1)}) "
        "ORDER BY e.id",
        [ids[0], ids[-1], list(ids), since],
    )


def younger(cursor: Cursor, task_id: int, since: int) -> list[Standing]:
    """Inside a transaction: the last words of a task that came after event `since`, not withdrawn."""
    return _read(
        cursor,
        f"SELECT * FROM (SELECT * FROM annotation_event WHERE task_id = ? AND id > ? AND {_LIVE} "
        "QUALIFY row_number() OVER (PARTITION BY record_id, annotator ORDER BY id DESC) = 1) "
        "WHERE state <> 'withdrawn' ORDER BY id",
        [task_id, since],
    )


def rewrite(
    store: Store, cursor: Cursor, job_id: int, task_id: int, revision: int,
    changed: Sequence[tuple[Standing, str, Mapping[str, Any]]],
) -> None:  # fmt: skip
    """Inside a transaction: add each last word with its new state and value, as old as it was: a request to label again
    that was open stays open."""
    if not changed:
        return
    columns: dict[str, list[Any]] = {name: [old.row[name] for old, _, _ in changed] for name in KEPT}
    columns["event_id"] = [f"labels-{job_id}-{old.id}" for old, _, _ in changed]
    columns["state"] = [state for _, state, _ in changed]
    columns["value"] = [to_json(dict(value)) for _, _, value in changed]
    columns |= {name: [one] * len(changed) for name, one in
                (("task_id", task_id), ("job_id", job_id), ("task_revision", revision))}  # fmt: skip
    table = pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)
    times = pa.array([old.row["created_at"] for old, _, _ in changed], pa.timestamp("us"))
    store.insert("annotation_event", table.append_column("created_at", times), cursor)


def suggestions(store: Store, task_id: int, question: str, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Live suggestions to a question in whose text one of the labels stands: id, record_id, source, value, score."""
    found = store.rows(
        "SELECT id, record_id, source, value, score FROM suggestion_now WHERE task_id = $task AND question = $question "
        f"AND {_NAMED} ORDER BY id",
        {"task": task_id, "question": question, "labels": [to_json(label) for label in labels]},
    )
    return [{**row, "value": json.loads(row["value"])} for row in found]


def replace_suggestions(
    store: Store,
    cursor: Cursor,
    job_id: int,
    task_id: int,
    question: str,
    changed: Sequence[tuple[dict[str, Any], Any]],
) -> None:
    """Inside a transaction: put a new suggestion in the place of each; None takes it away."""
    n = len(changed)
    columns = {
        "record_id": pa.array([old["record_id"] for old, _ in changed], pa.int64()),
        "task_id": pa.array([task_id] * n, pa.int32()),
        "source": pa.array([old["source"] for old, _ in changed], pa.string()),
        "question": pa.array([question] * n, pa.string()),
        "value": pa.array([to_json(value) for _, value in changed], pa.string()),
        "score": pa.array([old["score"] for old, _ in changed], pa.float64()),
        "job_id": pa.array([job_id] * n, pa.int32()),
        "replaces": pa.array([old["id"] for old, _ in changed], pa.int64()),
    }
    store.insert("suggestion", pa.table(columns), cursor)


def asked_again(cursor: Cursor, task_id: int, job_id: int) -> set[int]:
    """Inside a transaction: records that wait to be labelled again, by this job's requests too."""
    rows = cursor.execute(
        "SELECT record_id FROM relabel_open WHERE task_id = ? "
        "UNION SELECT record_id FROM relabel_request WHERE task_id = ? AND job_id = ?",
        [task_id, task_id, job_id],
    ).fetchall()
    return {row[0] for row in rows}


def cannot_undo(cursor: Cursor, job_id: int) -> str:
    """Why a label change cannot be undone: a sentence, or nothing. Inside the transaction that would."""
    made = _made(cursor, job_id)
    if made is None:
        return ""
    task, revision, now, fresh, _ = made
    if now != revision:
        return f"The task was changed again after job {job_id}. Change its labels back instead."
    n = _given_since(cursor, task, job_id, fresh)
    return "" if not n else (
        f"{n} answers use labels that job {job_id} brought. Change the labels back instead: that takes these along."
    )  # fmt: skip


def cannot_redo(cursor: Cursor, job_id: int) -> str:
    """Why an undone label change cannot be brought back: a sentence, or nothing. Inside the transaction that would."""
    made = _made(cursor, job_id)
    if made is None:
        return ""
    task, revision, now, _, gone = made
    if now > revision or _given_since(cursor, task, job_id, gone):
        return f"The task or its answers have changed since job {job_id}. Change the labels again."
    return ""


def _made(cursor: Cursor, job_id: int) -> tuple[int, int, int, Labels, Labels] | None:
    """What a label change made: task, revision, the task's revision now, labels that it brought, and that it took."""
    own = cursor.execute("SELECT id, revision, definition FROM task_revision WHERE job_id = ?", [job_id]).fetchone()
    if own is None:
        return None
    before = cursor.execute(
        "SELECT definition FROM task_revision WHERE id = ? AND revision < ? "
        f"AND {_LIVE} ORDER BY revision DESC LIMIT 1", [own[0], own[1]],
    ).fetchone()  # fmt: skip
    now = cursor.execute("SELECT revision FROM task WHERE id = ?", [own[0]]).fetchone()
    new, old = _labels(own[2]), _labels(before[0]) if before else set()
    return own[0], own[1], now[0] if now else 0, new - old, old - new


def _labels(definition: str) -> Labels:
    return {(one["name"], label) for one in json.loads(definition)["questions"] for label in one.get("labels", ())}


def _given_since(cursor: Cursor, task: int, job_id: int, labels: Labels) -> int:
    """How many answers came after a label change and hold one of the labels. By their numbers, not their times: an
    import brings the times of its file."""
    row = cursor.execute("SELECT json_extract(cursor, '$.until') FROM job WHERE id = ?", [job_id]).fetchone()
    rows = cursor.execute(
        "SELECT value FROM annotation_event WHERE id > $until AND task_id = $task AND job_id IS DISTINCT FROM $job "
        f"AND state <> 'withdrawn' AND {_LIVE} AND {_NAMED}",
        {"until": int(row[0]) if row and row[0] else 0, "task": task, "job": job_id,
         "labels": sorted({to_json(label) for _, label in labels})},
    ).fetchall()  # fmt: skip
    values = [json.loads(value) for (value,) in rows]
    return sum(any(to_json(label) in to_json(value.get(name)) for name, label in labels) for value in values)


def _read(cursor: Cursor, sql: str, params: Sequence[Any]) -> list[Standing]:
    cursor.execute(sql, params)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [Standing(row["id"], row["record_id"], row["state"], json.loads(row["value"]), row) for row in rows]
