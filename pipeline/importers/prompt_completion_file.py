"""Prompts and their completions, as TRL takes them: {"prompt", "completion"}, both texts or both lists of turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Rejection
from pipeline.importers import training_rows
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found
from pipeline.importers.source import Source
from pipeline.importers.training_rows import Row, RowRefused

USED = ("prompt", "completion", "tools")


@importers.register
@dataclass(frozen=True, slots=True)
class PromptCompletion:
    """Prompts and completions to train on, as JSON lines, a JSON list or Parquet. A completion becomes the answer to
    its prompt; where both are turns of a conversation, the whole becomes one."""

    name: ClassVar[str] = "prompt_completion"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        return training_rows.claim(source, _fits, USED)

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        yield from training_rows.parse(source, _record)


def _fits(row: Row) -> bool:
    prompt, completion = row.get("prompt"), row.get("completion")
    both = training_rows.is_side(prompt) and training_rows.is_side(completion)
    return both and isinstance(prompt, str) == isinstance(completion, str) and not isinstance(row.get("label"), bool)


def _record(line: int, row: Row) -> Found:
    found = training_rows.record(line, row, USED)
    prompt, completion = training_rows.side(row, "prompt"), training_rows.side(row, "completion")
    training_rows.show(found, prompt)
    if isinstance(prompt, list) and isinstance(completion, list):
        if completion:
            training_rows.chat(found, [*prompt, *completion])
    elif isinstance(completion, str):
        training_rows.written(found, completion)
    else:
        raise RowRefused("completion", "The prompt is a text and the completion a conversation. Make both of one kind.")
    if row.get("tools") is not None:
        found.fields["tools"] = row["tools"]
    return found
