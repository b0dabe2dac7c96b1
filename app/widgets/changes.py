"""What a step changed in a text, shown so that nothing stays invisible: spaces, line breaks and control characters have
signs where they differ. The texts are escaped: they are not Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

from app.widgets.text import plain
from app.words import said, t_or

SHOWN = 240  # characters of each text, from a little before the first difference
LEAD = 40
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+|.", re.DOTALL)  # a word; else one character, so Chinese by characters
_SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "↵", "\xa0": "⍽", "\u3000": "□"}


def marked(before: str, after: str) -> tuple[str, str]:
    """Both texts as Markdown, what only one of them has on a coloured ground, cut to where they differ."""
    start = max(0, _first_difference(before, after) - LEAD)
    left, right = (_TOKEN.findall(text[start : start + SHOWN]) for text in (before, after))
    shown: tuple[list[str], list[str]] = ([], [])
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        same = kind == "equal"
        shown[0].append(quiet("".join(left[a:b])) if same else _mark("".join(left[a:b]), "red"))
        shown[1].append(quiet("".join(right[c:d])) if same else _mark("".join(right[c:d]), "green"))
    dots = "…" if start else ""
    ends = ["…" if len(text) > start + SHOWN else "" for text in (before, after)]
    return tuple(dots + "".join(one) + end for one, end in zip(shown, ends, strict=True))  # type: ignore[return-value]


def quiet(text: str, limit: int | None = None) -> str:
    """A text as Markdown on one line, its line breaks and invisible characters as signs, its spaces as they are."""
    cut = text if limit is None or len(text) <= limit else text[: limit - 1] + "…"
    return plain("".join(char if char == " " else visible(char) for char in cut)).replace("  ", " \xa0")


def visible(char: str) -> str:
    """A character that can be seen: itself, or a sign in its place."""
    if char in _SIGNS:
        return _SIGNS[char]
    if unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Co", "Cn"):
        return f"⟨{ord(char):04X}⟩"
    return char


def reason_words(reason: str) -> str:
    """A step's reason in the reader's language where the catalogue has it; its detail is data and stays."""
    return plain(said(reason))


def step_words(step: str) -> str:
    """The name of a step, or of what else judges records, in the reader's language."""
    return t_or(f"steps.{step}.title", t_or(f"overview.step_{step}", step))


def _mark(text: str, colour: str) -> str:
    return f":{colour}-background[{plain(''.join(map(visible, text)))}]" if text else ""


def _first_difference(before: str, after: str) -> int:
    for at, (left, right) in enumerate(zip(before, after, strict=False)):
        if left != right:
            return at
    return min(len(before), len(after))
