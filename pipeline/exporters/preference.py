"""Pairs of completions as TRL takes them: {"prompt", "chosen", "rejected"}, a line each."""

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
class Preference:
    """Pairs to train on with TRL (DPO): a line {"prompt", "chosen", "rejected"} for each ranking, of its best
    candidate and its worst."""

    name: ClassVar[str] = "preference"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    system: str = knob("", training_rows.SYSTEM_HELP, multiline=True)
    chat: bool = knob(False, training_rows.CHAT_HELP)
    rows: bool = knob(True, training_rows.ROWS_HELP)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        return training_rows.write(contents, out, self._lines, ("ranking",), people=self.people, rows=self.rows)

    def _lines(self, one: Example) -> list[dict[str, Any]]:
        prompt, chosen, rejected = training_rows.sides(one, self.system, chat=self.chat)
        return [{"prompt": prompt, "chosen": chosen, "rejected": rejected, **training_rows.tools_of(one)}]
