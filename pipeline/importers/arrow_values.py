"""Rows of Arrow data, in Parquet files and in Arrow's own: what the importers of both share.

Hugging Face `datasets` writes labels as numbers, and their names into the schema's metadata: the rows have the names.
The number of a row takes the place of a line number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain import split_named
from pipeline.importers.base import BATCH, Batch
from pipeline.importers.source import FileRefused, Source

PARQUET = b"PAR1"
ARROW_FILE, ARROW_STREAM = b"ARROW1", b"\xff\xff\xff\xff"
_SHARD = re.compile(r"(?:data|(?P<split>\w+))-\d{5}-of-\d{5}(?:-[0-9a-f]+)?\.(?:arrow|parquet)")
_LISTS = ("Sequence", "List", "LargeList")

Names = Mapping[str, Sequence[str]]  # of a column of labels: the name of each number


def is_parquet(source: Source) -> bool:
    return source.head[:4] == PARQUET


def is_arrow(source: Source) -> bool:
    return source.head.startswith((ARROW_FILE, ARROW_STREAM))


def table_rows(source: Source, size: int = BATCH) -> Iterator[Batch] | None:
    """The rows of a Parquet or an Arrow file in batches of `size`; None if it is neither."""
    if is_parquet(source):
        return parquet_rows(source, size)
    return arrow_rows(source, size) if is_arrow(source) else None


def parquet_rows(source: Source, size: int = BATCH) -> Iterator[Batch]:
    """The rows of a Parquet file in batches of `size`. Raises FileRefused if it is damaged."""
    row = 0
    with opened(source) as file:
        names = label_names(file.schema_arrow)
        try:
            for rows in file.iter_batches(size):
                yield batch_of(rows, row, names)
                row += rows.num_rows
        except (pa.ArrowException, OSError) as error:
            raise damaged(source, "Parquet", f"row {row + 1}", error) from error


def opened(source: Source) -> pq.ParquetFile:
    """The Parquet file, for its footer. Raises FileRefused."""
    try:
        file = pq.ParquetFile(source.path)
    except (pa.ArrowException, OSError) as error:
        raise damaged(source, "Parquet", "its footer", error) from error
    _check_columns(source, file.schema_arrow)
    return file


def arrow_rows(source: Source, size: int = BATCH) -> Iterator[Batch]:
    """The rows of an Arrow file, or of a stream as `datasets` saves it. Raises FileRefused if it is damaged."""
    row = 0
    try:
        with pa.OSFile(str(source.path)) as file:
            for part in _parts(source, file):
                part.validate(full=True)  # a damaged offset would be read where no memory is
                names = label_names(part.schema)
                for start in range(0, part.num_rows, size):
                    yield batch_of(part.slice(start, size), row + start, names)
                row += part.num_rows
    except (pa.ArrowException, OSError) as error:
        raise damaged(source, "Arrow", f"row {row + 1}", error) from error


def batch_of(rows: pa.RecordBatch, before: int, names: Names) -> Batch:
    """The rows as values of Python; `before` rows stand in front of them."""
    columns = [_column(rows.column(place)) for place in range(rows.num_columns)]
    for place, name in enumerate(rows.schema.names):
        if name in names:
            columns[place] = [_named(value, names[name]) for value in columns[place]]
    batch = Batch()
    for offset in range(rows.num_rows):
        row = {name: column[offset] for name, column in zip(rows.schema.names, columns, strict=True)}
        broken = next((name for name, value in row.items() if isinstance(value, _Broken)), None)
        if broken is None:
            batch.take(before + offset + 1, row)
        else:
            batch.reject(before + offset + 1, broken, "The text holds bytes that are not UTF-8.")
    return batch


def with_split(batches: Iterator[Batch], source: Source) -> Iterator[Batch]:
    """The same rows with the split of the file, if its name says one, as a column."""
    split = split_of(source)
    for batch in batches:
        for row in batch.rows if split else ():
            row.setdefault("split", split)
        yield batch


def split_of(source: Source) -> str | None:
    """The split that `datasets` writes into the name of a file or of its folder."""
    shard = _SHARD.fullmatch(source.name)
    return split_named(shard["split"] or source.path.parent.name) if shard else None


def label_names(schema: pa.Schema) -> Names:
    """The names of the labels by column, as `datasets` notes them: of a ClassLabel, or of a list of them."""
    try:
        noted = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = noted["info"]["features"]
        return {str(column): names for column, plain in features.items() if (names := _class_names(plain))}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):  # somebody else's note
        return {}


def _class_names(plain: Any) -> list[str] | None:
    if isinstance(plain, list) and len(plain) == 1:
        plain = plain[0]
    elif isinstance(plain, dict) and plain.get("_type") in _LISTS:
        plain = plain.get("feature")
    names = plain.get("names") if isinstance(plain, dict) and plain.get("_type") == "ClassLabel" else None
    return names if isinstance(names, list) and all(isinstance(one, str) for one in names) else None


def _named(value: Any, names: Sequence[str]) -> Any:
    """The name of a label's number; -1 is how `datasets` writes that there is no label."""
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return None if value == -1 else names[value] if 0 <= value < len(names) else value


def _parts(source: Source, file: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    if source.head.startswith(ARROW_FILE):
        reader = pa.ipc.open_file(file)
        _check_columns(source, reader.schema)
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        stream = pa.ipc.open_stream(file)
        _check_columns(source, stream.schema)
        yield from stream


def _check_columns(source: Source, schema: pa.Schema) -> None:
    names = schema.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileRefused(f"{source.name} has more than one column named '{twice}'. Rename or remove the others.")


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


def damaged(source: Source, what: str, where: str, error: Exception) -> FileRefused:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")[:200]
    return FileRefused(f"{source.name} is damaged: its {what} data breaks off at {where} ({reason}). Copy it again.")
