"""Labels are changed with their answers: renamed, merged, split, taken away, and all of it undone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import annotate, jobs
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.label_set import BadChange, Change, forecast, proposed, rewritten
from pipeline.questions import Choice, Choices, Relations, Spans, When, check_answers
from pipeline.store import Store, projects
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.store.jobs import JobRefused
from pipeline.tasks import questions_of
from pipeline.tasks.base import defined, field
from pipeline.verbs.bulk import Bulk
from pipeline.verbs.freeze import Freeze
from pipeline.verbs.relabel_set import ChangeLabels
from tests.conftest import Fill


@pytest.fixture
def project(fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)  # the files of a store in memory lie where one is
    return fill(["one", "two", "three", "four"])


def task_of(store: Store, project: Project, *questions: Any) -> Task:
    definition = defined(questions or [Choice("label", ("good", "bad", "ugly"))], [field("text")])
    return annotate.save_definition(store, project, definition, "Read twice.")


def say(store: Store, task: Task, who: str, record: int, state: str = "submitted", **value: Any) -> None:
    n = store.scalar("SELECT count(*) FROM annotation_event")
    event = {"event_id": f"event-{n:04d}", "record_id": record, "state": state, "value": value}
    (ack,) = annotate.submit(store, task, who, [event])
    assert ack.ok, ack.reason


def answers(store: Store, task: Task) -> dict[tuple[int, str], Any]:
    return {(a["record_id"], a["annotator"]): a["value"] for a in answer_store.current(store, task.id)}


def now(store: Store, task: Task) -> Task:
    return projects.task_by_id(store, task.id)


def change(store: Store, project: Project, **what: Any) -> Any:
    return jobs.run(store, ChangeLabels(**what), project.id)


def test_a_renamed_and_a_merged_label_take_their_answers_along(store: Store, project: Project) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    say(store, task, "anna", 2, label="bad")
    say(store, task, "bob", 2, label="ugly")
    say(store, task, "bob", 3, "draft", label="good")
    what = {"rename": {"good": "fine"}, "merge": {"bad": ["ugly"]}}
    assert forecast(store, task, Change(**what)) == {
        "good": {"answers": 1, "how": "rename", "into": ["fine"]},
        "ugly": {"answers": 1, "how": "merge", "into": ["bad"]},
    }
    job = change(store, project, **what)
    assert {name: job.result[name] for name in ("answers", "withdrawn", "relabel")} == {
        "answers": 3, "withdrawn": 0, "relabel": 0,
    }  # fmt: skip
    assert annotate.labels_of(now(store, task)) == ("fine", "bad")
    assert answers(store, task) == {
        (1, "anna"): {"label": "fine"}, (2, "anna"): {"label": "bad"}, (2, "bob"): {"label": "bad"},
    }  # fmt: skip
    assert [(h["state"], h["value"]) for h in answer_store.history(store, 3)][-1] == ("draft", {"label": "fine"})
    assert [r["value"] for r in answer_store.recent(store, task.id, "anna")] == [{"label": "bad"}, {"label": "fine"}]
    job_store.undo(store, job.id)
    assert annotate.labels_of(now(store, task)) == ("good", "bad", "ugly")
    assert answers(store, task)[2, "bob"] == {"label": "ugly"}
    job_store.redo(store, job.id)
    assert answers(store, task)[2, "bob"] == {"label": "bad"}
    assert annotate.labels_of(now(store, task)) == ("fine", "bad")


def test_a_split_label_is_asked_for_again(store: Store, project: Project) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    say(store, task, "anna", 2, label="bad")
    job = change(store, project, split={"good": ["fine", "great"]})
    assert job.result["relabel"] == 1
    assert annotate.labels_of(now(store, task)) == ("fine", "great", "bad", "ugly")
    (request,) = store.rows("SELECT record_id, reason FROM relabel_open")
    assert request == {"record_id": 1, "reason": "the label good was split into fine, great"}
    assert answers(store, task)[1, "anna"] == {"label": "good"}  # stands until somebody has looked again
    job_store.undo(store, job.id)
    assert store.rows("SELECT * FROM relabel_open") == []


def test_an_open_request_stays_open_when_its_answer_is_rewritten(store: Store, project: Project) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    change(store, project, split={"good": ["good", "great"]})
    change(store, project, rename={"good": "fine"})
    assert [row["record_id"] for row in store.rows("SELECT record_id FROM relabel_open")] == [1]
    assert answers(store, task) == {(1, "anna"): {"label": "fine"}}


def test_a_label_that_is_taken_away_leaves_the_record_open(store: Store, project: Project) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    say(store, task, "anna", 2, label="bad")
    job = change(store, project, remove=["good"])
    assert (job.result["answers"], job.result["withdrawn"]) == (1, 1)
    assert answers(store, task) == {(2, "anna"): {"label": "bad"}}
    job_store.undo(store, job.id)
    assert answers(store, task)[1, "anna"] == {"label": "good"}


def span(start: int, label: str, size: int = 2) -> dict[str, Any]:
    return {"start": start, "end": start + size, "label": label, "text": "three"[start : start + size]}


def test_relations_go_on_joining_the_same_spans(store: Store, project: Project) -> None:
    spans = Spans("names", ("a", "b", "c"))
    task = task_of(store, project, spans, Relations("links", ("to",), "names"))
    given = {
        "names": [span(0, "a"), span(0, "b"), span(1, "c"), span(3, "b")],
        "links": [{"from": 0, "to": 3, "label": "to"}, {"from": 1, "to": 3, "label": "to"},
                  {"from": 1, "to": 2, "label": "to"}, {"from": 0, "to": 1, "label": "to"}],
    }  # fmt: skip
    say(store, task, "anna", 3, **given)
    change(store, project, question="names", merge={"z": ["a", "b"]}, remove=["c"])
    task = now(store, task)
    value = answers(store, task)[3, "anna"]
    assert value == {"names": [span(0, "z"), span(3, "z")], "links": [{"from": 0, "to": 1, "label": "to"}]}
    assert check_answers(questions_of(task), value, {"text": "three"}) == value


def test_several_labels_and_the_questions_that_wait_for_them(store: Store, project: Project) -> None:
    task = task_of(
        store, project, Choices("topics", ("x", "y", "z")),
        Choice("why", ("p", "q"), when=When("topics", ("x", "y"))),
    )  # fmt: skip
    say(store, task, "anna", 1, topics=["x", "y"], why="p")
    say(store, task, "anna", 2, topics=["y"], why="q")
    change(store, project, question="topics", merge={"xy": ["x", "y"]})
    assert answers(store, task) == {
        (1, "anna"): {"topics": ["xy"], "why": "p"}, (2, "anna"): {"topics": ["xy"], "why": "q"},
    }  # fmt: skip
    assert questions_of(now(store, task))[1].when == When("topics", ("xy",))
    with pytest.raises(BadChange, match="asked of no other label"):
        change(store, project, question="topics", remove=["xy"])


def test_suggestions_follow_and_come_back(store: Store, project: Project) -> None:
    task = task_of(store, project)
    labels = ['"good"', '"bad"', '"ugly"']
    rows = pa.table({"record_id": pa.array([1, 2, 3], pa.int64()), "task_id": pa.array([task.id] * 3, pa.int32()),
                     "source": ["m"] * 3, "question": ["label"] * 3, "value": labels})  # fmt: skip
    store.insert("suggestion", rows)

    def seen() -> list[tuple[int, str]]:
        return [(r["record_id"], r["value"]) for r in store.rows("SELECT * FROM suggestion_now ORDER BY record_id")]

    job = change(store, project, rename={"good": "fine"}, remove=["bad"])
    assert job.result["suggestions"] == 2
    assert seen() == [(1, '"fine"'), (3, '"ugly"')]
    job_store.undo(store, job.id)
    assert seen() == [(1, '"good"'), (2, '"bad"'), (3, '"ugly"')]


def test_undo_is_refused_over_newer_labels_and_newer_answers(store: Store, project: Project) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    job = change(store, project, rename={"good": "fine"})
    say(store, now(store, task), "anna", 2, label="bad")
    job_store.undo(store, job.id)  # an answer with a label that was always there is in nobody's way
    job_store.redo(store, job.id)
    say(store, now(store, task), "anna", 3, label="fine")
    with pytest.raises(JobRefused, match="1 answers use labels"):
        job_store.undo(store, job.id)
    change(store, project, rename={"fine": "good"})
    with pytest.raises(JobRefused, match="builds on job"):
        job_store.undo(store, job.id)
    assert answers(store, task)[3, "anna"] == {"label": "good"}


def test_undo_is_refused_when_the_task_was_saved_since(store: Store, project: Project) -> None:
    task = task_of(store, project)
    job = change(store, project, rename={"good": "fine"})
    annotate.define(store, project, labels=["fine", "bad", "ugly", "more"], guideline="")
    with pytest.raises(JobRefused, match="changed again"):
        job_store.undo(store, job.id)
    assert annotate.labels_of(now(store, task)) == ("fine", "bad", "ugly", "more")


def test_a_job_whose_answers_were_rewritten_stays_until_the_change_is_undone(store: Store, project: Project) -> None:
    task = task_of(store, project)
    bulk = jobs.run(store, Bulk("anna", {"label": "good"}, records=[1, 2]), project.id)
    job = change(store, project, rename={"good": "fine"})
    with pytest.raises(JobRefused, match="change-labels"):
        job_store.undo(store, bulk.id)
    job_store.undo(store, job.id)
    job_store.undo(store, bulk.id)
    change(store, project, rename={"good": "fine"})
    with pytest.raises(JobRefused, match="has changed"):
        job_store.redo(store, bulk.id)
    assert answers(store, task) == {}


def test_answers_that_come_while_labels_change_are_changed_too(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    say(store, task, "anna", 2, label="good")
    real = jobs.Handle.progress

    def meanwhile(handle: jobs.Handle, *args: Any) -> None:
        say(store, task, "anna", 1, label="bad")
        say(store, task, "bob", 3, label="good")
        real(handle, *args)

    monkeypatch.setattr(jobs.Handle, "progress", meanwhile)
    change(store, project, rename={"good": "fine"})
    assert answers(store, task) == {
        (1, "anna"): {"label": "bad"}, (2, "anna"): {"label": "fine"}, (3, "bob"): {"label": "fine"},
    }  # fmt: skip


def test_a_stopped_change_goes_on_without_doubles(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(store, project)
    for record in (1, 2, 3):
        say(store, task, "anna", record, label="good")
    monkeypatch.setattr("pipeline.verbs.relabel_set.SIZE", 1)
    real, calls = jobs.Handle.progress, []

    def stop_once(handle: jobs.Handle, *args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise WorkbenchError("the power went")
        real(handle, *args)

    monkeypatch.setattr(jobs.Handle, "progress", stop_once)
    with pytest.raises(WorkbenchError, match="power"):
        change(store, project, rename={"good": "fine"})
    assert set(map(str, answers(store, task).values())) == {"{'label': 'good'}"}  # nothing half-changed
    stopped = job_store.recent(store, project.id, kind="change-labels")[0]
    assert jobs.resume(store, stopped.id, wait=True).result["answers"] == 3
    assert {str(value) for value in answers(store, task).values()} == {"{'label': 'fine'}"}


def test_a_stopped_change_does_not_go_on_over_answers_that_a_job_brought_back(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(store, project)
    bulk = jobs.run(store, Bulk("bob", {"label": "good"}, records=[1]), project.id)
    say(store, task, "anna", 2, label="good")
    job_store.undo(store, bulk.id)

    def stop(handle: jobs.Handle, *args: Any) -> None:
        raise WorkbenchError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(jobs.Handle, "progress", stop)
        with pytest.raises(WorkbenchError, match="power"):
            change(store, project, rename={"good": "fine"})
    stopped = job_store.recent(store, project.id, kind="change-labels")[0]
    job_store.redo(store, bulk.id)  # its answer is older than those that were rewritten, and was not looked at
    with pytest.raises(JobRefused, match="has changed since"):
        jobs.resume(store, stopped.id, wait=True)
    change(store, project, rename={"good": "fine"})
    assert answers(store, task) == {(1, "bob"): {"label": "fine"}, (2, "anna"): {"label": "fine"}}


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({}, "Say which"), ({"rename": {"none": "x"}}, "no label 'none'"), ({"rename": {"good": "bad"}}, "Merge into"),
        ({"rename": {"good": "x", "bad": "x"}}, "must be merged"), ({"rename": {"good": " x"}}, "one line"),
        ({"rename": {"good": "x"}, "remove": ["good"]}, "Two things"), ({"split": {"good": []}}, "Name the labels"),
        ({"merge": {"bad": ["good"]}, "remove": ["bad"]}, "must stay itself"),
        ({"question": "tone", "remove": ["good"]}, "no question 'tone'"),
        ({"rename": {"good": "fine"}, "merge": {"bad": ["good"]}}, "Two things"),
        ({"merge": {"bad": ["good"], "ugly": ["good"]}}, "Two things"),
        ({"merge": {"bad": ["ugly"]}, "rename": {"bad": "worse"}}, "must stay itself"),
        ({"split": {"good": ["bad", "fine"]}, "remove": ["bad"]}, "must stay itself"),
        ({"split": {"good": ["bad", "fine"], "bad": ["poor"]}}, "must stay itself"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_a_sentence(store: Store, project: Project, what: Any, says: str) -> None:
    task = task_of(store, project)
    with pytest.raises(WorkbenchError, match=says):
        forecast(store, task, Change(**what))
    with pytest.raises(WorkbenchError, match=says):
        change(store, project, **what)
    assert annotate.labels_of(now(store, task)) == ("good", "bad", "ugly")


def test_labels_may_change_places(store: Store, project: Project) -> None:
    task = task_of(store, project)
    say(store, task, "anna", 1, label="good")
    say(store, task, "anna", 2, label="bad")
    change(store, project, rename={"good": "bad", "bad": "good"})
    assert [value["label"] for value in answers(store, task).values()] == ["bad", "good"]
    assert annotate.labels_of(now(store, task)) == ("bad", "good", "ugly")


def test_a_label_whose_name_holds_quotes(store: Store, project: Project) -> None:
    task = task_of(store, project, Choice("label", ('say "hi"', "a\\b", "日本")))
    for record, label in ((1, 'say "hi"'), (2, "a\\b"), (3, "日本")):
        say(store, task, "anna", record, label=label)
    change(store, project, rename={'say "hi"': "1", "a\\b": "2", "日本": "3"})
    assert [value["label"] for value in answers(store, task).values()] == ["1", "2", "3"]


def test_parents_follow(store: Store, project: Project) -> None:
    tree = Choice("label", ("animal", "cat", "dog", "kitten"),
                  parents={"cat": "animal", "dog": "animal", "kitten": "cat", "animal": "things"})  # fmt: skip
    task = task_of(store, project, tree)
    change(store, project, rename={"animal": "beast"}, remove=["cat"], split={"dog": ["hound", "pug"]})
    (question,) = questions_of(now(store, task))
    assert question.labels == ("beast", "hound", "pug", "kitten")
    assert question.parents == {"hound": "beast", "pug": "beast", "kitten": "beast", "beast": "things"}


def assigned(store: Store, project: Project, *labels: str) -> Task:
    """A task whose assignments are of the records with these labels, one each."""
    shares = [{"people": ["anna"], "filter": {"label": label, "text": "e"}} for label in labels]
    definition = defined([Choice("label", ("good", "bad", "ugly")), Choice("tone", ("ugly", "1"))], [field("text")])
    return annotate.save_definition(store, project, {**definition, "queue": {"assignments": shares}}, "")


def filtered(store: Store, task: Task) -> list[str]:
    return [one["filter"]["label"] for one in now(store, task).definition["queue"]["assignments"]]


def test_an_assignment_goes_on_naming_its_records(store: Store, project: Project) -> None:
    task = assigned(store, project, "good", "bad", "ugly")
    renamed = change(store, project, question="label", rename={"good": "bad", "bad": "good", "ugly": "odd"})
    assert filtered(store, task) == ["bad", "good", "ugly"]  # of the tone, a record can be ugly still
    merged = change(store, project, question="label", merge={"poor": ["good"]}, split={"bad": ["bad", "worse"]})
    assert filtered(store, task) == ["bad", "poor", "ugly"]
    for job, labels in ((merged, ["bad", "good", "ugly"]), (renamed, ["good", "bad", "ugly"])):
        job_store.undo(store, job.id)
        assert filtered(store, task) == labels


@pytest.mark.parametrize("what", [{"remove": ["good"]}, {"split": {"good": ["fine", "great"]}}])
def test_a_label_that_an_assignment_names_is_not_lost_to_it(store: Store, project: Project, what: Any) -> None:
    task = assigned(store, project, "good")
    with pytest.raises(BadChange, match="records labelled 'good'"):
        forecast(store, task, Change("label", **what))
    with pytest.raises(BadChange, match="records labelled 'good'"):
        change(store, project, question="label", **what)
    assert filtered(store, task) == ["good"]


def test_imported_answers_are_rewritten_under_their_own_name(store: Store, project: Project) -> None:
    task = task_of(store, project)
    given = Answer("imported-1", 1, "submitted", {"label": "good"}, comment="c", seconds=2.0)
    store.transact(lambda cursor: answer_store.enlist(cursor, "file", "imported"))
    store.transact(lambda cursor: answer_store.append(store, cursor, task.id, "file", [given]))
    change(store, project, rename={"good": "fine"})
    (row,) = answer_store.current(store, task.id)
    assert (row["annotator"], row["kind"], row["value"], row["comment"]) == ("file", "imported", {"label": "fine"}, "c")


@pytest.mark.parametrize("more", [(), (Choices("topics", ("x",), required=False),)])
def test_a_new_name_does_not_decide_between_two_who_disagree(store: Store, project: Project, more: Any) -> None:
    task = task_of(store, project, Choice("label", ("good", "bad", "ugly")), *more)
    for record, first, second in ((1, "good", "bad"), (2, "bad", "good")):
        say(store, task, "anna", record, label=first)
        say(store, task, "bob", record, label=second)

    def frozen() -> list[str]:
        path = Path(jobs.run(store, Freeze("60/20/20"), project.id).result["path"])
        return [row["label"] for file in sorted(path.glob("*.parquet"))
                for row in sorted(pq.read_table(file).to_pylist(), key=lambda row: row["id"])]  # fmt: skip

    assert sorted(frozen()) == ["bad", "good"]
    change(store, project, question="label", rename={"good": "fine"})
    assert sorted(frozen()) == ["bad", "fine"]


def test_an_answer_of_many_spans_is_rewritten_in_no_time() -> None:
    spans = [{"start": at, "end": at + 1, "label": "ab"[at % 2], "text": "x"} for at in range(40_000)]
    questions = [Spans("names", ("a", "b"))]
    began = time.process_time()
    value, _ = rewritten(questions, questions, Change("names", rename={"a": "b", "b": "a"}), {"names": spans})
    assert time.process_time() - began < 10
    assert [one["label"] for one in value["names"][:3]] == ["b", "a", "b"]


def test_labels_in_two_spellings_are_proposed_to_be_merged(store: Store, project: Project) -> None:
    task = task_of(
        store, project, Choice("label", ("POS", "Pos.", "ＮＥＧ", "neg", "好评", "其他", "C", "C++")),
        Choice("other", ("yes", "no")),
    )  # fmt: skip
    assert proposed(store, task) == [Change("label", merge={"POS": ["Pos."], "ＮＥＧ": ["neg"]})]
    say(store, task, "anna", 1, label="neg", other="yes")
    say(store, task, "anna", 2, label="POS", other="yes")
    (found,) = proposed(store, task, ["pos=好评", "其他=rest"])
    assert found.merge == {"好评": ["POS", "Pos."], "neg": ["ＮＥＧ"], "rest": ["其他"]}
    change(store, project, question="label", merge={into: list(olds) for into, olds in found.merge.items()})
    assert now(store, task).definition["questions"][0]["labels"] == ["好评", "neg", "rest", "C", "C++"]
    assert answers(store, task)[2, "anna"]["label"] == "好评"
    assert proposed(store, now(store, task)) == []
    with pytest.raises(WorkbenchError, match="must be written as"):
        proposed(store, task, ["pos"])
