"""Rows of a file that bring answers to records which are there already: several annotators' files of one project.

A row that names a record's id joins it if its text is that of the record, as it was imported or as it reads now. A row
without an id joins the one record of the project that has its text. So everybody's answers come to the same record.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain import Rejection
from pipeline.importers.answers import Given
from pipeline.importers.displayed import seat
from pipeline.importers.rows import Taken
from pipeline.store import Store, imports
from pipeline.store.imports import Known, Last

ANSWERS = ("submitted", "skipped")  # states of what somebody is done with
OTHER_TEXT = "The id '{id}' is in this project already, with another text."
NOT_THERE = "The row has no text, and no record of this project has the id '{id}'. Import the texts first."


def with_texts(
    rows: Sequence[dict[str, Any]], store: Store, project_id: int, job_id: int
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Rows of Winnow's own format, those without a text with that of the record whose id they name, before them or in
    the project; and by place those for which there is none, with the reason."""
    bare = {at: str(row.get("id") or "").strip() for at, row in enumerate(rows) if _is_bare(row)}
    if not bare:
        return list(rows), {}
    texts = {
        name: one.now for name, one in imports.known(store, project_id, job_id, sorted(set(bare.values()))).items()
    }
    filled, missing = list(rows), {}
    for at, row in enumerate(rows):
        name = bare.get(at)
        if name is None:
            if isinstance(row.get("text"), str) and row.get("id") is not None:
                texts.setdefault(str(row["id"]).strip(), row["text"])
        elif name not in texts:
            missing[at] = NOT_THERE.format(id=name[:80])
        else:
            try:
                filled[at] = seat({**row, "text": texts[name]})
            except ValueError as error:
                missing[at] = str(error)
    return filled, missing


def _is_bare(row: Mapping[str, Any]) -> bool:
    """Whether a row has no text, but is else as it should be: what is odd about it is for `rows.take` to say."""
    parts = (row.get("annotations"), row.get("suggestions"))
    plain = all(isinstance(part, list) and all(isinstance(one, dict) for one in part) for part in parts)
    return plain and not {"text", "fields"} & row.keys()


def merged(one: Taken, other: Taken, *, told: bool) -> tuple[Taken, int] | None:
    """Two rows of a file as one, the answers of both, and how many gave way; None if they are not of one record."""
    if one.text != other.text or not (other.given or other.hinted or told):
        return None
    by, away = {given.annotator: given for given in one.given}, 0
    for given in other.given:
        before = by.get(given.annotator)
        last = Last(before.created_at, before.state, before.value, before.comment, before.flagged) if before else None
        away += last is not None and _clash(given, last)
        by[given.annotator] = _said(given, last, later=True) or by[given.annotator]
    return dataclasses.replace(one, given=tuple(by.values()), hinted=(*one.hinted, *other.hinted)), away


def is_another(one: Taken, said: Container[str], hinted: Container[tuple[str, str]]) -> bool:
    """Whether a row without an id is of another record than one with its text: somebody who answered that one (`said`)
    answers once more, and not at another time; or, in a row without answers, a source (`hinted`)."""
    if one.given:
        return any(given.annotator in said and given.created_at is None for given in one.given)
    return any((hint.source, hint.question) in hinted for hint in one.hinted)


@dataclass(slots=True)
class Joining:
    """Rows of a batch that join records which are there, each with the record's number."""

    rows: list[tuple[int, Taken]] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)
    there: int = 0  # answers and suggestions that the records had already
    same: int = 0  # rows that bring nothing to their records


def join(
    store: Store, job_id: int, task_id: int, taken: dict[str, Taken], known: Mapping[str, Known], *, told: bool,
    column: str = "id",
) -> Joining:  # fmt: skip
    """Take out of `taken` the rows whose record is there. `told` rows are of a format that says who answered what: one
    person's file lists what others answered too, so a row without answers is nothing to refuse.

    An answer does not take the place of a younger one of the same annotator, nor of any if the file does not say when
    it was given. Answers to other questions come to those that the annotator gave. `column` is that of the ids.
    """
    found = Joining()
    for name, there in known.items():
        one = taken.pop(name)
        reason = _why_not(one, there, name, told=told)
        if reason:
            found.refused.append(Rejection(one.line, column, reason))
        else:
            found.rows.append((there.id, one))
    last = imports.answered(store, job_id, task_id, [number for number, _ in found.rows])
    hints = imports.suggested(store, job_id, task_id, [number for number, _ in found.rows])
    fresh = [(number, _fresh(one, number, last, hints, found)) for number, one in found.rows]
    found.rows = [(number, one) for number, one in fresh if one.given or one.hinted]
    found.same = len(fresh) - len(found.rows)
    return found


def _why_not(one: Taken, there: Known, name: str, *, told: bool) -> str:
    if not (one.given or one.hinted or told):
        return f"The id '{name[:80]}' is in this project already."
    if one.text == there.now or (one.text == there.original and not _places(one)):
        return ""
    if one.text == there.original:
        return f"The text of '{name[:80]}' was changed in this project since: places in it would be others."
    return OTHER_TEXT.format(id=name[:80])


def _places(one: Taken) -> bool:
    """Whether an answer of the row marks places in the text."""
    values = [value for given in one.given for value in given.value.values()] + [hint.value for hint in one.hinted]
    return any(isinstance(part, dict) and "start" in part for v in values if isinstance(v, list) for part in v)


def _fresh(
    one: Taken, number: int, last: Mapping[tuple[int, str], Last], hints: AbstractSet[tuple[int, str, str]],
    found: Joining,
) -> Taken:  # fmt: skip
    said = (_said(g, last.get((number, g.annotator)), later=False) for g in one.given)
    given = tuple(g for g in said if g is not None)
    hinted = tuple(h for h in one.hinted if (number, h.source, h.question) not in hints)
    found.there += len(one.given) - len(given) + len(one.hinted) - len(hinted)
    return dataclasses.replace(one, given=given, hinted=hinted)


def _said(given: Given, last: Last | None, *, later: bool) -> Given | None:
    """What an annotator has said after this; None if it is nothing new. `later` says which of two answers counts if a
    time is missing."""
    if last is None or (last.state not in ANSWERS and given.state in ANSWERS):
        return given
    if given.state not in ANSWERS and last.state in ANSWERS:
        return None
    if not _clash(given, last):
        both = {**last.value, **given.value}
        comment = given.comment or last.comment
        return dataclasses.replace(given, value=both, comment=comment, flagged=given.flagged or last.flagged)
    newer = given.created_at > last.at if given.created_at and last.at else later
    return given if newer else None


def _clash(given: Given, last: Last) -> bool:
    """Whether one takes the place of the other: not so if they answer different questions."""
    return {given.state, last.state} != {"submitted"} or not given.value.keys().isdisjoint(last.value.keys())
