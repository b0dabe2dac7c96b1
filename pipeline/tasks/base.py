"""What a kind of task promises, and the registry of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from pipeline.domain import Task
from pipeline.questions import Question
from pipeline.registry import Registry


class TaskKind(Protocol):
    """A kind of task: how its stored definition turns into questions, and the definition that a set of labels makes."""

    name: ClassVar[str]

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        """The questions of a stored definition. Raises WorkbenchError if it is not one of this kind."""

    def definition(self, labels: Sequence[str]) -> dict[str, Any]:
        """The definition, as plain data, of a task of this kind with these labels."""


tasks: Registry[TaskKind] = Registry("task", "pipeline.tasks")


def questions_of(task: Task) -> list[Question]:
    """The questions that a stored task asks."""
    return tasks.get(task.kind)().questions(task.definition)
