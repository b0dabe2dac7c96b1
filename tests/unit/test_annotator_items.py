"""What the annotator's bridge gives to the browser: the records that it lacks, its own last answers, its words."""

from __future__ import annotations

import re
from typing import Any

from app.widgets.annotator import SECTIONS, items
from app.widgets.annotator.bundle import FOLDER, bundle
from app.words import section
from pipeline import annotate, jobs
from pipeline.domain import Task
from pipeline.jobs import verbs
from pipeline.store import Store, projects
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
    found = items.again(store, task, items.window(store, task, ANNA, window), window)
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
