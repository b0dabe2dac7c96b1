"""Conversations as ShareGPT and LLaMA-Factory have them: {"conversations": [{"from", "value"}, …], "system", "tools"}.

A pair of last turns may stand beside them as `chosen` and `rejected`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import training_rows
from pipeline.importers.base import importers
from pipeline.importers.conversation import is_conversation
from pipeline.importers.foreign import Found
from pipeline.importers.source import Source
from pipeline.importers.training_rows import Row, RowRefused

USED = ("conversations", "system", "tools", "chosen", "rejected")
KEYS = {"from", "value"}


@importers.register
@dataclass(frozen=True, slots=True)
class ShareGpt:
    """Conversations of human and gpt, as JSON lines, a JSON list or Parquet. Each as it is becomes the answer to how it
    should read; `chosen` and `rejected` become the fields a and b, and the choice a ranking."""

    name: ClassVar[str] = "sharegpt"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        return training_rows.claim(source, _fits, USED)

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        yield from training_rows.parse(source, _record)


def _fits(row: Row) -> bool:
    value = row.get("conversations")
    return is_conversation(value) and all("from" in turn for turn in value)  # type: ignore[union-attr]  # then a list


def _record(line: int, row: Row) -> Found:
    found = training_rows.record(line, row, USED)
    whole = [_turn(turn) for turn in training_rows.turns(row, "conversations")]
    system = row.get("system")
    if system:
        if not isinstance(system, str):
            raise RowRefused("system", "The value is not a text.")
        whole = [{"role": "system", "content": system}, *whole]
    if row.get("tools"):
        found.fields["tools"] = row["tools"]
    if row.get("chosen") is not None and row.get("rejected") is not None:
        training_rows.show(found, whole)
        training_rows.preferred(found, _last(row, "chosen"), _last(row, "rejected"))
    else:
        training_rows.chat(found, whole)
    return found


def _last(row: Row, name: str) -> Any:
    """The turn that would be the last, in a list of its own."""
    value = row[name]
    if isinstance(value, str):
        return value
    turn = {name: [value] if isinstance(value, dict) else value}
    return [_turn(one) for one in training_rows.turns(turn, name)]


def _turn(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn with the roles of chat models. A call of a function that reads as one becomes a call of a tool; one that
    does not stays as it is."""
    if turn["role"] == "observation":
        return {**turn, "role": "tool"}
    calls = _calls(turn.get("content")) if turn["role"] == "function_call" else []
    if not calls:
        return turn
    return {
        **turn,
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": c} for c in calls],
    }


def _calls(content: Any) -> list[Any]:
    try:
        value = json.loads(content)
    except (ValueError, TypeError, RecursionError):
        return []
    calls = value if isinstance(value, list) else [value]
    right = all(isinstance(one, dict) and one.keys() == {"name", "arguments"} for one in calls)
    return calls if right else []
