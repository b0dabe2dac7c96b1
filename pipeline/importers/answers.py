"""The answers that rows of a file bring: in one column, or in Winnow's own format with everybody's answers.

An answer is held against its question before it is taken. A label that the question does not have yet is added to it,
and counted; whoever imports says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pipeline.questions import Question, WrongAnswer, check_answers

LONGEST_LABEL = 200
LONGEST_NAME = 80
LONGEST_COMMENT = 10_000
LONGEST_REASON = 500
OWN = frozenset({"id", "meta", "status", "annotations", "suggestions"})  # keys that a row of our own export always has
STATES = ("submitted", "skipped", "draft")


class BadAnswer(ValueError):
    """An answer that cannot be taken, and why in a sentence; `part` is the part of a row of our own that holds it."""

    part = "annotations"


class BadSuggestion(BadAnswer):
    """A suggestion that cannot be taken."""

    part = "suggestions"


@dataclass(frozen=True, slots=True)
class Given:
    """One annotator's answers on a record: `value` is {question: answer}, empty for a skip."""

    annotator: str
    value: Mapping[str, Any]
    state: str = "submitted"
    comment: str = ""
    reason: str = ""
    flagged: bool = False
    simulated: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hinted:
    """A suggestion: a machine's answer to one question, with its score if it gave one."""

    source: str
    question: str
    value: Any
    score: float | None = None


def is_own(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rows are of Winnow's own format: each says who answered what, if anybody did."""
    return bool(rows) and all(
        row.keys() >= OWN and isinstance(row["annotations"], list) and isinstance(row["suggestions"], list)
        for row in rows
    )  # fmt: skip


@dataclass(slots=True)
class Answering:
    """The questions as they stand while a file is read. `labels` counts the labels of what was taken, by question.
    `closed` questions take no new labels: an answer with one is refused."""

    questions: dict[str, Question]
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    closed: bool = False

    def of_cell(self, name: str, cell: Any, fields: Mapping[str, Any]) -> Any:
        """The answer to the question `name` that a cell holds; None for an empty cell. Raises BadAnswer."""
        kind = self.questions[name].kind
        answer = _READ.get(kind, _structured)(cell)
        if answer is None:
            return None
        if kind == "choice" and answer in self.labels.get(name, ()):  # nearly every row: it was taken before
            self.labels[name][answer] += 1
            return answer
        return self._taken({name: answer}, fields)[name]

    def of_row(self, row: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[tuple[Given, ...], tuple[Hinted, ...]]:
        """What a row of Winnow's own format says: the answers by annotator, and the suggestions. Raises BadAnswer."""
        by: dict[str, list[Mapping[str, Any]]] = {}
        for one in row["annotations"]:
            by.setdefault(" ".join(_name(one, "annotator", "An answer").split()), []).append(one)
        given = tuple(self._given(name, said, fields) for name, said in by.items())
        try:
            return given, tuple(self._hinted(one, fields) for one in row["suggestions"])
        except BadAnswer as error:
            raise BadSuggestion(str(error)) from error

    def _given(self, name: str, said: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]) -> Given:
        first = said[0]
        state = first.get("state")
        if state not in STATES or any(one.get("state") != state for one in said):
            raise BadAnswer(f"The answers of {name} must all have one state, of: {', '.join(STATES)}.")
        value: dict[str, Any] = {}
        for one in said:
            question = one.get("question")
            if question is None and one.get("value") is None:
                continue  # a skip, or a draft, that says nothing
            value[self._known(question)] = one.get("value")
        if state == "submitted":
            if not value:
                raise BadAnswer(f"An answer of {name} is empty.")
            value = self._taken(value, fields)
        return Given(
            name, value, state, str(first.get("comment") or "")[:LONGEST_COMMENT],
            str(first.get("reason") or "")[:LONGEST_REASON],
            first.get("flagged") is True, first.get("simulated") is True, _moment(first.get("created_at")),
        )  # fmt: skip

    def _known(self, question: Any) -> str:
        if not isinstance(question, str) or question not in self.questions:
            said = str(question)[:80]
            raise BadAnswer(f"The task asks no question '{said}'; it asks: {', '.join(self.questions)}.")
        return question

    def _hinted(self, one: Any, fields: Mapping[str, Any]) -> Hinted:
        source = _name(one, "source", "A suggestion", 1000)
        question, score = self._known(one.get("question")), one.get("score")
        if score is not None and (isinstance(score, bool) or not isinstance(score, int | float) or abs(score) > 1e300):
            raise BadAnswer(f"The score of a suggestion of {source} is not a number.")
        grown = self._grown(question, one.get("value"))
        answer = grown.tidy(one.get("value"))
        try:
            grown.check(answer, fields)
        except WrongAnswer as error:
            raise BadAnswer(str(error)) from error
        self._count({question: grown}, {question: answer})
        return Hinted(source, question, answer, None if score is None else float(score))

    def _taken(self, value: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
        """The answers in their one form, each allowed by its question; labels that are new are then its labels."""
        grown = {name: self._grown(name, answer) for name, answer in value.items()}
        # in the task's order, since an answer may build on that to an earlier question
        asked = [_always(grown[name]) for name in self.questions if name in grown]
        try:
            tidy = check_answers(asked, value, fields)
        except WrongAnswer as error:
            raise BadAnswer(str(error)) from error
        self._count(grown, tidy)
        return tidy

    def _count(self, grown: Mapping[str, Question], taken: Mapping[str, Any]) -> None:
        self.questions |= grown
        for name, answer in taken.items():
            if _has_labels(grown[name]):
                self.labels.setdefault(name, Counter()).update(_labels_in(answer))

    def _grown(self, name: str, answer: Any) -> Question:
        """The question with the labels of the answer among its own."""
        question = self.questions[name]
        if not _has_labels(question):
            return question
        new = [label for label in dict.fromkeys(_labels_in(answer)) if label not in question.labels]
        for label in new:
            _check_label(label)
            if self.closed:
                raise BadAnswer(f"The question '{name}' does not have the label '{label}'.")
        return dataclasses.replace(question, labels=(*question.labels, *new)) if new else question  # type: ignore[type-var]


def _always(question: Question) -> Question:
    """The question as asked of every record: a file may hold the answer to it without that to the one before."""
    return dataclasses.replace(question, when=None) if question.when else question  # type: ignore[type-var]  # every kind of question is a dataclass


def _has_labels(question: Question) -> bool:
    return _kind_has_labels(type(question))


@functools.cache
def _kind_has_labels(kind: type[Any]) -> bool:
    return any(one.name == "labels" for one in dataclasses.fields(kind))


def _labels_in(answer: Any) -> list[str]:
    """The labels that an answer of any kind names, whether or not it is a right one."""
    parts = answer if isinstance(answer, list) else [answer]
    named = [part.get("label") if isinstance(part, dict) else part for part in parts]
    return [label for label in named if isinstance(label, str)]


def _check_label(label: str) -> None:
    if not label.strip():
        raise BadAnswer("A label is empty.")
    if len(label.splitlines()) > 1:
        raise BadAnswer("The label has more than one line.")
    if len(label) > LONGEST_LABEL:
        raise BadAnswer(f"The label has {len(label):,} characters; at most {LONGEST_LABEL} are taken.")


def _name(one: Any, key: str, what: str, most: int = LONGEST_NAME) -> str:
    name = one.get(key) if isinstance(one, dict) else None
    if not isinstance(name, str) or not name.strip() or len(name) > most:
        raise BadAnswer(f"{what} does not say whose it is: '{key}' must be a name of 1 to {most} characters.")
    return name


def _moment(value: Any) -> datetime | None:
    """The time that the file says (UTC if it names no zone), but never a later one than now."""
    if not isinstance(value, str) or not value:
        return None
    try:
        said = datetime.fromisoformat(value)
    except ValueError:
        raise BadAnswer(f"'{value[:40]}' is not a time. Write it as 2026-01-31T12:00:00Z.") from None
    with contextlib.suppress(OverflowError):  # a time zone before the first year
        said = said.astimezone(UTC) if said.tzinfo else said
    return min(said.replace(tzinfo=None), datetime.now(UTC).replace(tzinfo=None))


def _is_empty(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _one_label(cell: Any) -> Any:
    if isinstance(cell, list):
        if len(cell) > 1:
            raise BadAnswer(f"The record has {len(cell)} labels; this task takes one.")
        cell = cell[0] if cell else None
    return None if _is_empty(cell) else _word(cell) or None


def _word(cell: Any) -> str:
    """A label as text: numbers and truth values are written as JSON writes them."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, int | float):
        return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    raise BadAnswer(f"The value is {_WHAT.get(type(cell), type(cell).__name__)}, not a text.")


def _labels(cell: Any) -> Any:
    """Several labels: a list, a list written as JSON, or one label."""
    if _is_empty(cell):
        return None
    if isinstance(cell, str):
        cell = _json_list(cell) if cell.lstrip().startswith("[") else [cell]
    parts = cell if isinstance(cell, list) else [cell]
    return [word for part in parts if (word := _word(part))]


def _mark(cell: Any) -> Any:
    if _is_empty(cell):
        return None
    number = cell
    if isinstance(cell, str):
        try:
            number = float(cell)
        except ValueError:
            raise BadAnswer(f"'{cell[:40]}' is not a mark. Marks are whole numbers.") from None
    whole = isinstance(number, int | float) and not isinstance(number, bool) and float(number).is_integer()
    if not whole:
        raise BadAnswer(f"'{str(cell)[:40]}' is not a mark. Marks are whole numbers.")
    return int(number)


def _writing(cell: Any) -> Any:
    if isinstance(cell, list) and len(cell) == 1:
        cell = cell[0]
    if _is_empty(cell) or (isinstance(cell, str) and not cell.strip()):
        return None
    return cell if isinstance(cell, str) else _word(cell)


def _structured(cell: Any) -> Any:
    """A list as it is, or one that a table holds as JSON text."""
    if _is_empty(cell):
        return None
    return _json_list(cell) if isinstance(cell, str) else cell


def _json_list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise BadAnswer("The value is a text, not a list and not one written as JSON.")
    return found


_WHAT: Mapping[Any, str] = {list: "a list", tuple: "a list", dict: "an object", bytes: "bytes"}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "choice": _one_label, "choices": _labels, "rating": _mark, "text": _writing
}  # fmt: skip
