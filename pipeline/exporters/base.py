"""What an exporter promises, the rows that it is given, and the registry of them."""

from __future__ import annotations

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

    A row of a project: {"id" (the file's own), "text", "fields" (only if there are any), "meta", "split", "status"
    (active or dropped), "parent" (external id or None), "annotations": [{"annotator", "question", "state", "value",
    "created_at", and where so: "comment", "simulated"}], "suggestions": [{"source", "question", "value", "score"}]}.
    A row of a version: {"id", "text", "meta", "split", "status", "parent", "label", "annotators",
    and where an annotator was simulated: "simulated"}.
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
    votes = Counter(map(str, given))
    if not given:
        return None, False
    most = max(votes.values())
    return next(value for value in reversed(given) if votes[str(value)] == most), len(votes) > 1
