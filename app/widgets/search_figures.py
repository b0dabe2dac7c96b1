"""What a search for near-duplicates found, in numbers: how many, of what size, and what should be known of them."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets import links
from app.widgets.family_list import SIZES
from app.words import language, t
from pipeline.domain import Job, Project
from pipeline.store import Store, families

COUNTED = {"unlike": "kept_unlike", "contradictory": "contradictory", "brought_back": "brought_back"}  # unless nought


def search_figures(project: Project, job: Job) -> None:
    """Draw the numbers of a search that has ended, and below them what is to be known of it."""
    result, live = job.result, job.state == "done"
    with st.container(horizontal=True):
        pairs = pairs_word(job)
        found = result["pairs"] + result["pairs_elided"]
        st.metric(t(f"duplicates.{pairs}"), f"{found:,}", border=True, help=t(f"duplicates.{pairs}_help"),
                  width=links.CARD if found < 10**7 else "content")  # fmt: skip
        st.metric(t("duplicates.families"), f"{result['families']:,}", border=True, width=links.CARD)
        dropped = f"verdict=drop job={job.id}" if live else ""
        _number("dropped" if live else "would_drop", result["dropped"], project, dropped)
        for name, key in COUNTED.items():
            if result.get(key):
                back = f"verdict=keep job={job.id}" if live and name == "brought_back" else ""
                _number(name, result[key], project, back)
    notes(_notes(job))
    missing = result.get("pairs_missing", 0)
    if missing:
        st.warning(t("duplicates.missing", n=f"{missing:,}"), icon=":material/rule:")


def pairs_word(job: Job) -> str:
    """The message that names the pairs of a search."""
    return "pairs_inside" if job.params.get("mode") == "contained" else "pairs"


def notes(told: Sequence[str]) -> None:
    """Draw sentences as one caption: Chinese ones stand without spaces between them."""
    st.caption((" " if language() == "en" else "").join(told))


def _notes(job: Job) -> list[str]:
    result = job.result
    total, new = result["records"], result.get("new", result["records"])
    told = [
        t("duplicates.took", n=f"{total:,}", pairs=f"{new * (total - new) + new * (new - 1) // 2:,}",
          seconds=f"{result['seconds']:g}")
    ]  # fmt: skip
    if job.params.get("scope") == "new":
        told.append(t("duplicates.only_new", n=f"{new:,}"))
    if "signed" in result and job.params.get("mode") != "contained":  # that mode reads all texts each time
        word = "signed" if result["signed"] else "signed_none"
        told.append(t(f"duplicates.{word}", n=f"{result['signed']:,}"))
    if result["pairs_elided"]:
        told.append(t("duplicates.elided", n=f"{result['pairs_elided']:,}"))
    if result["buckets_cut"]:
        told.append(t("duplicates.cut_short"))
    return told


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
