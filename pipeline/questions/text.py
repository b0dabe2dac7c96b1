"""A text to write: a translation, a summary, an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions.base import (
    CHARACTERS_MOST,
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_name,
    kinds,
    one_line,
    plain_of,
    shown,
)  # fmt: skip


@kinds.register
@dataclass(frozen=True, slots=True)
class Text:
    """A written text, never blank, of at most `most` characters (0 is no limit of its own).

    `field` is the field of the record that it begins with ("" begins empty); `language` is a language code, for the
    browser's spelling and direction.
    """

    kind: ClassVar[str] = "text"
    labels: ClassVar[tuple[str, ...]] = ()
    name: str
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    field: str = ""
    most: int = 0
    language: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 0 <= self.most <= CHARACTERS_MOST:
            raise BadQuestion(
                f"The question '{self.name}' takes up to {self.most} characters; use 0 to {CHARACTERS_MOST}."
            )

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,) if self.field else ()

    def tidy(self, answer: Any) -> Any:
        return answer.replace("\r\n", "\n") if isinstance(answer, str) else answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:  # noqa: ARG002 - any text may be written
        if not isinstance(answer, str) or not answer.strip():
            raise WrongAnswer(f"{shown(answer)} is no answer to '{self.name}': it takes a text that is not blank.")
        if len(answer) > (self.most or CHARACTERS_MOST):
            most = self.most or CHARACTERS_MOST
            raise WrongAnswer(f"The answer to '{self.name}' has {len(answer)} characters; the most is {most}.")

    def held(self, answer: Any) -> tuple[str | int, ...]:  # noqa: ARG002
        return ()

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:
        """source, the first text of the record but the one that the answer began with, and target."""
        texts = (value for name, value in fields.items() if name != self.field and isinstance(value, str))
        return {"source": next(texts, fields.get(self.field, "")), "target": answer}

    def spoken(self, answer: Any) -> str:
        return one_line(answer, 200)

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)
