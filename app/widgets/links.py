"""A number that opens the records behind it."""

from __future__ import annotations

import streamlit as st

from pipeline.domain import Project
from pipeline.store.records import RecordFilter

CARD = 156  # pixels wide: two cards stand beside each other on a phone of 360


def number(label: str, value: int, project: Project, where: RecordFilter | str, help: str | None = None) -> None:  # noqa: A002
    """A metric whose figure can be opened: the count, and below it a link to its records."""
    from app.words import t

    st.metric(label, f"{value:,}", help=help, border=True)
    if value:
        link_params = {"project": project.name, "where": str(where)}
        st.page_link(st.session_state["pages"]["records"], label=t("common.open_records"), query_params=link_params,
                     icon=":material/arrow_forward:")  # fmt: skip
