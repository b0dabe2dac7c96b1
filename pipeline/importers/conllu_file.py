"""CoNLL-U, as Universal Dependencies have it: a word a line in ten columns, a blank line between two sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import tagged_tokens
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found, Said
from pipeline.importers.source import Source
from pipeline.importers.tagged_tokens import IOB2, Block
from pipeline.knobs import knob

COLUMNS = ("lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
NUMBER = re.compile(r"(\d+)(?:-(\d+)|\.\d+)?")
NER = ("NER", "NE")
_SPACES = {"\\s": " ", "\\t": "\t", "\\n": "\n", "\\r": "\r", "\\p": "|", "\\\\": "\\"}


class _LineRefused(ValueError):
    def __init__(self, line: int, column: str, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.column = column


@dataclass(slots=True)
class _Words:
    """The words of a sentence: their columns, the text that they make, and where in it each of them is."""

    rows: list[list[str]] = field(default_factory=list)
    surfaces: list[str] = field(default_factory=list)  # what is written: a word, or several in one
    after: list[str] = field(default_factory=list)  # what stands behind each of these
    surface_of: list[int] = field(default_factory=list)  # of each word


@importers.register
@dataclass(frozen=True, slots=True)
class Conllu:
    """Sentences of words in ten columns, as Universal Dependencies have them. Tags NER=B-… in the last column become
    spans, the other columns metadata."""

    name: ClassVar[str] = "conllu"
    extensions: ClassVar[tuple[str, ...]] = ("conllu",)

    upos: bool = knob(False, "Mark each word with its part of speech (UPOS), as the answer to a question `upos`.")

    def claims(self, source: Source) -> float:
        if not source.encoding:
            return 0.0
        rows = [line.split("\t") for line in tagged_tokens.first_lines(source)]
        right = sum(len(row) == 10 and NUMBER.fullmatch(row[0]) is not None for row in rows)
        return 0.99 if right >= 0.9 * len(rows) > 0 else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        for block in tagged_tokens.blocks(source):
            if isinstance(block, Rejection):
                yield block
                continue
            try:
                yield self._record(block)
            except _LineRefused as error:
                yield Rejection(error.line, error.column, str(error))

    def _record(self, block: Block) -> Found:
        words = _words(block)
        given = tagged_tokens.text_in(block.comments)
        starts = None if given is None else tagged_tokens.aligned(words.surfaces, given)
        text = given or ""
        if starts is None:
            text, starts = _put_together(words)
        ends = [start + len(word) for start, word in zip(starts, words.surfaces, strict=True)]
        places = [(starts[at], ends[at]) for at in words.surface_of]
        found = Found(block.line, text, block.comments.get("sent_id", block.comments.get("id", "")))
        found.meta = _meta(block, words.rows)
        tags = [_tag(row[9]) for row in words.rows]
        if any(tag is not None for tag in tags):
            spans = tagged_tokens.spans_of([tag or "O" for tag in tags], IOB2)
            value = _once([_span(text, places[one][0], places[end - 1][1], label) for one, end, label in spans])
            found.answers.append(Said(block.comments.get("annotator", ""), "spans", "spans", value))
        if self.upos:
            speech = [
                _span(text, *place, row[3]) for place, row in zip(places, words.rows, strict=True) if row[3] != "_"
            ]
            found.answers += [Said("", "upos", "spans", _once(speech))] if speech else []
        return found


def _words(block: Block) -> _Words:
    found = _Words()
    until = 0  # the last word that is written together with others
    for line, text in block.rows:
        row = text.split("\t")
        if len(row) != 10:
            raise _LineRefused(line, "", f"The line has {len(row)} columns; a word has 10, between tabs.")
        match = NUMBER.fullmatch(row[0])
        if match is None or len(row[0]) > 20:
            raise _LineRefused(line, "id", f"'{row[0][:40]}' is not the number of a word.")
        if "." in row[0]:
            continue  # a word that is meant, but not written
        if not row[1]:
            raise _LineRefused(line, "form", "The word is empty.")
        number = int(match[1])
        if match[2] or number > until:
            found.surfaces.append(row[1])
            found.after.append(_after(row[9]))
        if match[2]:
            until = int(match[2])
            continue
        found.rows.append(row)
        found.surface_of.append(len(found.surfaces) - 1)
    return found


def _misc(cell: str) -> dict[str, str]:
    parts = (part.partition("=") for part in cell.split("|")) if cell != "_" else ()
    return {key: value for key, _, value in parts}


def _after(misc: str) -> str:
    """What stands behind a word: SpacesAfter says it as it is, SpaceAfter=No that it is nothing, else a space."""
    said = _misc(misc)
    if "SpacesAfter" in said:
        return re.sub(r"\\.", lambda match: _SPACES.get(match[0], match[0]), said["SpacesAfter"])
    return "" if said.get("SpaceAfter") == "No" else " "


def _put_together(words: _Words) -> tuple[str, list[int]]:
    parts, starts, size = [], [], 0
    for word, after in zip(words.surfaces, words.after, strict=True):
        starts.append(size)
        parts += [word, after]
        size += len(word) + len(after)
    return "".join(parts[:-1]), starts


def _tag(misc: str) -> str | None:
    said = _misc(misc)
    return next((said[key] for key in NER if key in said), None)


def _once(spans: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The spans without those that a word written together with others has twice."""
    return [span for at, span in enumerate(spans) if span not in spans[max(0, at - 20) : at]]


def _span(text: str, start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "text": text[start:end]}


def _meta(block: Block, rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    comments = {key: said for key, said in block.comments.items() if key not in tagged_tokens.OURS}
    columns = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS, 2)}
    found: dict[str, Any] = {name: cells for name, cells in columns.items() if any(cell != "_" for cell in cells)}
    found |= {"comments": comments} if comments else {}
    return {"conllu": {"form": [row[1] for row in rows], **found}} if found else {}
