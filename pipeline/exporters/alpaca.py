"""Instructions as Alpaca and LLaMA-Factory have them: a JSON list of {"instruction", "input", "output"}."""

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
class Alpaca:
    """Instructions with an input and an output, a line each: for each written text, for each conversation of a user and
    an assistant in turns, and with `chosen` and `rejected` for each ranking."""

    name: ClassVar[str] = "alpaca"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    system: str = knob("", training_rows.SYSTEM_HELP, multiline=True)
    rows: bool = knob(True, training_rows.ROWS_HELP)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        kinds = ("chat", "text", "ranking")
        return training_rows.write(contents, out, self._lines, kinds, people=self.people, rows=self.rows)

    def _lines(self, one: Example) -> list[dict[str, Any]]:
        best, worst = _one_text(one.completion), _one_text(one.rejected)
        asked = _asked(one)
        if best is None or worst is None or asked is None or (one.kind == "chat" and not best):
            return []  # turns of tools, pictures, or two by one speaker: the format has no room for them
        instruction, history, system = asked
        given = one.fields.get("input")
        shown = given if isinstance(given, str) and given and instruction.endswith(f"\n{given}") else ""
        system = system or self.system
        answer = {"chosen": best, "rejected": worst} if one.kind == "ranking" else {"output": best}
        return [{
            "instruction": instruction.removesuffix(f"\n{shown}") if shown else instruction, "input": shown, **answer,
            **({"system": system} if system else {}), **({"history": history} if history else {}),
        }]  # fmt: skip


def _asked(one: Example) -> tuple[str, list[list[str]], str] | None:
    """The last word of the user, the pairs of turns before it, and the system message; None if it is not so built."""
    turns = training_rows.turns(one.prompt, "user") or [{"role": "user", "content": ""}]
    system = turns.pop(0).get("content") if turns[0]["role"] == "system" else ""
    said = [turn.get("content") for turn in turns]
    in_turn = [turn["role"] for turn in turns] == ["user", "assistant"] * (len(turns) // 2) + ["user"]
    bare = all(turn.keys() == {"role", "content"} for turn in turns)
    if not in_turn or not bare or not all(isinstance(text, str) for text in (system, *said)):
        return None
    return str(said[-1]), [[str(said[at]), str(said[at + 1])] for at in range(0, len(said) - 1, 2)], str(system)


def _one_text(side: Any) -> str | None:
    """The side as one text; None if it is more than that."""
    if isinstance(side, str):
        return side
    bare = len(side) == 1 and side[0].keys() == {"role", "content"} and side[0]["role"] == "assistant"
    return side[0]["content"] if bare and isinstance(side[0]["content"], str) else "" if not side else None
