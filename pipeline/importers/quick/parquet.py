"""Parquet, block by block: texts, numbers and truth values stay columns. Files that hold more are read row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.importers import arrow_values
from pipeline.importers.base import Batch
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
from pipeline.importers.quick.column_kernel import mark_odd, quoted
from pipeline.importers.quick.compiled import Array
from pipeline.importers.quick.seen import buffers
from pipeline.importers.quick.window import ROWS, SIZE
from pipeline.importers.source import Source

FEWEST = 1000  # rows that are read at once, however long they are


def read(source: Source, columns: Columns) -> Iterator[Block | Batch]:
    """The file's rows. Raises FileRefused if it is damaged."""
    row, split = 0, arrow_values.split_of(source)
    with arrow_values.opened(source) as file:
        if not _is_plain(file.schema_arrow, columns):
            yield from arrow_values.with_split(arrow_values.parquet_rows(source), source)
            return
        names = arrow_values.label_names(file.schema_arrow)
        try:
            for rows in file.iter_batches(_rows_at_once(file)):
                with_split = rows
                if split and "split" not in rows.schema.names:
                    with_split = rows.append_column("split", pa.repeat(split, rows.num_rows))
                yield _block(with_split, row, columns, names)
                row += rows.num_rows
        except (pa.ArrowException, OSError) as error:
            raise arrow_values.damaged(source, "Parquet", f"row {row + 1}", error) from error


def _rows_at_once(file: pq.ParquetFile) -> int:
    groups = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
    rows = max(1, file.metadata.num_rows)
    return int(min(ROWS, max(FEWEST, SIZE * rows // max(1, sum(group.total_byte_size for group in groups)))))


def _is_plain(schema: pa.Schema, columns: Columns) -> bool:
    kinds = {name: schema.field(name).type for name in schema.names}
    id_kind = kinds.get(columns.id)
    return (
        all(_is_text(kind) or _is_number(kind) or pa.types.is_boolean(kind) for kind in kinds.values())
        and columns.text in kinds
        and _is_text(kinds[columns.text])
        and (id_kind is None or _is_text(id_kind) or pa.types.is_integer(id_kind))
    )


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)


def _block(rows: pa.RecordBatch, before: int, columns: Columns, names: arrow_values.Names) -> Block:
    count, odd = rows.num_rows, np.zeros(rows.num_rows, np.bool_)
    try:
        parts = {name: _column(rows.column(name), names.get(name), odd) for name in rows.schema.names}
    except pa.ArrowInvalid:  # a text that is no UTF-8: each row says which
        return Block(arrow_values.batch_of(rows, before, names), before + count)
    odd |= parts[columns.text].is_null().to_numpy(zero_copy_only=False)
    roles = {columns.text, columns.id, columns.label, columns.split}
    for name, part in parts.items():
        if pa.types.is_large_string(part.type):
            data, offsets = _padded(part)
            mark_odd(data, offsets, odd, name == columns.id)
    good = pa.array(np.flatnonzero(~odd))
    kept = {name: part.take(good) for name, part in parts.items()} if odd.any() else parts

    def again(row: int) -> dict[str, Any]:
        place = good[row].as_py()
        return arrow_values.batch_of(rows.slice(place, 1), before + place, names).rows[0]

    rest = Batch()
    for place in np.flatnonzero(odd).tolist():
        one = arrow_values.batch_of(rows.slice(place, 1), before + place, names)
        rest.rows += one.rows
        rest.lines += one.lines
        rest.rejections += one.rejections
    empty = pa.repeat(pa.scalar("", pa.large_string()), len(good))
    ids = pc.fill_null(kept[columns.id].cast(pa.large_string()), "") if columns.id in kept else empty
    metas = _metas({name: part for name, part in kept.items() if name not in roles}, len(good))
    return Block(
        rest, before + count, good.to_numpy() + before + 1, ids, kept[columns.text], metas,
        kept.get(columns.label), kept.get(columns.split), lambda value: value, again,
    )  # fmt: skip


def _column(part: pa.Array, names: Any, odd: Array) -> pa.Array:
    """Large strings, numbers or truth values. A label's number becomes its name; one that has none makes its row odd.
    Raises ArrowInvalid for a text that is no UTF-8."""
    if pa.types.is_dictionary(part.type):
        part = part.dictionary_decode()
    if pa.types.is_string(part.type) or pa.types.is_large_string(part.type):
        part.validate(full=True)
        return part.cast(pa.large_string())
    if names is None or not pa.types.is_integer(part.type):
        return part
    numbers = part.fill_null(-1).cast(pa.int64(), safe=False).to_numpy()
    odd |= (numbers < -1) | (numbers >= len(names))
    known = pa.array(np.clip(numbers, 0, len(names) - 1), mask=(numbers < 0) | (numbers >= len(names)))
    return pa.array(names, pa.large_string()).take(known)


def _padded(part: pa.Array) -> tuple[Array, Array]:
    """The bytes of a column of texts with room for two more, and where each text is in them; nulls are empty."""
    data, offsets = buffers(part)
    if len(data) < offsets[-1] + 2:
        data = np.concatenate([data, np.zeros(2, np.uint8)])
    return data, offsets


def _metas(parts: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """Of each row one object with the values of these columns."""
    if not parts:
        return pa.repeat(pa.scalar("{}", pa.large_string()), rows)
    joined: list[Any] = []
    for name, part in parts.items():
        joined.append(pa.scalar(("{" if not joined else ", ") + json.dumps(name, ensure_ascii=False) + ": ", _TEXT))
        joined.append(_as_json(part))
    return pc.binary_join_element_wise(*joined, pa.scalar("}", _TEXT), pa.scalar("", _TEXT))


def _as_json(part: pa.Array) -> pa.Array:
    if pa.types.is_large_string(part.type):
        data, offsets = buffers(part)
        valid = part.is_valid().to_numpy(zero_copy_only=False)
        # an escape has at most six bytes; a text has two marks, and null has four letters
        out = np.empty(6 * int(offsets[-1] - offsets[0]) + 4 * len(part) + 8, np.uint8)
        ends = np.zeros(len(part) + 1, np.int64)
        quoted(data, offsets, valid, out, ends)
        return pa.Array.from_buffers(_TEXT, len(part), [None, pa.py_buffer(ends), pa.py_buffer(out)])
    if pa.types.is_floating(part.type):
        part = part.cast(pa.float64())
        part = pc.if_else(pc.is_finite(part), part, None)
    return pc.fill_null(part.cast(_TEXT), "null")


_TEXT = pa.large_string()
