"""A simple model of the queue: it remembers all that it was told, and works out every question anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from pipeline.plan import Plan
from pipeline.store import Store
from pipeline.store.line import Line
from pipeline.store.line_parts import SUBMITTED
from pipeline.store.queue import ENOUGH, RENEW_BELOW

LEASE = 100  # seconds
NO_LIMIT = 99
ASSIGNMENTS: list[list[dict[str, Any]]] = [
    [],
    [],
    [{"people": ["anna"], "filter": {"text": "odd"}}],
    [{"people": ["anna"], "filter": {"text": "odd"}, "limit": 2}, {"people": ["anna", "bob"], "filter": {"text": "1"}}],
    [{"people": ["anna"], "limit": 3}, {"people": ["bob"], "filter": {"text": "even"}, "exclusive": False}],
    [{"people": ["carl"], "exclusive": True}],
]


@dataclass
class Event:
    record: int
    who: str
    state: str
    label: str
    at: int
    job: int | None = None


@dataclass
class Share:
    records: set[int]
    limit: int | None
    done: int

    @property
    def full(self) -> bool:
        return self.limit is not None and self.done >= self.limit


@dataclass
class Told:
    """What happened so far, and the time; `claims` are in the order in which they were written."""

    now: datetime
    plan: Plan
    texts: dict[int, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)
    dropped: dict[int, int] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)  # record, when
    claims: dict[tuple[int, str], datetime] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)

    def words(self) -> dict[tuple[int, str], Event]:
        return {(e.record, e.who): e for e in self.events if e.job not in self.undone}

    def answered(self, record: int, who: str) -> bool:
        event = self.words().get((record, who))
        return event is not None and event.state in ("submitted", "skipped")

    def submitted(self, record: int) -> list[str]:
        return [e.label for e in self.words().values() if e.record == record and e.state == "submitted"]

    def given(self, who: str) -> set[int]:
        return {e.record for e in self.words().values() if e.who == who and e.state == "submitted"}

    def requests(self) -> list[int]:
        words = self.words().values()
        return list(dict.fromkeys(
            record for record, at in self.asked if record not in self.dropped
            and not any(e.record == record and e.state in ("submitted", "skipped") and e.at > at for e in words)
        ))  # fmt: skip

    def mine(self, who: str) -> dict[int, datetime]:
        """What somebody holds, and until when."""
        return {r: until for (r, p), until in self.claims.items() if p == who and until > self.now}

    def unexpired(self) -> dict[tuple[int, str], datetime]:
        return {key: until for key, until in self.claims.items() if until > self.now}

    def others(self, record: int, who: str) -> int:
        return sum(r == record and p != who and until > self.now for (r, p), until in self.claims.items())

    def shared(self, who: str) -> bool:
        """Whether anybody else holds records."""
        return any(p != who and until > self.now for (_, p), until in self.claims.items())

    def shares(self, who: str) -> list[Share]:
        given = self.given(who)

        def held(words: Any) -> set[int]:
            return {r for r, text in self.texts.items() if words.get("text", "") in text}

        if own := self.plan.of(who):
            return [Share(held(a.filter), a.limit, len(given & held(a.filter))) for a in own]
        kept = [held(a.filter) for a in self.plan.assignments if a.exclusive]
        return [Share(set(self.texts).difference(*kept), None, 0)]

    def room(self, who: str) -> int:
        """How many answers the limit for each leaves them."""
        each = self.plan.limit_each
        return NO_LIMIT if each is None else max(0, each - len(self.given(who)))

    def free(self, who: str) -> list[int]:
        shares = self.shares(who)
        return [r for r in self.texts if r not in self.dropped and not self.answered(r, who)
                and len(self.submitted(r)) < self.plan.overlap
                and any(r in share.records and not share.full for share in shares)]  # fmt: skip

    def open(self, who: str) -> list[int]:
        """What is free to them and not held by others to its overlap."""
        return [r for r in self.free(who) if len(self.submitted(r)) + self.others(r, who) < self.plan.overlap]

    def again(self, who: str) -> list[int]:
        """What they may be asked to label again."""
        shares = self.shares(who)
        return [r for r in self.requests() if not self.others(r, who) and any(r in s.records for s in shares)]

    def tier(self, record: int) -> int:
        labels = self.submitted(record)
        return 2 if not labels else int(len(set(labels)) == 1)

    def ordered(self, who: str) -> list[int]:
        found = self.open(who)
        if self.plan.order == "random":
            return sorted(found, key=lambda r: scattered(r, self.plan.seed))
        if self.plan.order == "uncertainty":
            return sorted(found, key=lambda r: (self.scores.get(r, 9 if r != 5 else 0.5), r))
        if self.plan.order == "disagreement":
            return sorted(found, key=lambda r: (r not in self.mine(who), self.tier(r), r))
        return found

    def in_hand(self, who: str, have: Collection[int] | None) -> list[int]:
        """What a page has, each record once; a page that has just begun has what they hold."""
        if have is not None:
            return list(dict.fromkeys(have))
        return list(dict.fromkeys([*(self.requests() if self.plan.relabel_first else ()), *self.mine(who)]))

    def expected(self, who: str, n: int, have: Collection[int] | None) -> list[int]:
        """The records of a claim, if it is written."""
        again, ready = self.again(who), set(self.open(who))
        purse = Purse(self.shares(who), self.given(who), self.room(who))
        found = purse.take([r for r in self.in_hand(who, have) if r in again or r in ready], n)
        if self.plan.relabel_first:
            found += purse.take(again, n - len(found))
        fresh = purse.take(self.ordered(who), n - len(found))
        if self.plan.order == "disagreement":
            fresh.sort(key=lambda r: (self.tier(r), r))
        found += fresh
        return found if self.plan.relabel_first else found + purse.take(again, n - len(found))

    def enough(self, who: str, n: int, have: Collection[int] | None) -> list[int] | None:
        """What they hold, if it is most of what they ask for, the first of it, and fresh: no claim is written then."""
        mine = self.mine(who)
        young = all(until >= self.now + timedelta(seconds=LEASE * RENEW_BELOW) for until in mine.values())
        ended = any(until <= self.now for until in self.claims.values())
        first = self.expected(who, n, have)[: len(mine)]
        return first if len(mine) >= ENOUGH * n and young and not ended and set(first) == set(mine) else None

    def claim(self, who: str, n: int, have: Collection[int] | None) -> list[int]:
        """Take down a claim; returns its records."""
        if (enough := self.enough(who, n, have)) is not None:
            return enough
        mine, found = self.mine(who), self.expected(who, n, have)
        kept = dict.fromkeys([*found, *(r for r in self.in_hand(who, have) if r in mine)])
        self.claims = {(r, p): until for (r, p), until in self.claims.items()
                       if until > self.now and (p != who or r in kept)}  # fmt: skip
        for record in kept:
            if mine.get(record, self.now) < self.now + timedelta(seconds=LEASE * RENEW_BELOW):
                self.claims.pop((record, who), None)  # written again, so it is the last
                self.claims[record, who] = self.now + timedelta(seconds=LEASE)
        return found


@dataclass
class Purse:
    """What a person's limits still allow; each record is taken once."""

    shares: list[Share]
    given: set[int]
    room: int
    taken: set[int] = field(default_factory=set)

    def take(self, records: list[int], most: int) -> list[int]:
        found: list[int] = []
        for record in records:
            if len(found) >= most or self.room <= 0 or all(share.full for share in self.shares):
                break
            holding = [share for share in self.shares if record in share.records]
            if record in self.taken or (record not in self.given and all(share.full for share in holding)):
                continue
            if record not in self.given:
                self.room -= 1
                for share in holding:
                    share.done += 1
            found.append(record)
        self.taken |= set(found)
        return found


def scattered(record: int, seed: int) -> int:
    mixed = (record + (seed + 1) * 0x9E3779B97F4A7C15) % 2**64
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % 2**64
    return mixed ^ (mixed >> 31)


def same_line(line: Line, fresh: Line, people: Iterable[str]) -> None:
    """That a line which was brought up to date is the line that the tables give."""
    for name in ("ids", "live", "submitted", "held", "tier"):
        assert np.array_equal(getattr(line, name), getattr(fresh, name)), name
    assert line.claims == fresh.claims
    assert {p: m for p, m in line.mine.items() if m} == fresh.mine
    assert line.sums == fresh.sums
    assert list(line.requests.open().values()) == list(fresh.requests.open().values())
    for who in people:
        kept, made = line.lane(who), fresh.lane(who)
        assert np.array_equal(kept.free, made.free)
        assert not kept.free[: kept.first].any()
        assert (kept.left, kept.done) == (made.left, made.done)
        assert [share.done for share in kept.shares] == [share.done for share in made.shares]
        codes = [[each.said[who].get(spot) if who in each.said else 0 for spot in range(len(line.ids))]
                 for each in (line, fresh)]  # fmt: skip
        assert codes[0] == codes[1]


def said_as_told(line: Line, told: Told, people: Iterable[str]) -> None:
    """That the line knows whose answers stand."""
    words = told.words()
    for who in people:
        for spot, record in enumerate(line.ids):
            code, word = line.said[who].get(spot) if who in line.said else 0, words.get((int(record), who))
            assert (code & 3 == SUBMITTED) == (word is not None and word.state == "submitted")


def claims(store: Store, now: datetime) -> dict[tuple[int, str], datetime]:
    """What the table says of who holds what until when."""
    rows = store.rows("SELECT record_id, annotator, lease_until FROM claim WHERE lease_until > ?", [now])
    return {(row["record_id"], row["annotator"]): row["lease_until"] for row in rows}


def over(store: Store, told: Told) -> set[int]:
    """Records that are answered or held more often than the plan asks, without those to be labelled again."""
    rows = store.rows(
        "SELECT record_id, count(*) AS n FROM ("
        "SELECT record_id, annotator FROM claim WHERE lease_until > $now UNION "
        "SELECT record_id, annotator FROM annotation_now WHERE state = 'submitted') GROUP BY record_id",
        {"now": told.now},
    )
    return {row["record_id"] for row in rows if row["n"] > told.plan.overlap} - {record for record, _ in told.asked}


def given_as_promised(
    told: Told, who: str, have: Collection[int] | None, before: Collection[int], still: Collection[int],
    ids: list[int], asked: int,
) -> None:  # fmt: skip
    """What `claim` says of `have`, after a claim that gave `ids`; they held `before`, and might have answered `still`."""
    named = list(before) if have is None else list(dict.fromkeys(have))
    theirs = [record for record in named if record in before]
    after = set(told.mine(who))
    assert set(theirs) <= after, "what a page has and they held was given up"
    assert after == {*ids, *theirs}, "what a page does not name was kept"
    if have is not None:
        first = [record for record in named if record in ids]
        assert ids[: len(first)] == first
        limited = told.room(who) < NO_LIMIT or any(share.limit is not None for share in told.shares(who))
        assert limited or len(first) == asked or {r for r in theirs if r in still} <= set(first)
