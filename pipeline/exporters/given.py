"""Which answers of a record a file is to have: of each person, or one that most of them gave. Registers nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any

from pipeline.exporters.base import Contents, Row, answers_in, verdict_of
from pipeline.questions import Question

MOST, EACH = "most", "each"
PEOPLE = (MOST, EACH)
PEOPLE_HELP = "One answer a record, that of most annotators (the latest where they tie), or each annotator's own."


Given = tuple[str, Mapping[str, Any]]  # who, empty for most people together, and {question: value}


def questions_of(contents: Contents, kinds: Collection[str]) -> dict[str, Question]:
    """The questions of these kinds, by name; of two tasks with a question of one name the first."""
    found: dict[str, Question] = {}
    for question in contents.asks:
        found.setdefault(question.name, question)
    return {name: question for name, question in found.items() if question.kind in kinds}


def given(
    row: Row, contents: Contents, questions: Container[str], people: str, lost: Counter[str], *, named: bool = False
) -> Sequence[Given]:  # fmt: skip
    """The answers that are written, none of them empty: one, or one a person. Counts in `lost` what is not written;
    names are, where `named` says so, but not that of an answer of most."""
    every = answers_in(row, contents)
    done = [one for one in every if one.state == "submitted"]
    lost["answers that are drafts or skips"] += len(every) - len(done)
    lost["comments"] += sum(bool(one.comment) for one in every)
    lost["suggestions"] += len(row.get("suggestions", ()))
    lost["answers to questions that the format has no place for"] += sum(
        name not in questions for one in done for name in one.values
    )
    said = [(one.annotator, {name: value for name, value in one.values.items() if name in questions}) for one in done]
    said = [one for one in said if one[1]]
    each = not contents.frozen and people == EACH
    lost["names of annotators"] += 0 if each and named else len(said)
    if contents.frozen:
        return [("", values) for _, values in said]
    if each:
        return said
    found = {}
    for name in dict.fromkeys(name for _, values in said for name in values):
        found[name], disputed = verdict_of(row["annotations"], name)
        lost["records whose annotators disagree, written with one answer"] += disputed
    return [("", found)] if found else []


def counted(lost: Counter[str]) -> dict[str, int]:
    """What was lost at all."""
    return {reason: n for reason, n in lost.items() if n}
