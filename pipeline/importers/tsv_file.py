"""TSV: one row a record, cells between tabs, the first line names the columns."""

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
class Tsv:
    """A table with cells between tabs. A file of this name that has no tab in its first line is read as CSV."""

    name: ClassVar[str] = "tsv"
    extensions: ClassVar[tuple[str, ...]] = ("tsv", "tab")

    def claims(self, source: Source) -> float:
        if not source.encoding or delimited.is_json(source):
            return 0.0
        delimiter, width, share = delimited.sniff(source)
        even = width > 1 and share >= 0.95 and delimiter == "\t"
        return 0.7 if even and delimited.has_known_header(source) else 0.1

    def read(self, source: Source) -> Iterator[Batch]:
        return delimited.read(source, _delimiter(source))

    def blocks(self, source: Source, columns: Columns) -> Iterator[Block | Batch]:
        """The rows in blocks, quickly; for a large file in UTF-8."""
        from pipeline.importers.quick import tables

        return tables.read(source, columns, _delimiter(source))

    def total(self, source: Source) -> int:
        return source.line_count


def _delimiter(source: Source) -> str:
    first = source.beginning().lstrip("\r\n").partition("\n")[0]
    return "\t" if "\t" in first else delimited.sniff(source)[0]
