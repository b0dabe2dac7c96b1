"""Single completions, good or not, as TRL takes them: {"prompt", "completion", "label"}, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters import training_rows
from pipeline.exporters.base import Contents, exporters
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP
from pipeline.exporters.training_rows import Example
from pipeline.knobs import knob


@exporters.register
@dataclass(frozen=True, slots=True)
class UnpairedPreference:
    """Completions to train on with TRL (KTO): a line {"prompt", "completion", "label"} for each mark, true where it is
    good, and two for each ranking, of its best candidate and its worst."""

    name: ClassVar[str] = "unpaired_preference"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    threshold: float = knob(
        0.0, "The mark from which a completion is good; 0: those above the middle of the scale are, and those in the "
        "middle are left out."
    )  # fmt: skip
    system: str = knob("", training_rows.SYSTEM_HELP, multiline=True)
    chat: bool = knob(False, training_rows.CHAT_HELP)
    rows: bool = knob(True, training_rows.ROWS_HELP)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        return training_rows.write(
            contents, out, self._lines, ("rating", "ranking"), people=self.people, rows=self.rows,
            threshold=self.threshold,
        )  # fmt: skip

    def _lines(self, one: Example) -> list[dict[str, Any]]:
        if one.kind == "rating":
            return [self._line(one, good=one.good)]
        worst = replace(one, completion=one.rejected, rejected=one.completion)
        return [self._line(one, good=True), self._line(worst, good=False)]

    def _line(self, one: Example, *, good: bool) -> dict[str, Any]:
        prompt, completion, _ = training_rows.sides(one, self.system, chat=self.chat)
        return {"prompt": prompt, "completion": completion, "label": good, **training_rows.tools_of(one)}
