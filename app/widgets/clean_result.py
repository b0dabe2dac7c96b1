"""What cleaning does or did: a preview with its two answers, and the way of the records through the steps."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets.attempt import attempt, go
from app.widgets.charts import field
from app.widgets.clean_examples import examples, refused
from app.widgets.clean_groups import step_title
from app.widgets.clean_lines import reason_lines
from app.widgets.links import CARD, number
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import t, t_or
from pipeline.domain import Job, Project
from pipeline.recipe import Recipe
from pipeline.store import Store, cleanings
from pipeline.store import jobs as job_store
from pipeline.store.cleanings import Funnel
from pipeline.store.records import RecordFilter

ALWAYS = ("drop", "edit", "flag")  # kinds whose number is told even if it is nought
BAR, FRAME = 30, 90  # pixels of a step in the picture of the funnel, and of what is around it
KEPT, GONE = "#0b8a63", "#c8553d"


def shown(store: Store, project: Project, job: Job | None, recipe: Recipe | None) -> None:
    """One job: its progress, or a preview with its two answers, or what it did."""
    if job is None:
        st.info(t("clean.nothing_yet"), icon=":material/visibility:")
        return
    word = {"preview": "found_preview", "running": "found_running"}.get(job.state, "found_job")
    if job.state == "preview" and job.params.get("sample"):
        word = "found_sample"
    st.subheader(t(f"clean.{word}", n=job.id), anchor=False)
    _which(job)
    if job.state != "preview":
        job_panel(store, job.id, project)
        if job.state != "done":
            return
    else:
        _answer(store, job, recipe)
    funnel = funnel_of(store, job)
    if not funnel.rows:
        st.success(t("clean.all_clean"), icon=":material/check:")
        return
    _figures(project, funnel)
    _picture(funnel)
    st.markdown(f"**{t('clean.by_step')}**")
    reason_lines(project, funnel.rows, f"clean.lines.{job.id}")
    refused(store, project, job, funnel)
    examples(store, job, funnel)


def funnel_of(store: Store, job: Job) -> Funnel:
    """The funnel of an ended job, kept for a while: every press on the page asks for it again."""
    return _funnel(store, job.id, f"{store.path} {job.id} {job.created_at} {job.state} {job.finished_at}")


@st.cache_data(show_spinner=False, max_entries=16, ttl=600)
def _funnel(_store: Store, _job_id: int, name: str) -> Funnel:  # noqa: ARG001
    return cleanings.funnel(_store, _job_id)


def _which(job: Job) -> None:
    """The recipe that a job ran, where it has a name."""
    name, revision = job.params.get("recipe"), job.params.get("revision")
    if name:
        known = t_or(f"clean.recipe_{name}", plain(name))
        st.caption(t("clean.ran_own", name=plain(name), n=revision) if revision else t("clean.ran_ready", name=known))


def _answer(store: Store, job: Job, recipe: Recipe | None) -> None:
    if recipe is not None and recipe.plain() != job.params["steps"]:
        st.warning(t("clean.recipe_changed"), icon=":material/edit:")
    sample = bool(job.params.get("sample"))
    if sample:
        st.caption(t("clean.sample_help"))
    with st.container(horizontal=True):
        apply = not sample and st.button(t("clean.apply"), type="primary", key="clean.apply", icon=":material/check:")
        discard = st.button(t("clean.discard"), key="clean.discard", icon=":material/close:")
    if apply:
        attempt(lambda: job_store.redo(store, job.id))
    elif discard:
        attempt(lambda: job_store.close_job(store, job.id, "cancelled", job.result))


def _figures(project: Project, funnel: Funnel) -> None:
    """How many records went in, what became of how many, and how many are left: each opens them."""
    with st.container(horizontal=True):
        st.metric(t("clean.went_in"), f"{funnel.into:,}", border=True, width=CARD)
        for kind, n in funnel.totals.items():
            if n or kind in ALWAYS:
                with st.container(width=CARD, gap="xxsmall"):
                    number(t(f"clean.records_{kind}"), n, project, RecordFilter(job=funnel.job, verdict=kind))
        st.metric(t("clean.left"), f"{funnel.left:,}", border=True, width=CARD)


def _picture(funnel: Funnel) -> None:
    """How many records are left after each step that dropped some, as bars."""
    dropped: dict[str, int] = {}
    for row in funnel.rows:
        if row.kind == "drop":
            dropped[row.step] = dropped.get(row.step, 0) + row.records
    if len(dropped) < 2 or sum(dropped.values()) != funnel.totals["drop"]:  # one record dropped for two reasons
        return
    left, parts, names = funnel.into, [], []
    step, n, kind = t("clean.step"), t("clean.records"), t("clean.became")
    for name, gone in dropped.items():
        left -= gone
        names.append(step_title(name))
        parts += [{step: names[-1], n: count, kind: t(f"clean.{word}"), "order": order}
                  for order, (word, count) in enumerate((("left", left), ("dropped_here", gone)))]  # fmt: skip
    colour = alt.Scale(domain=[t("clean.left"), t("clean.dropped_here")], range=[KEPT, GONE])
    tips = [alt.Tooltip(field(step), type="nominal", title=step), alt.Tooltip(field(kind), type="nominal", title=kind),
            alt.Tooltip(field(n), type="quantitative", title=n, format=",")]  # fmt: skip
    chart = alt.Chart(pd.DataFrame(parts), height=BAR * len(names) + FRAME).mark_bar().encode(
        y=alt.Y(field(step), type="nominal", sort=names, title=None, axis=alt.Axis(labelLimit=130)),
        x=alt.X(field(n), type="quantitative", title=None, axis=alt.Axis(format="~s", tickCount=4, tickMinStep=1)),
        color=alt.Color(field(kind), type="nominal", title=None, scale=colour, legend=alt.Legend(orient="top")),
        order=alt.Order("order:Q"), tooltip=tips,
    )  # fmt: skip
    st.altair_chart(chart, width="stretch")


def earlier(store: Store, project: Project, past: list[Job], now: Job | None) -> None:
    """Earlier jobs, each with what can be done about it. A preview that was followed by another one never counted."""
    listed = [job for job in past if job.state != "preview" and (now is None or job.id != now.id)]
    if not listed:
        return
    st.subheader(t("clean.earlier"), anchor=False)
    for job in listed:
        job_panel(store, job.id, project)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("clean.started", when=f"{job.created_at:%Y-%m-%d %H:%M} UTC"))
            if job.state == "done" and st.button(
                t("clean.look", n=job.id), key=f"clean.look_at.{job.id}", type="tertiary", icon=":material/visibility:"
            ):
                st.session_state["clean.view_next"] = "result"
                go(job=str(job.id))
