"""The kinds of question that a task can ask of a record: what a right answer looks like, and their plain-data form.

A new kind is one class here, registered in KINDS by its `kind`, and one widget that asks it. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipeline.domain import WorkbenchError


class BadQuestion(WorkbenchError):
    """A question that cannot be asked: no name, two labels alike, an unknown kind."""


class WrongAnswer(WorkbenchError):
    """An answer that its question does not allow."""


class Question(Protocol):
    """One question of a task. `name` is its key in an answer {name: answer} and unique in its task."""

    kind: ClassVar[str]

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def check(self, answer: Any) -> None:
        """Raise WrongAnswer, with what is allowed, if this is no answer to the question."""

    def to_plain(self) -> dict[str, Any]:
        """The question as plain data, from which `question_from` makes it again."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of a set of labels; the answer is the label itself. Without labels yet nothing can be answered."""

    kind: ClassVar[str] = "choice"
    name: str
    labels: tuple[str, ...]
    title: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if any(not isinstance(label, str) or not label.strip() for label in self.labels):
            raise BadQuestion(f"The question '{self.name}' has an empty label. Give every label a name.")
        twice = next((label for label in self.labels if self.labels.count(label) > 1), None)
        if twice is not None:
            raise BadQuestion(f"The question '{self.name}' has the label '{twice}' twice. Remove one of them.")

    def check(self, answer: Any) -> None:
        if not isinstance(answer, str) or answer not in self.labels:
            known = ", ".join(self.labels[:20]) or "none yet"
            raise WrongAnswer(f"{answer!r} is no answer to '{self.name}'. Its labels: {known}.")

    def to_plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"kind": self.kind, "name": self.name, "labels": list(self.labels)}
        return {**plain, "title": self.title} if self.title else plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Choice:
        labels = plain.get("labels", ())
        if isinstance(labels, str) or not isinstance(labels, Sequence):
            raise BadQuestion(f"The labels of the question '{plain.get('name')}' must be a list of texts.")
        return cls(plain.get("name", ""), tuple(labels), str(plain.get("title", "")))


KINDS: Mapping[str, type[Choice]] = {Choice.kind: Choice}


def question_from(plain: Mapping[str, Any]) -> Question:
    """The question that this plain data stands for. Raises BadQuestion with a sentence."""
    kind = str(plain.get("kind"))
    if kind not in KINDS:
        raise BadQuestion(f"There is no kind of question named '{kind}'; there are: {', '.join(KINDS)}.")
    return KINDS[kind].from_plain(plain)


def check_answers(questions: Sequence[Question], value: Mapping[str, Any]) -> None:
    """Raise WrongAnswer unless `value` {question: answer} answers every question and nothing else."""
    known = {question.name for question in questions}
    for name in value:
        if name not in known:
            raise WrongAnswer(f"The task asks no question named '{name}'; it asks: {', '.join(sorted(known))}.")
    for question in questions:
        if question.name not in value:
            raise WrongAnswer(f"The question '{question.name}' has no answer.")
        question.check(value[question.name])


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BadQuestion("A question needs a name.")
