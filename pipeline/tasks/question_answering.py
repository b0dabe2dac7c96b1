"""Question answering: the place in a text that answers the question of the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import AnswerSpan, Question
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class QuestionAnswering:
    """Mark the place in the text that answers the question, or say that the text does not answer it."""

    name: ClassVar[str] = "question_answering"
    title: ClassVar[str] = "Question answering"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("answer",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([AnswerSpan("answer")], [field("question", "context"), field("text")])
