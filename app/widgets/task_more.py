"""The rare things of a task: the sample's simulated annotator, and what was done to its labels."""

from __future__ import annotations

import streamlit as st

from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs, sample
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.store import Store
from pipeline.store import jobs as job_store
from pipeline.verbs.simulate import Simulate

HISTORY = 8


def more(store: Store, project: Project, task: Task | None) -> None:
    """Draw the label changes with their undo, and the simulated annotator where the project brings true labels."""
    done = job_store.recent(store, project.id, HISTORY, "change-labels")
    st.subheader(t("task.change_history"), anchor=False)
    for job in done:
        job_panel(store, job.id, project)
    if not done:
        st.caption(t("task.change_no_history"))
    if task is not None:
        _simulate(store, project)


def _simulate(store: Store, project: Project) -> None:
    truth = sample.truth(project)
    if truth is None:
        return
    st.subheader(t("task.simulate"), anchor=False)
    st.write(t("task.simulate_why"))
    last = next(iter(job_store.recent(store, project.id, 1, "simulate")), None)
    running = last is not None and last.state == "running"
    if st.button(t("task.simulate_start"), key="task.simulate", disabled=running or not truth.exists()):
        try:
            jobs.start(store, Simulate(truth=str(truth)), project.id)
        except WorkbenchError as error:
            st.error(plain(said(str(error))))
        else:
            st.rerun()
    if last is not None:
        job_panel(store, last.id)
