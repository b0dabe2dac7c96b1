"""What a corpus step may ask for and what becomes of the records that it names."""

from __future__ import annotations

import pytest

from pipeline.knobs import build
from pipeline.steps.base import steps
from pipeline.store import Store, corpus, derived, projects, queue, records
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from tests.cleaning import apply, labelled
from tests.conftest import Fill

ALL = "SELECT id AS record_id, 'because' AS reason"


def test_a_row_without_a_kind_drops(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    job = apply(store, project, f"{ALL} FROM corpus WHERE text = 'one'")
    assert corpus.effects(store, job) == {"drop": {"s": 1}, "edit": {}, "flag": {}, "review": {}, "derive": {}}
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 1


def test_each_kind_does_its_own(store: Store, fill: Fill) -> None:
    project = fill(["one", "two", "三", "four"])
    labelled(store, project, {})
    job = apply(
        store, project,
        "SELECT id AS record_id, 'because' AS reason, CASE text WHEN 'one' THEN 'drop' WHEN 'two' THEN 'flag' "
        "WHEN '三' THEN 'review' ELSE 'derive' END AS kind, 'length' AS name, to_json(length(text)) AS value FROM corpus",
    )  # fmt: skip
    assert corpus.effects(store, job) == {
        "drop": {"s": 1}, "edit": {}, "flag": {"s": 1}, "review": {"s": 1}, "derive": {"s": 1}
    }  # fmt: skip
    found = {row["external_id"]: row for row in records.page(store, project.id)}
    assert [found[one]["dropped"] for one in ("r1", "r2", "r3", "r4")] == [True, False, False, False]
    assert found["r2"]["flags"] == ["s"]
    assert records.ids(store, project.id, RecordFilter(state="relabel")) == [found["r3"]["id"]]
    assert derived.of(store, [found["r4"]["id"]]) == {found["r4"]["id"]: {"length": 4}}
    job_store.undo(store, job)
    assert records.count(store, project.id, RecordFilter(state="relabel")) == 0
    assert derived.of(store, [found["r4"]["id"]]) == {}
    job_store.redo(store, job)
    assert records.count(store, project.id, RecordFilter(state="relabel")) == 1
    assert derived.names(store, project.id) == ["length"]


def test_a_review_without_a_task_is_a_flag(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    job = apply(store, project, f"{ALL}, 'review' AS kind FROM corpus")
    assert corpus.effects(store, job)["flag"] == {"s": 1}


def test_nobody_is_asked_twice_for_one_reason(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, {})
    select = f"{ALL}, 'review' AS kind FROM corpus"
    assert corpus.effects(store, apply(store, project, select))["review"] == {"s": 1}
    assert corpus.effects(store, apply(store, project, select))["review"] == {}  # it is open
    labelled(store, project, {"anna": {"r1": "POS"}})
    assert records.count(store, project.id, RecordFilter(state="relabel")) == 0
    assert corpus.effects(store, apply(store, project, select))["review"] == {}  # somebody has looked
    other = "SELECT id AS record_id, 'another reason' AS reason, 'review' AS kind FROM corpus"
    assert corpus.effects(store, apply(store, project, other))["review"] == {"s": 1}


def test_a_preview_asks_nobody(store: Store, fill: Fill) -> None:
    project = fill(["one"])
    labelled(store, project, {})
    job = apply(store, project, f"{ALL}, 'review' AS kind FROM corpus", end="preview")
    assert records.count(store, project.id, RecordFilter(state="relabel")) == 0
    job_store.redo(store, job)
    assert records.count(store, project.id, RecordFilter(state="relabel")) == 1


def test_answers_are_those_that_count(store: Store, fill: Fill) -> None:
    project = fill(["one", "two", "dropped"])
    labelled(store, project, {"anna": {"r1": "POS", "r2": "NEG", "r3": "POS"}, "博": {"r1": "NEG"}})
    apply(store, project, f"{ALL} FROM corpus WHERE text = 'dropped'")
    job = apply(
        store, project,
        "SELECT record_id, annotator || ' ' || question || ' ' || kind || ' ' || label AS reason, 'flag' AS kind FROM answers",
    )  # fmt: skip
    said = store.rows("SELECT reason FROM verdict WHERE job_id = ? ORDER BY reason", [job])
    assert [row["reason"] for row in said] == [
        "anna label choice NEG", "anna label choice POS", "博 label choice NEG"
    ]  # fmt: skip


def test_folded_is_equal_for_texts_that_read_the_same(store: Store, fill: Fill) -> None:
    project = fill(
        ["Ａｂｃ　１２３", " abc\n123 ", "ABC 123", "abc123", "ｶﾞﾝﾊﾞﾚ", "ガンバレ", "", " \u3000", "Straße", "STRASSE"]
    )
    job = apply(
        store, project,
        "SELECT record_id, 'key: ' || min(external_id) OVER (PARTITION BY key) AS reason, 'flag' AS kind "
        "FROM folded JOIN corpus ON id = record_id",
    )  # fmt: skip
    said = store.rows("SELECT reason FROM verdict WHERE job_id = ? ORDER BY record_id", [job])
    assert [row["reason"][5:] for row in said] == ["r1", "r1", "r1", "r4", "r5", "r5", "r10", "r10"]


def test_a_step_sees_the_columns_that_earlier_ones_made(store: Store, fill: Fill) -> None:
    project = fill(["one", "two"])
    apply(store, project, f"{ALL}, 'derive' AS kind, 'n' AS name, to_json(id * 10) AS value FROM corpus")
    job = apply(
        store, project, f"{ALL} FROM corpus WHERE (derived ->> 'n')::INT > 10 AND fields = '{{}}' AND meta = '{{}}'"
    )
    assert corpus.effects(store, job)["drop"] == {"s": 1}


def test_a_kind_that_does_not_exist_is_a_bug(store: Store, fill: Fill) -> None:
    with pytest.raises(ValueError, match="'erase'"):
        apply(store, fill(["one"]), f"{ALL}, 'erase' AS kind FROM corpus")


def test_a_derived_column_takes_no_column_of_the_file() -> None:
    meta = {"year": 1999, "year (derived)": "x"}
    assert derived.joined(meta, {"year": 2000, "pos": ["n"]}) == {
        "year": 1999, "year (derived)": "x", "year (derived) (derived)": 2000, "pos": ["n"]
    }  # fmt: skip


def test_whoever_labels_next_is_given_what_is_to_be_reviewed(store: Store, fill: Fill) -> None:
    project = fill(["same text", "another", "Same  Text"])
    task_id = labelled(store, project, {"anna": {"r1": "POS", "r2": "POS", "r3": "NEG"}})
    task = projects.task_by_id(store, task_id)
    assert queue.claim(store, task, "anna", 5) == []
    select, params = build(steps.get("contradictory_labels"), {}).select()
    job = apply(store, project, select, dict(params))
    assert [one.external_id for one in queue.claim(store, task, "anna", 5)] == ["r1", "r3"]
    job_store.undo(store, job)
    assert queue.claim(store, task, "anna", 5) == []
