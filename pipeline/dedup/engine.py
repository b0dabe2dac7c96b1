"""Near-duplicate texts: sign every text, compare those that share a band, keep the pairs that really are that similar.

Every reported similarity is the exact Jaccard index of the two sets of shingles; MinHash only decides what to compare,
and misses a pair right at the threshold about once in 300. Texts with one and the same set are collapsed to
one before anything is compared, and no bucket costs the square of its size beyond LARGE_BUCKET texts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dedup import kernels
from pipeline.dedup.bands import Bands, choose, permutations
from pipeline.dedup.shingles import Shingle

Array = NDArray[Any]
Progress = Callable[[float], None]  # called with the share that is done, 0 to 1; may raise to stop the work

BLOCK = 2048  # texts a thread signs at a time
LARGE_BUCKET = 1000  # texts in one bucket that are still all compared with each other
COMPLETED = 32  # families of up to so many different texts have all their pairs compared, not only those that met
ALL_COPIES = 2000  # identical texts of which every pair is listed; beyond it, each only with the first
ALL_PAIRS = 10_000_000  # listed pairs in all; beyond it, copies are listed with the first only


@dataclass(frozen=True, slots=True)
class Found:
    """What is alike among texts 0..n-1: pairs x[i] < y[i] with their Jaccard index, and the family of each text.

    roots[t] is the first text of t's family (t itself when it is alone). `elided` counts pairs among copies that are
    true but not listed (ALL_COPIES, ALL_PAIRS); `cut` counts buckets over LARGE_BUCKET, where pairs may be missed.
    """

    x: Array
    y: Array
    jaccard: Array
    roots: Array
    elided: int
    cut: int


class Index:
    """Signatures of texts. `add` them in batches, then ask once for what is `found`."""

    def __init__(self, shingle: Shingle, threshold: float) -> None:
        self.shingle = shingle
        self.threshold = threshold
        self.bands: Bands = choose(threshold)
        self._signed: list[tuple[Array, Array, Array, Array]] = []
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, "dedup")
        self._shingles = self._starts = self._counts = self._first = np.zeros(0, np.int64)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, texts: pa.Array | pa.ChunkedArray) -> None:
        """Sign a batch of texts (an Arrow string column without nulls); they are numbered on from the last batch."""
        data, offsets = _bytes(texts)
        blocks = [(i, min(i + BLOCK, len(offsets) - 1)) for i in range(0, len(offsets) - 1, BLOCK)]
        self._signed.extend(self._pool.map(lambda block: self._sign(data, offsets[block[0] : block[1] + 1]), blocks))

    def found(self, progress: Progress = lambda _: None) -> Found:
        """All pairs of the added texts at or over the threshold, and the families that they make."""
        if not self._signed:
            none = np.zeros(0, np.int64)
            return Found(none, none, none.astype(np.float64), none, 0, 0)
        shingles, counts, keys, whole = (np.concatenate(parts) for parts in zip(*self._signed, strict=True))
        self._signed.clear()
        self._shingles, self._counts = shingles, counts
        self._starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
        self._first = self._collapse(whole)
        progress(0.1)
        x, y, jaccard, cut = self._compare(keys, progress)
        roots = self._families(x, y)
        x, y, jaccard = self._complete(roots, x, y, jaccard)
        progress(0.95)
        x, y, jaccard, elided = self._expand(x, y, jaccard)
        return Found(x, y, jaccard, roots[self._first], elided, cut)

    def similarities(self, x: Array, y: Array) -> Array:
        """The exact Jaccard index of pairs of texts that are in families (after `found`)."""
        return kernels.similarities(self._shingles, self._starts, self._counts, self._first[x], self._first[y])

    def _sign(self, data: Array, offsets: Array) -> tuple[Array, Array, Array, Array]:
        count, a_and_b = len(offsets) - 1, permutations(self.bands.permutations)
        unit = kernels.WORDS if self.shingle.unit == "word" else kernels.CHARACTERS
        size = int(offsets[-1] - offsets[0])
        room = size // 2 + count if unit == kernels.WORDS else size
        shingles, counts = np.empty(room, np.uint64), np.empty(count, np.int64)
        keys, whole = np.empty((count, self.bands.bands), np.uint32), np.empty(count, np.uint64)
        made = kernels.sign(
            data, offsets, unit, self.shingle.n, *a_and_b, self.bands.rows, shingles, counts, keys, whole
        )
        return shingles[:made].copy(), counts, keys, whole

    def _collapse(self, whole: Array) -> Array:
        """The first text with the same set of shingles, for each text. Texts without any stay by themselves."""
        first = np.arange(len(whole))
        present = np.flatnonzero(self._counts)
        order = present[np.argsort(whole[present], kind="stable")]
        alike = order[_repeated(whole[order])]
        if len(alike):
            prints = self._make_sets(alike)
            alike = alike[np.lexsort((alike, self._counts[alike], prints[alike], whole[alike]))]
            parts = np.stack([whole[alike], prints[alike], self._counts[alike].astype(np.uint64)])
            leads = np.concatenate([[True], (parts[:, 1:] != parts[:, :-1]).any(axis=0)])
            first[alike] = alike[leads][np.cumsum(leads) - 1]
        return first

    def _make_sets(self, which: Array) -> Array:
        prints = np.zeros(len(self._counts), np.uint64)
        self._spread(
            lambda part: kernels.make_set(self._shingles, self._starts, self._counts, part, prints),
            np.array_split(which, max(1, len(which) // BLOCK)),
        )
        return prints

    def _compare(self, keys: Array, progress: Progress) -> tuple[Array, Array, Array, int]:
        live = np.flatnonzero((self._counts > 0) & (self._first == np.arange(len(self._first))))
        buckets = [_buckets(keys[live, band], live) for band in range(self.bands.bands)]
        candidate = np.zeros(len(keys), np.bool_)
        for members, _ in buckets:
            candidate[members] = True
        self._make_sets(np.flatnonzero(candidate))
        progress(0.2)
        parts: list[tuple[Array, Array, Array]] = []
        cut = 0
        for band, (members, edges) in enumerate(buckets):
            for *pairs, large in self._verify(members, edges, band, keys):
                parts.append((pairs[0], pairs[1], pairs[2]))
                cut += large
            progress(0.2 + 0.7 * (band + 1) / len(buckets))
        x, y, jaccard = (np.concatenate(column) for column in zip(*parts, strict=True))
        if cut:  # a pair may have been met in several large buckets
            _, once = np.unique(_packed(x, y), return_index=True)
            x, y, jaccard = x[once], y[once], jaccard[once]
        return x, y, jaccard, cut

    def _verify(self, members: Array, edges: Array, band: int, keys: Array) -> list[tuple[Array, Array, Array, int]]:
        work = np.cumsum(np.minimum(np.diff(edges), LARGE_BUCKET) * np.diff(edges))
        shares = 1 if not len(work) else int(min(64, 1 + work[-1] // 20_000))
        bounds = np.searchsorted(work, np.linspace(0, work[-1] if len(work) else 0, shares + 1)[1:-1])
        cuts = [0, *bounds.tolist(), len(edges) - 1]

        def compare(share: tuple[int, int]) -> tuple[Array, Array, Array, int]:
            texts = (self._shingles, self._starts, self._counts)
            return kernels.verify(members, edges, *share, band, keys, *texts, float(self.threshold), LARGE_BUCKET)

        return self._spread(compare, pairwise(cuts))

    def _families(self, x: Array, y: Array) -> Array:
        roots = np.arange(len(self._first))
        kernels.join(roots, x.astype(np.int64), y.astype(np.int64))
        return roots

    def _complete(self, roots: Array, x: Array, y: Array, jaccard: Array) -> tuple[Array, Array, Array]:
        """Compare also the pairs of a small family that never shared a band: nearly all that MinHash missed."""
        members = np.unique(np.concatenate([x, y])).astype(np.int64)
        members = members[np.argsort(roots[members], kind="stable")]
        sizes = np.bincount(roots[members], minlength=1)
        wanted = members[(sizes[roots[members]] > 2) & (sizes[roots[members]] <= COMPLETED)]
        starts = np.flatnonzero(np.concatenate([[True], np.diff(roots[wanted]) != 0])) if len(wanted) else wanted
        more_x, more_y = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        lengths = np.diff(np.append(starts, len(wanted)))
        for size in np.unique(lengths):
            rows = wanted[starts[lengths == size][:, None] + np.arange(size)]
            one, other = np.triu_indices(size, 1)
            more_x.append(rows[:, one].ravel())
            more_y.append(rows[:, other].ravel())
        new_x, new_y = np.concatenate(more_x), np.concatenate(more_y)
        unmet = ~np.isin(_packed(new_x, new_y), _packed(x, y))
        new_x, new_y = new_x[unmet], new_y[unmet]
        index = kernels.similarities(self._shingles, self._starts, self._counts, new_x, new_y)
        near = index >= self.threshold
        return (
            np.concatenate([x.astype(np.int64), new_x[near]]),
            np.concatenate([y.astype(np.int64), new_y[near]]),
            np.concatenate([jaccard, index[near]]),
        )

    def _expand(self, x: Array, y: Array, jaccard: Array) -> tuple[Array, Array, Array, int]:
        """Pairs of texts from pairs of sets, the copies of one set among themselves included."""
        copies = np.argsort(self._first, kind="stable")
        sizes = np.bincount(self._first, minlength=len(self._first))
        starts = np.concatenate([[0], np.cumsum(sizes)])[:-1]
        repeated = np.flatnonzero(sizes > 1)
        x, y = np.concatenate([x, repeated]), np.concatenate([y, repeated])
        jaccard = np.concatenate([jaccard, np.ones(len(repeated))])
        itself = x == y
        every = np.where(itself, sizes[x] * (sizes[x] - 1) // 2, sizes[x] * sizes[y])
        linked = np.where(itself, sizes[x] - 1, sizes[x] + sizes[y] - 1)
        small_first = np.argsort(every, kind="stable")
        within = np.empty(len(x), np.bool_)
        within[small_first] = np.cumsum(every[small_first]) <= ALL_PAIRS
        full = (within | (every == linked)) & (every <= ALL_COPIES * (ALL_COPIES - 1) // 2)
        listed = int(np.where(full, every, linked).sum())
        out = np.empty(listed, np.int64), np.empty(listed, np.int64), np.empty(listed, np.float64)
        kernels.expand(x, y, jaccard, full, copies, starts, sizes, *out)
        order = np.lexsort((out[1], out[0]))
        return out[0][order], out[1][order], out[2][order], int((every - np.where(full, every, linked)).sum())

    def _spread(self, work: Callable[[Any], Any], parts: Iterable[Any]) -> list[Any]:
        return list(self._pool.map(work, parts))


def find(texts: Iterable[str], threshold: float, shingle: str = "word:5") -> Found:
    """All near-duplicates among the texts, in one call."""
    with Index(Shingle.parse(shingle), threshold) as index:
        index.add(pa.array(list(texts), pa.large_string()))
        return index.found()


def _packed(x: Array, y: Array) -> Array:
    """One number a pair, whichever way round it is."""
    return (np.minimum(x, y).astype(np.uint64) << np.uint64(32)) | np.maximum(x, y).astype(np.uint64)


def _repeated(ordered: Array) -> Array:
    """Where a sorted array holds a value that it holds more than once."""
    found = np.zeros(len(ordered), np.bool_)
    same = ordered[1:] == ordered[:-1]
    found[1:] |= same
    found[:-1] |= same
    return found


def _buckets(keys: Array, live: Array) -> tuple[Array, Array]:
    """The texts that share a key with another: members, and edges so that bucket r is members[edges[r]:edges[r+1]]."""
    packed = (keys.astype(np.uint64) << np.uint64(32)) | live.astype(np.uint64)
    packed.sort()
    key = packed >> np.uint64(32)
    shared = _repeated(key)
    members, key = (packed[shared] & np.uint64(0xFFFFFFFF)).astype(np.int64), key[shared]
    edges = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    return members, np.append(edges, len(members))


def _bytes(texts: pa.Array | pa.ChunkedArray) -> tuple[Array, Array]:
    """The lower-cased texts as one run of UTF-8 with offsets (but for ASCII letters, which the kernels lower)."""
    chunks = texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]
    column = pa.concat_arrays([pa.array([], pa.large_string()), *(chunk.cast(pa.large_string()) for chunk in chunks)])
    data, offsets = _views(column)
    lowered = np.empty(len(column), np.bool_)
    kernels.to_lower(data, offsets, _changes(), lowered)
    if lowered.any():
        which = pa.array(lowered)
        changed = pa.array([text.lower() for text in column.filter(which).to_pylist()], pa.large_string())
        data, offsets = _views(pc.replace_with_mask(column, which, changed))
    return data, offsets


def _views(column: pa.LargeStringArray) -> tuple[Array, Array]:
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
