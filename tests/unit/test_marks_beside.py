"""Marked places when people answer, correct a text or undo beside and after a job that edits."""

from __future__ import annotations

import pytest

from pipeline import jobs
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.store import Store
from pipeline.store import jobs as job_store
from pipeline.store.jobs import JobRefused
from pipeline.verbs.clean import Clean
from pipeline.verbs.correct import correct
from tests.conftest import Fill
from tests.unit.test_marks import RECIPE, TEXTS, asking, interrupted, last_words, mark, say, texts


@pytest.fixture
def project(fill: Fill) -> Project:
    return fill(TEXTS)


@pytest.fixture
def task(store: Store, project: Project) -> Task:
    return asking(store, project)


def test_what_was_said_of_a_text_that_is_taken_back_goes_with_it(
    store: Store, project: Project, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(store, monkeypatch, 1, lambda: say(store, task, "bob", 4, s=[mark(4, "Anna")]))
    recipe = [["html", {}], ["speech_parts", {}], ["length", {"min": 20}]]  # the script gone, 4 characters are left
    job = jobs.run(store, Clean(recipe), project.id)
    assert not store.rows("SELECT * FROM record_now WHERE id = 4")[0]["dropped"]
    rows = store.rows("SELECT kind, reason FROM effect WHERE record_id = 4 AND job_id = ?", [job.id])
    assert [tuple(row.values()) for row in rows] == [("flag", "edit refused, a span would change: PER")]


def test_newer_marks_stand_against_undo_and_redo(store: Store, project: Project, task: Task) -> None:
    say(store, task, "ann", 1, s=[mark(1, "Anna")])
    job = jobs.run(store, Clean(RECIPE), project.id)
    say(store, task, "ann", 2, s=[mark(2, "Li")])  # of a text that the job left as it was
    say(store, task, "bob", 1, s=[])  # marks nothing
    job_store.undo(store, job.id)
    job_store.redo(store, job.id)
    say(store, task, "bob", 1, s=[mark(2, "Li")])  # record 1 reads as record 2 by now
    with pytest.raises(JobRefused, match=f"1 answers mark places in texts as job {job.id} left them"):
        job_store.undo(store, job.id)
    say(store, task, "bob", 1, "withdrawn")
    job_store.undo(store, job.id)
    say(store, task, "bob", 1, s=[mark(1, "Li")])
    with pytest.raises(JobRefused, match="have changed since"):
        job_store.redo(store, job.id)


def test_a_person_corrects_a_text(store: Store, project: Project, task: Task) -> None:
    say(store, task, "ann", 2, s=[mark(2, "Li")])
    job = correct(store, project.id, 2, "Anna has met Li", "eve", "a word was missing")
    assert texts(store, project)[2] == "Anna has met Li"
    assert last_words(store)[2, "ann"][1]["s"] == [{"start": 13, "end": 15, "label": "PER", "text": "Li"}]
    made = job_store.get(store, job)
    assert (made.kind, made.state, made.params) == ("edit", "done", {"records": [2], "author": "eve"})
    with pytest.raises(WorkbenchError, match="cannot be changed so: edit refused, a span would change: PER"):
        correct(store, project.id, 2, "Anna has met", "eve")
    with pytest.raises(WorkbenchError, match="as it was"):
        correct(store, project.id, 2, "Anna has met Li", "eve")
    with pytest.raises(WorkbenchError, match="no record 99"):
        correct(store, project.id, 99, "x", "eve")
    job_store.undo(store, job)
    assert (texts(store, project)[2], last_words(store)[2, "ann"][1]["s"]) == (TEXTS[1], [mark(2, "Li")])


def test_nobody_corrects_a_text_under_a_job_at_work(store: Store, project: Project) -> None:
    busy = job_store.open_job(store, "clean", project.id, {})
    with pytest.raises(JobRefused, match=f"Job {busy} .clean. is still running"):
        correct(store, project.id, 2, "else", "eve")
