"""The words of Chinese texts, as a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.steps.base import steps
from pipeline.steps.chinese_words import is_chinese, words


@steps.register
@dataclass(frozen=True, slots=True)
class Segment:
    """Write the words of Chinese texts, with their places, to the column `tokens`. The text itself stays as it is, and
    other languages get no column. By jieba."""

    name: ClassVar[str] = "segment"

    def derive(self, text: str) -> Mapping[str, Any] | None:
        return {"tokens": words(text)} if is_chinese(text) else None
