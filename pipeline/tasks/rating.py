"""Rating: a mark for each record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Rating
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Marks:
    """Give each record a mark."""

    name: ClassVar[str] = "rating"
    title: ClassVar[str] = "Rating"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("rating",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Rating("rating")], [field("text")])
