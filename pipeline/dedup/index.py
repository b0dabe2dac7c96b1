"""Near-duplicates among texts that are in memory: sign them as they come, then search once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup.bands import choose
from pipeline.dedup.engine import SEAL, Found, Progress, Search
from pipeline.dedup.kernels_pairs import gather
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Cut, Signed, Signer

Array = NDArray[Any]


class Cuts:
    """The shingles of texts that were signed, while there is room for them."""

    def __init__(self, room: float = float("inf")) -> None:
        """`room` in bytes: what comes when it is used up is forgotten."""
        self._room = room
        self._kept: list[tuple[Array, Cut]] = []

    def keep(self, texts: Array, cut: Cut) -> None:
        """`texts` are the numbers of the texts that were cut, ascending."""
        self._room -= 8 * int(cut.counts.sum())
        if self._room >= 0:
            self._kept.append((texts, cut))

    def take(self, which: Array) -> tuple[Array, Cut]:
        """The shingles of those of the texts (ascending) that were kept, and which these are, as they were kept."""
        found, parts = [np.zeros(0, np.int64)], []
        for texts, cut in self._kept:
            at = np.searchsorted(texts, which)
            at[at == len(texts)] = 0
            own = at[texts[at] == which] if len(texts) else at[:0]
            found.append(texts[own])
            parts.append((cut, own))
        return np.concatenate(found), picked(parts)


def picked(parts: list[tuple[Cut, Array]]) -> Cut:
    """The shingles of chosen texts of several cuts, close together, in that order."""
    counts = np.concatenate([np.zeros(0, np.int64), *(cut.counts[own] for cut, own in parts)])
    starts = np.cumsum(counts) - counts
    shingles = np.empty(int(counts.sum()), np.uint64)
    at = 0
    for cut, own in parts:
        gather(cut.shingles, cut.starts[own], cut.counts[own], shingles[at:])
        at += int(cut.counts[own].sum())
    return Cut(shingles, starts, counts)


class Index:
    """Signatures of texts. `add` them in batches, then ask once for what is `found`."""

    def __init__(self, shingle: Shingle, threshold: float) -> None:
        self.threshold = threshold
        self._bands = choose(threshold)
        self._signer = Signer(shingle)
        self._signed: list[Signed] = []
        self._cuts = Cuts()
        self._size = 0
        self._search: Search | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._signer.__exit__()

    def add(self, texts: pa.Array | pa.ChunkedArray) -> None:
        """Sign a batch of texts (an Arrow string column without nulls); they are numbered on from the last batch."""
        signed = self._signer.sign(texts, self._bands)
        self._cuts.keep(np.arange(self._size, self._size + len(texts)), signed.cut)
        self._signed.append(replace(signed, least=signed.least[:0]))
        self._size += len(texts)

    def found(self, progress: Progress = lambda _: None, fresh: Array | None = None) -> Found:
        """All pairs of the added texts at or over the threshold, and the families that they make; only pairs with a
        fresh text if `fresh` says of each text whether it is."""
        keys = np.empty((self._size, SEAL + self._bands.bands), np.uint32)
        whole, counts = np.empty(self._size, np.uint64), np.empty(self._size, np.int64)
        at = 0
        for signed in self._signed:
            own = slice(at, at + len(signed.whole))
            keys[own, SEAL:], whole[own], counts[own] = signed.keys, signed.whole, signed.cut.counts
            at = own.stop
        rows = np.where(counts > 0, np.arange(self._size), -1)
        cut = lambda which: self._cuts.take(which)[1]  # noqa: E731
        self._search = Search(keys, rows, whole, self.threshold, cut, self._signer, fresh)
        return self._search.found(progress)

    def similarities(self, x: Array, y: Array) -> Array:
        """The exact Jaccard index of pairs of texts that are in families (after `found`)."""
        if self._search is None:
            raise RuntimeError("nothing was searched for yet")
        return self._search.similarities(x, y)


def find(texts: Iterable[str], threshold: float, shingle: str = "word:5") -> Found:
    """All near-duplicates among the texts, in one call."""
    with Index(Shingle.parse(shingle), threshold) as index:
        index.add(pa.array(list(texts), pa.large_string()))
        return index.found()
