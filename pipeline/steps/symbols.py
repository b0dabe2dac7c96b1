"""What a text is made of: letters, digits, punctuation, pictures. Looks at shares, at no meaning."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, LEAST, MOST, broken, judgement, shown

_PICTURES = ((0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x2300, 0x23FF))
_JOINS = (0x200D, 0xFE0E, 0xFE0F, 0x20E3)  # what pictures are joined and coloured with counts as nothing
_OF = {"L": "a", "M": "a", "N": "1", "P": ".", "S": ".", "Z": " ", "C": " "}
_SAID = {
    "letters": "too few letters: {number}",
    "digits": "too many digits: {number}",
    "punctuation": "too much punctuation: {number}",
    "emoji": "too many emoji: {number}",
}


class _Kinds(dict[int, str]):
    """A character's kind: a letter (and its marks), 1 digit, . punctuation or sign, e picture, space for nothing."""

    def __missing__(self, code: int) -> str:
        if code in _JOINS:
            kind = " "
        elif any(low <= code <= high for low, high in _PICTURES):
            kind = "e"
        else:
            kind = _OF[unicodedata.category(chr(code))[0]]
        self[code] = kind
        return kind


_KINDS = _Kinds()


@steps.register
@dataclass(frozen=True, slots=True)
class Symbols:
    """Flag or drop texts made of too few letters, or of too many digits, punctuation marks or emoji. Shares are of the
    characters that can be seen."""

    name: ClassVar[str] = "symbols"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {
        "letters": LEAST, "digits": MOST, "punctuation": MOST, "emoji": MOST,
    }  # fmt: skip
    letters: float = knob(0.4, "The least share of letters of any script; 0 for no limit.", low=0, high=1)
    digits: float = knob(0.5, "The largest share of digits; 0 for no limit.", low=0, high=1)
    punctuation: float = knob(0.5, "The largest share of punctuation and other signs; 0: none.", low=0, high=1)
    emoji: float = knob(0.4, "The largest share of emoji; 0 for no limit.", low=0, high=1)
    min_size: int = knob(5, "Texts with fewer visible characters are left alone.", low=1, high=1_000_000)
    action: str = knob("flag", "What becomes of a text that does not pass.", choices=ACTIONS)

    def judge(self, text: str) -> Drop | Flag | None:
        found = broken(self, self._numbers(text))
        return judgement(self.action, _SAID[found[0]].format(number=shown(found[1]))) if found else None

    def measures(self, text: str) -> Mapping[str, float]:
        return dict(self._numbers(text))

    def _numbers(self, text: str) -> Iterator[tuple[str, float]]:
        kinds = text.translate(_KINDS)
        size = len(kinds) - kinds.count(" ")
        if size < self.min_size:
            return
        yield "letters", kinds.count("a") / size
        yield "digits", kinds.count("1") / size
        yield "punctuation", kinds.count(".") / size
        yield "emoji", kinds.count("e") / size
