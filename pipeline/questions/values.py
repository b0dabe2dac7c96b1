"""A whole answer {question: answer}: which questions are asked, whether it is right, and what it is held against."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.questions.base import BadQuestion, Fields, Question, WrongAnswer
from pipeline.questions.relations import Relations
from pipeline.questions.relations import sortable as arrows
from pipeline.questions.spans import Spans, places, sortable

QUESTIONS_MOST = 50


def asked(questions: Sequence[Question], value: Mapping[str, Any]) -> list[Question]:
    """Those of the questions that are asked, given the answers so far: `when` looks at earlier questions only."""
    found: dict[str, Question] = {}
    for question in questions:
        when = question.when
        if when is not None:
            other = found.get(when.question)
            if other is None or not _holds(other, value.get(when.question), when.values):
                continue
        found[question.name] = question
    return list(found.values())


def check_answers(
    questions: Sequence[Question], value: Mapping[str, Any], fields: Fields | None = None
) -> dict[str, Any]:
    """The answer in its canonical form. Raises WrongAnswer unless it answers every asked question that is required, and
    no others; `fields` are what is shown of the record, if its texts are to be checked too."""
    known = [question.name for question in questions]
    for name in value:
        if name not in known:
            raise WrongAnswer(f"The task asks no question named '{name}'; it asks: {', '.join(sorted(known))}.")
    tidied = tidy_value(questions, value)
    wanted = asked(questions, tidied)
    names = {question.name for question in wanted}
    for name in tidied:
        if name not in names:
            raise WrongAnswer(f"The question '{name}' is not asked of what was answered before it.")
    for question in wanted:
        if question.name in tidied:
            question.check(tidied[question.name], fields)
            if isinstance(question, Relations):
                question.check_ends(tidied[question.name], tidied.get(question.spans))
        elif question.required:
            raise WrongAnswer(f"The question '{question.name}' has no answer.")
    return tidied


def tidy_value(questions: Sequence[Question], value: Mapping[str, Any]) -> dict[str, Any]:
    """Every answer in its canonical form; relations go on naming the same spans when these are put in order."""
    moved = dict(value)
    for question in questions:
        if isinstance(question, Relations) and question.name in value:
            spans: Any = value.get(question.spans)
            if sortable(spans) and arrows(value[question.name]):
                moved[question.name] = _moved(value[question.name], spans)
    known = {question.name: question for question in questions}
    return {
        name: known[name].tidy(answer) if name in known else answer
        for name, answer in moved.items() if answer is not None
    }  # fmt: skip


def check_questions(questions: Sequence[Question], fields: Iterable[str] | None = None) -> None:
    """Raise BadQuestion unless the questions make a task: names differ, `when` and `spans` name earlier questions, and
    every field that they work on is among `fields`, if given."""
    if not questions:
        raise BadQuestion("A task needs at least one question.")
    if len(questions) > QUESTIONS_MOST:
        raise BadQuestion(f"A task asks at most {QUESTIONS_MOST} questions, not {len(questions)}.")
    earlier: dict[str, Question] = {}
    shown = None if fields is None else list(fields)
    for question in questions:
        if question.name in earlier:
            raise BadQuestion(f"Two questions are named '{question.name}'. Rename one of them.")
        if isinstance(question, Relations) and not isinstance(earlier.get(question.spans), Spans):
            raise BadQuestion(
                f"The question '{question.name}' joins the spans of '{question.spans}', which is no earlier question "
                "of the kind 'spans'."
            )
        when = question.when
        if when is not None and when.question not in earlier:
            raise BadQuestion(
                f"The question '{question.name}' hangs on '{when.question}', which is not asked before it."
            )
        if when is not None:
            _check_when(question, earlier[when.question])
        strange = next((name for name in question.reads if shown is not None and name not in shown), None)
        if strange is not None:
            raise BadQuestion(
                f"The question '{question.name}' works on the field '{strange}', which the task does not show. "
                f"Its fields: {', '.join(shown or ()) or 'none'}."
            )
        earlier[question.name] = question


def fields_of(
    text: str, fields: Mapping[str, Any], meta: Mapping[str, Any], wanted: Iterable[str | Mapping[str, Any]]
) -> dict[str, Any]:
    """What a task shows of a record: {name: text, or a list as the file had it}, in the order wanted.

    `wanted` are names, or a definition's own fields. "text" is the record's text; another name is looked up in its
    fields, then in its meta; a missing one reads as "".
    """
    names = [one if isinstance(one, str) else str(one.get("name", "")) for one in wanted]
    return {
        name: text if name == "text" else _shown(fields[name] if name in fields else meta.get(name)) for name in names
    }


def fields_read(questions: Iterable[Question]) -> list[str]:
    """The names of all fields that the questions work on."""
    return list(dict.fromkeys(name for question in questions for name in question.reads))


def _shown(value: Any) -> Any:
    if isinstance(value, str | list):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _holds(question: Question, answer: Any, values: Sequence[Any]) -> bool:
    """Whether an answer, which nobody has checked yet, holds one of the values."""
    try:
        held = question.held(answer)
    except (TypeError, KeyError, IndexError, AttributeError):  # no answer, or of another shape: then it holds nothing
        return False
    return any(one == value and isinstance(one, str) == isinstance(value, str) for one in held for value in values)


def _check_when(question: Question, other: Question) -> None:
    when = question.when
    if when is None or not other.labels:
        return
    strange = next((value for value in when.values if value not in other.labels), None)
    if strange is not None:
        raise BadQuestion(f"The question '{question.name}' waits for '{strange}', which is no label of '{other.name}'.")


def _moved(relations: Sequence[Any], spans: list[Any]) -> list[Any]:
    """The relations over the sorted spans: a place beyond the list stays, to be refused by the check."""
    now = {old: new for new, old in enumerate(places(spans))}
    return [
        {**one, "from": now.get(one["from"], one["from"]), "to": now.get(one["to"], one["to"])} for one in relations
    ]
