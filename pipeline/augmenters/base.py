"""What an augmenter is, and what every text that one makes must hold. Imports no model and no word list.

An augmenter is called in a worker process only (pipeline.augmenters.worker), where it may import what is slow or large.
The page and the verb ask it only for its settings, its languages and whether it is ready.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pipeline.domain import WorkbenchError
from pipeline.registry import Registry

LENGTHS = 3  # a variant more than this many times as long, or as short, as its original is not the same text
_WORD = re.compile(r"\w+")
_ENGLISH = frozenset(_WORD.findall("the of and to a in is it that this was for with on are as but not be i you my"))


@dataclass(frozen=True, slots=True)
class Refused:
    """No variant came of a text. The reason is a short English phrase, the same for all texts that it is said of."""

    reason: str


Outcome = str | Refused


class Augmenter(Protocol):
    """A frozen dataclass whose knobs are its settings. `languages` are the codes ("en", "zh") that it works for."""

    name: ClassVar[str]
    languages: ClassVar[tuple[str, ...]]

    def ready(self) -> str:
        """Empty if it can work on this machine, else a sentence that says what to install."""
        ...

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> Iterator[Outcome]:
        """One outcome a text, in order. It depends on that text and its seed alone, not on the others beside it."""
        ...


augmenters: Registry[Augmenter] = Registry("augmenter", "pipeline.augmenters")


class NotReady(WorkbenchError):
    """An augmenter needs something that is not installed."""


def produce(augmenter: Augmenter, texts: Sequence[str], seeds: Sequence[int]) -> list[Outcome]:
    """The outcome for every text, each variant held against its original. Raises NotReady."""
    if missing := augmenter.ready():
        raise NotReady(missing)
    return [judged(text, outcome) for text, outcome in zip(texts, augmenter(texts, seeds), strict=True)]


def judged(original: str, outcome: Outcome) -> Outcome:
    """The variant if it is a text, differs from its original in its words, and is of like length; else why not."""
    if isinstance(outcome, Refused):
        return outcome
    if not outcome.strip():
        return Refused("empty")
    if folded(outcome) == folded(original):
        return Refused("unchanged")
    if len(outcome) > LENGTHS * len(original) + 20:
        return Refused("far longer than the original")
    if len(outcome) * LENGTHS < len(original):
        return Refused("far shorter than the original")
    return outcome


def folded(text: str) -> str:
    """A text without case, spacing and punctuation; if that leaves nothing, only without outer space."""
    return " ".join(words_of(text)) or text.strip()


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def looks_english(text: str) -> bool:
    """A cheap test by script: most letters are plain Latin ones. French passes, Chinese does not."""
    letters = [c for c in text if c.isalpha()]
    return bool(letters) and 2 * sum(c.isascii() for c in letters) > len(letters)


def language_of(texts: Sequence[str]) -> str:
    """What most of these texts are written in, judged cheaply: "en", "zh" or "other"."""
    letters = [c for text in texts for c in text[:1000] if c.isalpha()]
    if sum("\u4e00" <= c <= "\u9fff" for c in letters) * 3 > len(letters):
        return "zh"
    words = [word for text in texts if looks_english(text) for word in words_of(text[:1000])]
    common = sum(word in _ENGLISH for word in words)
    return "en" if words and common * 10 > len(words) else "other"
