"""What an annotator's page has stays theirs, in its order, and comes light."""

from __future__ import annotations

import pytest

from pipeline import annotate
from pipeline.domain import Project, Task
from pipeline.store import Store, projects, queue
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer
from tests.conftest import Fill, add_records
from tests.queueing import ask_again, ids, say


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill([f"text {i}" for i in range(1, 11)])


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return annotate.define(store, project, labels=["yes", "no"], guideline="")


def test_what_the_browser_has_comes_light_and_a_draft_comes_back(store: Store, project: Project, task: Task) -> None:
    answer_store.submit(store, task.id, "anna", [Answer("draft-of-anna", 2, "draft", {"label": "yes"})])
    answer_store.submit(store, task.id, "bob", [Answer("draft-of-bob", 3, "draft", {"label": "no"})])
    found = queue.claim(store, task, "anna", 3, have=(1, 99))
    assert [(c.record_id, c.light, c.text, c.draft) for c in found] == [
        (1, True, "", None), (2, False, "text 2", {"label": "yes"}), (3, False, "text 3", None),
    ]  # fmt: skip


def test_what_a_page_has_is_not_given_up_though_the_window_shrinks(store: Store, fill: Fill) -> None:
    """The word that a page should hold less may be lost, and the page goes on answering what it has."""
    project = fill([f"text {i}" for i in range(20)])
    task = annotate.define(store, project, labels=["yes"], guideline="")
    first = ids(queue.claim(store, task, "anna", 10, have=None))
    assert ids(queue.claim(store, task, "anna", 4, have=first)) == first[:4]
    assert ids(queue.claim(store, task, "bob", 4)) == [11, 12, 13, 14]
    assert ids(queue.claim(store, task, "anna", 4, have=first[:4])) == first[:4]  # the page has let the others go
    assert ids(queue.claim(store, task, "bob", 8, have=[11, 12])) == [11, 12, 5, 6, 7, 8, 9, 10]


def test_what_a_page_has_comes_first_in_its_order(store: Store, fill: Fill) -> None:
    project = fill([f"text {i}" for i in range(10)])
    task = annotate.define(store, project, labels=["yes"], guideline="")
    queue.claim(store, task, "anna", 3, have=None)
    queue.claim(store, task, "bob", 3, have=None)
    assert ids(queue.claim(store, task, "anna", 7, have=[3, 1, 4, 99])) == [3, 1, 2, 7, 8, 9, 10]  # 4 is bob's


def test_a_new_page_gets_what_the_person_holds(store: Store, fill: Fill) -> None:
    project = fill([f"text {i}" for i in range(10)])
    task = annotate.define(store, project, labels=["yes"], guideline="")
    queue.claim(store, task, "bob", 3, have=None)
    assert ids(queue.claim(store, task, "anna", 3, have=None)) == [4, 5, 6]
    queue.release(store, task.id, "bob")
    assert ids(queue.claim(store, task, "anna", 3, have=None)) == [4, 5, 6]


def test_a_new_page_begins_with_what_is_to_be_labelled_again(store: Store, fill: Fill) -> None:
    project = fill([f"text {i}" for i in range(10)])
    task = annotate.define(store, project, labels=["yes"], guideline="")
    first = ids(queue.claim(store, task, "anna", 5, have=None))
    say(store, task, "anna", 1)
    ask_again(store, project, task, 1)
    assert ids(queue.claim(store, task, "anna", 5, have=first[1:]))[:4] == [2, 3, 4, 5]  # a page keeps its order
    assert ids(queue.claim(store, task, "anna", 5, have=None)) == [1, 2, 3, 4, 5]
    assert ids(queue.claim(store, task, "bob", 10, have=None)) == [6, 7, 8, 9, 10]


def test_a_page_that_has_just_begun_gets_what_they_hold_in_its_order(store: Store) -> None:
    for name in ("p", "q", "r"):  # the third's records are 25 to 36: a set of these numbers begins with 32
        project = projects.create(store, name)
        add_records(store, project, [f"text {i}" for i in range(12)])
        task = annotate.define(store, project, labels=["yes", "no"], guideline="")
        first = [claimed.record_id for claimed in queue.claim(store, task, "anna", 12)]
        assert first == sorted(first)
        assert [claimed.record_id for claimed in queue.claim(store, task, "anna", 12, have=None)] == first
