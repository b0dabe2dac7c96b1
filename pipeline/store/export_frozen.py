"""The rows of a frozen version as they leave, from its Parquet files: as lines of JSON, as columns, and as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain import SPLITS
from pipeline.store.database import Cursor, Store

SIZE = 32_768  # rows a part
TOLD = """
CASE json_type(answers, ${at}) WHEN 'VARCHAR' THEN json_extract_string(answers, ${at}) WHEN 'NULL' THEN NULL
  ELSE json_extract(answers, ${at})::VARCHAR END AS "answer {number}"
"""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The files of a version, and the questions whose answers its rows hold; none where a label is all they hold.
    `simulated` are the annotators whose answers a program made up."""

    store: Store
    folder: Path
    questions: tuple[str, ...]
    simulated: frozenset[str]

    def lines(self) -> Iterator[pa.ChunkedArray]:
        """The rows in the order of the files, each as one line of JSON and its end: of pipeline.exporters.Contents."""
        answers = """', "answers": ', answers, """ if self.questions else ""
        for part in self._parts(f"SELECT {_LINE.format(answers=answers)} AS line FROM _frozen"):
            yield part["line"]

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """The same rows as rows of pipeline.exporters.Contents."""
        for part in self.lines():
            for start in range(0, len(part), 8192):
                yield [json.loads(line) for line in part[start : start + 8192].to_pylist()]

    def tables(self, lists: bool) -> Iterator[pa.Table]:  # noqa: ARG002 - a version has no lists to leave out
        """The rows as columns: id, text, fields and meta (JSON text), split, status, parent, label, annotators, names
        (of them, as one text), simulated (null where none was), answers (JSON text, if there are any), and the columns
        `answer 0` and so on, the answer to each question as text; where a label is all there is, the label."""
        told = [TOLD.format(at=f"q{number}", number=number) for number in range(len(self.questions))]
        columns = ", ".join([_COLUMNS, *(["answers", *told] if told else ['label AS "answer 0"'])])
        return self._parts(f"SELECT {columns} FROM _frozen")

    def _parts(self, sql: str) -> Iterator[pa.Table]:
        given: dict[str, Any] = {f"q{number}": _pointer(name) for number, name in enumerate(self.questions)}
        given["simulated"] = sorted(self.simulated)
        given = {name: value for name, value in given.items() if f"${name}" in sql}
        for split in SPLITS:
            file = self.folder / f"{split}.parquet"
            above = _above(file)
            with pq.ParquetFile(file) as opened:
                for batch in opened.iter_batches(SIZE):
                    with closing(self.store.cursor()) as cursor:
                        yield _asked(cursor, _with_parents(pa.table(batch), above), sql, given)


def _asked(cursor: Cursor, rows: pa.Table, sql: str, given: dict[str, Any]) -> pa.Table:
    cursor.register("_frozen", rows)
    return cursor.sql(sql, params=given).to_arrow_table()


def _above(file: Path) -> pa.Table:
    """The numbers and external ids of the records that others of the same file were made from: children are where
    parents are."""
    ids = pq.read_table(file, columns=["id", "external_id", "parent_id"])
    return ids.filter(pc.is_in(ids["id"], ids["parent_id"].drop_null().unique())).combine_chunks()


def _with_parents(rows: pa.Table, above: pa.Table) -> pa.Table:
    """The rows with the column parent, an external id, and with fields where they had none."""
    places = pc.index_in(rows["parent_id"], above["id"])
    found = rows.append_column("parent", above["external_id"].take(places))
    if "fields" in found.column_names:
        return found
    return found.append_column("fields", pa.nulls(len(found), pa.string()))


def _pointer(question: str) -> str:
    return "/" + question.replace("~", "~0").replace("/", "~1")


_MADE = "list_has_any(annotators, $simulated::VARCHAR[])"
_COLUMNS = f"""
external_id AS id, text, fields, meta, split, 'active' AS status, parent, label, annotators,
CASE WHEN {_MADE} THEN true END AS simulated,
concat(array_to_string(annotators, '; '), CASE WHEN {_MADE} THEN ' (simulated)' END) AS names
"""
_LINE = """
concat('{{"id": ', to_json(external_id), ', "text": ', to_json(text),
  CASE WHEN fields <> '{{}}' THEN ', "fields": ' || replace(fields, chr(10), ' ') END,
  ', "meta": ', replace(meta, chr(10), ' '), ', "split": ', to_json(split), ', "status": "active", "parent": ',
  coalesce(to_json(parent), 'null'), ', "label": ', coalesce(to_json(label), 'null'), {answers}', "annotators": ',
  to_json(annotators), CASE WHEN list_has_any(annotators, $simulated::VARCHAR[]) THEN ', "simulated": true' END,
  '}}' || chr(10))
"""
