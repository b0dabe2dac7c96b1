"""What an arriving answer is held against: the last words on its record, and the record itself. It is in the path of
every decision, so each question to the database is bounded by record number and asks for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.questions import fields_of
from pipeline.store.database import Cursor

ANSWERED = ("submitted", "skipped")
NEAR = 4096  # records so near each other are read as one range
RANGES = 16  # more ranges than this are read as one
BY_HAND = 2**62  # a person's word outranks a step's, as in the view of records


@dataclass(slots=True)
class Context:
    """mine: the annotator's last word on the record. others: how many others' submitted answers stand. claimed: whether
    the annotator was given it. held: whether that lease still lasts. stray: "", 'dropped' or 'gone'. fields: those
    asked for, as the record reads now.
    """

    mine: str = ""
    others: int = 0
    claimed: bool = False
    held: bool = False
    stray: str = "gone"
    fields: Mapping[str, Any] = field(default_factory=dict)


def look(
    cursor: Cursor, task_id: int, annotator: str, record_ids: Sequence[int], wanted: Sequence[str]
) -> dict[int, Context]:
    """What is known of each of these records; `wanted` names the fields whose texts the answers are held against."""
    found = {record: Context() for record in record_ids}
    live = {row[0] for row in cursor.execute("SELECT id FROM job_live").fetchall()}
    project = cursor.execute("SELECT project_id FROM task_revision WHERE id = ? LIMIT 1", [task_id]).fetchone()
    for ids in ranges(record_ids):
        _words(cursor, task_id, annotator, ids, live, found)
        _records(cursor, project[0] if project else 0, ids, live, found, wanted)
    held = cursor.execute(
        "SELECT record_id, lease_until > get_current_timestamp() AT TIME ZONE 'UTC' FROM claim "
        "WHERE task_id = ? AND annotator = ?",
        [task_id, annotator],
    ).fetchall()
    for record, lasts in held:
        if record in found:
            found[record].claimed, found[record].held = True, lasts
    return found


def ranges(record_ids: Sequence[int]) -> list[list[int]]:
    """The numbers in order, in groups that lie near each other: the bounds let DuckDB skip all other row groups."""
    found: list[list[int]] = []
    for record in sorted(set(record_ids)):
        if found and record - found[-1][-1] <= NEAR:
            found[-1].append(record)
        else:
            found.append([record])
    return found if len(found) <= RANGES else [[record for ids in found for record in ids]]


def _words(
    cursor: Cursor, task_id: int, annotator: str, ids: list[int], live: set[int], found: dict[int, Context]
) -> None:
    where, params = _among("record_id", ids)
    rows = cursor.execute(
        f"SELECT id, record_id, annotator, state, job_id FROM annotation_event WHERE {where} AND task_id = ?",
        [*params, task_id],
    ).fetchall()
    last: dict[tuple[int, str], tuple[int, str]] = {}
    for number, record, who, state, job in rows:
        if job is None or job in live:
            last[record, who] = max(last.get((record, who), (0, "")), (number, state))
    for (record, who), (_, state) in last.items():
        if who == annotator:
            found[record].mine = state
        elif state == "submitted":
            found[record].others += 1


def _records(
    cursor: Cursor, project_id: int, ids: list[int], live: set[int], found: dict[int, Context], wanted: Sequence[str]
) -> None:
    said = _verdicts(cursor, ids, live, edits="text" in wanted)
    where, params = _among("id", ids)
    columns = ", ".join(["text" if "text" in wanted else "''", *(("fields", "meta") if wanted else ("'{}'", "'{}'"))])
    rows = cursor.execute(
        f"SELECT id, job_id, {columns} FROM record WHERE {where} AND project_id = ?", [*params, project_id]
    ).fetchall()
    for record, job, text, fields, meta in rows:
        if job in live:
            dropped, edited = said.get(record, (False, None))
            found[record].stray = "dropped" if dropped else ""
            now = text if edited is None else edited
            found[record].fields = fields_of(now, json.loads(fields), json.loads(meta), wanted)


def _verdicts(cursor: Cursor, ids: list[int], live: set[int], *, edits: bool) -> dict[int, tuple[bool, str | None]]:
    """{record: (dropped, text after its edits or None)} of those that have verdicts."""
    where, params = _among("record_id", ids)
    rows = cursor.execute(
        f"SELECT id, record_id, job_id, step, kind, {'text' if edits else 'NULL'} FROM verdict "
        f"WHERE {where} AND kind <> 'flag'",
        params,
    ).fetchall()
    drops: dict[int, tuple[int, bool]] = {}
    texts: dict[int, tuple[int, str]] = {}
    for number, record, job, step, kind, text in rows:
        if job not in live:
            continue
        if kind == "edit":
            texts[record] = max(texts.get(record, (0, "")), (number, text))
        else:
            rank = number + (BY_HAND if step == "by hand" else 0)
            drops[record] = max(drops.get(record, (0, False)), (rank, kind == "drop"))
    return {
        record: (drops.get(record, (0, False))[1], texts[record][1] if edits and record in texts else None)
        for record in {*drops, *texts}
    }


def _among(column: str, ids: list[int]) -> tuple[str, list[Any]]:
    """A condition on ids, and its parameters. One id, as in most turns, is planned in half the time of a range."""
    if len(ids) == 1:
        return f"{column} = ?", [ids[0]]
    return f"{column} BETWEEN ? AND ? AND list_contains(?::BIGINT[], {column})", [ids[0], ids[-1], ids]
