"""What steps did for which reasons, as lines whose numbers open the records behind them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from app.widgets.clean_groups import step_title
from app.widgets.text import plain
from app.words import said, t
from pipeline.domain import Project
from pipeline.store.cleanings import Row
from pipeline.store.records import RecordFilter

COLOURS = {"drop": "red", "edit": "green", "flag": "orange", "review": "violet", "derive": "blue"}
FEW = 6  # reasons of a step that are shown before somebody asks for all
_ENDS = ("", ": …", ": < …", ": > …")  # what may follow a phrase in a reason, to find its words in other languages


def opener(project: Project, n: int, where: RecordFilter | str, *, approximate: bool = False) -> None:
    """A number that opens the records behind it; a nought is only a number."""
    label = ("≈ " if approximate else "") + f"{n:,}"
    if not n:
        st.markdown(label, width="content")
        return
    st.page_link(
        st.session_state["pages"]["records"], label=label, icon=":material/arrow_forward:", icon_position="right",
        help=t("clean.open_these"), width="content", query_params={"project": project.name, "where": str(where)},
    )  # fmt: skip


def reason_lines(project: Project, rows: Sequence[Row], key: str) -> None:
    """The rows by their steps, which stand in the order that the rows have them in."""
    with st.container(border=True, gap="xsmall"):
        for step, found in groupby(rows, key=lambda row: row.step):
            listed = list(found)
            st.markdown(f"**{plain(step_title(step))}**")
            open_key = f"{key}.all.{step}"
            whole = st.session_state.get(open_key, False)
            for row in listed if whole else listed[:FEW]:
                line(project, row.kind, phrase(row), row.records, row.where)
            if len(listed) > FEW and not whole:
                st.button(
                    t("clean.all_reasons", n=len(listed)), key=f"{open_key}.button", type="tertiary",
                    icon=":material/expand_more:", on_click=_open, args=(open_key,),
                )  # fmt: skip


def line(project: Project, kind: str, words: str, n: int, where: RecordFilter | str) -> None:
    """One kind of thing that was done, why, and to how many records."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(f"{badge(kind)} {words}", width="stretch")
        opener(project, n, where)


def badge(kind: str) -> str:
    return f":{COLOURS[kind]}-badge[{t(f'clean.kind_{kind}')}]"


def phrase(row: Row) -> str:
    """The reason of a row in the reader's language, without the details in which its records differ."""
    if row.kind == "derive":
        return plain(row.reason)  # the name of a column
    for end in _ENDS:
        words = said(row.reason + end)
        if words != row.reason + end:
            return plain(words.rstrip("…<> ").rstrip("：: "))
    return plain(row.reason)


def _open(key: str) -> None:
    st.session_state[key] = True
