"""What a line is made of: one person's last words, their lane, and requests to label again. Plain memory, no tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

NOTHING, SKIPPED, DRAFT, SUBMITTED = 0, 1, 2, 3  # the low two bits of a code; above them a submitted value's hash
FOLD = 4096  # new answers of one person that are kept beside their sorted ones

Flags = npt.NDArray[np.bool_]


class Said:
    """One person's last word on each record, as {spot: code}: 8 bytes an answer."""

    def __init__(self, spots: npt.NDArray[np.int32], codes: npt.NDArray[np.uint32]) -> None:
        self._spots, self._codes = spots, codes
        self._fresh: dict[int, int] = {}

    def get(self, spot: int) -> int:
        if (code := self._fresh.get(spot)) is not None:
            return code
        at = int(np.searchsorted(self._spots, spot))
        return int(self._codes[at]) if at < len(self._spots) and self._spots[at] == spot else NOTHING

    def put(self, spot: int, code: int) -> None:
        self._fresh[spot] = code
        if len(self._fresh) > FOLD:
            self._fold()

    def where(self, *states: int) -> npt.NDArray[np.int32]:
        """The spots on which the last word is one of the states."""
        self._fold()
        return self._spots[np.isin(self._codes & 3, states)]

    def _fold(self) -> None:
        if not self._fresh:
            return
        fresh = np.fromiter(self._fresh, np.int32, len(self._fresh))
        codes = np.fromiter(self._fresh.values(), np.uint32, len(self._fresh))
        kept = ~np.isin(self._spots, fresh)
        spots, codes = np.concatenate([self._spots[kept], fresh]), np.concatenate([self._codes[kept], codes])
        order = np.argsort(spots, kind="stable")
        self._spots, self._codes = spots[order], codes[order]
        self._fresh = {}


@dataclass(slots=True)
class Share:
    """Records that one person may be asked: `mask` (None: all), and how many of them they have submitted."""

    mask: Flags | None
    limit: int | None
    done: int

    def holds(self, spot: int) -> bool:
        return self.mask is None or bool(self.mask[spot])

    @property
    def full(self) -> bool:
        return self.limit is not None and self.done >= self.limit


@dataclass(slots=True)
class Lane:
    """What one person may still be asked, whoever holds it now. No free spot is before `first`."""

    shares: list[Share]
    free: Flags
    left: int
    done: int
    first: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A record that was asked to be labelled again."""

    id: int
    record: int
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A record to hand out, and whether edits of its text and a draft of theirs must be looked up."""

    record: int
    request: Request | None = None
    edited: bool = True
    draft: bool = True


@dataclass(slots=True)
class Requests:
    """Requests to label again, and for the records that they name the time of each person's standing answer."""

    of: dict[int, list[Request]] = field(default_factory=dict)
    answered: dict[int, dict[str, int]] = field(default_factory=dict)
    shut: set[int] = field(default_factory=set)  # records that are dropped
    _open: dict[int, Request] | None = None

    def open(self) -> dict[int, Request]:
        """{record: its oldest request that no younger answer has closed}, the oldest first."""
        if self._open is None:
            found = [r for record, asked in self.of.items() if record not in self.shut for r in self._waiting(asked)]
            self._open = {r.record: r for r in sorted(found, key=lambda request: request.id)}
        return self._open

    def _waiting(self, asked: Iterable[Request]) -> list[Request]:
        waiting = [r for r in asked if all(at <= r.at for at in self.answered.get(r.record, {}).values())]
        return sorted(waiting, key=lambda request: request.id)[:1]

    def note(self, record: int, person: str, answered_at: int | None) -> None:
        if record in self.of:
            self._open = None
            if answered_at is None:
                self.answered.get(record, {}).pop(person, None)
            else:
                self.answered.setdefault(record, {})[person] = answered_at
