"""Near-duplicates: search, look at a preview, apply it, and judge the families side by side."""

from __future__ import annotations

import streamlit as st

from app.widgets import semantic
from app.widgets.attempt import chosen, go
from app.widgets.family_list import family_list
from app.widgets.preview import apply_or_discard
from app.widgets.progress import job_panel
from app.widgets.search_figures import search_figures
from app.widgets.search_settings import search_settings
from app.widgets.text import plain
from app.widgets.threshold_panel import threshold_panel
from app.words import t
from pipeline.domain import Job, Project
from pipeline.store import Store, families, pairs
from pipeline.store import jobs as job_store

HISTORY = 12
WAYS = ("wording", "meaning")
FOUND = ("done", "preview")  # states of a search that has something to show


def render(store: Store, project: Project) -> None:
    """Draw how texts are compared, the settings of that, the search that is looked at, and what was done before."""
    if _by() == "meaning":
        semantic.render(store, project)
        return
    past = job_store.recent(store, project.id, limit=HISTORY, kind="dedupe")
    job = chosen(past)
    if job is None and not families.waiting(store, project.id):
        st.info(t("duplicates.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("duplicates.import"))
        return
    with st.expander(t("duplicates.settings"), expanded=job is None, icon=":material/tune:"):
        search_settings(store, project)
    if job is None:
        st.info(t("duplicates.nothing_yet"), icon=":material/search:")
    else:
        if job == next((one for one in past if one.state in FOUND), None):
            _newer(store, project, job)
        _search(store, project, job)
    _history(store, project, past, job)


def _by() -> str:
    """Whether texts are compared by their wording or by their meaning: the URL says so, and this control."""
    asked = st.query_params.get("by", "wording")
    picked = st.segmented_control(
        t("duplicates.by"), WAYS, default=asked if asked in WAYS else "wording", key="duplicates.by", required=True,
        format_func=lambda way: t(f"duplicates.by_{way}"), label_visibility="collapsed",
    )  # fmt: skip
    if picked != asked:
        for word in ("page", "text"):  # of the other search's families
            st.query_params.pop(word, None)
        st.query_params["by"] = picked
    return str(picked)


def _search(store: Store, project: Project, job: Job) -> None:
    with st.container(border=job.state == "preview"):
        st.markdown(_described(job))
        if job.state == "preview":
            apply_or_discard(store, job, "duplicates", _would(store, job))
        else:
            job_panel(store, job.id)
    if job.state not in FOUND:
        return
    if "hint" in job.result:
        st.warning(t("duplicates.hint", shingle=job.params["shingle"]), icon=":material/translate:")
    if not job.result["families"]:
        st.info(t("duplicates.none_found"), icon=":material/check_circle:")
        return
    search_figures(project, job)
    panel = st.container()
    family_list(store, project, job)
    with panel:  # the last, because it counts all pairs: nothing else waits for that
        threshold_panel(store, project, job)


def _described(job: Job) -> str:
    unit, _, n = str(job.params["shingle"]).partition(":")
    told = {
        "job": job.id, "threshold": f"{job.params['threshold']:g}", "cut": t(f"duplicates.cut_{unit}", n=n),
        "scope": t(f"duplicates.among_{job.params.get('scope', 'all')}"),
    }  # fmt: skip
    if job.params.get("mode") == "contained":
        return t("duplicates.described_contained", **told)
    return t("duplicates.described", keep=_kept(job), **told)


def _kept(job: Job) -> str:
    if job.params["keep"] == "quality":
        return t("duplicates.keep_best", score=plain(str(job.params.get("score", ""))))
    return t(f"duplicates.keep_{job.params['keep']}")


def _would(store: Store, job: Job) -> str:
    """What a preview does when it is applied."""
    if not job.result["families"] and not job.result.get("brought_back"):
        return t("duplicates.is_preview_of_none")
    held = families.held(store, job.id)
    said = t("duplicates.is_preview", n=f"{job.result['dropped'] - held:,}")
    return f"{said} {t('duplicates.held', n=f'{held:,}')}" if held else said


def _newer(store: Store, project: Project, job: Job) -> None:
    """Say that records came after the newest search, which does not know them."""
    newer = pairs.imported_since(store, project.id, job.id)
    if newer:
        word = "newer" if job.state == "done" else "newer_than_preview"
        st.info(t(f"duplicates.{word}", n=f"{newer:,}"), icon=":material/fiber_new:")


def _history(store: Store, project: Project, past: list[Job], current: Job | None) -> None:
    by_hand = job_store.recent(store, project.id, limit=HISTORY, kind="keep")
    shown = sorted([*past, *by_hand], key=lambda job: -job.id)[:HISTORY]
    shown = [job for job in shown if current is None or job.id != current.id]
    if not shown:
        return
    judged = families.decided(store, [job.id for job in shown if job.kind == "keep"])
    with st.expander(t("duplicates.history"), icon=":material/history:"):
        for job in shown:
            with st.container(border=job.state == "preview"):
                if job.kind == "dedupe":
                    st.markdown(_described(job))
                    if st.button(t("duplicates.look"), key=f"duplicates.look.{job.id}", type="tertiary"):
                        go(job=str(job.id), page="1")
                else:
                    st.markdown(t("duplicates.by_hand", job=job.id, n=f"{judged.get(job.id, 0):,}"))
                if job.state != "preview":
                    job_panel(store, job.id, project)
