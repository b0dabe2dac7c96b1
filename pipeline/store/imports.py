"""What an import writes: records, the answers or suggestions that came with them, the task they belong to, and uploads.

Rows of an import are invisible until its job is done, so an import can be written in batches and still be all or
nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import WorkbenchError
from pipeline.store import records
from pipeline.store.database import Cursor, Store, to_json

MOST_UPLOADED = 8_000_000_000  # bytes in the uploads folder
LARGEST_UPLOAD = 524_288_000


@dataclass(frozen=True, slots=True)
class Answers:
    """Where the labels of a file go: to `annotator` as answers, or to `source` as suggestions."""

    task_id: int
    guideline_revision: int
    question: str
    annotator: str = ""
    source: str = ""


def earlier(store: Store, project_id: int, sha256: str) -> dict[str, Any] | None:
    """The live import of a file of this content: its job's id and finished_at, or None."""
    return store.row(
        "SELECT id, finished_at FROM job WHERE kind = 'import' AND state = 'done' AND project_id = ? "
        "AND json_extract_string(result, '$.sha256') = ? ORDER BY id DESC LIMIT 1",
        [project_id, sha256],
    )


def discard(store: Store, job_id: int) -> None:
    """Delete what an unfinished job wrote. None of it has ever been visible; a job that is done keeps everything."""

    def work(cursor: Cursor) -> None:
        live = cursor.execute("SELECT 1 FROM job WHERE id = ? AND state <> 'running'", [job_id]).fetchone()
        if live is not None:
            raise ValueError(f"job {job_id} is not running")
        for table in ("annotation_event", "suggestion", "record"):
            cursor.execute(f"DELETE FROM {table} WHERE job_id = ?", [job_id])

    store.transact(work)


def has_prefix(store: Store, project_id: int, prefix: str) -> bool:
    """Whether some live record's external id begins so."""
    found = store.scalar(
        "SELECT 1 FROM record WHERE project_id = ? AND job_id IN (SELECT id FROM job_live) "
        "AND starts_with(external_id, ?) LIMIT 1",
        [project_id, prefix],
    )
    return found is not None


def known_ids(store: Store, project_id: int, job_id: int, ids: list[str]) -> set[str]:
    """Those of the external ids that live records of the project, or records of this job, have already."""
    found = store.rows(
        "SELECT DISTINCT external_id FROM record WHERE project_id = ? "
        "AND (job_id = ? OR job_id IN (SELECT id FROM job_live)) AND external_id IN (SELECT unnest(?))",
        [project_id, job_id, ids],
    )
    return {row["external_id"] for row in found}


def write(store: Store, project_id: int, job_id: int, rows: pa.Table, answers: Answers | None) -> int:
    """Add one batch: `rows` has the columns line, external_id, text, meta, split, label. Returns the labels written."""
    count = rows.num_rows

    def work(cursor: Cursor) -> int:
        fresh = cursor.execute("SELECT nextval('record_id') FROM range(?)", [count]).fetchall()
        ids = pa.array([row[0] for row in fresh], pa.int64())
        table = rows.select(["external_id", "text", "meta", "split"])
        records.append(store, cursor, _with(table, id=ids, project_id=project_id, job_id=job_id))
        if answers is None:
            return 0
        labelled = rows.append_column("record_id", ids).filter(pc.is_valid(rows["label"]))
        if answers.annotator:
            store.insert("annotation_event", _events(labelled, job_id, answers), cursor)
        else:
            store.insert("suggestion", _suggestions(labelled, job_id, answers), cursor)
        return int(labelled.num_rows)

    return store.transact(work)


def reserve_task_id(store: Store) -> int:
    """A number for a task that will be made when the import has gone through."""
    return int(store.transact(lambda cursor: (cursor.execute("SELECT nextval('task_id')").fetchone() or [0])[0]))


def save_task(
    cursor: Cursor, project_id: int, task_id: int, name: str, kind: str,
    define: Callable[[Mapping[str, Any] | None], Mapping[str, Any]],
) -> None:  # fmt: skip
    """Inside a transaction: make the task, or add a revision if `define` changes its definition (None = none yet)."""
    last = cursor.execute(
        "SELECT revision, name, definition, guideline, guideline_revision FROM task WHERE id = ?", [task_id]
    ).fetchone()
    before = json.loads(last[2]) if last else None
    definition = define(before)
    if definition == before:
        return
    revision, name, _, guideline, guideline_revision = last or (0, name, None, "", 1)
    cursor.execute(
        "INSERT INTO task_revision (id, project_id, revision, name, kind, definition, guideline, guideline_revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [task_id, project_id, revision + 1, name, kind, to_json(definition), guideline, guideline_revision],
    )


def annotator_kind(store: Store, name: str) -> str | None:
    """human, simulated or imported; None if nobody goes by this name."""
    return store.scalar("SELECT kind FROM annotator WHERE name = ?", [name])


def save_annotator(cursor: Cursor, name: str) -> None:
    """Inside a transaction: make the annotator, as one who came with a file, unless the name is known."""
    cursor.execute("INSERT INTO annotator (name, kind) VALUES (?, 'imported') ON CONFLICT DO NOTHING", [name])


def save_upload(store: Store, name: str, content: bytes | memoryview) -> Path:
    """Keep an uploaded file beside the database, under its hash, so that a stopped import can go on."""
    size = len(content)
    if size > LARGEST_UPLOAD:
        most = f"{LARGEST_UPLOAD / 1e6:,.0f} MB"
        raise WorkbenchError(f"{name} has {size / 1e6:,.0f} MB; a page takes {most}. Use the command line for it.")
    folder = store.folder / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    # a file system takes names of 255 bytes, and a character may have four
    safe = re.sub(r"[^\w.\-]+", "_", name).lstrip(".")[-50:] or "file"
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}-{safe}"
    if not path.exists():
        if size + sum(file.stat().st_size for file in folder.iterdir()) > MOST_UPLOADED:
            raise WorkbenchError(f"The folder {folder} is full. Delete the files in it that you need no more.")
        part = path.with_suffix(path.suffix + ".part")
        part.write_bytes(content)
        part.replace(path)
    return path


def _with(table: pa.Table, **values: Any) -> pa.Table:
    """The table with more columns: an Arrow array, or one number for every row."""
    for name, value in values.items():
        column = value if isinstance(value, pa.Array) else pa.repeat(pa.scalar(value, pa.int32()), table.num_rows)
        table = table.append_column(name, column)
    return table


def _events(rows: pa.Table, job_id: int, answers: Answers) -> pa.Table:
    labels = rows["label"].to_pylist()
    written = {label: to_json({answers.question: label}) for label in set(labels)}
    table = pa.table(
        {
            "event_id": pa.array([f"import-{job_id}-{line}" for line in rows["line"].to_pylist()], pa.string()),
            "record_id": rows["record_id"],
            "annotator": pa.repeat(answers.annotator, len(labels)),
            "state": pa.repeat("submitted", len(labels)),
            "value": pa.array([written[label] for label in labels], pa.string()),
        }
    )
    return _with(table, task_id=answers.task_id, guideline_revision=answers.guideline_revision, job_id=job_id)


def _suggestions(rows: pa.Table, job_id: int, answers: Answers) -> pa.Table:
    labels = rows["label"].to_pylist()
    table = pa.table(
        {
            "record_id": rows["record_id"],
            "source": pa.repeat(answers.source, len(labels)),
            "question": pa.repeat(answers.question, len(labels)),
            "value": pa.array([to_json(label) for label in labels], pa.string()),
        }
    )
    return _with(table, task_id=answers.task_id, job_id=job_id)
