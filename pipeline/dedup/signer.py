"""From Arrow columns of texts to shingles and signatures, on all processors. Pure: nothing is kept between calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dedup import kernels_text as kernels
from pipeline.dedup.bands import MOST, permutations
from pipeline.dedup.kernels_text import PADDING
from pipeline.dedup.shingles import Shingle

Array = NDArray[Any]

BLOCK = 1024  # texts that a thread takes at a time
UNITS = {"word": kernels.WORDS, "char": kernels.CHARACTERS, "auto": kernels.BY_SCRIPT}


@dataclass(frozen=True, slots=True)
class Cut:
    """The shingles of texts, 64 bits each, repeats included: text i has counts[i] of them, from starts[i] on."""

    shingles: Array
    starts: Array
    counts: Array


class Signer:
    """Cuts and signs texts by one kind of shingle, with threads of its own."""

    def __init__(self, shingle: Shingle) -> None:
        self.shingle = shingle
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, "dedup")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def spread(self, work: Callable[[Any], Any], parts: Iterable[Any]) -> list[Any]:
        """Do `work` on each part, in threads; the results in the order of the parts."""
        return list(self._pool.map(work, parts))

    def sign(self, texts: pa.Array | pa.ChunkedArray) -> tuple[Cut, Array]:
        """The shingles of texts (an Arrow string column without nulls), and their minima: a row of MOST a text."""
        least = np.empty((len(texts), MOST), np.uint32)
        a, b = permutations(MOST)

        def work(data: Array, offsets: Array, first: int, shingles: Array, counts: Array) -> int:
            own = least[first : first + len(counts)]
            return int(kernels.sign(data, offsets, *self._unit, a, b, shingles, counts, own))

        return self._in_blocks(texts, work), least

    def cut(self, texts: pa.Array | pa.ChunkedArray) -> Cut:
        """The shingles alone."""

        def work(data: Array, offsets: Array, _: int, shingles: Array, counts: Array) -> int:
            return int(kernels.cut(data, offsets, *self._unit, shingles, counts))

        return self._in_blocks(texts, work)

    @property
    def _unit(self) -> tuple[int, int]:
        return UNITS[self.shingle.unit], self.shingle.n

    def _in_blocks(self, texts: pa.Array | pa.ChunkedArray, work: Callable[..., int]) -> Cut:
        data, offsets = self._bytes(texts)
        counts = np.empty(len(offsets) - 1, np.int64)
        places = np.arange(len(offsets))
        # No more shingles than this lie before text i; what is left over is memory that nobody ever touches.
        rooms = (offsets - offsets[0]) // (2 if self.shingle.unit == "word" else 1) + places
        shingles = np.empty(int(rooms[-1]), np.uint64)
        starts = np.empty(len(counts), np.int64)

        def block(first: int) -> None:
            own = slice(first, min(first + BLOCK, len(counts)))
            begin = int(rooms[first])
            work(data, offsets[first : own.stop + 1], first, shingles[begin : int(rooms[own.stop])], counts[own])
            starts[own] = begin + np.cumsum(counts[own]) - counts[own]

        self.spread(block, range(0, len(counts), BLOCK))
        return Cut(shingles, starts, counts)

    def _bytes(self, texts: pa.Array | pa.ChunkedArray) -> tuple[Array, Array]:
        """The lower-cased texts as one run of UTF-8 with offsets (but for ASCII letters, which the kernels lower)."""
        data, offsets = _run(texts)
        lowered = np.empty(len(offsets) - 1, np.bool_)

        def look(first: int) -> None:
            kernels.to_lower(data, offsets[first : first + BLOCK + 1], _changes(), lowered[first : first + BLOCK])

        self.spread(look, range(0, len(lowered), BLOCK))
        if not lowered.any():
            return data, offsets
        which = pa.array(lowered)
        column = pa.chunked_array(texts) if isinstance(texts, pa.Array) else texts
        changed = pa.array([text.lower() for text in column.filter(which).to_pylist()], pa.large_string())
        return _run(pc.replace_with_mask(column.cast(pa.large_string()).combine_chunks(), which, changed))


def _run(texts: pa.Array | pa.ChunkedArray) -> tuple[Array, Array]:
    """Texts as one run of bytes, a multiple of eight with PADDING at its end, and the place of each in it."""
    chunks = [one.cast(pa.large_string()) for one in (texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts])]
    views = [_view(chunk) for chunk in chunks]
    sizes = [int(offsets[-1] - offsets[0]) for _, offsets in views]
    data = np.zeros((sum(sizes) + PADDING + 7) // 8 * 8, np.uint8)
    places, at = [np.zeros(1, np.int64)], 0
    for (bytes_, offsets), size in zip(views, sizes, strict=True):
        data[at : at + size] = bytes_[offsets[0] : offsets[-1]]
        places.append(offsets[1:] - offsets[0] + at)
        at += size
    return data, np.concatenate(places)


def _view(column: pa.LargeStringArray) -> tuple[Array, Array]:
    _, offsets, data = column.buffers()
    at = np.frombuffer(offsets, np.int64) if offsets else np.zeros(1, np.int64)
    at = at[column.offset : column.offset + len(column) + 1]
    return (np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)), at


_CHANGES: list[Array] = []


def _changes() -> Array:
    """For each code point whether str.lower changes it (final sigma hangs on its neighbours, and is changed itself)."""
    if not _CHANGES:
        found = [point for point in range(0x110000) if chr(point).lower() != chr(point)]
        table = np.zeros(found[-1] + 1, np.bool_)
        table[found] = True
        _CHANGES.append(table)
    return _CHANGES[0]
