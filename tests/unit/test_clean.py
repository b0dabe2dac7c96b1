"""The clean verb and its recipes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs, recipe
from pipeline.domain import Drop, JobCancelled, WorkbenchError
from pipeline.recipe import BadRecipe, Recipe
from pipeline.steps import pool
from pipeline.store import Store, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.verbs import clean_texts
from pipeline.verbs.clean import Clean
from tests.conftest import Fill, add_records

DIRTY = [
    "<p>Great film</p>", "Great film", "  Great   film ", "n/a", "", "ok", "itâ€™s fine\u200b", "An untouched sentence.",
    "great film", "Write to a@b.org",
]  # fmt: skip


def texts_now(store: Store, project_id: int) -> list[tuple[str, str]]:
    found = records.page(store, project_id, records.RecordFilter(state="active"), limit=1000)
    return [(row["external_id"], row["text"]) for row in found]


def steps(*names: str, **knobs: dict[str, Any]) -> list[list[Any]]:
    return [[name, knobs.get(name, {})] for name in names]


def test_the_default_recipe_repairs_drops_and_flags(store: Store, fill: Fill) -> None:
    project = fill(DIRTY)
    job = jobs.run(store, Clean(recipe.named("default").plain()), project.id)
    assert texts_now(store, project.id) == [
        ("r1", "Great film"), ("r7", "it’s fine"), ("r8", "An untouched sentence."), ("r9", "great film"),
        ("r10", "Write to a@b.org"),
    ]  # fmt: skip
    assert job.result == {
        "dropped": {"empty": 2, "exact_duplicates": 2, "length": 1},
        "edited": {"control": 1, "html": 1, "mojibake": 1, "whitespace": 2},
        "flagged": {"personal": 1},
    }
    twins = verdicts.examples(store, job.id, step="exact_duplicates")
    assert [(v["external_id"], v["reason"]) for v in twins] == [
        ("r2", "the same text as record: r1"), ("r3", "the same text as record: r1")
    ]  # fmt: skip


def test_the_order_of_the_recipe_is_kept(store: Store, fill: Fill) -> None:
    project = fill(["<b></b>"])
    first = jobs.run(store, Clean(steps("empty", "html"), dry_run=True), project.id)
    second = jobs.run(store, Clean(steps("html", "empty"), dry_run=True), project.id)
    assert first.result == {"dropped": {}, "edited": {"html": 1}, "flagged": {}}
    assert second.result == {"dropped": {"empty": 1}, "edited": {"html": 1}, "flagged": {}}


def test_a_dry_run_counts_only_when_applied(store: Store, fill: Fill) -> None:
    project = fill(DIRTY)
    before = texts_now(store, project.id)
    job = jobs.run(store, Clean(recipe.named("default").plain(), dry_run=True), project.id)
    assert job.state == "preview"
    assert texts_now(store, project.id) == before
    job_store.redo(store, job.id)
    assert len(texts_now(store, project.id)) == 5
    job_store.undo(store, job.id)
    assert texts_now(store, project.id) == before


def test_a_preview_is_refused_once_the_data_has_moved_on(store: Store, fill: Fill) -> None:
    project = fill(DIRTY)
    job = jobs.run(store, Clean(steps("html"), dry_run=True), project.id)
    add_records(store, project, ["one more"])
    with pytest.raises(WorkbenchError, match="has changed"):
        job_store.redo(store, job.id)


def test_cleaning_twice_changes_nothing_more(store: Store, fill: Fill) -> None:
    project = fill(DIRTY)
    jobs.run(store, Clean(recipe.named("default").plain()), project.id)
    after = texts_now(store, project.id)
    again = jobs.run(store, Clean(recipe.named("default").plain()), project.id)
    assert again.result == {"dropped": {}, "edited": {}, "flagged": {"personal": 1}}
    assert texts_now(store, project.id) == after


@pytest.mark.parametrize(
    ("knobs", "left"),
    [
        ({}, ["a", "d", "e", "f", "g", "h"]),
        ({"ignore_case": True}, ["a", "e", "f", "g", "h"]),
        ({"ignore_space": False}, ["a", "c", "d", "e", "f", "g", "h"]),
    ],
)
def test_exact_duplicates(store: Store, fill: Fill, knobs: dict[str, Any], left: list[str]) -> None:
    texts = ["Same text", "Same text", " Same\u3000 text\n", "SAME TEXT", "", "  ", "Sametext", "Same text?"]
    project = fill(texts, ids=list("abcdefgh"))
    jobs.run(store, Clean([["exact_duplicates", knobs]]), project.id)
    assert [one for one, _ in texts_now(store, project.id)] == left


def test_an_original_is_kept_over_an_augmented_one(store: Store, fill: Fill) -> None:
    project = fill(["parent"])
    parent = records.page(store, project.id)[0]["id"]
    job = job_store.open_job(store, "augment", project.id, {})

    def add(cursor: Any) -> None:
        cursor.execute(
            "INSERT INTO record (project_id, job_id, external_id, text, parent_id) VALUES (?, ?, 'made', 'twin', ?)",
            [project.id, job, parent],
        )

    store.transact(add)
    job_store.close_job(store, job, "done", {})
    add_records(store, project, ["twin"], ids=["original"])
    jobs.run(store, Clean(steps("exact_duplicates")), project.id)
    assert [one for one, _ in texts_now(store, project.id)] == ["r1", "original"]


def all_verdicts(store: Store, job_id: int) -> list[tuple[Any, ...]]:
    rows = store.rows(
        "SELECT record_id, step, kind, reason, text FROM verdict WHERE job_id = ? ORDER BY record_id, id", [job_id]
    )  # fmt: skip
    return [tuple(row.values()) for row in rows]


RECIPE = steps("html", "control", "exact_duplicates", "whitespace", "length", "exact_duplicates", length={"min": 4})


@pytest.mark.parametrize(  # 20 records in the first pass of batches of 4, nine in the second after the duplicates went
    ("where", "breaks_at"),
    [("judge", n) for n in (1, 2, 5, 6, 7, 8)] + [("write", n) for n in (1, 2, 5, 6, 7, 8)],
)
def test_a_job_that_went_on_has_the_verdicts_of_one_never_stopped(
    store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch, where: str, breaks_at: int
) -> None:
    monkeypatch.setattr(clean_texts, "RECORDS", 4)
    texts = [text for n in range(4) for text in (f"<b>text {n}</b>", f"text  {n}", f"a\u200b{n}", "x", f"text {n}\n")]
    whole = fill(texts, "whole")
    halted = fill(texts, "halted")
    undisturbed = jobs.run(store, Clean(RECIPE), whole.id)

    calls = 0
    home, name = {"judge": (pool, "judge_batch"), "write": (clean_texts.verdicts, "add")}[where]
    real = getattr(home, name)

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == breaks_at:
            raise RuntimeError("the power went off")

    def broken(*given: Any) -> Any:
        done = real(*given)
        count()  # of a write: after the insert, inside the transaction
        return done

    monkeypatch.setattr(home, name, broken)
    with pytest.raises(RuntimeError):
        jobs.run(store, Clean(RECIPE), halted.id)
    monkeypatch.setattr(home, name, real)
    stopped = job_store.recent(store, halted.id, kind="clean")[0]
    assert stopped.state == "failed"
    assert texts_now(store, halted.id)[0][1] == "<b>text 0</b>"  # nothing of it counts yet

    resumed = jobs.resume(store, stopped.id, wait=True)
    shift = len(texts)
    assert [(row[0] - shift, *row[1:]) for row in all_verdicts(store, resumed.id)] == all_verdicts(
        store, undisturbed.id
    )
    assert resumed.result == undisturbed.result
    assert texts_now(store, halted.id) == texts_now(store, whole.id)


def test_a_cancelled_job_leaves_no_trace_in_the_records(
    store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_texts, "RECORDS", 2)
    project = fill(DIRTY)

    def watch(done: int, total: int, note: str) -> None:
        if done >= 4:
            raise JobCancelled

    job = jobs.run(store, Clean(steps("html", "whitespace")), project.id, watch)
    assert job.state == "cancelled"
    assert records.count(store, project.id, records.RecordFilter(state="edited")) == 0
    assert jobs.resume(store, job.id, wait=True).result["edited"] == {"html": 1, "whitespace": 2}


def test_progress_goes_up_to_its_total(store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean_texts, "RECORDS", 3)
    project = fill(DIRTY)
    seen: list[tuple[int, int]] = []
    jobs.run(
        store, Clean(recipe.named("default").plain()), project.id, lambda done, total, _: seen.append((done, total))
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (20, 20)


def test_a_bug_in_a_step_is_told_with_the_step_and_the_record(
    store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.steps.html import Html

    def broken(self: Html, text: str) -> Drop:
        if text == "bad":
            raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(Html, "judge", broken)
    project = fill(["text", "bad"])
    with pytest.raises(WorkbenchError, match=r"The step html failed on record id=2 \(ZeroDivisionError: by nothing\)"):
        jobs.run(store, Clean(steps("empty", "html")), project.id)
    assert job_store.recent(store, project.id)[0].state == "failed"


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ([], "no steps"),
        ([["nosuch", {}]], "no step named 'nosuch'"),
        ([["length", {"least": 3}]], "no setting 'least'"),
        ([["length", {"min": 9, "max": 2}]], "min 9 above max 2"),
    ],
)
def test_a_bad_recipe_is_a_sentence(store: Store, fill: Fill, plain: list[Any], words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        jobs.run(store, Clean(plain), fill(["text"]).id)


def test_shipped_recipes_and_the_way_through_yaml() -> None:
    assert recipe.shipped() == ["chinese", "default", "instructions", "reviews", "web"]
    for name in recipe.shipped():
        read = recipe.named(name)
        assert recipe.load(recipe.dump(read)) == read == Recipe.of(read.plain())
    with pytest.raises(BadRecipe, match="no recipe named 'x'"):
        recipe.named("x")


def test_words_stay_words_in_yaml() -> None:
    read = recipe.load(
        "steps:\n- language: {languages: [no, on], min_score: 1e-1}\n- length: {min: 0x}\n".replace("0x", "07")
    )
    assert read.steps[0][1]["languages"] == ["no", "on"]  # Norwegian, not false
    assert read.steps[1][1]["min"] == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must begin with 'steps:'"),
        ("- html", "must begin with 'steps:'"),
        ("steps:", "must hold a list"),
        ("steps: []", "must hold a list"),
        ("steps:\n- html\nname: x", "Line 3 of the recipe: 'name' is not part"),
        ("steps:\n- html\n- htlm", "Line 3 of the recipe: There is no step named 'htlm'"),
        ("steps:\n- length:\n    min: many", "Line 2 .*'min' of length is 'many'"),
        ("steps:\n- length: {min: 1e999}", "must be a whole number"),
        ("steps:\n- length: 3", "must be written as {setting: value}"),
        ("steps:\n- length: {min: {a: 1}}", "must be one value or a list"),
        ("steps:\n- length: {min: 1, min: 2}", "'min' is there twice"),
        ("steps:\n- html: {}\n  length: {}", "Line 2 .*one step a dash"),
        ("steps:\n- [html]", "a step is '- name'"),
        ("steps:\n- ? [a]\n  : b", "a name must be a word"),
        ("steps: &a\n- *a", "YAML alias"),
        ("[" * 20_000, "nested too deep"),
        ("steps:\n- html: {a: b", "is not valid YAML"),
        ("steps:\n\t- html", "Line 2 of the recipe is not valid YAML"),
        ("steps:\n- \x07", "not valid YAML"),
        ("steps:\n" + "- html\n" * 51, "the most is 50"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("x" * 70_000, "larger than 64 KiB"),
        ("a: 1\n---\nsteps: []", "not valid YAML"),
    ],
)
def test_a_bad_file_is_a_sentence_with_its_line(text: str | bytes, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words):
        recipe.load(text)


SIGNS = st.lists(st.sampled_from([*"-:[]{}#&*!|>' \n\tasteps", "steps:\n"])).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(), st.binary(), SIGNS))
def test_no_file_raises_anything_else(text: str | bytes) -> None:
    with suppress(WorkbenchError):
        assert recipe.load(text).steps


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="no recipe file"):
        recipe.read(tmp_path / "none.yaml")
    (tmp_path / "mine.yaml").write_text("﻿steps:\n- html\n", encoding="utf-8")
    assert recipe.read(tmp_path / "mine.yaml").steps[0][0] == "html"
    assert recipe.find(str(tmp_path / "mine.yaml")) == recipe.read(tmp_path / "mine.yaml")
    assert recipe.find("chinese") == recipe.named("chinese")
    with pytest.raises(BadRecipe, match="no recipe file mine"):
        recipe.find("mine")
