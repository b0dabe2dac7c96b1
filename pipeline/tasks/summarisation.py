"""Summarisation: the text in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Text
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Summarisation:
    """Write in a few sentences what the text says."""

    name: ClassVar[str] = "summarisation"
    title: ClassVar[str] = "Summarisation"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("text",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Text("summary")], [field("text", "source")])
