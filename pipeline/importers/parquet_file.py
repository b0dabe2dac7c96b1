"""Parquet: one row a record. The number of a row takes the place of a line number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.importers.base import BATCH, Batch, importers
from pipeline.importers.source import FileRefused, Source

MAGIC = b"PAR1"


@importers.register
@dataclass(frozen=True, slots=True)
class Parquet:
    """An Apache Parquet file, as pandas, DuckDB and Hugging Face datasets write it."""

    name: ClassVar[str] = "parquet"
    extensions: ClassVar[tuple[str, ...]] = ("parquet", "pq")

    def claims(self, source: Source) -> float:
        return 1.0 if source.head[:4] == MAGIC else 0.0

    def read(self, source: Source) -> Iterator[Batch]:
        row = 0
        with _opened(source) as file:
            try:
                for rows in file.iter_batches(BATCH):
                    yield _batch(rows, row)
                    row += rows.num_rows
            except (pa.ArrowException, OSError) as error:
                raise _damaged(source, f"row {row + 1}", error) from error

    def total(self, source: Source) -> int:
        with _opened(source) as file:
            return int(file.metadata.num_rows)


def _opened(source: Source) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(source.path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(source, "its footer", error) from error
    names = file.schema_arrow.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileRefused(f"{source.name} has more than one column named '{twice}'. Rename or remove the others.")
    return file


def _batch(rows: pa.RecordBatch, before: int) -> Batch:
    names = rows.schema.names
    columns = [_column(rows.column(place)) for place in range(len(names))]
    batch = Batch()
    for offset in range(rows.num_rows):
        row = {name: column[offset] for name, column in zip(names, columns, strict=True)}
        broken = next((name for name, value in row.items() if isinstance(value, _Broken)), None)
        if broken is None:
            batch.take(before + offset + 1, row)
        else:
            batch.reject(before + offset + 1, broken, "The text holds bytes that are not UTF-8.")
    return batch


class _Broken:
    """Stands for a text whose bytes are not UTF-8."""


def _column(array: pa.Array) -> list[Any]:
    """The values as Python has them. A text column may hold bytes that are no text, and bytes may be a text."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        try:
            return array.to_pylist()
        except UnicodeDecodeError:
            raw = array.view(pa.binary() if pa.types.is_string(array.type) else pa.large_binary())
            return [_text(value, _Broken()) for value in raw.to_pylist()]
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return [_text(value, value) for value in array.to_pylist()]
    try:
        return array.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):  # a text deep inside, or a date that Python cannot hold
        return [_one(array, place) for place in range(len(array))]


def _one(array: pa.Array, place: int) -> Any:
    try:
        return array[place].as_py()
    except (UnicodeDecodeError, ValueError, OverflowError):
        return _Broken()


def _text(value: bytes | None, otherwise: Any) -> Any:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return otherwise


def _damaged(source: Source, where: str, error: Exception) -> FileRefused:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]
    return FileRefused(f"{source.name} is damaged: its Parquet data breaks off at {where} ({reason}). Copy it again.")
