"""CSV for a spreadsheet: one row a record, one column a question, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters.base import Contents, Row, columns_for, exporters, verdict_of, written
from pipeline.knobs import knob

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones count where Chinese is written
OTHERS = ("id", "text", "annotators", "split", "status", "parent", "fields", "meta")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")  # an id such as -7 runs nothing, and must come back as it was


@exporters.register
@dataclass(frozen=True, slots=True)
class Csv:
    """CSV, one row a record. A cell that a spreadsheet would take for a formula gets an apostrophe in front."""

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    excel: bool = knob(False, "Begin the file with a byte order mark, so that Excel reads it as UTF-8.")

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        questions = list(contents.questions) or (["label"] if contents.frozen else [])
        heads = columns_for(questions, OTHERS)
        columns = ["id", "text", *heads.values(), *OTHERS[2:]]
        with out.open("w", encoding="utf-8-sig" if self.excel else "utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([harmless(column) for column in columns])
            for batch in contents.batches:
                for row in batch:
                    answers, names = _frozen(row) if contents.frozen else _flat(row, questions, lost)
                    cells = [row["id"], row["text"], *(written(answers.get(name)) for name in questions), names]
                    cells += [row["split"], row["status"], row["parent"], _json(row.get("fields")), _json(row["meta"])]
                    writer.writerow([_safe(cell, lost) for cell in cells])
        return {reason: n for reason, n in lost.items() if n}


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
        lost["records whose annotators disagree, written with one label"] += disputed
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
    lost["cells that begin like a formula, written with an apostrophe"] += shown != text
    return shown
