"""Short texts inside long ones: exact, and none is missed.

How much of a text is in another one is the share of its shingles that the other one has too, told of the one with
fewer different shingles (of two with equally many, of the one with the set that came later). A text with fewer than
LEAST different shingles is left out: a greeting of a few words is in everything. Texts of one and the same set are in
each other, so copies are found here too. A shingle is cut from each text by itself: with auto:N, a Chinese text is not
found in one that is mostly English.

Nothing is left to chance. A text that holds enough of a short one has at least one of any few of its shingles
(kernels_contain.probes), so the short one is looked up by the few that are rarest. Texts are taken a block at a time:
sets over HELD bytes are cut again when they are needed, and short texts are looked for in groups of GROUP bytes, each
in one pass over all texts. Only a text that must be looked up by what more than COMMON texts have is compared with no
more than LIMIT texts for it; such texts are counted, not passed over in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup import kernels_contain as kernels
from pipeline.dedup import kernels_pairs
from pipeline.dedup.cuts import Cut, picked
from pipeline.dedup.engine import Cutter, Found, Progress, expanded
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signer

Array = NDArray[Any]

LEAST = 8  # different shingles that a text must have to be looked for in others
COMMON = 1000  # texts with one shingle that are still all compared for it
LIMIT = 2000  # texts that one text is compared with for what more than COMMON texts have
TEXTS = 32_768  # texts that are asked for at a time
SHARE = 256  # texts that a thread takes at a time
HELD = 1 << 30  # bytes of sets that are kept from the first pass for the later ones
GROUP = 1 << 28  # bytes of short texts' sets that are looked for in one pass
SLOTS = 1 << 27  # of the table that counts in how many texts a shingle is, at most: two bytes each


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInside(Found):
    """As Found, of short texts inside long ones: `jaccard` holds the share of the short one that is in the long one.

    x_inside: of each pair, whether x is the one that is inside; else it is y. A family is a text that stays and those
    that are inside it. cut: texts that are made of what very many have, and were compared with LIMIT others only.
    compared: how many pairs of sets were compared.
    """

    x_inside: Array
    compared: int


class Containment:
    """One search for short texts inside long ones, among texts 0..n-1.

    cut: asked for the shingles of texts by ascending numbers, several times if there are very many. fresh: the texts
    of which pairs are wanted, each with any text; all of them if it is None.
    """

    def __init__(
        self, size: int, threshold: float, cut: Cutter, signer: Signer, fresh: Array | None = None, least: int = LEAST
    ) -> None:
        self.threshold, self._cut, self._signer, self._least = float(threshold), cut, signer, max(1, least)
        self._fresh = np.ones(size, np.bool_) if fresh is None else fresh
        self.sizes = np.zeros(size, np.int64)  # different shingles of each text
        self._first = np.arange(size)  # the first text with the same set
        self._held: list[tuple[Array, Cut]] = []
        self._pairs = np.zeros(0, np.uint64), np.zeros(0, np.float64)

    def found(self, progress: Progress = lambda _: None) -> FoundInside:
        """All pairs at or over the threshold with a fresh text in them, and who stays: a text is in the family of the
        largest one that stays and holds enough of it."""
        total = self._read(lambda share: progress(0.6 * share))
        leads = np.flatnonzero((self._first == np.arange(len(self._first))) & (self.sizes >= self._least))
        fresh = self._fresh.copy()
        fresh[self._first[self._fresh]] = True  # who stands for a fresh text is as good as fresh
        table, shift = self._tally(leads, total)
        progress(0.65)
        inner, outer, share, compared, closed = self._look(leads, fresh, table, shift, progress)
        roots = self._roots(inner, outer)
        x, y = np.minimum(inner, outer), np.maximum(inner, outer)
        packed = _packed(x, y)
        order = np.argsort(packed)
        self._pairs = packed[order], share[order]
        progress(0.95)
        x, y, share, elided = expanded(self._first, self.sizes >= self._least, x, y, share)
        wanted = self._fresh[x] | self._fresh[y]
        x, y = x[wanted], y[wanted]
        inside = self.sizes[x] < self.sizes[y]
        inside |= (self.sizes[x] == self.sizes[y]) & (self._first[x] > self._first[y])
        return FoundInside(x, y, share[wanted], roots, elided, closed, x_inside=inside, compared=compared)

    def similarities(self, x: Array, y: Array) -> Array:
        """How much of the smaller one of each pair is in the other: of pairs that were found (after `found`)."""
        one, other = self._first[x], self._first[y]
        packed = _packed(np.minimum(one, other), np.maximum(one, other))
        out = np.ones(len(x), np.float64)
        apart = one != other
        out[apart] = self._pairs[1][np.searchsorted(self._pairs[0], packed[apart])]
        return out

    def _read(self, progress: Progress) -> int:
        """Cut all texts once: their sizes, and who stands for whom. Returns how many shingles there are in all."""
        prints, room, total = np.zeros(len(self.sizes), np.uint64), HELD, 0
        for start in range(0, len(self.sizes), TEXTS):
            numbers = np.arange(start, min(start + TEXTS, len(self.sizes)))
            cut = self._sets(numbers, prints)
            self.sizes[numbers] = cut.counts
            total += int(cut.counts.sum())
            room -= cut.shingles.nbytes
            if room >= 0:
                self._held.append((numbers, cut))
            progress(int(numbers[-1] + 1) / len(self.sizes))
        order = np.lexsort((np.arange(len(prints)), self.sizes, prints))
        leads = np.ones(len(order), np.bool_)
        leads[1:] = (np.diff(prints[order]) != 0) | (np.diff(self.sizes[order]) != 0)
        if len(order):
            self._first[order] = order[leads][np.cumsum(leads) - 1]
        few = self.sizes < self._least
        self._first[few] = np.flatnonzero(few)
        return total

    def _sets(self, numbers: Array, prints: Array | None = None) -> Cut:
        """The sets of shingles of texts, sorted."""
        cut = self._cut(numbers)
        own, every = np.empty(len(numbers), np.uint64), np.arange(len(numbers))
        shares = [every[start : start + SHARE] for start in range(0, len(every), SHARE)]
        self._signer.spread(
            lambda share: kernels_pairs.make_set(cut.shingles, cut.starts, cut.counts, share, own), shares
        )
        if prints is not None:
            prints[numbers] = own
        return cut

    def _blocks(self, leads: Array) -> Iterator[tuple[Array, Cut, Array]]:
        """The texts of which something is asked, a block at a time: their numbers, their sets, which of them."""
        held = int(self._held[-1][0][-1]) + 1 if self._held else 0
        for numbers, cut in self._held:
            yield numbers, cut, np.flatnonzero(np.isin(numbers, leads, assume_unique=True))
        rest = leads[np.searchsorted(leads, held) :]
        for start in range(0, len(rest), TEXTS):
            numbers = rest[start : start + TEXTS]
            yield numbers, self._sets(numbers), np.arange(len(numbers))

    def _tally(self, leads: Array, total: int) -> tuple[Array, int]:
        """In how many texts the shingles of each slot are (by the high bits of their hashes: 64 - shift of them)."""
        bits = int(np.clip(np.ceil(np.log2(2 * total + 2)), 10, np.log2(SLOTS)))
        table, shift, parts = np.zeros(1 << bits, np.uint16), 64 - bits, os.cpu_count() or 1
        for _, cut, which in self._blocks(leads):
            sets = cut.shingles, cut.starts, cut.counts
            self._signer.spread(partial(kernels.tally, *sets, which, table, shift, parts), range(parts))
        return table, shift

    def _look(self, leads: Array, fresh: Array, table: Array, shift: int, progress: Progress) -> tuple[Any, ...]:
        parts: list[tuple[Array, Array, Array]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
        compared = closed = 0
        for short in self._groups(leads, table, shift):
            done = 0
            for numbers, cut, which in self._blocks(leads):
                for start in range(0, len(which), 8 * SHARE):
                    chosen = which[start : start + 8 * SHARE]
                    compared += self._meet(short, numbers, cut, chosen, fresh, parts)
                done += len(which)
                progress(0.65 + 0.3 * done / len(leads))
            closed += int((short.through >= LIMIT).sum())
        inner, outer, share = (np.concatenate(column) for column in zip(*parts, strict=True))
        return inner, outer, share, compared, closed

    def _meet(self, short: Short, numbers: Array, cut: Cut, which: Array, fresh: Array, parts: list[Any]) -> int:
        """Look for the short texts in some of a block; what is found is added to parts."""
        closed = short.through >= LIMIT
        sets, texts = (cut.shingles, cut.starts, cut.counts), (numbers, fresh, self.threshold)
        made = self._signer.spread(
            partial(kernels.meet, *sets, *texts, *short.probes, short.shift, *short.sets, short.numbers, closed),
            [which[start : start + SHARE] for start in range(0, len(which), SHARE)],
        )
        for inner, outer, share, through, _ in made:
            parts.append((short.numbers[inner], outer, share))
            short.through += np.bincount(through, minlength=len(closed))
        if ((short.through >= LIMIT) & ~closed).any():
            short.forget()
        return sum(one[-1] for one in made)

    def _groups(self, leads: Array, table: Array, shift: int) -> Iterator[Short]:
        """The texts that may be in another one, as many together as there is room for."""
        parts: list[tuple[Array, Cut, Array, Array, Array]] = []
        room = GROUP
        for numbers, cut, which in self._blocks(leads):
            shares = [which[start : start + SHARE] for start in range(0, len(which), SHARE)]
            sets = cut.shingles, cut.starts, cut.counts
            made = self._signer.spread(partial(kernels.probes, *sets, table, shift, self.threshold, COMMON), shares)
            for share, (hashes, owners, often, each) in zip(shares, made, strict=True):
                own = share[each > 0]
                if not len(own):
                    continue
                sets_of = picked([(cut, own)])
                parts.append((numbers[own], sets_of, hashes, np.searchsorted(own, owners), often))
                room -= sets_of.shingles.nbytes + 24 * len(hashes)
                if room < 0:
                    yield Short(parts)
                    parts, room = [], GROUP
        if parts:
            yield Short(parts)

    def _roots(self, inner: Array, outer: Array) -> Array:
        """The first text of each text's family."""
        rank = np.empty(len(self.sizes), np.int64)
        rank[np.lexsort((np.arange(len(rank)), -self.sizes))] = np.arange(len(rank))
        order = np.lexsort((rank[outer], rank[inner]))
        roots = np.arange(len(rank))
        kernels.keepers(inner[order], outer[order], roots)
        roots = roots[self._first]
        news = np.bincount(roots, weights=self._fresh, minlength=len(roots))
        roots = np.where(news[roots] > 0, roots, np.arange(len(roots)))  # what is not new was judged before
        least = np.arange(len(roots))
        np.minimum.at(least, roots, np.arange(len(roots)))
        return least[roots]


class Short:
    """Texts that are looked for in others: `numbers`, their sets, and their probes sorted by hash."""

    def __init__(self, parts: list[tuple[Array, Cut, Array, Array, Array]]) -> None:
        """Each part: numbers, their sets, hashes of probes, whose (by the place in this part), whether common."""
        cuts = [cut for _, cut, *_ in parts]
        sets = picked([(cut, np.arange(len(cut.counts))) for cut in cuts])
        self.numbers = np.concatenate([numbers for numbers, *_ in parts])
        self.sets = sets.shingles, sets.starts, sets.counts
        self.through = np.zeros(len(self.numbers), np.int64)  # how many each was compared with for what is common
        before = np.cumsum([0, *(len(cut.counts) for cut in cuts)])
        hashes = np.concatenate([part[2] for part in parts])
        owners = np.concatenate([part[3] + at for part, at in zip(parts, before, strict=False)])
        order = np.argsort(hashes, kind="stable")
        self._arrange(hashes[order], owners[order], np.concatenate([part[4] for part in parts])[order])

    def forget(self) -> None:
        """Leave out the common probes of those that were compared often enough for them."""
        hashes, owners, often, _ = self.probes
        stay = ~often | (self.through[owners] < LIMIT)
        self._arrange(hashes[stay], owners[stay], often[stay])

    def _arrange(self, hashes: Array, owners: Array, often: Array) -> None:
        bits = max(1, int(4 * len(hashes)).bit_length())
        bounds = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
        directory = np.append(np.searchsorted(hashes, bounds), len(hashes))
        self.probes, self.shift = (hashes, owners, often, directory), 64 - bits


def _packed(x: Array, y: Array) -> Array:
    """One number a pair."""
    return (x.astype(np.uint64) << np.uint64(32)) | y.astype(np.uint64)


def find_inside(texts: Iterable[str], threshold: float, shingle: str = "word:5", least: int = LEAST) -> FoundInside:
    """All texts inside others, in one call."""
    column = pa.array(list(texts), pa.large_string())
    with Signer(Shingle.parse(shingle)) as signer:
        return Containment(
            len(column), threshold, lambda which: signer.cut(column.take(pa.array(which))), signer, least=least
        ).found()
