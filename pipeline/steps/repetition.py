"""The same character, word or phrase over and over: "哈哈哈哈哈哈", "good good good good good". Looks only at what
follows itself at once; what comes back later is gopher_repetition's work. Digits and drawn lines may repeat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import eq
from typing import ClassVar, Literal

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import KnobError, knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import MOST, judgement, shown
from pipeline.steps.words_in import places_of, words_of

_PHRASE = 8  # words of the longest phrase that is looked for
ROUNDS = 8  # shortening can bring the next repetition together
_FOUR = re.compile(r"(.)\1\1\1")  # ten times as quick to look for
_RUN = re.compile(r"([^\W\d_]|[!?！？。…~～])\1{3,}")


@steps.register
@dataclass(frozen=True, slots=True)
class Repetition:
    """Flag, drop or shorten texts in which a character, a word or a phrase is repeated over and over. Numbers and drawn
    lines stay as they are."""

    name: ClassVar[str] = "repetition"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"share": MOST}
    share: float = knob(0.3, "The largest share of a text's characters in such runs; 0 lets none pass.", low=0, high=1)
    times: int = knob(5, "How often something must follow itself to count.", low=4, high=1000)
    keep: int = knob(3, "How many of a run are left where texts are shortened.", low=1, high=999)
    action: str = knob(
        "flag",
        "What becomes of a text with a larger share; shorten cuts the runs.",
        choices=("flag", "drop", "shorten"),
    )

    def __post_init__(self) -> None:
        if self.keep >= self.times:
            raise KnobError(
                f"repetition keeps {self.keep} of what is there {self.times} times. Keep fewer, or raise times."
            )

    def judge(self, text: str) -> Drop | Edit | Flag | None:
        share = self._share(text)
        if not share or share <= self.share:
            return None
        if self.action != "shorten":
            return judgement(self.action, f"the same over and over: {shown(share)}")
        now = text
        for _ in range(ROUNDS):
            runs = self._runs(now)
            if not runs:
                return Edit(now, "repetition shortened")
            now = self._shorter(now, runs)
        return None  # no end within reason: leave the riddle as it is

    def measures(self, text: str) -> Mapping[str, float]:
        return {"share": self._share(text)} if text else {}

    def _share(self, text: str) -> float:
        """The share of characters in runs; one character counts once, however many runs it is in."""
        covered = end = 0
        for start, stop, _ in self._runs(text):
            covered += max(0, stop - max(start, end))
            end = max(end, stop)
        return covered / len(text) if covered else 0.0

    def _runs(self, text: str) -> list[tuple[int, int, int]]:
        """(start, end, where what is kept of it ends) of every run, in their order."""
        found = _RUN.finditer(text) if _FOUR.search(text) else ()
        runs = [(*one.span(), one.start() + self.keep) for one in found if one.end() - one.start() >= self.times]
        words = words_of(text.lower())
        if len(words) - len(set(words)) >= self.times - 1:
            runs += self._phrases(text, words)
        return sorted(runs)

    def _phrases(self, text: str, words: list[str]) -> list[tuple[int, int, int]]:
        """The runs of words and phrases; of phrases that overlap, the shortest."""
        found: list[tuple[int, int, int]] = []
        places: list[tuple[int, int]] = []
        for size in range(1, _PHRASE + 1):
            same = list(map(eq, words, words[size:]))
            if sum(same) < size * (self.times - 1):
                continue
            places = places or places_of(text)
            for first, length in _stretches(same, size * (self.times - 1)):
                whole = (length + size) // size * size
                start, stop = places[first][0], places[first + whole - 1][1]
                if not any(start < other[1] and other[0] < stop for other in found):
                    found.append((start, stop, places[first + size * self.keep - 1][1]))
        return found

    def _shorter(self, text: str, runs: list[tuple[int, int, int]]) -> str:
        """The text with what is too much of each run cut out; of runs that overlap, only the first is cut now."""
        parts: list[str] = []
        at = 0
        for start, stop, kept in runs:
            if start >= at:
                parts.append(text[at:kept])
                at = stop
        return "".join([*parts, text[at:]])


def _stretches(same: list[bool], least: int) -> list[tuple[int, int]]:
    """(first, how many) of the stretches of at least so many words that are all the same as what follows."""
    found, start = [], -1
    for at, one in enumerate([*same, False]):
        if one and start < 0:
            start = at
        elif not one and start >= 0:
            if at - start >= least:
                found.append((start, at - start))
            start = -1
    return found
