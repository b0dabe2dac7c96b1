"""What the searches for duplicates write alike: pairs and families in batches, and pairs as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle
from pipeline.store import Store, families
from pipeline.store.database import Cursor
from pipeline.store.exports import replaceable

if TYPE_CHECKING:
    from pipeline.dedup.engine import Found
    from pipeline.dedup.keep import Members

WRITTEN = 200_000  # rows written in one transaction
FEW = 2_000  # so few pairs and members are written in one: a transaction takes some milliseconds


def slices(count: int) -> list[slice]:
    """The batches in which so many rows are written."""
    return [slice(start, start + WRITTEN) for start in range(0, count, WRITTEN)]


def write(store: Store, job: Handle, ids: Any, found: Found, chosen: Members) -> None:
    """Everything that was found, in batches. An earlier try that broke off is taken away first. `ids` of the texts."""

    def pairs(cursor: Cursor, rows: slice) -> None:
        a, b = (pa.array(ids[side[rows]]) for side in (found.x, found.y))
        families.append_pairs(store, cursor, job.id, a, b, pa.array(found.jaccard[rows]))

    def members(cursor: Cursor, rows: slice) -> None:
        family, record = (pa.array(ids[side[rows]]) for side in (chosen.root, chosen.text))
        kept, near = pa.array(chosen.text[rows] == chosen.keeper[rows]), pa.array(chosen.similarity[rows])
        families.append_members(store, cursor, job.id, family, record, kept, near)

    work: list[tuple[float, Callable[[Cursor], None]]] = [(1.94, lambda cursor: families.clear(cursor, job.id))]
    work += [(1.95, partial(pairs, rows=rows)) for rows in slices(len(found.x))]
    work += [(1.98, partial(members, rows=rows)) for rows in slices(len(chosen.text))]
    few = len(found.x) + len(chosen.text) <= FEW
    for batch in [work] if few else [[one] for one in work]:
        store.transact(partial(_each, [one for _, one in batch]))
        job.progress(int(batch[-1][0] * len(ids)), 2 * len(ids), "writing")


def _each(work: Iterable[Callable[[Cursor], None]], cursor: Cursor) -> None:
    for one in work:
        one(cursor)


def pairs_target(store: Store, path: str) -> Path | None:
    """Where the pairs shall be written, None for nowhere. Raises WorkbenchError if they cannot be written there."""
    if not path:
        return None
    target = Path(path)
    if target.is_dir():
        raise WorkbenchError(f"{path} is a folder; name a file for the pairs, such as {target / 'pairs.parquet'}.")
    if not replaceable(store, target):
        raise WorkbenchError(f"{path} is a device or the database itself; name another file for the pairs.")
    if not target.parent.is_dir():
        raise WorkbenchError(f"The pairs cannot be written to {path}: the folder {target.parent} does not exist.")
    return target


def write_pairs(pairs: pa.Table, target: Path) -> None:
    """Write a Parquet file, whole or not at all."""
    part = target.with_name(f".{target.name}.part")
    try:
        pq.write_table(pairs, part)
        part.replace(target)
    except OSError as error:
        raise WorkbenchError(f"The pairs cannot be written to {target}: {error.strerror or error}.") from error
