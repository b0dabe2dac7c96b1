"""Questions: what a right answer is, and their plain-data form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import Task
from pipeline.questions import BadQuestion, Choice, WrongAnswer, check_answers, question_from
from pipeline.registry import UnknownPlugin
from pipeline.tasks import questions_of, tasks

names = st.text(min_size=1, max_size=20).filter(str.strip)


@given(names, st.lists(names, unique=True, max_size=8), st.text(max_size=20))
def test_plain_data_makes_the_question_again(name: str, labels: list[str], title: str) -> None:
    question = Choice(name, tuple(labels), title)
    assert question_from(question.to_plain()) == question


@given(st.lists(names, unique=True, min_size=1, max_size=8), names)
def test_only_its_labels_answer_a_choice(labels: list[str], other: str) -> None:
    question = Choice("label", tuple(labels))
    for label in labels:
        question.check(label)
    if other not in labels:
        with pytest.raises(WrongAnswer, match="is no answer"):
            question.check(other)


@pytest.mark.parametrize("answer", [None, 1, True, ["good"], {"label": "good"}, "", "GOOD", " good"])
def test_nearly_a_label_is_wrong(answer: object) -> None:
    with pytest.raises(WrongAnswer, match="Its labels: good, bad"):
        Choice("label", ("good", "bad")).check(answer)


def test_without_labels_nothing_can_be_answered() -> None:
    with pytest.raises(WrongAnswer, match="none yet"):
        Choice("label", ()).check("good")


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"kind": "choice", "name": "", "labels": ["a"]}, "needs a name"),
        ({"kind": "choice", "name": "x", "labels": ["a", "a"]}, "twice"),
        ({"kind": "choice", "name": "x", "labels": ["a", " "]}, "empty label"),
        ({"kind": "choice", "name": "x", "labels": ["a", 1]}, "quotation marks"),
        ({"kind": "choice", "name": "x", "labels": "ab"}, "list"),
        ({"kind": "riddle", "name": "x"}, "there are: answer, chat, choice"),
        ({}, "there are: answer, chat, choice"),
    ],
)
def test_a_bad_question_is_a_sentence(plain: dict[str, object], words: str) -> None:
    with pytest.raises(BadQuestion, match=words) as caught:
        question_from(plain)
    assert str(caught.value).endswith(".")


def test_every_question_is_answered_and_nothing_else() -> None:
    asked = [Choice("label", ("a", "b")), Choice("tone", ("calm", "angry"))]
    check_answers(asked, {"label": "a", "tone": "calm"})
    for value in ({"label": "a"}, {"label": "a", "tone": "calm", "more": "x"}, {"label": "a", "tone": "a"}, {}):
        with pytest.raises(WrongAnswer):
            check_answers(asked, value)


def test_classification_asks_one_choice() -> None:
    kind = tasks.get("classification")()
    definition = kind.definition(("good", "bad"))
    assert kind.questions(definition) == [Choice("label", ("good", "bad"))]
    assert kind.questions({**definition, "overlap": 2}) == [Choice("label", ("good", "bad"))]
    for wrong in ({}, {"questions": []}, {"questions": definition["questions"] * 2}):
        with pytest.raises(BadQuestion, match="exactly one"):
            kind.questions(wrong)


def test_a_stored_task_gives_its_questions() -> None:
    stored = Task(1, 1, "classification", "classification", {"questions": [Choice("label", ("a",)).to_plain()]}, "", 1)
    assert questions_of(stored) == [Choice("label", ("a",))]
    with pytest.raises(UnknownPlugin, match="classification"):
        questions_of(Task(1, 1, "x", "riddle", {}, "", 1))
