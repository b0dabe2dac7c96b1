"""The first page: where the project stands, and the next thing to do."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from app.widgets.changes import step_words
from app.widgets.links import CARD, number
from app.widgets.progress import job_panel
from app.widgets.spoken import person
from app.widgets.text import plain
from app.words import t
from pipeline import runs
from pipeline.domain import Project
from pipeline.store import Store, overview, records, verdicts, versions
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter

LABELS_SHOWN = 20
STATES = ("original", "active", "dropped", "labelled", "unlabelled", "relabel", "augmented")


def render(store: Store, project: Project) -> None:
    """Draw the project's counts, labels, funnel and last work."""
    counts = overview.states(store, project.id)
    if not counts["original"]:
        st.info(t("overview.empty"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("main.import_first"))
        _jobs(store, project)
        return
    _next_step(store, project, counts)
    with st.container(horizontal=True):
        for state in STATES:
            with st.container(width=CARD):
                where = f"state={state}"
                number(t(f"overview.{state}"), counts[state], project, where, t(f"overview.{state}_help"))
    _progress(counts)
    left, right = st.columns(2, gap="large")
    with left:
        _labels(store, project)
    with right:
        _funnel(store, project, counts)
    _jobs(store, project)
    left, right = st.columns(2, gap="large")
    with left:
        _versions(store, project)
    with right:
        _runs(store, project)


def _next_step(store: Store, project: Project, counts: dict[str, int]) -> None:
    kinds = {job.kind for job in job_store.recent(store, project.id, 500) if job.state == "done"}
    if "clean" not in kinds:
        page = "clean"
    elif "dedupe" not in kinds:
        page = "duplicates"
    elif counts["to_relabel"] or counts["unlabelled"]:
        page = "label"
    else:
        page = _model_step(store, project)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(t(f"overview.next_{page}"), width="stretch")
        st.page_link(
            st.session_state["pages"][page], label=t("overview.go"), icon=":material/arrow_forward:",
            query_params={"project": project.name},
        )  # fmt: skip


def _model_step(store: Store, project: Project) -> str:
    frozen = versions.all_versions(store, project.id)
    if not frozen:
        return "versions"
    trained = {run.version_id[:12] for run in runs.all_runs(store, project.id) if run.state == "done"}
    return "errors" if frozen[0].id[:12] in trained else "train"


def _progress(counts: dict[str, int]) -> None:
    settled = counts["to_label"] - counts["unlabelled"]
    share = settled / counts["to_label"] if counts["to_label"] else 0.0
    text = t("overview.progress", done=f"{settled:,}", total=f"{counts['to_label']:,}", share=f"{share:.0%}")
    st.progress(share, text=text)


def _labels(store: Store, project: Project) -> None:
    st.subheader(t("overview.labels"), anchor=False)
    rows = overview.labels(store, project.id)
    if not rows:
        st.caption(t("overview.no_labels"))
        return
    by, name = t("overview.annotator"), t("overview.label")
    frame = pd.DataFrame(
        {
            name: [row["label"] for row in rows],
            by: [person(row["annotator"], simulated=row["simulated"]) for row in rows],
            "n": [row["n"] for row in rows],
        }
    )
    chart = alt.Chart(frame).mark_bar().encode(
        y=alt.Y(name, sort="-x", title=None), x=alt.X("n", title=t("overview.answers")),
        color=alt.Color(by, title=None, legend=alt.Legend(orient="top", columns=2)),
        tooltip=[name, by, alt.Tooltip("n", title=t("overview.answers"))],
    )  # fmt: skip
    st.altair_chart(chart, width="stretch")
    for label in list(dict.fromkeys(str(row["label"]) for row in rows))[:LABELS_SHOWN]:
        _link(plain(label), records.count(store, project.id, RecordFilter(label=label)), project, {"label": label})


def _funnel(store: Store, project: Project, counts: dict[str, int]) -> None:
    st.subheader(t("overview.funnel"), anchor=False)
    rows = verdicts.funnel(store, project.id)
    if not rows:
        st.caption(t("overview.no_funnel"))
        return
    st.markdown(t("overview.funnel_sum", imported=f"{counts['original']:,}", left=f"{counts['to_label']:,}"))
    for row in rows:
        step = plain(step_words(row["step"]))
        text = f"{step} · {t('overview.verdict_' + row['verdict'])} · #{row['job_id']}"
        _link(text, row["n"], project, {"step": row["step"], "verdict": row["verdict"], "job": row["job_id"]})


def _link(text: str, n: int, project: Project, words: dict[str, object]) -> None:
    where = RecordFilter(**words)  # type: ignore[arg-type]  # the words are this page's own
    st.page_link(
        st.session_state["pages"]["records"], label=f"{text}: {n:,}", icon=":material/table_rows:",
        query_params={"project": project.name, "where": str(where)},
    )  # fmt: skip


def _jobs(store: Store, project: Project) -> None:
    st.subheader(t("overview.jobs"), anchor=False)
    found = [job for job in job_store.recent(store, project.id, 30) if job.state != "preview"][:6]
    if not found:
        st.caption(t("overview.no_jobs"))
    for job in found:
        job_panel(store, job.id, project)


def _versions(store: Store, project: Project) -> None:
    st.subheader(t("overview.versions"), anchor=False)
    found = versions.all_versions(store, project.id)[:5]
    if not found:
        st.caption(t("overview.no_versions"))
    for version in found:
        sizes = " / ".join(f"{n:,}" for n in version.card["records"].values())
        st.page_link(
            st.session_state["pages"]["versions"], label=f"{version.id[:12]} · {sizes}", icon=":material/inventory_2:",
            query_params={"project": project.name, "version": version.id[:12]},
        )  # fmt: skip


def _runs(store: Store, project: Project) -> None:
    st.subheader(t("overview.runs"), anchor=False)
    found = runs.all_runs(store, project.id)[:5]
    if not found:
        st.caption(t("overview.no_runs"))
    for run in found:
        score = run.metrics.get("accuracy")
        words = [run.id, t(f"overview.run_{run.state}"), f"{score:.1%}" if score is not None else ""]
        st.page_link(
            st.session_state["pages"]["train"], label=" · ".join(filter(None, words)), icon=":material/model_training:",
            query_params={"project": project.name, "run": run.id},
        )  # fmt: skip
