"""What two texts are compared by: the definition, in plain Python, that the compiled engine is held against.

A word shingle is n consecutive words of the lower-cased text split at Unicode white space. A character shingle is n
consecutive code points of the lower-cased text with every run of white space as one space, at its ends too (so a text
of nothing but white space is one space). The automatic one cuts a text by characters if more than half of what is not
white space in it is of scripts that put none between words, and else by words. A text of fewer than n is one shingle of
all that it has; a text without any has none, and is nobody's duplicate. Similarity is the Jaccard index of the two sets
of shingles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain import WorkbenchError

LONGEST = 100
_FORM = re.compile(r"(word|char|auto):(\d{1,4})")
# Scripts that put no spaces between words: Thai to Khmer, kana, Han, and Han's extensions.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED_CHARACTER = re.compile(f"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class Shingle:
    """n consecutive words (`unit` word) or code points (`unit` char), or whichever fits each text (`unit` auto)."""

    unit: str
    n: int

    @classmethod
    def parse(cls, words: str) -> Shingle:
        """Read "word:5", "char:5" or "auto:5". Raises WorkbenchError with what it takes."""
        found = _FORM.fullmatch(words.strip().lower())
        if found is None or not 1 <= int(found[2]) <= LONGEST:
            raise WorkbenchError(
                f"'{words}' is not a way to cut texts: write word:N, char:N or auto:N with N from 1 to {LONGEST}, such "
                "as word:5, or char:5 for texts without spaces between words; auto:5 chooses for each text."
            )
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.unit}:{self.n}"

    def of(self, text: str) -> frozenset[tuple[str, ...]]:
        """The set of shingles of a text. Those of words and those of characters never are the same."""
        lowered = text.lower()
        by_words = self.unit == "word" or (self.unit == "auto" and not mostly_unspaced(lowered))
        parts = [f"{word} " for word in lowered.split()] if by_words else re.sub(r"\s+", " ", lowered)
        if not parts:
            return frozenset()
        return frozenset(tuple(parts[i : i + self.n]) for i in range(max(1, len(parts) - self.n + 1)))


def jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Shared shingles over all shingles; 0 when either text has none."""
    return len(one & other) / len(one | other) if one and other else 0.0


def mostly_unspaced(text: str) -> bool:
    """Whether more than half of the characters that are not white space are of scripts without spaces."""
    return 2 * len(_UNSPACED_CHARACTER.findall(text)) > sum(not c.isspace() for c in text)


def unspaced(texts: Iterable[str]) -> bool:
    """Whether these texts are mostly in scripts that put no spaces between words, so that words say nothing."""
    letters = found = 0
    for text in texts:
        head = text[:2000]
        letters += sum(map(str.isalpha, head))
        found += len(_UNSPACED_CHARACTER.findall(head))
    return found > 0.5 * letters
