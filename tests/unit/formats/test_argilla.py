"""Records of Argilla 2, made by Argilla itself (2.8.0): nested, flat, and flat in Parquet; and that what leaves comes
back."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import WorkbenchError
from pipeline.importers import choose, open_source
from pipeline.units import CODE_POINTS, UTF16
from tests.foreign import DATA, asks, bring, broken, by_person, held, leave, marks, read_through, said

ANA, BOB, CEM = (f"{n}{n}{n}{n}{n}{n}{n}{n}-{n}{n}{n}{n}-4{n}{n}{n}-8{n}{n}{n}-{n * 12}" for n in "123")
FILES = ["nested.json", "flat.jsonl", "flat.parquet"]
once = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", FILES)
def test_each_response_becomes_an_answer(name, store, tmp_path):
    result = bring(store, DATA / "argilla" / name, unit=CODE_POINTS)
    assert (result["format"], result["records"], result["rejected"]) == ("argilla", 4, 0)
    rows = held(store, tmp_path)
    assert rows["r1"]["text"] == "😀 Sasha lives in Paris."
    first = said(rows["r1"])
    assert {key: value for key, value in first[ANA].items() if key != "entities"} == {
        "sentiment": "positive", "topics": ["travel", "people"], "rating": 4,
        "correction": "Sasha lives in Paris!", "order": ["b", "a"],
    }  # fmt: skip
    assert marks(first[ANA]["entities"]) == [("Sasha", "PER"), ("Paris", "LOC")]
    assert first[BOB] == {"sentiment": "neutral", "topics": ["travel"], "rating": 3, "order": ["a", "b"]}
    assert said(rows["r3"])[CEM]["entities"] == []
    assert rows["r3"]["text"] == "cafe\u0301 cre\u0300me\r\nend"
    assert (rows["r4"]["annotations"], rows["r4"]["suggestions"]) == ([], [])
    assert {name: one.kind for name, one in asks(store).items()} == {
        "sentiment": "choice", "topics": "choices", "rating": "rating", "entities": "spans", "correction": "text",
        "order": "ranking",
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_suggestions_metadata_and_what_only_argilla_knows(name, store, tmp_path):
    bring(store, DATA / "argilla" / name, unit=CODE_POINTS)
    row = held(store, tmp_path)["r1"]
    hints = {one["question"]: one for one in row["suggestions"]}
    assert (hints["sentiment"]["source"], hints["sentiment"]["score"]) == ("bert", 0.9)
    assert marks(hints["entities"]["value"]) == [("Paris", "LOC")]
    assert (row["meta"]["source"], row["meta"]["n"]) == ("web", 3)
    kept = row["meta"]["argilla"]
    assert (kept["vectors"], kept["status"], len(kept["_server_id"])) == ({"emb": [0.1, 0.2, 0.3]}, "pending", 36)
    title = row["fields"]["title"] if name.startswith("nested") else row["meta"]["title"]
    assert title == "One"


@pytest.mark.parametrize("name", FILES[1:])
def test_only_what_was_submitted_is_an_answer(name, store, tmp_path):
    result = bring(store, DATA / "argilla" / name, unit=CODE_POINTS)
    draft, skip = held(store, tmp_path)["r2"]["annotations"]
    assert (draft["annotator"], draft["state"], draft["value"]) == (ANA, "draft", "negative")
    assert (skip["annotator"], skip["state"], skip["value"]) == (CEM, "skipped", None)
    assert result["losses"] == {"scores of the parts of a suggestion": 2, "values of discarded responses": 1}


def test_the_nested_file_says_no_status_and_the_report_does(store, tmp_path):
    result = bring(store, DATA / "argilla" / "nested.json", unit=CODE_POINTS)
    assert result["losses"]["responses without a status, taken as answers"] == 5
    bring(store, DATA / "argilla" / "nested.json", "drafts", unit=CODE_POINTS, format="argilla",
          settings={"unsaid": "draft"})  # fmt: skip
    assert {one["state"] for one in held(store, tmp_path, "drafts")["r1"]["annotations"]} == {"draft"}


def test_the_fields_of_a_flat_file_can_be_named(store, tmp_path):
    bring(store, DATA / "argilla" / "flat.jsonl", unit=CODE_POINTS, format="argilla",
          settings={"fields": ["text", "title"], "texts": ["sentiment"]})  # fmt: skip
    assert held(store, tmp_path)["r2"]["fields"] == {"title": "二"}
    assert asks(store)["sentiment"].kind == "text"


def test_the_unit_of_offsets_is_asked_for_where_it_matters(store):
    with pytest.raises(WorkbenchError, match="does not say in which unit"):
        bring(store, DATA / "argilla" / "flat.jsonl")


@pytest.mark.parametrize("unit", [UTF16, CODE_POINTS])
def test_what_leaves_comes_back(unit, store, tmp_path):
    bring(store, DATA / "argilla" / "flat.jsonl", unit=CODE_POINTS)
    losses = leave(store, "p", "argilla", tmp_path / "out.json", unit=unit)
    assert losses == {"times of answers": 5}
    result = bring(store, tmp_path / "out.json", "q", new_labels="add")  # it says its unit itself
    assert (result["format"], result["rejected"], result["losses"]) == ("argilla", 0, {})
    before, after = held(store, tmp_path), held(store, tmp_path, "q")
    assert list(before) == list(after)
    for name, row in before.items():
        assert by_person(row) == by_person(after[name])
        for part in ("text", "meta", "suggestions"):
            assert row[part] == after[name][part]


def test_names_survive_though_argilla_has_only_ids(store, tmp_path):
    rows = [{"id": "1", "text": "很好", "meta": {"tags": ["a"]}, "split": None, "status": "active", "parent": None,
             "annotations": [{"annotator": who, "question": "label", "state": "submitted", "value": "pos"}
                             for who in ("ana", "贝拉")], "suggestions": []}]  # fmt: skip
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    bring(store, tmp_path / "own.jsonl")
    losses = leave(store, "p", "argilla", tmp_path / "out.json", users=(f"ana={BOB}",))
    assert losses["metadata with parts, written as JSON text"] == 1
    (record,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert record["responses"]["label"][0] == {"value": "pos", "user_id": BOB, "status": "submitted"}
    bring(store, tmp_path / "out.json", "q")
    assert set(said(held(store, tmp_path, "q")["1"])) == {"ana", "贝拉"}
    with pytest.raises(WorkbenchError, match="names no id of Argilla"):
        leave(store, "p", "argilla", tmp_path / "out.json", users=("ana",))


def test_another_field_is_the_text_and_stays_so(store, tmp_path):
    record = {"id": "1", "fields": {"prompt": "p?", "answer": "a."}, "metadata": {}, "suggestions": {},
              "responses": {"quality": [{"value": 2, "user_id": ANA}]}, "vectors": {}, "status": "completed",
              "_server_id": None}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps([record]), encoding="utf-8")
    bring(store, tmp_path / "x.json")
    row = held(store, tmp_path)["1"]
    assert (row["text"], row["fields"], row["meta"]["argilla"]["text"]) == ("p?", {"answer": "a."}, "prompt")
    leave(store, "p", "argilla", tmp_path / "out.json")
    (back,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert back["fields"] == record["fields"]


def test_a_conversation_needs_no_text(store, tmp_path):
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    record = {"id": "1", "fields": {"chat": turns}, "metadata": {}, "suggestions": {}, "vectors": {},
              "responses": {"ok": [{"value": "yes", "user_id": ANA}]}}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps([record, {**record, "id": "2", "fields": {}}]), encoding="utf-8")
    result = bring(store, tmp_path / "x.json")
    assert (result["records"], result["rejections"][0]["reason"]) == (1, "The record has no text.")
    assert held(store, tmp_path)["1"]["fields"]["messages"] == turns


def test_an_order_is_told_from_a_set_of_labels(store, tmp_path):
    def record(number: int, ranked: list, labels: list) -> dict:
        return {"id": str(number), "fields": {"text": "t"}, "metadata": {}, "suggestions": {}, "vectors": {},
                "responses": {"order": [{"value": ranked, "user_id": ANA, "status": "submitted"}],
                              "labels": [{"value": labels, "user_id": ANA, "status": "submitted"}]}}  # fmt: skip

    ranked = [{"value": "b", "rank": 1}, {"value": "a", "rank": 2}]
    records = [record(1, ranked, ["x", "y"]), record(2, ["a"], ["y"])]
    (tmp_path / "x.json").write_text(json.dumps(records), encoding="utf-8")
    result = bring(store, tmp_path / "x.json")
    assert result["losses"] == {"responses or suggestions that do not fit their question": 1}
    assert said(held(store, tmp_path)["1"])[ANA] == {"order": ["b", "a"], "labels": ["y", "x"]}


@pytest.mark.parametrize("name", FILES)
def test_it_is_known_by_its_content(name):
    assert choose(open_source(DATA / "argilla" / name)).name == "argilla"


def test_no_plain_file_is_taken_for_it(tmp_path):
    (tmp_path / "a.json").write_text('[{"id": "1", "text": "a", "status": "x", "fields": {}}]', encoding="utf-8")
    assert choose(open_source(tmp_path / "a.json")).name == "json"


@once
@given(name=st.sampled_from(FILES), seed=st.integers(0, 10**6))
def test_a_damaged_file_is_refused_or_read(name, seed, tmp_path):
    (tmp_path / name).write_bytes(broken((DATA / "argilla" / name).read_bytes(), seed))
    read_through(tmp_path / name, "argilla")


KEYS = ["id", "fields", "metadata", "suggestions", "responses", "vectors", "status", "_server_id", "winnow", "text",
        "q.responses", "q.responses.users", "q.responses.status", "q.suggestion", "q.suggestion.score", "title"]  # fmt: skip
INNER = [
    "text",
    "q",
    "value",
    "user_id",
    "status",
    "rank",
    "label",
    "start",
    "end",
    "score",
    "agent",
    "role",
    "content",
]
SCALARS = st.sampled_from(["a 😀", "b", "submitted", "discarded", "draft", "", ANA, "spans", "text", UTF16]) | st.integers(-2, 9) | st.none() | (
    st.booleans() | st.floats(allow_nan=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=4)
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES), min_size=1, max_size=4))
def test_near_shapes_are_refused_or_read(records, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(records), encoding="utf-8")
    read_through(tmp_path / "x.json", "argilla")
