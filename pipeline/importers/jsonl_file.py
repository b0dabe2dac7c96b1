"""JSON lines: one object a line, one a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import json_values
from pipeline.importers.base import Batch, importers
from pipeline.importers.source import Source


@importers.register
@dataclass(frozen=True, slots=True)
class Jsonl:
    """One JSON object a line. A JSON list under this name is read too."""

    name: ClassVar[str] = "jsonl"
    extensions: ClassVar[tuple[str, ...]] = ("jsonl", "ndjson", "jsonlines")

    def claims(self, source: Source) -> float:
        return {"lines": 0.9, "document": 0.6, "": 0.0}[json_values.shape(source)]

    def read(self, source: Source) -> Iterator[Batch]:
        return json_values.read(source)

    def total(self, source: Source) -> int:
        return 0 if json_values.shape(source) == "document" else source.line_count
