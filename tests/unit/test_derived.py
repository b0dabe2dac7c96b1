"""Derived columns where records leave: the export, a version, and the page's rows."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import jobs
from pipeline.domain import Verdict
from pipeline.export import export_to
from pipeline.store import Store, cleanings, derived, open_store, projects, records, verdicts, versions
from pipeline.store import jobs as job_store
from pipeline.store.derived import Derived
from pipeline.store.records import RecordFilter
from pipeline.verbs import clean_texts
from pipeline.verbs.clean import Clean
from pipeline.verbs.correct import correct
from pipeline.verbs.freeze import Freeze
from tests.cleaning import apply, labelled
from tests.conftest import Fill, add_records


def make(store: Store, project_id: int, rows: list[tuple[int, str, object]]) -> int:
    job = job_store.open_job(store, "clean", project_id, {})
    given = [Derived(record, "s", name, value) for record, name, value in rows]
    store.transact(lambda cursor: derived.append(store, cursor, job, given))
    job_store.close_job(store, job, "done", {})
    return job


def test_the_last_live_value_counts(store: Store, fill: Fill) -> None:
    project = fill(["a", "b"])
    one, two = records.ids(store, project.id)
    make(store, project.id, [(one, "词", ["今天", "天气"]), (one, "n", 1), (two, "n", None)])
    later = make(store, project.id, [(one, "n", 2), (one, "n", {"deep": [3, "é"]})])
    assert derived.of(store, [one, two]) == {one: {"n": {"deep": [3, "é"]}, "词": ["今天", "天气"]}, two: {"n": None}}
    assert [row["derived"] for row in records.page(store, project.id)] == [
        {"n": {"deep": [3, "é"]}, "词": ["今天", "天气"]}, {"n": None}
    ]  # fmt: skip
    job_store.undo(store, later)
    assert derived.of(store, [one])[one]["n"] == 1
    assert derived.names(store, project.id) == ["n", "词"]


def test_an_export_has_them_beside_what_the_file_said(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill(["a", "b"])
    one, _ = records.ids(store, project.id)
    store.transact(lambda cursor: cursor.execute("UPDATE record SET meta = '{\"n\": 1}' WHERE id = ?", [one]))
    make(store, project.id, [(one, "n", 2), (one, "词性", [["好", "a"]])])
    export_to(store, version="", project=project.name, format="jsonl", out=tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["meta"] for row in rows] == [{"n": 1, "n (derived)": 2, "词性": [["好", "a"]]}, {}]


def test_a_version_has_them_and_another_value_is_another_version(tmp_path: Path) -> None:
    store = open_store(tmp_path / "w.duckdb")
    project = projects.create(store, "p")
    add_records(store, project, [f"text {n}" for n in range(8)])
    ids = records.ids(store, project.id)
    labelled(store, project, {"anna": {f"r{n}": "POS" if n % 2 else "NEG" for n in range(1, 9)}})
    first = jobs.run(store, Freeze(), project.id).result["version"]
    make(store, project.id, [(one, "words", one * 10) for one in ids])
    second = jobs.run(store, Freeze(), project.id).result["version"]
    assert first != second
    folder = versions.get(store, second).path
    found = {row["id"]: json.loads(row["meta"]) for split in ("train", "validation", "test")
             for row in pq.read_table(folder / f"{split}.parquet").to_pylist()}  # fmt: skip
    assert found == {one: {"words": one * 10} for one in ids}
    store.close()


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_table_of_any_size_gets_them(store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    import pyarrow as pa

    monkeypatch.setattr(derived, "SIZE", size)
    project = fill([f"t{n}" for n in range(7)])
    ids = records.ids(store, project.id)
    make(store, project.id, [(one, "n", one) for one in ids[::2]])
    table = pa.table({"id": pa.chunked_array([ids[:4], ids[4:]]), "meta": ["{}"] * 7})
    assert [json.loads(meta) for meta in derived.into(store, table)["meta"].to_pylist()] == [
        {"n": one} if place % 2 == 0 else {} for place, one in enumerate(ids)
    ]


def test_a_record_tells_which_columns_it_was_given_and_what_was_asked(store: Store, fill: Fill) -> None:
    project = fill(["a"])
    (one,) = records.ids(store, project.id)
    labelled(store, project, {})
    made = make(store, project.id, [(one, "词性", [])])
    asked = apply(store, project, "SELECT id AS record_id, 'look' AS reason, 'review' AS kind FROM corpus")
    told = [(row["job_id"], row["step"], row["kind"], row["reason"]) for row in verdicts.history(store, one)]
    assert told == [(made, "s", "derive", "词性"), (asked, "s", "review", "look")]
    for row in verdicts.funnel(store, project.id):
        where = RecordFilter(step=row["step"], verdict=row["verdict"], job=row["job_id"])
        assert records.count(store, project.id, where) == row["n"] == 1


def test_examples_of_each_kind_with_the_text_that_was_judged(store: Store, fill: Fill) -> None:
    project = fill(["a", "b"])
    one, two = records.ids(store, project.id)
    labelled(store, project, {})
    verdicts.decide(store, project.id, "edit", [Verdict(one, "by hand", "edit", "", "A")])
    select = (
        "SELECT id AS record_id, CASE id WHEN $one THEN 'x: 1' ELSE 'xy' END AS reason, unnest(['flag', 'review', 'derive']) "
        "AS kind, 'c' AS name, '[1, \"好\"]' AS value FROM corpus"
    )
    job = apply(store, project, select, {"one": one})
    found = [tuple(row.values()) for row in verdicts.examples(store, job, kind="derive")]
    assert found == [
        (one, "r1", "s", "derive", "c", '[1, "好"]', "A"),
        (two, "r2", "s", "derive", "c", '[1, "好"]', "b"),
    ]
    phrased = verdicts.examples(store, job, reason="x")
    assert [(row["record_id"], row["kind"], row["before"]) for row in phrased] == [
        (one, "flag", "A"),
        (one, "review", "A"),
    ]
    assert len(verdicts.examples(store, job, limit=4)) == 4
    assert len(verdicts.examples(store, job, limit=4, offset=4)) == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_a_step_that_derives_works_in_a_recipe(
    store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    monkeypatch.setattr(clean_texts, "POOL_FROM", 1)
    project = fill(["<b>今天天气很好</b>", "n/a", "no Chinese in here"])
    recipe = [["html", {}], ["segment", {}], ["empty", {}], ["exact_duplicates", {}], ["segment", {}]]
    job = jobs.run(store, Clean(recipe, processes=processes), project.id)
    assert (job.result["edited"], job.result["dropped"]) == ({"html": 1}, {"empty": 1})
    assert job.result["derived"]["segment"] >= 1
    one = records.page(store, project.id)[0]
    words = one["derived"]["tokens"]
    assert "天气" in json.dumps(words, ensure_ascii=False)
    (row,) = [row for row in cleanings.funnel(store, job.id).rows if row.kind == "derive"]
    assert records.count(store, project.id, row.where) == row.records
    job_store.undo(store, job.id)
    assert records.page(store, project.id)[0]["derived"] == {}


def tokens(store: Store, project_id: int) -> list[str]:
    made = records.page(store, project_id)[0]["derived"].get("tokens", [])
    assert made == json.loads(
        store.scalar("SELECT coalesce(any_value(value), '[]') FROM derived_now WHERE name = 'tokens'")
    )
    return [word["text"] for word in made]


def test_columns_of_a_text_do_not_outlive_the_text(store: Store, fill: Fill) -> None:
    project = fill(["今天天气很好"])
    (one,) = records.ids(store, project.id)
    segment = Clean([["segment", {}]])
    jobs.run(store, segment, project.id)
    edit = correct(store, project.id, one, "我们明天见", "eve")
    assert tokens(store, project.id) == []  # those of the old text are those of no text
    later = jobs.run(store, segment, project.id)
    assert "".join(tokens(store, project.id)) == "我们明天见"
    with pytest.raises(job_store.JobRefused, match=f"Job {later.id} .clean. builds on job {edit}"):
        job_store.undo(store, edit)
    job_store.undo(store, later.id)
    job_store.undo(store, edit)
    assert "".join(tokens(store, project.id)) == "今天天气很好"


def test_a_filled_column_stays_when_the_text_is_edited(store: Store, fill: Fill) -> None:
    project = fill(["a text"])
    (one,) = records.ids(store, project.id)
    fill_in = ["missing_values", {"column": "colour", "action": "fill", "fill": "7"}]
    jobs.run(store, Clean([fill_in, ["html", {}]]), project.id)
    correct(store, project.id, one, "another text", "eve")
    assert records.page(store, project.id)[0]["derived"] == {"colour": 7}


@pytest.mark.parametrize("between", [[], [["exact_duplicates", {}]]])
def test_columns_are_of_the_text_that_the_recipe_leaves(store: Store, fill: Fill, between: list[list[object]]) -> None:
    project = fill(["<b>今天天气很好</b>"])
    jobs.run(store, Clean([["segment", {}], *between, ["html", {}]]), project.id)
    assert "".join(tokens(store, project.id)) == ("" if between else "今天天气很好")
