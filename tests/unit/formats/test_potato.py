"""potato's files, whose answers join the records that its items file brought."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.displayed import Displayed
from pipeline.exporters import Contents, exporters
from pipeline.importers import choose, importers, open_source
from pipeline.importers.displayed import seat
from pipeline.questions import question_from
from pipeline.store import Store
from tests.brought import held
from tests.foreign import DATA, bring, broken, marks, read_through, said

FOLDER = DATA / "potato"
FILES = [
    FOLDER / name
    for name in (
        "annotations.jsonl",
        "annotations.tsv",
        "annotations.csv",
        "user_state.json",
        "first.jsonl",
        "radio.jsonl",
    )
]
JERRY = "Tom  &amp; <b>Jerry"  # as it stands in the items file; the page shows "Tom & Jerry"


@pytest.fixture
def items(store: Store) -> Store:
    """A store whose project p has the items."""
    bring(store, FOLDER / "items.jsonl", task="-")
    return store


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_known_by_its_content(path):
    assert choose(open_source(path)).name == "potato"


@pytest.mark.parametrize(
    "text", ['{"instance_id": "a", "text": "b"}', "id,text\n1,a\n", '{"user_id": 1, "labels": {}}', "x"]
)
def test_other_files_are_left_to_others(text, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(text + "\n", encoding="utf-8")
    assert importers.get("potato")().claims(open_source(path)) == 0


def test_answers_join_the_records_of_their_ids(items: Store):
    result = bring(items, FOLDER / "annotations.jsonl")
    rows = held(items)
    assert len(rows) == 3
    ana = said(rows["i1"])["ana"]
    assert {name: ana[name] for name in ("sentiment", "topics", "scale", "why", "size", "country")} == {
        "sentiment": "pos", "topics": ["people", "places"], "scale": 4, "why": "Because.", "size": 37, "country": "Italy",
    }  # fmt: skip
    assert marks(ana["ner"]) == [(JERRY, "DUO"), ("Rome", "LOC")]
    assert ana["relations"] == [{"from": 0, "to": 1, "label": "LIVES_IN"}]
    assert said(rows["i1"])["ben"] == {"sentiment": "neg"}
    second = said(rows["i2"])["ana"]
    assert (second["sentiment"], second["sentiment free_response"]) == ("neu", "or so")
    assert marks(second["ner"]) == [("北京大学", "ORG"), ("Tom", "PER")]
    assert [one["line"] for one in result["rejections"]] == [4, 5]  # of no item, and a mark that is nowhere
    assert result["losses"] == {
        "links that do not join two marks of one scheme": 1, "answers that are no labels, texts, numbers or marks": 1
    }  # fmt: skip


def test_a_table_and_the_state_of_one_annotator(items: Store):
    bring(items, FOLDER / "annotations.tsv")
    bring(items, FOLDER / "user_state.json")
    rows = held(items)
    assert said(rows["i1"])["ana"]["why"] == "Because."
    assert marks(said(rows["i1"])["ana"]["ner"]) == [("Rome", "LOC")]
    assert said(rows["i2"]) == {"ben": {"sentiment": "neg"}}
    assert marks(said(rows["i1"])["cem"]["ner"]) == [("Rome", "LOC")]
    assert said(rows["i3"]) == {"cem": {"sentiment": "neg"}}


def test_the_first_version_brings_its_texts(store: Store):
    bring(store, FOLDER / "first.jsonl")
    (row,) = held(store).values()
    assert row["text"] == "This is great."
    assert said(row)["ana"]["categories"] == "positive"
    assert marks(said(row)["ana"]["spans"]) == [("great", "ADJ")]


def test_a_file_that_the_tool_wrote(store: Store, tmp_path):
    lines = (FOLDER / "radio.jsonl").read_text(encoding="utf-8").splitlines()
    ids = dict.fromkeys(json.loads(line)["instance_id"] for line in lines)
    path = tmp_path / "items.jsonl"
    path.write_text("\n".join(json.dumps({"id": one, "text": f"Item {one}."}) for one in ids), encoding="utf-8")
    bring(store, path, task="-")
    result = bring(store, FOLDER / "radio.jsonl")
    assert (result["annotations"], result["rejected"], result["people"]) == (len(lines), 0, ["k1", "u1"])


# --- out and in again ------------------------------------------------------------------------------------------------

T = "  Tom &amp; <b>Jerry</b>\r\nlive  in Rome 😀."
QUESTIONS = [
    {"kind": "choice", "name": "tone", "labels": ["pos", "neg"]}, {"kind": "choices", "name": "topics", "labels": ["a", "质量"]},
    {"kind": "spans", "name": "ner", "labels": ["PER", "LOC"]},
    {"kind": "relations", "name": "relations", "labels": ["in"], "spans": "ner"}, {"kind": "text", "name": "why"},
    {"kind": "rating", "name": "stars", "high": 7}, {"kind": "rating", "name": "size", "low": 0, "high": 60},
]  # fmt: skip


def mark(text: str, label: str) -> dict:
    at = T.index(text)
    return {"start": at, "end": at + len(text), "label": label, "text": text}


VALUES = {
    "tone": "neg", "topics": ["a", "质量"], "ner": [mark("Jerry", "PER"), mark("live  in", "LOC"), mark("Rome", "LOC")],
    "relations": [{"from": 0, "to": 2, "label": "in"}], "why": "Because\nof this.", "stars": 7, "size": 0,
}  # fmt: skip


def answer(who: str, question: str | None, value: object, state: str = "submitted", **more: object) -> dict:
    return {"annotator": who, "question": question, "state": state, "value": value, "created_at": "", **more}


def exported(rows: list[dict], folder: Path, questions: list[dict]) -> dict:
    made = tuple(question_from(one) for one in questions)
    contents = Contents(([row] for row in rows), False, tuple(one.name for one in made), made, "p")
    lost = exporters.get("potato")()(contents, folder / "out.zip")
    with zipfile.ZipFile(folder / "out.zip") as archive:
        archive.extractall(folder / "out")
    return dict(lost)


def test_all_that_left_comes_back(store: Store, tmp_path):
    row = {"id": "r/1", "text": T, "meta": {}, "split": None, "status": "active", "parent": None, "suggestions": [],
           "annotations": [*(answer("ana", *one) for one in VALUES.items()), answer("bén/../x", "tone", "pos")]}  # fmt: skip
    more = [
        row | {"id": f"r{n}", "text": f"Text {n}", "annotations": [answer("ana", "tone", "pos")]} for n in range(2, 5)
    ]
    assert exported([row, *more], tmp_path, QUESTIONS) == {"names of annotators that no file can have, changed": 1}
    bring(store, tmp_path / "out" / "data" / "items.jsonl", task="-")
    bring(store, tmp_path / "out" / "annotation_output" / "ana" / "user_state.json")
    bring(store, tmp_path / "out" / "annotation_output" / "bén_.._x" / "user_state.json")
    rows = held(store)
    assert rows["r/1"]["text"] == T
    assert said(rows["r/1"])["bén/../x"] == {"tone": "pos"}
    ana = said(rows["r/1"])["ana"]
    assert {**ana, "topics": sorted(ana["topics"])} == VALUES
    assert [said(rows[one["id"]]) for one in more] == [{"ana": {"tone": "pos"}}] * 3
    config = yaml.safe_load((tmp_path / "out" / "config.yaml").read_text(encoding="utf-8"))
    types = {one["name"]: one["annotation_type"] for one in config["annotation_schemes"]}
    assert types == {"tone": "radio", "topics": "multiselect", "ner": "span", "relations": "span_link", "why": "text",
                     "stars": "likert", "size": "number"}  # fmt: skip


def test_what_it_cannot_hold_is_counted(tmp_path):
    ranking = {"kind": "ranking", "name": "order", "candidates": ["a", "text"]}
    hidden = {"start": 0, "end": 1, "label": "PER", "text": " "}
    row = {"id": "1", "text": T, "meta": {"k": 1}, "split": None, "status": "dropped", "parent": "x", "fields": {"id": "9", "a": "b"},
           "annotations": [answer("ana", "order", ["a", "text"], comment="c"), answer("ben", None, None, "skipped"),
                           answer("ana", "ner", [hidden])],
           "suggestions": [{"source": "m", "question": "tone", "value": "pos", "score": None}]}  # fmt: skip
    assert exported([row], tmp_path, [*QUESTIONS, ranking]) == {
        "answers that potato has no place for": 1, "answers that are drafts or skips": 1, "comments": 1, "suggestions": 1,
        "metadata and splits of records": 1, "that records are dropped": 1, "which records others were made from": 1,
        "fields named like the id or the text": 1, "marks of what potato does not display": 1,
    }  # fmt: skip


# --- the text as it is displayed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "shown"),
    [  # as potato 2.12.1 makes them
        ("  a  b\tc\r\nd ", "a bc\nd"), ("<b>x</b> &amp; <i>y</i>", "x & y"), ("x < y and y > z", "x < y and y > z"),
        ("<foo>a</foo>", "<foo>a</foo>"), ("</b> \r\n😀", " \n😀"), ("a &nope; b", "a &nope; b"), ("王 <br/> 小", "王  小"),
    ],
)  # fmt: skip
def test_a_text_is_displayed_as_potato_does(raw, shown):
    assert Displayed.of(raw).text == shown


def row_of(raw: str, **span: object) -> dict:
    return {"text": raw, "annotations": [{"question": "ner", "value": [{"label": "X", **span}]}, {"value": None}],
            "suggestions": [{"value": "pos"}]}  # fmt: skip


def test_a_mark_without_a_text_goes_by_its_offsets():
    (span,) = seat(row_of("a  <b>bc</b>", start=2, end=4))["annotations"][0]["value"]
    assert span == {"start": 6, "end": 8, "label": "X", "text": "bc"}


def test_a_mark_that_is_off_goes_to_the_nearest_place_that_reads_like_it():
    (span,) = seat(row_of("Bob, Bob  and Bob", start=8, end=11, text="Bob"))["annotations"][0]["value"]
    assert (span["start"], span["end"]) == (5, 8)


@pytest.mark.parametrize(
    "span", [{"start": 0, "end": 3, "text": "zzz"}, {"start": 5, "end": 99}, {"start": 0, "end": 0}]
)
def test_a_mark_that_is_nowhere_is_refused(span):
    with pytest.raises(ValueError, match="nowhere"):
        seat(row_of("abc", **span))


many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
pieces = st.sampled_from(
    ["a", "b c", "  ", "\r\n", "\t", "<b>", "</b>", "<x>", "&amp;", "&", "<", "😀", "e\u0301", "王小", "\x07"]
)


@many
@given(parts=st.lists(pieces, max_size=10), data=st.data())
@example(parts=["&amp;", "&amp;"], data=None)
def test_what_is_marked_on_the_page_reads_the_same_in_the_text(parts, data):
    raw = "".join(parts)
    shown = Displayed.of(raw)
    assert len(shown.text) == len(shown.starts) == len(shown.ends)
    assert all(one < two for one, two in zip(shown.starts, shown.ends, strict=True))
    if data is None or not shown.text:
        return
    start = data.draw(st.integers(0, len(shown.text) - 1))
    end = data.draw(st.integers(start + 1, len(shown.text)))
    place = shown.place(raw, start, end, shown.text[start:end])
    assert place is not None
    assert "".join(Displayed.of(raw[place[0] : place[1]]).text.split()) == "".join(shown.text[start:end].split())


# --- files that are damaged, or nearly of the shape ------------------------------------------------------------------

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 50), st.floats(), st.sampled_from(["", "a", "true", "😀", "1" * 30])
)
near = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["schema", "name", "start", "end", "text", "id", "span_ids", "slider", "a"]), inner, max_size=5),
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@many
@given(seed=st.integers(0, 10**6))
def test_a_damaged_file_never_breaks_the_reader(path: Path, seed, tmp_path):
    target = tmp_path / path.name
    target.write_bytes(broken(path.read_bytes(), seed))
    read_through(target, "potato")


@many
@given(
    rows=st.lists(
        st.fixed_dictionaries({"instance_id": near, "user_id": near, "labels": near, "spans": near, "links": near}),
        max_size=4,
    )
)
def test_a_file_of_nearly_the_shape_never_breaks_the_reader(rows, tmp_path):
    target = tmp_path / "a.jsonl"
    target.write_text("\n".join(map(json.dumps, rows)) or "{}", encoding="utf-8")
    read_through(target, "potato")
