"""The lines of a brat annotation file (.ann), and where its spans are in the text. Formats as on brat's page on its
standoff format. Registers nothing.

brat counts code points of the text as it is, but files went through tools that count otherwise: UTF-16 units, or the
two characters of a line end as one. The reading under which most spans hold their text is taken for the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipeline.units import CODE_POINTS, GRAPHEMES, UTF16, places

SPAN = re.compile(r"(T\d+)\t(\S+) ([0-9]{1,9} [0-9]{1,9}(?:;[0-9]{1,9} [0-9]{1,9})*)(?:\t(.*))?", re.DOTALL)
RELATION = re.compile(r"(R\d+)\t(\S+) ([^\s:]+):(\w+) ([^\s:]+):(\w+)\s*")
EVENT = re.compile(r"(E\d+)\t([^\s:]+):(\w+)((?: [^\s:]+:\w+)*)\s*")
EQUIVALENT = re.compile(r"\*\t(\S+)((?: \w+)+)\s*")
NOTE = re.compile(r"(#\w*)\t(\S+) (\w+)(?:\t(.*))?", re.DOTALL)
OTHER = re.compile(r"([AMN]\d+)\t(\S+ .*)", re.DOTALL)  # attributes, modifications, normalisations
LINES = (SPAN, RELATION, EVENT, EQUIVALENT, NOTE, OTHER)

Place = Callable[[int], int | None]


@dataclass(frozen=True, slots=True)
class Bound:
    """A span: its pieces are (start, end) in the file's unit, its text what the file says that they read."""

    name: str
    label: str
    pieces: tuple[tuple[int, int], ...]
    text: str


@dataclass(slots=True)
class Standoff:
    """What the lines of a file say. `ends` gives an event the span that it happens at; a relation is (from, to, label)
    between names."""

    bounds: dict[str, Bound] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)
    events: int = 0
    notes: list[tuple[str, str, str]] = field(default_factory=list)  # its kind, what it is of, and what it says
    others: list[str] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)  # numbers of lines that are of no kind

    def span_of(self, name: str) -> str:
        """The name of the span behind a name: its own, or that of the event's trigger."""
        return name if name in self.bounds else self.ends.get(name, "")


def read(lines: Iterator[tuple[int, str | None]]) -> Standoff:
    """What the lines of an .ann file say."""
    found = Standoff()
    for number, line in lines:
        text = (line or "").strip("\r\n\ufeff")
        if line is None or (text.strip() and not _take(found, text)):
            found.unread.append(number)
    return found


def _take(found: Standoff, line: str) -> bool:
    if match := SPAN.fullmatch(line):
        pieces = tuple((int(a), int(b)) for a, b in (one.split() for one in match[3].split(";")))
        found.bounds[match[1]] = Bound(match[1], match[2], pieces, match[4] or "")
    elif match := RELATION.fullmatch(line):
        found.relations.append((match[4], match[6], match[2]))
    elif match := EVENT.fullmatch(line):
        found.ends[match[1]] = match[3]
        found.events += 1
        for role in match[4].split():
            name, _, end = role.partition(":")
            found.relations.append((match[1], end, name.rstrip("0123456789") or name))
    elif match := EQUIVALENT.fullmatch(line):
        names = match[2].split()
        found.relations += [(one, two, match[1]) for one, two in pairwise(names)]
    elif match := NOTE.fullmatch(line):
        found.notes.append((match[2], match[3], match[4] or ""))
    elif OTHER.fullmatch(line):
        found.others.append(line)
    else:
        return False
    return True


def reading(text: str, bounds: Sequence[Bound]) -> tuple[Place, str]:
    """How offsets of the file become code points of its text, and a word on it where that is not how brat counts."""
    ways = [(CODE_POINTS, text, ""), (CODE_POINTS, _folded(text), "line ends of two characters counted as one"),
            (UTF16, text, "offsets in UTF-16 units"),
            (UTF16, _folded(text), "offsets in UTF-16 units, line ends of two characters counted as one"),
            (GRAPHEMES, text, "offsets in grapheme clusters")]  # fmt: skip
    best: tuple[int, Place, str] | None = None
    for unit, counted, word in ways if bounds else ways[:1]:
        place = _through(text, counted, places(counted, unit))
        right = sum(fits(text, one, place) for one in bounds)
        if best is None or right > best[0]:
            best = right, place, word
        if right == len(bounds):
            break
    return (best[1], best[2]) if best else (places(text, CODE_POINTS), "")


def fits(text: str, bound: Bound, place: Place) -> bool:
    """Whether a span is inside the text, and reads what the file says, white space aside: brat writes a line end within
    a span as a space, and a space between its pieces."""
    read = [text[a:b] for one, two in bound.pieces if (a := place(one)) is not None and (b := place(two)) is not None]
    if len(read) < len(bound.pieces) or not all(read):
        return False
    return not bound.text or " ".join(" ".join(read).split()) == " ".join(bound.text.split())


def _folded(text: str) -> str:
    return text.replace("\r\n", "\n")


def _through(text: str, counted: str, place: Place) -> Place:
    """A place of the text for an offset that counts in `counted`, the text with its line ends as one character."""
    if len(text) == len(counted):
        return place
    at, ends = 0, [0]
    for char in counted:
        at += 2 if char == "\n" and text.startswith("\r\n", at) else 1
        ends.append(at)

    def found(offset: int) -> int | None:
        inside = place(offset)
        return None if inside is None else ends[inside]

    return found
