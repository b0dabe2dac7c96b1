"""Conversations as ShareGPT and LLaMA-Factory have them: {"conversations": [{"from", "value"}, …]}, a line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters import training_rows
from pipeline.exporters.base import Contents, exporters
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP
from pipeline.exporters.training_rows import Example, Turn
from pipeline.knobs import knob

NAMES = {"user": "human", "assistant": "gpt", "tool": "observation"}


@exporters.register
@dataclass(frozen=True, slots=True)
class ShareGpt:
    """Conversations of human and gpt, as LLaMA-Factory and other trainers take them: a line for each conversation and
    each written text; a ranking gives a conversation with `chosen` and `rejected` beside it."""

    name: ClassVar[str] = "sharegpt"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    system: str = knob("", training_rows.SYSTEM_HELP, multiline=True)
    rows: bool = knob(True, training_rows.ROWS_HELP)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        kinds = ("chat", "text", "ranking")
        return training_rows.write(contents, out, self._lines, kinds, people=self.people, rows=self.rows)

    def _lines(self, one: Example) -> list[dict[str, Any]]:
        whole = training_rows.turns(one.prompt, "user")
        pair: dict[str, Any] = {}
        if one.kind == "ranking":
            best, worst = (training_rows.turns(side, "assistant") for side in (one.completion, one.rejected))
            if len(best) != 1 or len(worst) != 1:
                return []  # the format has room for one turn each
            pair = {"chosen": _turn(best[0]), "rejected": _turn(worst[0])}
        else:
            whole += training_rows.turns(one.completion, "assistant")
        whole = training_rows.with_system(whole, self.system)
        system = whole.pop(0)["content"] if whole and whole[0]["role"] == "system" else ""
        return [{"conversations": [_turn(turn) for turn in whole], **({"system": system} if system else {}), **pair,
                 **training_rows.tools_of(one)}]  # fmt: skip


def _turn(turn: Turn) -> dict[str, Any]:
    calls = turn.get("tool_calls")
    if calls and not turn.get("content"):
        named = [call.get("function", call) if isinstance(call, Mapping) else call for call in calls]
        return {
            "from": "function_call",
            "value": json.dumps(named[0] if len(named) == 1 else named, ensure_ascii=False),
        }
    rest = {key: value for key, value in turn.items() if key not in ("role", "content")}
    content = turn.get("content")
    return {"from": NAMES.get(turn["role"], turn["role"]), "value": "" if content is None else content, **rest}
