"""Label Studio's files: what each task becomes, and what comes back after an export."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.exporters import Contents, exporters
from pipeline.importers import choose, importers, open_source
from pipeline.questions import question_from
from pipeline.store import Store, open_store
from tests.brought import held
from tests.foreign import DATA, asks, bring, broken, leave, marks, read_through, said

FILES = sorted((DATA / "label_studio").glob("*.json"))
ANA, BEN = "ana@example.org", "ben@example.org"


def file(name: str) -> Path:
    return DATA / "label_studio" / f"{name}.json"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_known_by_its_content(path):
    assert choose(open_source(path)).name == "label_studio"


@pytest.mark.parametrize(
    "text",
    ['[{"text": "a", "label": "b"}]', '{"data": 1}', '[{"id": 1, "annotations": [], "suggestions": []}]', "a,b\n1,2\n",
     '[{"data": {"text": "a"}, "answer": "accept"}]', "[[1]]", '[{"annotations": [1]}]'],
)  # fmt: skip
def test_other_files_are_left_to_others(text, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    assert importers.get("label_studio")().claims(open_source(path)) == 0


def test_what_people_and_machines_said_comes_under_their_names(store: Store):
    result = bring(store, file("full"))
    row = held(store)["1"]
    ana, ben = said(row)[ANA], said(row)[BEN]
    assert marks(ana["ner"]) == [
        ("Anna", "PER"), ("Paris", "LOC"), ("Bob of Acme", "PER"), ("Acme", "COMPANY"), ("Acme", "ORG")
    ]  # fmt: skip
    assert (ana["tone"], ben["tone"], ben["asked"]) == ("friendly", "cold", "yes")
    assert marks(ben["ner"]) == [("Bob", "PER")]  # marked twice
    arrows = [(a["from"], a["to"], a["label"]) for a in ana["relations"]]
    assert arrows == [(0, 1, "lives_in"), (0, 2, "related"), (2, 0, "related"), (2, 4, "works_for")]
    hints = {hint["question"]: hint for hint in row["suggestions"]}
    assert {(hint["source"], hint["score"]) for hint in row["suggestions"]} == {("ner-2", 0.75)}
    assert marks(hints["ner"]["value"]) == [("Anna", "PER"), ("Paris", "LOC")]
    assert hints["relations"]["value"] == [{"from": 0, "to": 1, "label": "lives_in"}]
    assert row["fields"] == {"note": "Who goes where?"}
    assert (row["meta"]["source"], row["meta"]["ground_truth"], row["meta"]["lead_time"]) == (
        "news",
        [ANA],
        {ANA: 12.5},
    )
    assert row["meta"]["label_studio"][0]["results"][0]["from_name"] == "sure"
    assert result["rejected"] == 0
    assert result["losses"] == {
        "answers about one mark, kept with the record": 1, "relations without a label, taken as 'related'": 1,
        "earlier answers of the same person to the same record": 1, "annotations without any result": 1,
    }  # fmt: skip


def test_skips_drafts_and_texts_of_all_kinds(store: Store):
    bring(store, file("full"))
    rows = held(store)
    assert marks(said(rows["2"])[ANA]["ner"]) == [("王小明", "PER"), ("北京", "LOC"), ("北京大学", "ORG")]
    assert [(one["annotator"], one["state"]) for one in rows["2"]["annotations"] if one["question"] is None] == [
        (BEN, "skipped")
    ]
    assert rows["3"]["text"] == "Jose\u0301 ate cre\u0300me\r\nin Mu\u0308nchen."
    assert [span["text"] for span in said(rows["3"])[BEN]["ner"]] == [
        "Jose\u0301",
        "cre\u0300me\r\nin",
        "Mu\u0308nchen",
    ]
    (draft,) = [one for one in rows["3"]["annotations"] if one["state"] == "draft"]
    assert (draft["annotator"], draft["question"], draft["value"]) == (ANA, "tone", "cold")
    assert marks(said(rows["4"])[ANA]["ner"]) == [("Anna", "PER")]  # the offsets of older versions count UTF-16 units
    assert rows["5"]["annotations"] == []


def test_every_kind_of_control(store: Store):
    bring(store, file("kinds"))
    row = held(store)["1"]
    assert said(row)["7"] == {
        "pw": ["answer_b", "answer_a"], "rank": ["3", "1", "2"], "stars": 4, "count": 12,
        "tax": ["Weather", "Weather / Rain"], "why": "Because.",
    }  # fmt: skip
    assert row["meta"]["day"] == "2026-11-22"
    kept = {one["from_name"] for one in row["meta"]["label_studio"][0]["results"]}
    assert kept == {"size", "why", "box", "buckets"}
    questions = asks(store)
    assert questions["pw"].candidates == ("answer_a", "answer_b")
    assert questions["rank"].field == "items"


def test_marks_in_html_are_counted_in_what_is_visible(store: Store):
    bring(store, file("html"))
    rows = held(store)
    assert rows["1"]["text"] == "Tom & Jerry\nlive in Rome."
    assert marks(said(rows["1"])["1"]["h"]) == [("Tom & Jerry", "DUO"), ("live", "VERB"), ("Rome", "LOC")]
    assert rows["1"]["meta"]["html"].startswith("<p>Tom &amp;")
    assert rows["2"]["text"] == "Nothing here"


def test_paragraphs_become_lines(store: Store):
    bring(store, file("paragraphs"))
    row = held(store)["1"]
    assert row["text"] == "Ana: Hi 😀 Bob!\nBob: Hello.\n(silence)"
    assert marks(said(row)["1"]["p"]) == [("Hi 😀 Bob!\nBob: Hello.", "PART"), ("Bob", "PER"), ("Hello.", "GREETING")]


def test_versions_before_the_first(store: Store):
    bring(store, file("completions"), labels_by="somebody")
    row = held(store)["9"]
    assert said(row) == {"somebody": {"c": "pos"}}


def test_tasks_for_import_and_stored_annotations(store: Store):
    bring(store, file("tasks"), unit="code points")
    (row, _) = held(store).values()
    assert row["annotations"] == []
    assert marks(row["suggestions"][0]["value"]) == [("Anna", "PER")]
    bring(store, file("stored"), "q")
    assert said(held(store, "q")["77"]) == {ANA: {"c": "pos"}}


def test_the_minimal_export_says_what_it_leaves_out(store: Store):
    result = bring(store, file("min"))
    rows = held(store)
    assert marks(said(rows["1"])["1"]["ner"]) == [("Anna", "PER"), ("Paris", "LOC")]
    assert (said(rows["1"])["1"]["c"], said(rows["1"])["2"]["c"]) == (["pos"], ["neg", "pos"])
    assert said(rows["2"])["1"]["r"] == 4
    assert said(rows["2"])["1"]["why"].startswith("A text that is plainly")
    assert rows["1"]["meta"]["key"] == "a"
    assert sum(result["losses"].values()) == 2


def test_a_bad_row_far_down_in_a_minimal_export_is_told(store: Store, tmp_path):
    row = json.loads(file("min").read_text(encoding="utf-8"))[2]
    rows = [{**row, "id": n} if n != 150 else 7 for n in range(200)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    result = bring(store, path)
    assert (result["records"], [one["line"] for one in result["rejections"]]) == (199, [151])


def test_a_mark_that_is_not_where_it_says_is_a_rejection(store: Store, tmp_path):
    good = {"data": {"text": "Anna and Anna are here."}, "annotations": []}
    mark = {
        "from_name": "n",
        "to_name": "t",
        "type": "labels",
        "value": {"start": 1, "end": 4, "text": "Bob", "labels": ["X"]},
    }
    bad = {**good, "annotations": [{"result": [mark]}]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([good, bad, {"id": 3, "data": 7, "annotations": []}]), encoding="utf-8")
    result = bring(store, path)
    assert (result["records"], result["rejected"]) == (1, 2)
    assert {one["line"] for one in result["rejections"]} == {2, 3}


# --- out and in again ------------------------------------------------------------------------------------------------

T = "👨‍👩‍👧‍👦 Anna moved to Paris.\r\nCafe\u0301 王小明"
QUESTIONS = [
    {"kind": "choice", "name": "tone", "labels": ["pos", "neg & <b>"]},
    {"kind": "choices", "name": "topics", "labels": ["a", "质量", "nobody's"]},
    {"kind": "spans", "name": "ner", "labels": ["PER", "LOC"]},
    {"kind": "relations", "name": "links", "labels": ["in"], "spans": "ner"},
    {"kind": "answer", "name": "where", "field": "context"},
    {"kind": "text", "name": "why"},
    {"kind": "rating", "name": "stars", "high": 7},
    {"kind": "rating", "name": "scale", "low": -2, "high": 2},
    {"kind": "ranking", "name": "pref", "candidates": ["text", "候选"]},
    {"kind": "ranking", "name": "order", "field": "list"},
    {"kind": "ranking", "name": "three", "candidates": ["text", "候选", "context"]},
]


def mark(text: str, label: str) -> dict:
    at = T.index(text)
    return {"start": at, "end": at + len(text), "label": label, "text": text}


SPANS = [mark("Anna", "PER"), mark("Anna moved", "PER"), mark("Paris", "LOC")]
VALUES = {
    "tone": "neg & <b>", "topics": ["a", "质量"], "ner": SPANS, "links": [{"from": 0, "to": 2, "label": "in"}],
    "where": [{"start": 3, "end": 9, "text": "Rome 😀"}], "why": 'Line\nline "q"', "stars": 7, "scale": -1,
    "pref": ["候选", "text"], "order": ["2", "1"], "three": ["context", "text", "候选"],
}  # fmt: skip


def answer(who: str, question: str | None, value: object, state: str = "submitted", **more: object) -> dict:
    return {"annotator": who, "question": question, "state": state, "value": value, "created_at": "2026-01-02T03:04:05Z",
            **more}  # fmt: skip


def project() -> list[dict]:
    first = {
        "id": "r/1", "text": T, "meta": {"k": [1, {"z": None}]}, "split": "train", "status": "active", "parent": None,
        "fields": {"context": "In Rome 😀, then.", "候选": "另一个", "list": ["x", "y"]},
        "annotations": [
            *(answer("ana", name, value) for name, value in VALUES.items()), answer("bén", "tone", "pos"),
            answer("cem", None, None, "skipped"), answer("dan", "tone", "pos", "draft"),
        ],
        "suggestions": [
            {"source": "m1", "question": "tone", "value": "pos", "score": 0.5},
            {"source": "m1", "question": "ner", "value": SPANS[:1], "score": 0.25},
            {"source": "m2", "question": "topics", "value": ["质量"], "score": None},
        ],
    }  # fmt: skip
    second = {"id": "2", "text": "", "meta": {}, "split": None, "status": "active", "parent": None, "annotations": [],
              "suggestions": []}  # fmt: skip
    return [first, second]


def exported(rows: list[dict], folder: Path, **knobs: object) -> tuple[Path, dict]:
    questions = tuple(question_from(one) for one in QUESTIONS)
    contents = Contents(iter([rows]), False, tuple(one.name for one in questions), questions, "p")
    lost = exporters.get("label_studio")(**knobs)(contents, folder / "out.zip")
    return folder / "out.zip", dict(lost)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Store]:
    """A store in a folder of its own, where an archive is unpacked."""
    opened = open_store(tmp_path / "store.duckdb")
    yield opened
    opened.close()


def test_all_that_left_comes_back(disk: Store, tmp_path):
    store = disk
    path, lost = exported(project(), tmp_path)
    assert list(lost) == ["names of annotators, whom Label Studio takes only by e-mail address"]
    bring(store, path)
    rows = held(store)
    assert list(rows) == ["r/1", "2"]
    first = project()[0]
    for key in ("text", "fields", "meta", "split"):
        assert rows["r/1"][key] == first[key]
    timeless = [{k: v for k, v in one.items() if k != "created_at"} for one in first["annotations"]]
    for one in (*timeless, *rows["r/1"]["annotations"]):  # labels come back in the order of how often they were chosen
        one["value"] = sorted(one["value"]) if one["question"] == "topics" else one["value"]
    order = lambda one: (one["annotator"], one["question"] or "")  # noqa: E731 - one use, two places
    assert sorted(rows["r/1"]["annotations"], key=order) == sorted(timeless, key=order)
    assert {name: set(one.labels) for name, one in asks(store).items() if one.labels} == {
        one["name"]: set(one["labels"]) for one in QUESTIONS if "labels" in one
    }
    hint = lambda one: (one["source"], one["question"])  # noqa: E731
    assert sorted(rows["r/1"]["suggestions"], key=hint) == sorted(first["suggestions"], key=hint)
    again = tmp_path / "again"
    again.mkdir()
    assert leave(store, "p", "label_studio", again / "out.zip") == lost
    with zipfile.ZipFile(path) as one, zipfile.ZipFile(again / "out.zip") as two:
        assert json.loads(one.read("tasks.json"))[0]["data"] == json.loads(two.read("tasks.json"))[0]["data"]


def test_what_it_cannot_hold_is_counted(tmp_path):
    rows = project()
    rows[0]["annotations"] += [
        answer("ed", "ner", [], comment="hm", flagged=True), answer("flo", None, None, "skipped", reason="odd")
    ]  # fmt: skip
    rows[0]["suggestions"].append({"source": "m3", "question": "tone", "value": "pos", "score": 7.5})
    rows[1] |= {"status": "dropped", "parent": "r/1"}
    _, lost = exported(rows, tmp_path, members=True)
    assert lost == {
        "answers that say that there is nothing": 1, "comments": 1, "flags of answers": 1, "reasons for skips": 1,
        "scores that are not between 0 and 1": 1, "that records are dropped": 1,
        "which records others were made from": 1,
    }  # fmt: skip


def test_the_configuration_names_every_control_and_every_text(tmp_path):
    path, _ = exported(project(), tmp_path)
    with zipfile.ZipFile(path) as archive:
        view = ET.fromstring(archive.read("config.xml"))  # noqa: S314 - written here
        tasks = json.loads(archive.read("tasks.json"))
    names = {tag.get("name"): tag for tag in view if tag.get("name")}
    objects = {tag.get("value", "").removeprefix("$") for tag in view if tag.get("value", "").startswith("$")}
    for task in tasks:
        assert objects <= set(task["data"])  # a task without one of them is refused
        for part in (*task["annotations"], *task["predictions"], *task["drafts"]):
            for one in part["result"]:
                if one["type"] == "relation":
                    continue
                assert names[one["from_name"]].tag.lower() == one["type"]
                shown = names[one["from_name"]].get("toName")
                assert one["to_name"] in (shown, one["from_name"])
                labels = {tag.get("value") for tag in names[one["from_name"]]}
                assert set(one["value"].get("labels", one["value"].get("choices", ()))) <= labels
    assert [tag.get("value") for tag in view.find("Relations")] == ["in"]


def test_members_are_named_by_their_address(tmp_path):
    path, lost = exported(project(), tmp_path, members=True)
    assert lost == {}
    with zipfile.ZipFile(path) as archive:
        said_by = [one["completed_by"] for one in json.loads(archive.read("tasks.json"))[0]["annotations"]]
    assert said_by == [{"email": name} for name in ("ana", "bén", "cem")]


# --- files that are damaged, or nearly of the shape ------------------------------------------------------------------

many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 50), st.floats(allow_nan=True), st.sampled_from(["", "Anna", "😀", "\ud800"])
)  # fmt: skip
keys = st.sampled_from(
    ["id", "data", "text", "annotations", "predictions", "result", "value", "type", "from_name", "to_name", "start",
     "end", "labels", "choices", "completed_by", "meta", "winnow", "fields", "asks", "globalOffsets", "ranker", "score"]
)  # fmt: skip
near = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=6))
kinds = st.sampled_from(["labels", "choices", "relation", "rating", "ranker", "pairwise", "hypertextlabels", "x"])
results = st.lists(
    st.fixed_dictionaries({"type": kinds, "value": near}, optional={"from_name": near, "to_name": near, "id": near, "from_id": near}),
    max_size=4,
)  # fmt: skip
tasks = st.lists(
    st.fixed_dictionaries(
        {"data": st.fixed_dictionaries({"text": st.just("Anna 😀 Anna")}, optional={"b": near}) | near},
        optional={"annotations": st.lists(st.fixed_dictionaries({"result": results}) | near, max_size=3), "meta": near,
                  "predictions": st.lists(st.fixed_dictionaries({"result": results, "score": near}), max_size=2)},
    ),
    max_size=4,
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@many
@given(seed=st.integers(0, 10**6))
def test_a_damaged_file_never_breaks_the_reader(path, seed, tmp_path):
    target = tmp_path / "a.json"
    target.write_bytes(broken(path.read_bytes(), seed))
    read_through(target, "label_studio")


@many
@given(tasks=tasks)
def test_a_file_of_nearly_the_shape_never_breaks_the_reader(tasks, tmp_path):
    target = tmp_path / "a.json"
    target.write_text(json.dumps(tasks), encoding="utf-8")
    read_through(target, "label_studio")
