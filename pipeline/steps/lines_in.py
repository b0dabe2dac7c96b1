"""What the lines of a text are to the steps that judge or remove lines. Registers no step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# Where a sentence ends, in Latin and Chinese writing, in Arabic, Urdu, Hindi, Armenian, Amharic, Khmer and Burmese. The
# single ellipsis is no end: it is where a page was cut off.
ENDS = (
    ".", "?", "!", '"', "'", "。", "？", "！", "．", "｡", "”", "’", "」", "』", "……",
    "؟", "۔", "।", "॥", "։", "።", "។", "။",
)  # fmt: skip
_MARKS = re.compile(r"[.!?。！？．｡…؟۔।॥։።။។]+[\"'”’)\]」』）]*")
_WIDE = re.compile(r"[。！？｡]|……")  # ends a sentence whatever stands behind it


def ends_a_sentence(line: str) -> bool:
    """Whether a stripped line ends as a sentence does: not in "..." or "…", but "……" is Chinese punctuation."""
    return line.endswith(ENDS) and not line.endswith("...")


def sentences_in(line: str) -> int:
    """How many sentences a stripped line holds; a line without an end of one is one."""
    found = 0
    for mark in _MARKS.finditer(line):
        last = mark.end() == len(line) or line[mark.end()].isspace()
        found += _WIDE.search(mark[0]) is not None or (last and mark[0] != "…")
    return found if found and ends_a_sentence(line) else found + bool(line)


def without(lines: list[str], gone: Callable[[int], bool]) -> str:
    """The text of these lines but those that are gone; blank lines about the gaps become one, and none at the ends. The
    line that begins the text then is not indented: what it was indented under is gone."""
    kept: list[str] = []
    gap = True
    for at, line in enumerate(lines):
        if gone(at):
            gap = True
        elif line.strip():
            kept.append(line if kept or not at else line.lstrip())
            gap = False
        elif not gap or (kept and kept[-1].strip()):
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept)


def repeated(parts: Iterable[str]) -> tuple[int, int]:
    """(how many of the parts stood there before, how many characters those have)."""
    seen: set[str] = set()
    number = characters = 0
    for part in parts:
        if part in seen:
            number += 1
            characters += len(part)
        else:
            seen.add(part)
    return number, characters
