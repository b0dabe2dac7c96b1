"""What a press on a page does: the deed, or a refusal that is shown; and another address."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.widgets.text import plain
from app.words import said
from pipeline.domain import WorkbenchError


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
