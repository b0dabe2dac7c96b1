"""A task as a YAML file: what was written comes back, and a bad file is a sentence that names the place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Task, WorkbenchError
from pipeline.questions import Choice, Rating, Spans, Text, When
from pipeline.task_file import BadTaskFile, dump, load
from pipeline.tasks.base import defined, field

words = st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and text == text.strip())
labels = st.lists(words | st.sampled_from(["no", "yes", "~", "2024-01-01", "0x1F", "1e3", "on", "=", "<<", "a: b", "@x"]),
                  unique=True, min_size=1, max_size=6)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(labels, words, st.text(max_size=200))
def test_what_was_written_comes_back(names: list[str], title: str, guideline: str) -> None:
    questions = [
        Choice("label", tuple(names), title, parents={names[0]: "a group"}),
        Spans("names", tuple(names), when=When("label", (names[0],)), none=False),
        Text("more", language="zh", required=False, most=100), Rating("sure", titles={"1": title}),
    ]  # fmt: skip
    definition = {**defined(questions, [field("text", "source", title)]), "overlap": 2, "skip_reasons": [title]}
    assert load(dump(Task(1, 1, "a task", "custom", definition, guideline, 3))) == (
        definition, guideline.strip(), "a task", "custom",
    )  # fmt: skip


def test_a_file_as_a_person_writes_it() -> None:
    definition, guideline, name, kind = load("""
guideline: |
  Read the whole text.
questions:
  - kind: choice
    name: answer
    labels: [yes, no, "1"]
  - {kind: rating, name: sure, high: 3, when: {question: answer, is: [yes]}}
""")
    assert definition["questions"][0]["labels"] == ["yes", "no", "1"]  # words, not true and false
    assert definition["questions"][1]["when"] == {"question": "answer", "is": ["yes"]}
    assert (guideline, name, kind) == ("Read the whole text.", "", "")


QUESTION = "questions: [{kind: choice, name: q, labels: [a]}]"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "begins with"), ("- a", "begins with"), ("a: [", "line 1"), ("questions: []", "at least one question"),
        ("questions: [{kind: riddle, name: q}]", "There is no kind"), (QUESTION + "\noverlap: 0", "overlap"),
        ("questions: [{kind: choice, name: q, labels: [1]}]", "quotation marks"),
        ("questions: [{kind: choice, name: q, lables: [a]}]", "no setting 'lables'"),
        (QUESTION + "\nquestion: x", "no setting 'question'"), (QUESTION + "\nname: [x]", "are texts"), (QUESTION + "\nkind: riddle", "no task named 'riddle'"),
        (QUESTION + "\nfields: [{name: text, show: huge}]", "main, context, source"),
        (QUESTION + "\nfields: [text, text]", "twice"), (QUESTION + "\n" + QUESTION, "'questions' is there twice"),
        ("a: &x [1]\nb: *x", "another place"), ("!!python/object/apply:os.system ['true']", "line 1"),
        ("a: " + "[" * 200 + "]" * 200, "levels deep"), ("a: " + "[" * 100_000, "no YAML file"), ("\x00", "no YAML file"),
        ("1: a", "must be a text"), ("a: .nan", "no text"), ("a: -.inf", "no text"), ("x" * 2_000_001, "at most"),
        ("questions: [{kind: spans, name: q, labels: [a], field: body}]", "does not show"),
        ("questions: [{kind: relations, name: q, labels: [a], spans: x}]", "no earlier question"),
        ("questions: [{kind: rating, name: q, when: {question: z, is: [a]}}]", "not asked before it"),
        ("questions: [{kind: choice, name: q, labels: [a, b], parents: {a: b, b: a}}]", "circle"),
        (QUESTION + "\nqueue: {order: backwards}", "cannot be ordered"),
    ],
)  # fmt: skip
def test_a_bad_file_is_a_sentence(text: str, says: str) -> None:
    with pytest.raises(WorkbenchError, match=says) as caught:
        load(text)
    assert len(str(caught.value)) < 1000


def test_a_small_file_cannot_grow() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(BadTaskFile, match="another place"):
        load(bomb)
