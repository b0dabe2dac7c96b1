"""Answers that no honest page sends, and orders of undo and redo that no calm person takes: nothing breaks or is lost."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline import annotate, export, jobs
from pipeline.annotate import Ack
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.questions import Choice, Choices, Rating, Relations, Spans, Text
from pipeline.store import Store, ballots, projects
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.jobs import JobRefused
from pipeline.tasks.base import defined, field
from pipeline.verbs.bulk import Bulk
from pipeline.verbs.import_file import Import
from pipeline.verbs.relabel_set import ChangeLabels
from pipeline.verbs.simulate import Simulate
from tests.conftest import Fill

QUESTIONS = (
    Choice("label", ("good", "bad")), Spans("names", ("a", "b"), required=False),
    Relations("links", ("to",), "names", required=False), Choices("topics", ("x", "y"), required=False),
    Text("note", required=False), Rating("mark", required=False),
)  # fmt: skip
HOSTILE: tuple[Mapping[Any, Any], ...] = (
    {"label": {"good": 1}}, {"label": ["good"]}, {"topics": ["x", {"x": 1}]}, {"": "x"}, {"a\0b": "x"}, {1: "a", "1": "b"},
    {"mark": 10**400}, {"mark": True}, {"label": "good", "note": "a\0b"}, {"\ud800": "x"},
    {"names": ["a", {"label": "a"}, {"label": ["a"], "start": 1}, {"start": "x", "end": {}, "label": "a", "text": 3}]},
    {"names": [{"start": 0, "end": 3, "label": "a", "text": "one"}], "links": [{"from": "x", "to": 0, "label": "to"}, 5]},
)  # fmt: skip


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill(["one", "two", "three", "four"])


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return annotate.save_definition(store, project, defined(QUESTIONS, [field("text")]), "")


def send(store: Store, task: Task, who: str, event_id: str, record: Any, value: Any = None, **more: Any) -> Ack:
    event = {"event_id": event_id, "record_id": record, "state": "submitted", "value": value or {"label": "good"}}
    (ack,) = annotate.submit(store, task, who, [{**event, **more}])
    return ack


@pytest.mark.parametrize("value", HOSTILE)
def test_no_stored_answer_stops_the_work_of_others(
    store: Store, project: Project, task: Task, value: Any, tmp_path: Path
) -> None:
    assert send(store, task, "anna", "event-0001", 1).ok
    assert send(store, task, "mallory", "event-0002", 1, value).ok
    assert answer_store.label_counts(store, task.id, "label")["good"] >= 1
    assert list(ballots.originals(store, project.id, task.id))
    export.export_to(store, out=tmp_path / "all.jsonl", project="p")
    for question, old in (("names", "a"), ("links", "to"), ("topics", "x"), ("label", "good")):
        assert jobs.run(store, ChangeLabels(question, rename={old: f"{old}2"}), project.id).state == "done"
    assert answer_store.label_counts(store, task.id, "label")["good2"] >= 1


def test_what_is_no_event_is_refused_and_the_others_are_stored(store: Store, task: Task) -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    events: list[Any] = [
        [], "x", None, 5, {"event_id": "event\0000001", "record_id": 1, "state": "submitted", "value": {"label": "good"}},
        {"event_id": "event-0002", "record_id": 1, "state": "draft", "value": {"note": deep}},
        {"event_id": "event-0003", "record_id": 1, "state": "submitted", "value": {"label": "good"}, "seconds": 10**400},
    ]  # fmt: skip
    acks = annotate.submit(store, task, "anna", events)
    assert [ack.event_id for ack in acks if ack.ok] == ["event-0003"]
    assert len(acks) == len(events)
    assert store.scalar("SELECT seconds FROM annotation_event") is None


def test_an_id_that_another_answer_has_is_not_acknowledged(store: Store, task: Task) -> None:
    assert send(store, task, "anna", "event-0001", 1).ok
    assert send(store, task, "anna", "event-0001", 1) == Ack("event-0001", True, again=True)
    for who, record, state in (("bob", 1, "submitted"), ("anna", 2, "submitted"), ("anna", 1, "withdrawn")):
        ack = send(store, task, who, "event-0001", record, state=state)
        assert (ack.ok, ack.reason) == (False, "The id of the answer is that of another one.")
    event = {"event_id": "event-0002", "state": "submitted", "value": {"label": "bad"}}
    acks = annotate.submit(store, task, "anna", [{**event, "record_id": 3}, {**event, "record_id": 4}])
    assert not any(ack.ok for ack in acks)


def test_a_record_of_another_project_is_gone_for_this_one(store: Store, fill: Fill, task: Task, tmp_path: Path) -> None:
    fill(["other"], "q", ["q1"])
    assert send(store, task, "anna", "event-0001", 5).conflict == "gone"
    assert send(store, task, "anna", "event-0002", 4).conflict == ""
    export.export_to(store, out=tmp_path / "q.jsonl", project="q")
    assert json.loads((tmp_path / "q.jsonl").read_text())["annotations"] == []


def test_a_merge_that_leaves_too_few_labels_opens_the_answer_again(store: Store, project: Project) -> None:
    task = annotate.save_definition(
        store, project, defined([Choices("topics", ("x", "y", "z"), least=2)], [field("text")]), ""
    )
    send(store, task, "anna", "event-0001", 1, {"topics": ["x", "y"]})
    send(store, task, "anna", "event-0002", 2, {"topics": ["x", "z"]})
    job = jobs.run(store, ChangeLabels(merge={"x": ["y"]}), project.id)
    assert (job.result["answers"], job.result["withdrawn"]) == (1, 1)
    assert [row["record_id"] for row in answer_store.current(store, task.id)] == [2]
    job_store.undo(store, job.id)
    assert [row["value"] for row in answer_store.current(store, task.id)] == [
        {"topics": ["x", "y"]}, {"topics": ["x", "z"]},
    ]  # fmt: skip


def test_a_change_of_labels_does_not_bring_back_what_was_undone_under_it(
    store: Store, project: Project, task: Task
) -> None:
    bulk = jobs.run(store, Bulk("bob", {"label": "good"}, [1, 2]), project.id)
    change = jobs.run(store, ChangeLabels("label", rename={"good": "fine"}), project.id)
    job_store.undo(store, change.id)
    job_store.undo(store, bulk.id)
    with pytest.raises(JobRefused):
        job_store.redo(store, change.id)
    assert answer_store.current(store, task.id) == []
    job_store.redo(store, bulk.id)
    job_store.redo(store, change.id)
    assert {row["value"]["label"] for row in answer_store.current(store, task.id)} == {"fine"}


def test_undoing_a_change_of_labels_sees_imported_answers_whatever_their_date(
    store: Store, project: Project, task: Task, tmp_path: Path
) -> None:
    send(store, task, "anna", "event-0001", 1)
    change = jobs.run(store, ChangeLabels("label", rename={"good": "fine"}), project.id)
    said = {"annotator": "carl", "question": "label", "state": "submitted", "value": "fine",
            "created_at": "2020-01-01T00:00:00Z"}  # fmt: skip
    row = {"id": "new", "text": "five", "meta": {}, "status": "active", "annotations": [said], "suggestions": []}
    (tmp_path / "own.jsonl").write_text(json.dumps(row) + "\n")
    jobs.run(store, Import(str(tmp_path / "own.jsonl")), project.id)
    with pytest.raises(JobRefused, match="1 answers use labels"):
        job_store.undo(store, change.id)


def test_undoing_a_change_of_labels_looks_at_its_own_question(store: Store, project: Project) -> None:
    questions = [Choice("first", ("a", "b")), Choice("second", ("c", "d"), required=False)]
    task = annotate.save_definition(store, project, defined(questions, [field("text")]), "")
    change = jobs.run(store, ChangeLabels("first", rename={"a": "c"}), project.id)
    send(store, task, "anna", "event-0001", 1, {"first": "b", "second": "c"})
    job_store.undo(store, change.id)
    job_store.redo(store, change.id)
    send(store, projects.task_by_id(store, task.id), "anna", "event-0002", 2, {"first": "c"})
    with pytest.raises(JobRefused, match="1 answers use labels"):
        job_store.undo(store, change.id)


@pytest.mark.parametrize(
    ("part", "strange"),
    [("annotations", {"question": ["x"]}), ("annotations", {"question": {"x": 1}}),
     ("annotations", {"state": "draft", "value": math.inf}), ("suggestions", {"question": ["x"]}),
     ("suggestions", {"score": 10**400}), ("suggestions", {"score": math.inf})],
)  # fmt: skip
def test_a_hostile_row_is_refused_and_the_others_are_imported(
    store: Store, project: Project, task: Task, part: str, strange: Any, tmp_path: Path
) -> None:
    said = {
        "annotator": "carl",
        "source": "m",
        "question": "label",
        "state": "submitted",
        "value": "good",
        "score": 1.0,
    }
    rows = [
        {"id": name, "text": "five", "meta": {}, "status": "active", "annotations": [], "suggestions": [],
         part: [{**said, **more}]} for name, more in (("bad", strange), ("right", {}))
    ]  # fmt: skip
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = jobs.run(store, Import(str(tmp_path / "own.jsonl")), project.id).result
    assert (result["records"], result["rejected"], result["rejections"][0]["field"]) == (1, 1, part)


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_end_of_the_calendar_is_taken(store: Store, project: Project, when: str, tmp_path: Path) -> None:
    said = {"annotator": " carl\n", "question": "label", "state": "submitted", "value": "x", "created_at": when}
    row = {"id": "new", "text": "five", "meta": {}, "status": "active", "annotations": [said], "suggestions": []}
    (tmp_path / "own.jsonl").write_text(json.dumps(row) + "\n")
    assert jobs.run(store, Import(str(tmp_path / "own.jsonl")), project.id).result["annotations"] == 1
    assert [one["name"] for one in answer_store.annotators(store)] == ["carl"]


def test_an_answer_under_labels_that_have_just_changed_is_told_so(store: Store, project: Project, task: Task) -> None:
    jobs.run(store, ChangeLabels("label", rename={"good": "fine"}), project.id)
    assert send(store, task, "anna", "event-0001", 1).conflict == "label"  # the page still has the task of before
    assert send(store, task, "anna", "event-0002", 2, {"label": "fine"}).conflict == ""


def test_true_labels_do_not_answer_a_task_that_asks_for_more(store: Store, project: Project, tmp_path: Path) -> None:
    asked = defined([Choice("label", ("good", "bad")), Text("note")], [field("text")])
    task = annotate.save_definition(store, project, asked, "")
    (tmp_path / "truth.csv").write_text("id,label\nr1,good\n")
    with pytest.raises(WorkbenchError, match="'note' has no answer"):
        jobs.run(store, Simulate(str(tmp_path / "truth.csv")), project.id)
    assert answer_store.current(store, task.id) == []


def test_a_character_that_no_file_can_hold_does_not_keep_an_answer_from_coming_back(
    store: Store, project: Project
) -> None:
    definition = {"questions": [{"kind": "text", "name": "more"}]}
    more = annotate.save_definition(store, project, definition, "", name="more")
    event = {"event_id": "event-nul-1", "record_id": 1, "state": "submitted", "value": {"more": "a\0b \\u0000"},
             "comment": "c\0"}  # fmt: skip
    (ack,) = annotate.submit(store, more, "anna", [event])
    assert ack.ok
    (row,) = answer_store.current(store, more.id)
    assert (row["value"], row["comment"]) == ({"more": "a\ufffdb \\u0000"}, "c\ufffd")
    with pytest.raises(WorkbenchError, match="cannot be a label"):
        annotate.save_definition(
            store, project, {"questions": [{"kind": "choice", "name": "q", "labels": ["a\0"]}]}, ""
        )
