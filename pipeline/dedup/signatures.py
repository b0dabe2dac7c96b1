"""Signatures on disk: what was signed once is not signed again (rows.py). And the keys of bands, made of them for one
threshold: a search of a few new texts reads these alone, which are a third of the signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.bands import MOST, SEAL, Bands, odd_numbers
from pipeline.dedup.kernels_text import band_keys, totals
from pipeline.dedup.rows import Rows, frozen, place, wholes
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signed

Array = NDArray[Any]
Spread = Callable[[Callable[[Any], Any], list[Any]], list[Any]]  # Signer.spread

FORM = 3  # of the hashes and of a row: another number, another file
BLOCK = 4096  # rows a thread takes at a time
SPARE = 65_536  # rows of texts that nobody reads any more, which are left where they are
_LOST = np.uint64(0xD6E8FEB86659FD93)  # marks the keys of a row of which the numbers are not what they were

_looked: dict[Path, tuple[tuple[int, ...], Array]] = {}  # of files of keys: as they were, and the state of each row


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
        """The keys of all rows (after `place`): a row for each, of one key a band, behind SEAL numbers that say whether
        it is as it was written."""
        if self._folder is None:
            return _keyed(bands, *self._memory)
        row = _row(bands)
        return self._mapped(_part(bands), row, self._whole(_part(bands), row.itemsize))

    def sign(self, bands: Bands, records: Array, edits: Array, signed: Signed) -> int:
        """Add the rows of texts that were signed, and their keys; returns the place of the first."""
        known = self._known(bands)
        first = self.append(records, edits, signed.counts, signed.least, signed.whole)
        if self._folder is not None:
            self._add(_part(bands), _row(bands).itemsize, first, _sealed(signed.keys, signed.whole))
            if len(known) == first:
                self._note(bands, np.append(known, np.ones(len(records), np.uint8)))
        return first

    def _key(self, bands: Bands, spread: Spread, names: Array, least: Array) -> Array:
        """Make the keys that are not there or not as they were written; returns which rows are good."""
        if self._folder is None:
            return np.ones(len(names), np.bool_)
        row = _row(bands)
        keys = self._mapped(_part(bands), row, min(len(names), self._whole(_part(bands), row.itemsize)))
        state = self._state(bands, keys, names["whole"][: len(keys)], spread)
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

    def _state(self, bands: Bands, keys: Array, whole: Array, spread: Spread) -> Array:
        """The state of each row of keys. Those that this process has looked at or written are not looked at again while
        nobody else writes."""
        known = self._known(bands)
        known = known if len(known) <= len(keys) else known[:0]
        blocks = [slice(at, min(at + BLOCK, len(keys))) for at in range(len(known), len(keys), BLOCK)]
        state = np.concatenate([known, *spread(lambda at: _states(keys[at], whole[at]), blocks)])
        self._note(bands, state)
        return state

    def _known(self, bands: Bands) -> Array:
        stamp, state = _looked.get(self._file(_part(bands)), ((), np.empty(0, np.uint8)))
        return state if stamp == self._stamp(bands) else state[:0]

    def _note(self, bands: Bands, state: Array) -> None:
        _looked[self._file(_part(bands))] = self._stamp(bands), state

    def _stamp(self, bands: Bands) -> tuple[int, ...]:
        """What changes whenever somebody writes keys, or what they are keys of."""
        paths = [self._file(part) for part in (_part(bands), "names")]
        found = [path.stat() for path in paths if path.exists()]
        return tuple(number for one in found for number in (one.st_ino, one.st_size, one.st_mtime_ns))

    def _keep(self, names: Array, least: Array, live: Array) -> None:
        """Leave out the rows of texts that nobody reads any more. Stopped half-way, it leaves rows that do not fit
        their names, and so are none."""
        for part, rows in ((self._part, least[live]), ("names", names[live])):
            path = self._file(f"{part}.part")
            path.write_bytes(np.ascontiguousarray(rows).view(np.uint8).data)
            path.replace(self._file(part))


def _part(bands: Bands) -> str:
    return f"{bands.rows}x{bands.bands}"


def _row(bands: Bands) -> np.dtype[Any]:
    return np.dtype((np.uint32, bands.bands + SEAL))


def _keyed(bands: Bands, names: Array, least: Array) -> Array:
    """The rows of keys of these rows; marked where the minima are not what they were."""
    keys = np.empty((len(names), bands.bands), np.uint32)
    band_keys(frozen(least), bands.rows, keys)
    return _sealed(keys, names["whole"] ^ np.where(wholes(least) == names["whole"], np.uint64(0), _LOST))


def _sealed(keys: Array, whole: Array) -> Array:
    """Keys behind SEAL numbers that say that they were written whole, and for which row."""
    rows = np.empty((len(keys), keys.shape[1] + SEAL), np.uint32)
    rows[:, SEAL:] = keys
    seal = np.empty(len(keys), np.uint64)
    totals(frozen(rows), SEAL, odd_numbers(rows.shape[1]), seal)
    rows[:, :SEAL] = (seal ^ whole)[:, None].view(np.uint32)
    return rows


def _states(keys: Array, whole: Array) -> Array:
    """Of each row of keys: 1 if it is as it was written for this row, 2 if it was marked, 0 if it is neither."""
    seal = np.empty(len(keys), np.uint64)
    totals(frozen(keys), SEAL, odd_numbers(keys.shape[1]), seal)
    said = np.ascontiguousarray(keys[:, :SEAL]).view(np.uint64)[:, 0] ^ seal ^ whole
    return np.where(said == 0, np.uint8(1), np.where(said == _LOST, np.uint8(2), np.uint8(0)))
