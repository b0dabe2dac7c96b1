"""Characters that nobody sees: control, zero-width and direction marks. Does not touch what scripts and emoji need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Edit
from pipeline.steps.base import steps

_PICTURE = r"\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
# Scripts in which the joiners choose a letter's shape: Arabic and Syriac to Myanmar, Khmer and Mongolian
_JOINING = r"\u0600-\u0fff\u1000-\u109f\u1780-\u18af\ua8e0-\ua8ff\ufb50-\ufdff\ufe70-\ufefc\U00010d00-\U0001193f"
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer: zero-width spaces part words
_KEPT = (
    rf"(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"  # families, professions: one picture of several
    rf"|(?<=[{_JOINING}])[\u200c\u200d]|(?<=[{_UNSPACED}])\u200b(?=[{_UNSPACED}])"
    r"|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"  # flags of regions, spelt in tag characters
)
_LINE = r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]"
_UNSEEN = (
    # a terminal's sequences (ECMA-48); \x9b alone is more often a quotation mark of Windows-1252
    r"\x1b\[[0-?]{0,32}[ -/]{0,4}[@-~]|\x9b[0-9;?]{1,32}[A-Za-z]|\x1b\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\)"
    r"|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
    r"\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ufdd0-\ufdef\ufffe\uffff\U000e0001\U000e0020-\U000e007f]"
)
_SUSPECT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ufdd0-\ufdef\ufffe\uffff\U000e0001\U000e0020-\U000e007f]"
)
_PARTS = re.compile(rf"(?P<kept>{_KEPT})|(?P<line>{_LINE})|{_UNSEEN}")


@steps.register
@dataclass(frozen=True, slots=True)
class Control:
    """Remove control, zero-width and text-direction characters; line separators of every kind become plain line breaks.
    Tabs stay, and so do the joiners that emoji, Persian and Indic scripts need (Unicode TR51, TR31)."""

    name: ClassVar[str] = "control"

    def judge(self, text: str) -> Edit | None:
        if text.replace("\n", "").isprintable() or not _SUSPECT.search(text):  # the first is quicker
            return None
        cleaned = _PARTS.sub(_replacement, text)
        return None if cleaned == text else Edit(cleaned, "invisible characters removed")


def _replacement(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    return "\n" if found["line"] else ""
