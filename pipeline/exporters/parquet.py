"""Parquet: the same rows as JSON Lines, typed, and a column a question; free-form parts are JSON text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.exporters.base import Contents, Row, columns_for, exporters, verdict_of, written
from pipeline.knobs import knob

TEXT = pa.string()
COMMON = [(name, TEXT) for name in ("id", "text", "fields", "meta", "split", "status", "parent")]
ANSWER = pa.struct(
    [("annotator", TEXT), ("question", TEXT), ("state", TEXT), ("value", TEXT), ("created_at", TEXT), ("comment", TEXT),
     ("reason", TEXT), ("flagged", pa.bool_()), ("simulated", pa.bool_())]
)  # fmt: skip
SUGGESTION = pa.struct([("source", TEXT), ("question", TEXT), ("value", TEXT), ("score", pa.float64())])
OPEN = pa.schema([*COMMON, ("annotations", pa.list_(ANSWER)), ("suggestions", pa.list_(SUGGESTION))])
FROZEN = pa.schema([*COMMON, ("label", TEXT), ("annotators", pa.list_(TEXT)), ("simulated", pa.bool_())])
DISPUTED = "records whose annotators disagree: the column of the question has the answer of most"
ANSWERS = pa.field("answers", TEXT)


@exporters.register
@dataclass(frozen=True, slots=True)
class Parquet:
    """Parquet, one row a record with all its answers, and the answer of most to each question in a column of its own.
    What has no fixed shape (meta, fields, answers that are no single text) is JSON text."""

    name: ClassVar[str] = "parquet"
    suffix: ClassVar[str] = ".parquet"

    compression: str = knob("zstd", "How the columns are compressed.", choices=("zstd", "snappy", "none"))

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        schema = FROZEN.append(ANSWERS) if contents.frozen and contents.questions else FROZEN
        schema = schema if contents.frozen else OPEN
        heads = columns_for(contents.questions, schema.names)
        for name in heads.values():
            schema = schema.append(pa.field(name, TEXT))
        lost: Counter[str] = Counter()
        with pq.ParquetWriter(out, schema, compression=self.compression) as writer:
            for part in contents.tables(True) if contents.tables else ():
                writer.write_table(_quickly(part, heads, schema, lost))
            for batch in () if contents.tables else contents.batches:
                writer.write_table(pa.Table.from_pylist([_plain(row, heads, lost) for row in batch], schema=schema))
        return {reason: n for reason, n in lost.items() if n}


def _quickly(part: pa.Table, heads: Mapping[str, str], schema: pa.Schema, lost: Counter[str]) -> pa.Table:
    """As `_plain`, from columns."""
    if "disputed" in part.column_names:
        lost[DISPUTED] += pc.sum(part["disputed"]).as_py() or 0
    found = {name: part[name] for name in schema.names if name not in heads.values()}
    found["fields"] = pc.if_else(pc.equal(part["fields"], "{}"), None, part["fields"])
    found |= {column: part[f"answer {number}"] for number, column in enumerate(heads.values())}
    return pa.table([found[name].cast(schema.field(name).type) for name in schema.names], schema=schema)


def _plain(row: Row, heads: Mapping[str, str], lost: Counter[str]) -> Row:
    found = {**row, "meta": written(row["meta"]), "fields": written(row["fields"]) if row.get("fields") else None}
    for part in ("annotations", "suggestions"):
        if part in row:
            found[part] = [{**answer, "value": written(answer["value"])} for answer in row[part]]
    answers: Mapping[str, Any] = row.get("answers", {})
    if "answers" in row:
        found["answers"] = written(answers)
    for question, column in heads.items():
        if "annotations" in row:
            answer, disputed = verdict_of(row["annotations"], question)
            lost[DISPUTED] += disputed
        else:
            answer = answers.get(question)
        found[column] = written(answer)
    return found
