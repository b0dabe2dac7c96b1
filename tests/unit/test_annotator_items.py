"""What the annotator's bridge gives to the browser: the records that it lacks, its own last answers, its words."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa

from app.widgets.annotator import SECTIONS, items
from app.widgets.annotator.bundle import FOLDER, bundle
from app.words import section
from pipeline import annotate, jobs
from pipeline.domain import Task, Verdict
from pipeline.jobs import verbs
from pipeline.store import Store, projects, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from tests.conftest import add_records

ANNA = "anna"


def task_of(store: Store, texts: list[str]) -> Task:
    project = projects.create(store, "p")
    add_records(store, project, texts)
    return annotate.define(store, project, labels=["yes", "no"], guideline="")


def answer(store: Store, task: Task, record: int, **more: Any) -> None:
    answer_store.submit(store, task.id, ANNA, [Answer(f"event-{record}-{len(more)}", record, **more)])


def held(store: Store, task: Task, have: list[str]) -> tuple[list[str], dict[str, Any]]:
    """The keys of the window, and {key: text} of what is sent of it."""
    found = items.window(store, task, ANNA, have)
    sent = items.lacking(store, task, found, have)
    return [items.key_of(claimed) for claimed in found], {one["key"]: one["fields"]["text"] for one in sent}


def test_only_what_the_browser_lacks_is_sent(store: Store) -> None:
    task = task_of(store, ["one", "two", "three"])
    window, sent = held(store, task, [])
    assert sent == dict(zip(window, ["one", "two", "three"], strict=True))
    assert held(store, task, window[:2]) == (window, {window[2]: "three"})
    assert held(store, task, window) == (window, {})


def test_what_is_no_key_is_nothing_that_the_browser_has(store: Store) -> None:
    task = task_of(store, ["one"])
    assert list(held(store, task, ["", "x", "-1", "9" * 40, "１", "0"])[1].values()) == ["one"]


def test_a_record_that_comes_back_under_another_key_is_sent_again(store: Store) -> None:
    """The browser holds it as one to be answered; to be labelled again is another matter, with its own key."""
    task = task_of(store, ["one"])
    (claimed,) = items.window(store, task, ANNA, [])
    again = type(claimed)(claimed.record_id, "", "", relabel=7, reason="look", light=True)
    (sent,) = items.lacking(store, task, [again], [f"{claimed.record_id}"])
    assert (sent["key"], sent["fields"], sent["external"]) == (f"{claimed.record_id}:7", {"text": "one"}, "r1")


def test_recent_answers_are_the_last_two_hundred_oldest_first(store: Store) -> None:
    task = task_of(store, [f"text {n}" for n in range(210)])
    ids = [claimed.record_id for claimed in items.window(store, task, ANNA, [])]
    first = ids[0]
    for record in range(first, first + 210):
        answer(store, task, record, state="submitted", value={"label": "yes"})
    answer(store, task, first + 209, state="skipped", value={}, reason="cut off", flagged=True)
    found = items.recent(store, task, ANNA)
    assert [one["id"] for one in found] == list(range(first + 10, first + 210))
    assert found[-1]["answer"] == {"state": "skipped", "value": {}, "comment": "", "reason": "cut off", "flagged": True}


def test_recent_answers_are_bounded_in_size(store: Store) -> None:
    task = task_of(store, ["x" * 100_000] * 5)
    first = items.window(store, task, ANNA, [])[0].record_id
    for record in range(first, first + 5):
        answer(store, task, record, state="submitted", value={"label": "yes"})
    assert [one["id"] for one in items.recent(store, task, ANNA)] == [first + 3, first + 4]


def test_a_large_window_is_cut_but_never_to_nothing(store: Store) -> None:
    task = task_of(store, ["x" * 20_000] * 30)
    assert len(items.window(store, task, ANNA, [])) == items.WINDOW_LEAST


def test_every_module_of_the_widget_is_in_the_bundle_once_and_before_its_importers() -> None:
    source = bundle()
    assert source.count("class Desk ") == 1
    assert source.index("class Outbox ") < source.index("class Desk ") < source.index("class Annotator ")
    assert "\nimport " not in source
    assert source.count("\nexport ") == 1


def test_every_word_of_the_widgets_page_is_in_the_catalogue() -> None:
    html = (FOLDER / "annotator.html").read_text(encoding="utf-8")
    wanted = set(re.findall(r'data-(?:word|aria)="(\w+)"', html))
    named = set(re.findall(r'say\w*\(\s*"(\w+\.\w+)"', bundle()))
    known = {f"{name}.{key}" for name in SECTIONS for key in section(name)}
    assert {f"annotator.{word}" for word in wanted} <= known
    assert named <= known
    assert len(named) > 40


def test_texts_that_a_job_changed_are_sent_again_under_another_edition(store: Store) -> None:
    task = task_of(store, ["one ", "two"])
    window, _ = held(store, task, [])
    before = items.edition(store, task.project_id)
    job = jobs.run(store, verbs.get("clean")(steps=[["whitespace", {}]]), task.project_id)
    changed = items.edition(store, task.project_id)
    found = items.again(store, task, ANNA, items.window(store, task, ANNA, window), window)
    assert [(one["key"], one["fields"]) for one in found] == [
        (window[0], {"text": "one"}),
        (window[1], {"text": "two"}),
    ]
    job_store.undo(store, job.id)
    assert len({before, changed, items.edition(store, task.project_id)}) == 2
    assert items.edition(store, task.project_id) == before


def test_a_draft_comes_back_with_its_comment_and_flag(store: Store) -> None:
    task = task_of(store, ["one"])
    (claimed,) = items.window(store, task, ANNA, [])
    answer(store, task, claimed.record_id, value={}, state="draft", comment="hm", flagged=True)
    (sent,) = items.lacking(store, task, items.window(store, task, ANNA, []), [])
    assert (sent["draft"], sent["comment"], sent["flagged"]) == ({}, "hm", True)
    answer(
        store, task, claimed.record_id, value={"label": "yes"}, state="draft", comment="", flagged=False, seconds=1.0
    )
    (sent,) = items.lacking(store, task, items.window(store, task, ANNA, []), [])
    assert (sent["draft"], sent["comment"], sent["flagged"]) == ({"label": "yes"}, "", False)


def test_answered_records_whose_texts_changed_are_sent_too_and_the_others_are_not(store: Store) -> None:
    task = task_of(store, ["one ", "two", "three "])
    window, _ = held(store, task, [])
    ids = [int(key) for key in window]
    for record in ids[:2]:
        answer(store, task, record, state="submitted", value={"label": "yes"})
    job = jobs.run(store, verbs.get("clean")(steps=[["whitespace", {}]]), task.project_id)

    def sent() -> list[tuple[int, str]]:
        found = items.again(store, task, ANNA, items.window(store, task, ANNA, window[2:]), window[2:])
        return [(one["id"], one["fields"]["text"]) for one in found]

    assert sent() == [(ids[2], "three"), (ids[0], "one")]
    job_store.undo(store, job.id)
    assert sent() == [(ids[2], "three "), (ids[0], "one ")]


def test_answered_records_that_changed_are_bounded_in_size(store: Store) -> None:
    task = task_of(store, ["x" * 100_000 + " "] * 5)
    first = items.window(store, task, ANNA, [])[0].record_id
    for record in range(first, first + 5):
        answer(store, task, record, state="submitted", value={"label": "yes"})
    jobs.run(store, verbs.get("clean")(steps=[["whitespace", {}]]), task.project_id)
    assert [one["id"] for one in items.again(store, task, ANNA, [], [])] == [first + 4, first + 3]


MARKED: dict[str, Any] = {
    "fields": [{"name": "text", "title": "", "show": "main"}, {"name": "note", "title": "", "show": "context"}],
    "questions": [
        {"kind": "spans", "name": "people", "labels": ["PER"]},
        {"kind": "spans", "name": "noted", "field": "note", "labels": ["PER"]},
    ],
}


def marked_task(store: Store) -> tuple[Task, int, int]:
    """A task of marks, and two records: the first is edited by a cleaning."""
    project = projects.create(store, "p")
    add_records(store, project, ["  Anna left", "Bob left"])
    task = annotate.save_definition(store, project, MARKED, "")
    first, second = (claimed.record_id for claimed in items.window(store, task, ANNA, []))
    return task, first, second


def suggest(store: Store, task: Task, record: int, *marks: dict[str, Any], question: str = "people") -> None:
    columns = {"record_id": record, "task_id": task.id, "source": "model", "question": question, "score": 0.9}
    store.insert("suggestion", pa.table({**{k: [v] for k, v in columns.items()}, "value": [json.dumps(marks)]}))


def offered(store: Store, task: Task, question: str = "people") -> list[Any]:
    """The marks that come with each record of the window."""
    found = items.lacking(store, task, items.window(store, task, ANNA, []), [])
    return [one["suggestions"].get(question, {}).get("value") for one in found]


def mark(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "label": "PER", **more}


def edited(store: Store, task: Task, record: int) -> None:
    """An edit that moves no marks, as those of before were."""
    verdicts.decide(store, task.project_id, "edit", [Verdict(record, "by hand", "edit", "tidied", "Anna left")])


def test_marks_without_words_on_a_text_edited_since_say_what_they_lay_on(store: Store) -> None:
    task, first, second = marked_task(store)
    suggest(store, task, first, mark(2, 6), mark(0, 4, text="Anna"))
    suggest(store, task, second, mark(0, 3))
    edited(store, task, first)
    assert offered(store, task) == [[mark(2, 6, text="Anna"), mark(0, 4, text="Anna")], [mark(0, 3)]]
    suggest(store, task, first, mark(0, 4))  # made on the text as it reads now
    assert offered(store, task)[0] == [mark(0, 4, text="Anna")]


def test_marks_whose_labels_were_changed_after_the_edit_are_still_of_the_text_before_it(store: Store) -> None:
    task, first, _ = marked_task(store)
    suggest(store, task, first, mark(2, 6))
    edited(store, task, first)
    change = verbs.get("change-labels")(question="people", rename={"PER": "person"})
    jobs.run(store, change, task.project_id)
    assert offered(store, projects.newest(store, task))[0] == [{**mark(2, 6, text="Anna"), "label": "person"}]


def test_marks_on_another_field_are_left_as_they_came(store: Store) -> None:
    task, first, _ = marked_task(store)
    suggest(store, task, first, mark(0, 4), question="noted")
    jobs.run(store, verbs.get("clean")(steps=[["whitespace", {}]]), task.project_id)
    assert offered(store, task, "noted")[0] == [mark(0, 4)]
