"""White space. Does not touch the indentation of lines, so that code stays code, unless told to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Edit
from pipeline.knobs import knob
from pipeline.steps.base import steps

_WIDE = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"  # Unicode's other spaces, the ideographic one included
_SUSPECT = re.compile(rf"[{_WIDE}\r]|[ \t]{{2}}|[ \t]\n|\n[ \t]|\n{{3}}|\A\s|\s\Z")
_TRAILING = re.compile(rf"[ \t\r{_WIDE}]+(?=\n|\Z)")  # with the CR of CRLF
_ODD = re.compile(rf"[{_WIDE}]")
_INNER = re.compile(r"(?<=[^ \t\n])(?:[ \t]{2,})")
_INDENT = re.compile(r"(?m)^[ \t]+")
_BLANK_LINES = re.compile(r"\n{3,}")


@steps.register
@dataclass(frozen=True, slots=True)
class Whitespace:
    """Make every space a plain one (the ideographic and the no-break space too), runs of spaces one, and more than two
    line breaks two; cut spaces at the ends of lines and of the text."""

    name: ClassVar[str] = "whitespace"
    keep_indent: bool = knob(True, "Keep the spaces that lines begin with, as in code and poems.")

    def judge(self, text: str) -> Edit | None:
        if not _SUSPECT.search(text):
            return None
        tidy = _INNER.sub(" ", _ODD.sub(" ", _TRAILING.sub("", text)))
        if not self.keep_indent:
            tidy = _INDENT.sub("", tidy)
        tidy = _BLANK_LINES.sub("\n\n", tidy).strip()
        return None if tidy == text else Edit(tidy, "spaces and line breaks tidied")
