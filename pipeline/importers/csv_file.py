"""CSV: one row a record, the first line names the columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import delimited
from pipeline.importers.base import Batch, importers
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
from pipeline.importers.source import Source


@importers.register
@dataclass(frozen=True, slots=True)
class Csv:
    """A table with cells between commas, semicolons, tabs or bars: found out by what splits its rows most evenly."""

    name: ClassVar[str] = "csv"
    extensions: ClassVar[tuple[str, ...]] = ("csv",)

    def claims(self, source: Source) -> float:
        if not source.encoding or delimited.is_json(source):
            return 0.0
        _, width, share = delimited.sniff(source)
        return 0.65 if width > 1 and share >= 0.95 and delimited.has_known_header(source) else 0.1

    def read(self, source: Source) -> Iterator[Batch]:
        return delimited.read(source, delimited.sniff(source)[0])

    def blocks(self, source: Source, columns: Columns) -> Iterator[Block | Batch]:
        """The rows in blocks, quickly; for a large file in UTF-8."""
        from pipeline.importers.quick import tables

        return tables.read(source, columns, delimited.sniff(source)[0])

    def total(self, source: Source) -> int:
        return source.line_count
