"""The place in a text that answers a question which the record asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions.base import (
    NOTHING,
    Fields,
    When,
    WrongAnswer,
    check_field,
    check_list,
    check_name,
    check_place,
    kinds,
    one_line,
    plain_of,
    shown,
)  # fmt: skip


@kinds.register
@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """One place {start, end, text} in the text of `field`, as a list of one; the empty list says that the text does not
    answer, where `none` allows it. Offsets as in spans.
    """

    kind: ClassVar[str] = "answer"
    labels: ClassVar[tuple[str, ...]] = ()
    name: str
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    field: str = "text"
    none: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)
        check_field(self.name, self.field)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def tidy(self, answer: Any) -> Any:
        return answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:
        check_list(self.name, answer, none=self.none)
        if len(answer) > 1:
            raise WrongAnswer(f"'{self.name}' is answered with one place of the text, not {len(answer)}.")
        for place in answer:
            if not isinstance(place, Mapping) or set(place) != {"start", "end", "text"}:
                raise WrongAnswer(f"{shown(place)} is no answer to '{self.name}': it has start, end and text.")
            check_place(self.name, place, fields, self.field)

    def held(self, answer: Any) -> tuple[str | int, ...]:  # noqa: ARG002
        return ()

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:
        """As in SQuAD: question, context, and answers as parallel lists. The question is the field of that name, else
        the first other text."""
        others = {name: value for name, value in fields.items() if name != self.field and isinstance(value, str)}
        return {
            "question": others.get("question", next(iter(others.values()), "")),
            "context": fields.get(self.field, ""),
            "answers": {"text": [p["text"] for p in answer], "answer_start": [p["start"] for p in answer]},
        }

    def spoken(self, answer: Any) -> str:
        if not answer:
            return NOTHING
        text = answer[0]["text"]
        return one_line(text) or shown(text)  # a mark on a space alone is still something

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)
