"""Two texts side by side, the words in which they differ marked. The texts are escaped: they are not Markdown."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

import streamlit as st

from app.widgets.text import plain

LONGEST = 2000  # characters shown of each text
_TOKEN = re.compile(
    r"[A-Za-z0-9_À-ɏ]+|\s+|.", re.DOTALL
)  # a word; else one character, so Chinese is marked by characters


def marked(before: str, after: str) -> tuple[str, str]:
    """Both texts as Markdown that shows just them, what only one of them has on a coloured ground."""
    left, right = (_TOKEN.findall(re.sub(r"\r\n?", "\n", text[:LONGEST]).strip()) for text in (before, after))
    shown: tuple[list[str], list[str]] = ([], [])
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        shown[0].append(_run("".join(left[a:b]), "" if kind == "equal" else "orange"))
        shown[1].append(_run("".join(right[c:d]), "" if kind == "equal" else "green"))
    return "".join(shown[0]), "".join(shown[1])


def side_by_side(before: str, after: str) -> None:
    """Draw both texts in two columns (one under the other where the page is narrow)."""
    for column, text in zip(st.columns(2), marked(before, after), strict=True):
        column.markdown(text)


def _run(text: str, colour: str) -> str:
    if not colour:
        return plain(text)
    pieces = re.split(r"(\s*\n\s*|^\s+|\s+$)", text)  # a mark neither spans lines nor begins or ends with a space
    return "".join(
        plain(piece) if not piece.strip() else f":{colour}-background[{plain(piece)}]" for piece in pieces if piece
    )
