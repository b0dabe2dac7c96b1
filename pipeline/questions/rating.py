"""A mark on a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.questions.base import (
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_name,
    is_int,
    kinds,
    plain_of,
    shown,
)  # fmt: skip

STEPS = 101


@kinds.register
@dataclass(frozen=True, slots=True)
class Rating:
    """A whole number from `low` to `high`; `titles` gives words to marks, as {"1": "bad"}."""

    kind: ClassVar[str] = "rating"
    labels: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    name: str
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    low: int = 1
    high: int = 5
    titles: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not -1_000_000 <= self.low < self.high <= 1_000_000 or self.high - self.low >= STEPS:
            raise BadQuestion(
                f"The question '{self.name}' rates from {self.low} to {self.high}; use 2 to {STEPS} marks, low first."
            )
        marks = {str(mark) for mark in range(self.low, self.high + 1)}
        strange = next((mark for mark in self.titles if mark not in marks), None)
        if strange is not None:
            raise BadQuestion(f"The question '{self.name}' has a title for {shown(strange)}, which is no mark of it.")

    def tidy(self, answer: Any) -> Any:
        return int(answer) if isinstance(answer, float) and answer.is_integer() else answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:  # noqa: ARG002 - a mark needs no text
        if not is_int(answer) or not self.low <= answer <= self.high:
            raise WrongAnswer(f"{shown(answer)} is no answer to '{self.name}': use {self.low} to {self.high}.")

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return (answer,)

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"score": answer}

    def spoken(self, answer: Any) -> str:
        words = self.titles.get(str(answer), "")
        return f"{answer} ({words})" if words else str(answer)

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)
