"""What an exporter promises, the rows that it is given, and the registry of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pyarrow as pa

from pipeline.questions import Question
from pipeline.registry import Registry

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be written: rows in batches, of which only one is held at a time. An exporter walks over one of
    `batches`, `lines` and `tables`, once; the latter two are the quick ways, where there are any.

    An answer's value is as its kind of question has it: a text, a number, or a list. `questions` names those of the
    task. A row of a project: {"id" (the file's own), "text", "fields" (only if there are any), "meta", "split",
    "status" (active or dropped), "parent" (external id or None), "annotations": [{"annotator", "question", "state",
    "value", "created_at", and where so: "comment", "reason" (of a skip), "flagged", "simulated"}], "suggestions":
    [{"source", "question", "value", "score"}], and where asked for "history": all answers that were ever given, like
    annotations}. A row of a version: {"id", "text", "meta", "split", "status", "parent",
    "label", "annotators", and where an annotator was simulated: "simulated"}; where the task asks for more than one
    label also "answers" {question: value} and, if there are any, "fields".
    """

    batches: Iterable[Sequence[Row]]
    frozen: bool  # rows of a version
    questions: tuple[str, ...] = ()
    asks: tuple[Question, ...] = ()  # the same, with all that is known of them; of several tasks one behind the other
    title: str = ""  # of the project
    lines: Iterable[pa.ChunkedArray] | None = None  # each row as JSON text and the line's end
    # The rows as columns (pipeline.store.export_columns, export_frozen), with or without the lists of answers and
    # suggestions, which only a project has
    tables: Callable[[bool], Iterable[pa.Table]] | None = None


class Exporter(Protocol):
    """A file format. It writes all rows in their order, and counts by reason whatever the format cannot hold. A format
    of several files is written as one zip archive of them."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        """Write the file; returns {reason: how many} of what it lost or changed."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What one annotator said of a record: {question: value}, empty for a skip without words. Of a version's row it is
    what the answers came to, and `annotator` names all who gave them."""

    annotator: str
    state: str
    values: Mapping[str, Any]
    created_at: str | None = None
    comment: str = ""
    reason: str = ""
    flagged: bool = False
    simulated: bool = False


exporters: Registry[Exporter] = Registry("exporter", "pipeline.exporters")


def answers_in(row: Row, contents: Contents) -> list[Answers]:
    """Who said what of a record, an entry an annotator, in the order of their answers."""
    if contents.frozen:
        only = contents.asks[0].name if contents.asks else "label"
        values = row["answers"] if "answers" in row else {only: row["label"]}
        values = {name: value for name, value in values.items() if value is not None}
        names = "; ".join(row["annotators"])
        return [Answers(names, "submitted", values, simulated=bool(row.get("simulated")))] if values else []
    by: dict[str, list[Mapping[str, Any]]] = {}
    for one in row["annotations"]:
        by.setdefault(one["annotator"], []).append(one)
    return [
        Answers(
            name, said[0]["state"], {one["question"]: one["value"] for one in said if one["question"] is not None},
            said[0]["created_at"], said[0].get("comment", ""), said[0].get("reason", ""),
            bool(said[0].get("flagged")), bool(said[0].get("simulated")),
        ) for name, said in by.items()
    ]  # fmt: skip


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
