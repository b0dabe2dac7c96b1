"""Marked places move with the texts that cleaning edits; an edit that would change one is refused; undo brings all back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import annotate, jobs
from pipeline.domain import JobCancelled, Project, Task, WorkbenchError
from pipeline.questions import AnswerSpan, Choice, Relations, Spans
from pipeline.store import Store, records
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store import runs as requests
from pipeline.store.annotations import Answer
from pipeline.store.jobs import JobRefused
from pipeline.tasks.base import defined, field
from pipeline.verbs import clean_texts
from pipeline.verbs.clean import Clean
from pipeline.verbs.relabel_set import ChangeLabels
from tests.conftest import Fill

TEXTS = ["<b>Anna</b>  met  <i>Li</i>", "Anna met Li", "a <b>bold</b> word", "x  <script>Anna</script> y"]
RECIPE = [["html", {}], ["whitespace", {}]]


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill(TEXTS)


def asking(store: Store, project: Project) -> Task:
    """A task with every kind of question that marks places, and one that does not."""
    questions = [
        Spans("s", ("PER", "LOC")), Relations("r", ("knows",), "s", required=False),
        AnswerSpan("a", required=False), Choice("c", ("x", "y"), required=False),
    ]  # fmt: skip
    return annotate.save_definition(store, project, {**defined(questions, [field("text")]), "overlap": 9}, "")


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return asking(store, project)


def mark(record: int, text: str, label: str = "PER", *, within: list[str] = TEXTS) -> dict[str, Any]:
    start = within[record - 1].index(text)
    return {"start": start, "end": start + len(text), "label": label, "text": text}


def say(store: Store, task: Task, who: str, record: int, state: str = "submitted", **value: Any) -> None:
    n = store.scalar("SELECT count(*) FROM annotation_event")
    event = {"event_id": f"event-{n:04d}", "record_id": record, "state": state, "value": value}
    (ack,) = annotate.submit(store, task, who, [event])
    assert (ack.ok, ack.conflict) == (True, ""), ack


def last_words(store: Store) -> dict[tuple[int, str], tuple[str, Any]]:
    rows = store.rows("SELECT DISTINCT record_id FROM annotation_now ORDER BY ALL")
    found = {}
    for row in rows:
        for one in answer_store.history(store, row["record_id"]):
            if one["job_state"] in (None, "done"):
                found[row["record_id"], one["annotator"]] = (one["state"], one["value"])
    return found


def texts(store: Store, project: Project) -> dict[int, str]:
    return {row["id"]: row["text"] for row in store.rows("SELECT id, text FROM record_now ORDER BY id")}


def suggest(store: Store, task: Task, record: int, question: str, value: Any) -> None:
    import json

    store.transact(lambda cursor: cursor.execute(
        "INSERT INTO suggestion (record_id, task_id, source, question, value) VALUES (?, ?, 'm', ?, ?)",
        [record, task.id, question, json.dumps(value)],
    ))  # fmt: skip


def suggested(store: Store) -> list[tuple[int, str]]:
    rows = store.rows("SELECT record_id, value FROM suggestion_now ORDER BY record_id, question")
    return [(row["record_id"], row["value"]) for row in rows]


def test_marks_move_with_the_text_and_come_back_with_it(store: Store, project: Project, task: Task) -> None:
    both = [mark(1, "Anna"), mark(1, "Li", "LOC")]
    say(store, task, "ann", 1, s=both, r=[{"from": 0, "to": 1, "label": "knows"}], c="x")
    say(store, task, "bob", 1, "draft", a=[{"start": 3, "end": 23, "text": TEXTS[0][3:23]}])
    say(store, task, "ann", 2, s=[mark(2, "Li")])
    suggest(store, task, 1, "s", [{"start": 3, "end": 7, "label": "PER"}])  # without its words
    before = last_words(store), suggested(store), texts(store, project)
    job = jobs.run(store, Clean(RECIPE), project.id)
    assert job.result == {"dropped": {}, "edited": {"html": 3, "whitespace": 2}, "flagged": {}}
    assert texts(store, project)[1] == "Anna met Li"
    after = last_words(store), suggested(store), texts(store, project)
    moved = [
        {"start": 0, "end": 4, "label": "PER", "text": "Anna"},
        {"start": 9, "end": 11, "label": "LOC", "text": "Li"},
    ]
    assert after[0] == {
        (1, "ann"): ("submitted", {"s": moved, "r": [{"from": 0, "to": 1, "label": "knows"}], "c": "x"}),
        (1, "bob"): ("draft", {"a": [{"start": 0, "end": 11, "text": "Anna met Li"}]}),
        (2, "ann"): before[0][2, "ann"],
    }
    assert '"start":0' in after[1][0][1].replace(" ", "")
    assert '"text":"Anna"' in after[1][0][1].replace(" ", "")
    job_store.undo(store, job.id)
    assert (last_words(store), suggested(store), texts(store, project)) == before
    job_store.redo(store, job.id)
    assert (last_words(store), suggested(store), texts(store, project)) == after


def test_an_edit_that_would_change_a_mark_is_refused_and_the_rest_goes_on(
    store: Store, project: Project, task: Task
) -> None:
    say(store, task, "ann", 4, s=[mark(4, "Anna", "LOC")])
    job = jobs.run(store, Clean(RECIPE), project.id)
    rows = store.rows("SELECT step, kind, reason, text FROM verdict WHERE record_id = 4 ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("html", "flag", "edit refused, a span would change: LOC", None),
        ("whitespace", "edit", "spaces and line breaks tidied", "x <script>Anna</script> y"),
    ]
    assert job.result["flagged"] == {"html": 1}
    (_, value) = last_words(store)[4, "ann"]
    assert value == {"s": [{**mark(4, "Anna", "LOC"), "start": 10, "end": 14}]}


def test_marks_that_would_become_one_refuse_the_edit(store: Store, project: Project, task: Task) -> None:
    say(store, task, "ann", 3, s=[mark(3, "<b>bold</b>"), mark(3, "bold")])
    jobs.run(store, Clean(RECIPE), project.id)
    assert texts(store, project)[3] == TEXTS[2]


def test_a_mark_that_reads_otherwise_already_stays_and_refuses_nothing(
    store: Store, project: Project, task: Task
) -> None:
    lost = {**mark(4, "Anna"), "text": "Otto"}
    n = annotate.submit(
        store, task, "ann", [{"event_id": "event-lost", "record_id": 4, "state": "submitted", "value": {"s": [lost]}}]
    )
    assert n[0].ok
    jobs.run(store, Clean(RECIPE), project.id)
    assert texts(store, project)[4] == "x y"
    assert last_words(store)[4, "ann"][1] == {"s": [lost]}


def test_an_open_request_to_label_again_stays_open(store: Store, project: Project, task: Task) -> None:
    say(store, task, "ann", 1, s=[mark(1, "Anna")])
    asked = job_store.open_job(store, "relabel", project.id, {})
    store.transact(lambda cursor: requests.ask_relabel(
        store, cursor, job_id=asked, task_id=task.id, run_id=None, reasons={1: "look again"}
    ))  # fmt: skip
    job_store.close_job(store, asked, "done", {})
    jobs.run(store, Clean(RECIPE), project.id)
    assert requests.waiting_for_relabel(store, task.id) == {1}


def test_a_second_pass_goes_on_from_what_the_first_moved(store: Store, project: Project, task: Task) -> None:
    say(store, task, "ann", 1, s=[mark(1, "Li")])
    jobs.run(store, Clean([["html", {}], ["exact_duplicates", {}], ["whitespace", {}]]), project.id)
    assert last_words(store)[1, "ann"][1] == {"s": [{"start": 9, "end": 11, "label": "PER", "text": "Li"}]}


def interrupted(store: Store, monkeypatch: pytest.MonkeyPatch, when: int, act: Callable[[], None]) -> None:
    """Do something when transaction `when` of the passes has been written."""
    real, calls = clean_texts.TextPass._write, 0

    def write(*given: Any) -> None:
        nonlocal calls
        calls += 1
        real(*given)
        if calls == when:
            act()

    monkeypatch.setattr(clean_texts.TextPass, "_write", write)


@pytest.mark.parametrize("size", [1, 2])
def test_answers_given_while_the_job_runs_are_taken_along(
    store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(clean_texts, "RECORDS", size)
    say(store, task, "ann", 1, s=[mark(1, "Anna")])
    say(store, task, "bob", 4, s=[])

    def act() -> None:  # record 1 is written by now; of record 3 and 4 nothing is
        say(store, task, "ann", 1, s=[mark(1, "Li")])
        say(store, task, "eve", 1, s=[mark(1, "Anna")])
        say(store, task, "bob", 4, s=[mark(4, "Anna")])

    interrupted(store, monkeypatch, 1, act)
    jobs.run(store, Clean([["html", {}], ["exact_duplicates", {}], ["whitespace", {}]]), project.id)
    words = last_words(store)
    assert words[1, "ann"][1] == {"s": [{"start": 9, "end": 11, "label": "PER", "text": "Li"}]}
    assert words[1, "eve"][1] == {"s": [{"start": 0, "end": 4, "label": "PER", "text": "Anna"}]}
    assert texts(store, project)[4] == "x <script>Anna</script> y"
    assert words[4, "bob"][1] == {"s": [{**mark(4, "Anna"), "start": 10, "end": 14}]}


def test_an_edit_against_which_a_late_mark_speaks_is_taken_back(
    store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(store, task, "ann", 4, s=[mark(4, "y")])
    interrupted(store, monkeypatch, 1, lambda: say(store, task, "bob", 4, s=[mark(4, "Anna")]))
    jobs.run(store, Clean(RECIPE), project.id)
    assert texts(store, project)[4] == TEXTS[3]
    words = last_words(store)
    assert words[4, "ann"][1] == {"s": [mark(4, "y")]}
    assert words[4, "bob"][1] == {"s": [mark(4, "Anna")]}
    rows = store.rows("SELECT step, kind, reason FROM verdict WHERE record_id = 4")
    assert [tuple(row.values()) for row in rows] == [("html", "flag", "edit refused, a span would change: PER")]


def test_a_preview_is_applied_with_its_marks_or_refused(store: Store, project: Project, task: Task) -> None:
    say(store, task, "ann", 1, s=[mark(1, "Anna")])
    before = last_words(store)
    first = jobs.run(store, Clean(RECIPE, dry_run=True), project.id)
    assert (first.state, last_words(store), texts(store, project)[1]) == ("preview", before, TEXTS[0])
    second = jobs.run(store, Clean(RECIPE, dry_run=True), project.id)
    job_store.redo(store, second.id)
    assert last_words(store)[1, "ann"][1]["s"][0]["start"] == 0
    job_store.undo(store, second.id)
    say(store, task, "ann", 1, s=[mark(1, "Li")])
    with pytest.raises(JobRefused, match="have changed since"):
        job_store.redo(store, first.id)


def test_what_a_job_moved_is_not_brought_back_when_its_source_has_gone(
    store: Store, project: Project, task: Task
) -> None:
    say(store, task, "ann", 1, s=[mark(1, "Anna")])
    named = jobs.run(store, ChangeLabels(question="s", rename={"PER": "PERSON"}), project.id)
    job = jobs.run(store, Clean(RECIPE), project.id)
    with pytest.raises(JobRefused, match=f"clean.* builds on job {named.id}"):
        job_store.undo(store, named.id)
    job_store.undo(store, job.id)
    job_store.undo(store, named.id)
    with pytest.raises(JobRefused, match="have changed since"):
        job_store.redo(store, job.id)


def test_what_was_undone_while_the_job_stood_still_is_not_brought_back_by_it(
    store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = job_store.open_job(store, "bulk", project.id, {})
    answer_store.submit(store, task.id, "ann", [Answer("event-bulk", 1, "submitted", {"s": [mark(1, "Anna")]})], bulk)
    job_store.close_job(store, bulk, "done", {})

    def stop() -> None:
        raise JobCancelled

    with monkeypatch.context() as patch:
        interrupted(store, patch, 1, stop)
        job = jobs.run(store, Clean(RECIPE), project.id)
    assert job.state == "cancelled"
    job_store.undo(store, bulk)
    with pytest.raises(WorkbenchError, match="1 answers that mark places in texts have changed since"):
        jobs.resume(store, job.id, wait=True)
    assert last_words(store) == {}


def test_the_record_without_marks_costs_nothing(store: Store, project: Project, task: Task, tmp_path: Path) -> None:
    say(store, task, "ann", 1, s=[], c="x")
    jobs.run(store, Clean(RECIPE), project.id)
    assert store.scalar("SELECT count(*) FROM annotation_event WHERE job_id IS NOT NULL") == 0
    assert records.count(store, project.id, records.RecordFilter(state="edited")) == 3


def test_marks_move_as_well_when_the_steps_work_in_processes(
    store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    for record, text in ((1, "Anna"), (2, "Li"), (4, "Anna")):
        say(store, task, "ann", record, s=[mark(record, text)])
    here = jobs.run(store, Clean(RECIPE), project.id)
    alone = last_words(store), texts(store, project)
    job_store.undo(store, here.id)
    monkeypatch.setattr(clean_texts, "POOL_FROM", 0)
    monkeypatch.setattr(clean_texts, "RECORDS", 2)
    apart = jobs.run(store, Clean(RECIPE), project.id)
    assert (last_words(store), texts(store, project), apart.result) == (*alone, here.result)
