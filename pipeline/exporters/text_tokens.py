"""A text as tokens, for formats that need some: words, single Chinese, Japanese and Thai characters, single other
marks, white space. No token lies across a border of a span, so each span is whole tokens. Registers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Letters that are written without spaces between words: Thai to Khmer, kana, hanzi
ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{ALONE}]|[^\W{ALONE}]+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Token:
    """Code points from `start` up to `end`; `space` says that a single space follows, which is no token of its own."""

    start: int
    end: int
    space: bool = False


def tokens(text: str, spans: Iterable[tuple[int, int]] = ()) -> list[Token]:
    """The tokens of a text, in which each of the spans (start, end) begins and ends with a token."""
    known = list(spans)
    starts, ends = {start for start, _ in known}, {end for _, end in known}
    found: list[Token] = []
    for start, end in _pieces(text, sorted(starts | ends)):
        swallowed = text[start:end] == " " and start not in starts and end not in ends
        if swallowed and found and found[-1].end == start and not found[-1].space:
            found[-1] = Token(found[-1].start, found[-1].end, space=True)
        else:
            found.append(Token(start, end))
    return found


def by_border(found: Sequence[Token]) -> tuple[dict[int, int], dict[int, int]]:
    """{where a token starts: its number}, {where it ends: its number}."""
    return {one.start: at for at, one in enumerate(found)}, {one.end: at for at, one in enumerate(found)}


def _pieces(text: str, borders: list[int]) -> Iterator[tuple[int, int]]:
    inside = iter([*borders, len(text) + 1])
    border = next(inside)
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        while border <= start:
            border = next(inside)
        while border < end:
            yield start, border
            start, border = border, next(inside)
        yield start, end
