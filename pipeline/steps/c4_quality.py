"""The line and page rules of C4: keep the lines that are sentences, and the pages that still say something.

Raffel et al. 2020, JMLR 21(140), section 2.2. What ends a sentence, lines_in.py says: beside . ! ? and quotation marks
。！？ and the Chinese ellipsis. A Han character is a word. The paper's list of bad words is the step word_list's work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, LEAST, judgement
from pipeline.steps.lines_in import ends_a_sentence, sentences_in, without
from pipeline.steps.words_in import words_of

_CITATION = re.compile(r"[ \t]?\[(?:\d*|edit|citation needed|编辑|編輯|来源请求|來源請求)\]")
_POLICY = (
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies",
    "使用条款", "使用條款", "隐私政策", "隱私政策", "隐私权政策", "隱私權政策",
)  # fmt: skip


@steps.register
@dataclass(frozen=True, slots=True)
class C4Quality:
    """Remove the lines of a page that are no sentences, and drop pages that have too few left, placeholder text or a
    curly bracket; by the rules of C4 (Raffel et al. 2020, JMLR 21(140)). For whole web pages: short texts do not
    pass."""

    name: ClassVar[str] = "c4_quality"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"min_sentences": LEAST}
    min_sentences: int = knob(5, "The fewest sentences that must be left; 0 for no limit.", low=0, high=10_000)
    line_ends: bool = knob(True, "Remove lines that do not end as a sentence does.")
    min_words: int = knob(3, "Remove lines with fewer words; a Han character is one.", low=0, high=1000)
    max_word_length: int = knob(1000, "Remove lines with a longer word; 0 for no limit.", low=0, high=1_000_000)
    citations: bool = knob(True, "Remove [1], [edit] and [citation needed].")
    javascript: bool = knob(True, "Remove lines that speak of JavaScript.")
    policy: bool = knob(True, "Remove lines about cookies, privacy and terms of use.")
    lorem_ipsum: bool = knob(True, "Drop pages with the placeholder text lorem ipsum.")
    curly: bool = knob(True, "Drop pages with a curly bracket: they hold code.")
    action: str = knob("drop", "What becomes of a page that does not pass.", choices=ACTIONS)

    def judge(self, text: str) -> Drop | Edit | Flag | None:
        lines = text.split("\n")
        kept = [self._kept(line) for line in lines]
        why = self._page(kept)
        if why is None and self.min_sentences:
            number = sum(sentences_in(line.strip()) for line in kept if line is not None)
            why = f"too few sentences: {number}" if number < self.min_sentences else None
        if why is not None:
            return judgement(self.action, why)
        if all(line is None or not line.strip() for line in kept):
            return None  # there was no line to judge, or nothing that the page is held against
        gone = {at for at, line in enumerate(kept) if line is None}
        if not gone and kept == lines:
            return None
        left = [line or "" for line in kept]
        after = without(left, gone.__contains__) if gone else "\n".join(left)
        return Edit(after, "lines that are no sentences removed" if gone else "citation marks removed")

    def measures(self, text: str) -> Mapping[str, float]:
        kept = [self._kept(line) for line in text.split("\n")]
        return {"min_sentences": sum(sentences_in(line.strip()) for line in kept if line is not None)}

    def _kept(self, line: str) -> str | None:
        """The line as it stays, or None if it goes; blank lines stay."""
        if self.citations and "[" in line:
            line = _uncited(line)
        bare = line.strip()
        if not bare:
            return line
        if self.line_ends and not ends_a_sentence(bare):
            return None
        words = words_of(bare) if self.min_words or len(bare) > self.max_word_length > 0 else []
        if self.max_word_length and any(len(word) > self.max_word_length for word in words):
            return None
        if len(words) < self.min_words:
            return None
        lower = bare.lower()
        if self.javascript and "javascript" in lower and not self._placeholder(lower):
            return None
        return None if self.policy and any(phrase in lower for phrase in _POLICY) else line

    def _placeholder(self, lower: str) -> bool:
        return self.lorem_ipsum and "lorem ipsum" in lower

    def _page(self, kept: list[str | None]) -> str | None:
        """Why the page cannot be, by what its kept lines hold."""
        for line in kept:
            if line is None:
                continue
            if self._placeholder(line.lower()):
                return "placeholder text"
            if self.curly and "{" in line:
                return "a curly bracket"
        return None


def _uncited(line: str) -> str:
    """The line without its citation marks; as it is where taking them out would leave another one."""
    bare = _CITATION.sub("", line)
    if bare == line or _CITATION.search(bare):
        return line
    return bare.rstrip() if line[:1].isspace() else bare.strip()
