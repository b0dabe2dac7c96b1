"""The queue follows the plan: its order, whose share a record is, and how much one person may answer."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import annotate
from pipeline.domain import Project, Task, Verdict
from pipeline.store import Store, jobs, projects, queue, records, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer
from tests.conftest import Fill, add_records
from tests.queueing import ask_again, ids, planned, say


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill([f"text {i}" for i in range(1, 11)])


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return annotate.define(store, project, labels=["yes", "no"], guideline="")


def test_random_order_is_the_same_for_everybody_and_keeps_when_records_come(
    store: Store, project: Project, task: Task
) -> None:
    seven = planned(store, project, order="random", seed=7)
    mine = ids(queue.claim(store, seven, "anna", 20))
    assert sorted(mine) == list(range(1, 11)) != mine
    queue.release(store, seven.id, "anna")
    assert ids(queue.claim(store, seven, "bob", 20)) == mine
    add_records(store, project, ["later"] * 5, ids=[f"n{i}" for i in range(5)])
    assert [i for i in ids(queue.claim(store, seven, "bob", 20)) if i <= 10] == mine
    assert ids(queue.claim(store, planned(store, project, order="random", seed=8), "bob", 20)) != mine


def test_the_least_certain_suggestion_comes_first(store: Store, project: Project, task: Task) -> None:
    store.transact(lambda cursor: cursor.execute(
        "INSERT INTO suggestion (record_id, task_id, source, question, value, score, job_id) "
        "SELECT unnest([4, 9, 2, 2]), ?, 'model', 'label', '\"yes\"', unnest([0.3, 0.2, 0.1, 0.9]), 1", [task.id]
    ))  # fmt: skip
    found = queue.claim(store, planned(store, project, order="uncertainty"), "anna", 5)
    assert ids(found) == [9, 4, 2, 1, 3]
    assert found[2].suggestions == {"label": {"value": "yes", "score": 0.9, "source": "model"}}
    assert found[3].suggestions == {}


def test_answers_that_differ_come_first_and_say_nothing_of_themselves(
    store: Store, project: Project, task: Task
) -> None:
    task = planned(store, project, 3, order="disagreement")
    for who, record, label in (("anna", 5, "yes"), ("bob", 5, "no"), ("anna", 8, "yes"), ("bob", 8, "yes"),
                               ("anna", 3, "no")):  # fmt: skip
        event = Answer(f"{who}-{record}-answer", record, "submitted", {"label": label}, comment="secret")
        answer_store.submit(store, task.id, who, [event])
    found = queue.claim(store, task, "carl", 5)
    assert ids(found) == [5, 3, 8, 1, 2]
    assert all(c.draft is None and not c.suggestions and "secret" not in repr(c) for c in found)
    answer_store.submit(store, task.id, "anna", [Answer("anna-changes-her-mind", 8, "submitted", {"label": "no"})])
    assert ids(queue.claim(store, task, "carl", 5)) == [5, 8, 3, 1, 2]
    queue.release(store, task.id, "carl")
    assert ids(queue.claim(store, task, "carl", 2)) == [5, 8]


def test_relabel_requests_can_come_last(store: Store, project: Project, task: Task) -> None:
    task = planned(store, project, relabel_first=False)
    say(store, task, "anna", 1)
    ask_again(store, project, task, 1)
    ask_again(store, project, task, 4)
    found = queue.claim(store, task, "anna", 20)
    assert ids(found) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 1]
    assert [c.relabel is not None for c in found] == [c.record_id in (1, 4) for c in found]


def test_an_assigned_person_gets_their_share_and_the_others_the_rest(store: Store, fill: Fill) -> None:
    project = fill([f"{'late' if i % 2 else 'early'} {i}" for i in range(1, 9)], "shares")
    annotate.define(store, project, labels=["yes"], guideline="")
    task = planned(store, project, groups={"staff": ["anna", "bob"]},
                   assignments=[{"group": "staff", "filter": {"text": "LATE"}}])  # fmt: skip
    assert ids(queue.claim(store, task, "anna", 2)) == [1, 3]
    assert ids(queue.claim(store, task, "bob", 9)) == [5, 7]
    assert ids(queue.claim(store, task, "carl", 9)) == [2, 4, 6, 8]
    for record in (1, 3, 5, 7):
        say(store, task, "anna", record)
    left = queue.remaining(store, task, "anna")
    assert left.finished
    assert (left.assigned, left.limited, left.total) == (True, False, 4)
    assert not queue.remaining(store, task, "carl").assigned


def test_a_share_can_be_named_by_column_and_by_file(store: Store, project: Project, task: Task) -> None:
    job = jobs.open_job(store, "import", project.id, {"path": "/data/b.csv", "file_name": ""})
    rows = pa.table({"project_id": pa.array([project.id] * 2, pa.int32()), "job_id": pa.array([job] * 2, pa.int32()),
                     "external_id": ["x", "y"], "text": ["a", "b"], "meta": ['{"a/b": "X", "n": 2}', '{"n": 3}']})  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))
    jobs.close_job(store, job, "done", {})
    task = planned(store, project, assignments=[
        {"people": ["anna"], "filter": {"meta": {"a/b": "X", "n": 2}}}, {"people": ["bob"], "filter": {"file": "b.csv"}},
    ])  # fmt: skip
    assert ids(queue.claim(store, task, "anna", 9)) == [11]
    assert ids(queue.claim(store, task, "bob", 9)) == [12]
    assert ids(queue.claim(store, task, "carl", 9)) == list(range(1, 10))


def test_a_share_follows_an_edit_that_a_job_made(store: Store, project: Project, task: Task) -> None:
    task = planned(store, project, assignments=[{"people": ["anna"], "filter": {"text": "new"}}])
    assert queue.claim(store, task, "anna", 9) == []
    job = verdicts.decide(store, project.id, "edit", [Verdict(4, "by hand", "edit", "", "a new text")])
    assert [(c.record_id, c.text) for c in queue.claim(store, task, "anna", 9)] == [(4, "a new text")]
    assert 4 not in ids(queue.claim(store, task, "bob", 20))
    jobs.undo(store, job)
    assert queue.claim(store, task, "anna", 9) == []
    assert next(c.text for c in queue.claim(store, task, "bob", 20) if c.record_id == 4) == "text 4"


def test_limits_count_submitted_answers_and_hold_the_window_too(store: Store, project: Project, task: Task) -> None:
    task = planned(store, project, 2, limit_each=3)
    say(store, task, "anna", 1)
    say(store, task, "anna", 2, "skipped")
    assert ids(queue.claim(store, task, "anna", 9)) == [3, 4]
    for record in (3, 4):
        say(store, task, "anna", record)
    assert queue.claim(store, task, "anna", 9) == []
    left = queue.remaining(store, task, "anna")
    assert left.finished
    assert (left.limited, left.limit, left.answered) == (True, 3, 3)
    say(store, task, "anna", 3, "withdrawn")
    assert ids(queue.claim(store, task, "anna", 9)) == [3]
    task = planned(store, project, 2, assignments=[{"people": ["bob"], "limit": 1, "filter": {"text": "1"}},
                                                   {"people": ["bob"], "limit": 2, "filter": {"text": "text"}}])  # fmt: skip
    assert ids(queue.claim(store, task, "bob", 9)) == [1, 2]
    assert queue.remaining(store, task, "bob").left == 3


def test_a_page_that_knows_an_older_plan_does_not_bring_it_back(store: Store, project: Project, task: Task) -> None:
    newer = planned(store, project, order="random", seed=7)
    mine = ids(queue.claim(store, newer, "anna", 4))
    assert ids(queue.claim(store, task, "anna", 4)) == mine


@pytest.mark.parametrize("order", ["import", "random", "uncertainty", "disagreement"])
def test_a_project_without_records_has_nothing_to_do(store: Store, order: str) -> None:
    project = projects.create(store, "empty")
    annotate.define(store, project, labels=["yes"], guideline="")
    task = planned(store, project, order=order)
    assert queue.claim(store, task, "anna", 5) == []
    left = queue.remaining(store, task, "anna")
    assert (left.total, left.left, left.finished, left.limited) == (0, 0, True, False)
