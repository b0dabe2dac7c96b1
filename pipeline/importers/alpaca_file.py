"""Instructions as Alpaca and LLaMA-Factory have them: {"instruction", "input", "output", "system", "history"}.

A pair of outputs may stand in place of one, as `chosen` and `rejected`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import training_rows
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found
from pipeline.importers.source import Source
from pipeline.importers.training_rows import Row, RowRefused

USED = ("instruction", "input", "output", "system", "history", "chosen", "rejected")


@importers.register
@dataclass(frozen=True, slots=True)
class Alpaca:
    """Instructions with an input and an output, as a JSON list, JSON lines or Parquet. Instruction and input, a line
    each, become the text, the output its answer; `chosen` and `rejected` become the fields a and b, and a ranking."""

    name: ClassVar[str] = "alpaca"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        return training_rows.claim(source, _fits, USED)

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        yield from training_rows.parse(source, _record)


def _fits(row: Row) -> bool:
    pair = isinstance(row.get("chosen"), str) and isinstance(row.get("rejected"), str)
    return isinstance(row.get("instruction"), str) and (pair or isinstance(row.get("output"), str))


def _record(line: int, row: Row) -> Found:
    found = training_rows.record(line, row, USED)
    told, given, system = (_text(row, name) for name in ("instruction", "input", "system"))
    found.text = f"{told}\n{given}" if told and given else told or given
    found.fields |= {name: text for name, text in (("input", given), ("system", system)) if text}
    history = row.get("history")
    if history:
        found.fields["history"] = _history(history)
    if row.get("chosen") is not None and row.get("rejected") is not None:
        training_rows.preferred(found, _text(row, "chosen"), _text(row, "rejected"))
        if row.get("output"):
            found.meta["output"] = row["output"]
    else:
        training_rows.written(found, _text(row, "output"))
    return found


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise RowRefused(name, "The value is not a text.")
    return value or ""


def _history(value: Any) -> list[dict[str, str]]:
    """The turns before the instruction, of pairs of what was asked and what was answered."""
    pairs = value if isinstance(value, list) else [value]
    if any(not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(x, str) for x in pair) for pair in pairs):
        raise RowRefused("history", "The value is not a list of pairs of texts: what was asked, and what was answered.")
    roles = ("user", "assistant")
    return [{"role": role, "content": text} for pair in pairs for role, text in zip(roles, pair, strict=True)]
