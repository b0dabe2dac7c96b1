"""Sentiment: how a text feels about what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Choice, Question
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Sentiment:
    """Say whether a text is positive, negative or neutral."""

    name: ClassVar[str] = "sentiment"
    title: ClassVar[str] = "Sentiment"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("choice",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        suggested = ("positive", "negative", "neutral")
        return defined([Choice("sentiment", tuple(labels) or suggested)], [field("text")])
