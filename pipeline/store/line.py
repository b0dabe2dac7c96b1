"""The line of a task: who may be asked which record next, kept in memory.

It is a cache of what the tables say and holds nothing of its own: pipeline.store.line_rows builds it and brings it up
to date. A spot is a record's place in the plan's order, from 0; all arrays are in that order. Times are microseconds
since 1970, UTC. Not safe between threads: pipeline.store.queue holds one lock for each line.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.plan import Plan
from pipeline.store.line_parts import DRAFT, NOTHING, SKIPPED, SUBMITTED, Flags, Lane, Requests, Said, Share

LANES_MOST = 64  # people whose lane is kept; each takes one byte a record, and is made again in milliseconds


class Line:
    """The records of one task in order, what was said of them, and who holds them."""

    def __init__(self, plan: Plan, ids: npt.NDArray[np.int64], order: npt.NDArray[np.int64] | None) -> None:
        """`ids` ascending; `order` the indices of `ids` in the order of the plan, None if that is theirs."""
        self.plan = plan
        self.ids = ids if order is None else ids[order]
        self._sorted = ids
        self._spot_of = None if order is None else np.argsort(order).astype(np.int32)
        n = len(ids)
        self.live = np.ones(n, np.bool_)
        self.living = n  # how many are
        self.edited = np.zeros(n, np.bool_)  # records that a live job may have edited: the text must be looked up there
        self.submitted = np.zeros(n, np.int16)
        self.held = np.zeros(n, np.int16)
        self.said: dict[str, Said] = {}
        self.masks: list[Flags | None] = []  # one for each assignment of the plan
        self.lanes: OrderedDict[str, Lane] = OrderedDict()
        self.requests = Requests()
        self.claims: dict[int, dict[str, int]] = {}
        self.mine: dict[str, dict[int, int]] = {}
        self.sums = [0, 0, 0]  # of the claims: how many, the sum of their records, the sum of their ends
        self._ends: list[tuple[int, int, str]] = []
        self.settled = True  # False while claims are in memory that may not be in the table
        # disagreement only: for each record the sum of its submitted values' hashes, and of their squares
        sums = n if plan.order == "disagreement" else 0
        self._hashes, self._squares = np.zeros(sums, np.int64), np.zeros(sums, np.int64)
        self.tier = np.full(sums, 2, np.uint8)
        self.jobs: dict[int, str] = {}
        self.signature: Any = None
        self.event = 0
        self.built_in = 0.0  # seconds

    def spots(self, records: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The spot of each record, -1 for one that is not in the line."""
        if not len(self._sorted):
            return np.full(len(records), -1, np.int32)
        at = np.minimum(np.searchsorted(self._sorted, records), len(self._sorted) - 1)
        spots = at if self._spot_of is None else self._spot_of[at]
        return np.where(self._sorted[at] == records, spots, -1).astype(np.int32)

    def spot(self, record: int) -> int:
        at = int(np.searchsorted(self._sorted, record))
        if at >= len(self._sorted) or self._sorted[at] != record:
            return -1
        return at if self._spot_of is None else int(self._spot_of[at])

    def mask(self, records: npt.NDArray[np.int64]) -> Flags:
        made = np.zeros(len(self.ids), np.bool_)
        spots = self.spots(records)
        made[spots[spots >= 0]] = True
        return made

    def show(self, spot: int, live: bool) -> None:
        """Say whether a record is in the data set."""
        if bool(self.live[spot]) != live:
            self.live[spot] = live
            self.living += 1 if live else -1
            self._refresh(spot, self.lanes)

    def fill(self, person: str, said: Said, spots: npt.NDArray[np.int32], codes: npt.NDArray[np.uint32]) -> None:
        """While building: take all that one person said."""
        self.said[person] = said
        given = (codes & 3) == SUBMITTED
        self.submitted[spots[given]] += 1
        if len(self.tier):
            values = (codes[given] >> 2).astype(np.int64) & 0xFFFFFF
            self._hashes[spots[given]] += values
            self._squares[spots[given]] += values * values

    def set_tiers(self) -> None:
        """While building: put each record where its answers belong."""
        if len(self.tier):
            differ = self.submitted * self._squares != self._hashes * self._hashes
            self.tier = np.where(self.submitted == 0, 2, np.where(differ, 0, 1)).astype(np.uint8)

    def say(self, person: str, record: int, code: int, at: int, *, frees: bool) -> None:
        """Take a person's new last word. `frees`: it came from them, and took the record out of their hands."""
        answered = code & 3 in (SKIPPED, SUBMITTED)
        self.requests.note(record, person, at if answered else None)
        if frees and answered:
            self.let_go(record, person)
        spot = self.spot(record)
        if spot < 0:
            return
        said = self.said.get(person)
        if said is None:
            said = self.said[person] = Said(np.zeros(0, np.int32), np.zeros(0, np.uint32))
        old = said.get(spot)
        if old == code:
            return
        said.put(spot, code)
        was_open = self.submitted[spot] < self.plan.overlap
        change = (code & 3 == SUBMITTED) - (old & 3 == SUBMITTED)
        self.submitted[spot] += change
        if len(self.tier):
            self._retier(spot, old, code)
        if change:
            self._count(person, spot, change)
        changed = was_open != (self.submitted[spot] < self.plan.overlap)
        self._refresh(spot, self.lanes if changed else (person,))

    def _retier(self, spot: int, old: int, code: int) -> None:
        for word, sign in ((old, -1), (code, 1)):
            if word & 3 == SUBMITTED:
                self._hashes[spot] += sign * (word >> 2)
                self._squares[spot] += sign * (word >> 2) ** 2
        n, total = int(self.submitted[spot]), int(self._hashes[spot])
        self.tier[spot] = 2 if n == 0 else int(n * int(self._squares[spot]) == total * total)

    def _count(self, person: str, spot: int, change: int) -> None:
        lane = self.lanes.get(person)
        if lane is None:
            return
        lane.done += change
        before = [share.full for share in lane.shares]
        for share in lane.shares:
            share.done += change if share.holds(spot) else 0
        if before != [share.full for share in lane.shares]:
            del self.lanes[person]  # other records are theirs now: the lane is made again when it is asked for

    def _refresh(self, spot: int, people: Iterable[str]) -> None:
        open_now = bool(self.live[spot]) and self.submitted[spot] < self.plan.overlap
        for person in people:
            lane = self.lanes.get(person)
            if lane is None:
                continue
            free = open_now and self._unsaid(person, spot) and any(s.holds(spot) for s in lane.shares if not s.full)
            if free != bool(lane.free[spot]):
                lane.free[spot] = free
                lane.left += 1 if free else -1
                lane.first = min(lane.first, spot) if free else lane.first

    def _unsaid(self, person: str, spot: int) -> bool:
        said = self.said.get(person)
        return said is None or said.get(spot) & 3 in (NOTHING, DRAFT)

    def replan(self, plan: Plan) -> None:
        """Follow another plan of the same arrangement."""
        if plan != self.plan:
            self.plan = plan
            self.lanes.clear()

    def lane(self, person: str) -> Lane:
        """The person's lane, made if it is not there; the longest unused one is forgotten."""
        lane = self.lanes.get(person)
        if lane is None:
            lane = self.lanes[person] = self._lane(person)
        self.lanes.move_to_end(person)
        while len(self.lanes) > LANES_MOST:
            self.lanes.popitem(last=False)
        return lane

    def _lane(self, person: str) -> Lane:
        said = self.said.get(person)
        none = np.zeros(0, np.int32)
        given = none if said is None else said.where(SUBMITTED)
        shares = [Share(mask, limit, len(given) if mask is None else int(mask[given].sum()))
                  for mask, limit in self._shares(person)]  # fmt: skip
        free = self.live & (self.submitted < self.plan.overlap)
        if not any(share.mask is None and not share.full for share in shares):
            mine = np.zeros(len(self.ids), np.bool_)
            for share in shares:
                if not share.full:
                    mine |= True if share.mask is None else share.mask
            free &= mine
        free[none if said is None else said.where(SKIPPED, SUBMITTED)] = False
        return Lane(shares, free, int(np.count_nonzero(free)), len(given))

    def asked_of(self, lane: Lane) -> int:
        """How many records of the data set are the person's to be asked, answered or not."""
        masks = [share.mask for share in lane.shares if share.mask is not None]
        if len(masks) < len(lane.shares):
            return self.living
        return int(np.count_nonzero(self.live & np.logical_or.reduce(masks)))

    def _shares(self, person: str) -> list[tuple[Flags | None, int | None]]:
        pairs = list(zip(self.plan.assignments, self.masks, strict=True))
        own = [(mask, assignment.limit) for assignment, mask in pairs if person in assignment.people]
        if own:
            return own
        kept = [mask for assignment, mask in pairs if assignment.exclusive]
        if not kept:
            return [(None, None)]
        mine = np.ones(len(self.ids), np.bool_)
        for mask in kept:
            mine &= False if mask is None else ~mask
        return [(mine, None)]

    def reset_claims(self, rows: Iterable[tuple[int, str, int]]) -> None:
        """Take the claims as the table has them: rows of record, annotator, end."""
        self.claims, self.mine, self.sums, self._ends = {}, {}, [0, 0, 0], []
        self.held.fill(0)
        for record, person, until in rows:
            self.hold(record, person, until)

    def hold(self, record: int, person: str, until: int) -> None:
        self.let_go(record, person)
        self.claims.setdefault(record, {})[person] = until
        self.mine.setdefault(person, {})[record] = until
        self._sum(1, record, until)
        heapq.heappush(self._ends, (until, record, person))

    def let_go(self, record: int, person: str) -> None:
        until = self.claims.get(record, {}).pop(person, None)
        if until is None:
            return
        del self.mine[person][record]
        if not self.claims[record]:
            del self.claims[record]
        self._sum(-1, record, until)

    def _sum(self, sign: int, record: int, until: int) -> None:
        self.sums = [self.sums[0] + sign, self.sums[1] + sign * record, self.sums[2] + sign * until]
        spot = self.spot(record)
        if spot >= 0:
            self.held[spot] += sign

    def expire(self, now: int) -> int:
        """Let go of every claim that ended by now; returns how many there were."""
        ended = 0
        while self._ends and self._ends[0][0] <= now:
            until, record, person = heapq.heappop(self._ends)
            if self.claims.get(record, {}).get(person) == until:
                self.let_go(record, person)
                ended += 1
        return ended

    def ended(self, now: int) -> bool:
        """Whether some claim has ended by now and was not let go yet."""
        while self._ends:
            until, record, person = self._ends[0]
            if self.claims.get(record, {}).get(person) == until:
                return until <= now
            heapq.heappop(self._ends)
        return False

    def shared(self, person: str, now: int) -> bool:
        """Whether anybody else holds records."""
        return any(until > now for other, held in self.mine.items() if other != person for until in held.values())

    def holders(self, record: int, person: str, now: int) -> Mapping[str, int]:
        """Who else holds a record, and until when."""
        return {p: until for p, until in self.claims.get(record, {}).items() if p != person and until > now}
