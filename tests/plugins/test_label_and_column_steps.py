"""The corpus steps that look at columns, labels and the rest of the corpus: English and Chinese, and what is tricky."""

from __future__ import annotations

import json
import random
from typing import Any

import pyarrow as pa
import pytest

from pipeline import annotate, jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.knobs import build
from pipeline.questions import Choices, Rating, Spans, Text
from pipeline.steps.base import steps
from pipeline.steps.label_keys import KEY_SQL, key, parameters
from pipeline.store import Store, corpus, derived, records
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.tasks.base import defined, field
from pipeline.verbs.clean import Clean
from tests.cleaning import apply, labelled
from tests.conftest import Fill


def run(store: Store, project: Project, name: str, **knobs: Any) -> int:
    """One step as a job of its own; returns the job."""
    select, params = build(steps.get(name), knobs).select()
    return apply(store, project, select, dict(params))


def said(store: Store, job: int) -> list[tuple[str, str, str]]:
    """(external id, kind, reason) of all that a job said, in import order."""
    found = store.rows(
        "SELECT r.external_id, e.kind, e.reason FROM effect e JOIN record r ON r.id = e.record_id "
        "WHERE e.job_id = ? ORDER BY r.id, e.kind, e.reason",
        [job],
    )
    return [(row["external_id"], row["kind"], row["reason"]) for row in found]


def with_meta(
    store: Store, fill: Fill, metas: list[dict[str, Any]], fields: list[dict[str, Any]] | None = None
) -> Project:
    project = fill([])
    job = job_store.open_job(store, "import", project.id, {})
    n = len(metas)
    rows = pa.table({
        "project_id": pa.array([project.id] * n, pa.int32()), "job_id": pa.array([job] * n, pa.int32()),
        "external_id": [f"r{i}" for i in range(1, n + 1)], "text": [f"text {i}" for i in range(n)],
        "meta": [json.dumps(one, ensure_ascii=False) for one in metas],
        "fields": [json.dumps(one, ensure_ascii=False) for one in fields or [{}] * n],
    })  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))
    job_store.close_job(store, job, "done", {})
    return project


METAS = [
    {"年份/~": 2001}, {"年份/~": None}, {}, {"年份/~": ""}, {"年份/~": " \u3000\u200b"}, {"年份/~": " N/A "}, {"年份/~": "暂无"},
    {"年份/~": 0}, {"年份/~": False}, {"年份/~": []}, {"年份/~": "n/a, but why"}, {"年份/~": "\u3000" * 60}, {"年份": 7},
]  # fmt: skip


def test_a_column_without_a_value_is_found_whatever_it_is_called(store: Store, fill: Fill) -> None:
    project = with_meta(store, fill, METAS)
    job = run(store, project, "missing_values", column="年份/~")
    gone = ["r2", "r3", "r4", "r5", "r6", "r7", "r12", "r13"]
    assert said(store, job) == [(one, "drop", "no value in the column: 年份/~") for one in gone]


def test_a_filled_value_is_a_new_column_and_is_there_the_next_time(store: Store, fill: Fill) -> None:
    project = with_meta(store, fill, [{"year": None}, {"year": 1999}, {}], [{}, {}, {"year": "x"}])
    job = run(store, project, "missing_values", column="year", action="fill", fill="2000")
    first = records.ids(store, project.id)[0]
    assert derived.of(store, records.ids(store, project.id)) == {first: {"year": 2000}}
    assert said(store, run(store, project, "missing_values", column="year")) == []
    job_store.undo(store, job)
    assert len(said(store, run(store, project, "missing_values", column="year", action="flag"))) == 1


@pytest.mark.parametrize(
    ("words", "value"), [("0.5", 0.5), ("未知", "未知"), ("true", "true"), ("1e999", "1e999"), ('"', '"')]
)
def test_what_is_filled_in_stays_what_it_reads_as(store: Store, fill: Fill, words: str, value: Any) -> None:
    project = fill(["a"])
    run(store, project, "missing_values", column="c", action="fill", fill=words)
    (one,) = records.ids(store, project.id)
    assert derived.of(store, [one]) == {one: {"c": value}}


def test_a_text_that_is_missing(store: Store, fill: Fill) -> None:
    project = fill(["fine", "", "\u3000\n", "无", "NULL", "无关", "null and void " * 9])
    assert [one for one, *_ in said(store, run(store, project, "missing_values"))] == ["r2", "r3", "r4", "r5"]
    with pytest.raises(WorkbenchError, match="can fill a column only"):
        build(steps.get("missing_values"), {"action": "fill", "fill": "x"})


def test_a_missing_value_is_asked_for(store: Store, fill: Fill) -> None:
    project = fill(["a", "b"])
    labelled(store, project, {})
    run(store, project, "missing_values", column="x", action="ask")
    assert records.count(store, project.id, RecordFilter(state="relabel")) == 2


LABELS = ["POS", "pos", " Pos ", "ＰＯＳ", "p.o.s", "New-York", "new york", "New_York", "C", "C++", "①", "1", "好评", "好评。",
          "好 评", "ﾎﾟｽ", "ポス", "!", "?", "é", "e\u0301", "1-2", "12"]  # fmt: skip


def test_keys_are_the_same_in_the_database_and_here(store: Store) -> None:
    for case in (True, False):
        for width in (True, False):
            for punctuation in (True, False):
                params = parameters(case=case, width=width, punctuation=punctuation)
                found = store.rows(
                    f"SELECT label, {KEY_SQL.format(label='label')} AS key FROM (SELECT unnest($labels) AS label)",
                    {"labels": LABELS, **params},
                )
                for row in found:
                    assert row["key"] == key(row["label"], case=case, width=width, punctuation=punctuation), row


def test_which_labels_are_one() -> None:
    keys = {label: key(label) for label in LABELS}
    assert keys["POS"] == keys["pos"] == keys[" Pos "] == keys["ＰＯＳ"] != keys["p.o.s"]
    assert keys["New-York"] == keys["new york"] == keys["New_York"]
    assert keys["①"] == keys["1"]
    assert keys["好评"] == keys["好评。"] != keys["好 评"]
    assert keys["ﾎﾟｽ"] == keys["ポス"]
    assert keys["é"] == keys["e\u0301"]
    assert len({keys["C"], keys["C++"], keys["!"], keys["?"], keys["1-2"], keys["12"]}) == 6


def test_a_label_in_another_spelling_is_named_with_the_one_that_stands(store: Store, fill: Fill) -> None:
    project = fill(["a", "b", "c", "d", "e"])
    labelled(store, project, {"anna": {"r1": "POS", "r2": "POS", "r3": "pos", "r4": "NEG", "r5": "好评"}},
             labels=["POS", "pos", "NEG", "好评"])  # fmt: skip
    assert said(store, run(store, project, "label_normalisation")) == [
        ("r3", "flag", "a label in another spelling: pos → POS")
    ]
    assert said(store, run(store, project, "label_normalisation", case=False)) == []
    found = run(store, project, "label_normalisation", synonyms=["Pos=好评", "neg=差评"], action="ask")
    assert said(store, found) == [
        ("r1", "review", "a label in another spelling: POS → 好评"),
        ("r2", "review", "a label in another spelling: POS → 好评"),
        ("r3", "review", "a label in another spelling: pos → 好评"),
        ("r4", "review", "a label in another spelling: NEG → 差评"),
    ]


@pytest.mark.parametrize("synonyms", [["POS"], ["=x"], ["a="], ["a=b", "b=c"]])
def test_synonyms_that_mean_nothing_are_refused(synonyms: list[str]) -> None:
    with pytest.raises(WorkbenchError, match=r"^The synonym .*\.$"):
        build(steps.get("label_normalisation"), {"synonyms": synonyms})


def test_the_same_text_with_two_labels_is_asked_again(store: Store, fill: Fill) -> None:
    project = fill(["很好　吃", "很好 吃", "Too Late", "too  late\n", "too late", "different", "Different"])
    answers = {"r1": "POS", "r2": "NEG", "r3": "POS", "r4": "POS", "r5": "POS", "r6": "NEG"}
    labelled(store, project, {"anna": answers})
    job = run(store, project, "contradictory_labels")
    assert said(store, job) == [
        ("r1", "review", "the same text, other labels: NEG, POS"),
        ("r2", "review", "the same text, other labels: NEG, POS"),
    ]
    assert said(store, run(store, project, "contradictory_labels")) == []  # it is asked already
    assert len(said(store, run(store, project, "contradictory_labels", action="flag"))) == 2


def test_annotators_who_disagree_on_one_record_are_not_meant(store: Store, fill: Fill) -> None:
    project = fill(["same", "same", "alone"])
    labelled(store, project, {"anna": {"r1": "POS", "r2": "POS", "r3": "POS"}, "bo": {"r1": "POS", "r3": "NEG"},
                              "chen": {"r1": "NEG"}})  # fmt: skip
    assert said(store, run(store, project, "contradictory_labels")) == []


def test_answers_of_several_labels_marks_and_spans(store: Store, fill: Fill) -> None:
    project = fill(["Zoe paid", "zoe  paid", "ZOE PAID"])
    questions = [
        Choices("topics", ("a", "b", "B")), Rating("stars"), Spans("names", ("PER", "per")), Text("note"),
    ]  # fmt: skip
    task = annotate.save_definition(store, project, defined(questions, [field("text")]), "")
    span = {"start": 0, "end": 3}
    said_of = [
        {"topics": ["a", "b"], "stars": 4, "names": [{**span, "label": "PER", "text": "Zoe"}], "note": "x"},
        {"topics": ["b", "a"], "stars": 4, "names": [{**span, "label": "per", "text": "zoe"}], "note": "y"},
        {"topics": ["a", "B"], "stars": 5, "names": [{**span, "label": "PER", "text": "ZOE"}], "note": "z"},
    ]
    acks = annotate.submit(
        store, task, "anna",
        [{"event_id": f"an-event-{one}", "record_id": one, "state": "submitted", "value": value}
         for one, value in zip(records.ids(store, project.id), said_of, strict=True)],
    )  # fmt: skip
    assert [(ack.ok, ack.conflict) for ack in acks] == [(True, "")] * 3
    assert said(store, run(store, project, "label_normalisation")) == [
        ("r2", "flag", "a label in another spelling: per → PER"),
        ("r3", "flag", "a label in another spelling: B → b"),
    ]
    assert said(store, run(store, project, "contradictory_labels", action="flag")) == [
        (one, "flag", "the same text, other labels: 4, 5") for one in ("r1", "r2", "r3")
    ]


def test_near_duplicates_with_two_labels(store: Store, fill: Fill) -> None:
    project = fill(["one", "two", "three"])
    ids = records.ids(store, project.id)
    labelled(store, project, {"anna": {"r1": "POS", "r2": "NEG", "r3": "NEG"}})
    search = job_store.open_job(store, "dedupe", project.id, {"mode": "near"})
    store.transact(lambda cursor: cursor.executemany(
        "INSERT INTO family_member (job_id, family_id, record_id) VALUES (?, ?, ?)",
        [[search, ids[0], ids[0]], [search, ids[0], ids[1]]],
    ))  # fmt: skip
    job_store.close_job(store, search, "done", {})
    assert said(store, run(store, project, "contradictory_labels", near=False)) == []
    assert said(store, run(store, project, "contradictory_labels", action="drop")) == [
        (one, "drop", "near-duplicates with other labels: NEG, POS") for one in ("r1", "r2")
    ]
    assert corpus.effects(store, search)["drop"] == {}


def sentences(words: list[str], joint: str, n: int, size: int) -> list[str]:
    chance = random.Random(7)
    return [joint.join(chance.choice(words) for _ in range(size + chance.randrange(size))) for _ in range(n)]


EN = sentences(
    [
        "the",
        "film",
        "was",
        "good",
        "bad",
        "long",
        "and",
        "it",
        "had",
        "a",
        "very",
        "slow",
        "start",
        "but",
        "nice",
        "end",
        "we",
        "saw",
        "twice",
    ],
    " ",
    120,
    10,
)
ZH = sentences(list("这部电影很好看演员也不错但是有点太长了我们还是喜欢"), "", 120, 10)


def test_a_length_is_held_against_texts_of_the_same_kind_of_script(store: Store, fill: Fill) -> None:
    project = fill([*EN, *ZH, "no", "ok " * 4000, "好", "好" * 3000])
    assert said(store, run(store, project, "outliers", words=0)) == [
        ("r241", "flag", "unusually short: 2"),
        ("r242", "flag", "unusually long: 12000"),
        ("r243", "flag", "unusually short: 1"),
        ("r244", "flag", "unusually long: 3000"),
    ]


def test_words_that_nobody_else_uses(store: Store, fill: Fill) -> None:
    odd = "xq zvb krr plof wimt gragh hjorl bnaz vbnm"
    project = fill([*EN, *ZH, odd, "魑魅魍魉龘靐齉爩籱", EN[0] + " zvbx"])
    assert said(store, run(store, project, "outliers", length=0, action="drop")) == [
        ("r241", "drop", "words that hardly any other record has: 100%"),
        ("r242", "drop", "words that hardly any other record has: 100%"),
    ]


@pytest.mark.parametrize("texts", [[], ["a"], ["same"] * 200, ["", " ", "\x01"] * 50, ["😀" * 40] * 30])
def test_outliers_of_hardly_anything(store: Store, fill: Fill, texts: list[str]) -> None:
    project = fill(texts)
    assert said(store, run(store, project, "outliers")) == []
    assert said(store, run(store, project, "outliers", length=0, words=0)) == []


def test_they_stand_in_a_recipe(store: Store, fill: Fill) -> None:
    project = fill(["a", "b"])
    recipe = [["missing_values", {}], ["label_normalisation", {}], ["contradictory_labels", {}], ["outliers", {}]]
    assert jobs.run(store, Clean(recipe), project.id).state == "done"
