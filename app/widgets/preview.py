"""What a search or a check would do, and whether it shall: the two buttons under a preview."""

from __future__ import annotations

import streamlit as st

from app.widgets.attempt import attempt
from app.words import t
from pipeline.domain import Job
from pipeline.store import Store
from pipeline.store import jobs as job_store


def apply_or_discard(store: Store, job: Job, section: str, would: str) -> None:
    """Draw what the preview `would` do, and the buttons `<section>.apply` and `<section>.discard`."""
    st.info(would, icon=":material/visibility:")
    with st.container(horizontal=True):
        if st.button(t("duplicates.apply"), type="primary", key=f"{section}.apply", icon=":material/check:"):
            attempt(lambda: job_store.redo(store, job.id))
        if st.button(t("duplicates.discard"), key=f"{section}.discard", icon=":material/close:"):
            attempt(lambda: job_store.close_job(store, job.id, "undone", job.result))
