"""Any order of claims, answers, jobs, plans, restarts and failures: the queue against a simple model of it, and the
line in memory against the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline import annotate
from pipeline.domain import Verdict
from pipeline.plan import plan_from
from pipeline.store import annotations as answer_store
from pipeline.store import jobs, line_rows, open_store, projects, queue, verdicts
from pipeline.store.annotations import Answer
from pipeline.store.database import Cursor
from pipeline.store.line_parts import SUBMITTED
from pipeline.store.walk import choose
from tests.conftest import add_records

PEOPLE = ("anna", "bob", "carl")
RECORDS = 8
LEASE = 100
STATES = ["submitted", "submitted", "submitted", "skipped", "withdrawn", "draft"]
ASSIGNMENTS: list[list[dict[str, Any]]] = [
    [],
    [],
    [{"people": ["anna"], "filter": {"text": "odd"}}],
    [{"people": ["anna"], "filter": {"text": "odd"}, "limit": 2}, {"people": ["anna", "bob"], "filter": {"text": "1"}}],
    [{"people": ["anna"], "limit": 3}, {"people": ["bob"], "filter": {"text": "even"}, "exclusive": False}],
    [{"people": ["carl"], "exclusive": True}],
]

people = st.sampled_from(PEOPLE)
numbers = st.integers(1, RECORDS)


class Broken(Exception):
    pass


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
    """What the model was told, and what follows from it, worked out anew for every question."""

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


def scattered(record: int, seed: int) -> int:
    mixed = (record + (seed + 1) * 0x9E3779B97F4A7C15) % 2**64
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % 2**64
    return mixed ^ (mixed >> 31)


class QueueModel(RuleBasedStateMachine):
    @initialize(overlap=st.integers(1, 3))
    def start(self, overlap: int) -> None:
        self.store = open_store(":memory:")
        self.project = projects.create(self.store, "p")
        self.told = Told()
        self.time = 0
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self._import(RECORDS)
        self.task = annotate.define(self.store, self.project, labels=["yes", "no"], guideline="", overlap=overlap)
        self.bulks: list[int] = []
        self.over: set[int] = set()
        for record in (2, 5, 6):
            self.told.scores[record] = record / 10
        self.store.transact(lambda cursor: cursor.execute(
            "INSERT INTO suggestion (record_id, task_id, source, question, value, score, job_id) "
            "SELECT unnest([2, 5, 6, 5]), ?, 'm', 'label', '\"yes\"', unnest([0.2, 0.1, 0.6, 0.5]), 1",
            [self.task.id]))  # fmt: skip

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.line_is_what_the_tables_say()
            self.store.close()

    def _import(self, n: int) -> None:
        first = len(self.told.texts) + 1
        texts = {i: f"text {i} {'odd' if i % 2 else 'even'}" for i in range(first, first + n)}
        add_records(self.store, self.project, list(texts.values()), ids=[f"r{i}" for i in texts])
        self.told.texts |= texts

    def _others(self, record: int, who: str) -> int:
        return sum(r == record and p != who and until > self.now for (r, p), until in self.told.claims.items())

    def _shares(self, who: str) -> list[Share]:
        plan, given = plan_from(self.task.definition), self.told.given(who)

        def held(words: Any) -> set[int]:
            return {r for r, text in self.told.texts.items() if words.get("text", "") in text}

        if own := plan.of(who):
            return [Share(held(a.filter), a.limit, len(given & held(a.filter))) for a in own]
        kept = [held(a.filter) for a in plan.assignments if a.exclusive]
        return [Share(set(self.told.texts).difference(*kept), None, 0)]

    def _free(self, who: str) -> list[int]:
        plan, shares = plan_from(self.task.definition), self._shares(who)
        return [r for r in self.told.texts if r not in self.told.dropped and not self.told.answered(r, who)
                and len(self.told.submitted(r)) < plan.overlap
                and any(r in share.records and not share.full for share in shares)]  # fmt: skip

    def _tier(self, record: int) -> int:
        labels = self.told.submitted(record)
        return 2 if not labels else int(len(set(labels)) == 1)

    def _ordered(self, who: str) -> list[int]:
        plan = plan_from(self.task.definition)
        open_now = [r for r in self._free(who)
                    if len(self.told.submitted(r)) + self._others(r, who) < plan.overlap]  # fmt: skip
        if plan.order == "random":
            return sorted(open_now, key=lambda r: scattered(r, plan.seed))
        if plan.order == "uncertainty":
            return sorted(open_now, key=lambda r: (self.told.scores.get(r, 9 if r != 5 else 0.5), r))
        if plan.order == "disagreement":
            mine = {r for (r, p), until in self.told.claims.items() if p == who and until > self.now}
            return sorted(open_now, key=lambda r: (r not in mine, self._tier(r), r))
        return open_now

    def _expected(self, who: str, n: int) -> list[int]:
        plan, shares = plan_from(self.task.definition), self._shares(who)
        given, room = self.told.given(who), 99 if plan.limit_each is None else plan.limit_each
        room -= len(given)
        found: list[int] = []

        def take(records: list[int], most: int) -> list[int]:
            nonlocal room
            taken: list[int] = []
            for record in records:
                if len(taken) == most or room <= 0 or all(share.full for share in shares):
                    break
                holding = [share for share in shares if record in share.records]
                if record in found or (record not in given and all(share.full for share in holding)):
                    continue
                if record not in given:
                    room -= 1
                    for share in holding:
                        share.done += 1
                taken.append(record)
            return taken

        again = [r for r in self.told.requests() if not self._others(r, who) and any(r in s.records for s in shares)]
        if plan.relabel_first:
            found += take(again, n)
        fresh = take(self._ordered(who), n - len(found))
        if plan.order == "disagreement":
            fresh.sort(key=lambda r: (self._tier(r), r))
        found += fresh
        return found if plan.relabel_first else found + take(again, n - len(found))

    def _enough(self, who: str, n: int) -> list[int] | None:
        """What they hold, if it is 80 % of what they ask for, the first of it, and fresh: no claim is written then."""
        mine = {r: until for (r, p), until in self.told.claims.items() if p == who and until > self.now}
        young = all(until >= self.now + timedelta(seconds=LEASE * 0.75) for until in mine.values())
        ended = any(until <= self.now for until in self.told.claims.values())
        first = self._expected(who, n)[: len(mine)]
        return first if len(mine) >= 0.8 * n and young and not ended and set(first) == set(mine) else None

    def _claim(self, who: str, n: int) -> list[queue.Claimed]:
        return queue.claim(self.store, self.task, who, n, lease_seconds=LEASE, now=self.now)

    @rule(who=people, n=st.integers(1, 7))
    def claim(self, who: str, n: int) -> None:
        enough = self._enough(who, n)
        expected = self._expected(who, n) if enough is None else enough
        found = self._claim(who, n)
        assert [claimed.record_id for claimed in found] == expected
        again = set(self.told.requests())
        for claimed in found:
            assert claimed.text == self.told.texts[claimed.record_id]
            word = self.told.words().get((claimed.record_id, who))
            drafted = word is not None and word.state == "draft"
            assert claimed.draft == ({"label": word.label} if word is not None and drafted else None)
            asked = claimed.record_id in again and not self._others(claimed.record_id, who)
            assert (claimed.relabel is not None) == asked
        mine = {r: until for (r, p), until in self.told.claims.items() if p == who and until > self.now}
        self.told.claims = {
            (r, p): until for (r, p), until in self.told.claims.items() if p != who and until > self.now
        }
        fresh = self.now + timedelta(seconds=LEASE)
        for record in expected:
            until = mine.get(record, self.now)
            self.told.claims[record, who] = until if until >= self.now + timedelta(seconds=LEASE * 0.75) else fresh
        self.over &= self._over()

    @rule(who=people)
    def remaining(self, who: str) -> None:
        plan, shares = plan_from(self.task.definition), self._shares(who)
        rooms = [99 if plan.limit_each is None else max(0, plan.limit_each - len(self.told.given(who)))]
        if all(share.limit for share in shares):
            rooms.append(sum(max(0, (share.limit or 0) - share.done) for share in shares))
        left = queue.remaining(self.store, self.task, who, now=self.now)
        free = self._free(who)
        assert left.left == min(len(free), *rooms, 99)
        mine = set().union(*(share.records for share in shares))
        assert left.total == len(mine - set(self.told.dropped))
        assert left.relabel == (len([r for r in self.told.requests() if r in mine]) if min(rooms) else 0)
        held = {(r, p): u for (r, p), u in self.told.claims.items() if r in free and p != who and u > self.now}
        assert sum(h.records for h in left.holders) == len(held)
        assert not held or left.holders[0].until == min(held.values())

    @rule(who=people, record=numbers, state=st.sampled_from(STATES), label=st.sampled_from(["yes", "no"]))
    def answer(self, who: str, record: int, state: str, label: str) -> None:
        if state == "draft" and self.told.answered(record, who):
            return  # these are not stored
        self.time += 1
        value = {"label": label} if state in ("submitted", "draft") else {}
        event = Answer(f"event-{self.time}", record, state, value)  # type: ignore[arg-type]
        for _ in range(1 + self.time % 2):  # sent twice every other time
            became = answer_store.submit(self.store, self.task.id, who, [event])[event.event_id]
            assert became.stray == ("dropped" if record in self.told.dropped else "")
        self.told.events.append(Event(record, who, state, label, self.time))
        if state in ("submitted", "skipped"):
            self.told.claims.pop((record, who), None)
        self.over |= self._over()  # an answer that nobody held the record for is kept, beyond the overlap

    @rule(who=people, chosen=st.sets(numbers, min_size=1, max_size=4), label=st.sampled_from(["yes", "no"]))
    def bulk(self, who: str, chosen: set[int], label: str) -> None:
        self.time += 1
        answers = [Answer(f"bulk-{self.time}-{record}", record, "submitted", {"label": label}) for record in chosen]

        def work(cursor: Cursor) -> int:
            answer_store.enlist(cursor, who)
            job = jobs.record_done(cursor, "bulk", self.project.id, {})
            answer_store.append(self.store, cursor, self.task.id, who, answers, job)
            return job

        job = self.store.transact(work)
        self.bulks.append(job)
        self.told.events += [Event(record, who, "submitted", label, self.time, job) for record in chosen]
        self.over |= self._over()

    @precondition(lambda self: getattr(self, "bulks", None))
    @rule(data=st.data())
    def undo_or_redo_bulk(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.bulks))
        try:
            (jobs.redo if job in self.told.undone else jobs.undo)(self.store, job)
        except jobs.JobRefused:
            return  # records came in between
        self.told.undone ^= {job}
        self.over |= self._over()

    @rule(seconds=st.integers(10, 150))
    def time_goes_by(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(who=people)
    def release(self, who: str) -> None:
        queue.release(self.store, self.task.id, who)
        self.told.claims = {key: until for key, until in self.told.claims.items() if key[1] != who}

    @rule(record=numbers)
    def drop_or_bring_back(self, record: int) -> None:
        if record in self.told.dropped:
            jobs.undo(self.store, self.told.dropped.pop(record))
        else:
            spam = Verdict(record, "by hand", "drop", "spam")
            self.told.dropped[record] = verdicts.decide(self.store, self.project.id, "keep", [spam])

    @rule(record=numbers)
    def ask_again(self, record: int) -> None:
        self.time += 1

        def work(cursor: Cursor) -> None:
            job = jobs.record_done(cursor, "relabel", self.project.id, {})
            cursor.execute(
                "INSERT INTO relabel_request (record_id, task_id, reason, job_id) VALUES (?, ?, 'why', ?)",
                [record, self.task.id, job],
            )

        self.store.transact(work)
        self.told.asked.append((record, self.time))

    @rule(
        overlap=st.integers(1, 3), order=st.sampled_from(["import", "random", "uncertainty", "disagreement"]),
        seed=st.integers(0, 3), first=st.booleans(), each=st.sampled_from([None, None, 2, 4]),
        assignments=st.sampled_from(ASSIGNMENTS),
    )  # fmt: skip
    def plan(self, overlap: int, order: str, seed: int, first: bool, each: int | None, assignments: Any) -> None:
        words = {"order": order, "seed": seed, "relabel_first": first, "limit_each": each, "assignments": assignments}
        definition = {**self.task.definition, "overlap": overlap, "queue": words}
        self.task = projects.save_task(
            self.store, self.project.id, name=self.task.name, kind=self.task.kind, definition=definition
        )
        self.over |= self._over()

    @precondition(lambda self: hasattr(self, "told") and len(self.told.texts) < RECORDS + 6)
    @rule()
    def more_records(self) -> None:
        self._import(2)

    @rule()
    def restart(self) -> None:
        queue.forget(self.store)

    @rule(who=people, n=st.integers(1, 6), again=st.booleans())
    def a_claim_fails(self, who: str, n: int, again: bool) -> None:
        """The transaction breaks after the claim was written in it: for good, or so that it is tried again."""
        whole, times = self.store.transact, 0

        def breaking(work: Any) -> Any:
            def broken(cursor: Cursor) -> Any:
                nonlocal times
                done, times = work(cursor), times + 1
                if times == 1:
                    raise duckdb.TransactionException("conflict") if again else Broken
                return done

            return whole(broken)

        self.store.transact = breaking  # type: ignore[method-assign]
        try:
            if again:
                self.claim(who, n)
            elif self._enough(who, n) is None:
                with pytest.raises(Broken):
                    self._claim(who, n)
        finally:
            del self.store.transact  # type: ignore[method-assign]

    @rule()
    def line_is_what_the_tables_say(self) -> None:
        queue.remaining(self.store, self.task, "anna", now=self.now)
        line = queue._slot(self.store, self.task.id).line
        fresh = line_rows.build(self.store.cursor(), self.task, plan_from(self.task.definition))
        assert line is not None
        for name in ("ids", "live", "submitted", "held", "tier"):
            assert np.array_equal(getattr(line, name), getattr(fresh, name)), name
        assert line.claims == fresh.claims
        assert {p: m for p, m in line.mine.items() if m} == fresh.mine
        assert line.sums == fresh.sums
        assert list(line.requests.open().values()) == list(fresh.requests.open().values())
        for who in PEOPLE:
            kept, made = line.lane(who), fresh.lane(who)
            assert np.array_equal(kept.free, made.free)
            assert not kept.free[: kept.first].any()
            assert (kept.left, kept.done) == (made.left, made.done)
            assert [share.done for share in kept.shares] == [share.done for share in made.shares]
            for spot in range(len(line.ids)):
                codes = [each.said[who].get(spot) if who in each.said else 0 for each in (line, fresh)]
                assert codes[0] == codes[1]
                word = self.told.words().get((int(line.ids[spot]), who))
                assert (codes[0] & 3 == SUBMITTED) == (word is not None and word.state == "submitted")
        now = queue.micros(self.now)
        fresh.expire(now)
        line.expire(now)
        line.settled = False  # so that the table is read again
        assert [choose(line, who, 3, now) for who in PEOPLE] == [choose(fresh, who, 3, now) for who in PEOPLE]

    def _over(self) -> set[int]:
        """Records that are answered or held more often than the plan asks."""
        rows = self.store.rows(
            "SELECT record_id, count(*) AS n FROM ("
            "SELECT record_id, annotator FROM claim WHERE lease_until > $now UNION "
            "SELECT record_id, annotator FROM annotation_now WHERE state = 'submitted') GROUP BY record_id",
            {"now": self.now},
        )
        again = {record for record, _ in self.told.asked}
        overlap = plan_from(self.task.definition).overlap
        return {row["record_id"] for row in rows if row["n"] > overlap} - again

    @invariant()
    def no_claim_goes_over_the_overlap(self) -> None:
        if hasattr(self, "task"):
            assert self._over() <= self.over
            assert self.store.scalar("SELECT count(*) FROM annotation_event") == len(self.told.events)


TestQueueModel = QueueModel.TestCase
TestQueueModel.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
