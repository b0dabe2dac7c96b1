"""doccano's exports of all its kinds of project, in and out."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.exporters import Contents, exporters
from pipeline.importers import FileRefused, choose, importers, open_source
from pipeline.jobs import run
from pipeline.questions import question_from
from pipeline.store import Store, open_store, projects
from pipeline.units import CODE_POINTS, GRAPHEMES, UTF16
from pipeline.verbs.import_file import Import
from tests.brought import held
from tests.foreign import DATA, asks, bring, broken, leave, marks, read_through, said

FOLDER = DATA / "doccano"
FILES = sorted(one for one in FOLDER.iterdir())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Store]:
    """A store in a folder of its own, where an archive is unpacked."""
    opened = open_store(tmp_path / "store.duckdb")
    yield opened
    opened.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_known_by_its_content(path):
    assert choose(open_source(path)).name == "doccano"


@pytest.mark.parametrize(
    "line",
    ['{"text": "a", "label": "b"}', '{"text": "a", "label": ["b"]}', '{"text": "a", "labels": ["b"]}', "id,text,label",
     '{"text": "a", "entities": [[0, 1, "X"]]}', '{"id": 1, "text": "a", "label": [[0, 1]]}', '{"Comments": []}'],
)  # fmt: skip
def test_plain_files_are_left_to_others(line, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    assert importers.get("doccano")().claims(open_source(path)) == 0


def test_classes_with_comments(store: Store):
    result = bring(store, FOLDER / "classes.jsonl", labels_by="ana")
    rows = held(store)
    assert said(rows["121036"]) == {"ana": {"label": "质量"}}
    assert said(rows["121037"]) == {"ana": {"label": "delivery, speed"}}
    assert rows["121040"]["annotations"] == []
    assert rows["121042"]["annotations"][0]["comment"] == "not sure 🤔"
    assert rows["121038"]["text"] == "line one\r\nline two"
    assert rows["121036"]["meta"] == {"key": "good"}
    assert (result["records"], result["rejected"], result["losses"]) == (9, 0, {})


def test_a_table_joins_labels_with_a_sign(store: Store):
    bring(store, FOLDER / "classes.csv", labels_by="ana")
    rows = held(store)
    assert [said(rows[name]).get("ana") for name in ("1", "2", "3")] == [
        {"label": ["pos", "质量"]}, None, {"label": ["neg"]}
    ]  # fmt: skip
    assert (rows["1"]["text"], rows["1"]["meta"]) == ('He said "hi",\nand left', {"key": "a"})
    assert rows["1"]["annotations"][0]["comment"] == "not sure 🤔\nreally"


@pytest.mark.parametrize(("name", "unit"), [("marks_utf16", UTF16), ("marks_graphemes", GRAPHEMES)])
def test_the_unit_of_offsets_is_asked_for(name, unit, store: Store):
    project = projects.get_or_create(store, "p")
    if unit == GRAPHEMES:  # by grapheme clusters the other file's offsets lie outside of its texts: it is sure
        with pytest.raises(FileRefused, match=unit):
            run(store, Import(str(FOLDER / f"{name}.jsonl")), project.id)
    bring(store, FOLDER / f"{name}.jsonl", unit=unit, labels_by="ana")
    rows = held(store)
    assert marks(said(rows["1"])["ana"]["spans"]) == [("Anna", "PER"), ("Paris", "LOC"), ("Paris 🇫🇷", "PLACE")]
    assert marks(said(rows["2"])["ana"]["spans"]) == [("Cafe\u0301", "LOC"), ("王小明", "PER")]
    assert rows["3"]["meta"] == {"source": "c", "Comments": ["why?"]}


def test_relations_and_a_row_that_joins_what_is_not_there(store: Store):
    result = bring(store, FOLDER / "relations.jsonl", labels_by="ana")
    answer = said(held(store)["1"])["ana"]
    assert marks(answer["spans"]) == [("Ada", "PER"), ("Bob", "PER"), ("Rome", "LOC")]
    arrows = [(one["from"], one["to"], one["label"]) for one in answer["relations"]]
    assert arrows == [(0, 2, "in"), (1, 0, "knows"), (1, 2, "in")]
    assert [(one["line"], one["field"]) for one in result["rejections"]] == [(3, "relations")]


def test_intents_with_slots(store: Store):
    bring(store, FOLDER / "intents.jsonl", unit=UTF16, labels_by="ana")
    rows = held(store)
    assert said(rows["121086"])["ana"]["label"] == "inform"
    assert marks(said(rows["121086"])["ana"]["spans"]) == [("Anna", "PER")]


def test_written_texts_are_told_from_labels(store: Store):
    result = bring(store, FOLDER / "texts.jsonl", labels_by="ana")
    rows = held(store)
    assert said(rows["1"])["ana"] == {"text": "这是第1个要翻译的句子，写得很长。"}
    assert rows["2"]["meta"] == {"label": ["另一个译文"]}
    assert result["losses"] == {"further texts of one answer, kept with the record": 1}
    bring(store, FOLDER / "texts.jsonl", "q", format="doccano", settings={"labels": "labels"}, labels_by="ana")
    assert set(said(held(store, "q")["2"])["ana"]["label"]) == {"这是第2个要翻译的句子，写得很长。", "另一个译文"}


def test_the_shapes_of_older_versions(store: Store):
    result = bring(store, FOLDER / "first.jsonl")
    rows = held(store)
    assert {who: marks(answer["spans"]) for who, answer in said(rows["1"]).items()} == {
        "1": [("Obama", "2")], "2": [("president", "3")]
    }  # fmt: skip
    assert (said(rows["2"]), said(rows["3"])) == ({"1": {"label": ["4", "5"]}}, {"1": {"text": "Bonjour !"}})
    assert rows["1"]["meta"]["wikiPageID"] == 1
    assert result["losses"] == {"labels that the file names only by number": 4}
    result = bring(store, FOLDER / "labels.jsonl", "q", labels_by="ana")
    assert marks(said(held(store, "q")["1"])["ana"]["spans"]) == [("Peter Blackburn", "PERSON")]
    assert [(one["line"], one["field"]) for one in result["rejections"]] == [(2, "labels"), (3, "text")]


def test_in_an_archive_each_file_is_a_person(disk: Store, tmp_path):
    rows = [json.loads(line) for line in (FOLDER / "classes.jsonl").read_text(encoding="utf-8").split("\n") if line]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for who, label in (("admin", "pos"), ("bén@x.org", "neg")):
            lines = [json.dumps(row | {"label": [label] if row["label"] else []}) for row in rows]
            archive.writestr(f"{who}.jsonl", "\n".join(lines))
    result = bring(disk, tmp_path / "a.zip")
    found = held(disk)
    assert len(found) == len(rows)
    assert said(found["121036"]) == {"admin": {"label": "pos"}, "bén@x.org": {"label": "neg"}}
    assert result["people"] == ["admin", "bén@x.org"]


def test_a_span_that_ends_inside_a_character_is_told(store: Store, tmp_path):
    rows = [{"id": n, "text": "😀 a", "label": [[n, 3, "X"]], "Comments": [], "unit": UTF16} for n in range(2)]
    rows.append({"id": 2, "text": "plain", "label": [], "Comments": [], "unit": "metres"})
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = bring(store, path, labels_by="ana")
    assert [(one["line"], one["field"]) for one in result["rejections"]] == [(2, "label")]
    assert marks(said(held(store)["0"])["ana"]["spans"]) == [("😀 ", "X")]
    assert held(store)["2"]["meta"] == {"unit": "metres"}


# --- out and in again ------------------------------------------------------------------------------------------------

T = "👨‍👩‍👧‍👦 Anna moved to Paris.\r\nCafe\u0301 王小明"


def mark(text: str, label: str) -> dict:
    at = T.index(text)
    return {"start": at, "end": at + len(text), "label": label, "text": text}


SPANS = [mark("Anna", "PER"), mark("Anna moved", "PER"), mark("Paris", "LOC"), mark("Cafe\u0301", "LOC")]


def answer(who: str, question: str | None, value: object, state: str = "submitted", **more: object) -> dict:
    return {"annotator": who, "question": question, "state": state, "value": value, "created_at": "", **more}


def row(*answers: dict, name: str = "r/1", text: str = T) -> dict:
    return {"id": name, "text": text, "meta": {"k": [1, None]}, "split": "train", "status": "active", "parent": None,
            "fields": {"context": "其他"}, "annotations": list(answers), "suggestions": []}  # fmt: skip


def exported(rows: list[dict], questions: list[dict], folder: Path, **knobs: object) -> tuple[Path, dict]:
    made = tuple(question_from(one) for one in questions)
    contents = Contents([rows], False, tuple(one.name for one in made), made, "p")
    lost = exporters.get("doccano")(**knobs)(contents, folder / "out.zip")
    return folder / "out.zip", dict(lost)


NER = {"kind": "spans", "name": "spans", "labels": ["PER", "LOC"]}
LINKS = {"kind": "relations", "name": "relations", "labels": ["in"], "spans": "spans"}
TONE = {"kind": "choice", "name": "label", "labels": ["pos", "neg"]}
WHY = {"kind": "text", "name": "text"}


@pytest.mark.parametrize("unit", [UTF16, GRAPHEMES, CODE_POINTS])
@pytest.mark.parametrize(
    ("questions", "values"),
    [([NER], {"spans": SPANS}), ([NER, LINKS], {"spans": SPANS, "relations": [{"from": 0, "to": 2, "label": "in"}]}),
     ([TONE, NER], {"label": "pos", "spans": SPANS}), ([TONE], {"label": "neg"})],
)  # fmt: skip
def test_all_that_left_comes_back(questions, values, unit, disk: Store, tmp_path):
    given = row(*(answer("ana", name, value) for name, value in values.items()))
    path, lost = exported([given, row(name="2", text="plain")], questions, tmp_path, unit=unit)
    assert lost == {}
    bring(disk, path, labels_by="ana")  # it says in what its offsets count
    rows = held(disk)
    assert said(rows["r/1"]) == {"ana": values}
    for key in ("text", "fields", "meta", "split"):
        assert rows["r/1"][key] == given[key]
    assert rows["2"]["annotations"] == []


def test_written_texts_come_back(disk: Store, tmp_path):
    path, lost = exported([row(answer("ana", "text", 'Line\n"q"'))], [WHY], tmp_path)
    assert lost == {}
    bring(disk, path, labels_by="ana")
    assert said(held(disk)["r/1"]) == {"ana": {"text": 'Line\n"q"'}}
    assert asks(disk)["text"].kind == "text"


def test_each_annotator_has_a_file(disk: Store, tmp_path):
    answers = [answer("ana", "label", "pos"), answer("bén/../x", "label", "neg"), answer("All", "label", "pos")]
    path, lost = exported([row(*answers), row(name="2")], [TONE], tmp_path, people="each")
    assert lost == {"names of annotators that no file can have, changed": 2}
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["all.jsonl", "All_.jsonl", "ana.jsonl", "bén_.._x.jsonl"]
        assert [json.loads(line)["id"] for line in archive.read("all.jsonl").splitlines()] == ["2"]
    bring(disk, path)
    assert said(held(disk)["r/1"]) == {"ana": {"label": "pos"}, "bén_.._x": {"label": "neg"}, "All_": {"label": "pos"}}


def test_where_annotators_differ_most_counts_and_relations_go_with_their_marks(tmp_path):
    one, two = SPANS[:2], SPANS[:1]
    answers = [
        answer("ana", "spans", one), answer("ana", "relations", [{"from": 0, "to": 1, "label": "in"}]),
        answer("ben", "spans", two), answer("ben", "relations", []), answer("cem", "spans", two),
    ]  # fmt: skip
    path, lost = exported([row(*answers)], [NER, LINKS], tmp_path)
    with zipfile.ZipFile(path) as archive:
        found = json.loads(archive.read("all.jsonl"))
    assert [one["label"] for one in found["entities"]] == ["PER"]
    assert found["relations"] == []
    assert lost == {"records whose annotators disagree, written with one label": 1}


def test_what_it_cannot_hold_is_counted(tmp_path):
    inside = {"start": 0, "end": 1, "label": "PER", "text": T[0]}
    answers = [
        answer("ana", "spans", [inside], comment="hm"), answer("ana", "text", "w", comment="hm"), answer("ben", None, None, "skipped")
    ]  # fmt: skip
    given = row(*answers) | {"status": "dropped", "parent": "x"}
    given["suggestions"] = [{"source": "m", "question": "spans", "value": [], "score": None}]
    _, lost = exported([given, row(text="")], [NER, WHY], tmp_path, unit=GRAPHEMES)
    assert lost == {
        "answers to questions that doccano has no place for": 1, "answers that are drafts or skips": 1, "comments": 1,
        "suggestions": 1, "that records are dropped": 1, "which records others were made from": 1,
        "marks that end inside a character that the reader sees": 1, "records without a text, which doccano refuses": 1,
    }  # fmt: skip


def test_a_question_can_be_named(store: Store, tmp_path):
    path, lost = exported(
        [row(answer("ana", "label", "pos"), answer("ana", "spans", SPANS))], [NER, TONE], tmp_path, question="label"
    )
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("all.jsonl"))["label"] == ["pos"]
    assert lost == {"answers to questions that doccano has no place for": 1}
    bring(store, FOLDER / "classes.jsonl", labels_by="ana")
    assert leave(store, "p", "doccano", tmp_path / "b.zip") == {"comments": 1}


# --- files that are damaged, or nearly of the shape ------------------------------------------------------------------

many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 50), st.floats(), st.sampled_from(["", "Anna", "😀", "\ud800"])
)
keys = st.sampled_from(
    ["id", "start_offset", "end_offset", "label", "user", "text", "from_id", "to_id", "type", "comment"]
)
near = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5))
rows_of = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "text", "label", "labels", "annotations", "entities", "relations", "cats", "Comments",
                         "meta", "fields", "split"]), near, max_size=8,
    ).map(lambda one: {"text": "Anna 😀"} | one),
    max_size=4,
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@many
@given(seed=st.integers(0, 10**6))
def test_a_damaged_file_never_breaks_the_reader(path, seed, tmp_path):
    target = tmp_path / path.name
    target.write_bytes(broken(path.read_bytes(), seed))
    read_through(target, "doccano")


@many
@given(rows=rows_of)
def test_a_file_of_nearly_the_shape_never_breaks_the_reader(rows, tmp_path):
    target = tmp_path / "a.jsonl"
    target.write_text("\n".join(map(json.dumps, rows)) or "{}", encoding="utf-8")
    read_through(target, "doccano")
