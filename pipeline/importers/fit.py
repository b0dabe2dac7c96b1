"""How the answers of another tool's file fit the questions of a project: which question takes which answers, under
which labels, and what the file has that the project does not know yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.importers import marked
from pipeline.importers.source import FileRefused
from pipeline.questions import Question
from pipeline.units import CODE_POINTS

LABELS = "labels"  # the kind of a question whose answers are labels: one a record, or several, as the file turns out
NONE = "-"  # in place of a question or a label: it is left out
LABELLED = ("choice", "choices", "spans", "relations")  # kinds of questions that have labels
_LIKE = {LABELS: ("choice", "choices"), "choice": ("choice", "choices"), "choices": ("choices", "choice")}


@dataclass(frozen=True, slots=True)
class Fit:
    """How a file is read. Names that are not in a mapping stay as they are."""

    unit: str = CODE_POINTS  # of the file's offsets
    by: str = ""  # who gave the answers that name nobody
    questions: Mapping[str, str] = field(default_factory=dict)  # the file's -> the project's, or NONE
    kinds: Mapping[str, str] = field(default_factory=dict)  # the project's kind of each of the file's questions
    theirs: Mapping[str, str] = field(default_factory=dict)  # the file's own kind of them
    labels: Mapping[str, str] = field(default_factory=dict)  # the file's -> the project's, or NONE
    source: str = ""  # where set, answers come as suggestions of this source
    leave: bool = False  # take no answers at all

    def question(self, name: str) -> str:
        return self.questions.get(name, name)

    def asks(self, name: str, kind: str) -> bool:
        """Whether answers of this kind to the file's question are taken: it may have two kinds under one name."""
        return self.question(name) != NONE and is_like(kind, self.theirs.get(name, kind))

    def value(self, name: str, kind: str, value: Any) -> Any:
        """An answer of the file as the question that takes it has it; None if nothing of it is left."""
        found = self._relabelled(value) if self.labels and kind in (LABELS, "choice", "choices") else value
        ours = self.kinds.get(name, "")
        if ours == "choice" and isinstance(found, list) and len(found) < 2:
            return found[0] if found else None
        if ours == "choices" and isinstance(found, str):
            return [found]
        return None if found == [] and value != [] else found

    def spans(self, given: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[int, int]]:
        """The spans under the project's labels, in order; and for the place of each that is left its place now."""
        named = {at: self.labels.get(span["label"], span["label"]) for at, span in enumerate(given)}
        kept = [at for at, label in named.items() if label != NONE]
        found, now = marked.in_order([{**given[at], "label": named[at]} for at in kept])
        return found, dict(zip(kept, now, strict=True))

    def relations(self, given: Sequence[Mapping[str, Any]], now: Mapping[int, int] | None) -> list[dict[str, Any]]:
        """The relations under the project's labels, between the places that their spans have now (None: as before)."""
        found = []
        for one in given:
            start, end = (at if now is None else now.get(at) for at in (one["from"], one["to"]))
            label = self.labels.get(one["label"], one["label"])
            if start is not None and end is not None and label != NONE:
                found.append((start, end, label))
        return marked.arrows(found)

    def _relabelled(self, value: Any) -> Any:
        if not isinstance(value, list):
            now = self.labels.get(value, value)
            return None if now == NONE else now
        return list(dict.fromkeys(now for one in value if (now := self.labels.get(one, one)) != NONE))


def is_like(kind: str, other: str) -> bool:
    """Whether answers of a kind may be answers to a question of the other."""
    return kind == other or other in _LIKE.get(kind, ()) or (other == LABELS and kind in _LIKE)


def matched(
    theirs: Mapping[str, str], ours: Sequence[Question], given: Mapping[str, str], name: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Which question of the project takes the answers to each of the file's: {theirs: ours or NONE}, {theirs: kind}.

    `theirs` is {name: kind}; `given` is what a person decided. Else the question of the same name takes them, if it is
    of the kind, or the only one of the kind on both sides. Raises FileRefused, naming what nobody takes.
    """
    by_name = {question.name: question for question in ours}
    unsaid = next((one for one in given if one not in theirs), None)
    if unsaid is not None:
        raise FileRefused(f"{name} answers no question '{unsaid}'; it answers: {', '.join(theirs) or '-'}.")
    strange = next((one for one in given.values() if one != NONE and one not in by_name), None)
    if strange is not None:
        raise FileRefused(f"The task asks no question '{strange}'; it asks: {', '.join(by_name)}.")
    found = dict(given)
    for one, kind in theirs.items():
        if one not in found and one in by_name and _takes(by_name[one], kind):
            found[one] = one
    for one, kind in theirs.items():
        alike = [other for other, also in theirs.items() if other not in found and also in _LIKE.get(kind, (kind,))]
        free = [question.name for question in ours if _takes(question, kind) and question.name not in found.values()]
        if one not in found and len(free) == 1 and alike in ([one], []):
            found[one] = free[0]
    lost = next((one for one in theirs if one not in found), None)
    if lost is not None:
        asked = ", ".join(f"{question.name} ({question.kind})" for question in ours)
        raise FileRefused(
            f"{name} answers the question '{lost}' ({theirs[lost]}), and no question of the project plainly takes "
            f"that; it asks: {asked}. Name the question that takes it, or '-' to leave its answers out."
        )
    return found, {one: by_name[now].kind for one, now in found.items() if now != NONE}


def strange_labels(
    theirs: Mapping[str, Mapping[str, int]], fit: Fit, ours: Sequence[Question]
) -> dict[str, dict[str, int]]:  # fmt: skip
    """The labels of the file that the project's question does not have: {our question: {label: answers}}."""
    known = {question.name: set(question.labels) for question in ours}
    found: dict[str, dict[str, int]] = {}
    for name, counts in theirs.items():
        question = fit.question(name)
        for label, n in counts.items():
            now = fit.labels.get(label, label)
            if question in known and now != NONE and now not in known[question]:
                found.setdefault(question, {})[label] = n
    return found


def _takes(question: Question, kind: str) -> bool:
    return question.kind in _LIKE.get(kind, (kind,))
