"""Classification: one label a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Choice, Question
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Classification:
    """Choose one label for each record."""

    name: ClassVar[str] = "classification"
    title: ClassVar[str] = "Classification"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("choice",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        return defined([Choice("label", tuple(labels))], [field("text")])
