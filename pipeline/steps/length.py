"""Texts that are too short or too long to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop
from pipeline.knobs import KnobError, knob
from pipeline.steps.base import steps
from pipeline.steps.words_in import count_plain


@steps.register
@dataclass(frozen=True, slots=True)
class Length:
    """Drop records shorter or longer than the bounds. Where words are counted, a Chinese, Japanese or Korean character
    is one."""

    name: ClassVar[str] = "length"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"min": "least", "max": "most"}
    min: int = knob(3, "The least a text must have.", low=0, high=10_000_000)
    max: int = knob(20_000, "The most a text may have; 0 for no limit.", low=0, high=10_000_000)
    unit: str = knob("characters", "What is counted.", choices=("characters", "words"))

    def __post_init__(self) -> None:
        if self.max and self.min > self.max:
            raise KnobError(f"length has min {self.min} above max {self.max}. Swap them, or set max to 0 for no limit.")

    def judge(self, text: str) -> Drop | None:
        size = self._size(text)
        if size < self.min:
            return Drop(f"too few {self.unit}: < {self.min}")
        if self.max and size > self.max:
            return Drop(f"too many {self.unit}: > {self.max}")
        return None

    def measures(self, text: str) -> Mapping[str, float]:
        size = self._size(text)
        return {"min": size, "max": size}

    def _size(self, text: str) -> int:
        return len(text.strip()) if self.unit == "characters" else count_plain(text)
