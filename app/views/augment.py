"""Make new training records out of the ones there are: choose how, look at a few, make them all, take them back."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.difference import side_by_side
from app.widgets.form import knob_form
from app.widgets.links import CARD, number
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import jobs
from pipeline.augmenters.base import Augmenter, augmenters, language_of
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.knobs import build
from pipeline.store import Store, augmented, overview
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.augment import THERE, Augment, Example, preview

EARLIER = 10  # jobs that the list below shows


def render(store: Store, project: Project) -> None:
    """Draw the choice of augmenter and records, the preview, and the jobs of this kind."""
    counts = augmented.count(store, project.id)
    if not counts["originals"]:
        st.info(t("augment.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("augment.import_first"))
        return
    past = [job for job in job_store.recent(store, project.id, kind="augment") if job.state != "preview"]
    verb, ready = _form(store, project)
    running = bool(past) and past[0].state == "running"
    with st.container(horizontal=True, vertical_alignment="center"):
        look = st.button(t("augment.preview"), icon=":material/visibility:", disabled=not ready, key="augment.look")
        go = st.button(
            t("augment.start"), type="primary", icon=":material/play_arrow:", disabled=not ready or running,
            key="augment.start",
        )  # fmt: skip
        st.caption(t("augment.counted", originals=f"{counts['originals']:,}", augmented=f"{counts['augmented']:,}"))
    if look and verb is not None:
        _make_preview(store, project, verb)
    if go and verb is not None:
        _start(store, project, verb)
    _show_preview(project, verb)
    _jobs(store, project, past)


def _form(store: Store, project: Project) -> tuple[Augment | None, bool]:
    """The verb as the form describes it, and whether it can be run here."""
    with st.container(border=True):
        titles = {n: t_or(f"augmenters.{n}", n.replace("_", " ")) for n in augmenters.names()}
        name = st.selectbox(
            t("augment.augmenter"), list(titles), index=list(titles).index("synonym"), key="augment.name",
            format_func=titles.__getitem__,
        )  # fmt: skip
        plugin = augmenters.get(name)
        st.markdown(t_or(f"augmenters.{name}.help", plain(inspect.getdoc(plugin) or "")))
        _language(store, project, plugin)
        with st.expander(t("augment.settings"), icon=":material/tune:"):
            knobs = knob_form(plugin, "augment.knob", "augmenters")
        only = _which(store, project)
        left, right = st.columns(2)
        per_record = left.number_input(
            t("augment.per_record"), 1, 20, 1, key="augment.per_record", help=t("augment.per_record_help")
        )
        seed = right.number_input(t("augment.seed"), 0, 2**31, 13, key="augment.seed", help=t("augment.seed_help"))
        try:
            missing = build(plugin, knobs).ready()
            RecordFilter.parse(only)
        except WorkbenchError as error:
            st.error(plain(said(str(error))), icon=":material/error:")
            return None, False
        if missing:
            st.warning(t("augment.not_ready", sentence=plain(said(missing))), icon=":material/extension_off:")
        return Augment(name, knobs, int(per_record), int(seed), only), not missing


def _language(store: Store, project: Project, plugin: type[Augmenter]) -> None:
    """Say whether the augmenter knows the language that most texts look to be in, and which ones do."""
    found = language_of(augmented.sample(store, project.id))
    if found in plugin.languages:
        return
    able = [n for n in augmenters.names() if found in augmenters.get(n).languages]
    names = ", ".join(t_or(f"augmenters.{n}", n) for n in able) or t("augment.none")
    works = ", ".join(t(f"augment.language_{code}") for code in plugin.languages)
    st.info(
        t("augment.other_language", language=t(f"augment.language_{found}"), works=works, names=names),
        icon=":material/translate:",
    )


def _which(store: Store, project: Project) -> str:
    """A written RecordFilter: all originals, those of one label, or any filter."""
    labels = list(dict.fromkeys(str(row["label"]) for row in overview.labels(store, project.id)))
    choices = {c: t(f"augment.which_{c}") for c in ("all", "label", "filter") if c != "label" or labels}
    which = st.selectbox(
        t("augment.which"), list(choices), format_func=choices.__getitem__, key="augment.which",
        help=t("augment.which_help"),
    )  # fmt: skip
    if which == "label":
        return str(RecordFilter(label=st.selectbox(t("augment.label"), labels, key="augment.label")))
    if which == "filter":
        return st.text_input(
            t("augment.filter"), key="augment.filter", placeholder=t("augment.filter_example"),
            help=t("augment.filter_help"),
        )  # fmt: skip
    return ""


def _make_preview(store: Store, project: Project, verb: Augment) -> None:
    try:
        with st.spinner(t("augment.previewing")):
            found = preview(store, project.id, verb)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        st.session_state["augment.shown"] = (_mark(project, verb), found)


def _show_preview(project: Project, verb: Augment | None) -> None:
    mark, found = st.session_state.get("augment.shown", ("", []))
    if verb is None or mark != _mark(project, verb):
        return
    st.subheader(t("augment.preview_title"), anchor=False)
    made = sum(example.variant is not None for example in found)
    st.caption(t("augment.preview_caption", made=made, n=len(found)))
    if found and all(example.reason == THERE for example in found):
        st.info(t("augment.all_there"), icon=":material/casino:")
        return
    for example in found:
        _example(example)


def _example(example: Example) -> None:
    with st.container(border=True):
        if example.variant is None:
            left, right = st.columns(2)
            left.markdown(plain(example.original, 2000))
            right.badge(_reason(example.reason), icon=":material/block:", color="gray")
        else:
            side_by_side(example.original, example.variant)


def _mark(project: Project, verb: Augment) -> str:
    values = {"name": verb.augmenter, "knobs": verb.knobs, "n": verb.per_record, "seed": verb.seed, "only": verb.only}
    return json.dumps([project.id, values], default=list, sort_keys=True)


def _start(store: Store, project: Project, verb: Augment) -> None:
    try:
        jobs.start(store, verb, project.id)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        st.session_state.pop("augment.shown", None)
        st.rerun()


def _jobs(store: Store, project: Project, past: list[Job]) -> None:
    st.subheader(t("augment.jobs"), anchor=False)
    if not past:
        st.info(t("augment.no_jobs"), icon=":material/library_add:")
        return
    _job(store, project, past[0])
    if past[1:]:
        with st.expander(t("augment.earlier", n=len(past) - 1)):
            for job in past[1 : EARLIER + 1]:
                _job(store, project, job)


def _job(store: Store, project: Project, job: Job) -> None:
    with st.container():
        st.caption(_settings(job.params))
        job_panel(store, job.id)
        if job.state not in ("done", "undone"):
            return
        made, rejected = job.result.get("augmented", 0), job.result.get("rejected", {})
        with st.container(horizontal=True):
            with st.container(width=CARD):
                if job.state == "done":
                    number(t("augment.made"), made, project, RecordFilter(state="augmented", job=job.id))
                else:
                    st.metric(t("augment.made_undone"), f"{made:,}", border=True)
            st.metric(t("augment.rejected"), f"{sum(rejected.values()):,}", border=True, width=CARD)
            if rejected:
                _reasons(rejected)


def _reasons(rejected: dict[str, int]) -> None:
    rows = sorted(rejected.items(), key=lambda pair: -pair[1])
    frame = pd.DataFrame([{t("augment.reason"): _reason(why), t("augment.number"): n} for why, n in rows])
    st.dataframe(frame, hide_index=True, width=360)


def _settings(params: Any) -> str:
    name = str(params.get("augmenter", ""))
    words = [
        t_or(f"augmenters.{name}", name),
        t("augment.job_settings", n=params.get("per_record", 1), seed=params.get("seed")),
    ]
    if params.get("only"):
        words.append(plain(str(params["only"])))
    return " · ".join(words)


def _reason(reason: str) -> str:
    return t_or(f"augment.reason_{reason.replace(' ', '_')}", said(reason))
