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


def now(store: Store, project_id: int, also: Array = _NONE) -> tuple[Array, Array, Array]:
    """The ids, ascending, of the project's records in the data set that are not made from others; their edits; and a
    number for each text that no other text of the same id and edit has. The records `also` are among them though they
    were dropped.

    The database gives its numbers again after an older copy of the file was put back, or a new file took its name. So
    the moment at which the job was opened that wrote the text goes into the last number: files beside the database name
    texts by it.
    """
    with closing(store.cursor()) as cursor:
        live = cursor.sql("SELECT id, epoch_us(created_at) AS made FROM job WHERE id IN (SELECT id FROM job_live) "
                          "ORDER BY id").to_arrow_table()  # fmt: skip
        records = cursor.sql("SELECT id, job_id FROM record WHERE project_id = ? AND parent_id IS NULL",
                             params=[project_id]).to_arrow_table()  # fmt: skip
        judged = cursor.sql(_JUDGED).to_arrow_table()
    jobs, made = (live.column(name).to_numpy() for name in ("id", "made"))
    ids, wrote = (records.column(name).to_numpy() for name in ("id", "job_id"))
    if (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids)
        ids, wrote = ids[order], wrote[order]
    own, edit, editor, dropped = (judged.column(name).to_numpy() for name in ("record_id", "edit", "editor", "dropped"))
    here = np.isin(wrote, jobs) & ~(np.isin(ids, own[dropped]) & ~np.isin(ids, also))
    ids, wrote, edits = ids[here], wrote[here].astype(np.int64), np.zeros(int(here.sum()), np.int64)
    own, edit, editor = own[edit > 0], edit[edit > 0], editor[edit > 0]
    rows = np.searchsorted(ids, own)
    there = rows < len(ids)
    there[there] = ids[rows[there]] == own[there]
    edits[rows[there]], wrote[rows[there]] = edit[there], editor[there]
    begun = made[np.searchsorted(jobs, wrote)].astype(np.uint64)
    return ids, edits, np.asarray((begun * np.uint64(0x9E3779B97F4A7C15)).view(np.int64) ^ edits)


# Of each record that was judged: the last live edit and the job that made it, and whether it is dropped. A person's
# word outranks a job's.
_JUDGED = """
SELECT record_id, coalesce(max(id) FILTER (kind = 'edit'), 0) AS edit,
  coalesce(arg_max(job_id, id) FILTER (kind = 'edit'), 0)::BIGINT AS editor,
  coalesce(arg_max(kind, id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END)
    FILTER (kind IN ('drop', 'keep')), 'keep') = 'drop' AS dropped
FROM verdict WHERE kind IN ('edit', 'drop', 'keep') AND job_id IN (SELECT id FROM job_live) GROUP BY record_id
"""


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
    begin, end = np.searchsorted(ids, first), np.searchsorted(ids, last, "right")
    runs = np.zeros(len(ids) + 1, np.int64)  # how many have begun and not ended: they do not overlap
    np.add.at(runs, begin, 1)
    np.add.at(runs, end, -1)
    inside = np.cumsum(runs[:-1]) > 0
    inside[inside] = np.repeat(edit, end - begin) == edits[inside]
    return np.asarray(inside)


def _picked(found: pa.Table, ids: Array) -> pa.ChunkedArray:
    """The texts of those ids (ascending) in a table of id and text."""
    had, text = found.column("id").to_numpy(), found.column("text")
    if len(had) == len(ids) and (had == ids).all():
        return text
    order = np.argsort(had, kind="stable")
    return text.take(pa.array(order[np.searchsorted(had[order], ids)]))
