"""Text that was decoded with the wrong encoding. Does not touch width, quotes, ligatures or normal forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import ftfy
from ftfy.badness import MOJIBAKE_CATEGORIES, is_bad

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
# One of these is in all that ftfy calls bad, and most texts have none. Its own pattern takes fifty times as long, and
# looks at seven characters at most: so where there are some it is shown only what stands about them.
_SUSPECTS = ("c1", "bad", "law", "currency", "numeric", "box", "upper_accented", "lower_accented")
_SUSPECT = f"[{''.join(MOJIBAKE_CATEGORIES[name] for name in _SUSPECTS)}ÙóЂВГРСΒΓΞΟ]"
NEAR = 7
_PLACES = re.compile(f"{_SUSPECT}(?:.{{0,{NEAR}}}{_SUSPECT})*", re.DOTALL)

# UTF-8 read as GB18030 reads as rare characters ("浣犲ソ" for "你好"); taken back only if the whole text decodes to
# common Chinese, of which there must be some: genuine Chinese almost never is valid UTF-8 in its GB18030 bytes.
_COMMON = re.compile(r"[\x00-\x7f\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e\u2013-\u2026]*")
_HAN = re.compile(r"[\u4e00-\u9fff]")
# GB2312 read as Latin-1 reads as pairs of accented capitals and signs ("ÄãºÃ" for "你好"): only texts in which every
# accented letter is half of such a pair, two pairs in a row and three in all at least. What comes out must hold a
# common character: Korean in EUC-KR has the same pairs.
_LATIN_PAIRS = re.compile(r"(?:[\x00-\x7f]|[\xa1-\xa3\xb0-\xf7][\xa1-\xfe])*")
_LATIN_RUN = re.compile(r"(?:[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]){2}")
_HIGH = re.compile(r"[\xa1-\xfe]")
_OFTEN = frozenset(
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如"
    "事把还用样道想作开很吃店书电机手买品量服务"
)


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
        return ftfy.fix_text(text, REPAIR) if looks_bad(text) else text


def looks_bad(text: str) -> bool:
    """What ftfy's is_bad says, sooner."""
    places = (text[max(0, found.start() - NEAR) : found.end() + NEAR] for found in _PLACES.finditer(text))
    return any(map(is_bad, places)) and is_bad(text)  # a place can be bad at its edge alone


def _from_gb18030(text: str) -> str | None:
    try:
        found = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    if len(_HAN.findall(text)) < 3:
        return None
    return found if _COMMON.fullmatch(found) and len(_HAN.findall(found)) >= 2 else None


def _from_latin1(text: str) -> str | None:
    """The Chinese; the text itself where something else is in such pairs, of which ftfy would mend a part wrongly; None
    where there are no such pairs, or they are UTF-8."""
    try:
        read = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    if not _LATIN_RUN.search(text) or len(_HIGH.findall(text)) < 6 or not _LATIN_PAIRS.fullmatch(text):
        return None
    if _decoded(read, "utf-8") is not None:
        return None
    found = _decoded(read, "gb2312")
    return found if found and _COMMON.fullmatch(found) and not _OFTEN.isdisjoint(found) else text


def _decoded(read: bytes, encoding: str) -> str | None:
    try:
        return read.decode(encoding)
    except UnicodeDecodeError:
        return None
