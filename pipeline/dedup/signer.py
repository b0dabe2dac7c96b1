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
from pipeline.dedup.bands import MOST, Bands, odd_numbers, permutations
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


@dataclass(frozen=True, slots=True)
class Signed:
    """Texts that are cut and signed: of each a row of MOST minima, a row of one key for each band, and one hash of all
    the minima."""

    cut: Cut
    least: Array
    keys: Array
    whole: Array


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

    def sign(self, texts: pa.Array | pa.ChunkedArray, bands: Bands) -> Signed:
        """Sign texts (an Arrow string column without nulls)."""
        least, keys = np.empty((len(texts), MOST), np.uint32), np.empty((len(texts), bands.bands), np.uint32)
        whole = np.empty(len(texts), np.uint64)
        a, b = permutations(MOST)

        def work(data: Array, offsets: Array, first: int, shingles: Array, counts: Array) -> int:
            own = slice(first, first + len(counts))
            made = kernels.sign(data, offsets, *self._unit, a, b, shingles, counts, least[own])
            kernels.band_keys(least[own], bands.rows, keys[own])
            kernels.totals(least[own], 0, odd_numbers(MOST), whole[own])
            return int(made)

        return Signed(self._in_blocks(texts, work), least, keys, whole)

    def cut(self, texts: pa.Array | pa.ChunkedArray) -> Cut:
        """The shingles alone."""

        def work(data: Array, offsets: Array, _: int, shingles: Array, counts: Array) -> int:
            return int(kernels.cut(data, offsets, *self._unit, shingles, counts))

        return self._in_blocks(texts, work)

    @property
    def _unit(self) -> tuple[int, int]:
        return UNITS[self.shingle.unit], self.shingle.n

    def _in_blocks(self, texts: pa.Array | pa.ChunkedArray, work: Callable[..., int]) -> Cut:
        chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
        blocks = [chunk.slice(at, BLOCK) for chunk in chunks for at in range(0, len(chunk), BLOCK)]
        first = np.cumsum([0, *map(len, blocks)])
        counts = np.empty(len(texts), np.int64)

        def one(i: int) -> Array:
            data, offsets = _lowered(blocks[i])
            most = (len(data) // 2 if self.shingle.unit == "word" else len(data)) + len(blocks[i])
            shingles = np.empty(most, np.uint64)
            made = work(data, offsets, int(first[i]), shingles, counts[first[i] : first[i + 1]])
            return shingles[:made].copy()  # the room is much larger

        parts = self.spread(one, range(len(blocks)))
        return Cut(np.concatenate([np.zeros(0, np.uint64), *parts]), np.cumsum(counts) - counts, counts)


def _lowered(texts: pa.Array) -> tuple[Array, Array]:
    """The lower-cased texts as one run of UTF-8 with offsets (but for ASCII letters, which the kernels lower)."""
    data, offsets = _run(texts)
    changed = np.empty(len(texts), np.bool_)
    kernels.to_lower(data, offsets, _changes(), changed)
    if not changed.any():
        return data, offsets
    which = pa.array(changed)
    lower = pa.array([text.lower() for text in texts.filter(which).to_pylist()], pa.large_string())
    return _run(pc.replace_with_mask(texts.cast(pa.large_string()), which, lower))


def _run(texts: pa.Array) -> tuple[Array, Array]:
    """Texts as one run of bytes with PADDING at its end, and the place of each in it."""
    bytes_, at = _view(texts)
    begin, end = int(at[0]), int(at[-1])
    data = np.empty(end - begin + PADDING, np.uint8)  # of its own: small enough to stay near the processor
    data[: end - begin] = bytes_[begin:end]
    data[end - begin :] = 0
    return data, at - begin


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
