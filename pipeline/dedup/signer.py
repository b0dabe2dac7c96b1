"""From Arrow columns of texts to shingles and signatures, on all processors. Pure: nothing is kept between calls."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dedup import kernels_text as kernels
from pipeline.dedup.bands import MOST, Bands, odd_numbers, permutations
from pipeline.dedup.cuts import Cut
from pipeline.dedup.kernels_text import PADDING
from pipeline.dedup.rows import frozen
from pipeline.dedup.shingles import Shingle

Array = NDArray[Any]

BLOCK = 1024  # texts that a thread takes at a time
UNITS = {"word": kernels.WORDS, "char": kernels.CHARACTERS, "auto": kernels.BY_SCRIPT}


@dataclass(frozen=True, slots=True)
class Signed:
    """Texts that are signed: their shingles in parts, in order; of each how many it has, a row of MOST minima
    (their low 16 bits: what they differ in), a row of one key for each band, and one hash of all the minima."""

    cuts: list[Cut]
    counts: Array
    least: Array
    keys: Array
    whole: Array


class Signer:
    """Cuts and signs texts by one kind of shingle, with threads of its own."""

    def __init__(self, shingle: Shingle) -> None:
        self.shingle = shingle
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, "dedup")
        self._own = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def spread(self, work: Callable[[Any], Any], parts: Iterable[Any]) -> list[Any]:
        """Do `work` on each part, in threads; the results in the order of the parts."""
        return list(self._pool.map(work, parts))

    def sign(self, texts: pa.Array | pa.ChunkedArray, bands: Bands) -> Signed:
        """Sign texts (an Arrow string column without nulls)."""
        size, (a, b) = len(texts), permutations(MOST)
        counts, whole = np.empty(size, np.int64), np.empty(size, np.uint64)
        least, keys = np.empty((size, MOST), np.uint16), np.empty((size, bands.bands), np.uint32)

        def block(part: tuple[int, pa.Array]) -> Cut:
            data, offsets = self._lowered(part[1])
            own = slice(part[0], part[0] + len(part[1]))
            shingles = self._room("shingles", self._most(len(data), len(part[1])), np.uint64)
            made = kernels.sign(data, offsets, *self._unit, a, b, shingles, counts[own], least[own])
            kernels.band_keys(frozen(least[own]), bands.rows, keys[own])
            kernels.totals(frozen(least[own]), 0, odd_numbers(MOST), whole[own])
            return Cut(shingles[:made].copy(), np.cumsum(counts[own]) - counts[own], counts[own])

        return Signed(self.spread(block, _blocks(texts)), counts, least, keys, whole)

    def cut(self, texts: pa.Array | pa.ChunkedArray) -> Cut:
        """The shingles of texts (an Arrow string column without nulls)."""
        counts = np.empty(len(texts), np.int64)

        def block(part: tuple[int, pa.Array]) -> Array:
            data, offsets = self._lowered(part[1])
            own = counts[part[0] : part[0] + len(part[1])]
            shingles = self._room("shingles", self._most(len(data), len(part[1])), np.uint64)
            return shingles[: kernels.cut(data, offsets, *self._unit, shingles, own)].copy()

        parts = self.spread(block, _blocks(texts))
        return Cut(np.concatenate([np.zeros(0, np.uint64), *parts]), np.cumsum(counts) - counts, counts)

    def _most(self, size: int, texts: int) -> int:
        """How many shingles so many bytes of texts have at most."""
        return (size // 2 if self.shingle.unit == "word" else size) + texts

    def _room(self, name: str, size: int, kind: Any) -> Array:
        """Room to work in, of this thread's own, until it asks for it again: what is new is slow to touch."""
        room: Array | None = getattr(self._own, name, None)
        if room is None or len(room) < size:
            room = np.empty(2 * size, kind)
            setattr(self._own, name, room)
        return room[:size]

    @property
    def _unit(self) -> tuple[int, int]:
        return UNITS[self.shingle.unit], self.shingle.n

    def _lowered(self, texts: pa.Array) -> tuple[Array, Array]:
        """The lower-cased texts as one run of UTF-8 with offsets (but for ASCII letters, which the kernels lower), in
        this thread's room."""
        data, offsets = self._run(texts)
        changed = np.empty(len(texts), np.bool_)
        kernels.to_lower(data, offsets, _changes(), changed)
        if not changed.any():
            return data, offsets
        which = pa.array(changed)
        lower = pa.array([text.lower() for text in texts.filter(which).to_pylist()], pa.large_string())
        return self._run(pc.replace_with_mask(texts.cast(pa.large_string()), which, lower))

    def _run(self, texts: pa.Array) -> tuple[Array, Array]:
        """Texts as one run of bytes with PADDING at its end, and the place of each in it."""
        bytes_, at = _view(texts)
        begin, end = int(at[0]), int(at[-1])
        data = self._room("bytes", end - begin + PADDING, np.uint8)
        data[: end - begin] = bytes_[begin:end]
        data[end - begin :] = 0
        return data, at - begin


def _blocks(texts: pa.Array | pa.ChunkedArray) -> Iterator[tuple[int, pa.Array]]:
    """Parts of a column, each with the number of its first text."""
    first = 0
    for chunk in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        for at in range(0, len(chunk), BLOCK):
            yield first + at, chunk.slice(at, BLOCK)
        first += len(chunk)


def _view(texts: pa.Array) -> tuple[Array, Array]:
    """The bytes of a column, and where its texts begin and end in them."""
    if texts.type not in (pa.string(), pa.large_string()):
        texts = texts.cast(pa.large_string())
    _, offsets, data = texts.buffers()
    kind = np.int64 if texts.type == pa.large_string() else np.int32
    at = np.frombuffer(offsets, kind) if offsets else np.zeros(1, kind)
    at = at[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
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
