"""Conversations: a talk between a person and a model, as it should read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions import Chat, Question
from pipeline.tasks.base import defined, exactly, field, tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Conversation:
    """Correct the messages of a conversation."""

    name: ClassVar[str] = "chat"
    title: ClassVar[str] = "Conversation"

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        return exactly(definition, self.name, ("chat",))

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002 - it has no labels
        return defined([Chat("conversation")], [field("messages")])
