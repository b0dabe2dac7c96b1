"""Ranking: several answers, the best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Question, Ranking
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class RankedAnswers:
    """Put the candidates of a record in order, the best first."""

    name: ClassVar[str] = "ranking"
    title: ClassVar[str] = "Ranking"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("ranking",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Ranking("ranking", field="candidates")], [field("text"), field("candidates")])
