"""Labelling: who you are, what is asked, and the annotator with the guideline beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.widgets.annotator import annotator, pulse
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import t
from pipeline import annotate, jobs, sample
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.store import Store
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.verbs.simulate import Simulate


def render(store: Store, project: Project) -> None:
    task = annotate.labelling_task(store, project)
    if task is None or not annotate.labels_of(task):
        _first_definition(store, project, task)
        return
    who = _annotator(store)
    if who is None:
        return
    left, right = st.columns([2.6, 1], gap="medium")
    with left:
        annotator(store, project, task, who, {})
    with right:
        _person(who)
        _guideline(task)
        _settings(store, project, task)
        _simulate(store, project)
        pulse()


def _annotator(store: Store) -> str | None:
    """The name in the URL, else the one given earlier in this session; else the question for it."""
    asked = st.query_params.get("annotator") or st.session_state.get("label.annotator")
    if asked:
        try:
            name = annotate.checked_name(store, asked)
        except WorkbenchError as error:
            st.error(plain(str(error)))
        else:
            st.session_state["label.annotator"] = st.query_params["annotator"] = name
            return name
    st.subheader(t("label.who"), anchor=False)
    st.write(t("label.who_why"))
    with st.form("label.who", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(t("label.name"), key="label.name", max_chars=annotate.NAME_MOST, width=320)
        given = st.form_submit_button(t("label.start"), type="primary")
    known = [person["name"] for person in answer_store.annotators(store, "human")]
    picked = st.pills(t("label.who_known"), known, key="label.known", format_func=plain) if known else None
    if picked or given:
        try:
            st.query_params["annotator"] = annotate.checked_name(store, picked or name)
        except WorkbenchError as error:
            st.error(plain(str(error)))
        else:
            st.rerun()
    return None


def _person(who: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(t("label.you_are", name=plain(who)), width="content")
        if st.button(t("label.change_person"), key="label.change_person", type="tertiary"):
            st.session_state.pop("label.annotator", None)
            st.query_params.pop("annotator", None)
            st.rerun()


def _guideline(task: Task) -> None:
    with st.expander(
        t("label.guideline_revision", n=task.guideline_revision), expanded=True, icon=":material/menu_book:"
    ):
        if task.guideline:
            st.markdown(task.guideline)
        else:
            st.caption(t("label.no_guideline"))


def _first_definition(store: Store, project: Project, task: Task | None) -> None:
    st.subheader(t("label.define"), anchor=False)
    st.write(t("label.define_why"))
    with st.form("label.define"):
        values = _definition_fields("label.define", (), task.guideline if task else "", 1)
        if st.form_submit_button(t("label.define_save"), type="primary"):
            _save(store, project, values)


def _settings(store: Store, project: Project, task: Task) -> None:
    # The revision is part of the keys: after somebody's change the fields start from what is stored now.
    key = f"label.settings.{task.guideline_revision}.{len(annotate.labels_of(task))}.{annotate.overlap_of(task)}"
    with st.expander(t("label.settings"), icon=":material/tune:"), st.form(key, border=False):
        values = _definition_fields(key, annotate.labels_of(task), task.guideline, annotate.overlap_of(task))
        if st.form_submit_button(t("label.settings_save")):
            _save(store, project, values)


def _definition_fields(key: str, labels: Sequence[str], guideline: str, overlap: int) -> dict[str, Any]:
    text = st.text_area(
        t("label.labels"), "\n".join(labels), key=f"{key}.labels", height=140, help=t("label.labels_help"),
        placeholder=t("label.labels_example"),
    )  # fmt: skip
    rules = st.text_area(
        t("label.guideline"), guideline, key=f"{key}.guideline", height=160, help=t("label.guideline_help")
    )
    times = st.number_input(t("label.overlap"), 1, 20, overlap, key=f"{key}.overlap", help=t("label.overlap_help"))
    return {"labels": text.splitlines(), "guideline": rules, "overlap": int(times)}


def _save(store: Store, project: Project, values: dict[str, Any]) -> None:
    try:
        annotate.define(store, project, **values)
    except WorkbenchError as error:
        st.error(plain(str(error)))
    else:
        st.rerun()


def _simulate(store: Store, project: Project) -> None:
    truth = sample.truth(project)
    if truth is None:
        return
    with st.expander(t("label.simulate"), icon=":material/smart_toy:"):
        st.write(t("label.simulate_why"))
        last = next(iter(job_store.recent(store, project.id, 1, "simulate")), None)
        running = last is not None and last.state == "running"
        if st.button(t("label.simulate_start"), key="label.simulate", disabled=running or not truth.exists()):
            try:
                jobs.start(store, Simulate(truth=str(truth)), project.id)
            except WorkbenchError as error:
                st.error(plain(str(error)))
            else:
                st.rerun()
        if last is not None:
            job_panel(store, last.id)
