"""SQuAD: questions on paragraphs, in and out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import Rejection
from pipeline.importers import FileRefused, choose, importers, open_source
from pipeline.importers.foreign import Found
from tests.moving import answers, found, move_in, move_out, rows

DEV = Path(__file__).parents[2] / "data" / "formats" / "squad" / "dev.json"
CONTEXT = "Rome 😀 is the capital of Italy.\r\nCafe\u0301s are many."


def test_each_question_is_a_record():
    several, one, impossible, shifted, no_text, no_start, chinese, open_ = found(DEV)
    assert (several.id, several.text, several.meta) == ("56be", CONTEXT, {"title": "Rome"})
    assert several.fields == {"question": "What is the capital of Italy?"}
    assert [(said.annotator, said.value[0]["text"]) for said in several.answers] == [
        ("answer 1", "Rome"), ("answer 2", "Rome 😀"), ("answer 3", "Rome")
    ]  # fmt: skip
    (said,) = one.answers
    assert (said.annotator, said.kind, said.value) == (
        "", "answer", [{"start": 33, "end": 39, "text": "Cafe\u0301s"}]
    )  # fmt: skip
    assert CONTEXT[33:39] == "Cafe\u0301s"
    assert [said.value for said in impossible.answers] == [[]]
    assert impossible.meta["squad"]["plausible_answers"][0]["text"] == "Italy"
    assert isinstance(shifted, Found)
    assert [(one.line, one.field) for one in (no_text, no_start)] == [(5, "question"), (6, "answers")]
    assert (chinese.answers[0].value[0]["text"], open_.answers) == ("北京", [])


def test_an_answer_that_is_not_where_it_says_is_rejected(store):
    result = move_in(store, DEV, "p")
    assert (result["format"], result["records"], result["rejected"]) == ("squad", 5, 3)
    assert [one["line"] for one in result["rejections"]] == [4, 5, 6]
    assert result["people"] == ["answer 1", "answer 2", "answer 3", "imported"]


@pytest.mark.parametrize("one_line", [False, True])
def test_what_came_in_goes_out_and_comes_in_again(store, tmp_path, one_line):
    path = tmp_path / "in.json"
    path.write_text(json.dumps(json.loads(DEV.read_text(encoding="utf-8")), indent=None if one_line else 2))
    move_in(store, path, "one")
    losses = move_out(store, "one", tmp_path / "out.json", "squad")
    assert losses == {"names of annotators": 6, "metadata": 1, "records without an answer that the format can hold": 1}
    plain = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert plain["version"] == "v2.0"
    assert [(a["title"], [len(p["qas"]) for p in a["paragraphs"]]) for a in plain["data"]] == [
        ("Rome", [3]),
        ("北京", [1]),
    ]
    second = move_in(store, tmp_path / "out.json", "two")
    assert (second["format"], second["rejected"]) == ("squad", 0)
    again = rows(store, "two")
    first = [row for row in rows(store, "one") if row["annotations"]]
    assert [row["id"] for row in again] == [row["id"] for row in first]
    for row, other in zip(first, again, strict=True):
        assert (row["text"], row["fields"]) == (other["text"], other["fields"])
        assert answers(row) == answers(other)


def test_version_one_has_no_room_for_what_has_no_answer(store, tmp_path):
    move_in(store, DEV, "p")
    losses = move_out(store, "p", tmp_path / "out.json", "squad", version="1.1", people="most")
    assert losses["questions that the text does not answer"] == 1
    assert losses["records whose annotators disagree, written with one answer"] == 1
    plain = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    asked = [one for article in plain["data"] for part in article["paragraphs"] for one in part["qas"]]
    assert [one["id"] for one in asked] == ["56be", "56bf", "b1"]
    assert all(set(one) == {"id", "question", "answers"} for one in asked)
    assert asked[0]["answers"] == [{"text": "Rome", "answer_start": 0}]


def test_a_plain_document_is_not_taken_for_it(tmp_path):
    for plain in ({"data": [{"text": "a"}]}, [{"question": "a", "context": "b"}], {"qas": 1}):
        (tmp_path / "a.json").write_text(json.dumps(plain))
        assert importers.get("squad")().claims(open_source(tmp_path / "a.json")) == 0


def test_the_list_may_stand_behind_other_keys(tmp_path):
    plain = json.loads(DEV.read_text(encoding="utf-8"))
    (tmp_path / "a.json").write_text(json.dumps({"data": plain["data"], "n": 1.5, "version": "v2.0", "x": [[]]}))
    assert len(found(tmp_path / "a.json")) == len(found(DEV))


def parsed(path: Path) -> None:
    try:
        source = open_source(path)
        importer = importers.get("squad")()
        importer.claims(source)
        for one in importer.parse(source):
            assert isinstance(one, Found | Rejection)
    except FileRefused:
        pass


KEYS = st.sampled_from(["data", "title", "paragraphs", "context", "qas", "id", "question", "answers", "text",
                        "answer_start", "is_impossible"])  # fmt: skip
NEAR = st.recursive(
    st.text(max_size=4) | st.integers(-1, 9) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15,
)  # fmt: skip


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=NEAR, raw=st.binary(max_size=40), cut=st.integers(1, 1500), byte=st.integers(0, 255))
def test_no_file_breaks_the_reader(tmp_path, data, raw, cut, byte):
    (tmp_path / "a.json").write_text(json.dumps({"version": "1.1", "data": data}))
    parsed(tmp_path / "a.json")
    (tmp_path / "b").write_bytes(raw)
    parsed(tmp_path / "b")
    golden = bytearray(DEV.read_bytes())
    golden[cut % len(golden)] = byte
    (tmp_path / "c.json").write_bytes(bytes(golden))
    parsed(tmp_path / "c.json")
    (tmp_path / "d.json").write_bytes(bytes(golden[:cut]))
    parsed(tmp_path / "d.json")


def test_a_file_that_breaks_off_is_refused_by_name(tmp_path):
    (tmp_path / "a.json").write_bytes(DEV.read_bytes()[:-40])
    with pytest.raises(FileRefused, match=r"a\.json is not valid JSON"):
        list(choose(open_source(tmp_path / "a.json")).parse(open_source(tmp_path / "a.json")))
