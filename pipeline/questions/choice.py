"""One of a set of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.questions.base import (
    Fields,
    When,
    WrongAnswer,
    check_labels,
    check_name,
    check_parents,
    kinds,
    known_labels,
    plain_of,
    shown,
)  # fmt: skip


@kinds.register
@dataclass(frozen=True, slots=True)
class Choice:
    """Exactly one of a set of labels; the answer is the label itself. Without labels yet nothing can be answered."""

    kind: ClassVar[str] = "choice"
    reads: ClassVar[tuple[str, ...]] = ()
    name: str
    labels: tuple[str, ...]
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    parents: Mapping[str, str] = field(default_factory=dict)  # label -> the label or group that it stands under

    def __post_init__(self) -> None:
        check_name(self.name)
        check_labels(self.name, self.labels)
        check_parents(self.name, self.labels, self.parents)

    def tidy(self, answer: Any) -> Any:
        return answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:  # noqa: ARG002 - a label needs no text
        if not isinstance(answer, str) or answer not in self.labels:
            raise WrongAnswer(
                f"{shown(answer)} is no answer to '{self.name}'. Its labels: {known_labels(self.labels)}."
            )

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return (answer,)

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"label": answer}

    def spoken(self, answer: Any) -> str:
        return str(answer)

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)
