"""What machines suggest for a few records. A mark made on a text that was edited since says what it read then."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline.domain import Task
from pipeline.store.database import Cursor

MARKING = ("spans", "answer")  # kinds of question whose answers are stretches of a text

Best = dict[int, dict[str, dict[str, Any]]]


def suggestions(cursor: Cursor, task: Task, ids: Sequence[int], edited: Collection[int]) -> Best:
    """{record: {question: {value, score, source}}}, the best of each question.

    `edited` are those of them that may have been edited. A mark on the text of such a record that came without its
    words gets those that it lay on when it was made: so whoever shows it sees whether it still fits.
    """
    if not ids:
        return {}
    where, params = among("record_id", ids)
    found: Best = {}
    made: dict[int, dict[str, int]] = {}
    for number, record, question, value, score, source in cursor.execute(
        f"SELECT id, record_id, question, value, score, source FROM suggestion_now WHERE {where} AND task_id = $task "
        "ORDER BY score DESC NULLS LAST, id DESC",
        {**params, "task": task.id},
    ).fetchall():
        if question not in found.setdefault(record, {}):
            found[record][question] = {"value": json.loads(value), "score": score, "source": source}
            made.setdefault(record, {})[question] = number
    _name_marks(cursor, task, found, made, edited)
    return found


def _name_marks(
    cursor: Cursor, task: Task, found: Best, made: Mapping[int, Mapping[str, int]], edited: Collection[int]
) -> None:
    names = [
        one["name"]
        for one in task.definition.get("questions", ())
        if one["kind"] in MARKING and one.get("field", "text") == "text"
    ]
    bare = {
        (record, name): marks
        for record in edited
        for name in names
        if (marks := _bare(found.get(record, {}).get(name)))
    }
    if not bare:
        return
    records = sorted({record for record, _ in bare})
    times, texts = _times(cursor, task.id, records), _texts(cursor, records)
    for (record, name), marks in bare.items():
        at = times[made[record][name]]
        text = next(text for since, text in reversed(texts[record]) if since is None or since <= at)
        for mark in marks:
            mark["text"] = text[mark["start"] : mark["end"]]


def _bare(suggestion: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The marks of a suggestion that do not say what they read."""
    value = None if suggestion is None else suggestion["value"]
    marks = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return [one for one in marks if "text" not in one and all(type(one.get(end)) is int for end in ("start", "end"))]


def _times(cursor: Cursor, task_id: int, ids: Sequence[int]) -> dict[int, datetime]:
    """{suggestion: when its machine made it}: one that stands in for another after a change of labels is as old."""
    where, params = among("record_id", ids)
    rows = cursor.execute(
        f"SELECT id, replaces, created_at FROM suggestion WHERE {where} AND task_id = $task ORDER BY id",
        {**params, "task": task_id},
    ).fetchall()
    times: dict[int, datetime] = {}
    for number, replaces, created in rows:
        times[number] = times.get(replaces, created)
    return times


def _texts(cursor: Cursor, ids: Sequence[int]) -> dict[int, list[tuple[datetime | None, str]]]:
    """{record: [(since when, text)]}: the text as it came (since None), and after each edit that stands, in order."""
    where, params = among("id", ids)
    rows = cursor.execute(f"SELECT id, text FROM record WHERE {where}", params).fetchall()
    found: dict[int, list[tuple[datetime | None, str]]] = {record: [(None, text)] for record, text in rows}
    where, params = among("v.record_id", ids)
    edits = cursor.execute(
        "SELECT v.record_id, j.finished_at, v.text FROM verdict v JOIN job j ON j.id = v.job_id "
        f"WHERE v.kind = 'edit' AND {where} AND j.state = 'done' ORDER BY v.id", params
    ).fetchall()  # fmt: skip
    for record, since, text in edits:
        found[record].append((since, text))
    return found


def among(column: str, ids: Sequence[int]) -> tuple[str, dict[str, Any]]:
    """A condition on ids, and its parameters; the bounds let DuckDB skip the row groups that no id is in."""
    least, most = min(ids), max(ids)
    near = f"{column} BETWEEN $least AND $most"
    return f"{near} AND {column} IN (SELECT unnest($ids::BIGINT[]))", {"least": least, "most": most, "ids": list(ids)}
