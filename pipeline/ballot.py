"""What the annotators of a record say together: one answer to each question, or none where they contradict each other.

Pure: it takes answers and gives the outcome. It reads nothing and stores nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.questions import Choice, Question, Relations, WrongAnswer, asked, tidy_value

LABEL_GONE = "answers with a label that the task no longer has"
TEXT_GONE = "answers whose marked text is no longer there"
NOT_ALLOWED = "answers that the task no longer allows"
QUESTION_GONE = "answers to a question that the task no longer asks"
CONTRADICTED = "answers in which annotators contradict each other"
SPANS_GONE = "relations between spans that are left out"


@dataclass(frozen=True, slots=True)
class Vote:
    """The answers of one annotator, {question: answer}."""

    annotator: str
    value: Mapping[str, Any]
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """`value` holds the answers that stand. `left_out` counts, by reason, those that cannot be used.

    `disputed`: somebody answered otherwise. `simulated`: only programs answered so.
    """

    value: Mapping[str, Any]
    annotators: tuple[str, ...] = ()
    disputed: bool = False
    simulated: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)


def decide(questions: Sequence[Question], votes: Sequence[Vote], fields: Mapping[str, Any]) -> Outcome:
    """The answer of most to each question, equal ones counted together; `votes` are in the order they were given.

    Where answers to a choice tie, the latest of the leading ones counts; where others tie, none does. An answer that
    its question does not allow, held against the `fields` of the record, has no vote. Relations count with the spans
    that they join: only of those who marked the spans that stand.
    """
    left_out: Counter[str] = Counter()
    known = {question.name for question in questions}
    tidy = [Vote(vote.annotator, tidy_value(questions, vote.value), vote.simulated) for vote in votes]
    left_out[QUESTION_GONE] += sum(name not in known for vote in tidy for name in vote.value)
    value: dict[str, Any] = {}
    voters: set[str] = set()
    behind: list[Vote] = []
    disputed = False
    for question in questions:
        given = [vote for vote in tidy if question.name in vote.value]
        valid = []
        for vote in given:
            reason = why_not(question, vote.value[question.name], fields)
            left_out[reason] += bool(reason)
            valid += [] if reason else [vote]
        if isinstance(question, Relations) and valid:
            valid = [vote for vote in valid if vote.value.get(question.spans) == value.get(question.spans)]
            valid = [vote for vote in valid if _ends_are_there(question, vote)]
            left_out[SPANS_GONE] += not valid
        if not valid:
            continue
        voters |= {vote.annotator for vote in valid}
        keys = [_key(vote.value[question.name]) for vote in valid]
        disputed |= len(set(keys)) > 1
        winner = _winner(keys, latest=isinstance(question, Choice))
        left_out[CONTRADICTED] += winner is None
        if winner is not None:
            value[question.name] = json.loads(winner)
            behind += [vote for vote, key in zip(valid, keys, strict=True) if key == winner]
    names = {question.name for question in asked(questions, value)}
    return Outcome(
        {name: answer for name, answer in value.items() if name in names}, tuple(sorted(voters)), disputed,
        bool(behind) and all(vote.simulated for vote in behind), {why: n for why, n in left_out.items() if why and n},
    )  # fmt: skip


def why_not(question: Question, answer: Any, fields: Mapping[str, Any]) -> str:
    """Why an answer cannot be used with the record as it reads now; empty if it can."""
    try:
        question.check(answer)
    except WrongAnswer:
        return LABEL_GONE if question.labels and _strange(question, answer) else NOT_ALLOWED
    try:
        question.check(answer, fields)
    except WrongAnswer:
        return TEXT_GONE if question.kind in ("spans", "answer") else NOT_ALLOWED
    return ""


def stratum(questions: Sequence[Question], value: Mapping[str, Any]) -> str:
    """What a record is told apart by when splits are made alike: its answer to the first question that has labels or
    marks; of several labels, the first. Empty where there is no such question, or no answer to it."""
    first = next((q for q in questions if q.kind in ("choice", "choices", "rating")), None)
    held = first.held(value[first.name]) if first is not None and first.name in value else ()
    return str(held[0]) if held else ""


def _winner(keys: Sequence[str], *, latest: bool) -> str | None:
    votes = Counter(keys)
    most = max(votes.values())
    leading = [key for key in keys if votes[key] == most]
    return leading[-1] if latest or len(set(leading)) == 1 else None


def _ends_are_there(question: Relations, vote: Vote) -> bool:
    try:
        question.check_ends(vote.value[question.name], vote.value.get(question.spans))
    except WrongAnswer:
        return False
    return True


def _strange(question: Question, answer: Any) -> bool:
    try:
        return any(label not in question.labels for label in question.held(answer))
    except (TypeError, KeyError, IndexError, AttributeError):  # no answer, or of another shape
        return False


def _key(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, sort_keys=True)
