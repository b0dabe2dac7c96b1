"""What a word is to the steps that count words. Registers no step.

Scripts with spaces: a word is what stands between white space, with the punctuation that touches it, as the published
quality rules count. Han, kana and hangul: every character is a word, with the punctuation around it. So the numbers of
English text are those of the papers, and Chinese text needs no dictionary.
"""

from __future__ import annotations

import re
from typing import Literal

HAN = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
ONE_HAN = re.compile(f"[{HAN}]")
LANGUAGES = ("auto", "en", "zh", "other")
Language = Literal["en", "zh", "other", "unspaced"]

_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # Thai, Lao, Burmese, Khmer
_PLAIN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+(?:['’][^\W_{HAN}]+)*")
_MIXED = re.compile(rf"[^\w\s]*+[{HAN}][^\w\s]*+|[^\s{HAN}]+")


def count_plain(text: str) -> int:
    """How many words without any punctuation a text has: what a reader would count."""
    return len(_PLAIN.findall(text))


def words_of(text: str) -> list[str]:
    """The words of a text, as this module's head says it."""
    return text.split() if text.isascii() or not ONE_HAN.search(text) else _MIXED.findall(text)


def places_of(text: str) -> list[tuple[int, int]]:
    """Where the words of `words_of` stand: (start, end) in code points."""
    return [found.span() for found in _MIXED.finditer(text)]


def language_of(text: str, wanted: str = "auto") -> Language:
    """Which rules a text is counted by: those that are wanted, else those of its script. Chinese is where at least one
    character in five is Han (one says as much as three letters, and a space) and few are kana or hangul; Latin script
    is taken for English; "unspaced" is Thai, Lao, Burmese or Khmer, whose words nothing here can find."""
    if wanted in ("en", "zh", "other"):
        return wanted  # type: ignore[return-value]  # one of the three
    if text.isascii():
        return "en"
    if 5 * len(ONE_HAN.findall(text)) >= len(text):
        foreign = len(_KANA_OR_HANGUL.findall(text))
        return "zh" if 10 * foreign < len(text) else "other"
    if 2 * len(text.encode("ascii", "ignore")) >= len(text):
        return "en"
    return "unspaced" if _UNSPACED.search(text) else "other"
