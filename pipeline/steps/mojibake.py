"""Text that was decoded with the wrong encoding. Does not touch width, quotes, ligatures or normal forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import ftfy
from ftfy.badness import is_bad

from pipeline.domain import Edit
from pipeline.knobs import knob
from pipeline.steps.base import steps

# ftfy's defaults also straighten quotes, split ligatures, narrow full-width forms and normalise: that damages Chinese
# and Japanese, and none of it is mojibake.
REPAIR = ftfy.TextFixerConfig(
    unescape_html=False, remove_terminal_escapes=False, fix_latin_ligatures=False, fix_character_width=False,
    uncurl_quotes=False, fix_line_breaks=False, remove_control_chars=False, normalization=None, explain=False,
)  # fmt: skip
ROUNDS = 8
_C1 = re.compile(r"[\x80-\x9f]")

# UTF-8 read as GB18030 reads as rare characters ("浣犲ソ" for "你好"); taken back only if the whole text decodes to
# common Chinese, of which there must be some: genuine Chinese almost never is valid UTF-8 in its GB18030 bytes.
_COMMON = re.compile(r"[\x00-\x7f\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e\u2013-\u2026]*")
_HAN = re.compile(r"[\u4e00-\u9fff]")
# GB2312 read as Latin-1 reads as pairs of accented capitals and signs ("ÄãºÃ" for "你好"): only texts in which every
# accented letter is half of such a pair, three pairs in a row at least.
_LATIN_PAIRS = re.compile(r"(?:[^\x80-\uffff]|[\xa1-\xa3\xb0-\xf7][\xa1-\xfe])*")
_LATIN_RUN = re.compile(r"(?:[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]){3}")


@steps.register
@dataclass(frozen=True, slots=True)
class Mojibake:
    """Repair text that was decoded with the wrong encoding, such as "itâ€™s" or "浣犲ソ". Full-width forms, quotes and
    ligatures stay as they are. By the heuristics of ftfy (Speer 2019, doi:10.5281/zenodo.2591652)."""

    name: ClassVar[str] = "mojibake"
    chinese: bool = knob(True, "Also repair Chinese between UTF-8, GB18030 and Latin-1, which ftfy does not know.")

    def judge(self, text: str) -> Edit | None:
        if text.isascii():
            return None
        now = text
        for _ in range(ROUNDS):  # text can have been broken more than once
            repaired = self._repaired(now)
            if repaired == now:
                return None if now == text else Edit(now, "wrongly decoded text repaired")
            now = repaired
        return None  # no fixed point: not mojibake

    def _repaired(self, text: str) -> str:
        if self.chinese:
            found = _from_gb18030(text) or _from_latin1(text)
            if found is not None:
                return found
        return ftfy.fix_text(text, REPAIR) if is_bad(text) or _C1.search(text) else text


def _from_gb18030(text: str) -> str | None:
    if len(_HAN.findall(text)) < 3:
        return None
    try:
        found = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    return found if _COMMON.fullmatch(found) and len(_HAN.findall(found)) >= 2 else None


def _from_latin1(text: str) -> str | None:
    if not _LATIN_RUN.search(text) or not _LATIN_PAIRS.fullmatch(text):
        return None
    try:
        found = text.encode("latin-1").decode("gb2312")
    except UnicodeError:
        return None
    return found if _COMMON.fullmatch(found) else None
