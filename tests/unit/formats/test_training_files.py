"""Files that models are trained on: TRL's messages, completions and preferences, ShareGPT, Alpaca; in and out again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import Rejection
from pipeline.importers import FileRefused, choose, importers, open_source
from pipeline.importers.foreign import Found
from tests.moving import answers, found, move_in, move_out, records, rows

GOLDEN = Path(__file__).parents[2] / "data" / "formats"
FILES = {
    "messages": ["messages/chats.jsonl"],
    "prompt_completion": ["prompt_completion/pairs.jsonl", "prompt_completion/chats.jsonl"],
    "preference": ["preference/texts.jsonl", "preference/chats.jsonl"],
    "unpaired_preference": ["unpaired_preference/texts.jsonl", "unpaired_preference/chats.jsonl"],
    "sharegpt": ["sharegpt/chats.jsonl"],
    "alpaca": ["alpaca/tasks.json"],
}
EVERY = [(name, file) for name, files in FILES.items() for file in files]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, *plain: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in plain), encoding="utf-8")
    return path


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize(("name", "file"), EVERY)
def test_the_file_is_known_by_what_is_in_it(name, file):
    assert choose(open_source(GOLDEN / file)).name == name


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "plain",
    [
        {"text": "a b c", "label": "x"},
        {"prompt": "a", "text": "b"},
        {"instruction": "a"},
        {"messages": "a", "text": "b"},
        {"completion": "a", "label": "good"},
        {"chosen": "a", "text": "b"},
        {"conversations": [], "text": "a"},
        {"id": "1", "text": "a", "meta": {}, "status": "active", "annotations": [], "suggestions": []},
    ],
)
def test_a_plain_table_is_not_taken_for_it(name, plain, tmp_path):
    source = open_source(write(tmp_path / "a.jsonl", *[plain] * 5))
    assert importers.get(name)().claims(source) == 0


def test_a_conversation_answers_how_it_should_read():
    first, second, third, broken, none, parts = found(GOLDEN / "messages/chats.jsonl")
    assert (first.id, first.text) == ("c1", None)
    (said,) = first.answers
    assert (said.annotator, said.question, said.kind, said.options) == (
        "",
        "conversation",
        "chat",
        {"field": "messages"},
    )
    assert said.value == first.fields["messages"]
    assert said.value[0] == {"role": "system", "content": "Be brief. 😀"}
    assert second.split == "test"
    assert second.fields["tools"][0]["function"]["name"] == "weather"
    assert second.answers[0].value[1]["tool_calls"][0]["function"]["arguments"] == {"city": "Mu\u0308nchen"}
    assert second.answers[0].value[3]["content"] == "3 degrees.\r\nCold."
    assert [turn["role"] for turn in third.fields["messages"]] == ["user", "user", "assistant"]
    assert [type(one) for one in (broken, none)] == [Rejection, Rejection]
    assert (broken.line, broken.field, none.line) == (4, "messages", 5)
    assert parts.meta == {"lang": "en"}


def test_a_completion_answers_its_prompt():
    first, second, third, broken = found(GOLDEN / "prompt_completion/pairs.jsonl")
    assert (first.text, first.answers[0].question, first.answers[0].value) == ("The sky is", "answer", " blue. 😀")
    assert second.lost == ["line ends of a written answer: CRLF became LF"]
    assert third.answers == []
    assert (broken.line, broken.field) == (4, "completion")
    chats = records(GOLDEN / "prompt_completion/chats.jsonl")
    assert [len(one.fields["messages"]) for one in chats] == [2, 1]
    assert [len(one.answers[0].value) for one in chats] == [3, 4]


def test_of_a_pair_the_chosen_one_is_ranked_first():
    first, _, implicit, broken = found(GOLDEN / "preference/texts.jsonl")
    assert (first.text, first.fields) == ("The sky is", {"a": " blue.", "b": " green. 😀"})
    assert (first.answers[0].kind, first.answers[0].value) == ("ranking", ["a", "b"])
    assert implicit.text == "\n\nHuman: hi\n\nAssistant:"
    assert implicit.fields == {"a": " Hello!", "b": " Go away."}
    assert (broken.line, broken.field) == (4, "rejected")
    plain, implicit, long = records(GOLDEN / "preference/chats.jsonl")
    assert plain.fields == {"messages": [user("What color is the sky?")], "a": "Blue.", "b": "Green."}
    assert implicit.fields == {"messages": [user("颜色？")], "a": "蓝", "b": "绿"}
    assert [turn["content"] for turn in long.fields["a"]] == ["b", "c", "d"]


@pytest.mark.slow
def test_an_implicit_prompt_is_cut_as_trl_cuts_it():
    trl = pytest.importorskip("trl.data_utils")
    from pipeline.importers.preference_file import shared

    for chosen, rejected in [
        ("The sky is blue", "The sky is green"), ("ab", "ac"), ("The sky is", "The sky isn't"), ("x", "y"),
        ([user("a"), assistant("b")], [user("a"), assistant("c")]), ([user("a")], [user("a")]),
    ]:  # fmt: skip
        cut = shared(chosen, rejected)
        if chosen[:1] == rejected[:1]:
            assert trl.extract_prompt({"chosen": chosen, "rejected": rejected})["prompt"] == chosen[:cut]
        else:
            assert cut == 0


def test_whether_a_completion_is_good_is_a_mark():
    first, second, broken = found(GOLDEN / "unpaired_preference/texts.jsonl")
    assert [one.answers[0].value for one in (first, second)] == [1, 0]
    assert first.answers[0].options == {"low": 0, "high": 1}
    assert first.fields == {"completion": " blue."}
    assert (broken.line, broken.field) == (3, "label")
    explicit, implicit = records(GOLDEN / "unpaired_preference/chats.jsonl")
    assert explicit.fields == {"messages": [user("hi")], "completion": "Hello!"}
    assert implicit.fields == {"messages": [user("hi")], "completion": "Go away."}


def test_sharegpt_has_other_names_for_who_speaks():
    plain, tools, odd, pair, empty = found(GOLDEN / "sharegpt/chats.jsonl")
    assert [turn["role"] for turn in plain.answers[0].value] == ["system", "user", "assistant"]
    assert [turn["role"] for turn in tools.answers[0].value] == ["user", "assistant", "tool", "assistant"]
    assert tools.answers[0].value[1]["tool_calls"][0]["function"] == {"name": "weather", "arguments": {"city": "Rome"}}
    assert tools.fields["tools"] == '[{"name": "weather"}]'
    assert odd.answers[0].value[2] == {"role": "function_call", "content": "not JSON"}
    assert pair.fields == {"messages": [user("which?")], "a": "this", "b": "that"}
    assert isinstance(empty, Rejection)


def test_alpaca_has_an_instruction_and_an_input():
    asked, brief, later, pair, silent, broken = found(GOLDEN / "alpaca/tasks.json")
    assert (asked.text, asked.fields, asked.answers[0].value) == ("Translate.\n你好 😀", {"input": "你好 😀"}, "Hello")
    assert brief.fields == {"system": "Be brief."}
    assert later.fields["history"][2:] == [user("又一个"), assistant("绿")]
    assert pair.fields == {"a": "this", "b": "that"}
    assert silent.answers == []
    assert (broken.line, broken.field) == (6, "instruction")


@pytest.mark.parametrize("name", ["messages", "preference", "unpaired_preference"])
def test_parquet_holds_the_same(name, tmp_path):
    whole = [one for one in lines(GOLDEN / FILES[name][-1]) if isinstance(one.get("messages", []), list)]
    whole = [one for one in whole if one.get("id") not in ("bad", "parts")]
    pq.write_table(pa.Table.from_pylist(whole), tmp_path / "a.parquet")
    write(tmp_path / "a.jsonl", *whole)
    typed, plain = records(tmp_path / "a.parquet"), records(tmp_path / "a.jsonl")
    assert choose(open_source(tmp_path / "a.parquet")).name == name
    for one, other in zip(typed, plain, strict=True):
        one.fields.pop("tools", None), other.fields.pop("tools", None)
        assert (one.id, one.text, one.fields) == (other.id, other.text, other.fields)
        assert [said.value for said in one.answers] == [said.value for said in other.answers]


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_single_conversation_is_no_list_of_its_turns(size, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"messages": [user("x" * size), assistant("y")]}, indent=1))
    importer = importers.get("messages")()
    (one,) = importer.parse(open_source(tmp_path / "a.json"))
    assert [turn["role"] for turn in one.answers[0].value] == ["user", "assistant"]


# --- in, out, and in again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "file"), EVERY)
def test_what_came_in_goes_out_and_comes_in_again(name, file, store, tmp_path):
    first = move_in(store, GOLDEN / file, "one")
    assert first["format"] == name
    assert first["records"] > 0
    losses = move_out(store, "one", tmp_path / "out.jsonl", name)
    second = move_in(store, tmp_path / "out.jsonl", "two")
    assert (second["format"], second["rejected"]) == (name, 0)
    again = {row["id"]: row for row in rows(store, "two")}
    unanswered = losses.get("records without an answer that the format can hold", 0)
    for row in rows(store, "one"):
        if row["annotations"]:
            other = again.pop(row["id"])
            assert (other["text"], other.get("fields"), other["split"]) == (
                row["text"],
                row.get("fields"),
                row["split"],
            )
            assert answers(other) == answers(row)
        else:
            unanswered -= 1
    assert again == {}
    assert unanswered == 0


def test_conversations_go_out_in_every_form_that_holds_them(store, tmp_path):
    chat = {"id": "1", "messages": [user("你好"), assistant("😀"), user("and?"), assistant("that")]}
    move_in(store, write(tmp_path / "a.jsonl", chat), "p")
    assert move_out(store, "p", tmp_path / "m", "messages") == {"names of annotators": 1}
    assert lines(tmp_path / "m") == [{"messages": chat["messages"], "id": "1"}]
    move_out(store, "p", tmp_path / "s", "messages", system="Be kind.", rows=False)
    assert lines(tmp_path / "s") == [{"messages": [{"role": "system", "content": "Be kind."}, *chat["messages"]]}]
    move_out(store, "p", tmp_path / "c", "prompt_completion", rows=False)
    assert lines(tmp_path / "c") == [{"prompt": chat["messages"][:3], "completion": chat["messages"][3:]}]
    move_out(store, "p", tmp_path / "g", "sharegpt", rows=False)
    assert lines(tmp_path / "g")[0]["conversations"][1] == {"from": "gpt", "value": "😀"}
    move_out(store, "p", tmp_path / "l", "alpaca", rows=False)
    assert lines(tmp_path / "l") == [
        {"instruction": "and?", "input": "", "output": "that", "history": [["你好", "😀"]]}
    ]  # fmt: skip
    losses = move_out(store, "p", tmp_path / "d", "preference")
    assert losses == {
        "answers to questions that the format has no place for": 1,
        "records without an answer that the format can hold": 1,
    }
    assert (tmp_path / "d").read_text() == ""


def test_written_texts_become_conversations(store, tmp_path):
    pair = {"id": "1", "split": "test", "prompt": "2+2?", "completion": "4", "meta": {"from": "x"}}
    move_in(store, write(tmp_path / "a.jsonl", pair), "p")
    losses = move_out(store, "p", tmp_path / "m", "messages", system="Count.")
    assert losses == {"names of annotators": 1, "metadata": 1}
    assert lines(tmp_path / "m") == [
        {
            "messages": [{"role": "system", "content": "Count."}, user("2+2?"), assistant("4")],
            "id": "1",
            "split": "test",
        }
    ]
    assert move_out(store, "p", tmp_path / "n", "messages", rows=False)["splits"] == 1
    move_out(store, "p", tmp_path / "c", "prompt_completion", rows=False)
    assert lines(tmp_path / "c") == [{"prompt": "2+2?", "completion": "4"}]
    move_out(store, "p", tmp_path / "c", "prompt_completion", rows=False, chat=True)
    assert lines(tmp_path / "c") == [{"prompt": [user("2+2?")], "completion": [assistant("4")]}]


def test_rankings_become_pairs_and_single_completions(store, tmp_path):
    move_in(store, GOLDEN / "preference/chats.jsonl", "p")
    move_out(store, "p", tmp_path / "u", "unpaired_preference", rows=False)
    assert lines(tmp_path / "u")[:2] == [
        {"prompt": [user("What color is the sky?")], "completion": [assistant("Blue.")], "label": True},
        {"prompt": [user("What color is the sky?")], "completion": [assistant("Green.")], "label": False},
    ]
    move_out(store, "p", tmp_path / "s", "sharegpt", rows=False)
    assert [one.get("chosen") for one in lines(tmp_path / "s")] == [
        {"from": "gpt", "value": "Blue."}, {"from": "gpt", "value": "蓝"}
    ]  # fmt: skip


OWN = {"meta": {}, "status": "active", "suggestions": [], "split": None, "parent": None}


def told(annotator: str, question: str, value: Any, state: str = "submitted") -> dict[str, Any]:
    return {"annotator": annotator, "question": question, "state": state, "value": value}


def made(store: Any, tmp_path: Path, questions: list[dict[str, Any]], *plain: dict[str, Any]) -> None:
    """A project `p` that asks these questions, with rows of Winnow's own."""
    from pipeline.store import projects

    project = projects.get_or_create(store, "p")
    names = {"text", *(name for row in plain for name in row.get("fields", {}))}
    definition = {"questions": questions, "fields": [{"name": n, "title": "", "show": "main"} for n in sorted(names)]}
    projects.save_task(store, project.id, name="t", kind="custom", definition=definition)
    move_in(store, write(tmp_path / "own.jsonl", *[OWN | row for row in plain]), "p")


def test_marks_become_good_or_not_by_a_threshold(store, tmp_path):
    marks = [{"id": str(n), "text": "q", "fields": {"response": f"r{n}"}, "annotations": [told("ana", "rating", n)]}
             for n in range(1, 6)]  # fmt: skip
    made(store, tmp_path, [{"kind": "rating", "name": "rating"}], *marks)
    losses = move_out(store, "p", tmp_path / "u", "unpaired_preference")
    assert losses["marks in the middle of their scale, neither good nor bad"] == 1
    assert [(one["completion"], one["label"]) for one in lines(tmp_path / "u")] == [
        ("r1", False), ("r2", False), ("r4", True), ("r5", True)
    ]  # fmt: skip
    move_out(store, "p", tmp_path / "u", "unpaired_preference", threshold=3)
    assert [one["label"] for one in lines(tmp_path / "u")] == [False, False, True, True, True]


def test_of_several_people_one_answer_or_each(store, tmp_path):
    row = {"id": "1", "text": "q", "annotations": [told("ana", "answer", "yes"), told("bo", "answer", "no"),
           told("cy", "answer", "no"), told("di", "answer", "perhaps", "draft")]}  # fmt: skip
    made(store, tmp_path, [{"kind": "text", "name": "answer"}], row)
    losses = move_out(store, "p", tmp_path / "m", "prompt_completion")
    assert losses["records whose annotators disagree, written with one answer"] == 1
    assert losses["answers that are drafts or skips"] == 1
    assert [one["completion"] for one in lines(tmp_path / "m")] == ["no"]
    losses = move_out(store, "p", tmp_path / "m", "prompt_completion", people="each")
    assert "records whose annotators disagree, written with one answer" not in losses
    assert [one["completion"] for one in lines(tmp_path / "m")] == ["yes", "no", "no"]
    assert "names of annotators" not in losses
    move_in(store, tmp_path / "m", "two", format="prompt_completion")
    (again,) = rows(store, "two")
    assert answers(again) == [("ana", "answer", "yes"), ("bo", "answer", "no"), ("cy", "answer", "no")]
    assert again["meta"] == {}
    assert move_out(store, "p", tmp_path / "m", "messages", people="each", rows=False)["names of annotators"] == 3


def test_candidates_of_a_list_are_ranked_best_and_worst(store, tmp_path):
    row = {"id": "1", "text": "q", "fields": {"outputs": ["x", {"text": "y"}, "z"]},
           "annotations": [told("ana", "order", ["2", "3", "1"])]}  # fmt: skip
    made(store, tmp_path, [{"kind": "ranking", "name": "order", "field": "outputs"}], row)
    losses = move_out(store, "p", tmp_path / "d", "preference", rows=False)
    assert losses["candidates between the best and the worst"] == 1
    assert lines(tmp_path / "d") == [{"prompt": "q", "chosen": "y", "rejected": "x"}]


def test_a_version_goes_out_as_well(tmp_path):
    from pipeline import jobs
    from pipeline.export import export_to
    from pipeline.jobs import verbs
    from pipeline.store import open_store, projects

    with contextlib.closing(open_store(tmp_path / "w.duckdb")) as store:
        pairs = [
            {"id": f"r{n}", "prompt": f"What is {n} and {n}? 😀", "completion": f"It is {2 * n}."} for n in range(20)
        ]
        move_in(store, write(tmp_path / "in.jsonl", *pairs), "p")
        frozen = jobs.run(store, verbs.get("freeze")(), projects.get(store, "p").id).result["version"]
        out = export_to(store, version=frozen, format="prompt_completion", out=tmp_path / "out.jsonl")
        assert out["losses"] == {"names of annotators": 20}
    known = {one["id"]: (one["prompt"], one["completion"]) for one in pairs}
    given_back = lines(tmp_path / "out.jsonl")
    assert {one["id"]: (one["prompt"], one["completion"]) for one in given_back} == known
    assert {one["split"] for one in given_back} == {"train", "validation", "test"}


# --- files that are broken ----------------------------------------------------------------------------------------------

PARTS = st.sampled_from(
    ["messages", "role", "content", "conversations", "from", "value", "prompt", "completion", "chosen", "rejected",
     "label", "instruction", "input", "output", "history", "system", "tools", "id", "split", "meta", "user", "gpt",
     "train", "", "\x00", "😀", "a\r\nb"]
)  # fmt: skip
NEAR = st.recursive(
    PARTS | st.booleans() | st.none() | st.integers(-2, 2) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=4),
    max_leaves=12,
)


def parsed(path: Path, name: str) -> None:
    try:
        source = open_source(path)
        importer = importers.get(name)()
        importer.claims(source)
        for one in importer.parse(source):
            assert isinstance(one, Found | Rejection)
    except FileRefused:
        pass


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(PARTS, NEAR, max_size=5), min_size=1, max_size=4), raw=st.binary(max_size=60))
def test_no_file_breaks_the_reader(name, tmp_path, rows, raw):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parsed(tmp_path / "a.jsonl", name)
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    parsed(tmp_path / "a.json", name)
    (tmp_path / "b").write_bytes(raw)
    parsed(tmp_path / "b", name)


@pytest.mark.parametrize(("name", "file"), EVERY)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_a_byte_breaks_the_reader(name, file, tmp_path, data):
    raw = bytearray((GOLDEN / file).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a").write_bytes(bytes(raw[: data.draw(st.integers(1, len(raw)))]))
    parsed(tmp_path / "a", name)
