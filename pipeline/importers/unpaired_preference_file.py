"""Single completions, good or not, as TRL's KTO takes them: {"prompt", "completion", "label": true or false}."""

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

USED = ("prompt", "completion", "label", "tools")


@importers.register
@dataclass(frozen=True, slots=True)
class UnpairedPreference:
    """Completions with a word on whether each is good, as JSON lines, a JSON list or Parquet. The word becomes a mark,
    1 or 0, on the field `completion`."""

    name: ClassVar[str] = "unpaired_preference"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        return training_rows.claim(source, _fits, USED)

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        yield from training_rows.parse(source, _record)


def _fits(row: Row) -> bool:
    return isinstance(row.get("label"), bool) and training_rows.is_side(row.get("completion"))


def _record(line: int, row: Row) -> Found:
    found = training_rows.record(line, row, USED)
    if not isinstance(row.get("label"), bool):
        raise RowRefused("label", "The label is neither true nor false.")
    completion = training_rows.side(row, "completion")
    if row.get("prompt") is not None:
        training_rows.show(found, training_rows.side(row, "prompt"))
    elif isinstance(completion, list):
        training_rows.show(found, completion[:-1])
        completion = completion[-1:]
    else:
        training_rows.show(found, "")
    training_rows.rated(found, completion, good=row["label"])
    if row.get("tools") is not None:
        found.fields["tools"] = row["tools"]
    return found
