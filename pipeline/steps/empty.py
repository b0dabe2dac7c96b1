"""Records that hold no text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from pipeline.domain import Drop
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.missing_words import WORDS

_NOTHING = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\xad\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe0e\ufe0f\ufeff]*"
)


@steps.register
@dataclass(frozen=True, slots=True)
class Empty:
    """Drop records without a visible character, and those whose whole text is a word for a missing value (those that
    pandas.read_csv takes for missing, and the Chinese ones)."""

    name: ClassVar[str] = "empty"
    words: tuple[str, ...] = knob(WORDS, "Whole texts that mean that there is none; case does not matter.")

    def judge(self, text: str) -> Drop | None:
        if _NOTHING.fullmatch(text):
            return Drop("no text")
        if len(text) <= 40 and text.strip().casefold() in _folded(self.words):
            return Drop(f"a word for a missing value: {text.strip()}")
        return None


@lru_cache
def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)
