"""Answers are events: stored once each, never lost, and the last word of a person counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import annotate, jobs
from pipeline.domain import Project, Task, Verdict, WorkbenchError
from pipeline.questions import Choice, Choices, Spans
from pipeline.store import Store, open_store, projects, queue, tally, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store import records as record_store
from pipeline.store.annotations import NameTaken
from pipeline.tasks.base import defined, field
from pipeline.verbs.simulate import Simulate, read_truth
from tests.conftest import Fill, add_records


def task_of(store: Store, project: Project, labels: list[str] | None = None) -> Task:
    return annotate.define(store, project, labels=labels or ["yes", "no"], guideline="")


def event(record: int, label: str = "yes", state: str = "submitted", event_id: str | None = None) -> dict[str, object]:
    value = {"label": label} if state == "submitted" else {}
    return {
        "event_id": event_id or f"event-{record}-{label}-{state}",
        "record_id": record,
        "state": state,
        "value": value,
    }


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill(["one", "two", "three"])


def test_the_same_event_is_stored_once_and_acknowledged_each_time(store: Store, project: Project) -> None:
    task = task_of(store, project)
    first = annotate.submit(store, task, "anna", [event(1), event(1), event(2, "no")])
    second = annotate.submit(store, task, "anna", [event(1), event(3)])
    assert all(ack.ok and not ack.conflict for ack in first + second)
    assert [ack.again for ack in second] == [True, False]
    assert store.scalar("SELECT count(*) FROM annotation_event") == 3


def test_the_last_word_counts_and_a_withdrawn_answer_is_none(store: Store, project: Project) -> None:
    task = task_of(store, project)
    annotate.submit(store, task, "anna", [event(1), event(2), event(1, "no"), event(2, state="withdrawn")])
    assert [(a["record_id"], a["value"]) for a in answer_store.current(store, task.id)] == [(1, {"label": "no"})]
    assert [h["state"] for h in answer_store.history(store, 2)] == ["submitted", "withdrawn"]
    assert [r["record_id"] for r in answer_store.recent(store, task.id, "anna")] == [1]
    assert answer_store.label_counts(store, task.id) == {"no": 1}


def test_an_answer_to_a_record_that_left_is_kept_and_said_to_be(store: Store, project: Project) -> None:
    task = task_of(store, project)
    verdicts.decide(store, project.id, "keep", [Verdict(1, "by hand", "drop", "spam")])
    acks = annotate.submit(store, task, "anna", [event(1), event(999), event(2, "maybe")])
    assert [(ack.ok, ack.conflict) for ack in acks] == [(True, "dropped"), (True, "gone"), (True, "label")]
    assert store.scalar("SELECT count(*) FROM annotation_event") == 3


@pytest.mark.parametrize(
    "bad",
    [
        {}, {"event_id": "short"}, event(1) | {"value": {}}, event(1) | {"value": {"label": ""}},
        event(1) | {"value": "yes"}, event(1) | {"state": "wrong"}, event(1) | {"record_id": "1"},
        event(1) | {"record_id": True},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_a_reason(store: Store, project: Project, bad: dict[str, object]) -> None:
    acks = annotate.submit(store, task_of(store, project), "anna", [bad, event(2)])
    assert [(ack.ok, bool(ack.reason)) for ack in acks] == [(True, False), (False, True)]
    assert store.scalar("SELECT count(*) FROM annotation_event") == 1


def test_counts(store: Store, project: Project) -> None:
    task = task_of(store, project)
    annotate.submit(store, task, "anna", [event(1), event(2, state="skipped")])
    annotate.submit(store, task, "bob", [event(2, "no", event_id="event-of-bob")])
    now = datetime.now(UTC).replace(tzinfo=None)
    own = tally.own_counts(store, task.id, "anna", now - timedelta(hours=1))
    assert own == {"submitted": 1, "skipped": 1, "today": 1}
    assert tally.own_counts(store, task.id, "anna", now + timedelta(hours=1))["today"] == 0
    counted = [(r["annotator"], r["submitted"], r["skipped"]) for r in answer_store.by_annotator(store, task.id)]
    assert counted == [("anna", 1, 1), ("bob", 1, 0)]


def test_a_label_with_answers_cannot_be_left_out(store: Store, project: Project) -> None:
    task = task_of(store, project)
    annotate.submit(store, task, "anna", [event(1)])
    with pytest.raises(WorkbenchError, match="'yes' has 1 answers"):
        annotate.define(store, project, labels=["no"], guideline="")
    grown = annotate.define(store, project, labels=["yes", "maybe"], guideline="Read twice.", overlap=2)
    assert annotate.labels_of(grown) == ("yes", "maybe")
    assert annotate.overlap_of(grown) == 2
    assert grown.id == task.id
    assert grown.guideline_revision == task.guideline_revision + 1


@pytest.mark.parametrize("labels", [[], ["  "], ["a", "a "], [str(i) for i in range(501)], ["a\nb"], ["x" * 201]])
def test_labels_that_make_no_task(store: Store, project: Project, labels: list[str]) -> None:
    with pytest.raises(WorkbenchError):
        annotate.define(store, project, labels=labels, guideline="")


def test_a_person_cannot_go_by_the_name_of_labels_that_nobody_made(store: Store) -> None:
    store.transact(lambda cursor: answer_store.enlist(cursor, "simulated", "simulated"))
    with pytest.raises(NameTaken):
        annotate.checked_name(store, " simulated ")
    with pytest.raises(WorkbenchError):
        annotate.checked_name(store, "  ")
    assert annotate.checked_name(store, " Anna  Lee ") == "Anna Lee"


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.csv"
    path.write_text("id,label\nr1,yes\nr2,no\nr3,yes\nelsewhere,no\n", encoding="utf-8-sig")
    return path


def test_simulate_answers_what_nobody_answered_and_can_be_undone(store: Store, project: Project, truth: Path) -> None:
    task = task_of(store, project)
    annotate.submit(store, task, "anna", [event(1, "no")])
    job = jobs.run(store, Simulate(str(truth)), project.id)
    assert job.result == {"annotations": 2, "unknown": 1}
    found = [(a["record_id"], a["kind"], a["value"]["label"]) for a in answer_store.current(store, task.id)]
    assert found == [(1, "human", "no"), (2, "simulated", "no"), (3, "simulated", "yes")]
    job_store.undo(store, job.id)
    assert [a["record_id"] for a in answer_store.current(store, task.id)] == [1]
    assert jobs.run(store, Simulate(str(truth), limit=1), project.id).result == {"annotations": 1, "unknown": 1}


def test_simulate_goes_on_without_doubles(tmp_path: Path, truth: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "s.duckdb")
    project = projects.create(store, "p")
    add_records(store, project, ["text"] * 3)
    task_of(store, project)
    real, calls = jobs.Handle.progress, []

    def stop_once(self: jobs.Handle, *args: object) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise WorkbenchError("the power went")
        real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.Handle, "progress", stop_once)
    with pytest.raises(WorkbenchError):
        jobs.run(store, Simulate(str(truth)), project.id)
    stopped = job_store.recent(store, project.id, kind="simulate")[0]
    assert jobs.resume(store, stopped.id, wait=True).result["annotations"] == 3
    assert store.scalar("SELECT count(*) FROM annotation_event") == 3
    store.close()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"a,b\n1,2\n", "columns id and label"), (b"id,label\n1,\n", "line 2"), (b"id,label\n\xff\xfe,1\n", "UTF-8")],
)
def test_a_file_of_true_labels_that_is_wrong_is_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes(content)
    with pytest.raises(WorkbenchError, match=says):
        read_truth(path)
    with pytest.raises(WorkbenchError, match="no file"):
        read_truth(tmp_path / "none.csv")
    with pytest.raises(WorkbenchError, match="cannot be read"):
        read_truth(tmp_path)


def test_nobody_takes_the_name_of_the_simulation_before_it_runs(store: Store) -> None:
    with pytest.raises(NameTaken):
        annotate.checked_name(store, " simulated ")


def test_simulate_says_which_labels_the_task_lacks(store: Store, project: Project, truth: Path) -> None:
    task_of(store, project, ["yes", "perhaps"])
    with pytest.raises(WorkbenchError, match="no"):
        jobs.run(store, Simulate(str(truth)), project.id)


def spans_task(store: Store, project: Project, overlap: int = 1) -> Task:
    definition = defined([Spans("names", ("a",)), Choices("topics", ("x", "y"), required=False)], [field("text")])
    return annotate.save_definition(store, project, {**definition, "overlap": overlap}, "Mark names.")


def given(record: int, value: dict[str, object], n: int = 1, **more: object) -> dict[str, object]:
    return {"event_id": f"given-{record}-{n:03d}", "record_id": record, "state": "submitted", "value": value, **more}


def mark(text: str, start: int = 0) -> dict[str, object]:
    return {"start": start, "end": start + len(text), "label": "a", "text": text}


def test_a_marked_place_that_no_longer_reads_so_is_kept_and_said(store: Store, project: Project) -> None:
    task = spans_task(store, project)
    (ack,) = annotate.submit(store, task, "anna", [given(1, {"names": [mark("one")]})])
    assert (ack.ok, ack.conflict) == (True, "")
    verdicts.decide(store, project.id, "edit", [Verdict(2, "by hand", "edit", "", "TWO dogs")])
    acks = annotate.submit(
        store, task, "anna", [given(2, {"names": [mark("two")]}), given(2, {"names": [mark("TWO")]}, 2),
                              given(3, {"names": [mark("three!")]}), given(3, {"names": []}, 2)],
    )  # fmt: skip
    assert [ack.conflict for ack in acks] == ["text", "", "text", ""]
    assert len(answer_store.history(store, 2)) == 2


def test_answers_are_stored_in_their_one_form(store: Store, project: Project) -> None:
    task = spans_task(store, project)
    annotate.submit(store, task, "anna", [given(3, {"names": [mark("ee", 3), mark("th")], "topics": ["y", "x"]})])
    (row,) = answer_store.current(store, task.id)
    assert row["value"] == {"names": [mark("th"), mark("ee", 3)], "topics": ["x", "y"]}


@pytest.mark.parametrize("value", [{"names": None}, {"topics": []}, {"names": [], "topics": None}, {}])
def test_saying_nothing_on_purpose_is_an_answer_and_no_answer_is_none(
    store: Store, project: Project, value: dict[str, object]
) -> None:
    (ack,) = annotate.submit(store, spans_task(store, project), "anna", [given(1, value)])
    assert ack.ok == any(answer is not None for answer in value.values())


def test_a_draft_never_takes_an_answer_back(store: Store, project: Project) -> None:
    task = task_of(store, project)
    annotate.submit(store, task, "anna", [event(1), event(2, state="skipped")])
    late = [given(r, {"label": "no"}, r, state="draft", event_id=f"draft-{r:04d}") for r in (1, 2, 3)]
    assert all(ack.ok for ack in annotate.submit(store, task, "anna", late))
    states = [[h["state"] for h in answer_store.history(store, record)] for record in (1, 2, 3)]
    assert states == [["submitted"], ["skipped"], ["draft"]]
    taken_back = [event(1, state="withdrawn"), given(1, {"label": "no"}, state="draft", event_id="draft-again")]
    annotate.submit(store, task, "anna", taken_back)
    assert [h["state"] for h in answer_store.history(store, 1)] == ["submitted", "withdrawn", "draft"]


def test_an_answer_after_its_lease_and_one_under_an_older_guideline_are_said_to_be(
    store: Store, project: Project
) -> None:
    task = task_of(store, project)
    queue.claim(store, task, "anna", 1)
    annotate.submit(store, task, "bob", [event(1, event_id="by-bob-0001"), event(2, event_id="by-bob-0002")])
    acks = annotate.submit(store, task, "anna", [event(1), event(2), event(2, "no")])
    assert [ack.conflict for ack in acks] == ["", "lease", ""]  # held; not held; her own answer changed
    newer = annotate.define(store, project, labels=["yes", "no"], guideline="Think.")
    old, new = event(3) | {"guideline_revision": 1}, event(3, "no") | {"guideline_revision": 2}
    assert [ack.conflict for ack in annotate.submit(store, newer, "bob", [old, new])] == ["guideline", ""]
    assert [g["text"] for g in annotate.guidelines(store, newer)] == ["", "Think."]


def test_reasons_and_flags_come_back(store: Store, project: Project) -> None:
    task = task_of(store, project)
    skipped = event(1, state="skipped") | {"reason": "not a language", "flagged": True}
    annotate.submit(store, task, "anna", [skipped, event(2) | {"flagged": True, "comment": "?"}, event(3)])
    row = answer_store.history(store, 1)[0]
    assert (row["reason"], row["flagged"], row["task_revision"]) == ("not a language", True, 1)
    assert [(r["record_id"], r["reason"], r["flagged"]) for r in answer_store.recent(store, task.id, "anna")] == [
        (3, "", False), (2, "", True), (1, "not a language", True),
    ]  # fmt: skip
    assert [f["record_id"] for f in answer_store.flagged(store, task.id)] == [2, 1]
    wanted = [("flagged_by=*", [1, 2]), ("flagged_by=anna", [1, 2]), ("flagged_by=bob", []),
              ("skipped_for='not a language'", [1])]  # fmt: skip
    for words, ids in wanted:
        assert record_store.ids(store, project.id, record_store.RecordFilter.parse(words)) == ids


@pytest.mark.parametrize(
    "odd",
    [
        {"value": {"label": float("nan")}}, {"record_id": 2**70}, {"record_id": -1}, {"event_id": "half \ud800 a character"},
        {"value": {"label": "x" * 4_000_001}}, {"value": {"label": object()}},
    ],
)  # fmt: skip
def test_what_cannot_be_stored_hurts_no_other_answer(store: Store, project: Project, odd: dict[str, object]) -> None:
    acks = annotate.submit(store, task_of(store, project), "anna", [event(1) | odd, event(2)])
    assert [ack.ok for ack in acks] == [True, False]


def test_halves_of_characters_are_replaced_and_the_answer_is_kept(store: Store, project: Project) -> None:
    task = task_of(store, project)
    odd = event(1) | {"comment": "a\ud83d", "value": {"label": "y\ud800"}}
    (ack,) = annotate.submit(store, task, "anna", [odd])
    assert (ack.ok, ack.conflict) == (True, "label")
    (row,) = answer_store.history(store, 1)
    assert (row["comment"], row["value"]) == ("a\ufffd", {"label": "y\ufffd"})


def test_a_question_with_answers_stays(store: Store, project: Project) -> None:
    task = spans_task(store, project)
    annotate.submit(store, task, "anna", [given(1, {"names": [], "topics": ["x"]})])
    for questions, says in (
        ([Spans("names", ("a",))], "'topics' has 1 answers, so it cannot be left out"),
        ([Choice("names", ("a",))], "made a question of the kind 'choice'"),
        ([Spans("names", ("a",)), Choices("topics", ("y",))], "label 'x' has 1 answers"),
    ):
        with pytest.raises(WorkbenchError, match=says):
            annotate.save_definition(store, project, defined(questions, [field("text")]), "")
    same = annotate.save_definition(store, project, task.definition, "Mark names.\r\n")
    assert same.revision == task.revision
    assert answer_store.label_counts(store, task.id) == {"x": 1}


def test_a_task_whose_assignment_has_an_unknown_filter_is_not_saved(store: Store, project: Project) -> None:
    """Else everybody who opens the page would be told, instead of the person who wrote it."""
    task = task_of(store, project)
    wrong = {**task.definition, "queue": {"assignments": [{"people": ["anna"], "filter": {"colour": "red"}}]}}
    with pytest.raises(WorkbenchError, match="colour"):
        annotate.save_definition(store, project, wrong, "")
    assert projects.task_by_id(store, task.id).revision == task.revision
