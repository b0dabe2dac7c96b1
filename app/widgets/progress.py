"""A job on the page: its progress while it runs, then what became of it, with cancel, continue, undo and redo."""

from __future__ import annotations

import streamlit as st

from app.widgets.text import plain
from app.words import t
from pipeline import jobs
from pipeline.domain import Job, WorkbenchError
from pipeline.store import Store
from pipeline.store import jobs as job_store


def job_panel(store: Store, job_id: int) -> Job:
    """Show one job. While it runs the panel looks again every second; when it ends the whole page is drawn again."""
    job = job_store.get(store, job_id)
    if job.state == "running":
        _live(store, job_id)
    else:
        _ended(store, job)
    return job


@st.fragment(run_every=1.0)
def _live(store: Store, job_id: int) -> None:
    job = job_store.get(store, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    left, right = st.columns([5, 1], vertical_alignment="center")
    share = min(1.0, job.done / job.total) if job.total else 0.0
    counted = f"{job.done:,} / {job.total:,}" if job.total else ""
    left.progress(share, text=" ".join(filter(None, [_name(job), plain(job.note), counted])))
    if right.button(t("common.cancel"), key=f"job.cancel.{job_id}", width="stretch"):
        jobs.cancel(store, job_id)


def _ended(store: Store, job: Job) -> None:
    name = _name(job)
    if job.state == "failed":
        st.error(t("common.job_failed", name=name, error=plain(job.error)), icon=":material/error:")
    elif job.state in ("stopped", "cancelled"):
        st.warning(
            t(f"common.job_{job.state}", name=name, done=f"{job.done:,}", total=f"{job.total:,}"),
            icon=":material/pause:",
        )
    elif job.state == "undone":
        st.info(t("common.job_undone", name=name), icon=":material/undo:")
    elif job.state == "done":
        st.success(t("common.job_done", name=name), icon=":material/check:")
    _buttons(store, job)


def _buttons(store: Store, job: Job) -> None:
    actions = {
        "failed": ("continue", lambda: jobs.resume(store, job.id)),
        "stopped": ("continue", lambda: jobs.resume(store, job.id)),
        "cancelled": ("continue", lambda: jobs.resume(store, job.id)),
        "done": ("undo", lambda: job_store.undo(store, job.id)),
        "undone": ("redo", lambda: job_store.redo(store, job.id)),
    }
    if job.state in actions:
        word, act = actions[job.state]
        if st.button(t(f"common.{word}"), key=f"job.{word}.{job.id}"):
            try:
                act()
            except WorkbenchError as error:
                st.error(plain(str(error)))
            else:
                st.rerun()


def _name(job: Job) -> str:
    return f"{t(f'common.verb_{job.kind}')} #{job.id}"
