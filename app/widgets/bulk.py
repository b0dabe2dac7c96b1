"""One answer for many records at once: counted and confirmed on the page, done as a job that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t
from pipeline import annotate, jobs
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.questions import Question, asked
from pipeline.store import Store, projects, records
from pipeline.store import annotations as answer_store
from pipeline.store.records import RecordFilter
from pipeline.tasks import questions_of
from pipeline.verbs.bulk import Bulk

KINDS = ("choice", "choices", "rating")  # what one answer can be right for, whatever the record's text is


def bulk_answer(
    store: Store, project: Project, what: RecordFilter | Sequence[int], key: str, title: str, *, opened: bool = False
) -> None:
    """Draw the answer for all records of a filter (or these ones), its confirmation, and the last such job."""
    with st.expander(title, icon=":material/done_all:", expanded=opened):
        task = _task(store, project, key)
        questions = _answerable(task)
        if task is None or not questions:
            st.caption(t("bulk.no_task" if task is None else "bulk.not_possible"))
            return
        st.caption(t("bulk.why"))
        who = _who(store, key)
        value = {}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for question in questions:
                chosen = _value(question, f"{key}.{question.name}")
                if chosen not in (None, []):
                    value[question.name] = chosen
        if not who:
            st.caption(t("bulk.name_first"))
        elif value and not all(q.name in value for q in asked(questions, value) if q.required):
            st.caption(t("bulk.unsure"))
        elif value:
            _ask(store, project, task, what, who, value, key)
    _last(store, project, key)


def _task(store: Store, project: Project, key: str) -> Task | None:
    """The project's task; of several the one that is chosen, at first the one that was looked at last."""
    known = projects.tasks(store, project.id)
    if len(known) < 2:
        return next(iter(known), None)
    names = [task.name for task in known]
    asked = st.query_params.get("task", "")
    at = names.index(asked) if asked in names else 0
    picked = st.selectbox(t("bulk.which"), names, at, key=f"{key}.task", width=280)
    return known[names.index(str(picked))]


def _answerable(task: Task | None) -> list[Question]:
    """The task's questions, if each that must be answered can be answered for many records at once."""
    if task is None:
        return []
    questions = questions_of(task)
    if any(q.required and q.when is None and q.kind not in KINDS for q in questions):
        return []
    return [q for q in questions if q.kind in KINDS and (q.kind == "rating" or q.labels)]


def _who(store: Store, key: str) -> str:
    """The name under which it is stored: the one that labels on this tab, else one that is asked for."""
    known = st.query_params.get("annotator") or st.session_state.get("label.annotator")
    name = known or st.text_input(t("bulk.name"), key=f"{key}.who", max_chars=annotate.NAME_MOST, width=320)
    if not str(name or "").strip():
        return ""
    try:
        return annotate.checked_name(store, str(name))
    except WorkbenchError as error:
        st.error(plain(said(str(error))))
        return ""


def _value(question: Question, key: str) -> Any:
    words = plain(question.title or question.name)
    if question.kind == "choices":
        return st.multiselect(words, question.labels, key=key, width=360, placeholder=t("task.choose"))
    if question.kind == "rating":
        plain_form = question.to_plain()
        marks = list(range(int(plain_form.get("low", 1)), int(plain_form.get("high", 5)) + 1))
        return st.selectbox(words, marks, None, key=key, width=200, placeholder=t("task.choose"))
    return st.selectbox(words, question.labels, None, key=key, width=280, placeholder=t("task.choose"))


def _ask(
    store: Store, project: Project, task: Task, what: RecordFilter | Sequence[int], who: str, value: dict[str, Any],
    key: str,
) -> None:  # fmt: skip
    words = "; ".join(plain(q.spoken(value[q.name])) for q in questions_of(task) if q.name in value)
    total, own = _counted(store, project, task, what, who)
    counts = {"n": f"{total - own:,}", "own": f"{own:,}"}
    if total == own:
        st.info(t("bulk.nothing", **counts), icon=":material/check_circle:")
        return
    asking = f"{key}.asking"
    # What was asked about must still be so when it is confirmed: another filter or answer asks again.
    about = repr((str(what), who, task.name, value))
    if st.session_state.get(asking) != about:
        st.caption(t("bulk.excluded", **counts) if own else t("bulk.all", **counts))
        if st.button(t("bulk.answer", said=words, **counts), key=f"{key}.answer", icon=":material/done_all:"):
            st.session_state[asking] = about
            st.rerun()
        return
    st.warning(t("bulk.sure", said=words, who=plain(who), n=counts["n"]), icon=":material/help:")
    with st.container(horizontal=True):
        if st.button(t("bulk.yes", n=counts["n"]), key=f"{key}.yes", type="primary"):
            _start(store, project, task, what, who, value, key)
        if st.button(t("bulk.no"), key=f"{key}.no"):
            st.session_state.pop(asking)
            st.rerun()


def _counted(
    store: Store, project: Project, task: Task, what: RecordFilter | Sequence[int], who: str
) -> tuple[int, int]:
    """(records, those of them that this person has answered)."""
    if len(projects.tasks(store, project.id)) > 1:  # a filter knows who answered, not what
        ids = records.ids(store, project.id, what) if isinstance(what, RecordFilter) else list(what)
        given = {row["record_id"] for row in answer_store.current(store, task.id) if row["annotator"] == who}
        return len(ids), len(given.intersection(ids))
    if isinstance(what, RecordFilter):
        total = records.count(store, project.id, what)
        if what.annotator is not None:
            mine = what.annotator == who
            return total, total if mine else _own(store, project, records.ids(store, project.id, what), who)
        return total, records.count(store, project.id, replace(what, annotator=who))
    return len(what), _own(store, project, list(what), who)


def _own(store: Store, project: Project, ids: list[int], who: str) -> int:
    mine = set(records.ids(store, project.id, RecordFilter(annotator=who)))
    return len(mine.intersection(ids))


def _start(
    store: Store, project: Project, task: Task, what: RecordFilter | Sequence[int], who: str, value: dict[str, Any],
    key: str,
) -> None:  # fmt: skip
    try:
        where = {"where": str(what)} if isinstance(what, RecordFilter) else {"records": list(what)}
        started = jobs.start(store, Bulk(who, value, task=task.name, **where), project.id)  # type: ignore[arg-type]
    except WorkbenchError as error:
        st.error(plain(said(str(error))))
        return
    st.session_state.pop(f"{key}.asking", None)
    st.session_state[f"{key}.job"] = started
    st.rerun()


def _last(store: Store, project: Project, key: str) -> None:
    """The job that was started here, with its progress or its undo."""
    started = st.session_state.get(f"{key}.job")
    if started is None:
        return
    state = job_panel(store, started, project).state
    if state != "running" and st.session_state.get(f"{key}.ended") != (started, state):
        st.session_state[f"{key}.ended"] = (started, state)
        st.rerun()  # it may have ended after the page had read its records
