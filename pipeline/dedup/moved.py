"""What a search would find at a higher threshold than its own, told from the pairs that it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.kernels import compiled
from pipeline.dedup.kernels_pairs import join

Array = NDArray[Any]
Pairs = tuple[Array, Array, Array]  # x, y: records by number; and their Jaccard index


@dataclass(frozen=True, slots=True)
class Outlook:
    """Numbers for each threshold; these ascend from the search's own by hundredths to 1.

    between: the listed pairs at or over this threshold and under the next one. pairs, families, dropped: what a search
    at this threshold finds and how many records it drops; records: how many are in its families.
    """

    thresholds: Array
    between: Array
    pairs: Array
    families: Array
    records: Array
    dropped: Array

    def at(self, threshold: float) -> int:
        """The place of the nearest threshold."""
        return int(np.abs(self.thresholds - threshold).argmin())


def steps(own: float) -> Array:
    """The search's own threshold, then each hundredth over it, to 1: each the double nearest to its decimals."""
    return np.array([own, *(k / 100 for k in range(1, 101) if k / 100 > own + 1e-9)])


def outlook(own: float, listed: Pairs, known: Pairs, merits: Array, spared: Array, *, elided: bool = False) -> Outlook:
    """What the search would have found at each of its steps.

    listed: the pairs that the search lists, all at or over `own`. known: such pairs that make families too but are not
    counted. merits[r]: of a family the record with the most stays, of equals the first; what is itself similar enough
    to that one is dropped. spared: records that must be looked at first; a family with one of them loses none. elided:
    not all pairs of copies are listed, so they are counted by the copies.
    """
    at = steps(own)
    place = _ranked(merits)
    x, y = (place[np.concatenate([listed[side], known[side]])] for side in (0, 1))
    step = np.searchsorted(at, np.concatenate([listed[2], known[2]]), side="right").astype(np.uint8) - np.uint8(1)
    between = np.bincount(step[: len(listed[0])], minlength=len(at))
    order = np.argsort(step, kind="stable")
    x, y = x[order], y[order]
    edges = np.concatenate([[0], np.cumsum(np.bincount(step, minlength=len(at)))])
    # Records that share all with one another have one and the same set, and from here on one number.
    sets = np.arange(len(place), dtype=np.int32)
    join(sets, x[edges[-2] :], y[edges[-2] :])
    x, y, copies = sets[x], sets[y], np.bincount(sets, minlength=len(place))
    odd = np.zeros(len(place), np.bool_)
    odd[sets[place[spared]]] = True
    numbers = _by_step(x, y, edges, copies, odd)
    pairs = _by_copies(x, y, edges, copies) if elided else between[::-1].cumsum()[::-1]
    return Outlook(at, between, pairs, *numbers)


def outlook_inside(own: float, shares: Array, keeper: Array, near: Array, spared: Array) -> Outlook:
    """The same for texts inside others, where a family is one long text and what is inside that: of each record the one
    that its family keeps, and how much of it that one has (of the kept one itself 1). shares: of the listed pairs.

    A record that its keeper no longer holds enough of counts as free, though another long text may hold it.
    """
    at = steps(own)
    member = np.arange(len(keeper)) != keeper
    between = np.bincount(np.searchsorted(at, shares, side="right") - 1, minlength=len(at))
    inside = [member & (near >= step) for step in at]
    others = np.array([int(which.sum()) for which in inside])
    free = ~np.isin(keeper, keeper[spared])
    dropped = np.array([int((which & free).sum()) for which in inside])
    found = np.array([len(np.unique(keeper[which])) for which in inside])
    return Outlook(at, between, between[::-1].cumsum()[::-1], found, found + others, dropped)


def _ranked(merits: Array) -> Array:
    """A new number for each record, by its merit: so the least number of a family is the record that stays."""
    place = np.empty(len(merits), np.int32)
    place[np.lexsort((np.arange(len(merits)), -merits.astype(np.float64)))] = np.arange(len(merits), dtype=np.int32)
    return place


def _by_step(x: Array, y: Array, edges: Array, copies: Array, odd: Array) -> Array:
    """Rows of families, records, dropped. From the highest threshold down, each step adds its pairs to the families."""
    roots = np.arange(len(copies), dtype=np.int32)
    seen = np.zeros(len(copies), np.int32)
    near_x, near_y = x[:0], y[:0]
    found = np.zeros((3, len(edges) - 1), np.int64)
    for k in range(len(edges) - 2, -1, -1):
        new_x, new_y = (side[edges[k] : edges[k + 1]] for side in (x, y))
        apart = new_x != new_y
        new_x, new_y = new_x[apart], new_y[apart]
        join(roots, new_x, new_y)
        near_x, near_y = stars(roots, np.concatenate([near_x, new_x]), np.concatenate([near_y, new_y]))
        found[:, k] = counted(roots, copies, odd, near_y, seen, k + 1)
    return found


def _by_copies(x: Array, y: Array, edges: Array, copies: Array) -> Array:
    """How many pairs of records there are at or over each step, also those that are not listed one by one."""
    step = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
    packed = (np.minimum(x, y).astype(np.int64) << 32) | np.maximum(x, y)
    _, once = np.unique(packed, return_index=True)
    once = once[x[once] != y[once]]
    made = copies[x[once]] * copies[y[once]]
    sums = np.bincount(step[once], weights=made, minlength=len(edges) - 1).astype(np.int64)
    sums[-1] += int((copies * (copies - 1) // 2).sum())
    return sums[::-1].cumsum()[::-1]


@compiled
def stars(roots: Array, xs: Array, ys: Array) -> tuple[Array, Array]:
    """Of the pairs those with the record that stays, which comes first. Who is not the one is never it again, at lower
    thresholds: the other pairs need not be looked at any more."""
    hub, other = np.empty_like(xs), np.empty_like(ys)
    kept = 0
    for k in range(len(xs)):
        x, y = xs[k], ys[k]
        if roots[x] == x:
            hub[kept], other[kept] = x, y
            kept += 1
        elif roots[y] == y:
            hub[kept], other[kept] = y, x
            kept += 1
    return hub[:kept], other[:kept]


@compiled
def counted(roots: Array, copies: Array, odd: Array, near: Array, seen: Array, mark: int) -> tuple[int, int, int]:
    """How many families, records in them, and records dropped: `near` are sets that are similar to the one that stays
    (perhaps named twice: `seen` is marked)."""
    sizes, whole = np.zeros(len(roots), np.int64), np.zeros(len(roots), np.bool_)
    for i in range(len(roots)):
        sizes[roots[i]] += copies[i]
        whole[roots[i]] |= odd[i]
    families = records = dropped = 0
    for i in range(len(roots)):
        if sizes[i] > 1:
            families += 1
            records += sizes[i]
            dropped += 0 if whole[i] else copies[i] - 1
    for y in near:
        if seen[y] != mark and not whole[roots[y]]:
            seen[y] = mark
            dropped += copies[y]
    return families, records, dropped
