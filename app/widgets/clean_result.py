"""What cleaning does or did: a preview with its two answers, the tally of a job, and cards of single records."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.widgets.changes import marked, quiet, reason_words
from app.widgets.links import CARD
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.recipe import Recipe
from pipeline.store import Store, corpus, verdicts
from pipeline.store import jobs as job_store

CARDS = 6  # examples at a time


def newest(store: Store, project: Project, job: Job | None, recipe: Recipe | None) -> None:
    """The newest job: its progress, or a preview with its two answers, or what it did."""
    if job is None:
        st.subheader(t("clean.found"), anchor=False)
        st.info(t("clean.nothing_yet"), icon=":material/visibility:")
        return
    word = {"preview": "found_preview", "running": "found_running"}.get(job.state, "found_job")
    st.subheader(t(f"clean.{word}", n=job.id), anchor=False)
    if job.state != "preview":
        job_panel(store, job.id)
        if job.state not in ("done", "undone"):
            return
    else:
        _answer(store, job, recipe)
    if not any(job.result.get(kind) for kind in ("dropped", "edited", "flagged")):
        st.success(t("clean.all_clean"), icon=":material/check:")
        return
    _tally(store, project, job)
    _examples(store, job)


def _answer(store: Store, job: Job, recipe: Recipe | None) -> None:
    if recipe is not None and recipe.plain() != job.params["steps"]:
        st.warning(t("clean.recipe_changed"), icon=":material/edit:")
    with st.container(horizontal=True):
        apply = st.button(t("clean.apply"), type="primary", key="clean.apply", icon=":material/check:")
        discard = st.button(t("clean.discard"), key="clean.discard", icon=":material/close:")
    try:
        if apply:
            job_store.redo(store, job.id)
        elif discard:
            job_store.close_job(store, job.id, "cancelled", job.result)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        if apply or discard:
            st.rerun()


def _tally(store: Store, project: Project, job: Job) -> None:
    found = corpus.touched(store, job.id)
    with st.container(horizontal=True):
        for kind in ("drop", "edit", "flag"):
            st.metric(t(f"clean.records_{kind}"), f"{found[kind]:,}", border=True, width=CARD)
    if job.state == "done":
        st.page_link(
            st.session_state["pages"]["records"], label=t("clean.open_records"), icon=":material/arrow_forward:",
            query_params={"project": project.name, "where": f"job={job.id}"},
        )  # fmt: skip
    names = list(dict.fromkeys(name for name, _ in job.params["steps"]))
    kinds = ("dropped", "edited", "flagged")
    table: dict[str, list[Any]] = {t("clean.step"): [step_title(name) for name in names]}
    table |= {t(f"clean.{kind}"): [job.result.get(kind, {}).get(name, 0) for name in names] for kind in kinds}
    st.dataframe(table, hide_index=True, width="stretch")


def _examples(store: Store, job: Job) -> None:
    """Cards of what the chosen step said, a few at a time."""
    found = {
        name: sum(job.result.get(kind, {}).get(name, 0) for kind in ("dropped", "edited", "flagged"))
        for name in dict.fromkeys(name for name, _ in job.params["steps"])
    }
    names = [name for name, n in found.items() if n]
    chosen = st.pills(
        t("clean.look_at"), names, default=names[0], key=f"clean.look.{job.id}", required=True,
        wrap=True,
        format_func=lambda name: f"{step_title(name)} {found[name]:,}",
    )  # fmt: skip
    if chosen is None:
        return
    shown_key = f"clean.shown.{job.id}.{chosen}"
    limit = st.session_state.get(shown_key, CARDS)
    for one in verdicts.examples(store, job.id, step=chosen, limit=limit):
        _card(one)
    if found[chosen] > limit and st.button(t("clean.more"), key="clean.more", icon=":material/expand_more:"):
        st.session_state[shown_key] = limit + 2 * CARDS
        st.rerun()


def _card(one: dict[str, Any]) -> None:
    with st.container(border=True):
        st.markdown(
            t(f"clean.said_{one['kind']}", id=plain(one["external_id"], 40), reason=reason_words(one["reason"]))
        )
        if one["kind"] != "edit":
            st.markdown(quiet(one["before"], 300) or t("clean.empty_text"))
            return
        before, after = marked(one["before"], one["after"])
        left, right = st.columns(2)
        left.markdown(before)
        right.markdown(after or t("clean.empty_text"))


def earlier(store: Store, past: list[Job]) -> None:
    """Earlier jobs, each with what can be done about it. A preview that was followed by another one never counted."""
    listed = [job for job in past if job.state != "preview"]
    if not listed:
        return
    st.subheader(t("clean.earlier"), anchor=False)
    for job in listed:
        job_panel(store, job.id)
        st.caption(t("clean.started", when=f"{job.created_at:%Y-%m-%d %H:%M} UTC"))


def step_title(name: str) -> str:
    """The name of a cleaning step in the reader's language; a plug-in's own name where there is none."""
    return t_or(f"steps.{name}.title", name.replace("_", " ").capitalize())
