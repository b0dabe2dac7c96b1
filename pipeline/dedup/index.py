"""Near-duplicates among texts that are in memory: sign them as they come, then search once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup.bands import MOST, SEAL, choose
from pipeline.dedup.cuts import Cuts
from pipeline.dedup.engine import Found, Progress, Search
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signed, Signer

Array = NDArray[Any]


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
        self._cuts.keep(np.arange(self._size, self._size + len(texts)), signed.cuts)
        self._signed.append(replace(signed, cuts=[]))
        self._size += len(texts)

    def found(self, progress: Progress = lambda _: None, fresh: Array | None = None) -> Found:
        """All pairs of the added texts at or over the threshold, and the families that they make; only pairs with a
        fresh text if `fresh` says of each text whether it is."""
        counts, whole = (
            np.concatenate([np.empty(0, np.int64), *(getattr(signed, name) for signed in self._signed)])
            for name in ("counts", "whole")
        )
        keys = np.empty((self._size, SEAL + self._bands.bands), np.uint32)
        least = np.empty((self._size, MOST), np.uint16)
        at = 0
        for signed in self._signed:
            own = slice(at, at + len(signed.keys))
            keys[own, SEAL:], least[own] = signed.keys, signed.least
            at = own.stop
        rows = np.where(counts > 0, np.arange(len(counts)), -1)
        self._search = Search(
            keys, least, rows, whole, self.threshold, lambda which: self._cuts.take(which)[1], self._signer, fresh
        )  # fmt: skip
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
