"""Untrusted text as Markdown: each mark is escaped, and what no escape keeps out is kept apart."""

from __future__ import annotations

import pytest

from app.widgets.text import harmless, plain
from tests.injection import texts

APART = ":small[]"
KEPT_APART = (
    "http://a.b", "https://a.b", "HTTP://a.b", "www.a.b", "x@y.z", ":smile:", ":+1:", ":material/home:", ":streamlit:",
    "->", "a -> b", "<-", "<->", "--", ">=", "<=", "~=",
)  # fmt: skip


def undone(markdown: str) -> str:
    """What an escaped text says."""
    found, at = [], 0
    shown = markdown.replace(APART, "").replace("  \n", "\n").replace("\xa0", " ")
    while at < len(shown):
        at += shown[at] == "\\"
        found.append(shown[at])
        at += 1
    return "".join(found)


@pytest.mark.parametrize("name", texts("x"))
def test_every_text_says_what_it_said(name: str) -> None:
    text = texts("x")[name].replace("\xa0", " ")
    assert undone(plain(text)) == text


@pytest.mark.parametrize("text", KEPT_APART)
def test_what_is_looked_for_after_the_escapes_is_kept_apart(text: str) -> None:
    assert plain(text).count(APART) >= 1
    assert undone(plain(text)) == text


@pytest.mark.parametrize("text", ["a - b", "12:30", "a: b", "a->b", "me @ home", "wwwa", "----", "http:x"])
def test_nothing_else_is(text: str) -> None:
    assert APART not in plain(text)


def test_a_long_text_takes_no_time() -> None:
    for piece in (":", "a:", "@", "-> ", "www", "w" * 5000 + ":"):
        assert undone(plain(piece * 2000)) == piece * 2000


def test_a_guideline_is_markdown_that_fetches_nothing() -> None:
    assert harmless("**a** [b](http://c) `d`\n```python\n1\n```") == "**a** [b](http://c) `d`\n```python\n1\n```"
    assert "![" not in harmless("![a](http://b) [![c](d)](e) ![f][g] \\![h]")
    for fence, name in (
        ("```", "mermaid"),
        ("~~~", " Mermaid"),
        ("````", "m&#101;rmaid"),
        ("```", "-language-mermaid"),
    ):
        assert harmless(f"{fence}{name}\ngraph\n{fence}") == f"{fence}\u200b{name}\ngraph\n{fence}"
