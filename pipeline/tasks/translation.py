"""Translation: the text in another language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Text
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Translation:
    """Write what the text says in another language."""

    name: ClassVar[str] = "translation"
    title: ClassVar[str] = "Translation"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("text",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Text("translation")], [field("text", "source")])
