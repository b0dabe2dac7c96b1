"""A job on the page: its progress while it runs, then what became of it, with cancel, continue, undo and redo."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import jobs
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.store import Store
from pipeline.store import jobs as job_store

FIGURES = (
    "records", "rejected", "annotations", "edited", "flagged", "pairs", "families", "dropped", "augmented", "leaks",
    "answers", "withdrawn", "relabel", "suggestions", "already",
)  # fmt: skip
QUIET = ("withdrawn", "relabel", "suggestions", "already")  # figures that say nothing where they are nought
NEVER_NOUGHT = {"leaks": ("rejected", "dropped")}  # more of these, for one kind of job
TWICE = ("dedupe", "semantic")  # they count each record when it is read, and when it is compared
ON_RECORDS = ("import", "clean", "dedupe", "augment", "edit", "keep", "drop-leaks", "bulk", "change-labels", "simulate")
LOOKS = {
    "done": (":material/check_circle:", "green"), "failed": (":material/error:", "red"),
    "stopped": (":material/pause_circle:", "orange"), "cancelled": (":material/pause_circle:", "orange"),
    "undone": (":material/undo:", "gray"), "preview": (":material/visibility:", "blue"),
}  # fmt: skip
ACTIONS: dict[str, tuple[str, Callable[[Store, int], object]]] = {
    "failed": ("continue", jobs.resume), "stopped": ("continue", jobs.resume), "cancelled": ("continue", jobs.resume),
    "done": ("undo", job_store.undo), "undone": ("redo", job_store.redo),
}  # fmt: skip


def job_panel(store: Store, job_id: int, project: Project | None = None) -> Job:
    """Show one job. While it runs the panel looks again every second; when it ends the whole page is drawn again.

    With its project, an ended job has a link to the records that it made or judged.
    """
    job = job_store.get(store, job_id)
    if job.state == "running":
        _live(store, job_id)
    else:
        _ended(store, job, project)
    return job


@st.fragment(run_every=1.0)
def _live(store: Store, job_id: int) -> None:
    job = job_store.get(store, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    left, right = st.columns([5, 1], vertical_alignment="center")
    share = min(1.0, job.done / job.total) if job.total else 0.0
    counted = "{done} / {total}".format(**_counted(job)) if job.total else ""
    left.progress(share, text=" ".join(filter(None, [_name(job), plain(_note(job)), counted])))
    if right.button(t("common.cancel"), key=f"job.cancel.{job_id}", width="stretch"):
        jobs.cancel(store, job_id)


def _ended(store: Store, job: Job, project: Project | None) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        icon, colour = LOOKS[job.state]
        became = t(f"common.job_{job.state}", name=_name(job), error=plain(said(job.error)), **_counted(job))
        st.markdown(f":{colour}[{icon}] {became}{_figures(job)}", width="stretch")
        if project is not None and job.state == "done" and job.kind in ON_RECORDS:
            st.page_link(
                st.session_state["pages"]["records"], label=t("common.open_records"), icon=":material/table_rows:",
                query_params={"project": project.name, "where": f"job={job.id}"},
            )  # fmt: skip
        if job.state in ACTIONS:
            word, act = ACTIONS[job.state]
            if st.button(t(f"common.{word}"), key=f"job.{word}.{job.id}"):
                _act(store, job, act)


def _act(store: Store, job: Job, act: Callable[[Store, int], object]) -> None:
    try:
        act(store, job.id)
    except WorkbenchError as error:
        st.error(plain(said(str(error))))
    else:
        st.rerun()


def _figures(job: Job) -> str:
    """What the job did, as its result says: the numbers, and for each table of numbers their sum."""
    if job.state not in ("done", "undone", "preview"):
        return ""
    found = {key: sum(v.values()) if isinstance(v, dict) else v for key, v in job.result.items() if key in FIGURES}
    shown = [
        f"{t('common.result_' + key)} {n:,}"
        for key, n in found.items()
        if isinstance(n, int) and (n or key not in (*QUIET, *NEVER_NOUGHT.get(job.kind, ())))
    ]
    return f" :gray[{' · '.join(shown)}]" if shown else ""


def _counted(job: Job) -> dict[str, str]:
    """How far it is, in records."""
    times = 2 if job.kind in TWICE else 1
    return {"done": f"{job.done // times:,}", "total": f"{job.total // times:,}"}


def _note(job: Job) -> str:
    """What a running job does now: a sentence of its verb, or the names of the steps that clean the records."""
    names = job.note.split(", ") if job.kind == "clean" else []
    return ", ".join(t_or(f"steps.{name}.title", name) for name in names) or said(job.note)


def _name(job: Job) -> str:
    return f"{t(f'common.verb_{job.kind}')} #{job.id}"
