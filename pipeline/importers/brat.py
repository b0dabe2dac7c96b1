"""brat's standoff format: a file .ann with spans, relations, events and notes, beside a file .txt with the text. Both
together are one record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import brat_lines
from pipeline.importers.base import importers
from pipeline.importers.brat_lines import Standoff
from pipeline.importers.foreign import Found, Said
from pipeline.importers.marked import arrows, in_order
from pipeline.importers.source import FileRefused, Source, open_source
from pipeline.knobs import knob

LOOKED_AT = 20  # lines that a file is known by


@importers.register
@dataclass(frozen=True, slots=True)
class Brat:
    """brat's .ann files, each with the .txt file of its name beside it: spans, relations, events as relations from
    their triggers, and notes as the comment. The file's name and folder are the id of the record."""

    name: ClassVar[str] = "brat"
    extensions: ClassVar[tuple[str, ...]] = ("ann",)

    folders: bool = knob(False, "The folder in which a document lies names who annotated it, and is no part of its id.")

    def claims(self, source: Source) -> float:
        if not source.encoding or not source.name.lower().endswith(".ann"):
            return 0.0
        lines = [line.strip("\r\n\ufeff") for _, line in islice(source.lines(), LOOKED_AT) if line and line.strip()]
        known = [any(kind.fullmatch(line) for kind in brat_lines.LINES) for line in lines]
        return 0.97 if all(known) else 0.5 if any(known) else 0.0  # none at all: a text that nobody marked

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        text = _text_beside(source)
        said = brat_lines.read(source.lines())
        yield from (Rejection(line, "", "The line is none of brat's standoff format.") for line in said.unread)
        place = PurePosixPath(source.name)
        who = place.parent.name if self.folders else ""
        folder = place.parent.parent if self.folders else place.parent
        found = Found(1, text, str(folder / place.stem))
        spans, ends = _spans(said, text, found)
        joined = [
            (ends.get(said.span_of(one)), ends.get(said.span_of(two)), label) for one, two, label in said.relations
        ]
        known = [(one, two, label) for one, two, label in joined if one is not None and two is not None and one != two]
        found.lost += ["relations whose ends are not two spans"] * (len(joined) - len(known))
        if said.bounds:
            comment = _comment(said)
            found.answers.append(Said(who, "spans", "spans", spans, comment=comment))
            if said.relations:
                found.answers.append(Said(who, "relations", "relations", arrows(known), options={"spans": "spans"}))
        found.lost += ["events, taken as relations from their triggers"] * said.events
        if said.others:
            found.meta.setdefault("brat", {})["lines"] = said.others
            found.lost += ["attributes and normalisations, kept in the metadata"] * len(said.others)
        yield found


def _text_beside(source: Source) -> str:
    """The text that the file is about, from the .txt file of its name. Raises FileRefused."""
    path = source.path.with_suffix(".txt")
    name = str(PurePosixPath(source.name).with_suffix(".txt"))
    if not path.is_file():
        raise FileRefused(
            f"{source.name} has no {PurePosixPath(name).name} beside it, which holds its text. Import the folder with "
            "both, or a zip archive of it."
        )
    text = open_source(path, name, limits=source.limits)
    whole, size = [], 0
    for chunk in text.chunks():
        whole.append(chunk)
        size += len(chunk)
        if size > source.limits.line:
            raise FileRefused(
                f"{name} is one text of more than {source.limits.line_mb} million characters. Split it into documents."
            )
    return "".join(whole).removeprefix("\ufeff")


def _spans(said: Standoff, text: str, found: Found) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The spans in order, a piece each, and where each of the file's names is among them (its first piece)."""
    place, word = brat_lines.reading(text, list(said.bounds.values()))
    pieces: list[dict[str, Any]] = []
    first: dict[str, int] = {}
    for name, bound in said.bounds.items():
        if not brat_lines.fits(text, bound, place):
            found.lost.append("spans whose text is not at their place")
            continue
        first[name] = len(pieces)
        found.lost += ["spans of several pieces, taken as a span for each"] * (len(bound.pieces) > 1)
        for one, two in bound.pieces:
            start, end = place(one) or 0, place(two) or 0
            pieces.append({"start": start, "end": end, "label": bound.label, "text": text[start:end]})
    if word and pieces:
        found.meta["brat"] = {"offsets": word}
    spans, now = in_order(pieces)
    return spans, {name: now[at] for name, at in first.items()}


def _comment(said: Standoff) -> str:
    """The notes, each behind the text that it is of; a note that is a Comment is of the whole document."""
    lines = []
    for kind, name, note in said.notes:
        bound = None if kind == "Comment" else said.bounds.get(said.span_of(name))
        lines.append(f"{bound.text}: {note}" if bound and bound.text else note)
    return "\n".join(line for line in lines if line.strip())
