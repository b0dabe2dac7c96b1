"""Prompts and completions as TRL takes them: {"prompt", "completion"}, a line each."""

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
class PromptCompletion:
    """Prompts and completions to train on with TRL (SFT): a line for each written text, with the record as its prompt,
    and for each conversation, whose last turn is the completion. Texts stay texts, conversations lists of turns."""

    name: ClassVar[str] = "prompt_completion"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    system: str = knob("", training_rows.SYSTEM_HELP, multiline=True)
    chat: bool = knob(False, training_rows.CHAT_HELP)
    rows: bool = knob(True, training_rows.ROWS_HELP)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        return training_rows.write(
            contents, out, self._lines, ("chat", "text"), people=self.people, rows=self.rows
        )  # fmt: skip

    def _lines(self, one: Example) -> list[dict[str, Any]]:
        if not one.completion:
            return []  # a conversation in which the assistant does not have the last word
        prompt, completion, _ = training_rows.sides(one, self.system, chat=self.chat)
        return [{"prompt": prompt, "completion": completion, **training_rows.tools_of(one)}]
