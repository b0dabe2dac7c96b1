"""Walk a line: which records one person is asked next. Reads the line and changes nothing that it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt

from pipeline.store.line import Line
from pipeline.store.line_parts import DRAFT, SUBMITTED, Choice, Lane, Request

FIRST_LOOK = 256  # spots that a walk looks at first; each further look is twice as long
NO_SPOT = -1

Spots = npt.NDArray[np.int32]


def choose(line: Line, person: str, n: int, now: int, have: Collection[int] = ()) -> list[Choice]:
    """The first `n` records that the person should answer: those they `have` that are still theirs to answer, in that
    order, then as the plan orders them; expired claims must be let go.

    Looks at the records that others hold and at those that it takes, and at one byte for each record in between.
    """
    lane = line.lane(person)
    purse = _Purse(line, lane)
    asked = {r.record: r for r in line.requests.open().values() if not line.holders(r.record, person, now)}
    again = [record for record in asked if _asked_of(line, lane, record)]
    chosen: dict[int, Choice] = {}
    for record in have:
        spot = line.spot(record)
        if record in chosen or len(chosen) == n or not (record in again or _open(line, lane, person, spot, now)):
            continue
        if purse.take(spot, 0 if record in again and _said(line, person, spot) else 1):
            chosen[record] = _choice(line, person, spot, record, asked.get(record))

    def relabel() -> None:
        for record in again:
            spot = line.spot(record)
            if len(chosen) < n and record not in chosen and purse.take(spot, 0 if _said(line, person, spot) else 1):
                chosen[record] = _choice(line, person, spot, record, asked[record])

    if line.plan.relabel_first:
        relabel()
    for spot in _fresh(line, lane, person, purse, n - len(chosen), set(chosen)):
        record = int(line.ids[spot])
        chosen[record] = _choice(line, person, spot, record, asked.get(record))
    if not line.plan.relabel_first:
        relabel()
    return list(chosen.values())


def open_to(line: Line, person: str, now: int) -> tuple[int, dict[str, list[int]]]:
    """How many relabel requests one person may answer; and of what is left to them, who else holds some, and the ends
    of these claims."""
    lane = line.lane(person)
    requests = sum(_asked_of(line, lane, record) for record in line.requests.open())
    records = np.fromiter(line.claims, np.int64, len(line.claims))
    spots = line.spots(records)
    ends: dict[str, list[int]] = {}
    inside = spots >= 0
    for record in records[inside][lane.free[spots[inside]]]:
        for other, until in line.claims[int(record)].items():
            if other != person and until > now:
                ends.setdefault(other, []).append(until)
    return requests, ends


class _Purse:
    """What a person's limits still allow. An answer counts in every share that holds its record."""

    def __init__(self, line: Line, lane: Lane) -> None:
        each = line.plan.limit_each
        self._total = None if each is None else max(0, each - lane.done)
        self._left = [None if s.limit is None else max(0, s.limit - s.done) for s in lane.shares]
        self._shares = lane.shares

    @property
    def empty(self) -> bool:
        return self._total == 0 or all(left == 0 for left in self._left)

    def take(self, spot: int, cost: int = 1) -> bool:
        """Pay for one record if that is allowed. What a person answered before costs nothing more, but is not asked
        of somebody who is done."""
        if self.empty:
            return False
        if cost == 0 or spot == NO_SPOT:
            return True
        holding = [i for i, share in enumerate(self._shares) if share.holds(spot)]
        if all(self._left[i] == 0 for i in holding):
            return False
        for i in holding:
            left = self._left[i]
            self._left[i] = left if left is None else max(0, left - 1)
        self._total = None if self._total is None else self._total - 1
        return True

    def allowed(self, spots: Spots) -> Spots:
        """Those of the spots for which something is left."""
        if self.empty:
            return spots[:0]
        useful = [share for share, left in zip(self._shares, self._left, strict=True) if left != 0]
        if any(share.mask is None for share in useful):
            return spots
        kept = np.zeros(len(spots), np.bool_)
        for share in useful:
            kept |= share.mask[spots] if share.mask is not None else True
        return spots[kept]


def _open(line: Line, lane: Lane, person: str, spot: int, now: int) -> bool:
    """Whether a record is still the person's to answer, if they hold it or if there is room for them."""
    if spot == NO_SPOT or not lane.free[spot]:
        return False
    others = len(line.holders(int(line.ids[spot]), person, now))
    return bool(int(line.submitted[spot]) + others < line.plan.overlap)


def _asked_of(line: Line, lane: Lane, record: int) -> bool:
    spot = line.spot(record)
    return any(share.mask is None or (spot != NO_SPOT and bool(share.mask[spot])) for share in lane.shares)


def _choice(line: Line, person: str, spot: int, record: int, request: Request | None) -> Choice:
    if spot == NO_SPOT:  # made by augmentation, and asked to be looked at again
        return Choice(record, request)
    said = line.said.get(person)
    draft = said is not None and said.get(spot) & 3 == DRAFT
    return Choice(record, request, bool(line.edited[spot]), draft)


def _said(line: Line, person: str, spot: int) -> bool:
    said = line.said.get(person)
    return spot == NO_SPOT or (said is not None and said.get(spot) & 3 == SUBMITTED)


def _fresh(line: Line, lane: Lane, person: str, purse: _Purse, n: int, taken: set[int]) -> list[int]:
    """Up to n free spots in order, without the records in `taken`."""
    own = line.spots(np.fromiter(line.mine.get(person, ()), np.int64))
    own = own[own >= 0]
    line.held[own] -= 1  # one's own claims stand in nobody's own way
    try:
        if line.plan.order == "disagreement":
            return _by_tier(line, lane, purse, n, taken, np.sort(own))
        return _take(_candidates(line, lane), line, purse, n, taken)
    finally:
        line.held[own] += 1


def _by_tier(line: Line, lane: Lane, purse: _Purse, n: int, taken: set[int], own: Spots) -> list[int]:
    """What is in the person's hands stays there: the order changes with every answer that anybody gives."""
    own = own[lane.free[own] & (line.submitted[own] + line.held[own] < line.plan.overlap)]
    own = own[np.argsort(line.tier[own], kind="stable")]
    found = _take(iter([own]), line, purse, n, taken)
    for tier in range(3):
        if len(found) < n:
            seen = taken | {int(line.ids[spot]) for spot in found}
            found += _take(_candidates(line, lane, tier), line, purse, n - len(found), seen)
    return sorted(found, key=lambda spot: (line.tier[spot], spot))


def _candidates(line: Line, lane: Lane, tier: int | None = None) -> Iterator[Spots]:
    """Free spots in order that are not held to their overlap, in ever longer pieces."""
    at, size, end, nothing_yet = lane.first, FIRST_LOOK, len(line.ids), True
    while at < end:
        free = lane.free[at : at + size]
        spots = (np.flatnonzero(free if tier is None else free & (line.tier[at : at + size] == tier)) + at).astype(
            np.int32
        )
        if tier is None and nothing_yet:
            nothing_yet = len(spots) == 0
            lane.first = min(at + size, end) if nothing_yet else int(spots[0])
        yield spots[line.submitted[spots] + line.held[spots] < line.plan.overlap]
        at, size = at + size, size * 2


def _take(pieces: Iterator[Spots], line: Line, purse: _Purse, n: int, taken: set[int]) -> list[int]:
    found: list[int] = []
    for piece in pieces:
        spots = purse.allowed(piece)
        while len(spots) and len(found) < n:
            for at, spot in enumerate(spots):
                if len(found) == n:
                    return found
                if int(line.ids[spot]) in taken:
                    continue
                if not purse.take(int(spot)):
                    spots = purse.allowed(spots[at + 1 :])  # a share is used up: look past all of it at once
                    break
                found.append(int(spot))
            else:
                break
        if len(found) == n or purse.empty:
            break
    return found
