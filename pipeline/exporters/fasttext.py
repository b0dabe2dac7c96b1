"""fastText's training files: a line a record, its labels in front."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters.base import Contents, Row, answers_in, exporters, verdict_of
from pipeline.knobs import knob

_ENDS = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_WHITE = re.compile(r"\s")


@exporters.register
@dataclass(frozen=True, slots=True)
class FastText:
    """fastText, a line a record: "__label__good A fine day". The answer of most to the first question with labels; what
    has no answer is written without a label."""

    name: ClassVar[str] = "fasttext"
    suffix: ClassVar[str] = ".txt"

    question: str = knob("", "The question whose labels are written. Empty takes the first that has labels.")
    prefix: str = knob("__label__", "What a label begins with.")
    spaces: str = knob("_", "What stands for a space in a label.", choices=("_", "-"))

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        chosen = self.question or _first(contents)
        with out.open("w", encoding="utf-8", newline="\n") as file:
            for batch in contents.batches:
                for row in batch:
                    file.write(self._line(row, contents, chosen, lost) + "\n")
        return {reason: n for reason, n in lost.items() if n}

    def _line(self, row: Row, contents: Contents, chosen: str, lost: Counter[str]) -> str:
        labels = _labels(row, contents, chosen, lost)
        words = [f"{self.prefix}{_WHITE.sub(self.spaces, label)}" for label in labels]
        lost["labels with spaces, written with another sign"] += sum(bool(_WHITE.search(label)) for label in labels)
        text = _ENDS.sub(" ", row["text"])
        lost["texts of several lines, written in one"] += text != row["text"]
        lost["texts that begin like a label"] += text.lstrip().startswith(self.prefix)
        lost["records without a text"] += not text.strip()
        lost["records without a label"] += not labels
        lost["ids, fields and metadata of records"] += 1
        return " ".join([*words, text])


def _first(contents: Contents) -> str:
    asked = [question.name for question in contents.asks if question.kind in ("choice", "choices")]
    return next(iter(asked or contents.questions), "label")


def _labels(row: Row, contents: Contents, chosen: str, lost: Counter[str]) -> list[str]:
    """The labels of a record by the answer of most; counts what they leave out."""
    said = answers_in(row, contents)
    if contents.frozen:
        value: Any = said[0].values.get(chosen) if said else None
        others = sum(len(one.values) for one in said) - (value is not None)
    else:
        answers = row["annotations"]
        value, disputed = verdict_of(answers, chosen)
        others = sum(a["state"] == "submitted" and a["question"] != chosen for a in answers)
        lost["records whose annotators disagree, written with one label"] += disputed
        lost["answers that are drafts or skips"] += sum(a["state"] != "submitted" for a in answers)
        lost["comments"] += sum(bool(a.get("comment")) for a in answers)
        lost["suggestions"] += len(row["suggestions"])
    lost["answers to other questions"] += others
    labels = value if isinstance(value, list) else [value] if value is not None else []
    return [label for label in labels if isinstance(label, str) and label.strip()]
