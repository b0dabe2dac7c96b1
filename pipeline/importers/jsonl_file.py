"""JSON lines: one object a line, one a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import json_values
from pipeline.importers.base import Batch, importers
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
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

    def blocks(self, source: Source, columns: Columns) -> Iterator[Block | Batch]:
        """The rows in blocks, quickly; for a large file in UTF-8."""
        from pipeline.importers.quick import lines

        if json_values.shape(source) == "document":
            return json_values.read_document(source)
        return lines.of_json(source, columns, json_values.read_line, json_values.read_lines)

    def total(self, source: Source) -> int:
        return 0 if json_values.shape(source) == "document" else source.line_count
