"""Conversations as TRL and the makers of chat models take them: {"messages": [{"role", "content"}, …]}."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Rejection
from pipeline.importers import training_rows
from pipeline.importers.base import importers
from pipeline.importers.conversation import is_conversation
from pipeline.importers.foreign import Found
from pipeline.importers.source import Source
from pipeline.importers.training_rows import Row

USED = ("messages", "tools")


@importers.register
@dataclass(frozen=True, slots=True)
class Messages:
    """Conversations to train a chat model on (`messages`, with `tools`), as JSON lines, a JSON list or Parquet. Each
    conversation as it is becomes the answer to how it should read."""

    name: ClassVar[str] = "messages"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        return training_rows.claim(source, _fits, USED)

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        yield from training_rows.parse(source, _record)


def _fits(row: Row) -> bool:
    value = row.get("messages")
    return is_conversation(value) and all("role" in turn for turn in value)  # type: ignore[union-attr]  # then a list


def _record(line: int, row: Row) -> Found:
    found = training_rows.record(line, row, USED)
    turns = training_rows.turns(row, "messages")
    training_rows.chat(found, turns)
    if row.get("tools") is not None:
        found.fields["tools"] = row["tools"]
    return found
