"""The quality rules of FineWeb: do the lines of this page read like prose, or like a list or a menu?

Penedo et al. 2024, arXiv:2406.17557, section 3.6; the number for line breaks a word is that of their published filter.
What ends a sentence, lines_in.py says (also 。！？ and closing quotation marks). A Han character is as long as three
letters where lines are short, and is a word where line breaks are held against words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, LEAST, MOST, broken, judgement, shown
from pipeline.steps.lines_in import ENDS, repeated
from pipeline.steps.words_in import ONE_HAN, language_of, words_of

_SAID = {
    "line_ends": "too few lines that end as a sentence does: {number}",
    "short_lines": "too many short lines: {number}",
    "line_characters": "too many characters in lines that stood there before: {number}",
    "breaks": "too many line breaks for the words: {number}",
}


@steps.register
@dataclass(frozen=True, slots=True)
class FinewebQuality:
    """Drop or flag pages whose lines read like a menu or a list rather than like prose, by the rules and numbers of
    FineWeb (Penedo et al. 2024, arXiv:2406.17557). For whole web pages: one short line does not pass."""

    name: ClassVar[str] = "fineweb_quality"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {
        "line_ends": LEAST, "short_lines": MOST, "line_characters": MOST, "breaks": MOST,
    }  # fmt: skip
    line_ends: float = knob(0.12, "The least share of lines that end as a sentence does; 0: none.", low=0, high=1)
    short_lines: float = knob(0.67, "The largest share of short lines; 0 for no limit.", low=0, high=1)
    short: int = knob(30, "How long a short line is at most, in letters; a Han character is three.", low=1, high=1000)
    line_characters: float = knob(
        0.01, "The largest share of characters in lines that stood there before; 0 for no limit.", low=0, high=1
    )
    breaks: float = knob(0.3, "The most line breaks for each word; 0 for no limit.", low=0, high=10)
    action: str = knob("drop", "What becomes of a text that does not pass.", choices=ACTIONS)

    def judge(self, text: str) -> Drop | Flag | None:
        found = broken(self, self._numbers(text))
        return judgement(self.action, _SAID[found[0]].format(number=shown(found[1]))) if found else None

    def measures(self, text: str) -> Mapping[str, float]:
        return dict(self._numbers(text))

    def _numbers(self, text: str) -> Iterator[tuple[str, float]]:
        lines = [line for line in text.split("\n") if line.strip()]
        if not lines:
            return
        yield "line_ends", sum(line.rstrip().endswith(ENDS) for line in lines) / len(lines)
        yield "short_lines", sum(_is_short(line, self.short) for line in lines) / len(lines)
        breaks = text.count("\n")
        yield "line_characters", repeated(lines)[1] / (len(text) - breaks)
        if language_of(text) != "unspaced":
            yield "breaks", breaks / len(words_of(text)) if breaks else 0.0


def _is_short(line: str, short: int) -> bool:
    if len(line) > short or line.isascii():
        return len(line) <= short
    return len(line) + 2 * len(ONE_HAN.findall(line)) <= short
