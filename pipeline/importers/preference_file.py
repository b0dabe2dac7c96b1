"""Two completions of one prompt, one of them preferred, as TRL takes them: {"prompt", "chosen", "rejected"}."""

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

USED = ("prompt", "chosen", "rejected", "tools")


@importers.register
@dataclass(frozen=True, slots=True)
class Preference:
    """Pairs of completions, one chosen and one rejected, as JSON lines, a JSON list or Parquet. They become the fields
    a and b, and the choice a ranking. A prompt that only stands at the beginning of both is cut off them."""

    name: ClassVar[str] = "preference"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        return training_rows.claim(source, _fits, USED)

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        yield from training_rows.parse(source, _record)


def _fits(row: Row) -> bool:
    chosen, rejected = row.get("chosen"), row.get("rejected")
    both = training_rows.is_side(chosen) and training_rows.is_side(rejected)
    return both and isinstance(chosen, str) == isinstance(rejected, str) and "instruction" not in row


def _record(line: int, row: Row) -> Found:
    found = training_rows.record(line, row, USED)
    chosen, rejected = training_rows.side(row, "chosen"), training_rows.side(row, "rejected")
    if isinstance(chosen, str) != isinstance(rejected, str):
        raise RowRefused("rejected", "One of the two completions is a text and the other a conversation.")
    prompt: Any
    if row.get("prompt") is None:
        cut = shared(chosen, rejected)
        prompt, chosen, rejected = chosen[:cut], chosen[cut:], rejected[cut:]
    else:
        prompt = training_rows.side(row, "prompt")
    training_rows.show(found, prompt)
    training_rows.preferred(found, chosen, rejected)
    if row.get("tools") is not None:
        found.fields["tools"] = row["tools"]
    return found


def shared(one: Any, other: Any) -> int:
    """How far two completions begin alike: their prompt, as TRL's extract_prompt cuts it. Its last space stays with
    the completions, and of two that are alike the last turn, or character."""
    least = min(len(one), len(other))
    cut = next((at for at in range(least) if one[at] != other[at]), None)
    if cut is None:
        return max(0, least - 1)
    return cut - 1 if cut and one[cut - 1] == " " else cut
