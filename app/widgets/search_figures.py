"""What a search for near-duplicates found, in numbers: how many, of what size, and what should be known of them."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets import links
from app.widgets.family_list import SIZES
from app.words import t
from pipeline.domain import Job, Project
from pipeline.store import Store, families

COUNTED = ("contradictory", "brought_back")  # figures that are shown where they are not nought


def search_figures(project: Project, job: Job) -> None:
    """Draw the numbers of a search that has ended, and below them what is to be known of it."""
    result, live = job.result, job.state == "done"
    with st.container(horizontal=True):
        st.metric(t("duplicates.pairs"), f"{result['pairs'] + result['pairs_elided']:,}", border=True,
                  help=t("duplicates.pairs_help"), width=links.CARD)  # fmt: skip
        st.metric(t("duplicates.families"), f"{result['families']:,}", border=True, width=links.CARD)
        _number("dropped" if live else "would_drop", result["dropped"], project, f"job={job.id}" if live else "")
        _number("unlike", result["kept_unlike"], project, "")
        for name in COUNTED:
            if result.get(name):
                _number(name, result[name], project, "")
    st.caption(" ".join(_notes(job)))
    missing = result.get("pairs_missing", 0)
    if missing:
        st.warning(t("duplicates.missing", n=f"{missing:,}"), icon=":material/rule:")


def _notes(job: Job) -> list[str]:
    result = job.result
    notes = [t("duplicates.took", seconds=f"{result['seconds']:g}", n=f"{result['records']:,}")]
    if "signed" in result:
        word = "signed" if result["signed"] else "signed_none"
        notes.append(t(f"duplicates.{word}", n=f"{result['signed']:,}"))
    if job.params.get("scope") == "new":
        notes.append(t("duplicates.only_new", n=f"{result['new']:,}"))
    if result["pairs_elided"]:
        notes.append(t("duplicates.elided", n=f"{result['pairs_elided']:,}"))
    if result["buckets_cut"]:
        notes.append(t("duplicates.cut_short"))
    return notes


def _number(word: str, value: int, project: Project, where: str) -> None:
    label, explained = t(f"duplicates.{word}"), t(f"duplicates.{word}_help")
    with st.container(width=links.CARD):
        if where:
            links.number(label, value, project, where, help=explained)
        else:
            st.metric(label, f"{value:,}", help=explained, border=True)


def size_chart(store: Store, job: Job) -> None:
    """Draw how many families there are of each size."""
    counted = dict.fromkeys(list(SIZES)[1:], 0)
    for row in families.sizes(store, job.id):
        name = next(n for n, (low, high) in list(SIZES.items())[1:] if low <= row["size"] <= (high or row["size"]))
        counted[name] += row["families"]
    frame = pd.DataFrame({"size": list(counted), "families": list(counted.values())})
    x = alt.X("size:N", sort=None, title=t("duplicates.size"), axis=alt.Axis(labelAngle=0))
    y = alt.Y("families:Q", title=t("duplicates.families"), axis=alt.Axis(tickMinStep=1, format="~s", tickCount=4))
    base = alt.Chart(frame, height=190).encode(x=x, y=y)
    numbers = base.mark_text(dy=-7).encode(text=alt.Text("families:Q", format=",")).properties(name="numbers")
    st.markdown(f"**{t('duplicates.by_size')}**")
    st.altair_chart(base.mark_bar() + numbers, key="duplicates.sizes")
