"""Several of a set of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

from pipeline.questions.base import (
    NOTHING,
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_labels,
    check_list,
    check_name,
    check_parents,
    kinds,
    known_labels,
    plain_of,
    shown,
)  # fmt: skip


@kinds.register
@dataclass(frozen=True, slots=True)
class Choices:
    """Any number of a set of labels, at least `least`, at most `most` (0 is no limit); the answer is their list."""

    kind: ClassVar[str] = "choices"
    reads: ClassVar[tuple[str, ...]] = ()
    name: str
    labels: tuple[str, ...]
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    parents: Mapping[str, str] = field(default_factory=dict)  # label -> the label or group that it stands under
    least: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        check_name(self.name)
        check_labels(self.name, self.labels)
        check_parents(self.name, self.labels, self.parents)
        if self.least < 0 or self.most < 0 or 0 < self.most < self.least:
            raise BadQuestion(
                f"The question '{self.name}' asks for at least {self.least} and at most {self.most} labels."
            )

    def tidy(self, answer: Any) -> Any:
        """In the order of the labels."""
        if not isinstance(answer, list) or not all(isinstance(label, str) for label in answer):
            return answer
        place = {label: at for at, label in enumerate(self.labels)}
        return sorted(answer, key=lambda label: place.get(label, len(place)))

    def check(self, answer: Any, fields: Fields | None = None) -> None:  # noqa: ARG002 - labels need no text
        check_list(self.name, answer, none=self.least == 0)
        place = {label: at for at, label in enumerate(self.labels)}
        for label in answer:
            if not isinstance(label, str) or label not in place:
                known = known_labels(self.labels)
                raise WrongAnswer(f"{shown(label)} is no answer to '{self.name}'. Its labels: {known}.")
        at = [place[label] for label in answer]
        if any(one >= two for one, two in pairwise(at)):
            raise WrongAnswer(f"The labels of '{self.name}' must stand in its order, each once.")
        if len(answer) < self.least or 0 < self.most < len(answer):
            most = f" and at most {self.most}" if self.most else ""
            raise WrongAnswer(f"'{self.name}' takes at least {self.least}{most} labels, not {len(answer)}.")

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return tuple(answer)

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"labels": list(answer)}

    def spoken(self, answer: Any) -> str:
        return ", ".join(answer) or NOTHING

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)
