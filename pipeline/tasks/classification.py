"""Classification: one label a record. Several labels a record is another kind of task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import BadQuestion, Choice, Question, question_from
from pipeline.tasks.base import tasks

QUESTION = "label"


@tasks.register
@dataclass(frozen=True, slots=True)
class Classification:
    """Choose one label for each record."""

    name: ClassVar[str] = "classification"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        found = [question_from(plain) for plain in definition.get("questions", ())]
        if len(found) != 1 or not isinstance(found[0], Choice):
            raise BadQuestion("A classification task asks exactly one question of the kind 'choice'.")
        return found

    def definition(self, labels: Sequence[str]) -> dict[str, Any]:
        return {"questions": [Choice(QUESTION, tuple(labels)).to_plain()]}
