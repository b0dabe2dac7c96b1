"""Which vectors point the same way: every pair at or over a cosine, by blocked matrix products. Exact: none is missed.

The products are made in float32 and only choose what to look at; a reported cosine is computed in float64 and rounded
to six decimals, so neither the blocks nor the order of the vectors change it. Equal vectors are collapsed to one before
anything is compared. Memory: two blocks of vectors, one block of products, and the pairs, of which there is a most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup import kernels_pairs as kernels
from pipeline.dedup.engine import Found
from pipeline.domain import WorkbenchError

Array = NDArray[Any]
Progress = Callable[[float], None]  # called with the share that is done, 0 to 1; may raise to stop the work

BLOCK = 2048  # vectors on each side of one product: 16 MiB of products
VERIFIED = 16_384  # pairs whose cosine is computed at a time
SLACK = 1e-4  # by more than this no float32 product of unit vectors is wrong
DECIMALS = 6
MOST = 5_000_000  # pairs of different vectors; more is no list that anybody reads
ALL_PAIRS = 10_000_000  # listed pairs in all; beyond it, copies are listed with the first only
_MIXED = np.uint64(0x9E3779B97F4A7C15)


class TooManyPairs(WorkbenchError):
    """So many vectors are alike at this threshold that the list would be of no use."""


class Cosine:
    """One search among texts 0..n-1, each with one vector or none."""

    def __init__(self, vectors: Array, rows: Array, threshold: float) -> None:
        """vectors: shape (m, d), float16 or float32, of any length; rows[t]: which of them is text t's, -1 for a text
        without one. A vector of zeros points nowhere: nothing is near it."""
        self._vectors, self._rows, self._threshold = vectors, rows, threshold
        self._norms = np.zeros(len(rows))
        for at in _slices(len(rows), BLOCK):
            self._norms[at] = np.sqrt(np.einsum("ij,ij->i", *[self._wide(np.arange(len(rows))[at])] * 2))
        self._norms[rows < 0] = 0
        self._first = self._firsts()

    def found(self, progress: Progress = lambda _: None) -> Found:
        """All pairs at or over the threshold; `jaccard` holds their cosine, and the roots are those of chains of pairs.
        Raises TooManyPairs."""
        progress(0.0)
        whole = np.flatnonzero(self._norms > 0)
        leads = whole[self._first[whole] == whole]
        parts: list[tuple[Array, Array, Array]] = []
        count = 0
        for share, x, y in self._met(leads):
            for at in _slices(len(x), VERIFIED):
                cosine = self.similarities(x[at], y[at])
                near = cosine >= self._threshold
                parts.append((x[at][near], y[at][near], cosine[near]))
                count += int(near.sum())
            if count > MOST:
                raise TooManyPairs(
                    f"At the threshold {self._threshold:g} more than {MOST} pairs of records are alike. Raise it."
                )
            progress(share)
        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        x, y, cosine = (np.concatenate(column) for column in zip(empty, *parts, strict=True))
        return self._expanded(x, y, cosine)

    def similarities(self, x: Array, y: Array) -> Array:
        """The cosine of pairs of texts, to six decimals; 0 where one of them has no vector."""
        found = np.zeros(len(x))
        for at in _slices(len(x), VERIFIED):
            lengths = self._norms[x[at]] * self._norms[y[at]]
            product = np.einsum("ij,ij->i", self._wide(x[at]), self._wide(y[at]))
            found[at] = np.divide(product, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return np.clip(np.round(found, DECIMALS), -1, 1)

    def _met(self, leads: Array) -> Iterator[tuple[float, Array, Array]]:
        """Block by block: the share that is done, and the pairs that may be near enough."""
        blocks = _slices(len(leads), BLOCK)
        done, every = 0, len(blocks) * (len(blocks) + 1) / 2
        for i, rows in enumerate(blocks):
            mine = self._units(leads[rows])
            for other in blocks[i:]:
                product = mine @ (mine if other == rows else self._units(leads[other])).T
                x, y = np.nonzero(product >= self._threshold - SLACK)
                x, y = x + rows.start, y + other.start
                done += 1
                yield done / every, leads[x[x < y]], leads[y[x < y]]

    def _units(self, texts: Array) -> Array:
        lengths = self._norms[texts][:, None]
        return np.asarray(self._vectors[self._rows[texts]] / lengths, np.float32)

    def _wide(self, texts: Array) -> Array:
        return np.asarray(self._vectors[self._rows[texts]], np.float64)

    def _firsts(self) -> Array:
        """For each text the first one with the very same vector."""
        prints = np.arange(len(self._rows), dtype=np.uint64)
        mix = np.arange(1, self._vectors.shape[1] + 1, dtype=np.uint64) * _MIXED
        own = np.flatnonzero(self._norms > 0)
        for at in _slices(len(own), BLOCK):
            bits = np.ascontiguousarray(self._vectors[self._rows[own[at]]], np.float32).view(np.uint32)
            prints[own[at]] = (bits.astype(np.uint64) * mix).sum(axis=1) * _MIXED
        first = np.arange(len(self._rows))
        order = own[np.argsort(prints[own], kind="stable")]
        leads = np.ones(len(order), np.bool_)
        leads[1:] = prints[order][1:] != prints[order][:-1]
        if len(order):
            first[order] = order[leads][np.cumsum(leads) - 1]
        copies = np.flatnonzero(first != np.arange(len(first)))
        for at in _slices(len(copies), BLOCK):
            which = copies[at]
            same = (self._vectors[self._rows[which]] == self._vectors[self._rows[first[which]]]).all(axis=1)
            first[which[~same]] = which[~same]  # a print that deceived
        return first

    def _expanded(self, x: Array, y: Array, cosine: Array) -> Found:
        """Pairs of texts from pairs of vectors, the copies of one vector among themselves included."""
        copies = np.argsort(self._first, kind="stable")
        sizes = np.bincount(self._first, minlength=len(self._first))
        starts = np.cumsum(sizes) - sizes
        repeated = np.flatnonzero(sizes > 1)
        x, y = np.concatenate([x, repeated]), np.concatenate([y, repeated])
        cosine = np.concatenate([cosine, np.ones(len(repeated))])
        itself = x == y
        every = np.where(itself, sizes[x] * (sizes[x] - 1) // 2, sizes[x] * sizes[y])
        linked = np.where(itself, sizes[x] - 1, sizes[x] + sizes[y] - 1)
        full = np.full(len(x), bool(every.sum() <= ALL_PAIRS)) | (every == linked)
        listed = int(np.where(full, every, linked).sum())
        out = np.empty(listed, np.int64), np.empty(listed, np.int64), np.empty(listed, np.float64)
        kernels.expand(x, y, cosine, full, copies, starts, sizes, *out)
        order = np.lexsort((out[1], out[0]))
        roots = np.arange(len(self._rows))
        kernels.join(roots, out[0], out[1])
        return Found(out[0][order], out[1][order], out[2][order], roots, int(every.sum()) - listed, 0)


def stars(found: Found, merits: Array) -> Array:
    """The family of each text, named by its keeper: whoever has the most merit (of equals the first) takes all that are
    near it and free, then the next one. So a family is no chain: each member has a pair with its keeper."""
    roots = np.arange(len(merits))
    ends, others = np.concatenate([found.x, found.y]), np.concatenate([found.y, found.x])
    others = others[np.argsort(ends, kind="stable")]
    edges = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=len(merits)))])
    free = np.ones(len(merits), np.bool_)
    linked = np.flatnonzero(np.diff(edges))
    for lead in linked[np.lexsort((linked, -merits[linked].astype(np.float64)))]:
        if free[lead]:
            taken = others[edges[lead] : edges[lead + 1]]
            taken = taken[free[taken]]
            roots[taken] = lead
            free[taken] = free[lead] = False
    return roots


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
