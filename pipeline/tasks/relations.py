"""Entities and how they are related."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Relations, Spans
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class RelatedEntities:
    """Mark what a text names, and join two names with what the text says of them."""

    name: ClassVar[str] = "relations"
    title: ClassVar[str] = "Entities and relations"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("spans", "relations"))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        suggested = ("person", "organisation", "place")
        entities = Spans("entities", tuple(labels) or suggested)
        return defined([entities, Relations("relations", ("works for", "is in"), "entities")], [field("text")])
