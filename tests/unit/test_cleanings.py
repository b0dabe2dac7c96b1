"""The funnel of a cleaning and two cleanings held against each other: each number opens the records that it counts."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.store import Store, cleanings, records
from pipeline.store import jobs as job_store
from pipeline.store.cleanings import Row
from pipeline.store.records import RecordFilter
from pipeline.verbs.clean import Clean
from tests.conftest import Fill, add_records

TEXTS = [
    "<b>Good</b> film",
    "Good film",
    "Good  film",
    "ok",
    "",
    "n/a",
    "很好",
    "a@b.org is mine",
    "a sentence of words",
]
SMALL = [["html", {}], ["empty", {}], ["personal", {}]]
LARGE = [["html", {}], ["whitespace", {}], ["empty", {}], ["length", {"min": 3}], ["exact_duplicates", {}]]


def opens(store: Store, project: Project, rows: tuple[Row, ...]) -> None:
    for row in rows:
        words = str(row.where)
        assert records.count(store, project.id, RecordFilter.parse(words)) == row.records, words


def told(rows: tuple[Row, ...]) -> list[tuple[Any, ...]]:
    return [(row.step, row.kind, row.reason, row.records) for row in rows]


def test_the_funnel_counts_by_step_and_reason(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    job = jobs.run(store, Clean(LARGE, dry_run=True), project.id)
    found = cleanings.funnel(store, job.id)
    assert (found.into, found.left) == (9, 3)
    assert found.totals == {"drop": 6, "edit": 2, "flag": 0, "review": 0, "derive": 0}
    assert told(found.rows) == [
        ("html", "edit", "markup removed", 1),
        ("whitespace", "edit", "spaces and line breaks tidied", 1),
        ("empty", "drop", "a word for a missing value", 1),
        ("empty", "drop", "no text", 1),
        ("length", "drop", "too few characters", 2),
        ("exact_duplicates", "drop", "the same text as record", 2),
    ]
    opens(store, project, found.rows)
    job_store.redo(store, job.id)
    add_records(store, project, ["more"])
    later = jobs.run(store, Clean([["length", {"min": 10}]]), project.id)
    assert cleanings.funnel(store, job.id) == found  # what came later is nothing to it
    after = cleanings.funnel(store, later.id)
    assert (after.into, after.left) == (4, 2)
    opens(store, project, found.rows)


def test_two_previews_are_held_against_each_other(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    small = jobs.run(store, Clean(SMALL, dry_run=True), project.id).id
    large = jobs.run(store, Clean(LARGE, dry_run=True), project.id).id
    found = cleanings.compare(store, small, large)
    assert found.both == {"drop": 2, "edit": 1, "flag": 0, "review": 0, "derive": 0}
    assert found.only_a == {"drop": 0, "edit": 0, "flag": 1, "review": 0, "derive": 0}
    assert found.only_b == {"drop": 4, "edit": 1, "flag": 0, "review": 0, "derive": 0}
    assert told(found.rows_a) == [("personal", "flag", "e-mail address", 1)]
    assert told(found.rows_b) == [
        ("whitespace", "edit", "spaces and line breaks tidied", 1),
        ("length", "drop", "too few characters", 2),
        ("exact_duplicates", "drop", "the same text as record", 2),
    ]
    opens(store, project, found.rows_a + found.rows_b)
    back = cleanings.compare(store, large, small)
    assert (back.rows_a, back.rows_b, back.both) == (found.rows_b, found.rows_a, found.both)


def test_an_edit_that_leaves_another_text_is_on_both_sides(store: Store, fill: Fill) -> None:
    project = fill(["<b>a  b</b>", "<i>c</i>"])
    one = jobs.run(store, Clean([["html", {}]], dry_run=True), project.id).id
    other = jobs.run(store, Clean([["html", {}], ["whitespace", {}]], dry_run=True), project.id).id
    found = cleanings.compare(store, one, other)
    assert (found.both["edit"], found.only_a["edit"], found.only_b["edit"]) == (1, 1, 1)
    assert told(found.rows_a) == [("html", "edit", "markup removed", 1)]
    opens(store, project, found.rows_a + found.rows_b)


def test_what_cannot_be_compared_is_said(store: Store, fill: Fill) -> None:
    one, other = fill(["a"]), fill(["a"], "other")
    a = jobs.run(store, Clean(SMALL), one.id).id
    b = jobs.run(store, Clean(SMALL), other.id).id
    with pytest.raises(WorkbenchError, match="different projects"):
        cleanings.compare(store, a, b)
    with pytest.raises(WorkbenchError, match="with itself"):
        cleanings.compare(store, a, a)
    job_store.undo(store, a)
    with pytest.raises(WorkbenchError, match="is no cleaning that is done"):
        cleanings.funnel(store, a)
