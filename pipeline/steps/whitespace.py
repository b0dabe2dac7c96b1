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
_TRAILING = " \t\r\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))  # with the CR of CRLF
_ODD = re.compile(rf"[{_WIDE}]")
_INNER = re.compile(r"[ \t](?<=[^ \t\n][ \t])[ \t]+")  # begins with what is rare: a search for it is twice as quick
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
        if not _suspect(text):
            return None
        tidy = "\n".join([line.rstrip(_TRAILING) for line in text.split("\n")])
        tidy = tidy if tidy.isascii() else _ODD.sub(" ", tidy)
        tidy = _INNER.sub(" ", tidy) if "  " in tidy or "\t" in tidy else tidy
        if not self.keep_indent:
            tidy = _INDENT.sub("", tidy)
        tidy = _BLANK_LINES.sub("\n\n", tidy).strip("\n").rstrip()
        tidy = tidy if self.keep_indent and _is_block(tidy) else tidy.lstrip()
        return None if tidy == text else Edit(tidy, "spaces and line breaks tidied")


def _suspect(text: str) -> bool:
    """Whether there is anything to tidy. Most texts need no pattern to say that there is not: what can be printed is no
    space but the plain one, and no tab."""
    if "  " not in text and " \n" not in text and "\n " not in text and "\n\n\n" not in text:
        flat = text.replace("\n", "")
        if flat.isprintable():
            return text != text.strip()
    return _SUSPECT.search(text) is not None


def _is_block(tidy: str) -> bool:
    """Whether all lines are indented as far as the first one, as in a part of code."""
    indent = tidy[: len(tidy) - len(tidy.lstrip(" \t"))]
    return bool(indent) and "\n" in tidy and all(line.startswith(indent) for line in tidy.split("\n") if line)
