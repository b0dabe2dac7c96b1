"""Named entities: the names in a text and what they are names of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Spans
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Entities:
    """Mark the people, organisations, places and other things that a text names."""

    name: ClassVar[str] = "entities"
    title: ClassVar[str] = "Named entities"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("spans",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        suggested = ("person", "organisation", "place")
        return defined([Spans("entities", tuple(labels) or suggested)], [field("text")])
