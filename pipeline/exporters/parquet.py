"""Parquet: the same rows as JSON Lines, typed; free-form parts are JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.exporters.base import Contents, Row, exporters
from pipeline.knobs import knob

TEXT = pa.string()
COMMON = [(name, TEXT) for name in ("id", "text", "fields", "meta", "split", "status", "parent")]
ANSWER = pa.struct(
    [("annotator", TEXT), ("question", TEXT), ("state", TEXT), ("value", TEXT), ("created_at", TEXT), ("comment", TEXT),
     ("simulated", pa.bool_())]
)  # fmt: skip
SUGGESTION = pa.struct([("source", TEXT), ("question", TEXT), ("value", TEXT), ("score", pa.float64())])
OPEN = pa.schema([*COMMON, ("annotations", pa.list_(ANSWER)), ("suggestions", pa.list_(SUGGESTION))])
FROZEN = pa.schema([*COMMON, ("label", TEXT), ("annotators", pa.list_(TEXT)), ("simulated", pa.bool_())])


@exporters.register
@dataclass(frozen=True, slots=True)
class Parquet:
    """Parquet, one row a record with all its answers. What has no fixed shape (meta, fields) is JSON text."""

    name: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"

    compression: str = knob("zstd", "How the columns are compressed.", choices=("zstd", "snappy", "none"))

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        schema = FROZEN if contents.frozen else OPEN
        with pq.ParquetWriter(out, schema, compression=self.compression) as writer:
            for batch in contents.batches:
                writer.write_table(pa.Table.from_pylist([_plain(row) for row in batch], schema=schema))
        return {}


def _plain(row: Row) -> Row:
    found = {**row, "meta": _text(row["meta"]), "fields": _text(row["fields"]) if row.get("fields") else None}
    for part in ("annotations", "suggestions"):
        if part in row:
            found[part] = [{**answer, "value": _text(answer["value"])} for answer in row[part]]
    return found


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
