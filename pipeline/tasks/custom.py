"""A task of any questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Choice, Question, question_from
from pipeline.tasks.base import defined, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Custom:
    """Ask any questions of a record, one after the other."""

    name: ClassVar[str] = "custom"
    title: ClassVar[str] = "Own questions"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return [question_from(plain) for plain in definition.get("questions", ())]

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        return defined([Choice("label", tuple(labels))], [field("text")])
