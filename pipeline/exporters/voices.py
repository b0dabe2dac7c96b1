"""Who says what of a record, for formats that keep names and skips, and of which kind it is. Registers nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.exporters.base import Answers, Contents, Row, answers_in, verdict_of
from pipeline.exporters.given import EACH
from pipeline.questions import Question

DISPUTED = "records whose annotators disagree, written with one answer"
NO_FORM = "answers to questions that the format has no place for"


def voices(row: Row, contents: Contents, people: str, lost: Counter[str], *, drafts: bool = False) -> list[Answers]:
    """What is written of a record's answers: each person's, or one with the answer of most to each question. A skip has
    no values; what several people's answers came to is by nobody. Drafts are left out, and counted, unless the format
    has a place for them."""
    every = answers_in(row, contents)
    found = [one for one in every if drafts or one.state != "draft"]
    lost["answers that are drafts"] += len(every) - len(found)
    lost["marks that an answer was made by a program"] += sum(one.simulated for one in found)
    lost["flags on answers"] += sum(one.flagged for one in found)
    if contents.frozen and len(row["annotators"]) > 1:
        lost["names of annotators"] += len(row["annotators"]) if found else 0
        return [replace(one, annotator="") for one in found]
    if contents.frozen or people == EACH:
        return found
    given = [one for one in found if one.state == "submitted"]
    if not given:
        return found[:1]
    values = {}
    for name in dict.fromkeys(name for one in given for name in one.values):
        values[name], disputed = verdict_of(row["annotations"], name)
        lost[DISPUTED] += disputed
    lost["skips of records that others answered"] += sum(one.state == "skipped" for one in found)
    names = list(dict.fromkeys(one.annotator for one in given))
    lost["names of annotators"] += len(names) if len(names) > 1 else 0
    comment = "\n".join(one.comment for one in given if one.comment)
    return [Answers(names[0] if len(names) == 1 else "", "submitted", values, given[-1].created_at, comment)]


def asked(contents: Contents) -> dict[str, Question]:
    """The questions by name; of two tasks with a question of one name the first."""
    found: dict[str, Question] = {}
    for question in contents.asks:
        found.setdefault(question.name, question)
    return found


def kind_of(name: str, value: Any, questions: Mapping[str, Question]) -> str:
    """The kind of the question that this is an answer to; as the answer looks where nobody knows the question."""
    if name in questions:
        return questions[name].kind
    if isinstance(value, str):
        return "choice"
    if isinstance(value, int) and not isinstance(value, bool):
        return "rating"
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, Mapping):
        return "choices"
    looks = (("from", "relations"), ("label", "spans"), ("role", "chat"))
    return next((kind for key, kind in looks if key in first), "answer")


def labels_of(name: str, values: Sequence[str], questions: Mapping[str, Question]) -> list[str]:
    """The labels that could be chosen, among them those that were."""
    known = questions[name].labels if name in questions else ()
    return list(dict.fromkeys([*known, *values]))


def field_of(name: str, questions: Mapping[str, Question]) -> str:
    """The field of the record in which the question's spans are."""
    return next(iter(questions[name].reads), "text") if name in questions else "text"


def spans_of(name: str, values: Mapping[str, Any], questions: Mapping[str, Question]) -> str:
    """The question between whose spans the relations of the question `name` go; empty if the answer has no such one."""
    said = getattr(questions.get(name), "spans", "")
    if said:
        return said if isinstance(values.get(said), list) else ""
    return next((one for one, value in values.items() if kind_of(one, value, questions) == "spans"), "")
