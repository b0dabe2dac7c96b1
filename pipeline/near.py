"""The records of a project as the near-duplicate engine wants them: named by how they read now, signed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
import psutil
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup.bands import Bands, choose
from pipeline.dedup.contain import Containment
from pipeline.dedup.cuts import Cut, Cuts, picked
from pipeline.dedup.engine import Search
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signatures import Signatures
from pipeline.dedup.signer import Signed, Signer
from pipeline.store import Store, readings

Array = NDArray[Any]
T = TypeVar("T")
R = TypeVar("R")
Report = Callable[[int], None]  # called with the number of texts that are signed; may raise to stop the work

READ = 8192  # records read and signed at a time: few enough to stay near the processor
# Bytes of shingles kept from the signing for the comparing; others are cut once more.
ROOM = psutil.virtual_memory().total // 12


class Texts:
    """The records that a search looks at, by number 0..n-1 in import order: `ids`, and `edits` (readings.now)."""

    def __init__(self, store: Store, project_id: int, shingle: Shingle, also: Sequence[int] = ()) -> None:
        """`also` are dropped records that are looked at all the same."""
        self._store = store
        folder = None if store.path == ":memory:" else store.folder / "signatures"
        self._signatures = Signatures(folder, project_id, shingle)
        self._cuts = Cuts(ROOM)
        self.signer = Signer(shingle)
        self.ids, self.edits, self._marks = readings.now(store, project_id, np.array(also, np.int64))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.signer.__exit__()

    def sign(self, threshold: float, report: Report = lambda _: None) -> int:
        """Sign what is not signed yet, and have keys of all for a search at this threshold; returns how many texts
        were signed. What is signed stays so if this is stopped."""
        self._threshold, bands = threshold, choose(threshold)
        with self._signatures.alone(lambda: report(0)):
            placed = self._signatures.place(bands, self.signer.spread, self.ids, self._marks)
            self._rows, self._whole, self._counts = placed
            missing = np.flatnonzero(self._rows < 0)
            done = len(self.ids) - len(missing)
            report(done)
            for which, signed in self._ahead(missing, bands):
                first = self._signatures.sign(bands, self.ids[which], self._marks[which], signed)
                self._rows[which] = first + np.arange(len(which))
                self._whole[which], self._counts[which] = signed.whole, signed.counts
                self._cuts.keep(which, signed.cuts)
                done += len(which)
                report(done)
            self._keys, self._least = self._signatures.keys(bands), self._signatures.numbers()
        return len(missing)

    def _ahead(self, which: Array, bands: Bands) -> Iterator[tuple[Array, Signed]]:
        """These texts signed, a batch at a time; meanwhile the next one is being signed, and that behind it read."""
        batches = [which[start : start + READ] for start in range(0, len(which), READ)]
        read = ahead(lambda batch: (batch, self.read(batch)), batches)
        return ahead(lambda one: (one[0], self.signer.sign(one[1], bands)), read)

    def search(self, fresh: Array | None = None, waiting: Callable[[], None] = lambda: None) -> Search:
        """A search among all of them as they were signed; `fresh` as in Search, `waiting` is called now and then while
        texts are read once more, and may raise."""
        rows = np.where(self._counts > 0, self._rows, -1)
        cut = partial(self._cut, waiting=waiting)
        return Search(self._keys, self._least, rows, self._whole, self._threshold, cut, self.signer, fresh)

    def inside(self, threshold: float, fresh: Array | None = None) -> Containment:
        """A search for short ones inside long ones; `fresh` as there. They need not be signed."""
        return Containment(len(self.ids), threshold, self._cut, self.signer, fresh)

    def read(self, which: Array) -> pa.ChunkedArray:
        """The texts of these numbers (ascending), in order."""
        return readings.texts(self._store, self.ids[which], self.edits[which])

    def _cut(self, which: Array, waiting: Callable[[], None] = lambda: None) -> Cut:
        """The shingles of texts by ascending number: those that were kept, and the others read and cut once more."""
        kept, cut = self._cuts.take(which)
        if len(kept) == len(which):
            return cut
        rest = np.setdiff1d(which, kept, assume_unique=True)
        cuts = [cut]
        for texts in ahead(self.read, [rest[start : start + READ] for start in range(0, len(rest), READ)]):
            waiting()
            cuts.append(self.signer.cut(texts))
        together = picked([(one, np.arange(len(one.counts))) for one in cuts])
        order = np.argsort(np.concatenate([kept, rest]), kind="stable")
        return Cut(together.shingles, together.starts[order], together.counts[order])


def ahead(work: Callable[[T], R], parts: Iterable[T]) -> Iterator[R]:
    """What `work` makes of each part, in order, one more being made while one is used."""
    with ThreadPoolExecutor(1, "ahead") as thread:
        begun: list[Future[R]] = []
        for part in parts:
            begun.append(thread.submit(work, part))
            if len(begun) > 1:
                yield begun.pop(0).result()
        for one in begun:
            yield one.result()
