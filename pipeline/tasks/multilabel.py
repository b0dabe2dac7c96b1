"""Several labels a record, from one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Choices, Question
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Multilabel:
    """Choose all labels that hold for a record, or say that none does."""

    name: ClassVar[str] = "multilabel"
    title: ClassVar[str] = "Several labels"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("choices",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        return defined([Choices("labels", tuple(labels))], [field("text")])
