"""Texts side by side, the words in which they differ marked. The texts are escaped: they are not Markdown."""

from __future__ import annotations

from difflib import SequenceMatcher

import streamlit as st

from app.widgets.text import plain
from app.words import t
from pipeline.dedup.diff import Piece, differences

RUN = 160  # characters of an unchanged stretch that are shown before and after what differs
LONGEST = 4000  # characters of one text that are shown


def side_by_side(before: str, after: str) -> None:
    """Draw both texts in two columns (one under the other where the page is narrow)."""
    left, right = differences(before, after)
    for column, pieces, color in zip(st.columns(2), (left, right), ("orange", "green"), strict=True):
        column.markdown(marked(pieces, color))


def changed_lines(before: str, after: str) -> None:
    """Draw only the lines that differ, those that went above those that came, for where there is little room."""
    old, new = before.splitlines(), after.splitlines()
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        left, right = differences("\n".join(old[a:b]).strip(), "\n".join(new[c:d]).strip())
        for pieces, color, sign in ((left, "orange", "−"), (right, "green", "+")):
            if any(text.strip() for _, text in pieces):
                st.markdown(f":{color}[**{plain(sign)}**] {marked(pieces, color)}")


def marked(pieces: list[Piece], color: str) -> str:
    """Untrusted text as Markdown that shows just that text, with what differs on a coloured ground."""
    out = []
    for index, (differs, text) in enumerate(_shortened(pieces)):
        lines: list[str] = []
        for line in text.split("\n"):
            # four spaces at the start of a line would make it a block of code
            core = plain(line.lstrip() if lines or not index else line)
            lines.append(f":{color}-background[{core}]" if differs and core.strip() else core)
        out.append("  \n".join(lines))
    visible = any(character.isprintable() and not character.isspace() for _, text in pieces for character in text)
    return "".join(out) if visible else t("duplicates.empty_text")


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """The pieces, with the middle of long unchanged stretches left out, and of no more than LONGEST characters."""
    shown: list[Piece] = []
    room = LONGEST
    for differs, whole in pieces:
        text = whole
        if not differs and len(text) > 4 * RUN and len(pieces) > 1:
            text = f"{text[:RUN]} […] {text[-RUN:]}"
        if len(text) > room:
            return [*shown, (differs, text[:room]), (False, " […]")]
        shown.append((differs, text))
        room -= len(text)
    return shown
