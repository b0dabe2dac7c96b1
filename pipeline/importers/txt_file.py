"""TXT: one line a record. Blank lines separate nothing and are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import delimited
from pipeline.importers.base import BATCH, Batch, importers
from pipeline.importers.columns import Columns
from pipeline.importers.encoding import BROKEN
from pipeline.importers.quick.block import Block
from pipeline.importers.source import Source, too_long, undecodable


@importers.register
@dataclass(frozen=True, slots=True)
class Txt:
    """Plain text: each line that is not blank is a record, in the column `text`."""

    name: ClassVar[str] = "txt"
    extensions: ClassVar[tuple[str, ...]] = ("txt", "text")

    def claims(self, source: Source) -> float:
        if not source.encoding or delimited.is_json(source):
            return 0.0
        return 0.5

    def read(self, source: Source) -> Iterator[Batch]:
        batch = Batch()
        for number, line in source.lines():
            _take(batch, number, line, source)
            if len(batch) >= BATCH:
                yield batch
                batch = Batch()
        yield batch

    def total(self, source: Source) -> int:
        return source.line_count

    def blocks(self, source: Source, columns: Columns) -> Iterator[Block | Batch]:
        """The rows in blocks, quickly; for a large file in UTF-8."""
        from pipeline.importers.quick import lines

        return lines.of_text(source, columns, _take, self.read)


def _take(batch: Batch, number: int, line: str | None, source: Source) -> None:
    if line is None or len(line) >= source.limits.line + 2:
        batch.reject(number, "text", too_long(source))
    elif BROKEN in line:
        batch.reject(number, "text", undecodable(source))
    elif line.strip():
        batch.take(number, {"text": line.rstrip("\r\n")})
