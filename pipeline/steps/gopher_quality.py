"""The quality rules of Gopher: is this a page of prose? For whole web pages; a short text is none to them.

Rae et al. 2021, arXiv:2112.11446, appendix A.1.1. What a word is, words_in.py says. In Chinese, where a character is a
word, the mean length of words says nothing and is not held, and the stop words are characters. Stop words are held
against English and Chinese only: where the language is "other", only if own ones are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, LEAST, MOST, broken, judgement, shown
from pipeline.steps.words_in import LANGUAGES, ONE_HAN, language_of, words_of

_BULLETS = ("•", "-", "●", "▪", "◦", "‣")
_ELLIPSES = ("...", "…")
_STOP: Mapping[str, tuple[str, ...]] = {
    "en": ("the", "be", "to", "of", "and", "that", "have", "with"),  # the paper's own
    "zh": tuple("的了是在有和不也就都我你他她这那为与之人上下个一到说要会对这爲為與這個會說對"),
}
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W_]+")
_SAID = {
    "min_words": "too few words for a page: {number}",
    "max_words": "too many words for a page: {number}",
    "min_word_length": "words too short on average",
    "max_word_length": "words too long on average",
    "symbols": "too many # or ellipses a word: {number}",
    "bullets": "too many lines that begin with a bullet: {number}",
    "ellipsis_lines": "too many lines that end in an ellipsis: {number}",
    "letters": "too few words with a letter: {number}",
    "stop_words": "too few stop words: {number}",
}


@steps.register
@dataclass(frozen=True, slots=True)
class GopherQuality:
    """Drop or flag what does not read like a page of prose, by the rules and numbers of Gopher (Rae et al. 2021,
    arXiv:2112.11446). For whole web pages: short texts do not pass. A Chinese character counts as a word."""

    name: ClassVar[str] = "gopher_quality"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {
        "min_words": LEAST, "max_words": MOST, "min_word_length": LEAST, "max_word_length": MOST, "symbols": MOST,
        "bullets": MOST, "ellipsis_lines": MOST, "letters": LEAST, "stop_words": LEAST,
    }  # fmt: skip
    min_words: int = knob(50, "The fewest words; a Han character is one. 0 for no limit.", low=0, high=1_000_000)
    max_words: int = knob(100_000, "The most words; 0 for no limit.", low=0, high=100_000_000)
    min_word_length: float = knob(3.0, "The least mean length of words; not held in Chinese. 0: none.", low=0, high=100)
    max_word_length: float = knob(10.0, "The most; not held in Chinese. 0: none.", low=0, high=1000)
    symbols: float = knob(0.1, "The most of # or of ellipses for each word; 0 for no limit.", low=0, high=10)
    bullets: float = knob(0.9, "The largest share of lines that begin with a bullet; 0 for no limit.", low=0, high=1)
    ellipsis_lines: float = knob(0.3, "The largest share of lines that end in an ellipsis; 0: none.", low=0, high=1)
    letters: float = knob(0.8, "The least share of words with a letter; 0 for no limit.", low=0, high=1)
    stop_words: int = knob(2, "The fewest different stop words; 0 for no limit.", low=0, high=1000)
    words: tuple[str, ...] = knob((), "Your own stop words; none takes those of the language.")
    language: str = knob("auto", "Whose rules count; auto goes by the script.", choices=LANGUAGES)
    action: str = knob("drop", "What becomes of a text that does not pass.", choices=ACTIONS)

    def judge(self, text: str) -> Drop | Flag | None:
        found = broken(self, self._numbers(text))
        return judgement(self.action, _SAID[found[0]].format(number=shown(found[1]))) if found else None

    def measures(self, text: str) -> Mapping[str, float]:
        return dict(self._numbers(text))

    def _numbers(self, text: str) -> Iterator[tuple[str, float]]:
        language = language_of(text, self.language)
        words = words_of(text) if language != "unspaced" else []
        if not words:
            return
        spoken = [word for word in words if word[0].isalnum() or _WORD.search(word)]
        yield from (("min_words", len(spoken)), ("max_words", len(spoken)))
        if language != "zh" and spoken:
            mean = sum(map(len, spoken)) / len(spoken)
            yield from (("min_word_length", mean), ("max_word_length", mean))
        yield "symbols", _symbols(text) / len(words)
        lines = text.splitlines()
        yield "bullets", sum(line.lstrip().startswith(_BULLETS) for line in lines) / len(lines)
        yield "ellipsis_lines", sum(_cut_off(line.rstrip()) for line in lines) / len(lines)
        yield "letters", sum(word[0].isalpha() or _LETTER.search(word) is not None for word in spoken) / len(words)
        if self.words or language in _STOP:
            yield "stop_words", _stop_words(text, self.words or _STOP[language])


def _cut_off(line: str) -> bool:
    """Whether a line ends in an ellipsis; the Chinese one, of two characters, is how sentences end too."""
    return line.endswith(_ELLIPSES) and not line.endswith("……")


def _symbols(text: str) -> int:
    """The more of # and of ellipses; the Chinese ellipsis is written as two characters."""
    return max(text.count("#"), text.count("...") + text.count("…") - text.count("……"))


def _stop_words(text: str, stop: tuple[str, ...]) -> int:
    """How many different ones of the stop words are in the text, whatever their case and the punctuation about them;
    those with a Han character anywhere, the others as words."""
    bare = frozenset() if stop is _STOP["zh"] else frozenset(_WORD.findall(text.lower()))
    return sum(one in text if ONE_HAN.search(one) else one.lower() in bare for one in stop)
