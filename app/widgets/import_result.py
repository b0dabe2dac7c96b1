"""What an import did: its progress, what came in, what joined, what could not be taken, and where to go next."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.links import CARD, number
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t
from pipeline.domain import Job, Project
from pipeline.exporters.delimited import harmless
from pipeline.store import Store, projects
from pipeline.units import CODE_POINTS


def outcome(store: Store, job: Job) -> None:
    """Draw it."""
    job_panel(store, job.id)
    project = projects.by_id(store, job.project_id or 0)
    if job.state == "done":
        _result(project, job)
    if job.state != "running" and st.button(t("importing.another"), key="importing.another", icon=":material/add:"):
        del st.query_params["job"]
        st.rerun()


def _result(project: Project, job: Job) -> None:
    result = job.result
    st.write(t("importing.done", file=plain(result["file"]), project=plain(project.name)))
    with st.container(horizontal=True):
        with st.container(width=CARD):
            number(t("importing.records"), result["records"], project, f"job={job.id}")
        for name in ("rejected", "annotations", "suggestions"):
            if result[name] or name == "rejected":
                with st.container(width=CARD):
                    st.metric(t(f"importing.{name}"), f"{result[name]:,}", border=True)
    if result.get("fields"):
        pairs = ", ".join(f"{name} ({column})" for name, column in result["fields"].items())
        st.caption(t("importing.fields_taken", fields=plain(pairs)))
    _told(result)
    if result["labels_added"]:
        st.caption(t("importing.labels_added", labels=plain(", ".join(result["labels_added"]))))
    st.page_link(
        st.session_state["pages"]["clean"], label=t("importing.next"), icon=":material/arrow_forward:",
        query_params={"project": project.name},
    )  # fmt: skip
    if result["rejected"]:
        _rejections(result, job.id)


def _told(result: Any) -> None:
    """What an import of several annotators' answers did besides."""
    for name in ("joined", "there"):
        if result.get(name):
            st.caption(t(f"importing.told_{name}", n=f"{result[name]:,}"))
    if result.get("foreign"):
        read_as, unit = result["format"].replace("_", " "), result["unit"]
        plainly = unit == CODE_POINTS
        words = {} if plainly else {"unit": t(f"importing.unit_{unit}")}
        st.caption(t("importing.told_format_plain" if plainly else "importing.told_format", format=read_as, **words))
    if result.get("losses"):
        lost = "; ".join(f"{said(reason)}: {n:,}" for reason, n in result["losses"].items())
        st.warning(t("importing.held_lost", reasons=plain(lost)), icon=":material/warning:")


def _rejections(result: Any, job_id: int) -> None:
    st.subheader(t("importing.rejections"), anchor=False)
    listed = result["rejections"]
    if len(listed) < result["rejected"]:
        st.caption(t("importing.rejections_cut", shown=f"{len(listed):,}", total=f"{result['rejected']:,}"))
    several = ["file"] if any(one.get("file") for one in listed) else []
    table = pd.DataFrame(listed, columns=[*several, "line", "field", "reason"])
    table["reason"] = table["reason"].map(said)
    words = {name: "file_name" if name == "file" else name for name in table.columns}
    config = {name: st.column_config.Column(t(f"importing.{word}")) for name, word in words.items()}
    st.dataframe(table, hide_index=True, column_config=config)
    st.download_button(
        t("importing.download"), _as_csv(table), f"rejected-rows-job-{job_id}.csv",
        "text/csv", key=f"importing.download.{job_id}", icon=":material/download:",
    )  # fmt: skip


def _as_csv(rejections: pd.DataFrame) -> bytes:
    """For a spreadsheet: the names of columns and the values in the reasons are the file's, so they are not trusted."""
    told = [name for name in ("file", "field", "reason") if name in rejections]
    safe = rejections.assign(**{name: rejections[name].map(harmless) for name in told})
    return safe.to_csv(index=False).encode("utf-8-sig")
