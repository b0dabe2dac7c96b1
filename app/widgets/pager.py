"""The way from page to page of a long list: in one piece, so that a narrow screen does not tear it apart."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.words import t

ICONS = {"first": "first_page", "previous": "chevron_left", "next": "chevron_right", "last": "last_page"}


def pager(at: int, pages: int, key: str, go: Callable[[int], None]) -> None:
    """Draw the buttons to the other pages and a field for the number of one; nothing where there is one page.

    `at` is the page that is shown, from 1; `go` opens another one and does not come back. Not for the right edge: over
    a table it would lie under the tools that Streamlit shows there.
    """
    if pages == 1:
        return
    with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
        _move("first", 1, at == 1, key, go)
        _move("previous", at - 1, at == 1, key, go)
        asked = st.number_input(
            t("common.page"), 1, pages, at, key=f"{key}.page.{at}", width=96, label_visibility="collapsed"
        )
        if asked != at:
            go(int(asked))
        st.markdown(t("common.page_of", n=f"{pages:,}"), width="content")
        _move("next", at + 1, at == pages, key, go)
        _move("last", pages, at == pages, key, go)


def _move(word: str, target: int, off: bool, key: str, go: Callable[[int], None]) -> None:
    icon = f":material/{ICONS[word]}:"
    if st.button("", key=f"{key}.{word}", icon=icon, disabled=off, help=t(f"common.page_{word}"), type="tertiary"):
        go(target)
