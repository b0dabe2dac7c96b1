"""Leaks: pairs of a training text and a held-out one, by the job that found them; and the drops that follow from them.

A pair counts for nothing by itself. Records are dropped by verdicts, under the job that found the pairs if it was asked
to, or later under a small job of its own: both can be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import WorkbenchError, split_named
from pipeline.store import jobs, versions
from pipeline.store.database import Cursor, Store

STEP = "leaks"
DROPS = "drop-leaks"  # the kind of the job that drops what an earlier one found
KEPT = 20_000  # characters of a text that are kept with its pairs
LEAKS = pa.schema([("job_id", pa.int32()), ("record_id", pa.int64()), ("item", pa.int64()), ("how", pa.string()),
                   ("similarity", pa.float64())])  # fmt: skip
TEXTS = pa.schema(
    [("job_id", pa.int32()), ("side", pa.string()), ("id", pa.int64()), ("name", pa.string()), ("place", pa.string()),
     ("text", pa.string()), ("length", pa.int64())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """One side of a pair: `place` is the split, the project or the file; `length` counts all its characters."""

    id: int
    name: str
    place: str
    text: str
    length: int


@dataclass(frozen=True, slots=True)
class Leak:
    """A training text and the held-out one that it gives away. `dropped`: the record is out of the data set now."""

    train: Text
    held: Text
    how: str
    similarity: float
    dropped: bool


@dataclass(frozen=True, slots=True)
class LeakFilter:
    """Which pairs of a job: of this strength, this place, and with this text on either side."""

    how: str = ""
    place: str = ""
    text: str = ""


def training(store: Store, project_id: int) -> tuple[pa.Table, int]:
    """The records in the data set that may be trained on: columns id, external_id, text; and how many others there are.

    The others are for validation or test by the word of their file or of an earlier freeze, as their children are.
    """
    found = store.arrow(
        "SELECT r.id, r.external_id, r.text, coalesce(r.parent_id, r.id) AS home, coalesce(p.split, r.split) AS split "
        "FROM record_now r LEFT JOIN record p ON p.id = r.parent_id "
        "WHERE r.project_id = $project AND NOT r.dropped ORDER BY r.id",
        {"project": project_id},
    )
    frozen = versions.assignments(store, project_id)
    given = {word: split_named(word) for word in pc.unique(found["split"]).to_pylist()}
    homes = zip(found["split"].to_pylist(), found["home"].to_pylist(), strict=True)
    open_ = pa.array([(given[word] or frozen.get(home) or "train") == "train" for word, home in homes], pa.bool_())
    kept = found.filter(open_).select(["id", "external_id", "text"])
    return kept, found.num_rows - kept.num_rows


def originals(store: Store, project_id: int) -> pa.Table:
    """The records in a project's data set that are not made from others: columns id, external_id, text."""
    return store.arrow(
        "SELECT id, external_id, text FROM record_now WHERE project_id = $project AND NOT dropped "
        "AND parent_id IS NULL ORDER BY id",
        {"project": project_id},
    )


def clear(cursor: Cursor, job_id: int) -> None:
    """Inside a transaction: take away what an earlier, broken-off try of this job wrote. Nobody has seen it."""
    for table in ("leak", "leak_text", "verdict"):
        cursor.execute(f"DELETE FROM {table} WHERE job_id = ?", [job_id])


def append(
    store: Store, cursor: Cursor, job_id: int, record: pa.Array, item: pa.Array, how: pa.Array, similarity: pa.Array
) -> None:
    """Inside a transaction: add pairs."""
    job = pa.repeat(pa.scalar(job_id, pa.int32()), len(record))
    store.insert("leak", pa.table([job, record, item, how, similarity], schema=LEAKS), cursor)


def append_texts(
    store: Store, cursor: Cursor, job_id: int, side: str, *, ids: pa.Array, names: pa.Array, places: pa.Array,
    texts: pa.Array,
) -> None:  # fmt: skip
    """Inside a transaction: add the texts of a side, one for each that is in a pair."""
    job, which = pa.repeat(pa.scalar(job_id, pa.int32()), len(ids)), pa.repeat(pa.scalar(side), len(ids))
    beginning = pc.utf8_slice_codeunits(texts, 0, KEPT)
    length = pc.utf8_length(texts).cast(pa.int64())
    store.insert("leak_text", pa.table([job, which, ids, names, places, beginning, length], schema=TEXTS), cursor)


def drop(cursor: Cursor, project_id: int, job_id: int, found_by: int) -> int:
    """Inside a transaction: a drop verdict under `job_id` for the training side of every pair that `found_by` found.

    Only for records that are in the data set and not, by now, frozen into validation or test. Returns how many.
    """
    made = cursor.execute(
        """
        INSERT INTO verdict (record_id, job_id, step, kind, reason)
        SELECT l.record_id, $job, $step, 'drop',
          CASE l.how WHEN 'identical' THEN 'leak: the same text as ' WHEN 'near' THEN 'leak: a near-duplicate of '
            ELSE 'leak: it contains the text of ' END || h.name || ', ' || h.place AS reason
        FROM leak l JOIN leak_text h ON h.job_id = l.job_id AND h.side = 'held' AND h.id = l.item
        JOIN record r ON r.id = l.record_id AND r.project_id = $project
        WHERE l.job_id = $found
          AND l.record_id IN (SELECT id FROM record_now WHERE project_id = $project AND NOT dropped)
          AND coalesce(r.parent_id, r.id) NOT IN (SELECT s.record_id FROM split_assignment s
            JOIN job_live j ON j.id = s.job_id WHERE s.project_id = $project AND s.split <> 'train')
        QUALIFY row_number() OVER (PARTITION BY l.record_id ORDER BY l.similarity DESC, l.how, l.item) = 1
        ORDER BY l.record_id
        """,
        {"job": job_id, "step": STEP, "found": found_by, "project": project_id},
    ).fetchone()
    return int(made[0]) if made else 0


def drop_found(store: Store, project_id: int, found_by: int) -> int:
    """Drop the training side of every pair that a job found, as one job that is done at once. Returns it, for undo."""

    def work(cursor: Cursor) -> int:
        found = cursor.execute(
            "SELECT 1 FROM job WHERE id = ? AND project_id = ? AND kind = 'leaks' AND state = 'done'",
            [found_by, project_id],
        ).fetchone()
        if found is None:
            raise WorkbenchError(f"Job {found_by} is no leak check of this project that is done. Check again.")
        made = jobs.record_done(cursor, DROPS, project_id, {"found_by": found_by})
        dropped = drop(cursor, project_id, made, found_by)
        if not dropped:
            raise WorkbenchError("None of these training texts is in the data set any more, so there is none to drop.")
        cursor.execute("UPDATE job SET result = json_object('dropped', ?::INTEGER) WHERE id = ?", [dropped, made])
        return made

    return store.transact(work)


def left(store: Store, project_id: int, job_id: int) -> int:
    """How many training records of a job's pairs are in the data set."""
    return int(
        store.scalar(
            "SELECT count(*) FROM record_now WHERE project_id = $project AND NOT dropped "
            "AND id IN (SELECT record_id FROM leak WHERE job_id = $job)",
            {"project": project_id, "job": job_id},
        )
    )


def count(store: Store, job_id: int, where: LeakFilter | None = None) -> int:
    """How many pairs of the job the filter names."""
    return int(store.scalar(f"SELECT count(*) {_CHOSEN}", _params(job_id, where)))


def page(
    store: Store, job_id: int, where: LeakFilter | None = None, *, limit: int = 10, offset: int = 0
) -> list[Leak]:  # fmt: skip
    """One page of a job's pairs, the strongest first."""
    rows = store.rows(
        f"""
        WITH shown AS (SELECT l.record_id, l.item, l.how, l.similarity {_CHOSEN} ORDER BY {_ORDER}
          LIMIT $limit OFFSET $offset),
        gone AS (SELECT v.record_id, arg_max(v.kind, v.id + CASE WHEN v.step = 'by hand' THEN 4611686018427387904
            ELSE 0 END) = 'drop' AS dropped FROM verdict v JOIN job j ON j.id = v.job_id
          WHERE v.kind IN ('drop', 'keep') AND v.record_id IN (SELECT record_id FROM shown)
            AND (j.state = 'done' OR j.id = $job) GROUP BY v.record_id)
        SELECT l.how, l.similarity, coalesce(g.dropped, false) AS dropped,
          t.id AS t_id, t.name AS t_name, t.place AS t_place, t.text AS t_text, t.length AS t_length,
          h.id AS h_id, h.name AS h_name, h.place AS h_place, h.text AS h_text, h.length AS h_length
        FROM shown l JOIN leak_text t ON t.job_id = $job AND t.side = 'train' AND t.id = l.record_id
        JOIN leak_text h ON h.job_id = $job AND h.side = 'held' AND h.id = l.item
        LEFT JOIN gone g ON g.record_id = l.record_id ORDER BY {_ORDER}
        """,
        {**_params(job_id, where), "limit": limit, "offset": offset},
    )
    return [Leak(_text(row, "t"), _text(row, "h"), row["how"], row["similarity"], row["dropped"]) for row in rows]


def pairs(store: Store, job_id: int, *, beginning: int = KEPT) -> pa.Table:
    """The pairs of a job for a file: record, its name and text, item, its name, place and text, how and similarity."""
    return store.arrow(
        f"""
        SELECT l.how, l.similarity, l.record_id AS record, t.name AS record_id, t.place AS record_place,
          left(t.text, $most) AS record_text, l.item, h.name AS item_id, h.place AS item_place,
          left(h.text, $most) AS item_text
        {_CHOSEN.replace("WHERE", _SIDES + " WHERE", 1)} ORDER BY {_ORDER}
        """,
        {**_params(job_id, None), "most": beginning},
    )


def _text(row: dict[str, Any], side: str) -> Text:
    return Text(*(row[f"{side}_{name}"] for name in ("id", "name", "place", "text", "length")))


def _params(job_id: int, where: LeakFilter | None) -> dict[str, Any]:
    where = where or LeakFilter()
    return {"job": job_id, "how": where.how, "place": where.place, "text": where.text.strip()}


def places(store: Store, job_id: int) -> Sequence[str]:
    """Where the held-out texts of a job's pairs are: the splits, the project or the file."""
    found = store.rows("SELECT DISTINCT place FROM leak_text WHERE job_id = ? AND side = 'held' ORDER BY 1", [job_id])
    return [row["place"] for row in found]


_ORDER = "CASE l.how WHEN 'identical' THEN 0 WHEN 'near' THEN 1 ELSE 2 END, l.similarity DESC, l.item, l.record_id"
_SIDES = """JOIN leak_text t ON t.job_id = $job AND t.side = 'train' AND t.id = l.record_id
  JOIN leak_text h ON h.job_id = $job AND h.side = 'held' AND h.id = l.item"""
_CHOSEN = """FROM leak l WHERE l.job_id = $job AND ($how = '' OR l.how = $how)
  AND ($place = '' OR l.item IN (SELECT id FROM leak_text WHERE job_id = $job AND side = 'held' AND place = $place))
  AND ($text = ''
    OR l.item IN (SELECT id FROM leak_text WHERE job_id = $job AND side = 'held'
      AND (contains(lower(text), lower($text)) OR name = $text))
    OR l.record_id IN (SELECT id FROM leak_text WHERE job_id = $job AND side = 'train'
      AND (contains(lower(text), lower($text)) OR name = $text)))"""
