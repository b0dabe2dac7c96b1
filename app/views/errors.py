"""The errors page: what a run got wrong, the surest mistakes first, and the way back to the labelling queue."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.pager import pager
from app.widgets.progress import job_panel
from app.widgets.spoken import person
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs, runs
from pipeline.domain import Project, WorkbenchError
from pipeline.jobs import verbs
from pipeline.questions import Choice
from pipeline.runs import Run
from pipeline.store import Store, projects
from pipeline.store import runs as index
from pipeline.tasks import questions_of

PAGE = 50
READ = 10  # chosen records that are shown in full


def render(store: Store, project: Project) -> None:
    """Draw the chosen run's errors under the filter of the URL."""
    done = [run for run in runs.all_runs(store, project.id) if run.state == "done"]
    if not done:
        word = "no_runs" if _trainable(store, project) else "no_choice"
        st.info(t(f"errors.{word}"), icon=":material/model_training:")
        st.page_link(st.session_state["pages"]["train"], label=t("errors.to_train"), icon=":material/arrow_forward:",
                     query_params={"project": project.name})  # fmt: skip
        return
    run = _chosen(done)
    _sent(store, project)
    wrong = runs.errors(store, run.id)
    if not wrong:
        st.success(t("errors.none"), icon=":material/check:")
        return
    found = _filtered(wrong)
    if not found:
        st.info(t("errors.none_of_filter"), icon=":material/search_off:")
        return
    shown = _paged(found, len(wrong))
    chosen = _table(store, project, shown)
    _send(store, project, run, [shown[i] for i in chosen], found)
    for row in (shown[i] for i in chosen[:READ]):
        _in_full(row)


def _trainable(store: Store, project: Project) -> bool:
    """Whether a model can be trained on what the project's task asks; a project without a task may yet ask for it."""
    asked = [question.kind for task in projects.tasks(store, project.id)[:1] for question in questions_of(task)]
    return not asked or Choice.kind in asked


def _chosen(done: list[Run]) -> Run:
    asked = st.query_params.get("run", "")
    names = [run.id for run in done]
    start = next((i for i, name in enumerate(names) if asked and name.startswith(asked)), 0)
    picked = st.selectbox(t("errors.run"), names, start, key=f"errors.run.{names[start]}",
                          format_func=lambda name: _run_words(done[names.index(name)]))  # fmt: skip
    if picked != names[start]:
        st.query_params.update({"run": picked})
        _forget("label", "predicted", "q", "page", "job")
        st.rerun()
    return done[start]


def _run_words(run: Run) -> str:
    accuracy = run.metrics.get("accuracy")
    score = f"{accuracy:.1%}" if accuracy is not None else ""
    return " · ".join(filter(None, [run.id, run.version_id, score]))


def _sent(store: Store, project: Project) -> None:
    """The job that has just sent records back, with its undo, and the way to them."""
    asked = st.query_params.get("job", "")
    if not asked.isdecimal():
        return
    try:
        job = job_panel(store, int(asked))
    except WorkbenchError as error:
        st.warning(plain(said(str(error))))
        return
    if job.kind == "relabel" and job.state == "done":
        n = job.result.get("relabel", 0)
        st.markdown(t("errors.sent", n=f"{n:,}", waiting=f"{job.result.get('already_waiting', 0):,}"))
        st.page_link(st.session_state["pages"]["label"], label=t("errors.to_label"), icon=":material/arrow_forward:",
                     query_params={"project": project.name})  # fmt: skip


def _filtered(wrong: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text, label, predicted = st.columns([2, 1, 1])
    asked = st.query_params.get("q", "")
    word = text.text_input(t("errors.search"), asked, key=f"errors.text.{asked}", icon=":material/search:").strip()
    picked = {"q": word}
    for name, box in (("label", label), ("predicted", predicted)):
        known = sorted({row[name] for row in wrong})
        now = st.query_params.get(name, "")
        choices = ["", *known, *([now] if now and now not in known else [])]
        picked[name] = box.selectbox(
            t(f"errors.{name}"), choices, choices.index(now), key=f"errors.{name}.{now}",
            format_func=lambda value: value or t("errors.any"),
        )  # fmt: skip
    if any(st.query_params.get(name, "") != value for name, value in picked.items()):
        for name, value in picked.items():
            if value:
                st.query_params[name] = value
            else:
                _forget(name)
        _forget("page")
        st.rerun()
    return [
        row
        for row in wrong
        if word.lower() in row["text"].lower()
        and (not picked["label"] or row["label"] == picked["label"])
        and (not picked["predicted"] or row["predicted"] == picked["predicted"])
    ]


def _paged(found: list[dict[str, Any]], total: int) -> list[dict[str, Any]]:
    pages = (len(found) - 1) // PAGE + 1
    asked = st.query_params.get("page", "1")
    at = min(max(1, int(asked) if asked.isdecimal() else 1), pages)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("errors.found", n=f"{len(found):,}", total=f"{total:,}"), width="content")
        pager(at, pages, "errors", _open)
    return found[(at - 1) * PAGE : at * PAGE]


def _open(page: int) -> None:
    st.query_params["page"] = str(page)
    st.rerun()


def _table(store: Store, project: Project, rows: list[dict[str, Any]]) -> list[int]:
    """The page of errors; returns which of its rows are ticked."""
    by = index.answers(store, [row["id"] for row in rows])
    tasks = projects.tasks(store, project.id)
    waiting = index.waiting_for_relabel(store, tasks[0].id) if tasks else set()
    shown = ("text", "label", "by", "predicted", "confidence", "status", "split", "external_id")
    names = {c: t(f"errors.col_{c}") for c in shown}
    cells = {
        **{c: [row[c] for row in rows] for c in ("text", "label", "predicted", "confidence", "external_id")},
        "by": [_people(by.get(row["id"], [])) for row in rows],
        "split": [t(f"errors.split_{row['split']}") for row in rows],
        "status": [t("errors.waiting") if row["id"] in waiting else "" for row in rows],
    }
    columns = {
        names["text"]: st.column_config.TextColumn(width="large"),
        names["confidence"]: st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0),
    }
    event: Any = st.dataframe(
        pd.DataFrame({names[c]: cells[c] for c in shown}), hide_index=True, width="stretch", on_select="rerun",
        selection_mode="multi-row", key=f"errors.table.{rows[0]['id']}.{len(rows)}", column_config=columns,
    )  # fmt: skip
    return list(event.selection.rows)


def _people(answers: list[dict[str, Any]]) -> str:
    return ", ".join(person(a["annotator"], simulated=a["simulated"]) for a in answers)


def _send(store: Store, project: Project, run: Run, chosen: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        some = st.button(
            t("errors.send_chosen", n=f"{len(chosen):,}"), key="errors.send_chosen", type="primary",
            disabled=not chosen, icon=":material/undo:",
        )  # fmt: skip
        every = st.button(t("errors.send_all", n=f"{len(found):,}"), key="errors.send_all", icon=":material/undo:")
    if not chosen:
        st.caption(t("errors.hint"))
    if some or every:
        records = [row["id"] for row in (chosen if some else found)]
        try:
            job = jobs.run(store, verbs.get("relabel")(run=run.id, records=records), project.id)  # type: ignore[call-arg]  # a Protocol does not say how its classes are made
        except WorkbenchError as error:
            st.error(plain(said(str(error))), icon=":material/error:")
        else:
            st.query_params["job"] = str(job.id)
            st.rerun()


def _in_full(row: dict[str, Any]) -> None:
    with st.container(border=True):
        st.markdown(plain(row["text"], 3000))
        st.caption(t("errors.judged", label=plain(row["label"]), predicted=plain(row["predicted"]),
                     confidence=row["confidence"]))  # fmt: skip


def _forget(*names: str) -> None:
    for name in names:
        if name in st.query_params:
            del st.query_params[name]
