"""Near-duplicates: search, look at a preview, apply it, and judge the families side by side."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets import links
from app.widgets.family_list import SIZES, attempt, family_list, go
from app.widgets.progress import job_panel
from app.words import t
from pipeline import jobs
from pipeline.dedup.shingles import unspaced
from pipeline.domain import Job, Project
from pipeline.knobs import Knob, knobs_of
from pipeline.store import Store, families, records
from pipeline.store import jobs as job_store
from pipeline.verbs.dedupe import POLICIES, Dedupe

HISTORY = 12


def render(store: Store, project: Project) -> None:
    """Draw the settings, the search that is looked at with its families, and what was done before."""
    past = job_store.recent(store, project.id, limit=HISTORY, kind="dedupe")
    job = _chosen(past)
    if job is None and not families.waiting(store, project.id):
        st.info(t("duplicates.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("duplicates.import"))
        return
    with st.expander(t("duplicates.settings"), expanded=job is None, icon=":material/tune:"):
        _settings(store, project)
    if job is None:
        st.info(t("duplicates.nothing_yet"), icon=":material/search:")
    else:
        _search(store, project, job)
    _history(store, project, past, job)


def _chosen(past: list[Job]) -> Job | None:
    """The search that the URL names, else the newest that was not undone."""
    asked = st.query_params.get("job", "")
    named = next((job for job in past if str(job.id) == asked), None)
    return named or next((job for job in past if job.state != "undone"), None)


def _settings(store: Store, project: Project) -> None:
    if "duplicates.unit" not in st.session_state:
        sample = next(iter(records.batches(store, project.id, size=100)), None)
        texts = [] if sample is None else sample.column("text").to_pylist()
        st.session_state["duplicates.unit"] = "char" if unspaced(texts) else "word"
    knob = _knobs()
    left, right = st.columns(2)
    low, high = float(knob["threshold"].low or 0), float(knob["threshold"].high or 1)
    threshold = left.slider(
        t("duplicates.threshold"), low, high, float(knob["threshold"].default), 0.01, key="duplicates.threshold",
        help=t("duplicates.threshold_help"),
    )  # fmt: skip
    unit = right.segmented_control(
        t("duplicates.unit"), ["word", "char"], key="duplicates.unit", required=True,
        format_func=lambda u: t(f"duplicates.unit_{u}"), help=t("duplicates.unit_help"),
    )  # fmt: skip
    length = right.number_input(t("duplicates.length"), 1, 20, 5, key="duplicates.length")
    keep = left.selectbox(
        t("duplicates.keep"), POLICIES, key="duplicates.keep", format_func=lambda k: t(f"duplicates.keep_{k}"),
        help=t("duplicates.keep_help"),
    )  # fmt: skip
    if st.button(t("duplicates.preview"), type="primary", key="duplicates.preview", icon=":material/search:"):
        verb = Dedupe(threshold=threshold, shingle=f"{unit}:{length}", keep=keep, dry_run=True)
        attempt(lambda: go(job=str(jobs.start(store, verb, project.id)), page="1"))


def _knobs() -> dict[str, Knob]:
    return {knob.name: knob for knob in knobs_of(Dedupe)}


def _search(store: Store, project: Project, job: Job) -> None:
    with st.container(border=job.state == "preview"):
        st.markdown(_described(job))
        if job.state == "preview":
            _apply_or_discard(store, job)
        else:
            job_panel(store, job.id)
    if job.state not in ("done", "preview"):
        return
    if "hint" in job.result:
        st.warning(t("duplicates.hint", shingle=job.params["shingle"]), icon=":material/translate:")
    if not job.result["families"]:
        st.info(t("duplicates.none_found"), icon=":material/check_circle:")
        return
    _figures(store, project, job)
    family_list(store, project, job)


def _described(job: Job) -> str:
    unit, _, n = str(job.params["shingle"]).partition(":")
    return t(
        "duplicates.described", job=job.id, threshold=f"{job.params['threshold']:g}",
        cut=t(f"duplicates.cut_{unit}", n=n), keep=t(f"duplicates.keep_{job.params['keep']}"),
    )  # fmt: skip


def _apply_or_discard(store: Store, job: Job) -> None:
    st.info(t("duplicates.is_preview", n=f"{job.result['dropped']:,}"), icon=":material/visibility:")
    with st.container(horizontal=True):
        if st.button(t("duplicates.apply"), type="primary", key="duplicates.apply", icon=":material/check:"):
            attempt(lambda: job_store.redo(store, job.id))
        if st.button(t("duplicates.discard"), key="duplicates.discard", icon=":material/close:"):
            attempt(lambda: job_store.close_job(store, job.id, "undone", job.result))


def _figures(store: Store, project: Project, job: Job) -> None:
    result, live = job.result, job.state == "done"
    with st.container(horizontal=True):
        st.metric(t("duplicates.pairs"), f"{result['pairs'] + result['pairs_elided']:,}", border=True,
                  help=t("duplicates.pairs_help"), width=links.CARD)  # fmt: skip
        st.metric(t("duplicates.families"), f"{result['families']:,}", border=True, width=links.CARD)
        _number("dropped" if live else "would_drop", result["dropped"], project, f"job={job.id}" if live else "")
        _number("unlike", result["kept_unlike"], project, "")
    notes = [t("duplicates.took", seconds=f"{result['seconds']:g}", n=f"{result['records']:,}")]
    if result["pairs_elided"]:
        notes.append(t("duplicates.elided", n=f"{result['pairs_elided']:,}"))
    if result["buckets_cut"]:
        notes.append(t("duplicates.cut_short"))
    st.caption(" ".join(notes))
    _size_chart(store, job)


def _number(word: str, value: int, project: Project, where: str) -> None:
    label, explained = t(f"duplicates.{word}"), t(f"duplicates.{word}_help")
    with st.container(width=links.CARD):
        if where:
            links.number(label, value, project, where, help=explained)
        else:
            st.metric(label, f"{value:,}", help=explained, border=True)


def _size_chart(store: Store, job: Job) -> None:
    counted = dict.fromkeys(list(SIZES)[1:], 0)
    for row in families.sizes(store, job.id):
        name = next(n for n, (low, high) in list(SIZES.items())[1:] if low <= row["size"] <= (high or row["size"]))
        counted[name] += row["families"]
    frame = pd.DataFrame({"size": list(counted), "families": list(counted.values())})
    x = alt.X("size:N", sort=None, title=t("duplicates.size"), axis=alt.Axis(labelAngle=0))
    y = alt.Y("families:Q", title=t("duplicates.families"), axis=alt.Axis(tickMinStep=1))
    base = alt.Chart(frame, height=170).encode(x=x, y=y)
    numbers = base.mark_text(dy=-7).encode(text=alt.Text("families:Q", format=",")).properties(name="numbers")
    st.altair_chart(base.mark_bar() + numbers, key="duplicates.sizes")


def _history(store: Store, project: Project, past: list[Job], current: Job | None) -> None:
    by_hand = job_store.recent(store, project.id, limit=HISTORY, kind="keep")
    shown = sorted([*past, *by_hand], key=lambda job: -job.id)[:HISTORY]
    shown = [job for job in shown if current is None or job.id != current.id]
    if not shown:
        return
    with st.expander(t("duplicates.history"), icon=":material/history:"):
        for job in shown:
            with st.container(border=job.state == "preview"):
                if job.kind == "dedupe":
                    st.markdown(_described(job))
                    if st.button(t("duplicates.look"), key=f"duplicates.look.{job.id}", type="tertiary"):
                        go(job=str(job.id), page="1")
                else:
                    st.markdown(t("duplicates.by_hand", job=job.id, n=len(job.params.get("records", []))))
                if job.state != "preview":
                    job_panel(store, job.id)
