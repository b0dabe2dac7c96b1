"""The reader's own words: which texts hold them. No list comes with it: what is unwanted, the reader knows.

Words of scripts with spaces are found whole, whatever their case ("ass" is not in "class"); words with a Han, kana or
hangul character are found anywhere, for nothing marks where they end ("微信" is in "加微信号").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import MOST, judgement
from pipeline.steps.words_in import HAN, ONE_HAN, count_plain

_TOKEN = re.compile(rf"[^\W_{HAN}]+")
_BETWEEN = re.compile(r"[\n\r,，、;；]+")
SHOWN = 40  # characters of the first word that a reason names
ROUNDS = 8  # stars can bring a listed word with a star in it together


@dataclass(frozen=True, slots=True)
class _List:
    """The words, so that each is found by looking up: whole ones by their first run of letters, others by length."""

    whole: Mapping[str, tuple[str, ...]]
    anywhere: Mapping[int, frozenset[str]]
    starts: re.Pattern[str] | None  # what the words that are found anywhere begin with


@steps.register
@dataclass(frozen=True, slots=True)
class WordList:
    """Flag, drop or mask texts with words of your own list. Whole words where there are spaces, anywhere in Chinese;
    case and the kind of apostrophe do not matter. Ten thousand words are looked up as fast as one."""

    name: ClassVar[str] = "word_list"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"allowed": MOST, "share": MOST}
    words: str = knob("", "The words and phrases, separated by commas or one a line.", multiline=True)
    allowed: int = knob(0, "How many of them a text may hold.", low=0, high=1_000_000)
    share: float = knob(0.0, "What share of its words they may be; a Han character is a word.", low=0, high=1)
    action: str = knob(
        "flag", "What becomes of a text with more; mask writes stars in their place.", choices=("flag", "drop", "mask")
    )

    def judge(self, text: str) -> Drop | Edit | Flag | None:
        places = self._places(text)
        if len(places) <= self.allowed or self._share(text, places) <= self.share:
            return None
        if self.action == "mask":
            return self._masked(text, places)
        start, end = places[0]
        return judgement(self.action, f"words of the list: {' '.join(text[start:end][:SHOWN].split())}")

    def measures(self, text: str) -> Mapping[str, float]:
        places = self._places(text)
        return {"allowed": len(places), "share": self._share(text, places)}

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Where the listed words stand, in order; of those that overlap, the first and longest."""
        words = _listed(self.words)
        found = sorted(_found(_folded(text), words), key=lambda place: (place[0], -place[1]))
        places: list[tuple[int, int]] = []
        for start, end in found:
            if not places or start >= places[-1][1]:
                places.append((start, end))
        return places

    def _share(self, text: str, places: list[tuple[int, int]]) -> float:
        if not places:
            return 0.0
        return min(1.0, sum(max(1, count_plain(text[start:end])) for start, end in places) / max(1, count_plain(text)))

    def _masked(self, text: str, places: list[tuple[int, int]]) -> Edit | None:
        """The text with as many stars as the words had characters, so that nothing behind them moves."""
        now = text
        for _ in range(ROUNDS):
            if not places:
                return Edit(now, "words of the list masked") if now != text else None
            for start, end in places:
                now = f"{now[:start]}{'*' * (end - start)}{now[end:]}"
            places = self._places(now)
        return None


def _folded(text: str) -> str:
    """The text in lower case with one kind of apostrophe, every character where it was."""
    text = text.replace("’", "'")
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _found(text: str, words: _List) -> Iterator[tuple[int, int]]:
    if words.whole:
        for token in words.whole.keys() & set(_TOKEN.findall(text)):
            for word in words.whole[token]:
                yield from _standing(text, word)
    for first in words.starts.finditer(text) if words.starts else ():
        at = first.start()
        for size, known in words.anywhere.items():
            if text[at : at + size] in known:
                yield at, at + size


def _standing(text: str, word: str) -> Iterator[tuple[int, int]]:
    """Where a word stands with no letter or digit of its own script touching a letter or digit of its ends."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        open_before = at == 0 or not (_TOKEN.match(word[0]) and _TOKEN.match(text[at - 1]))
        open_behind = end == len(text) or not (_TOKEN.match(word[-1]) and _TOKEN.match(text[end]))
        if open_before and open_behind:
            yield at, end
        at = text.find(word, at + 1)


@lru_cache(maxsize=16)
def _listed(words: str) -> _List:
    whole: dict[str, list[str]] = {}
    anywhere: dict[int, set[str]] = {}
    for word in {_folded(" ".join(one.split())) for one in _BETWEEN.split(words)} - {""}:
        first = None if ONE_HAN.search(word) else _TOKEN.search(word)
        if first:
            whole.setdefault(first[0], []).append(word)
        else:
            anywhere.setdefault(len(word), set()).add(word)
    starts = "".join(sorted({re.escape(word[0]) for known in anywhere.values() for word in known}))
    return _List(
        {first: tuple(found) for first, found in whole.items()},
        {size: frozenset(known) for size, known in anywhere.items()},
        re.compile(f"[{starts}]") if starts else None,
    )
