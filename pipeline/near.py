"""The records of a project as the near-duplicate engine wants them: named by how they read now, signed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup.contain import Containment
from pipeline.dedup.engine import Search
from pipeline.dedup.index import Cuts, picked
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signatures import Signatures, place
from pipeline.dedup.signer import Cut, Signer
from pipeline.store import Store, readings

Array = NDArray[Any]
Report = Callable[[int], None]  # called with the number of texts that are signed; may raise to stop the work

READ = 32_768  # records read and signed at a time
ROOM = 1 << 30  # bytes of shingles kept from the signing for the comparing; others are cut once more


class Texts:
    """The records that a search looks at, by number 0..n-1 in import order: `ids`, and `edits` (readings.now)."""

    def __init__(self, store: Store, project_id: int, shingle: Shingle, also: Sequence[int] = ()) -> None:
        """`also` are dropped records that are looked at all the same."""
        self._store = store
        folder = None if store.path == ":memory:" else store.folder / "signatures"
        self._signatures = Signatures(folder, project_id, shingle)
        self._cuts = Cuts(ROOM)
        self.signer = Signer(shingle)
        self.ids, self.edits = readings.now(store, project_id, np.array(also, np.int64))
        self._marks = readings.marks(store, self.ids, self.edits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.signer.__exit__()

    def sign(self, report: Report = lambda _: None) -> int:
        """Sign what is not signed yet; returns how many texts that were. What is signed stays so if this is stopped."""
        with self._signatures.alone(lambda: report(0)):
            missing = np.flatnonzero(place(*self._signatures.rows(), self.ids, self._marks) < 0)
            report(len(self.ids) - len(missing))
            done = len(self.ids) - len(missing)
            for which, texts in self._read_ahead(missing):
                cut, least = self.signer.sign(texts)
                self._signatures.append(self.ids[which], self._marks[which], cut.counts, least)
                self._cuts.keep(which, cut)
                done += len(which)
                report(done)
        return len(missing)

    def _read_ahead(self, which: Array) -> Iterator[tuple[Array, pa.ChunkedArray]]:
        """Texts a batch at a time; the next batch is read while one is worked on."""
        batches = [which[start : start + READ] for start in range(0, len(which), READ)]
        with ThreadPoolExecutor(1, "reader") as reader:
            ahead = [reader.submit(self.read, batch) for batch in batches[:1]]
            for batch, following in zip(batches, [*batches[1:], None], strict=False):
                texts = ahead.pop().result()
                if following is not None:
                    ahead.append(reader.submit(self.read, following))
                yield batch, texts

    def search(self, threshold: float, fresh: Array | None = None) -> Search:
        """A search among all of them; `fresh` as in Search. They must be signed."""
        names, least = self._signatures.rows()
        rows = place(names, least, self.ids, self._marks)
        if len(rows) and rows.min() < 0:
            raise RuntimeError("a text is not signed")
        rows[names["count"][rows] == 0] = -1
        return Search(least, rows, threshold, self._cut, self.signer, fresh)

    def inside(self, threshold: float, fresh: Array | None = None) -> Containment:
        """A search for short ones inside long ones; `fresh` as there. They need not be signed."""
        return Containment(len(self.ids), threshold, self._cut, self.signer, fresh)

    def read(self, which: Array) -> pa.ChunkedArray:
        """The texts of these numbers (ascending), in order."""
        return readings.texts(self._store, self.ids[which], self.edits[which])

    def _cut(self, which: Array) -> Cut:
        """The shingles of texts by ascending number: those that were kept, and the others read and cut once more."""
        kept, cut = self._cuts.take(which)
        if len(kept) == len(which) and (kept == which).all():
            return cut
        rest = np.setdiff1d(which, kept, assume_unique=True)
        cuts = [cut, *(self.signer.cut(self.read(rest[i : i + READ])) for i in range(0, len(rest), READ))]
        together = picked([(one, np.arange(len(one.counts))) for one in cuts])
        return picked([(together, np.argsort(np.concatenate([kept, rest]), kind="stable"))])
