"""How alike the pairs of a search are, and what another threshold would do, before anybody searches again."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets.attempt import attempt, go
from app.widgets.search_figures import notes, pairs_word, size_chart
from app.words import t
from pipeline import jobs
from pipeline.dedup.moved import Outlook
from pipeline.domain import Job, Project
from pipeline.outlook import look_ahead
from pipeline.store import Store
from pipeline.store import jobs as job_store
from pipeline.verbs.dedupe import Dedupe

HEIGHT = 190
CARD = 140  # pixels wide: three stand beside each other in half of a page
ON, OFF = "#0b8a63", "#9aa5a0"  # pairs that the moved threshold still takes, and those that it leaves


@st.fragment
def threshold_panel(store: Store, project: Project, job: Job) -> None:
    """Draw the pairs by their similarity, the threshold to be moved on them, what it would do there, and the families
    by their size."""
    left, right = st.columns(2)
    with left:
        with st.spinner(t("duplicates.looking_ahead")):
            ahead = _ahead(store, job, f"{store.path} {job.id} {job.created_at}")
        own, steps = float(ahead.thresholds[0]), [float(step) for step in ahead.thresholds]
        key = f"duplicates.moved.{job.id}"
        at = ahead.at(st.session_state.get(key, own))
        _chart(ahead, at, key, "inside" if job.params.get("mode") == "contained" else "similarity")
        if len(steps) > 1:
            moved = st.select_slider(
                t("duplicates.moved"), steps, key=key, format_func=lambda step: f"{step:g}",
                help=t("duplicates.moved_help"),
            )  # fmt: skip
            at = ahead.at(float(moved))
        _again(store, project, job, steps[at], moved=at > 0)
    with right:
        _effect(ahead, at, pairs_word(job))
        size_chart(store, job)
    told = [t("duplicates.nothing_below", threshold=f"{own:g}")]
    if job.params.get("mode") == "contained":
        told.append(t("duplicates.ahead_contained"))
    if job.result.get("contradictory"):
        told.append(t("duplicates.ahead_contradictory"))
    notes(told)


@st.cache_data(show_spinner=False, max_entries=16, ttl=600)
def _ahead(_store: Store, _job: Job, name: str) -> Outlook:  # noqa: ARG001
    """Kept for a while by the name of the search, because every move of the slider asks for it."""
    return look_ahead(_store, _job)


def _chart(ahead: Outlook, at: int, key: str, measure: str) -> None:
    """measure: the message that names what the pairs are measured by."""
    lows = [float(step) for step in ahead.thresholds]
    highs = [*lows[1:], lows[-1] + 0.01]
    on = [k >= at for k in range(len(lows))]
    frame = pd.DataFrame({"low": lows, "high": highs, "pairs": ahead.between, "on": on, "none": 0})
    pick = alt.selection_point(name="moved", fields=["low"])
    tips = [
        alt.Tooltip("low:Q", title=t(f"duplicates.{measure}"), format=".2f"),
        alt.Tooltip("pairs:Q", title=t("duplicates.pairs"), format=","),
    ]
    st.markdown(f"**{t(f'duplicates.by_{measure}')}**")
    base = alt.Chart(frame, height=HEIGHT)
    scale = alt.Scale(domain=[lows[0], highs[-1]], nice=False)
    x = alt.X("low:Q", scale=scale, title=t(f"duplicates.{measure}"), axis=alt.Axis(format=".2f", tickCount=6))
    y = alt.Y(
        "pairs:Q", scale=alt.Scale(type="sqrt"), title=t("duplicates.pairs_axis"),
        axis=alt.Axis(format="~s", tickCount=4, tickMinStep=1),
    )  # fmt: skip
    color = alt.condition(alt.datum.on, alt.value(ON), alt.value(OFF))
    bars = base.mark_rect().encode(x=x, x2="high:Q", y=y, y2="none:Q", color=color)
    # A bar of few pairs is too low to be hit: the whole height above it can be.
    hit = base.mark_rect(opacity=0, cursor="pointer").encode(x=x, x2="high:Q", tooltip=tips).add_params(pick)
    rule = alt.Chart(frame.iloc[[at]]).mark_rule(strokeDash=[4, 3], color="#d9822b", size=2).encode(x=x)
    chart = alt.layer(bars, rule, hit)
    st.altair_chart(
        chart, key=f"{key}.chart", on_select=lambda: _picked(ahead, key), selection_mode="moved", width="stretch"
    )


def _picked(ahead: Outlook, key: str) -> None:
    """What was clicked on the chart becomes the slider's place."""
    chosen = st.session_state[f"{key}.chart"].selection.get("moved") or []
    if chosen:
        st.session_state[key] = float(ahead.thresholds[ahead.at(float(chosen[0]["low"]))])


def _effect(ahead: Outlook, at: int, pairs: str) -> None:
    st.markdown(f"**{t('duplicates.ahead_at', threshold=f'{ahead.thresholds[at]:g}')}**")
    with st.container(horizontal=True):
        for name, numbers in ((pairs, ahead.pairs), ("families", ahead.families), ("would_drop", ahead.dropped)):
            change = int(numbers[at] - numbers[0])
            st.metric(
                t(f"duplicates.{name}"), f"{int(numbers[at]):,}", f"{change:,}" if change else None, delta_color="off",
                border=True, width=CARD if numbers[0] < 10**6 else "content",
            )  # fmt: skip


def _again(store: Store, project: Project, job: Job, threshold: float, *, moved: bool) -> None:
    word = "again_undo" if job.state == "done" else "again"
    label = t(f"duplicates.{word}")
    if st.button(
        label,
        key="duplicates.again",
        icon=":material/restart_alt:",
        disabled=not moved,
        help=t("duplicates.again_help"),
    ):
        attempt(lambda: _search_again(store, project, job, threshold))


def _search_again(store: Store, project: Project, job: Job, threshold: float) -> None:
    """What an applied search dropped would not be looked at, so it is undone first."""
    verb = replace(Dedupe(**job.params), threshold=threshold, dry_run=True, pairs_file="")
    if job.state == "done":
        job_store.undo(store, job.id)
    go(job=str(jobs.start(store, verb, project.id)), page="1")
