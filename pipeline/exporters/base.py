"""What an exporter promises, the rows that it is given, and the registry of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pipeline.registry import Registry

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be written: rows in batches, of which only one is held at a time.

    An answer's value is as its kind of question has it: a text, a number, or a list. `questions` names those of the
    task. A row of a project: {"id" (the file's own), "text", "fields" (only if there are any), "meta", "split",
    "status" (active or dropped), "parent" (external id or None), "annotations": [{"annotator", "question", "state",
    "value", "created_at", and where so: "comment", "reason" (of a skip), "flagged", "simulated"}], "suggestions":
    [{"source", "question", "value", "score"}]}. A row of a version: {"id", "text", "meta", "split", "status", "parent",
    "label", "annotators", and where an annotator was simulated: "simulated"}; where the task asks for more than one
    label also "answers" {question: value} and, if there are any, "fields".
    """

    batches: Iterable[Sequence[Row]]
    frozen: bool  # rows of a version
    questions: tuple[str, ...] = ()


class Exporter(Protocol):
    """A file format. It writes all rows in their order, and counts by reason whatever the format cannot hold."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        """Write the file; returns {reason: how many} of what it lost or changed."""


exporters: Registry[Exporter] = Registry("exporter", "pipeline.exporters")


def verdict_of(annotations: Iterable[Mapping[str, Any]], question: str) -> tuple[Any, bool]:
    """The answer that most annotators submitted, the latest where they tie, and whether any disagreed."""
    given = [a["value"] for a in annotations if a["question"] == question and a["state"] == "submitted"]
    votes = Counter(map(_key, given))
    if not given:
        return None, False
    most = max(votes.values())
    return next(value for value in reversed(given) if votes[_key(value)] == most), len(votes) > 1


def columns_for(questions: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """A column for each question, by its name; one whose name a column has already gets a word behind it."""
    found: dict[str, str] = {}
    for question in questions:
        name = question
        while name in taken or name in found.values():
            name += " (answer)"
        found[question] = name
    return found


def written(value: Any) -> str | None:
    """An answer as the text of a cell: a text as it is, anything else as JSON. None where there is none."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _key(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
