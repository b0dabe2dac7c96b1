"""Preference: the better of two answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Ranking
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Preference:
    """Say which of two answers to the text is better."""

    name: ClassVar[str] = "preference"
    title: ClassVar[str] = "Preference"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("ranking",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Ranking("preference", candidates=("a", "b"))], [field("text"), field("a"), field("b")])
