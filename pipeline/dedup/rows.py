"""Rows of numbers on disk, one a text: a cache, beside the database, of what costs much to make.

Rows are only ever added, a row is named by the text that it was made from, and whoever deletes a file loses nothing but
time. A text is named by its record and by a number for how it reads (readings.now), `edit`; neither ever changes. A row
that is not as it was written is taken for none, whatever happened to the file.
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

from pipeline.dedup.bands import odd_numbers
from pipeline.dedup.kernels_text import totals

Array = NDArray[Any]

NAMED = ("record", "edit", "count", "whole")
# count: of shingles, repeats included; 0 for a text that has none. whole: one hash of all the numbers of the row.
NAME = np.dtype([("check", "<u8"), ("record", "<i8"), ("edit", "<i8"), ("count", "<i8"), ("whole", "<u8")])
DENSE = 8  # numbers of records that span fewer than so many times their count are looked up in a table
_CHECKED, _MIXED = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)

_locks: dict[Path, threading.RLock] = {}
_locks_lock = threading.Lock()


class Rows:
    """One row of numbers a text, in a file. Safe between threads of one process."""

    def __init__(self, folder: Path | None, name: str, width: int, part: str) -> None:
        """`folder` is made when something is written; None keeps all in memory. A row is `width` numbers of 16 bits, in
        the file `name`.`part`."""
        self._folder, self._name, self._width, self._part = folder, name, width, part
        self._memory = np.empty(0, NAME), np.empty((0, width), np.uint16)
        with _locks_lock:
            fresh = threading.RLock()
            self._lock = fresh if folder is None else _locks.setdefault(folder / self._name, fresh)

    def rows(self) -> tuple[Array, Array, Array]:
        """What each row is of (NAME), its numbers as they lie on disk, and whether the name is as it was written. A
        torn last row is not among them."""
        names, numbers = self._memory if self._folder is None else self._on_disk()
        return names, numbers, names["check"] == _check(names)

    def numbers(self) -> Array:
        """The numbers of all rows, as they lie on disk."""
        if self._folder is None:
            return self._memory[1]
        with self._lock:
            return self._mapped(self._part, np.dtype((np.uint16, self._width)), self._count())

    def append(self, records: Array, edits: Array, counts: Array, numbers: Array, whole: Array | None = None) -> int:
        """Add rows, one a text; returns the place of the first. `whole`: `wholes` of the numbers, where it is known."""
        whole = wholes(numbers) if whole is None else whole
        names = np.empty(len(records), NAME)
        names["record"], names["edit"], names["count"], names["whole"] = records, edits, counts, whole
        names["check"] = _check(names)
        with self._lock:
            if self._folder is None:
                had, rows = self._memory
                self._memory = np.concatenate([had, names]), np.concatenate([rows, numbers])
                return len(had)
            first = self._count()
            self._add(self._part, 2 * self._width, first, numbers)
            self._add("names", NAME.itemsize, first, names)
            return first

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

    def _on_disk(self) -> tuple[Array, Array]:
        with self._lock:
            count = self._count()
            names = np.fromfile(self._file("names"), NAME, count) if count else np.empty(0, NAME)
            return names, self.numbers()

    def _mapped(self, part: str, row: np.dtype[Any], count: int) -> Array:
        """The first rows of a file: what is not asked for is not read."""
        return np.asarray(np.memmap(self._file(part), row, "r", shape=(count,))) if count else np.empty(0, row)

    def _add(self, part: str, size: int, first: int, rows: Array) -> None:
        """Write rows from row `first` on, each `size` bytes, in place of what there may be behind them."""
        path = self._file(part)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            # The process that wrote last may have been killed.
            os.truncate(file.fileno(), first * size)
            try:
                file.write(np.ascontiguousarray(rows).view(np.uint8).data)
                file.flush()
            except OSError as error:  # what is half written takes room on a disk that has none
                os.truncate(file.fileno(), first * size)
                error.filename = str(path)
                raise

    def _count(self) -> int:
        return min(self._whole("names", NAME.itemsize), self._whole(self._part, 2 * self._width))

    def _whole(self, part: str, size: int) -> int:
        path = self._file(part)
        return path.stat().st_size // size if path.exists() else 0

    def _file(self, part: str) -> Path:
        return (self._folder or Path()) / f"{self._name}.{part}"


def place(names: Array, good: Array, records: Array, edits: Array) -> Array:
    """Which good row is that of each text; -1 for a text that has none. `records` ascend."""
    found = np.full(len(records), -1, np.int64)
    rows = np.flatnonzero(good)
    if not len(rows) or not len(records):
        return found
    named = names["record"][rows]
    if (named[1:] < named[:-1]).any():
        order = np.argsort(named, kind="stable")
        rows, named = rows[order], named[order]
    at, left = _last(named, records), np.arange(len(records))
    while len(left):  # the newest row first; nearly every record has one only
        there = at >= 0
        there[there] = named[at[there]] == records[left[there]]
        at, left = at[there], left[there]
        right = names["edit"][rows[at]] == edits[left]
        found[left[right]] = rows[at[right]]
        at, left = at[~right] - 1, left[~right]
    return found


def wholes(numbers: Array) -> Array:
    """One hash of all the numbers of each row. It hangs on every bit of the row, so it tells a row that was written
    whole from one of which the machine lost a part when it stopped."""
    out = np.empty(len(numbers), np.uint64)
    totals(frozen(numbers), 0, odd_numbers(numbers.shape[1]), out)
    return out


def frozen(rows: Array) -> Array:
    """Whether a file or memory: kernels are compiled for one kind of array."""
    rows = np.asarray(rows).view()
    rows.flags.writeable = False
    return rows


def _last(named: Array, records: Array) -> Array:
    """The last place of each record in `named`, which ascends; any other place, or -1, where it is not there."""
    first, span = int(named[0]), int(named[-1] - named[0]) + 1
    if span > DENSE * len(named):
        return np.searchsorted(named, records, "right") - 1
    table = np.full(span, -1, np.int64)  # much faster than to search for each
    table[named - first] = np.arange(len(named))
    return np.asarray(table[np.clip(records - first, 0, span - 1)])


def _check(names: Array) -> Array:
    parts = (
        names[name].astype(np.uint64) * (_CHECKED << np.uint64(2 * i) | np.uint64(1)) for i, name in enumerate(NAMED)
    )
    mixed = functools.reduce(np.add, parts) ^ _CHECKED
    return np.asarray((mixed ^ (mixed >> np.uint64(32))) * _MIXED)
