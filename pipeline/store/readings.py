"""How the records of a project read now, for whoever reads many: each named by its record and the edit that made it.

The edit is the number of the verdict that holds the text, 0 for a text as it was imported. Neither ever changes, so the
two name a text for good.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.store.database import Cursor, Store

Array = NDArray[Any]

_NONE = np.zeros(0, np.int64)
RUNS = pa.schema([("job_id", pa.int32()), ("first_id", pa.int64()), ("last_id", pa.int64()), ("edit", pa.int64())])
DENSE = 4  # ids that span fewer than so many times their number are read as one range


def now(store: Store, project_id: int, also: Array = _NONE) -> tuple[Array, Array]:
    """The ids, ascending, of the project's records in the data set that are not made from others; and their edits.
    The records `also` are among them though they were dropped."""
    table = store.arrow(
        """
        WITH live AS (SELECT id FROM job_live), also AS (SELECT unnest($also::BIGINT[]) AS id),
        edits AS (SELECT record_id, max(id) AS edit FROM verdict
          WHERE kind = 'edit' AND job_id IN (SELECT id FROM live) GROUP BY record_id),
        drops AS (SELECT record_id, arg_max(kind, id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END)
          AS kind FROM verdict WHERE kind IN ('drop', 'keep') AND job_id IN (SELECT id FROM live) GROUP BY record_id)
        SELECT r.id, coalesce(e.edit, 0) AS edit FROM record r LEFT JOIN edits e ON e.record_id = r.id
        LEFT JOIN drops d ON d.record_id = r.id
        WHERE r.project_id = $project AND r.parent_id IS NULL AND r.job_id IN (SELECT id FROM live)
          AND (coalesce(d.kind, 'keep') <> 'drop' OR r.id IN (SELECT id FROM also)) ORDER BY r.id
        """,
        {"project": project_id, "also": also.tolist()},
    )
    return table.column("id").to_numpy(), table.column("edit").to_numpy()


def texts(store: Store, ids: Array, edits: Array) -> pa.ChunkedArray:
    """The texts of records, in the order of their ids, which ascend."""
    if not len(ids):
        return pa.chunked_array([], pa.string())
    dense = int(ids[-1] - ids[0]) < DENSE * len(ids)
    with closing(store.cursor()) as cursor:
        where = "id BETWEEN ? AND ?" if dense else "id BETWEEN ? AND ? AND id IN (SELECT id FROM _wanted)"
        if not dense:
            cursor.register("_wanted", pa.table({"id": ids}))
        found = cursor.sql(f"SELECT id, text FROM record WHERE {where}", params=[int(ids[0]), int(ids[-1])])
        text = _picked(found.to_arrow_table(), ids)
        edited = np.flatnonzero(edits)
        if len(edited):
            cursor.register("_edits", pa.table({"id": edits[edited]}))
            found = cursor.sql("SELECT id, text FROM verdict WHERE id IN (SELECT id FROM _edits)")
            order = np.argsort(edits[edited], kind="stable")
            new = _picked(found.to_arrow_table(), edits[edited][order])
            back = np.arange(len(ids))
            back[edited[order]] = len(ids) + np.arange(len(edited))
            text = pa.chunked_array([*text.chunks, *new.chunks], pa.string()).take(pa.array(back))
    return text


def marks(store: Store, ids: Array, edits: Array) -> Array:
    """A number for each of these texts (ids ascend) that no other text of the same id and edit has.

    The database gives its numbers again after an older copy of the file was put back, or a new file took its name. So
    the moment at which the job was opened that wrote the text goes into it: files beside the database name texts by it.
    """
    if not len(ids):
        return _NONE
    jobs = store.arrow("SELECT id, epoch_us(created_at) AS made FROM job ORDER BY id")
    wrote = _jobs_of(store, "record", ids)
    wrote[edits > 0] = _jobs_of(store, "verdict", edits[edits > 0])
    made = jobs.column("made").to_numpy()[np.searchsorted(jobs.column("id").to_numpy(), wrote)]
    return np.asarray((made.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64) ^ edits)


def _jobs_of(store: Store, table: str, ids: Array) -> Array:
    """The jobs that wrote these rows of a table."""
    if not len(ids):
        return _NONE
    rows = store.arrow(f"SELECT id, job_id FROM {table} WHERE id BETWEEN ? AND ?", [int(ids.min()), int(ids.max())])
    had, jobs = rows.column("id").to_numpy(), rows.column("job_id").to_numpy().astype(np.int64)
    order = np.argsort(had, kind="stable")
    return np.asarray(jobs[order[np.searchsorted(had[order], ids)]])


def note_looked_at(store: Store, cursor: Cursor, job_id: int, ids: Array, edits: Array) -> None:
    """Inside a transaction: write down which texts a job looked at, in place of what an earlier try of it wrote."""
    begins = np.ones(len(ids), np.bool_)
    begins[1:] = (np.diff(ids) != 1) | (edits[1:] != 0) | (edits[:-1] != 0)
    ends = np.append(begins[1:], np.ones(min(1, len(ids)), np.bool_))
    job = pa.repeat(pa.scalar(job_id, pa.int32()), int(begins.sum()))
    cursor.execute("DELETE FROM looked_at WHERE job_id = ?", [job_id])
    store.insert("looked_at", pa.table([job, ids[begins], ids[ends], edits[begins]], schema=RUNS), cursor)


def looked_at(
    store: Store, project_id: int, shingle: str, threshold: float, ids: Array, edits: Array, mode: str = "near"
) -> Array:
    """Which of these texts the project's last live search in this mode, by this shingle, at most at this threshold,
    looked at."""
    table = store.arrow(
        """
        SELECT first_id, last_id, edit FROM looked_at WHERE job_id = (
          SELECT max(id) FROM job WHERE project_id = $project AND state = 'done' AND kind = 'dedupe'
          AND params->>'shingle' = $shingle AND (params->>'threshold')::DOUBLE <= $threshold
          AND coalesce(params->>'mode', 'near') = $mode
          AND id IN (SELECT job_id FROM looked_at)) ORDER BY first_id
        """,
        {"project": project_id, "shingle": shingle, "threshold": threshold, "mode": mode},
    )
    if not table.num_rows:
        return np.zeros(len(ids), np.bool_)
    first, last, edit = (table.column(name).to_numpy() for name in ("first_id", "last_id", "edit"))
    at = np.maximum(np.searchsorted(first, ids, "right") - 1, 0)
    return np.asarray((first[at] <= ids) & (ids <= last[at]) & (edit[at] == edits))


def _picked(found: pa.Table, ids: Array) -> pa.ChunkedArray:
    """The texts of those ids (ascending) in a table of id and text."""
    had, text = found.column("id").to_numpy(), found.column("text")
    if len(had) == len(ids) and (had == ids).all():
        return text
    order = np.argsort(had, kind="stable")
    return text.take(pa.array(order[np.searchsorted(had[order], ids)]))
