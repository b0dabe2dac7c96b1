"""Conversations as TRL takes them: {"messages": [{"role", "content"}, …]}, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters import training_rows
from pipeline.exporters.base import Contents, exporters
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP
from pipeline.exporters.training_rows import Example
from pipeline.knobs import knob


@exporters.register
@dataclass(frozen=True, slots=True)
class Messages:
    """Conversations to train a chat model on with TRL (SFT): a line {"messages": […]} for each conversation, and for
    each written text, with the record in front as the user's turn."""

    name: ClassVar[str] = "messages"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    system: str = knob("", training_rows.SYSTEM_HELP, multiline=True)
    rows: bool = knob(True, training_rows.ROWS_HELP)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        return training_rows.write(
            contents, out, self._lines, ("chat", "text"), people=self.people, rows=self.rows
        )  # fmt: skip

    def _lines(self, one: Example) -> list[dict[str, Any]]:
        whole = training_rows.turns(one.prompt, "user") + training_rows.turns(one.completion, "assistant")
        return [{"messages": training_rows.with_system(whole, self.system), **training_rows.tools_of(one)}]
