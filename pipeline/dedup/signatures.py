"""Signatures on disk: what was signed once is not signed again.

Files beside the database, for each project and kind of shingle. They are a cache: rows are only ever added, a row is
named by the text that it was made from, and whoever deletes a file loses nothing but time. A text is named by its
record and by a number for how it reads (readings.now), `edit`; neither ever changes. A row that is not as it was
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

from pipeline.dedup.bands import MOST, Bands, odd_numbers
from pipeline.dedup.kernels_text import band_keys, totals
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signed

Array = NDArray[Any]
Spread = Callable[[Callable[[Any], Any], list[Any]], list[Any]]  # Signer.spread

FORM = 3  # of the hashes and of a row: another number, another file
NAMED = ("record", "edit", "count", "whole")
# count: of shingles, repeats included; 0 for a text that has none. whole: one hash of all the numbers of the row.
NAME = np.dtype([("check", "<u8"), ("record", "<i8"), ("edit", "<i8"), ("count", "<i8"), ("whole", "<u8")])
BLOCK = 4096  # rows a thread takes at a time
DENSE = 8  # numbers of records that span fewer than so many times their count are looked up in a table
SPARE = 65_536  # rows of texts that nobody reads any more, which are left where they are
_CHECKED = np.uint64(0x9E3779B97F4A7C15)
_LOST = np.uint64(0xD6E8FEB86659FD93)  # marks the keys of a row of which the numbers are not what they were

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

    def append(self, records: Array, edits: Array, counts: Array, numbers: Array, whole: Array) -> int:
        """Add rows, one a text; returns the place of the first. `whole` is `wholes` of the numbers."""
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
            return names, self._mapped(self._part, np.dtype((np.uint16, self._width)), count)

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
            file.write(np.ascontiguousarray(rows).view(np.uint8).data)

    def _count(self) -> int:
        return min(self._whole("names", NAME.itemsize), self._whole(self._part, 2 * self._width))

    def _whole(self, part: str, size: int) -> int:
        path = self._file(part)
        return path.stat().st_size // size if path.exists() else 0

    def _file(self, part: str) -> Path:
        return (self._folder or Path()) / f"{self._name}.{part}"


class Signatures(Rows):
    """The signatures of one project's texts by one kind of shingle: rows of minima, and of these the keys of bands."""

    def __init__(self, folder: Path | None, project_id: int, shingle: Shingle) -> None:
        super().__init__(folder, f"{project_id}-{shingle.unit}-{shingle.n}.{FORM}", MOST, "least")

    def place(self, bands: Bands, spread: Spread, records: Array, edits: Array) -> tuple[Array, Array, Array]:
        """Which row is that of each text, -1 for a text that has none; its `whole` and `count`, where it has one.
        Afterwards there are keys of all rows. `records` ascend. Inside `alone`."""
        names, least, good = self.rows()
        good &= self._key(bands, spread, names, least)
        at = place(names, good, records, edits)
        there = at >= 0
        if self._folder is None or len(names) <= 2 * int(there.sum()) + SPARE:
            whole, count = np.zeros(len(at), np.uint64), np.zeros(len(at), np.int64)
            whole[there], count[there] = names["whole"][at[there]], names["count"][at[there]]
            return at, whole, count
        self._keep(names, least, np.sort(at[there]))
        return self.place(bands, spread, records, edits)

    def keys(self, bands: Bands) -> Array:
        """The keys of all rows (after `place`): a row for each, of one key a band, behind two numbers that say whether
        it is as it was written."""
        if self._folder is None:
            return _keyed(bands, *self._memory)
        row = _row(bands)
        return self._mapped(_part(bands), row, self._whole(_part(bands), row.itemsize))

    def sign(self, bands: Bands, records: Array, edits: Array, signed: Signed) -> int:
        """Add the rows of texts that were signed, and their keys; returns the place of the first."""
        first = self.append(records, edits, signed.counts, signed.least, signed.whole)
        if self._folder is not None:
            self._add(_part(bands), _row(bands).itemsize, first, _sealed(signed.keys, signed.whole))
        return first

    def _key(self, bands: Bands, spread: Spread, names: Array, least: Array) -> Array:
        """Make the keys that are not there or not as they were written; returns which rows are good."""
        if self._folder is None:
            return np.ones(len(names), np.bool_)
        row = _row(bands)
        keys = self._mapped(_part(bands), row, min(len(names), self._whole(_part(bands), row.itemsize)))
        state = _state(keys, names["whole"][: len(keys)], spread)
        broken = np.flatnonzero(state == 0)
        first = int(broken[0]) if len(broken) else len(keys)
        if first == len(names):
            return np.asarray(state == 1)
        blocks = [slice(at, min(at + BLOCK, len(names))) for at in range(first, len(names), BLOCK)]
        made = spread(lambda at: _keyed(bands, names[at], least[at]), blocks)
        del keys  # a file cannot be cut while it is mapped, on some systems
        self._add(_part(bands), row.itemsize, first, np.concatenate(made))
        return np.concatenate([state[:first], *(_states(rows, names["whole"][at])
                                                 for at, rows in zip(blocks, made, strict=True))]) == 1  # fmt: skip

    def _keep(self, names: Array, least: Array, live: Array) -> None:
        """Leave out the rows of texts that nobody reads any more. Stopped half-way, it leaves rows that do not fit
        their names, and so are none."""
        for part, rows in ((self._part, least[live]), ("names", names[live])):
            path = self._file(f"{part}.part")
            path.write_bytes(np.ascontiguousarray(rows).view(np.uint8).data)
            path.replace(self._file(part))


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


def _last(named: Array, records: Array) -> Array:
    """The last place of each record in `named`, which ascends; any other place, or -1, where it is not there."""
    first, span = int(named[0]), int(named[-1] - named[0]) + 1
    if span > DENSE * len(named):
        return np.searchsorted(named, records, "right") - 1
    table = np.full(span, -1, np.int64)  # much faster than to search for each
    table[named - first] = np.arange(len(named))
    return np.asarray(table[np.clip(records - first, 0, span - 1)])


def wholes(numbers: Array) -> Array:
    """One hash of all the numbers of each row. It hangs on every bit of the row, so it tells a row that was written
    whole from one of which the machine lost a part when it stopped."""
    out = np.empty(len(numbers), np.uint64)
    totals(_frozen(numbers), 0, odd_numbers(numbers.shape[1]), out)
    return out


def _check(names: Array) -> Array:
    parts = (
        names[name].astype(np.uint64) * (_CHECKED << np.uint64(2 * i) | np.uint64(1)) for i, name in enumerate(NAMED)
    )
    mixed = functools.reduce(np.add, parts) ^ _CHECKED
    return np.asarray((mixed ^ (mixed >> np.uint64(32))) * _LOST)


def _part(bands: Bands) -> str:
    return f"{bands.rows}x{bands.bands}"


def _row(bands: Bands) -> np.dtype[Any]:
    return np.dtype((np.uint32, bands.bands + 2))


def _keyed(bands: Bands, names: Array, least: Array) -> Array:
    """The rows of keys of these rows; marked where the minima are not what they were."""
    keys = np.empty((len(names), bands.bands), np.uint32)
    band_keys(_frozen(least), bands.rows, keys)
    return _sealed(keys, names["whole"] ^ np.where(wholes(least) == names["whole"], np.uint64(0), _LOST))


def _sealed(keys: Array, whole: Array) -> Array:
    """Keys behind two numbers that say that they were written whole, and for which row."""
    rows = np.empty((len(keys), keys.shape[1] + 2), np.uint32)
    rows[:, 2:] = keys
    seal = np.empty(len(keys), np.uint64)
    totals(_frozen(rows), 2, odd_numbers(rows.shape[1]), seal)
    rows[:, :2] = (seal ^ whole)[:, None].view(np.uint32)
    return rows


def _state(keys: Array, whole: Array, spread: Spread) -> Array:
    blocks = [slice(at, at + BLOCK) for at in range(0, len(keys), BLOCK)]
    return np.concatenate([np.empty(0, np.uint8), *spread(lambda at: _states(keys[at], whole[at]), blocks)])


def _states(keys: Array, whole: Array) -> Array:
    """Of each row of keys: 1 if it is as it was written for this row, 2 if it was marked, 0 if it is neither."""
    seal = np.empty(len(keys), np.uint64)
    totals(_frozen(keys), 2, odd_numbers(keys.shape[1]), seal)
    said = np.ascontiguousarray(keys[:, :2]).view(np.uint64)[:, 0] ^ seal ^ whole
    return np.where(said == 0, np.uint8(1), np.where(said == _LOST, np.uint8(2), np.uint8(0)))


def _frozen(rows: Array) -> Array:
    """Whether a file or memory: kernels are compiled for one kind of array."""
    rows = np.asarray(rows).view()
    rows.flags.writeable = False
    return rows
