"""fastText's training files: a line a record, its labels in front, as in "__label__good A fine day"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Rejection
from pipeline.importers.base import importers
from pipeline.importers.encoding import BROKEN
from pipeline.importers.fit import LABELS
from pipeline.importers.foreign import Found, Said
from pipeline.importers.source import Source, too_long, undecodable
from pipeline.knobs import knob

FIRST = 50  # lines that the kind of a file is known by
NO_TEXT = "The line has labels and no text."


@importers.register
@dataclass(frozen=True, slots=True)
class FastText:
    """fastText's lines: labels with a prefix, then the text. Where labels were written with a sign for their spaces, it
    can be turned back."""

    name: ClassVar[str] = "fasttext"
    extensions: ClassVar[tuple[str, ...]] = ("ft", "fasttext")

    prefix: str = knob("__label__", "What a label begins with.")
    spaces: str = knob("keep", "The sign that stands for a space in labels.", choices=("keep", "_", "-"))

    def claims(self, source: Source) -> float:
        if not source.encoding or not self.prefix:
            return 0.0
        first = [line.lstrip("\ufeff") for line in source.beginning().splitlines()[:FIRST] if line.strip("\ufeff \t")]
        labelled = sum(line.lstrip().startswith(self.prefix) for line in first)
        return 0.96 if first and labelled * 2 > len(first) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        for number, line in source.lines():
            if line is None:
                yield Rejection(number, "", too_long(source))
            elif BROKEN in line:
                yield Rejection(number, "", undecodable(source))
            elif line.strip("\ufeff \t\r\n"):
                yield self._record(number, line.lstrip("\ufeff").rstrip("\r\n"))

    def _record(self, number: int, line: str) -> Found | Rejection:
        """Labels are the words with the prefix in front; one that stands later is part of the text."""
        front = re.match(rf"(?:\s*{re.escape(self.prefix)}\S+(?=\s|$))*", line)
        end = front.end() if front else 0
        labels, text = line[:end].split(), line[end + 1 :] if end else line
        if not text.strip():
            return Rejection(number, "text", NO_TEXT)
        names = [label.removeprefix(self.prefix) for label in labels]
        if self.spaces != "keep":
            names = [name.replace(self.spaces, " ") for name in names]
        found = Found(number, text)
        if names:
            found.answers.append(Said("", "label", LABELS, list(dict.fromkeys(names))))
        return found
