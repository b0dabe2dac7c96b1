"""Labelled places in a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from pipeline.questions.base import (
    NOTHING,
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_field,
    check_labels,
    check_list,
    check_name,
    check_place,
    is_int,
    kinds,
    known_labels,
    one_line,
    plain_of,
    shown,
)  # fmt: skip

LABELS = 500
UNITS = ("auto", "word", "character")


@kinds.register
@dataclass(frozen=True, slots=True)
class Spans:
    """Places in the text of `field`, each with a label: a list of {start, end, label, text}, sorted, none twice.

    Offsets count code points of the text as it reads now; the end is exclusive. `unit` is what the mouse snaps to, not
    a limit. The empty list says that there is nothing to mark, where `none` allows it. Spans may lie in each other
    unless `overlap` forbids it.
    """

    kind: ClassVar[str] = "spans"
    name: str
    labels: tuple[str, ...]
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    field: str = "text"
    unit: str = "auto"
    overlap: bool = True
    none: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)
        check_labels(self.name, self.labels, LABELS)
        check_field(self.name, self.field)
        if self.unit not in UNITS:
            raise BadQuestion(f"The question '{self.name}' marks by '{self.unit}'; choose one of: {', '.join(UNITS)}.")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def tidy(self, answer: Any) -> Any:
        return [answer[at] for at in places(answer)] if sortable(answer) else answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:
        check_list(self.name, answer, none=self.none)
        known = set(self.labels)
        for span in answer:
            if not isinstance(span, Mapping) or set(span) != {"start", "end", "label", "text"}:
                raise WrongAnswer(f"{shown(span)} is no span of '{self.name}': it has start, end, label and text.")
            check_place(self.name, span, fields, self.field)
            if not isinstance(span["label"], str) or span["label"] not in known:
                said = f"{shown(span['label'])} is no label of '{self.name}'."
                raise WrongAnswer(f"{said} Its labels: {known_labels(self.labels)}.")
        keys = [_key(span) for span in answer]
        for one, two in pairwise(keys):
            if one == two:
                raise WrongAnswer(f"'{self.name}' has the same span twice: {one[0]} to {one[1]}, '{one[2]}'.")
            if one > two:
                raise WrongAnswer(f"The spans of '{self.name}' are not in order of start, end and label.")
            if not self.overlap and two[0] < one[1]:
                raise WrongAnswer(
                    f"Spans of '{self.name}' must not overlap: one ends at {one[1]}, one starts at {two[0]}."
                )

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return tuple(span["label"] for span in answer)

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"spans": [dict(span) for span in answer]}

    def spoken(self, answer: Any) -> str:
        return one_line("; ".join(f"{one_line(s['text'], 30)} → {s['label']}" for s in answer[:20]), 200) or NOTHING

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)


def sortable(answer: Any) -> bool:
    """Whether this is a list of places with labels that can be put in order."""
    return isinstance(answer, list) and all(
        isinstance(span, Mapping) and is_int(span.get("start")) and is_int(span.get("end"))
        and isinstance(span.get("label"), str) for span in answer
    )  # fmt: skip


def places(answer: list[Any]) -> list[int]:
    """Where the spans of a sortable answer stand, in their right order."""
    return sorted(range(len(answer)), key=lambda at: _key(answer[at]))


def _key(span: Mapping[str, Any]) -> tuple[int, int, str]:
    return span["start"], span["end"], span["label"]
