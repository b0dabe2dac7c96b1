"""Where two texts differ, for a page that shows them side by side: by words, or by characters where none are spaced."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from pipeline.dedup.shingles import UNSPACED

Piece = tuple[bool, str]  # whether it differs from the other text, and how it reads
LONGEST = 3000  # words of one text that are compared; the rest of a longer one is compared as a whole

_WORD = re.compile(rf"\s*(?:[{UNSPACED}]|[^\W{UNSPACED}]+|[^\w\s]|\S|$)")


def differences(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces of each text, in order: joined they spell it. White space and the case of letters do not count."""
    left, right = _words(one), _words(other)
    mine, theirs = ([word.strip().lower() for word in words] for words in (left, right))
    marked_left, marked_right = [False] * len(left), [False] * len(right)
    for kind, i, i_end, j, j_end in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind != "equal":
            marked_left[i:i_end] = [True] * (i_end - i)
            marked_right[j:j_end] = [True] * (j_end - j)
    return _pieces(left, marked_left), _pieces(right, marked_right)


def union(readings: list[list[Piece]]) -> list[Piece]:
    """One text that was held against several others: what differs from any of them."""
    marked: list[bool] = []
    for pieces in readings:
        own = [differs for differs, part in pieces for _ in part]
        marked = [a or b for a, b in zip(marked, own, strict=True)] if marked else own
    text = "".join(part for _, part in readings[0]) if readings else ""
    return _pieces(list(text), marked)


def _words(text: str) -> list[str]:
    words = [word for word in _WORD.findall(text) if word]
    return words if len(words) <= LONGEST else [*words[:LONGEST], "".join(words[LONGEST:])]


def _pieces(words: list[str], marked: list[bool]) -> list[Piece]:
    pieces: list[Piece] = []
    for word, differs in zip(words, marked, strict=True):
        gap = word[: len(word) - len(word.lstrip())]
        if differs and gap and not (pieces and pieces[-1][0]):  # the space before a marked word is not marked
            _add(pieces, False, gap)
            _add(pieces, True, word[len(gap) :])
        else:
            _add(pieces, differs, word)
    return pieces


def _add(pieces: list[Piece], differs: bool, text: str) -> None:
    if pieces and pieces[-1][0] == differs:
        pieces[-1] = (differs, pieces[-1][1] + text)
    elif text:
        pieces.append((differs, text))
