"""Parts of speech of Chinese and English texts, as a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.knobs import knob
from pipeline.steps import chinese_words, english_tags
from pipeline.steps.base import steps

LANGUAGES = ("zh", "en")


@steps.register
@dataclass(frozen=True, slots=True)
class SpeechParts:
    """Write the words of Chinese and English texts, with places and parts of speech, to the column `speech_parts`.
    Chinese by jieba (tags of ICTCLAS), English by an averaged perceptron (tags of the Penn Treebank)."""

    name: ClassVar[str] = "speech_parts"
    languages: tuple[str, ...] = knob(LANGUAGES, "Texts in these languages are tagged, others not.", choices=LANGUAGES)

    def derive(self, text: str) -> Mapping[str, Any] | None:
        if "zh" in self.languages and chinese_words.is_chinese(text):
            return {"speech_parts": chinese_words.tagged_words(text)}
        if "en" in self.languages and english_tags.is_english(text):
            return {"speech_parts": english_tags.tagged_words(text)}
        return None
