"""One answer for many records: what a person has answered stays, and all of it can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import annotate, jobs
from pipeline.domain import Project, Task, Verdict, WorkbenchError
from pipeline.questions import Choice, Spans, Text
from pipeline.store import Store, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.tasks.base import defined, field
from pipeline.verbs.bulk import Bulk
from tests.conftest import Fill


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill(["one dog", "two dogs", "a cat", "a dog"])


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return annotate.define(store, project, labels=["dog", "cat"], guideline="")


def by(store: Store, task: Task, who: str) -> dict[int, str]:
    return {a["record_id"]: a["value"]["label"] for a in answer_store.current(store, task.id) if a["annotator"] == who}


def test_the_records_of_a_filter_are_answered_but_for_those_that_were(
    store: Store, project: Project, task: Task
) -> None:
    event = {"event_id": "event-001", "record_id": 2, "state": "submitted", "value": {"label": "cat"}}
    annotate.submit(store, task, "anna", [event])
    annotate.submit(store, task, "bob", [event | {"event_id": "event-002", "record_id": 4, "state": "skipped"}])
    job = jobs.run(store, Bulk("anna", {"label": "dog"}, where="text=dog"), project.id)
    assert job.result == {"annotations": 2, "already": 1, "left_out": 0, "annotator": "anna", "value": {"label": "dog"}}
    assert by(store, task, "anna") == {1: "dog", 2: "cat", 4: "dog"}
    assert [h["job_id"] for h in answer_store.history(store, 1)] == [job.id]
    job_store.undo(store, job.id)
    assert by(store, task, "anna") == {2: "cat"}
    job_store.redo(store, job.id)
    assert by(store, task, "anna") == {1: "dog", 2: "cat", 4: "dog"}


def test_an_answer_given_after_it_outranks_it(store: Store, project: Project, task: Task) -> None:
    job = jobs.run(store, Bulk("anna", {"label": "dog"}, records=[1, 1, 3]), project.id)
    event = {"event_id": "event-001", "record_id": 3, "state": "submitted", "value": {"label": "cat"}}
    annotate.submit(store, task, "anna", [event])
    assert by(store, task, "anna") == {1: "dog", 3: "cat"}
    job_store.undo(store, job.id)
    assert by(store, task, "anna") == {3: "cat"}


def test_dropped_records_and_those_of_others_are_left_out(
    store: Store, project: Project, task: Task, fill: Fill
) -> None:
    verdicts.decide(store, project.id, "keep", [Verdict(1, "by hand", "drop", "spam")])
    fill(["another project's"], name="other")
    job = jobs.run(store, Bulk("anna", {"label": "dog"}, records=[1, 2, 5, 99]), project.id)
    assert (job.result["annotations"], job.result["left_out"]) == (1, 3)
    assert by(store, task, "anna") == {2: "dog"}


def test_a_stopped_one_goes_on(store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.verbs.bulk.SIZE", 1)
    real, calls = jobs.Handle.progress, []

    def stop_once(handle: jobs.Handle, *args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise WorkbenchError("the power went")
        real(handle, *args)

    monkeypatch.setattr(jobs.Handle, "progress", stop_once)
    with pytest.raises(WorkbenchError, match="power"):
        jobs.run(store, Bulk("anna", {"label": "dog"}, where={"state": "unlabelled"}), project.id)
    assert by(store, task, "anna") == {}
    (stopped,) = job_store.recent(store, project.id, kind="bulk")
    assert jobs.resume(store, stopped.id, wait=True).result["annotations"] == 4
    assert store.scalar("SELECT count(*) FROM annotation_event") == 4


@pytest.mark.parametrize(
    ("who", "value", "where", "says"),
    [
        ("anna", {"label": "cow"}, "", "is no answer"), ("anna", {}, "", "has no answer"), (" ", {"label": "dog"}, "", "name"),
        ("simulated", {"label": "dog"}, "", "simulated"), ("anna", {"label": "dog"}, "state=odd", "not a state"),
        ("anna", {"label": "dog"}, {"odd": "x"}, "not part of a filter"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("task")
def test_what_cannot_be_answered_is_a_sentence(
    store: Store, project: Project, who: str, value: dict[str, Any], where: Any, says: str
) -> None:
    with pytest.raises(WorkbenchError, match=says):
        jobs.run(store, Bulk(who, value, where=where), project.id)
    assert store.scalar("SELECT count(*) FROM annotation_event") == 0


def test_marks_in_one_text_are_no_answer_for_many(store: Store, project: Project) -> None:
    questions = [Spans("names", ("a",)), Choice("label", ("x",), required=False), Text("why", required=False)]
    annotate.save_definition(store, project, defined(questions, [field("text")]), "")
    span = {"start": 0, "end": 1, "label": "a", "text": "o"}
    with pytest.raises(WorkbenchError, match="own text"):
        jobs.run(store, Bulk("anna", {"names": [span]}, records=[1]), project.id)
    assert (
        jobs.run(store, Bulk("anna", {"names": [], "why": "none"}, records=[1]), project.id).result["annotations"] == 1
    )
