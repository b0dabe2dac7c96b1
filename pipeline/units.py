"""Offsets of other tools: in code points, in UTF-16 units (JavaScript, Java) or in grapheme clusters (what a reader
counts). Which of them a file has is rarely written in it, so it is found out from the texts that its spans hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import regex

CODE_POINTS, UTF16, GRAPHEMES = "code points", "UTF-16 units", "grapheme clusters"
UNITS = (CODE_POINTS, UTF16, GRAPHEMES)  # in the order in which they are tried
SAMPLES = 5
AROUND = 20  # characters before and after a span that a sample shows
_CLUSTER = regex.compile(r"\X")
_JOINS = regex.compile(r"[^\x00-\x7f]|\r\n")  # without one of these a text has the same offsets in every unit

Place = Callable[[int], int | None]


def places(text: str, unit: str) -> Place:
    """A function from an offset in `unit` to the code point there; None for one inside a character or outside the
    text. Offsets are from 0; the text's end counts as inside."""
    if unit == CODE_POINTS or not _JOINS.search(text):
        size = len(text)
        return lambda at: at if 0 <= at <= size else None
    if unit == UTF16:
        steps: Iterable[int] = (2 if ord(char) > 0xFFFF else 1 for char in text)
        found, at = {0: 0}, 0
        for number, step in enumerate(steps, 1):
            at += step
            found[at] = number
        return found.get
    ends = [0, *(match.end() for match in _CLUSTER.finditer(text))]
    return lambda at: ends[at] if 0 <= at < len(ends) else None


def offset(text: str, at: int, unit: str) -> int:
    """The other way: the offset in `unit` of code point `at`. A place inside a grapheme cluster counts as its start."""
    if unit == CODE_POINTS:
        return at
    if unit == UTF16:
        return at + sum(char > "\uffff" for char in text[:at])
    return sum(match.end() <= at for match in _CLUSTER.finditer(text))


@dataclass(slots=True)
class Units:
    """What the spans of a file say of the unit of its offsets. Fill it by `look`, then ask `best` and `is_sure`.
    `among` are the units in which its tool may count."""

    among: tuple[str, ...] = UNITS
    matched: Counter[str] = field(default_factory=Counter)  # spans whose text is where the unit says
    bare: int = 0  # spans without a text
    inside: Counter[str] = field(default_factory=Counter)  # those of them that are places of the text in the unit
    differ: int = 0  # spans without a text that read otherwise in another unit
    samples: list[dict[str, str]] = field(default_factory=list)  # {unit: what the span would be, marked in its text}

    def look(self, text: str, spans: Sequence[tuple[int, int, str | None]]) -> None:
        """Note spans (start, end, their text if the file has it) of one text."""
        if not _JOINS.search(text):
            return  # all units agree: it proves nothing
        by = {unit: places(text, unit) for unit in UNITS}
        for start, end, surface in spans:
            read = {unit: _read(text, by[unit](start), by[unit](end)) for unit in UNITS}
            if surface is not None:
                self.matched.update(unit for unit, said in read.items() if said == surface)
                continue
            self.bare += 1
            self.inside.update(unit for unit, said in read.items() if said)
            if len({read[unit] for unit in self.among}) > 1:
                self.differ += 1
                if len(self.samples) < SAMPLES:
                    self.samples.append({unit: _shown(text, by[unit](start), by[unit](end)) for unit in UNITS})

    def best(self) -> str:
        """The unit under which most spans are right; of units alike the first."""
        return max(self._left(), key=lambda unit: self.inside[unit])

    def agrees(self, unit: str) -> bool:
        """Whether no other unit reads more of the texts that the file has for its spans."""
        return self.matched[unit] == max(self.matched.values(), default=0)

    def is_sure(self) -> bool:
        """Whether a text of the file proves the unit, or nothing hangs on it."""
        left = self._left()
        return not self.differ or len(left) == 1 or sum(self.inside[unit] == self.bare for unit in left) == 1

    def _left(self) -> list[str]:
        """The units that no text of the file disproves: those of its tool, if there is one among them."""
        agree = [unit for unit in UNITS if self.agrees(unit)]
        return [unit for unit in agree if unit in self.among] or agree


def _read(text: str, start: int | None, end: int | None) -> str | None:
    return text[start:end] if start is not None and end is not None and start < end else None


def _shown(text: str, start: int | None, end: int | None) -> str:
    if start is None or end is None or start >= end:
        return ""
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return f"{before}[{text[start:end]}]{after}"
