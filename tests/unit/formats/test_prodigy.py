"""Prodigy's JSON lines: what each task becomes, and that what leaves comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.importers import choose, open_source
from tests.foreign import DATA, asks, bring, broken, held, leave, marks, read_through, said

FILE = DATA / "prodigy" / "db_out.jsonl"
ANA, BOB = "news-ana", "news-bob"
once = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_each_task_becomes_what_it_says(store, tmp_path):
    result = bring(store, FILE)
    assert (result["format"], result["records"], result["unit"]) == ("prodigy", 16, "code points")
    rows = held(store, tmp_path)
    both = said(rows["-101"])
    assert marks(both[ANA]["spans"]) == [("Sasha Smith", "PERSON"), ("Paris", "GPE")]
    assert marks(both[BOB]["spans"]) == [("Sasha Smith", "PERSON")]
    assert rows["-101"]["meta"]["source"] == "news"
    assert rows["-101"]["annotations"][0]["created_at"] == "2023-11-14T22:13:20Z"
    assert said(rows["102"]) == {ANA: {"spans": []}}  # no span of an interface for spans is an answer
    assert marks(said(rows["103"])[ANA]["spans"]) == [("北京", "地点")]
    assert marks(said(rows["106"])[ANA]["spans"]) == [("New York", "GPE"), ("New York University", "ORG")]
    assert marks(said(rows["107"])[ANA]["spans"]) == [("cafe\u0301", "DRINK")]
    assert said(rows["108"])[ANA]["relations"] == [{"from": 0, "to": 1, "label": "LIKES"}]
    assert said(rows["109"]) == {ANA: {"label": "pos"}, BOB: {"label": "pos"}}  # bob's second answer
    assert said(rows["110"]) == {ANA: {"labels": ["neg", "pos"]}}
    assert said(rows["111"]) == {}  # accepted, with no option taken
    assert said(rows["112"]) == {ANA: {"SPAM": "accept", "NEWS": "reject"}}
    assert said(rows["115"]) == {BOB: {"user_input": "Hello 😀"}}


def test_ignored_and_rejected_tasks_are_skips(store, tmp_path):
    bring(store, FILE)
    rows = held(store, tmp_path)
    (ignored,), (rejected,) = rows["104"]["annotations"], rows["105"]["annotations"]
    assert (ignored["annotator"], ignored["state"], rows["104"]["text"]) == (BOB, "skipped", "Skip\r\nme")
    assert (rejected["state"], rejected["reason"]) == ("skipped", "rejected in Prodigy")
    assert rows["105"]["meta"]["prodigy"]["rejected"][0]["spans"][0]["label"] == "MISC"


def test_single_spans_that_were_judged_are_no_whole_answer(store, tmp_path):
    bring(store, FILE)
    rows = held(store, tmp_path)
    assert rows["113"]["annotations"] == rows["113"]["suggestions"] == rows["114"]["annotations"] == []
    assert rows["113"]["meta"]["prodigy"]["rejected"][0]["spans"][0]["label"] == "ORG"
    (accepted,), (predicted,) = rows["114"]["suggestions"], rows["116"]["suggestions"]
    assert (accepted["source"], marks(accepted["value"])) == (ANA, [("Apple Inc", "ORG")])
    assert (predicted["source"], predicted["score"]) == ("prodigy", 0.7)


def test_what_cannot_be_taken_is_named(store):
    result = bring(store, FILE)
    assert [(one["line"], one["field"]) for one in result["rejections"]] == [(21, "text"), (22, "")]
    assert result["losses"] == {
        "token lists (the spans keep their places)": 8,
        "rejected tasks, taken as skips": 1,
        "relations whose ends are not two spans": 1,
        "earlier answers of a person to the same question": 1,
        "choices without an option taken": 1,
        "spans that were rejected, kept in the metadata": 1,
        "spans that were accepted one by one, taken as a suggestion": 1,
    }


def test_lines_of_one_input_that_lie_apart_are_one_record(store, tmp_path):
    tasks = lines_of([("a", 1, ANA), ("b", 2, ANA), ("a", 1, BOB), ("c", 3, ANA), ("b", 2, BOB)])
    (tmp_path / "x.jsonl").write_text(tasks, encoding="utf-8")
    result = bring(store, tmp_path / "x.jsonl")
    assert (result["records"], result["joined"], result["rejected"]) == (3, 0, 0)
    assert {name: set(said(row)) for name, row in held(store, tmp_path).items()} == {
        "1": {ANA, BOB}, "2": {ANA, BOB}, "3": {ANA}
    }  # fmt: skip


def test_two_texts_of_one_hash_stay_apart(store, tmp_path):
    (tmp_path / "x.jsonl").write_text(lines_of([("a", 1, ANA), ("b", 1, ANA)]), encoding="utf-8")
    result = bring(store, tmp_path / "x.jsonl")
    assert result["records"] + result["rejected"] == 2


def lines_of(tasks: list[tuple[str, int, str]]) -> str:
    return "".join(
        json.dumps({"text": text, "_input_hash": number, "_task_hash": number, "_view_id": "classification",
                    "label": "GOOD", "answer": "accept", "_session_id": who}) + "\n"
        for text, number, who in tasks
    )  # fmt: skip


def test_a_relation_between_two_passes_of_one_person_does_not_dangle(store, tmp_path):
    """The spans that it joined were replaced by a later answer."""
    whole = [json.loads(line) for line in FILE.read_text(encoding="utf-8").split("\n")[:-2]]
    first = next(task for task in whole if task["_input_hash"] == 108)
    later = {**first, "_view_id": "ner_manual", "spans": first["spans"][:1]}
    del later["relations"]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(one) + "\n" for one in (first, later)), encoding="utf-8")
    result = bring(store, tmp_path / "x.jsonl")
    assert (result["records"], result["rejected"]) == (1, 0)
    assert list(said(held(store, tmp_path)["108"])[ANA]) == ["spans"]
    assert result["losses"]["earlier answers of a person to the same question"] == 2


def test_what_leaves_comes_back(store, tmp_path):
    bring(store, FILE)
    losses = leave(store, "p", "prodigy", tmp_path / "out.jsonl")
    assert losses == {"suggestions": 2}
    result = bring(store, tmp_path / "out.jsonl", "q", new_labels="add")
    assert (result["format"], result["rejected"]) == ("prodigy", 0)
    before, after = held(store, tmp_path), held(store, tmp_path, "q")
    assert list(before) == list(after)
    for name, row in before.items():
        assert row | {"suggestions": []} == after[name]


def test_it_is_written_as_prodigy_has_it(store, tmp_path):
    bring(store, FILE)
    leave(store, "p", "prodigy", tmp_path / "out.jsonl")
    tasks = lines(tmp_path / "out.jsonl")
    for task in tasks:
        assert {"text", "_input_hash", "_task_hash", "answer", "_view_id"} <= set(task)
        for span in task.get("spans", ()):
            words = task["tokens"][span["token_start"] : span["token_end"] + 1]
            assert (words[0]["start"], words[-1]["end"]) == (span["start"], span["end"])
        if "tokens" in task:
            assert "".join(one["text"] + " " * one["ws"] for one in task["tokens"]) == task["text"]
    (task,) = [one for one in tasks if one["_input_hash"] == 108]
    (arrow,) = task["relations"]
    assert arrow["head"] == arrow["head_span"]["token_end"]
    assert [one["answer"] for one in tasks if one["_input_hash"] == 112] == ["accept", "reject"]
    assert [one["answer"] for one in tasks if one["_input_hash"] in (104, 111)] == ["ignore", "ignore"]


def test_one_answer_a_record_where_that_is_asked_for(store, tmp_path):
    bring(store, FILE)
    losses = leave(store, "p", "prodigy", tmp_path / "out.jsonl", people="most")
    assert losses["records whose annotators disagree, written with one answer"] == 1
    (task,) = [one for one in lines(tmp_path / "out.jsonl") if one["_input_hash"] == -101]
    assert marks(task["spans"]) == [("Sasha Smith", "PERSON")]  # the later of two


def test_it_is_known_by_its_content_and_no_plain_file_is(tmp_path):
    assert choose(open_source(FILE)).name == "prodigy"
    (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "b", "spans": []}\n', encoding="utf-8")
    assert choose(open_source(tmp_path / "a.jsonl")).name == "jsonl"


def test_labels_that_could_be_chosen_are_asked_for(store):
    bring(store, FILE)
    assert set(asks(store)["label"].labels) >= {"pos"}
    assert set(asks(store)["SPAM"].labels) >= {"accept"}


@once
@given(seed=st.integers(0, 10**6))
def test_a_damaged_file_is_refused_or_read(seed, tmp_path):
    (tmp_path / "x.jsonl").write_bytes(broken(FILE.read_bytes(), seed))
    read_through(tmp_path / "x.jsonl", "prodigy")


KEYS = ["text", "answer", "spans", "tokens", "relations", "options", "accept", "label", "meta", "config", "winnow",
        "_input_hash", "_view_id", "_timestamp", "_session_id", "user_input", "field_id", "prodigy"]  # fmt: skip
INNER = ["start", "end", "token_start", "token_end", "label", "id", "text", "head", "child", "head_span", "child_span",
         "choice_style", "question", "relations", "kind", "fields", "split", "unanswered", "prodigy", "rejected"]  # fmt: skip
WORDS = st.sampled_from(
    ["a 😀 b", "accept", "reject", "ignore", "ner", "ner_manual", "relations", "choice", "text", "x", ""]
)
SCALARS = WORDS | st.integers(-2, 9) | st.none() | st.booleans() | st.floats(allow_nan=False) | st.just(10**400)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=5)
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tasks=st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES), min_size=1, max_size=4))
def test_near_shapes_are_refused_or_read(tasks, tmp_path):
    tasks[0].update({"_input_hash": 1, "_task_hash": 2})
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(one) + "\n" for one in tasks), encoding="utf-8")
    read_through(tmp_path / "x.jsonl", "prodigy")


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"_input_hash": 1, "_task_hash": 1}', b"\xff\xfe", b"[[[["])
def test_nothing_like_it_is_refused(data, tmp_path):
    (tmp_path / "x.jsonl").write_bytes(data)
    read_through(tmp_path / "x.jsonl", "prodigy")
