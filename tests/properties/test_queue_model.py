"""Any order of claims, expiries, answers, skips, withdrawals, drops and relabel requests against a simple model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipeline import annotate
from pipeline.domain import Verdict
from pipeline.store import annotations as answer_store
from pipeline.store import jobs, open_store, projects, queue, verdicts
from pipeline.store.annotations import Answer
from pipeline.store.database import Cursor
from tests.conftest import add_records

PEOPLE = ("anna", "bob", "carl")
RECORDS = 8
LEASE = 100

people = st.sampled_from(PEOPLE)
numbers = st.integers(1, RECORDS)


class QueueModel(RuleBasedStateMachine):
    @initialize(overlap=st.integers(1, 3))
    def start(self, overlap: int) -> None:
        self.store = open_store(":memory:")
        self.project = projects.create(self.store, "p")
        add_records(self.store, self.project, [f"text {i}" for i in range(RECORDS)])
        self.task = annotate.define(self.store, self.project, labels=["yes"], guideline="")
        self.overlap = overlap
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.said: dict[tuple[int, str], str] = {}
        self.claims: dict[tuple[int, str], datetime] = {}
        self.dropped: dict[int, int] = {}
        self.asked: list[int] = []
        self.events = 0

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    def _live_others(self, record: int, who: str) -> int:
        return sum(r == record and p != who and until > self.now for (r, p), until in self.claims.items())

    def _expected(self, who: str, n: int) -> list[int]:
        again = [r for r in self.asked if r not in self.dropped and not self._live_others(r, who)]
        fresh = []
        for record in range(1, RECORDS + 1):
            submitted = sum(self.said.get((record, p)) == "submitted" for p in PEOPLE)
            if record in self.dropped or record in again or self.said.get((record, who)) in ("submitted", "skipped"):
                continue
            if submitted + self._live_others(record, who) < self.overlap:
                fresh.append(record)
        return (again[:n] + fresh)[:n]

    @rule(who=people, n=st.integers(1, 5))
    def claim(self, who: str, n: int) -> None:
        expected = self._expected(who, n)
        found = queue.claim(
            self.store, self.task, who, n, overlap=self.overlap, lease_seconds=LEASE, now=self.now
        )  # fmt: skip
        assert [claimed.record_id for claimed in found] == expected
        mine = {key: until for key, until in self.claims.items() if key[1] == who and until > self.now}
        young = all(until >= self.now + timedelta(seconds=LEASE * 0.75) for until in mine.values())
        if {record for record, _ in mine} != set(expected) or not young:
            self.claims = {key: until for key, until in self.claims.items() if key[1] != who}
            self.claims.update({(record, who): self.now + timedelta(seconds=LEASE) for record in expected})

    @rule(
        who=people, record=numbers, state=st.sampled_from(["submitted", "submitted", "skipped", "withdrawn", "draft"])
    )
    def answer(self, who: str, record: int, state: str) -> None:
        self.events += 1
        value = {"label": "yes"} if state == "submitted" else {}
        event = Answer(f"event-{self.events}", record, state, value)  # type: ignore[arg-type]
        for _ in range(1 + self.events % 2):  # sent twice every other time
            became = answer_store.submit(self.store, self.task.id, who, [event])[event.event_id]
            assert became.stray == ("dropped" if record in self.dropped else "")
        self.said[record, who] = state
        if state in ("submitted", "skipped"):
            self.claims.pop((record, who), None)
            self.asked = [r for r in self.asked if r != record]

    @rule(seconds=st.integers(10, 150))
    def time_goes_by(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(who=people)
    def release(self, who: str) -> None:
        queue.release(self.store, self.task.id, who)
        self.claims = {key: until for key, until in self.claims.items() if key[1] != who}

    @rule(record=numbers)
    def drop_or_bring_back(self, record: int) -> None:
        if record in self.dropped:
            jobs.undo(self.store, self.dropped.pop(record))
        else:
            spam = Verdict(record, "by hand", "drop", "spam")
            self.dropped[record] = verdicts.decide(self.store, self.project.id, "keep", [spam])

    @rule(record=numbers)
    def ask_again(self, record: int) -> None:
        if record in self.asked:
            return

        def work(cursor: Cursor) -> None:
            job = jobs.record_done(cursor, "relabel", self.project.id, {})
            cursor.execute(
                "INSERT INTO relabel_request (record_id, task_id, reason, job_id) VALUES (?, ?, 'why', ?)",
                [record, self.task.id, job],
            )

        self.store.transact(work)
        self.asked.append(record)

    @invariant()
    def nobody_is_over_the_overlap(self) -> None:
        if not hasattr(self, "store"):
            return
        rows = self.store.rows(
            "SELECT record_id, count(DISTINCT annotator) AS n FROM claim WHERE lease_until > ? GROUP BY record_id",
            [self.now],
        )
        assert all(row["n"] <= self.overlap for row in rows)
        assert self.store.scalar("SELECT count(*) FROM annotation_event") == self.events


TestQueueModel = QueueModel.TestCase
TestQueueModel.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
