"""Records that say the same in other words: the search for them, its warning, and what it found to look at."""

from __future__ import annotations

import streamlit as st

from app.widgets import links
from app.widgets.attempt import attempt, chosen, go
from app.widgets.family_list import family_list
from app.widgets.preview import apply_or_discard
from app.widgets.progress import job_panel
from app.widgets.search_figures import notes
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs
from pipeline.domain import Job, Project
from pipeline.knobs import Knob, knobs_of
from pipeline.meaning import MODELS
from pipeline.store import Store, families
from pipeline.store import jobs as job_store
from pipeline.verbs.semantic import POLICIES, Semantic

HISTORY = 12
AT = "meaning"  # the word of the URL that names the search


def render(store: Store, project: Project) -> None:
    """Draw the warning, the settings, the search that is looked at with its families, and the searches before it.

    Not on one page with the families of another search: they share the filter and the page of the URL.
    """
    past = job_store.recent(store, project.id, limit=HISTORY, kind=Semantic.name)
    job = chosen(past, AT)
    st.warning(t("semantic.warning"), icon=":material/compare_arrows:")
    if job is None and not families.waiting(store, project.id):
        st.info(t("semantic.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("duplicates.import"))
        return
    with st.expander(t("semantic.settings"), expanded=job is None, icon=":material/tune:"):
        _settings(store, project)
    if job is None:
        st.info(t("semantic.nothing_yet"), icon=":material/search:")
    else:
        _search(store, project, job)
    _history(store, past, job)


def _settings(store: Store, project: Project) -> None:
    knob: dict[str, Knob] = {knob.name: knob for knob in knobs_of(Semantic)}
    left, right = st.columns(2)
    low, high = float(knob["threshold"].low or 0), float(knob["threshold"].high or 1)
    threshold = left.slider(
        t("semantic.threshold"), low, high, float(knob["threshold"].default), 0.01, key="semantic.threshold",
        help=t("semantic.threshold_help"),
    )  # fmt: skip
    model = right.selectbox(
        t("semantic.model"), list(MODELS), key="semantic.model", format_func=lambda m: t(f"semantic.model_{m}"),
        help=t("semantic.model_help"),
    )  # fmt: skip
    keep = left.selectbox(
        t("semantic.keep"), POLICIES, key="semantic.keep", format_func=lambda k: t(f"semantic.keep_{k}"),
        help=t("semantic.keep_help"),
    )  # fmt: skip
    with right:
        st.space("small")
        drop = st.toggle(t("semantic.drop"), key="semantic.drop", help=t("semantic.drop_help"))
        if drop:
            st.caption(t("semantic.drop_careful"))
    missing = MODELS[model].missing()
    if missing:
        st.error(plain(said(missing)), icon=":material/download:")
    verb = Semantic(threshold=threshold, model=model, keep=keep, drop=drop, dry_run=True)
    if st.button(t("semantic.preview"), type="primary", key="semantic.preview", icon=":material/search:",
                 disabled=bool(missing)):  # fmt: skip
        attempt(lambda: go(**{AT: str(jobs.start(store, verb, project.id)), "page": "1"}))


def _search(store: Store, project: Project, job: Job) -> None:
    with st.container(border=job.state == "preview"):
        st.markdown(_described(job))
        if job.state == "preview":
            word, count = ("would_drop", "dropped") if job.params["drop"] else ("would_flag", "flagged")
            apply_or_discard(store, job, "semantic", t(f"semantic.{word}", n=f"{job.result[count]:,}"))
        else:
            job_panel(store, job.id, project)
    if job.state not in ("done", "preview"):
        return
    if not job.result["families"]:
        st.info(t("semantic.none_found"), icon=":material/check_circle:")
        return
    _figures(project, job)
    family_list(store, project, job)


def _described(job: Job) -> str:
    return t(
        "semantic.described", job=job.id, threshold=f"{job.params['threshold']:g}",
        model=plain(MODELS[job.params["model"]].title), keep=t(f"semantic.keep_{job.params['keep']}"),
    )  # fmt: skip


def _figures(project: Project, job: Job) -> None:
    result, live = job.result, job.state == "done"
    with st.container(horizontal=True):
        for name, value in (("pairs", result["pairs"] + result["pairs_elided"]), ("families", result["families"])):
            st.metric(t(f"semantic.{name}"), f"{value:,}", border=True, width=links.CARD)
        word = "dropped" if job.params["drop"] else "flagged"
        with st.container(width=links.CARD):
            if live:
                where = f"verdict={'drop' if word == 'dropped' else 'flag'} job={job.id}"
                links.number(t(f"semantic.{word}"), result[word], project, where, help=t(f"semantic.{word}_help"))
            else:
                st.metric(
                    t(f"semantic.to_be_{word}"), f"{result[word]:,}", help=t(f"semantic.{word}_help"), border=True
                )
    told = [t("semantic.took", seconds=f"{result['seconds']:g}", n=f"{result['records']:,}",
              embedded=f"{result['embedded']:,}")]  # fmt: skip
    if result["without"]:
        told.append(t("semantic.without", n=f"{result['without']:,}"))
    if result["pairs_elided"]:
        told.append(t("semantic.elided", n=f"{result['pairs_elided']:,}"))
    notes(told)


def _history(store: Store, past: list[Job], current: Job | None) -> None:
    shown = [job for job in past if current is None or job.id != current.id]
    if not shown:
        return
    with st.expander(t("semantic.history"), icon=":material/history:"):
        for job in shown:
            with st.container(border=job.state == "preview"):
                st.markdown(_described(job))
                if st.button(t("semantic.look"), key=f"semantic.look.{job.id}", type="tertiary"):
                    go(**{AT: str(job.id), "page": "1"})
                if job.state != "preview":
                    job_panel(store, job.id)
