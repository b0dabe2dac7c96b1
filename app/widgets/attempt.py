"""What a press on a page does: the deed, or a refusal that is shown; another address, and the job that this names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.widgets.text import plain
from app.words import said
from pipeline.domain import Job, WorkbenchError


def attempt(act: Callable[[], object]) -> None:
    """Do it and draw the page again; a refusal is shown instead."""
    try:
        act()
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        st.rerun()


def go(**params: str) -> None:
    """Draw the page again at another address; an empty value takes its word out."""
    for name, value in params.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.rerun()


def chosen(past: Sequence[Job], word: str = "job") -> Job | None:
    """Of jobs, the newest first, the one that this word of the URL names, else the newest that was not undone."""
    asked = st.query_params.get(word, "")
    named = next((job for job in past if str(job.id) == asked), None)
    return named or next((job for job in past if job.state != "undone"), None)
