"""Texts that read as others do but are written with other characters: another Unicode form, another script's letters.

It marks and never edits: labels hold offsets into the text as it stands, and normalising would move them. Nor does it
make a column of the normal form: what looks for equal texts folds them for itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, MOST, judgement

# Cyrillic and Greek letters that look like Latin ones, beside a Latin letter: "раypal"; "мм" and "μm" are none
_ALIKE = "аеорсхуіјѕһԁԛԝАВЕКМНОРСТХІЈЅοΟΑΒΕΖΗΙΚΜΝΡΤΥΧ"
_MIXED = re.compile(f"[A-Za-z][{_ALIKE}]|[{_ALIKE}][A-Za-z]")
_JAMO = re.compile("[\u1100-\u11ff]")  # Hangul letters, which make one character without being marks


@steps.register
@dataclass(frozen=True, slots=True)
class UnicodeForm:
    """Flag or drop texts that look like others but are written with other characters, so that no search finds them: not
    in Unicode's normal form (UAX 15), or with Cyrillic or Greek letters inside Latin words. Edits nothing."""

    name: ClassVar[str] = "unicode_form"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"share": MOST}
    form: str = knob(
        "NFC", "NFC: accents; NFKC: also letters and digits of other width or shape.", choices=("NFC", "NFKC")
    )
    share: float = knob(0.0, "The largest share of characters in another form; 0 lets none pass.", low=0, high=1)
    lookalikes: bool = knob(True, "Also Cyrillic and Greek letters that look like the Latin ones beside them.")
    action: str = knob("flag", "What becomes of such a text.", choices=ACTIONS)

    def judge(self, text: str) -> Drop | Flag | None:
        if text.isascii():
            return None
        if self._share(text) > self.share:
            return judgement(self.action, f"not in the Unicode form: {self.form}")
        if self.lookalikes and _MIXED.search(text):
            return judgement(self.action, "letters of another script inside words")
        return None

    def measures(self, text: str) -> Mapping[str, float]:
        return {"share": self._share(text)} if text else {}

    def _share(self, text: str) -> float:
        """The share of characters, with their marks, that the form writes otherwise. NFKC would also turn Chinese
        punctuation into Latin, so of it only letters and digits count."""
        if unicodedata.is_normalized(self.form, text):  # type: ignore[arg-type]  # one of the choices
            return 0.0
        clusters = _clusters(text)
        return sum(self._otherwise(one) for one in clusters) / len(clusters)

    def _otherwise(self, cluster: str) -> bool:
        if cluster.isascii() or unicodedata.is_normalized(self.form, cluster):  # type: ignore[arg-type]
            return False
        return not unicodedata.is_normalized("NFC", cluster) or cluster[0].isalnum()


def _clusters(text: str) -> list[str]:
    """The characters of a text, each with its marks."""
    found: list[str] = []
    for one in text:
        joined = unicodedata.combining(one) or (_JAMO.match(one) and found and _JAMO.match(found[-1]))
        if joined and found:
            found[-1] += one
        else:
            found.append(one)
    return found
