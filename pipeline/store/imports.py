"""What an import writes: records, the answers or suggestions that came with them, the task they belong to, and uploads.

Rows of an import are invisible until its job is done, so an import can be written in batches and still be all or
nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.domain import WorkbenchError
from pipeline.store import records
from pipeline.store.database import Cursor, Store, to_json

MOST_UPLOADED = 8_000_000_000  # bytes in the uploads folder
LARGEST_UPLOAD = 524_288_000
MOST_KEPT = 400_000_000  # bytes of tables in memory that an import leaves there


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
        for table in ("annotation_event", "suggestion", "verdict", "record"):
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


def numbers(store: Store, project_id: int, job_id: int, ids: list[str]) -> dict[str, int]:
    """The records, live ones of the project or this job's, that have one of the external ids: {external id: number}."""
    found = store.rows(
        "SELECT external_id, min(id) AS id FROM record WHERE project_id = ? "
        "AND (job_id = ? OR job_id IN (SELECT id FROM job_live)) AND external_id IN (SELECT unnest(?::VARCHAR[])) "
        "GROUP BY external_id",
        [project_id, job_id, ids],
    )
    return {row["external_id"]: row["id"] for row in found}


def ids(store: Store, project_id: int, job_id: int) -> Iterator[pa.Array]:
    """The external ids of the project's live records and of this job's, some at a time."""
    cursor = store.cursor()
    try:
        found = cursor.sql(
            "SELECT external_id FROM record WHERE project_id = ? "
            "AND (job_id = ? OR job_id IN (SELECT id FROM job_live))",
            params=[project_id, job_id],
        ).to_arrow_reader(100_000)
        for batch in found:
            yield batch.column(0).cast(pa.large_string())
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class Known:
    """A record that is there: its number, and its text as it was imported and as it reads now."""

    id: int
    original: str
    now: str


def known(store: Store, project_id: int, job_id: int, ids: Sequence[str]) -> dict[str, Known]:
    """As `numbers`, with the records' texts."""
    there = numbers(store, project_id, job_id, list(ids)) if ids else {}
    return _texts(store, job_id, there)


def with_text(store: Store, project_id: int, job_id: int, texts: Sequence[str]) -> dict[str, Known]:
    """The records, live ones of the project or this job's, whose text as imported is one of these: {text: record}.
    A text that several records have is left out."""
    found = store.rows(
        "SELECT text, min(id) AS id FROM record WHERE project_id = ? AND parent_id IS NULL "
        "AND (job_id = ? OR job_id IN (SELECT id FROM job_live)) AND text IN (SELECT unnest(?::VARCHAR[])) "
        "GROUP BY text HAVING count(*) = 1",
        [project_id, job_id, list(texts)],
    )
    return _texts(store, job_id, {row["text"]: row["id"] for row in found})


def _texts(store: Store, job_id: int, numbers: Mapping[str, int]) -> dict[str, Known]:
    if not numbers:
        return {}
    found = store.rows(
        "SELECT r.id, r.text AS original, coalesce((SELECT arg_max(v.text, v.id) FROM verdict v "
        "WHERE v.record_id = r.id AND v.kind = 'edit' AND v.job_id IN (SELECT id FROM job_live)), r.text) AS now "
        "FROM record r "
        "WHERE r.id IN (SELECT unnest(?::BIGINT[])) AND (r.job_id = ? OR r.job_id IN (SELECT id FROM job_live))",
        [list(numbers.values()), job_id],
    )
    by = {row["id"]: Known(**row) for row in found}
    return {name: by[number] for name, number in numbers.items()}


@dataclass(frozen=True, slots=True)
class Last:
    """What an annotator last said of a record; `at` is None if nobody knows when."""

    at: datetime | None
    state: str
    value: Mapping[str, Any]
    comment: str
    flagged: bool


def answered(store: Store, job_id: int, task_id: int, ids: Sequence[int]) -> dict[tuple[int, str], Last]:
    """What each annotator last said of these records, in this job too: by record and annotator."""
    found = store.rows(
        "SELECT record_id, annotator, created_at AS at, state, value, coalesce(comment, '') AS comment, "
        "coalesce(flagged, false) AS flagged FROM annotation_event WHERE task_id = ? "
        "AND record_id IN (SELECT unnest(?::BIGINT[])) AND (job_id IS NULL OR job_id = ? "
        "OR job_id IN (SELECT id FROM job_live)) "
        "QUALIFY row_number() OVER (PARTITION BY record_id, annotator ORDER BY id DESC) = 1",
        [task_id, list(ids), job_id],
    ) if ids else []  # fmt: skip
    return {
        (row.pop("record_id"), row.pop("annotator")): Last(**{**row, "value": json.loads(row["value"] or "{}")})
        for row in found
    }  # fmt: skip


def is_answered(store: Store, task_id: int) -> bool:
    """Whether there is, or was, an answer to this task or a suggestion."""
    found = store.scalar(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM annotation_event WHERE task_id = $task) "
        "OR EXISTS (SELECT 1 FROM suggestion WHERE task_id = $task)",
        {"task": task_id},
    )
    return found is not None


def suggested(store: Store, job_id: int, task_id: int, ids: Sequence[int]) -> set[tuple[int, str, str]]:
    """The suggestions that these records have, this job's among them: (record, source, question)."""
    found = store.rows(
        "SELECT DISTINCT record_id, source, question FROM suggestion WHERE task_id = ? "
        "AND record_id IN (SELECT unnest(?::BIGINT[])) AND (job_id IS NULL OR job_id = ? "
        "OR job_id IN (SELECT id FROM job_live))",
        [task_id, list(ids), job_id],
    ) if ids else []  # fmt: skip
    return {(row["record_id"], row["source"], row["question"]) for row in found}


def write(
    store: Store, project_id: int, job_id: int, rows: pa.Table, events: pa.Table, suggestions: pa.Table,
    parents: Mapping[str, int], there: Sequence[int] = (),
) -> None:  # fmt: skip
    """Add one batch, in one transaction.

    `rows` has the columns external_id, text, fields, meta, split, parent (an external id: of an earlier row, or of
    `parents`) and dropped. `events` and `suggestions` have columns of their tables, but `row`, the place in `rows`, for
    record_id and job_id; places behind the rows are those of `there`, records that are there already.
    """
    count = rows.num_rows

    def work(cursor: Cursor) -> None:
        fresh = cursor.sql("SELECT nextval('record_id') AS id FROM range(?)", params=[count]).to_arrow_table()
        ids = fresh["id"].combine_chunks().sort()
        every = pa.concat_arrays([ids, pa.array(there, pa.int64())])
        table = rows.select(["external_id", "text", "fields", "meta", "split"])
        above = _parents(rows, ids, parents)
        records.append(store, cursor, _with(table, id=ids, parent_id=above, project_id=project_id, job_id=job_id))
        for name, said in (("annotation_event", events), ("suggestion", suggestions)):
            own = _with(said.drop_columns(["row"]), record_id=every.take(said["row"]), job_id=job_id)
            store.insert(name, own, cursor)
        gone = ids.filter(rows["dropped"])
        drops = pa.table({"record_id": gone, **{name: pa.repeat(word, len(gone)) for name, word in _DROP.items()}})
        store.insert("verdict", _with(drops, job_id=job_id), cursor)

    store.transact(work)


_DROP = {"step": "import", "kind": "drop", "reason": "dropped where the file comes from"}


def _parents(rows: pa.Table, ids: pa.Array, known: Mapping[str, int]) -> pa.Array:
    if rows["parent"].null_count == rows.num_rows:
        return pa.nulls(rows.num_rows, pa.int64())
    number = {**known, **dict(zip(rows["external_id"].to_pylist(), ids.to_pylist(), strict=True))}
    return pa.array([None if name is None else number[name] for name in rows["parent"].to_pylist()], pa.int64())


def give_back(store: Store) -> None:
    """Let go of the tables' pages that the database keeps in memory, once they are many: it would keep all that a long
    import writes, up to most of the machine's memory, and nobody reads it meanwhile."""
    used = {row["tag"]: row["memory_usage_bytes"] for row in store.rows("FROM duckdb_memory()")}
    kept = used.get("BASE_TABLE", 0)
    if kept < MOST_KEPT:
        return
    with contextlib.closing(store.cursor()) as cursor:
        try:  # a lower limit takes effect at once; it leaves room for what others are doing
            cursor.execute(f"SET memory_limit = '{sum(used.values()) - kept + MOST_KEPT // 2}B'")
        except duckdb.OutOfMemoryException:
            return  # others hold on to theirs; there is a next time
        finally:
            cursor.execute("RESET memory_limit")


def reserve_task_id(store: Store) -> int:
    """A number for a task that will be made when the import has gone through."""
    return int(store.transact(lambda cursor: (cursor.execute("SELECT nextval('task_id')").fetchone() or [0])[0]))


def save_task(
    cursor: Cursor, project_id: int, task_id: int, name: str, kind: str,
    define: Callable[[Mapping[str, Any] | None], Mapping[str, Any]],
) -> None:  # fmt: skip
    """Inside a transaction: make the task, or add a revision if `define` changes its definition (None = none yet). One
    that becomes of another kind gets the name, too."""
    last = cursor.execute(
        "SELECT (SELECT max(revision) FROM task_revision r WHERE r.id = t.id), "
        "CASE WHEN kind = ? THEN name ELSE ? END, definition, guideline, guideline_revision FROM task t WHERE id = ?",
        [kind, name, task_id],
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


def save_annotator(cursor: Cursor, name: str, kind: str = "imported") -> None:
    """Inside a transaction: make the annotator, as one who came with a file, unless the name is known."""
    cursor.execute("INSERT INTO annotator (name, kind) VALUES (?, ?) ON CONFLICT DO NOTHING", [name, kind])


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
        column = pa.repeat(pa.scalar(value, pa.int32()), table.num_rows) if isinstance(value, int) else value
        table = table.append_column(name, column)
    return table
