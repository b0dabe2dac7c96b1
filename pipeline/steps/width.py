"""Full-width and half-width letters and digits. Does not touch kana, hangul, spaces or other forms of compatibility."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps

_APART = 0xFEE0  # between an ASCII sign and its full-width form (Unicode, block Halfwidth and Fullwidth Forms)
_LETTERS = {"half": re.compile("[０-９Ａ-Ｚａ-ｚ]"), "full": re.compile("[0-9A-Za-z]")}
_SIGNS = {"half": re.compile("[！-～]"), "full": re.compile("[!-~]")}
# signs that are part of a number, a name or an address: 199.00, 20:30, WH-1000, a_b@c.org
_BETWEEN = {
    "half": re.compile("(?<=[0-9A-Za-z])[．－／＠＿](?=[0-9A-Za-z])|(?<=[0-9])：(?=[0-9])"),
    "full": re.compile("(?<=[０-９Ａ-Ｚａ-ｚ])[./@_-](?=[０-９Ａ-Ｚａ-ｚ])|(?<=[０-９]):(?=[０-９])"),
}


@steps.register
@dataclass(frozen=True, slots=True)
class Width:
    """Flag or convert full-width letters and digits such as ＡＢＣ１２３, or the other way round; the signs inside of
    numbers and addresses go with them. Chinese punctuation stays unless told to."""

    name: ClassVar[str] = "width"
    to: str = knob(
        "half", "The form to keep: half for English and code, full for vertical text.", choices=("half", "full")
    )
    punctuation: bool = knob(False, "Also punctuation: ，！？（） and so on, which Chinese is written with.")
    action: str = knob("flag", "What to do with a text that holds the other form.", choices=("flag", "convert"))

    def judge(self, text: str) -> Edit | Flag | None:
        if text.isascii() if self.to == "half" else not _SIGNS["full"].search(text):
            return None
        turn = _narrow if self.to == "half" else _widen
        now = (_SIGNS if self.punctuation else _LETTERS)[self.to].sub(turn, text)
        now = _BETWEEN[self.to].sub(turn, now)
        if now == text:
            return None
        if self.action == "convert":
            return Edit(now, "full-width made half-width" if self.to == "half" else "half-width made full-width")
        return Flag("full-width characters" if self.to == "half" else "half-width characters")


def _narrow(found: re.Match[str]) -> str:
    return chr(ord(found[0]) - _APART)


def _widen(found: re.Match[str]) -> str:
    return chr(ord(found[0]) + _APART)
