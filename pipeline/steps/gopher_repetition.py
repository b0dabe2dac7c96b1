"""The repetition rules of Gopher: does this page say the same thing over and over?

Rae et al. 2021, arXiv:2112.11446, appendix A.1.1 and table A1. What a word is, words_in.py says. In Chinese a character
is one, and a word as people mean it has 1.7 of them (segmented news of 1998): there an n-gram is a run of 3n/2
characters, else names and set phrases would count as repetition. An n-gram that stands there once repeats nothing.
In a short text a phrase said twice is more than the shares allow: what has fewer words than the paper's pages have (50)
is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import ClassVar, Literal

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, MOST, broken, judgement, shown
from pipeline.steps.lines_in import repeated
from pipeline.steps.words_in import LANGUAGES, language_of, words_of

_PARAGRAPHS = re.compile(r"\n{2,}")
_LINES = re.compile(r"\n+")
_SAID = {
    "paragraphs": "paragraphs that stood there before: {number}",
    "paragraph_characters": "characters in paragraphs that stood there before: {number}",
    "lines": "lines that stood there before: {number}",
    "line_characters": "characters in lines that stood there before: {number}",
    "top_2": "the commonest two words take up too much: {number}",
    "top_3": "the commonest three words take up too much: {number}",
    "top_4": "the commonest four words take up too much: {number}",
    "again_5": "runs of five words that stood there before: {number}",
    "again_6": "runs of six words that stood there before: {number}",
    "again_7": "runs of seven words that stood there before: {number}",
    "again_8": "runs of eight words that stood there before: {number}",
    "again_9": "runs of nine words that stood there before: {number}",
    "again_10": "runs of ten words that stood there before: {number}",
}
_TOP, _AGAIN = (2, 3, 4), (5, 6, 7, 8, 9, 10)
_RUN = "The largest share of characters in runs of that many words that stood there before; 0 for no limit."
_MOST = "The largest share of characters that the commonest run of that many words takes up; 0 for no limit."


@steps.register
@dataclass(frozen=True, slots=True)
class GopherRepetition:
    """Drop or flag pages that repeat themselves, in lines, paragraphs and runs of words, by the rules and numbers of
    Gopher (Rae et al. 2021, arXiv:2112.11446, table A1)."""

    name: ClassVar[str] = "gopher_repetition"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = dict.fromkeys(_SAID, MOST)
    paragraphs: float = knob(0.3, "The largest share of paragraphs that stood there before; 0: none.", low=0, high=1)
    paragraph_characters: float = knob(0.2, "The largest share of characters in such; 0: none.", low=0, high=1)
    lines: float = knob(0.3, "The largest share of lines that stood there before; 0 for no limit.", low=0, high=1)
    line_characters: float = knob(0.2, "The largest share of characters in such lines; 0: none.", low=0, high=1)
    top_2: float = knob(0.2, _MOST, low=0, high=1)
    top_3: float = knob(0.18, _MOST, low=0, high=1)
    top_4: float = knob(0.16, _MOST, low=0, high=1)
    again_5: float = knob(0.15, _RUN, low=0, high=1)
    again_6: float = knob(0.14, _RUN, low=0, high=1)
    again_7: float = knob(0.13, _RUN, low=0, high=1)
    again_8: float = knob(0.12, _RUN, low=0, high=1)
    again_9: float = knob(0.11, _RUN, low=0, high=1)
    again_10: float = knob(0.1, _RUN, low=0, high=1)
    min_words: int = knob(50, "Texts with fewer words are left alone.", low=0, high=1_000_000)
    language: str = knob("auto", "Whose words count; auto goes by the script.", choices=LANGUAGES)
    action: str = knob("drop", "What becomes of a text that does not pass.", choices=ACTIONS)

    def judge(self, text: str) -> Drop | Flag | None:
        found = broken(self, self._numbers(text))
        return judgement(self.action, _SAID[found[0]].format(number=shown(found[1]))) if found else None

    def measures(self, text: str) -> Mapping[str, float]:
        return dict(self._numbers(text))

    def _numbers(self, text: str) -> Iterator[tuple[str, float]]:
        language = language_of(text, self.language)
        words = words_of(text)
        if not words or (len(words) < self.min_words and language != "unspaced"):
            return
        parts = _PARAGRAPHS.split(text.strip())
        number, characters = repeated(parts)
        yield from (("paragraphs", number / len(parts)), ("paragraph_characters", characters / len(text)))
        parts = _LINES.split(text)
        number, characters = repeated(parts)
        yield from (("lines", number / len(parts)), ("line_characters", characters / len(text)))
        if language == "unspaced":
            return
        chinese = language == "zh"
        any_more = True  # no run of n words is there again where none of fewer words is
        for n in (*_TOP, *_AGAIN):
            width = -(-3 * n // 2) if chinese else n
            any_more = any_more and _any_again(words, width)
            if n in _TOP:
                yield f"top_{n}", _top(words, width, "" if chinese else " ") / len(text) if any_more else 0.0
            else:
                yield f"again_{n}", _again(words, width) / len(text) if any_more else 0.0


def _runs(words: list[str], n: int) -> Iterator[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(n)), strict=False)


def _top(words: list[str], n: int, between: str) -> int:
    """The characters of the commonest run of n words (of several, the first), times how often it stands there. One of
    them must be there more than once."""
    run, times = max(Counter(_runs(words, n)).items(), key=itemgetter(1))
    return len(between.join(run)) * times


def _any_again(words: list[str], n: int) -> bool:
    number = len(words) - n + 1
    return number > 1 and len(set(_runs(words, n))) < number


def _again(words: list[str], n: int) -> int:
    """The characters in runs of n words that stood there before; what was counted is not counted again."""
    seen: set[tuple[str, ...]] = set()
    runs = list(_runs(words, n))
    characters = at = 0
    while at < len(runs):
        if runs[at] in seen:
            characters += sum(map(len, runs[at]))
            at += n
        else:
            seen.add(runs[at])
            at += 1
    return characters
