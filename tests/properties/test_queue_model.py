"""Any order of claims, pages, answers, jobs, plans, restarts and failures: the queue against a simple model of it, and the
line in memory against the tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
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
from pipeline.store.walk import choose
from tests.conftest import add_records
from tests.properties.queue_model import ASSIGNMENTS, LEASE, NO_LIMIT, Event, Told, claims, given_as_promised, over

from tests.properties.queue_model import same_line, said_as_told  # isort: skip

PEOPLE = ("anna", "bob", "carl")
RECORDS = 8
STATES = ["submitted", "submitted", "submitted", "skipped", "withdrawn", "draft"]

people = st.sampled_from(PEOPLE)
numbers = st.integers(1, RECORDS)
anything = st.lists(st.one_of(numbers, st.sampled_from([-1, 0, 10, 99])), max_size=12)
windows = st.integers(1, 7)


class Broken(Exception):
    pass


class QueueModel(RuleBasedStateMachine):
    @initialize(overlap=st.integers(1, 3))
    def start(self, overlap: int) -> None:
        self.store = open_store(":memory:")
        self.project = projects.create(self.store, "p")
        self.time = 0
        self.pages: dict[str, list[int] | None] = dict.fromkeys(PEOPLE)
        self.task = annotate.define(self.store, self.project, labels=["yes", "no"], guideline="", overlap=overlap)
        self.told = Told(datetime.now(UTC).replace(tzinfo=None), plan_from(self.task.definition))
        self._import(RECORDS)
        self.bulks: list[int] = []
        self.over: set[int] = set()
        for record in (2, 5, 6):
            self.told.scores[record] = record / 10
        self.store.transact(lambda cursor: cursor.execute(
            "INSERT INTO suggestion (record_id, task_id, source, question, value, score, job_id) "
            "SELECT unnest([2, 5, 6, 5]), ?, 'm', 'label', '\"yes\"', unnest([0.2, 0.1, 0.6, 0.5]), 1",
            [self.task.id]))  # fmt: skip

    @property
    def now(self) -> datetime:
        return self.told.now

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.line_is_what_the_tables_say()
            self.store.close()

    def _import(self, n: int) -> None:
        first = len(self.told.texts) + 1
        texts = {i: f"text {i} {'odd' if i % 2 else 'even'}" for i in range(first, first + n)}
        add_records(self.store, self.project, list(texts.values()), ids=[f"r{i}" for i in texts])
        self.told.texts |= texts

    def _ask(self, who: str, n: int, have: Collection[int] | None, n_alone: int | None = None) -> list[int]:
        """One claim, against the model and against what `claim` promises; returns its records."""
        again, others = self.told.again(who), {r: self.told.others(r, who) for r in self.told.texts}
        before, still = self.told.mine(who), {*self.told.open(who), *again}
        asked = n if n_alone is None or self.told.shared(who) else n_alone
        expected = self.told.claim(who, asked, have)
        found = self._claim(who, n, have, n_alone)
        ids = [claimed.record_id for claimed in found]
        assert ids == expected
        assert claims(self.store, self.now) == self.told.unexpired()
        given_as_promised(self.told, who, have, before, still, ids, asked)
        for claimed in found:
            assert claimed.light == (claimed.record_id in (have or ()))
            assert (claimed.relabel is not None) == (claimed.record_id in again and not others[claimed.record_id])
            if claimed.light:
                assert (claimed.text, claimed.draft) == ("", None)
            else:
                self._is_whole(who, claimed)
        self.over &= over(self.store, self.told)
        return ids

    def _claim(self, who: str, n: int, have: Collection[int] | None, n_alone: int | None = None) -> list[queue.Claimed]:
        return queue.claim(self.store, self.task, who, n, lease_seconds=LEASE, now=self.now, have=have, n_alone=n_alone)

    def _is_whole(self, who: str, claimed: queue.Claimed) -> None:
        assert claimed.text == self.told.texts[claimed.record_id]
        word = self.told.words().get((claimed.record_id, who))
        drafted = word is not None and word.state == "draft"
        assert claimed.draft == ({"label": word.label} if word is not None and drafted else None)

    @rule(who=people, n=windows)
    def claim(self, who: str, n: int) -> None:
        self._ask(who, n, ())

    @rule(who=people, n=windows, n_alone=st.one_of(st.none(), windows), lost=st.booleans())
    def page_asks(self, who: str, n: int, n_alone: int | None, lost: bool) -> None:
        """A page says what it has, and then has what it is told, if the word comes to it."""
        found = self._ask(who, n, self.pages[who], n_alone)
        if not lost:
            self.pages[who] = found

    @rule(who=people)
    def page_begins_anew(self, who: str) -> None:
        self.pages[who] = None

    @rule(who=people, n=windows, data=st.data())
    def page_asks_in_another_order(self, who: str, n: int, data: st.DataObject) -> None:
        """Some of it, each once or twice."""
        page = self.pages[who] or list(self.told.mine(who))
        self._ask(who, n, data.draw(st.lists(st.sampled_from(page), max_size=9)) if page else [])

    @rule(who=people, n=windows, have=anything)
    def somebody_names_anything(self, who: str, n: int, have: Sequence[int]) -> None:
        """Others' records, dropped and answered ones, ones that never were."""
        self._ask(who, n, have)

    @rule(who=people)
    def remaining(self, who: str) -> None:
        shares, rooms = self.told.shares(who), [self.told.room(who)]
        if all(share.limit for share in shares):
            rooms.append(sum(max(0, (share.limit or 0) - share.done) for share in shares))
        left = queue.remaining(self.store, self.task, who, now=self.now)
        free = self.told.free(who)
        assert left.left == min(len(free), *rooms, NO_LIMIT)
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
            if page := self.pages[who]:
                self.pages[who] = [one for one in page if one != record]
        self.over |= over(
            self.store, self.told
        )  # an answer that nobody held the record for is kept, beyond the overlap

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
        self.over |= over(self.store, self.told)

    @precondition(lambda self: getattr(self, "bulks", None))
    @rule(data=st.data())
    def undo_or_redo_bulk(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.bulks))
        try:
            (jobs.redo if job in self.told.undone else jobs.undo)(self.store, job)
        except jobs.JobRefused:
            return  # records came in between
        self.told.undone ^= {job}
        self.over |= over(self.store, self.told)

    @rule(seconds=st.integers(10, 150))
    def time_goes_by(self, seconds: int) -> None:
        self.told.now += timedelta(seconds=seconds)

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
        self.told.plan = plan_from(definition)
        self.over |= over(self.store, self.told)

    @precondition(lambda self: hasattr(self, "told") and len(self.told.texts) < RECORDS + 6)
    @rule()
    def more_records(self) -> None:
        self._import(2)

    @rule()
    def restart(self) -> None:
        queue.forget(self.store)

    @rule(who=people, n=windows, again=st.booleans(), have=st.one_of(st.none(), anything))
    def a_claim_fails(self, who: str, n: int, again: bool, have: Collection[int] | None) -> None:
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
                self._ask(who, n, have)
            elif self.told.enough(who, n, have) is None:
                with pytest.raises(Broken):
                    self._claim(who, n, have)
        finally:
            del self.store.transact  # type: ignore[method-assign]

    @rule()
    def line_is_what_the_tables_say(self) -> None:
        queue.remaining(self.store, self.task, "anna", now=self.now)
        line = queue._slot(self.store, self.task.id).line
        fresh = line_rows.build(self.store.cursor(), self.task, plan_from(self.task.definition))
        assert line is not None
        same_line(line, fresh, PEOPLE)
        said_as_told(line, self.told, PEOPLE)
        now = queue.micros(self.now)
        fresh.expire(now)
        line.expire(now)
        line.settled = False  # so that the table is read again
        assert [choose(line, who, 3, now) for who in PEOPLE] == [choose(fresh, who, 3, now) for who in PEOPLE]

    @invariant()
    def no_claim_goes_over_the_overlap(self) -> None:
        if hasattr(self, "task"):
            assert over(self.store, self.told) <= self.over
            assert self.store.scalar("SELECT count(*) FROM annotation_event") == len(self.told.events)


TestQueueModel = QueueModel.TestCase
TestQueueModel.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
