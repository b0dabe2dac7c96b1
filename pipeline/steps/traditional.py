"""Simplified and traditional Chinese, by the tables of OpenCC. Leaves Japanese and Korean alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps

WAYS = ("t2s", "tw2s", "tw2sp", "hk2s", "s2t", "s2tw", "s2twp", "s2hk")
ROUNDS = 4

_KANA_OR_HANGUL = re.compile(r"[\u3041-\u30fa\u31f0-\u31ff\uff66-\uff9d\u1100-\u11ff\uac00-\ud7af]")
_HAN = re.compile(r"[\u3400-\u9fff]")
# What OpenCC changes where it stands alone, but leaves or puts in many a word of the other script (公里 and 這裏, 乾坤
# and 乾淨): the characters that it writes itself when it converts the words of jieba's dictionary. They tell nothing of
# the script that a text is written in.
_EITHER = frozenset(
    "里群吃台峰干床斗温户后游唇秘岩征脱于税采痴皂灶范划咸卧准凶岳丑伙云朴悦熏占丰辟几尸郁夸藴葱吁兑余么杰淀霉仆跖厘蜕苧佣党恒筑涂粽"
    "叶涌膻緼醖腌氲囱愠叁媪棁揾敚涚煴腽蒀榅輼捝乾徵吒扞薹脩袷麽昇著"
)


@steps.register
@dataclass(frozen=True, slots=True)
class Traditional:
    """Flag or convert texts in the other Chinese script. A text is converted if it holds a character that only the
    other script has; texts with kana or hangul are left alone. The ways that end in p also exchange words, such as 軟體
    for 软件. By OpenCC (its tables of phrases and of Taiwan's and Hong Kong's forms)."""

    name: ClassVar[str] = "traditional"
    way: str = knob("t2s", "From which script to which; s is simplified, t traditional.", choices=WAYS)
    action: str = knob("flag", "What to do with a text in the other script.", choices=("flag", "convert"))

    def judge(self, text: str) -> Edit | Flag | None:
        if text.isascii() or _converter(self.way)[0].isdisjoint(text):
            return None
        if len(_KANA_OR_HANGUL.findall(text)) * 10 > len(_HAN.findall(text)):
            return None
        now = _converted(text, self.way)
        if now == text:
            return None
        if self.action == "convert":
            return Edit(now, "converted to traditional" if self.way[0] == "s" else "converted to simplified")
        return Flag("in simplified characters" if self.way[0] == "s" else "in traditional characters")


def _converted(text: str, way: str) -> str:
    """The text in the other script. One pass is right: a second would take 萬里 for 萬裏; so there is one only where
    the first left a character behind. What never settles, and what is not Unicode, stays as it is."""
    telling, convert = _converter(way)
    now = text
    for _ in range(ROUNDS):
        try:
            after = convert(now)
        except UnicodeEncodeError:  # half a surrogate pair
            return text
        if after == now or telling.isdisjoint(after):
            return after
        now = after
    return text


@functools.lru_cache(maxsize=len(WAYS))
def _converter(way: str) -> tuple[frozenset[str], Callable[[str], str]]:
    """The characters that tell of a text that it is in the other script, and what converts it."""
    from opencc import OpenCC  # 0.1 s: only for those who use the step

    every = [chr(code) for code in range(0x3400, 0xA000)]
    plain = OpenCC("s2t" if way[0] == "s" else "t2s").convert("\n".join(every)).split("\n")
    changed = {before for before, after in zip(every, plain, strict=True) if before != after}
    return frozenset(changed - _EITHER), OpenCC(way).convert
