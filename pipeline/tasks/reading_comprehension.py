"""Reading comprehension: a question about a text, and the place that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import AnswerSpan, Question, Text
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class ReadingComprehension:
    """Write a question that the text answers, and mark its answer."""

    name: ClassVar[str] = "reading_comprehension"
    title: ClassVar[str] = "Reading comprehension"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("text", "answer"))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Text("question"), AnswerSpan("answer", none=False)], [field("text")])
