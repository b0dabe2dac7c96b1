"""Every kind of question keeps its promises, whatever the text: plain data and back, right answers taken, wrong ones
refused, and a row of training data from each."""

from __future__ import annotations

import copy
import inspect
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.questions import (
    KINDS,
    AnswerSpan,
    Chat,
    Choice,
    Choices,
    Question,
    Ranking,
    Rating,
    Relations,
    Spans,
    Text,
    When,
    WrongAnswer,
    check_answers,
    in_full,
    question_from,
)

# What breaks offsets: astral characters, families of emoji, marks that combine, both line ends, right-to-left, NUL.
PIECES = [
    "a",
    "é",
    unicodedata.normalize("NFD", "é"),
    "👩‍👩‍👧‍👦",
    "🇫🇷",
    "日本",
    "\r\n",
    "\n",
    "שלום",
    "\u200f",
    " ",
    "word",
    "\x00",
]
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join)
labels = st.lists(st.sampled_from(["a", "B", "c c", "日", '"', "\\"]), unique=True, min_size=1, max_size=6).map(tuple)


@st.composite
def marks(draw: Any, text: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    found = {}
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        label = draw(st.sampled_from(names))
        found[start, end, label] = {"start": start, "end": end, "label": label, "text": text[start:end]}
    return [found[key] for key in sorted(found)]


@st.composite
def cases(draw: Any, kind: str) -> tuple[Question, dict[str, Any], Any]:
    """A question of a kind, what a record shows, and a right answer to it."""
    text, names = draw(texts), draw(labels)
    messages = draw(st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": texts},
                                                   optional={"tool_calls": st.just([{"id": 1}])}), min_size=1, max_size=4))  # fmt: skip
    fields = {
        "text": text,
        "question": draw(texts),
        "a": "A",
        "b": "B",
        "messages": messages,
        "candidates": ["x", "y", "z"],
    }
    shared = {"title": draw(texts), "help": "why", "required": draw(st.booleans()),
              "when": draw(st.sampled_from([None, When("other", ("x", 1))]))}  # fmt: skip
    if kind == "choice":
        return Choice("q", names, **shared), fields, draw(st.sampled_from(names))
    if kind == "choices":
        picked = draw(st.sets(st.sampled_from(names)))
        return Choices("q", names, **shared, most=len(names)), fields, [one for one in names if one in picked]
    if kind == "spans":
        return Spans("q", names, **shared, unit="character"), fields, draw(marks(text, names))
    if kind == "relations":
        ends = st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(names)).filter(lambda e: e[0] != e[1])
        found = sorted(draw(st.sets(ends, max_size=5)))
        return Relations("q", names, "spans", **shared), fields, [{"from": f, "to": t, "label": n} for f, t, n in found]
    if kind == "answer":
        places = draw(marks(text, ("x",)))[:1]
        return AnswerSpan("q", **shared), fields, [{k: v for k, v in one.items() if k != "label"} for one in places]
    if kind == "text":
        return Text("q", **shared, language="fr"), fields, draw(texts.filter(str.strip)).replace("\r\n", "\n")
    if kind == "chat":
        rated = [{**m, "rating": draw(st.integers(1, 5))} if draw(st.booleans()) else m for m in messages]
        return Chat("q", **shared, rate=5, edit=draw(st.booleans())), fields, rated
    if kind == "ranking":
        if draw(st.booleans()):
            return Ranking("q", **shared, candidates=("a", "b")), fields, draw(st.permutations(["a", "b"]))
        return Ranking("q", **shared, field="candidates"), fields, draw(st.permutations(["1", "2", "3"]))
    assert kind == "rating", f"the kind '{kind}' needs a case here"
    return Rating("q", **shared, low=-1, titles={"0": "so"}), fields, draw(st.integers(-1, 5))


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_promises(kind: str, data: st.DataObject) -> None:
    question, fields, answer = data.draw(cases(kind))
    assert question.kind == kind
    assert question_from(question.to_plain()) == question
    assert question_from(json.loads(json.dumps(in_full(question)))) == question
    before = copy.deepcopy((answer, fields))
    question.check(answer)
    question.check(answer, fields)
    assert question.tidy(answer) == answer
    row = question.example(fields, answer)
    json.dumps(row)
    assert row
    assert "\n" not in question.spoken(answer)
    assert question.spoken(answer).strip() or kind == "chat"
    assert all(isinstance(one, str | int) for one in question.held(answer))
    assert (answer, fields) == before  # nothing was changed in place
    assert set(question.reads) <= set(fields)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["start", "end", "label", "text", "role", "content", "from", "to", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=150, deadline=None)
@given(data=st.data(), answer=ANYTHING)
def test_whatever_comes_is_an_answer_or_a_sentence(kind: str, data: st.DataObject, answer: Any) -> None:
    question, fields, _ = data.draw(cases(kind))
    try:
        question.check(question.tidy(answer), fields)
    except WrongAnswer as error:
        said = str(error)
    else:
        said = "Right."
        question.example(fields, question.tidy(answer))
        question.spoken(question.tidy(answer))
    assert said.endswith((".", ")"))
    assert len(said) < 2000


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_place_off_by_one_is_refused(data: st.DataObject) -> None:
    question, fields, answer = data.draw(cases("spans"))
    for at, span in enumerate(answer):
        for key, step in (("start", -1), ("start", 1), ("end", 1), ("end", -1)):
            moved = copy.deepcopy(answer)
            moved[at][key] = span[key] + step
            with pytest.raises(WrongAnswer):
                question.check(moved, fields)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_relations_follow_their_spans_into_order(data: st.DataObject) -> None:
    spans, fields, right = data.draw(cases("spans").filter(lambda case: len(case[2]) > 1))
    spans = Spans("spans", spans.labels)
    links = Relations("links", ("to",), "spans")
    order = data.draw(st.permutations(range(len(right))))
    shuffled = [right[at] for at in order]
    pairs = [(f, t) for f in range(len(right)) for t in range(len(right)) if f != t]
    value = {"spans": shuffled, "links": [{"from": f, "to": t, "label": "to"} for f, t in pairs[:7]]}
    tidied = check_answers([spans, links], value, fields)
    assert tidied["spans"] == right
    named = sorted(
        (shuffled[f]["start"], shuffled[f]["end"], shuffled[t]["start"], shuffled[t]["end"]) for f, t in pairs[:7]
    )
    assert named == sorted(
        (right[one["from"]]["start"], right[one["from"]]["end"], right[one["to"]]["start"], right[one["to"]]["end"])
        for one in tidied["links"]
    )
    value["links"] = [{"from": 0, "to": len(right), "label": "to"}]
    with pytest.raises(WrongAnswer, match="goes to span"):
        check_answers([spans, links], value)


def test_every_kind_has_its_help() -> None:
    assert sorted(KINDS) == ["answer", "chat", "choice", "choices", "ranking", "rating", "relations", "spans", "text"]
    for kind in KINDS.values():
        assert len(inspect.getdoc(kind) or "") > 20
