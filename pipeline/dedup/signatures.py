"""Signatures on disk: what was signed once is not signed again.

A file beside the database, one for each project and kind of shingle. It is a cache: rows are only ever added, a row is
named by the text that it was made from, and whoever deletes the file loses nothing but time. A text is named by its
record and by a number for how it reads (readings.marks), `edit`; neither ever changes. A row that is not as it was
written is taken for none, whatever happened to the file.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import MOST
from pipeline.dedup.kernels_text import wholes
from pipeline.dedup.shingles import Shingle

Array = NDArray[Any]

FORM = 2  # of the hashes and of a row: another number, another file
NAME = np.dtype([("check", "<u8"), ("record", "<i8"), ("edit", "<i8"), ("count", "<i8")])
NAMED = ("record", "edit", "count")
# count: of shingles, repeats included; 0 for a text that has none
_CHECKED = np.uint64(0x9E3779B97F4A7C15)

_locks: dict[Path, threading.RLock] = {}
_locks_lock = threading.Lock()


class Rows:
    """One row of numbers a text, in a file. Safe between threads of one process."""

    def __init__(self, folder: Path | None, name: str, width: int, part: str) -> None:
        """`folder` is made when something is written; None keeps all in memory. A row is `width` numbers of uint32, in
        the file `name`.`part`."""
        self._folder, self._name, self._width, self._part = folder, name, width, part
        self._row = np.dtype(("<u4", (width,)))
        self._memory = np.empty(0, NAME), np.empty((0, width), np.uint32)
        with _locks_lock:
            fresh = threading.RLock()
            self._lock = fresh if folder is None else _locks.setdefault(folder / self._name, fresh)

    def rows(self) -> tuple[Array, Array]:
        """What each row is of (NAME), and its numbers, as they lie on disk. A torn last row is not among them."""
        if self._folder is None:
            return self._memory
        with self._lock:
            whole = min(self._whole("names", NAME), self._whole(self._part, self._row))
        if not whole:
            return np.empty(0, NAME), np.empty((0, self._width), np.uint32)
        numbers = self._folder / f"{self._name}.{self._part}"
        return (np.fromfile(self._folder / f"{self._name}.names", NAME, whole),
                np.memmap(numbers, np.uint32, "r", shape=(whole, self._width)))  # fmt: skip

    def append(self, records: Array, edits: Array, counts: Array, least: Array) -> None:
        """Add rows, one a text."""
        names = np.empty(len(records), NAME)
        names["record"], names["edit"], names["count"] = records, edits, counts
        names["check"] = _check(names, least)
        with self._lock:
            if self._folder is None:
                self._memory = np.concatenate([self._memory[0], names]), np.concatenate([self._memory[1], least])
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            whole = min(self._whole("names", NAME), self._whole(self._part, self._row))
            for part, kind, rows in ((self._part, self._row, least), ("names", NAME, names)):
                with (self._folder / f"{self._name}.{part}").open("ab") as file:
                    # The process that wrote last may have been killed.
                    os.truncate(file.fileno(), whole * kind.itemsize)
                    file.write(np.ascontiguousarray(rows).view(np.uint8).data)

    @contextmanager
    def alone(self, waiting: Callable[[], None]) -> Iterator[None]:
        """While it lasts nobody else adds rows, so that two searches at once do not sign the same texts twice.
        `waiting` is called now and then until it begins, and may raise."""
        while not self._lock.acquire(timeout=0.5):
            waiting()
        try:
            yield
        finally:
            self._lock.release()

    def _whole(self, part: str, kind: np.dtype[Any]) -> int:
        path = (self._folder or Path()) / f"{self._name}.{part}"
        return path.stat().st_size // kind.itemsize if path.exists() else 0


class Signatures(Rows):
    """The signatures of one project's texts by one kind of shingle: rows of minima."""

    def __init__(self, folder: Path | None, project_id: int, shingle: Shingle) -> None:
        super().__init__(folder, f"{project_id}-{shingle.unit}-{shingle.n}.{FORM}", MOST, "least")


def place(names: Array, least: Array, records: Array, edits: Array) -> Array:
    """Which row is that of each text; -1 for a text that has none. `records` ascend."""
    found = np.full(len(records), -1, np.int64)
    if not len(names) or not len(records):
        return found
    order = np.argsort(names["record"], kind="stable")
    named = names["record"][order]
    low, high = np.searchsorted(named, records, "left"), np.searchsorted(named, records, "right")
    for back in range(1, int((high - low).max()) + 1):  # the newest row first; nearly every record has one only
        open_ = np.flatnonzero((found < 0) & (high - back >= low))
        at = order[high[open_] - back]
        right = (names["edit"][at] == edits[open_]) & (names["check"][at] == _check(names[at], least, at))
        found[open_[right]] = at[right]
    return found


def _check(names: Array, least: Array, at: Array | None = None) -> Array:
    """Tells a row that was written whole from one of which the machine lost a part when it stopped: it hangs on every
    bit of the row."""
    least = np.asarray(least).view()
    least.flags.writeable = False  # whether a file or memory: the kernel is compiled for one kind of array
    at = np.arange(len(least)) if at is None else at
    whole = np.empty(len(at), np.uint64)
    wholes(least, at, whole)
    if least.shape[1] % 2:  # it takes numbers in twos
        whole ^= least[at, -1]
    parts = (names[name].astype(np.uint64) * _CHECKED >> np.uint64(i) for i, name in enumerate(NAMED))
    return np.asarray(functools.reduce(np.bitwise_xor, parts, whole ^ _CHECKED))
