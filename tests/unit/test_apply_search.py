"""A search that is applied later than it was made: what people have answered since counts at that moment, for a record is
dropped only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from pipeline import annotate, jobs
from pipeline.domain import Job, Project, Task
from pipeline.store import Store, families, projects, same_meaning
from pipeline.store import jobs as job_store
from pipeline.store.jobs import JobRefused
from pipeline.verbs.dedupe import Dedupe

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
B = "a letter about the weather of last week was read aloud to nobody at all"
TEXTS = [A, B, A + " again", B + " again"]  # two families: r1 and r3, r2 and r4
CLASH = "Answers in 1 of the families that job .* found contradict each other now. Search again"


@pytest.fixture
def desk(store: Store, fill: Fill) -> Desk:
    return Desk(store, fill(TEXTS))


class Desk:
    """A project with a task that takes a label, and who answers it."""

    def __init__(self, store: Store, project: Project) -> None:
        self.store, self.project, self.sent = store, project, 0
        self.task = annotate.define(store, project, labels=["good", "bad"], guideline="g")

    def answer(self, record: int, label: str, who: str = "ana", task: Task | None = None) -> None:
        self.sent += 1
        event = {"event_id": f"a-long-enough-name-{self.sent}", "record_id": record, "state": "submitted",
                 "value": {"label": label}}  # fmt: skip
        (ack,) = annotate.submit(self.store, task or self.task, who, [event])
        assert ack.ok, ack

    def search(self, **knobs: Any) -> Job:
        return jobs.run(self.store, Dedupe(**knobs), self.project.id)

    def dropped(self) -> list[int]:
        return [row["id"] for row in self.store.rows("SELECT id FROM record_now WHERE dropped ORDER BY id")]

    def says_the_same(self, kind: str) -> int:
        """A preview of a search by meaning that found r1 and r3; kind is drop or flag. Returns the job."""
        store = self.store
        job = job_store.open_job(store, "semantic", self.project.id, {"drop": kind == "drop"})
        columns = {"family": pa.array([1, 1]), "record": pa.array([1, 3]), "kept": pa.array([True, False]),
                   "similarity": pa.array([1.0, 0.9])}  # fmt: skip
        store.transact(lambda cursor: families.append_members(store, cursor, job, **columns))
        store.transact(lambda cursor: same_meaning.judge_members(cursor, job, "semantic", kind))
        job_store.close_job(store, job, "preview", {})
        return job


def test_a_preview_is_not_applied_over_answers_that_contradict_each_other_since(desk: Desk) -> None:
    desk.answer(1, "good")
    job = desk.search(dry_run=True)
    assert (job.result["dropped"], job.result["contradictory"]) == (2, 0)
    desk.answer(3, "bad")
    with pytest.raises(JobRefused, match=CLASH):
        job_store.redo(desk.store, job.id)
    assert (job_store.get(desk.store, job.id).state, desk.dropped()) == ("preview", [])
    again = desk.search(dry_run=True)
    assert (again.result["dropped"], again.result["contradictory"]) == (1, 1)
    job_store.redo(desk.store, again.id)
    assert desk.dropped() == [4]


def test_an_undone_search_comes_back_only_if_its_families_are_of_one_mind(desk: Desk) -> None:
    job = desk.search()
    assert desk.dropped() == [3, 4]
    job_store.undo(desk.store, job.id)
    desk.answer(2, "good")
    desk.answer(4, "bad", "ben")
    with pytest.raises(JobRefused, match=CLASH):
        job_store.redo(desk.store, job.id)
    assert (job_store.get(desk.store, job.id).state, desk.dropped()) == ("undone", [])
    desk.answer(4, "good", "ben")
    job_store.redo(desk.store, job.id)
    assert desk.dropped() == [3, 4]


def test_a_family_of_which_nothing_would_be_dropped_stands_in_nobodys_way(desk: Desk) -> None:
    desk.answer(1, "good")
    desk.answer(3, "bad")
    job = desk.search(dry_run=True)
    assert job.result["contradictory"] == 1
    desk.answer(1, "good", "ben")  # it contradicts itself still
    job_store.redo(desk.store, job.id)
    assert desk.dropped() == [4]


def test_what_a_review_left_as_it_was_can_be_dropped(desk: Desk) -> None:
    desk.answer(1, "good")
    desk.answer(3, "bad")
    desk.search()
    desk.answer(1, "good")
    desk.answer(3, "bad")
    job = desk.search(dry_run=True)
    job_store.redo(desk.store, job.id)
    assert desk.dropped() == [3, 4]


def test_a_task_made_after_the_preview_has_its_say(desk: Desk) -> None:
    job = desk.search(dry_run=True)
    question = {"kind": "choice", "name": "label", "labels": ["good", "bad"]}
    later = projects.save_task(
        desk.store, desk.project.id, name="later", kind="custom", definition={"questions": [question]}
    )
    desk.answer(1, "good", task=later)
    desk.answer(3, "bad", task=later)
    with pytest.raises(JobRefused, match=CLASH):
        job_store.redo(desk.store, job.id)


def test_a_search_by_meaning_is_held_to_the_same(desk: Desk) -> None:
    drops, flags = desk.says_the_same("drop"), desk.says_the_same("flag")
    desk.answer(1, "good")
    desk.answer(3, "bad")
    with pytest.raises(JobRefused, match=CLASH):
        job_store.redo(desk.store, drops)
    job_store.redo(desk.store, flags)
    assert (job_store.get(desk.store, flags).state, desk.dropped()) == ("done", [])
