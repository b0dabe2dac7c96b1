"""The queue hands each record to as many people as asked for, in order, and says the truth when there is nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import annotate
from pipeline.domain import Project, Task, Verdict
from pipeline.store import Store, jobs, queue, records, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer
from pipeline.store.database import Cursor
from tests.conftest import Fill, add_records
from tests.queueing import ask_again, ids, planned, say

NOON = datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill([f"text {i}" for i in range(1, 11)])


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return annotate.define(store, project, labels=["yes", "no"], guideline="")


def test_import_order_and_one_person_a_record(store: Store, task: Task) -> None:
    assert ids(queue.claim(store, task, "anna", 4)) == [1, 2, 3, 4]
    assert ids(queue.claim(store, task, "bob", 4)) == [5, 6, 7, 8]
    assert ids(queue.claim(store, task, "anna", 4)) == [1, 2, 3, 4]
    assert ids(queue.claim(store, task, "carl", 4)) == [9, 10]
    assert queue.claim(store, task, "dora", 4) == []


def test_overlap_lets_others_in(store: Store, task: Task) -> None:
    assert ids(queue.claim(store, task, "anna", 3, overlap=2)) == [1, 2, 3]
    assert ids(queue.claim(store, task, "bob", 3, overlap=2)) == [1, 2, 3]
    assert ids(queue.claim(store, task, "carl", 3, overlap=2)) == [4, 5, 6]
    say(store, task, "anna", 1)
    assert ids(queue.claim(store, task, "carl", 3, overlap=2)) == [4, 5, 6]
    assert ids(queue.claim(store, task, "anna", 5, overlap=2)) == [2, 3, 4, 5, 6]


def test_a_lease_that_ran_out_is_free_and_a_claim_renews_one(store: Store, task: Task) -> None:
    queue.claim(store, task, "anna", 4, lease_seconds=60, now=NOON)
    later = NOON + timedelta(seconds=50)
    queue.claim(store, task, "anna", 4, lease_seconds=60, now=later)
    assert ids(queue.claim(store, task, "bob", 2, now=NOON + timedelta(seconds=61))) == [5, 6]
    assert ids(queue.claim(store, task, "bob", 2, now=later + timedelta(seconds=61))) == [1, 2]


def test_a_smaller_window_gives_the_rest_back(store: Store, task: Task) -> None:
    queue.claim(store, task, "anna", 8)
    queue.claim(store, task, "anna", 2)
    assert ids(queue.claim(store, task, "bob", 2)) == [3, 4]
    queue.release(store, task.id, "anna")
    assert ids(queue.claim(store, task, "carl", 2)) == [1, 2]


def test_a_person_alone_is_given_more(store: Store, task: Task) -> None:
    assert len(queue.claim(store, task, "anna", 2, n_alone=4, now=NOON, lease_seconds=60)) == 4
    assert len(queue.claim(store, task, "bob", 2, n_alone=4, now=NOON)) == 2
    assert len(queue.claim(store, task, "anna", 2, n_alone=4, now=NOON)) == 2
    later = NOON + timedelta(seconds=queue.LEASE_SECONDS + 1)
    assert len(queue.claim(store, task, "bob", 2, n_alone=4, now=later)) == 4


def test_what_was_answered_skipped_dropped_or_augmented_does_not_come(
    store: Store, project: Project, task: Task
) -> None:
    say(store, task, "anna", 1)
    say(store, task, "anna", 2, "skipped")
    verdicts.decide(store, project.id, "keep", [Verdict(3, "by hand", "drop", "spam")])
    rows = pa.table({"project_id": pa.array([project.id], pa.int32()), "job_id": pa.array([1], pa.int32()),
                     "external_id": ["r4-a"], "text": ["made"], "parent_id": pa.array([4], pa.int64())})  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))
    assert ids(queue.claim(store, task, "anna", 20)) == [4, 5, 6, 7, 8, 9, 10]
    queue.release(store, task.id, "anna")
    assert ids(queue.claim(store, task, "bob", 20)) == [2, 4, 5, 6, 7, 8, 9, 10]  # a skip is one person's


def test_the_front_moves_back_when_an_answer_is_withdrawn_or_a_drop_undone(
    store: Store, project: Project, task: Task
) -> None:
    job = verdicts.decide(store, project.id, "keep", [Verdict(2, "by hand", "drop", "spam")])
    for record in (1, 3, 4):
        say(store, task, "anna", record)
    assert ids(queue.claim(store, task, "anna", 2)) == [5, 6]
    say(store, task, "anna", 3, "withdrawn")
    assert ids(queue.claim(store, task, "anna", 2)) == [3, 5]
    jobs.undo(store, job)
    assert ids(queue.claim(store, task, "anna", 2)) == [2, 3]
    add_records(store, project, ["later"], ids=["new"])
    assert ids(queue.claim(store, task, "anna", 20))[-1] == 11


def test_an_answer_turned_into_a_skip_is_open_to_the_others_again(store: Store, task: Task) -> None:
    for record in (1, 2, 3):
        say(store, task, "anna", record)
    assert ids(queue.claim(store, task, "bob", 2)) == [4, 5]
    say(store, task, "anna", 2, "skipped")
    assert ids(queue.claim(store, task, "bob", 2)) == [2, 4]
    assert ids(queue.claim(store, task, "anna", 2)) == [5, 6]


def test_relabel_requests_come_first_even_to_those_who_answered(store: Store, project: Project, task: Task) -> None:
    for record in (1, 2, 7):
        say(store, task, "anna", record)
    ask_again(store, project, task, 7)
    ask_again(store, project, task, 2)
    found = queue.claim(store, task, "anna", 3)
    assert ids(found) == [7, 2, 3]
    assert found[0].reason == "predicted no"
    assert found[2].relabel is None
    assert ids(queue.claim(store, task, "bob", 2)) == [4, 5]  # one new answer is asked for
    say(store, task, "anna", 7)
    assert ids(queue.claim(store, task, "anna", 5)) == [2, 3, 6, 8, 9]
    verdicts.decide(store, project.id, "keep", [Verdict(2, "by hand", "drop", "spam")])
    assert ids(queue.claim(store, task, "anna", 3)) == [3, 6, 8]
    assert queue.remaining(store, task, "anna").relabel == 0


def test_finished_is_not_held_by_others(store: Store, task: Task) -> None:
    queue.claim(store, task, "anna", 8, now=NOON)
    queue.claim(store, task, "bob", 8, now=NOON)
    assert queue.claim(store, task, "carl", 8, now=NOON) == []
    held = queue.remaining(store, task, "carl", now=NOON)
    assert not held.finished
    assert (held.total, held.left) == (10, 10)
    assert [(h.annotator, h.records) for h in held.holders] == [("anna", 8), ("bob", 2)]
    assert held.holders[0].until == NOON + timedelta(seconds=queue.LEASE_SECONDS)
    for record in range(1, 11):
        say(store, task, "anna" if record < 9 else "bob", record)
    assert queue.remaining(store, task, "carl", now=NOON).finished
    assert queue.claim(store, task, "carl", 8, now=NOON) == []


def test_a_long_gap_in_the_middle_is_looked_past(store: Store, fill: Fill) -> None:
    project = fill([f"t{i}" for i in range(3000)], "long")
    task = annotate.define(store, project, labels=["yes"], guideline="")
    first = queue.claim(store, task, "anna", 1)[0].record_id
    store.transact(lambda cursor: answer_store.enlist(cursor, "anna"))
    store.transact(
        lambda cursor: cursor.execute(
            "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state) "
            "SELECT 'bulk-' || i, ? + i, ?, 'anna', 'submitted' FROM range(1, 2990) t(i)",
            [first, task.id],
        )
    )
    assert ids(queue.claim(store, task, "anna", 4)) == [first, first + 2990, first + 2991, first + 2992]


def test_a_claim_is_written_as_a_difference(store: Store, task: Task) -> None:
    def held() -> dict[int, datetime]:
        return {row["record_id"]: row["lease_until"] for row in store.rows("SELECT * FROM claim")}

    queue.claim(store, task, "anna", 3, now=NOON, lease_seconds=100)
    first = held()
    say(store, task, "anna", 1)
    queue.claim(store, task, "anna", 5, now=NOON + timedelta(seconds=20), lease_seconds=100)
    then = held()
    assert {r: until for r, until in first.items() if r > 1} == {r: until for r, until in then.items() if r < 4}
    assert then[4] == NOON + timedelta(seconds=120)
    queue.claim(store, task, "anna", 3, now=NOON + timedelta(seconds=30), lease_seconds=100)
    assert set(held().values()) == {NOON + timedelta(seconds=120), NOON + timedelta(seconds=130)}


def test_leases_outlive_a_restart(store: Store, task: Task) -> None:
    assert not queue.ready(store, task)
    queue.claim(store, task, "anna", 4)
    assert queue.ready(store, task)
    queue.forget(store)
    assert not queue.ready(store, task)
    assert ids(queue.claim(store, task, "bob", 2)) == [5, 6]
    queue.forget(store)
    assert queue.warm(store, task) > 0
    assert ids(queue.claim(store, task, "anna", 4)) == [1, 2, 3, 4]


def test_the_same_change_of_two_jobs_is_seen(store: Store, project: Project, task: Task) -> None:
    made = [verdicts.decide(store, project.id, "keep", [Verdict(r, "by hand", "drop", "spam")]) for r in (1, 2)]
    assert ids(queue.claim(store, task, "anna", 2)) == [3, 4]
    for job in made:
        jobs.undo(store, job)
    assert ids(queue.claim(store, task, "anna", 2)) == [1, 2]


def test_who_holds_enough_of_the_first_records_waits_for_nobody(store: Store, task: Task) -> None:
    queue.claim(store, task, "anna", 5)
    say(store, task, "anna", 1)

    def busy(cursor: Cursor) -> list[queue.Claimed]:
        found: list[queue.Claimed] = []
        other = threading.Thread(target=lambda: found.extend(queue.claim(store, task, "anna", 5)))
        other.start()
        other.join(20)  # a writer is at work all the while
        return found

    assert ids(store.transact(busy)) == [2, 3, 4, 5]
    say(store, task, "anna", 2)
    say(store, task, "anna", 3)
    assert ids(queue.claim(store, task, "anna", 5)) == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("overlap", [1, 3])
def test_thirty_people_at_once_answer_each_record_as_often_as_asked(store: Store, fill: Fill, overlap: int) -> None:
    n = 120
    project = fill([f"t{i}" for i in range(n)], "crowd")
    annotate.define(store, project, labels=["yes"], guideline="")
    task = planned(store, project, overlap)
    wrong: list[BaseException] = []

    def label(who: str) -> None:
        try:
            while found := queue.claim(store, task, who, 5):
                said = [Answer(f"{who}-{c.record_id}", c.record_id, "submitted", {"label": "yes"}) for c in found[:3]]
                answer_store.submit(store, task.id, who, said)
        except BaseException as error:  # noqa: BLE001  (a thread's failure must fail the test)
            wrong.append(error)

    threads = [threading.Thread(target=label, args=(f"person {i}",)) for i in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    label("the last")  # those who found all held went home
    assert not wrong
    counts = store.rows("SELECT record_id, count(*) AS n, count(DISTINCT annotator) AS people FROM annotation_now "
                        "WHERE task_id = ? GROUP BY record_id", [task.id])  # fmt: skip
    assert max(row["n"] for row in counts) == overlap
    assert [row["n"] for row in counts] == [row["people"] for row in counts]
    assert sum(row["n"] for row in counts) >= n * overlap - (overlap - 1) * 30 * 5
    assert len(counts) == n
