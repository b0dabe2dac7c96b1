"""A pass of a job over a project's texts: in which stretches it goes, and the texts of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store.database import Store

LAST = 2**62  # behind every record
_RECORDS = "records_seen($own) WHERE project_id = $project AND NOT dropped"
_ONLY = "($only IS NULL OR id IN (SELECT unnest($only::BIGINT[])))"


def stretches(
    store: Store, project_id: int, own_job: int, after: int, *, records: int, characters: int,
    only: Sequence[int] | None = None,
) -> list[tuple[int, int]]:  # fmt: skip
    """The numbers of the first and last record of each stretch behind the record `after`: so many records, or so many
    bytes of text, whichever is less. Only numbers are held. The last stretch is open at its end. `only`: of these
    records."""
    found = store.arrow(
        f"SELECT id, strlen(text) AS size FROM {_RECORDS} AND id > $after AND {_ONLY} ORDER BY id",
        {"own": own_job, "project": project_id, "after": after, "only": only},
    )
    ids, sizes = found.column("id").to_numpy(), found.column("size").to_numpy()
    ends = [ids[end - 1] for _, end in _cuts(sizes, records, characters)]
    begins = [after + 1, *(end + 1 for end in ends[:-1])]
    return [(int(a), int(b)) for a, b in zip(begins, [*ends[:-1], LAST][: len(begins)], strict=True)] if ends else []


def texts(
    store: Store, project_id: int, own_job: int, stretch: tuple[int, int], only: Sequence[int] | None = None
) -> pa.Table:  # fmt: skip
    """id and text of the records of a stretch that are in the data set, in order, with the job's own effects."""
    return store.arrow(
        f"SELECT id, text FROM {_RECORDS} AND id BETWEEN $first AND $last AND {_ONLY} ORDER BY id",
        {"own": own_job, "project": project_id, "first": stretch[0], "last": stretch[1], "only": only},
    ).combine_chunks()


def pieces(table: pa.Table, *, records: int, characters: int) -> Iterator[pa.Table]:
    """The rows of a table with a column text, in pieces of so many rows or bytes of text, whichever is less."""
    sizes = pc.binary_length(table.column("text")).to_numpy()
    for begin, end in _cuts(sizes, records, characters):
        yield table.slice(begin, end - begin)


def _cuts(sizes: npt.NDArray[np.integer], records: int, most: int) -> Iterator[tuple[int, int]]:
    total = np.cumsum(sizes, dtype=np.int64)
    begin = 0
    while begin < len(sizes):
        before = total[begin - 1] if begin else 0
        full = int(np.searchsorted(total, before + most, side="right"))
        end = max(begin + 1, min(full, begin + records))
        yield begin, min(end, len(sizes))
        begin = end


def sample(store: Store, project_id: int, most: int, seed: int) -> tuple[pa.Table, int]:
    """id and text of at most so many records of the data set, drawn at random by the seed, in order; and how many there
    are. The same seed draws the same records as long as the data set has the same."""
    ids, whole = drawn(store, project_id, most, seed)
    table = store.arrow(
        f"SELECT id, text FROM {_RECORDS} AND {_ONLY} ORDER BY id", {"own": None, "project": project_id, "only": ids}
    )
    return table, whole


def drawn(store: Store, project_id: int, most: int, seed: int) -> tuple[list[int], int]:
    """The numbers of the records of a `sample`, in order, and how many the data set has."""
    ids = store.arrow(f"SELECT id FROM {_RECORDS} ORDER BY id", {"own": None, "project": project_id})["id"].to_numpy()
    chosen = ids if len(ids) <= most else np.sort(np.random.default_rng(seed).choice(ids, most, replace=False))
    return chosen.tolist(), len(ids)
