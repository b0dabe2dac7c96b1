"""Leaks: hold the training data against what is held out, see what is in both, and drop it if that is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets.attempt import attempt, chosen, go
from app.widgets.leak_list import leak_list, place_name
from app.widgets.preview import apply_or_discard
from app.widgets.progress import job_panel
from app.widgets.search_figures import notes
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs
from pipeline.crossing import HOW
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.importers import NONE, preview
from pipeline.store import Store, families, imports, leaks, projects, versions
from pipeline.store import jobs as job_store
from pipeline.verbs.leak_sides import WAYS, parse
from pipeline.verbs.leaks import Leaks

HISTORY = 12
VERSIONS = 50


def render(store: Store, project: Project) -> None:
    """Draw the settings, the check that is looked at with its pairs, and what was done before."""
    past = job_store.recent(store, project.id, limit=HISTORY, kind=Leaks.name)
    job = chosen(past)
    if job is None and not families.waiting(store, project.id):
        st.info(t("leaks.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("leaks.import"))
        return
    with st.expander(t("leaks.settings"), expanded=job is None, icon=":material/tune:"):
        _settings(store, project)
    if job is None:
        st.info(t("leaks.nothing_yet"), icon=":material/compare_arrows:")
    else:
        _check(store, project, job)
    _history(store, project, past, job)


def _settings(store: Store, project: Project) -> None:
    way = st.segmented_control(
        t("leaks.against"), WAYS, key="leaks.against", required=True,
        default="splits" if versions.all_versions(store, project.id) else "file",
        format_func=lambda one: t(f"leaks.against_{one}"),
    )  # fmt: skip
    asked = {"splits": _version, "project": _other, "file": _file}[way or "file"](store, project)
    left, right = st.columns(2, vertical_alignment="bottom")
    threshold = left.slider(
        t("leaks.threshold"), 0.3, 1.0, 0.8, 0.01, key="leaks.threshold", help=t("leaks.threshold_help")
    )
    inside = right.toggle(t("leaks.inside"), value=True, key="leaks.inside", help=t("leaks.inside_help"))
    if st.button(t("leaks.check"), type="primary", key="leaks.check", icon=":material/compare_arrows:",
                 disabled=asked is None):  # fmt: skip
        attempt(lambda: _start(store, project, {**(asked or {}), "threshold": threshold, "inside": 0.9 * inside}))


def _start(store: Store, project: Project, settings: dict[str, Any]) -> None:
    verb = Leaks(**settings)
    verb.check()
    go(job=str(jobs.start(store, verb, project.id)), page="1", text="")


def _version(store: Store, project: Project) -> dict[str, Any] | None:
    known = {version.short: version for version in versions.all_versions(store, project.id)[:VERSIONS]}
    if not known:
        st.info(t("leaks.no_version"), icon=":material/inventory_2:")
        st.page_link(st.session_state["pages"]["versions"], label=t("leaks.to_versions"),
                     icon=":material/arrow_forward:", query_params={"project": project.name})  # fmt: skip
        return None
    picked = st.selectbox(
        t("leaks.version"), list(known), key=f"leaks.version.{project.id}",
        format_func=lambda short: t("leaks.version_option", version=short,
                                    when=f"{known[short].created_at:%Y-%m-%d %H:%M}"),
    )  # fmt: skip
    return {"against": "splits", "version": picked}


def _other(store: Store, project: Project) -> dict[str, Any] | None:
    names = [one.name for one in projects.all_projects(store) if one.id != project.id]
    if not names:
        st.info(t("leaks.no_project"), icon=":material/folder_off:")
        return None
    return {"against": f"project:{st.selectbox(t('leaks.project'), names, key=f'leaks.project.{project.id}')}"}


def _file(store: Store, _: Project) -> dict[str, Any] | None:
    upload = st.file_uploader(t("leaks.file"), key="leaks.file", help=t("leaks.file_help"))
    if upload is None:
        return None
    try:
        path = _saved(store, upload)
        seen = preview(path, 1, name=upload.name)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return None
    left, right = st.columns(2)
    names = list(seen.columns)
    text = left.selectbox(
        t("leaks.text_column"), names, index=names.index(seen.guess.text) if seen.guess.text else None,
        key=f"leaks.text.{path.name}", placeholder=t("leaks.choose"),
    )  # fmt: skip
    options, none = [NONE, *(name for name in names if name != text)], t("leaks.none")
    id_column = right.selectbox(
        t("leaks.id_column"), options, index=options.index(seen.guess.id) if seen.guess.id in options else 0,
        key=f"leaks.id.{path.name}", format_func=lambda name: none if name == NONE else name,
    )  # fmt: skip
    if not text:
        return None
    return {"against": f"file:{path}", "file_name": seen.name, "text_column": text, "id_column": id_column}


def _saved(store: Store, upload: Any) -> Path:
    """The upload as a file; written once, however often the page is drawn."""
    file_id, path = st.session_state.get("leaks.saved", (None, None))
    if file_id != upload.file_id or not path.exists():
        path = imports.save_upload(store, upload.name, upload.getbuffer())
        st.session_state["leaks.saved"] = (upload.file_id, path)
    return path


def _check(store: Store, project: Project, job: Job) -> None:
    with st.container(border=job.state == "preview"):
        st.markdown(_described(job))
        if job.state in ("done", "preview"):
            _sentence(job)
        if job.state == "preview":
            apply_or_discard(store, job, "leaks", t("leaks.is_preview", n=f"{job.result['dropped']:,}"))
        else:
            job_panel(store, job.id)
    if job.state not in ("done", "preview"):
        return
    if job.result["pairs"]:
        if job.state == "done":
            _drop(store, project, job)
            _dropped(store, project, job)
        leak_list(store, project, job)


def _described(job: Job) -> str:
    way, named = parse(job.params["against"])
    name = job.params["version"] if way == "splits" else named
    if way == "file":
        name = job.params["file_name"] or Path(named).name
    word = "newest" if way == "splits" and not name else way
    return t(f"leaks.described_{word}", job=job.id, name=plain(name), threshold=f"{job.params['threshold']:g}")


def _sentence(job: Job) -> None:
    """What came of the check, in words, and what it does not say."""
    result = job.result
    counted = {"items": f"{result['items']:,}", "records": f"{result['records']:,}"}
    if not result["leaks"]:
        st.success(t("leaks.clean", **counted), icon=":material/check_circle:")
    else:
        kinds = [t(f"leaks.kind_{how}", n=f"{result['items_by'][how]:,}") for how in HOW if result["items_by"][how]]
        share = f"{100 * result['share']:.1f}"
        words = t("leaks.leaking", n=f"{result['leaks']:,}", items=counted["items"], share=share,
                  kinds=t("leaks.and").join(kinds))  # fmt: skip
        st.warning(f"**{words}**", icon=":material/warning:")
    told = [t("leaks.took", **counted, seconds=f"{result['seconds']:g}")]
    if len(result["places"]) > 1:
        told += [
            t("leaks.by_place", place=plain(place_name(job, place)), n=f"{n['leaks']:,}", items=f"{n['items']:,}") + "."
            for place, n in result["places"].items()
        ]
    for word, key in (("left_out", "left_out"), ("rejected", "rejected"), ("elided", "pairs_elided")):
        if result[key]:
            told.append(t(f"leaks.{word}", n=f"{result[key]:,}"))
    if result["buckets_cut"]:
        told.append(t("leaks.cut_short"))
    notes(told)


def _drop(store: Store, project: Project, job: Job) -> None:
    left = leaks.left(store, project.id, job.id)
    if not left:
        st.caption(t("leaks.none_left"))
    elif st.button(t("leaks.drop", n=f"{left:,}"), key="leaks.drop", icon=":material/delete:",
                   help=t("leaks.drop_help")):  # fmt: skip
        attempt(lambda: leaks.drop_found(store, project.id, job.id))


def _dropped(store: Store, project: Project, job: Job) -> None:
    """The newest drop of what a check found, where it can be undone."""
    for drop in _drops(store, project, job)[:1]:
        job_panel(store, drop.id, project)


def _drops(store: Store, project: Project, job: Job) -> list[Job]:
    dropped = job_store.recent(store, project.id, limit=HISTORY, kind=leaks.DROPS)
    return [drop for drop in dropped if drop.params["found_by"] == job.id]


def _history(store: Store, project: Project, past: list[Job], current: Job | None) -> None:
    dropped = job_store.recent(store, project.id, limit=HISTORY, kind=leaks.DROPS)
    shown = sorted([*past, *dropped], key=lambda job: -job.id)[:HISTORY]
    hidden = {current.id, *(drop.id for drop in _drops(store, project, current)[:1])} if current else set()
    shown = [job for job in shown if job.id not in hidden]
    if not shown:
        return
    with st.expander(t("leaks.history"), icon=":material/history:"):
        for job in shown:
            with st.container(border=job.state == "preview"):
                if job.kind == Leaks.name:
                    st.markdown(_described(job))
                    if st.button(t("leaks.look"), key=f"leaks.look.{job.id}", type="tertiary"):
                        go(job=str(job.id), page="1", text="")
                if job.state != "preview":
                    job_panel(store, job.id, project if job.kind != Leaks.name else None)
