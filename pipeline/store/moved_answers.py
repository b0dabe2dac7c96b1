"""Answers and suggestions that mark places of a text which a job edits: each again, moved, as a new row of that job. So
undoing the job brings the old ones back with the old text. Records without marks are never looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.domain import WorkbenchError
from pipeline.store.database import Cursor, to_json
from pipeline.store.suggested import MARKING, among

Marking = Mapping[int, Sequence[str]]  # {task: the names of its questions that mark places of the record's text}
_SEEN = "(job_id IS NULL OR job_id = $job OR job_id IN (SELECT id FROM job_live))"
# A word that came after the one that is moved stands: it is moved when the job ends.
_WRITE_ANSWERS = """
INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value, comment, guideline_revision,
  seconds, reason, flagged, task_revision, job_id, created_at)
SELECT 'moved-' || $job || '-' || e.id, e.record_id, e.task_id, e.annotator, e.state, m.value, e.comment,
  e.guideline_revision, e.seconds, e.reason, e.flagged, e.task_revision, $job, e.created_at
FROM annotation_event e JOIN _moved m ON m.id = e.id
WHERE e.id BETWEEN $least AND $most AND NOT EXISTS (
  SELECT 1 FROM annotation_event n WHERE n.id > e.id AND n.record_id = e.record_id AND n.task_id = e.task_id
    AND n.annotator = e.annotator AND (n.job_id IS NULL OR n.job_id = $job OR n.job_id IN (SELECT id FROM job_live)))
ORDER BY e.id
"""
_WRITE_SUGGESTIONS = """
INSERT INTO suggestion (record_id, task_id, source, question, value, score, job_id, replaces)
SELECT s.record_id, s.task_id, s.source, s.question, m.value, s.score, $job, s.id
FROM suggestion s JOIN _moved m ON m.id = s.id WHERE s.id BETWEEN $least AND $most ORDER BY s.id
"""
# What a job moved is the word that stands, if nothing else became that since, and if what it was made of still counts.
_STALE = """
SELECT (SELECT count(*) FROM annotation_event m
    JOIN annotation_event s ON s.id = TRY_CAST(split_part(m.event_id, '-', 3) AS BIGINT)
    WHERE m.job_id = $job AND m.event_id LIKE 'moved-%' AND s.job_id IS DISTINCT FROM $job
      AND (s.job_id NOT IN (SELECT id FROM job_live) OR EXISTS (
        SELECT 1 FROM annotation_event n WHERE n.id > s.id AND n.id < m.id AND n.record_id = s.record_id
          AND n.task_id = s.task_id AND n.annotator = s.annotator AND n.job_id IS DISTINCT FROM $job
          AND (n.job_id IS NULL OR n.job_id IN (SELECT id FROM job_live)))))
  + (SELECT count(*) FROM suggestion m JOIN suggestion s ON s.id = m.replaces
    WHERE m.job_id = $job AND s.job_id <> $job AND s.job_id NOT IN (SELECT id FROM job_live))
"""


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's last word on a record, or what a machine suggests to its question `question`, with marked places.

    value: {question: answer}. own: the job at work has moved it already.
    """

    id: int
    record_id: int
    task_id: int
    value: Mapping[str, Any]
    own: bool
    question: str = ""


def marking(cursor: Cursor, project_id: int) -> Marking:
    """Which tasks of a project mark places of its texts, by which questions."""
    rows = cursor.execute("SELECT id, definition FROM task WHERE project_id = ?", [project_id]).fetchall()
    found = {
        task: [one["name"] for one in json.loads(definition).get("questions", ())
               if one.get("kind") in MARKING and one.get("field", "text") == "text"]
        for task, definition in rows
    }  # fmt: skip
    return {task: names for task, names in found.items() if names}


def words(cursor: Cursor, job_id: int, asked: Marking, ids: Sequence[int], since: int | None = None) -> list[Word]:
    """The last words (submitted, draft) on these records that hold marks, as the job `job_id` sees them, in order.
    Those that came after event `since` and that the job has not moved, where it is given."""
    where, params = among("record_id", ids)
    rows = cursor.execute(
        "SELECT id, record_id, task_id, state, value, job_id IS NOT DISTINCT FROM $job FROM annotation_event "
        f"WHERE {where} AND task_id IN (SELECT unnest($tasks::INTEGER[])) AND {_SEEN} "
        "QUALIFY row_number() OVER (PARTITION BY record_id, task_id, annotator ORDER BY id DESC) = 1 ORDER BY id",
        {**params, "job": job_id, "tasks": list(asked)},
    ).fetchall()
    return [
        Word(number, record, task, value, own)
        for number, record, task, state, text, own in rows
        if state in ("submitted", "draft") and (since is None or (number > since and not own))
        and _marks(value := json.loads(text), asked[task])
    ]  # fmt: skip


def suggestions(cursor: Cursor, job_id: int, asked: Marking, ids: Sequence[int]) -> list[Word]:
    """What machines suggest to mark in these records, as the job sees it."""
    where, params = among("record_id", ids)
    rows = cursor.execute(
        "SELECT id, record_id, task_id, question, value, job_id IS NOT DISTINCT FROM $job FROM suggestion s "
        f"WHERE {where} AND task_id IN (SELECT unnest($tasks::INTEGER[])) AND {_SEEN} AND NOT EXISTS (SELECT 1 FROM "
        f"suggestion n WHERE n.replaces = s.id AND (n.job_id = $job OR n.job_id IN (SELECT id FROM job_live))) "
        "ORDER BY id",
        {**params, "job": job_id, "tasks": list(asked)},
    ).fetchall()
    return [
        Word(number, record, task, value, own, question)
        for number, record, task, question, text, own in rows
        if question in asked[task] and _marks(value := {question: json.loads(text)}, [question])
    ]


def versions(cursor: Cursor, job_id: int, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """{record: [(step, text)]} of those of the records that the job has edited: as everybody else sees it (step ""),
    then after each of the job's edits."""
    where, params = among("record_id", ids)
    edits = cursor.execute(
        f"SELECT record_id, step, text FROM verdict WHERE {where} AND job_id = $job AND kind = 'edit' ORDER BY id",
        {**params, "job": job_id},
    ).fetchall()
    if not edits:
        return {}
    where, params = among("id", sorted({record for record, _, _ in edits}))
    found = {
        record: [("", text)]
        for record, text in cursor.execute(f"SELECT id, text FROM record_now WHERE {where}", params).fetchall()
    }
    for record, step, text in edits:
        found[record].append((step, text))
    return found


def text_now(cursor: Cursor, project_id: int, record_id: int) -> str:
    """The text of a record of this project as it reads now. Raises WorkbenchError if there is none."""
    row = cursor.execute(
        "SELECT text FROM record_now WHERE id = ? AND project_id = ?", [record_id, project_id]
    ).fetchone()
    if row is None:
        raise WorkbenchError(f"There is no record {record_id} here (its import may have been undone).")
    return str(row[0])


def edited(cursor: Cursor, job_id: int) -> list[int]:
    rows = cursor.execute(
        "SELECT DISTINCT record_id FROM verdict WHERE job_id = ? AND kind = 'edit' ORDER BY record_id", [job_id]
    ).fetchall()
    return [row[0] for row in rows]


def write(cursor: Cursor, job_id: int, moved: Sequence[tuple[Word, Mapping[str, Any]]]) -> None:
    """Inside a transaction: add each word with its new value, as old as it was: a request to label again that was open
    stays open."""
    for sql, machine in ((_WRITE_ANSWERS, False), (_WRITE_SUGGESTIONS, True)):
        rows = [(word.id, value[word.question] if machine else dict(value))
                for word, value in moved if bool(word.question) == machine]  # fmt: skip
        if not rows:
            continue
        ids = [number for number, _ in rows]
        table = pa.table({"id": pa.array(ids, pa.int64()), "value": [to_json(value) for _, value in rows]})
        cursor.register("_moved", table)
        try:
            cursor.execute(sql, {"job": job_id, "least": min(ids), "most": max(ids)})
        finally:
            cursor.unregister("_moved")


def take_back(cursor: Cursor, job_id: int, record_id: int) -> None:
    """Inside a transaction: a running job, of which nothing counts yet, does not edit this record after all, and takes
    back what else it said of it: that was said of the edited text."""
    for table in ("verdict", "derived", "relabel_request", "annotation_event", "suggestion"):
        cursor.execute(f"DELETE FROM {table} WHERE job_id = ? AND record_id = ?", [job_id, record_id])


def cannot_undo(cursor: Cursor, job_id: int) -> str:
    """Why an edit of texts cannot be undone: a sentence, or nothing. Inside the transaction that would."""
    n = _given_since(cursor, job_id)
    return "" if not n else (
        f"{n} answers mark places in texts as job {job_id} left them. Take these answers back before you undo it."
    )  # fmt: skip


def cannot_redo(cursor: Cursor, job_id: int) -> str:
    """Why an edit of texts cannot be brought back, or a preview of one be applied: a sentence, or nothing."""
    return _changed(job_id, _given_since(cursor, job_id) + _stale(cursor, job_id))


def cannot_end(cursor: Cursor, job_id: int) -> str:
    """Why a running job's edit of texts must not begin to count, as when it stood still while others undid what it
    moved: a sentence, or nothing."""
    return _changed(job_id, _stale(cursor, job_id))


def _changed(job_id: int, n: int) -> str:
    return "" if not n else (
        f"{n} answers that mark places in texts have changed since job {job_id} looked at them. Run it again."
    )  # fmt: skip


def _stale(cursor: Cursor, job_id: int) -> int:
    row = cursor.execute(_STALE, {"job": job_id}).fetchone()
    return int(row[0]) if row else 0


def _given_since(cursor: Cursor, job_id: int) -> int:
    """How many words with marks came after a job had edited their records: by their numbers, not their times."""
    row = cursor.execute(
        "SELECT project_id, json_extract(cursor, '$.until') FROM job WHERE id = ?", [job_id]
    ).fetchone()
    asked = marking(cursor, row[0]) if row and row[1] is not None else {}
    if not asked:
        return 0
    rows = cursor.execute(
        "SELECT task_id, value FROM annotation_now WHERE id > $until AND job_id IS DISTINCT FROM $job "
        "AND state IN ('submitted', 'draft') AND task_id IN (SELECT unnest($tasks::INTEGER[])) "
        "AND record_id IN (SELECT record_id FROM verdict WHERE job_id = $job AND kind = 'edit')",
        {"until": int(row[1]) if row else 0, "job": job_id, "tasks": list(asked)},
    ).fetchall()
    return sum(_marks(json.loads(value), asked[task]) for task, value in rows)


def _marks(value: Any, names: Sequence[str]) -> bool:
    return isinstance(value, Mapping) and any(isinstance(value.get(name), list) and value[name] for name in names)
