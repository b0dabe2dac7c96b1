"""Near-duplicate texts: compare those that share a band, keep the pairs that really are that similar.

Every reported similarity is the exact Jaccard index of the two sets of shingles; MinHash only decides what to compare,
and misses a pair right at the threshold about once in 300. Texts with one and the same set are collapsed to one before
anything is compared, and no bucket costs the square of its size beyond LARGE_BUCKET texts.

What is known of a text is a key for each band of its minima (pipeline.dedup.signer). Only of texts that share a bucket
with another one are the shingles asked for: memory grows with the duplicates, and by 150 bytes with every other text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup import buckets as in_bands
from pipeline.dedup import kernels_pairs as kernels
from pipeline.dedup.bands import SEAL, equal_at_least
from pipeline.dedup.cuts import Cut
from pipeline.dedup.rows import frozen, wholes
from pipeline.dedup.signer import Signer
from pipeline.dedup.unmet import unmet

Array = NDArray[Any]
Progress = Callable[[float], None]  # called with the share that is done, 0 to 1; may raise to stop the work
Cutter = Callable[[Array], Cut]  # the shingles of texts, asked for by ascending numbers

BLOCK = 4096  # texts a thread takes at a time
LARGE_BUCKET = 1000  # texts in one bucket that are still all compared with each other
COMPLETED = 32  # families of up to so many different texts have all their pairs compared, not only those that met
ALL_COPIES = 2000  # identical texts of which every pair is listed; beyond it, each only with the first
ALL_PAIRS = 10_000_000  # listed pairs in all; beyond it, copies are listed with the first only
COMPARED = 1 << 20  # pairs of small families that are compared at a time
MAP = 16  # numbers of 64 bits that are the map of a set (kernels_pairs.apart)
FILTER_BITS = 1 << 17  # of the filter for one band, at least: so few that all lie near the processor


@dataclass(frozen=True, slots=True)
class Found:
    """What is alike among texts 0..n-1: pairs x[i] < y[i] with their Jaccard index, and the family of each text.

    roots[t] is the first text of t's family (t itself when it is alone). `elided` counts pairs among copies that are
    true but not listed (ALL_COPIES, ALL_PAIRS); `cut` counts buckets over LARGE_BUCKET, where pairs may be missed, and
    `missing` says how many pairs these may be, at most.
    """

    x: Array
    y: Array
    jaccard: Array
    roots: Array
    elided: int
    cut: int
    missing: int = 0


class Search:
    """One search among texts 0..n-1, of which the keys are known.

    keys: a row of SEAL numbers and then a key for each band, those of the threshold (bands.choose); least: a row of all
    minima; rows[t]: which row is text t's, -1 for a text without any shingle; whole[t]: the hash of its minima.
    fresh: the texts of which pairs are wanted, each with any text; all of them if it is None.
    """

    def __init__(
        self, keys: Array, least: Array, rows: Array, whole: Array, threshold: float, cut: Cutter, signer: Signer,
        fresh: Array | None = None,
    ) -> None:  # fmt: skip
        self.threshold = threshold
        self._cut, self._spread, self._size = cut, signer.spread, len(rows)
        keys, self._least = frozen(keys), frozen(least)
        # Inside, texts are numbered by their place in _texts: those that may meet another one, in order.
        self._texts = np.flatnonzero(rows >= 0)
        self._fresh = np.ones(len(self._texts), np.bool_) if fresh is None else fresh[self._texts]
        if fresh is not None:
            near = self._near(keys, rows[self._texts])
            self._texts, self._fresh = self._texts[near], self._fresh[near]
        self._signed, self._whole = (keys, rows[self._texts]), whole[self._texts]
        self._first = np.arange(len(self._texts))
        self._starts, self._counts = np.zeros(len(self._texts), np.int64), np.zeros(len(self._texts), np.int64)
        self._shingles, self._keys = np.zeros(0, np.uint64), np.zeros((0, 0), np.uint32)

    def found(self, progress: Progress = lambda _: None) -> Found:
        """All pairs at or over the threshold with a fresh text in them, and the families that they make."""
        progress(0.05)
        kinds, leads = self._kinds()
        near = self._fresh.copy()
        near[leads[kinds[self._fresh]]] = True  # who stands for a fresh text is as good as fresh
        by_band = self._turned(*self._signed)
        buckets = self._buckets(by_band, np.sort(leads), near)
        progress(0.15)
        asked = self._likely(buckets, near)
        alike = np.flatnonzero((np.bincount(kinds, minlength=1) > 1)[kinds] & (asked | near)[leads[kinds]])
        asked[alike] = True
        self._take(np.flatnonzero(asked))
        buckets = [in_bands.among(asked, *bucket) for bucket in buckets]
        progress(0.3)
        if self._collapse(alike):
            near[self._first[near]] = True
            # What shares a bucket with one of them shares it with the first of its kind, and was asked for.
            firsts = np.flatnonzero(asked & (self._first == np.arange(len(self._first))))
            buckets = self._buckets(by_band, firsts, near)
        x, y, jaccard, cut = self._compare(buckets, progress)
        roots = np.arange(len(self._first))
        kernels.join(roots, x.astype(np.int64), y.astype(np.int64))
        x, y, jaccard = self._complete(roots, x, y, jaccard)
        missing = unmet(buckets, LARGE_BUCKET, self._first, self._fresh, x, y) if cut else 0
        progress(0.95)
        every = np.ones(len(self._first), np.bool_)
        x, y, jaccard, elided = expanded(self._first, every, x, y, jaccard)
        wanted = self._fresh[x] | self._fresh[y]
        whose = np.arange(self._size)
        whose[self._texts] = self._texts[roots[self._first]]
        return Found(self._texts[x[wanted]], self._texts[y[wanted]], jaccard[wanted], whose, elided, cut, missing)

    def similarities(self, x: Array, y: Array) -> Array:
        """The exact Jaccard index of pairs of texts that are in families (after `found`)."""
        own, other = (self._first[np.searchsorted(self._texts, side)] for side in (x, y))
        return kernels.similarities(self._shingles, self._starts, self._counts, own, other)

    def _near(self, keys: Array, rows: Array) -> Array:
        """The fresh texts and those that share a bucket with one."""
        fresh = rows[self._fresh]
        size = FILTER_BITS
        while size < 64 * len(fresh):
            size *= 2
        table = np.zeros((keys.shape[1] - SEAL, size // 64), np.uint64)
        kernels.note_keys(keys, SEAL, fresh, table)
        noted = np.sort(self._turned(keys, fresh), axis=1)
        near = np.empty(len(rows), np.bool_)
        self._in_blocks(len(near), lambda at: kernels.meeting(keys, SEAL, rows[at], table, noted, near[at]))
        return near

    def _turned(self, keys: Array, rows: Array) -> Array:
        """The keys of these rows, a row for each band."""
        turned = np.empty((keys.shape[1] - SEAL, len(rows)), np.uint32)
        self._in_blocks(len(rows), lambda at: kernels.by_band(keys, SEAL, rows[at], turned[:, at]))
        return turned

    def _kinds(self) -> tuple[Array, Array]:
        """Of which kind the minima of each text are, by number, and the first text of each kind."""
        order = np.argsort(self._whole, kind="stable")
        first = np.ones(len(order), np.bool_)
        first[1:] = self._whole[order[1:]] != self._whole[order[:-1]]
        kinds = np.empty(len(order), np.int64)
        kinds[order] = np.cumsum(first) - 1
        return kinds, order[first]

    def _buckets(self, by_band: Array, among: Array, near: Array) -> list[tuple[Array, Array]]:
        """For each band the texts that share a bucket which one of `near` is in."""
        wanted = None if near.all() else near
        return self._spread(lambda keys: in_bands.buckets_of(keys[among], among, wanted), by_band)

    def _likely(self, buckets: list[tuple[Array, Array]], near: Array) -> Array:
        """Which texts may be alike to one that they share a bucket with, one of the two `near`, by all their minima."""
        rows, met, asked = self._signed[1], np.zeros(len(near), np.bool_), np.zeros(len(near), np.bool_)
        for members, _ in buckets:
            met[members] = True
        own, sound = np.flatnonzero(met), np.zeros(len(near), np.bool_)
        self._in_blocks(len(own), lambda at: np.put(
            sound, own[at], wholes(self._least[rows[own[at]]]) == self._whole[own[at]]))  # fmt: skip
        equal = equal_at_least(self.threshold)

        def note(bucket: tuple[Array, Array]) -> None:
            members, edges = bucket
            kernels.note_likely(members, edges, self._least, rows, sound, near, LARGE_BUCKET, equal, asked)

        self._spread(note, buckets)
        return asked

    def _take(self, which: Array) -> None:
        """Ask for the shingles of these texts, and make sets of them."""
        cut = self._cut(self._texts[which])
        self._shingles = cut.shingles
        self._counts[which] = cut.counts
        self._starts[which] = cut.starts
        self._prints, self._maps = np.zeros(len(self._texts), np.uint64), np.empty((len(self._texts), MAP), np.uint64)
        keys, rows = self._signed
        # Those of one text lie together here, and are changed; of texts that nobody asked for they are not filled in.
        self._keys = np.empty((len(self._texts), keys.shape[1] - SEAL), np.uint32)
        self._in_blocks(len(which), lambda at: kernels.by_text(keys, SEAL, rows[which[at]], which[at], self._keys))
        texts = (self._shingles, self._starts, self._counts)
        self._in_blocks(len(which), lambda at: kernels.make_set(*texts, which[at], self._prints))
        self._in_blocks(len(which), lambda at: kernels.make_maps(*texts, which[at], self._maps))

    def _collapse(self, alike: Array) -> bool:
        """Let the first text of each set of shingles stand for all with that set; `alike` are the texts whose minima
        are those of another one. Returns whether the minima have deceived: whether some of these sets differ."""
        whole, prints, counts = self._whole[alike], self._prints[alike], self._counts[alike]
        order = np.lexsort((alike, counts, prints, whole))
        alike, parts = alike[order], np.stack([whole, prints, counts.astype(np.uint64)])[:, order]
        leads = np.ones(len(alike), np.bool_)
        leads[1:] = (parts[:, 1:] != parts[:, :-1]).any(axis=0)
        if len(alike):
            self._first[alike] = alike[leads][np.cumsum(leads) - 1]
        return int(leads.sum()) != len(np.unique(parts[0]))

    def _compare(self, buckets: list[tuple[Array, Array]], progress: Progress) -> tuple[Array, Array, Array, int]:
        fresh = self._fresh.copy()
        fresh[self._first[self._fresh]] = True  # who stands for a fresh text is as good as fresh
        texts = (self._shingles, self._starts, self._counts, self._maps)
        parts = [(np.empty(0, np.uint32), np.empty(0, np.uint32), np.empty(0, np.float64))]
        cut = 0

        def verify(share: tuple[int, Array, Array]) -> tuple[Array, Array, Array, int]:
            band, members, edges = share
            return kernels.verify(members, edges, band, self._keys, *texts, float(self.threshold), LARGE_BUCKET, fresh)

        for bands in in_bands.apart(buckets, LARGE_BUCKET):
            shares = [(band, *share) for band in bands for share in in_bands.shares(*buckets[band], LARGE_BUCKET)]
            for *pairs, large in self._spread(verify, shares):
                parts.append((pairs[0], pairs[1], pairs[2]))
                cut += large
            progress(0.3 + 0.6 * (bands[-1] + 1) / len(buckets))
        x, y, jaccard = (np.concatenate(column) for column in zip(*parts, strict=True))
        if cut:  # a pair may have been met in several large buckets
            _, once = np.unique(_packed(x, y), return_index=True)
            x, y, jaccard = x[once], y[once], jaccard[once]
        return x, y, jaccard, cut

    def _complete(self, roots: Array, x: Array, y: Array, jaccard: Array) -> tuple[Array, Array, Array]:
        """Compare also the pairs of a small family that never shared a band: nearly all that MinHash missed."""
        members = np.unique(np.concatenate([x, y])).astype(np.int64)
        members = members[np.argsort(roots[members], kind="stable")]
        sizes = np.bincount(roots[members], minlength=1)[roots[members]]
        known = np.sort(_packed(x, y))
        parts = [(x.astype(np.int64), y.astype(np.int64), jaccard)]
        for size in range(3, COMPLETED + 1):
            own = members[sizes == size].reshape(-1, size)
            one, other = np.triu_indices(size, 1)
            for at in range(0, len(own), COMPARED // len(one)):
                rows = own[at : at + COMPARED // len(one)]
                parts.append(self._unmet(rows[:, one].ravel(), rows[:, other].ravel(), known))
        more_x, more_y, more = (np.concatenate(column) for column in zip(*parts, strict=True))
        return more_x, more_y, more

    def _unmet(self, x: Array, y: Array, known: Array) -> tuple[Array, Array, Array]:
        """Of these pairs those that are not known (packed, ascending) and alike, with their Jaccard index."""
        packed = _packed(x, y)
        at = np.minimum(np.searchsorted(known, packed), len(known) - 1)
        x, y = x[known[at] != packed], y[known[at] != packed]
        index = kernels.similarities(self._shingles, self._starts, self._counts, x, y)
        near = index >= self.threshold
        return x[near], y[near], index[near]

    def _in_blocks(self, size: int, work: Callable[[slice], None]) -> None:
        self._spread(work, [slice(start, start + BLOCK) for start in range(0, size, BLOCK)])


def expanded(first: Array, whether: Array, x: Array, y: Array, share: Array) -> tuple[Array, Array, Array, int]:
    """Pairs of texts from pairs of sets, the copies of one set among themselves included where `whether` says so; and
    how many pairs of copies are true but not listed (ALL_COPIES, ALL_PAIRS)."""
    copies = np.argsort(first, kind="stable")
    sizes = np.bincount(first, minlength=len(first))
    starts = np.cumsum(sizes) - sizes
    repeated = np.flatnonzero((sizes > 1) & whether)
    x, y = np.concatenate([x, repeated]), np.concatenate([y, repeated])
    share = np.concatenate([share, np.ones(len(repeated))])
    itself = x == y
    every = np.where(itself, sizes[x] * (sizes[x] - 1) // 2, sizes[x] * sizes[y])
    linked = np.where(itself, sizes[x] - 1, sizes[x] + sizes[y] - 1)
    small_first = np.argsort(every, kind="stable")
    within = np.empty(len(x), np.bool_)
    within[small_first] = np.cumsum(every[small_first]) <= ALL_PAIRS
    full = (within | (every == linked)) & (every <= ALL_COPIES * (ALL_COPIES - 1) // 2)
    listed = np.where(full, every, linked)
    out = (np.empty(int(listed.sum()), kind) for kind in (np.int64, np.int64, np.float64))
    out_x, out_y, out_share = out
    kernels.expand(x, y, share, full, copies, starts, sizes, out_x, out_y, out_share)
    order = np.lexsort((out_y, out_x))
    return out_x[order], out_y[order], out_share[order], int((every - listed).sum())


def _packed(x: Array, y: Array) -> Array:
    """One number a pair, whichever way round it is."""
    return (np.minimum(x, y).astype(np.uint64) << np.uint64(32)) | np.maximum(x, y).astype(np.uint64)
