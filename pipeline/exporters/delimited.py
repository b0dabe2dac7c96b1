"""Tables for a spreadsheet: one row a record, one column a question, and no cell that a spreadsheet would run: what
CSV, TSV and Excel share. Registers nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from pipeline.exporters.base import Contents, Row, columns_for, verdict_of, written

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones count where Chinese is written
OTHERS = ("id", "text", "annotators", "split", "status", "parent", "fields", "meta")
_SUSPECT = r"\A[=+\-@\t\r\n＝＋－＠]"  # begins as one of these
ESCAPED = "cells that begin like a formula, written with an apostrophe"
DISPUTED = "records whose annotators disagree, written with one label"
# Columns of pipeline.store.export_columns that count what the table leaves out.
_LOST = {
    "disputed": DISPUTED, "unfinished": "answers that are drafts or skips", "comments": "comments",
    "unasked": "answers to questions that the task no longer asks", "hints": "suggestions",
}  # fmt: skip
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")  # an id such as -7 runs nothing, and must come back as it was


def write(contents: Contents, out: Path, delimiter: str, *, marked: bool) -> dict[str, int]:
    """Write the table as text, with a byte order mark if it is to be `marked`. Returns the losses."""
    lost: Counter[str] = Counter()
    if contents.tables is not None:
        _quickly(contents, contents.tables(False), out, delimiter, lost, marked=marked)
    else:
        with out.open("w", encoding="utf-8-sig" if marked else "utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(table(contents, lost))
    return {reason: n for reason, n in lost.items() if n}


def _quickly(
    contents: Contents, tables: Iterable[pa.Table], out: Path, delimiter: str, lost: Counter[str], *, marked: bool
) -> None:  # fmt: skip
    """The same table from columns."""
    heads = columns_for(_asked(contents), OTHERS)
    names = [harmless(column) for column in ("id", "text", *heads.values(), *OTHERS[2:])]
    schema = pa.schema([(name, pa.string()) for name in names])
    how = pa_csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
    with out.open("wb") as file:
        file.write(b"\xef\xbb\xbf" if marked else b"")
        sink = io.StringIO(newline="")
        csv.writer(sink, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(names)  # as the rows
        file.write(sink.getvalue().encode())
        with pa_csv.CSVWriter(file, schema, write_options=how) as writer:
            for part in tables:
                columns = _columns(part, list(heads), lost)
                writer.write_table(pa.table(columns, schema=schema))


def _columns(part: pa.Table, questions: list[str], lost: Counter[str]) -> list[pa.ChunkedArray]:
    for name, reason in _LOST.items():
        lost[reason] += (pc.sum(part[name]).as_py() or 0) if name in part.column_names else 0
    answers = [part[f"answer {number}"] for number in range(len(questions))]
    plain = [pc.if_else(pc.equal(part[name], "{}"), None, part[name]) for name in ("fields", "meta")]
    columns = [part["id"], part["text"], *answers, part["names"], part["split"], part["status"], part["parent"], *plain]
    return [_harmless(column.cast(pa.string()), lost) for column in columns]


def _harmless(column: pa.ChunkedArray, lost: Counter[str]) -> pa.ChunkedArray:
    """As `harmless`, for a whole column."""
    suspect = pc.fill_null(pc.match_substring_regex(column, _SUSPECT), fill_value=False)
    n = pc.sum(suspect).as_py() or 0
    if not n:
        return column
    runs = pc.and_(
        suspect, pc.invert(pc.fill_null(pc.match_substring_regex(column, rf"\A(?:{NUMBER.pattern})\z"), False))
    )
    lost[ESCAPED] += pc.sum(runs).as_py() or 0
    return pc.if_else(runs, pc.binary_join_element_wise("'", column, ""), column)


def table(contents: Contents, lost: Counter[str]) -> Iterator[list[str]]:
    """The rows of the table, the names of its columns first. Counts in `lost` what it leaves out."""
    questions = _asked(contents)
    heads = columns_for(questions, OTHERS)
    yield [harmless(column) for column in ("id", "text", *heads.values(), *OTHERS[2:])]
    for batch in contents.batches:
        for row in batch:
            answers, names = _frozen(row) if contents.frozen else _flat(row, questions, lost)
            cells = [row["id"], row["text"], *(written(answers.get(name)) for name in questions), names]
            cells += [row["split"], row["status"], row["parent"], _json(row.get("fields")), _json(row["meta"])]
            yield [_safe(cell, lost) for cell in cells]


def _asked(contents: Contents) -> list[str]:
    return list(contents.questions) or (["label"] if contents.frozen else [])


def _frozen(row: Row) -> tuple[Mapping[str, Any], str]:
    names = "; ".join(row["annotators"])
    answers = row["answers"] if "answers" in row else {"label": row["label"]}
    return answers, f"{names} (simulated)" if row.get("simulated") else names


def _flat(row: Row, questions: list[str], lost: Counter[str]) -> tuple[Mapping[str, Any], str]:
    """The answers of a record, one a question, and who gave them; counts what they leave out."""
    answers = row["annotations"]
    found: dict[str, Any] = {}
    for question in questions:
        found[question], disputed = verdict_of(answers, question)
        lost[DISPUTED] += disputed
    lost["answers that are drafts or skips"] += sum(a["state"] != "submitted" for a in answers)
    lost["comments"] += sum(bool(a.get("comment")) for a in answers)
    lost["answers to questions that the task no longer asks"] += sum(
        a["state"] == "submitted" and a["question"] not in questions for a in answers
    )
    lost["suggestions"] += len(row["suggestions"])
    names = {a["annotator"]: bool(a.get("simulated")) for a in answers if a["state"] == "submitted"}
    return found, "; ".join(f"{name} (simulated)" if made else name for name, made in names.items())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def _safe(cell: Any, lost: Counter[str]) -> str:
    text = "" if cell is None else str(cell)
    shown = harmless(text)
    lost[ESCAPED] += shown != text
    return shown
