"""Parquet: one row a record. The number of a row takes the place of a line number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import arrow_values
from pipeline.importers.base import Batch, importers
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
from pipeline.importers.source import Source


@importers.register
@dataclass(frozen=True, slots=True)
class Parquet:
    """An Apache Parquet file, as pandas, DuckDB and Hugging Face datasets write it."""

    name: ClassVar[str] = "parquet"
    extensions: ClassVar[tuple[str, ...]] = ("parquet", "pq")

    def claims(self, source: Source) -> float:
        return 1.0 if arrow_values.is_parquet(source) else 0.0

    def read(self, source: Source) -> Iterator[Batch]:
        return arrow_values.with_split(arrow_values.parquet_rows(source), source)

    def blocks(self, source: Source, columns: Columns) -> Iterator[Block | Batch]:
        """The rows in blocks, quickly; for a large file."""
        from pipeline.importers.quick import parquet

        return parquet.read(source, columns)

    def total(self, source: Source) -> int:
        with arrow_values.opened(source) as file:
            return int(file.metadata.num_rows)
