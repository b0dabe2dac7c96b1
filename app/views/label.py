"""Labelling: who you are, and the annotator with the guideline beside it. What is asked is made on the task page."""

from __future__ import annotations

import streamlit as st

from app.widgets.annotator import annotator, pulse
from app.widgets.guideline import guideline_beside
from app.widgets.task_draft import held
from app.widgets.task_problem import problem
from app.widgets.text import plain
from app.words import said, t
from pipeline import annotate
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.store import Store, guidelines, projects
from pipeline.store import annotations as answer_store

# The page is a desk: its heading leaves the room to the record. What the annotator's bar below would cover is
# scrolled clear of it. On a narrow screen what explains keys is left out, and the bar above breaks where it stretches
# on a wide one: who labels, and below it what.
DESK = """<style>
[data-testid=stMainBlockContainer] { padding-top: 3.75rem; padding-bottom: 2rem; }
[data-testid=stMain] { scroll-padding-bottom: 7rem; }
@media (max-width: 640px) {
  [data-testid=stMain] { scroll-padding-bottom: 4.5rem; }
  [data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock] { gap: 0.5rem; }
  .st-key-label-bar { row-gap: 0.15rem; }
  .st-key-label-bar > [width="100%"] { flex: 0 0 100%; height: 0; }
  [data-testid=stMainBlockContainer] h1 { font-size: 1.5rem; padding: 0; }
  [data-testid=stMainBlockContainer] h3 { font-size: 1.2rem; }
  [data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock] > [data-testid=stElementContainer]
    [data-testid=stCaptionContainer] { display: none; }
}
</style>"""


def render(store: Store, project: Project) -> None:
    """Draw the annotator for one person; before that, what is still missing: a task, a name."""
    st.html(DESK)
    known = projects.tasks(store, project.id)
    task = _task(known)
    wrong = problem(task.definition) if task is not None else ""
    if task is None or wrong:
        _no_task(wrong)
        return
    who = _annotator(store)
    if who is None:
        return
    beside = _bar(store, project, task, known, who)
    if beside:
        left, right = st.columns([3, 1], gap="medium")
        with left:
            annotator(store, project, task, who, {})
        with right:
            guideline_beside(store, task, who)
    else:
        annotator(store, project, task, who, {})
    pulse()


def _task(known: list[Task]) -> Task | None:
    """The task that the URL names, else the project's first."""
    asked = st.query_params.get("task")
    return next((task for task in known if task.name == asked), next(iter(known), None))


def _no_task(wrong: str) -> None:
    st.info(plain(wrong) if wrong else t("label.no_task"), icon=":material/quiz:")
    st.page_link(st.session_state["pages"]["task"], label=t("label.make_task"), icon=":material/arrow_forward:")


def _annotator(store: Store) -> str | None:
    """The name in the URL, else the one given earlier in this session; else the question for it."""
    asked = st.query_params.get("annotator") or st.session_state.get("label.annotator")
    if asked:
        try:
            name = annotate.checked_name(store, asked)
        except WorkbenchError as error:
            st.error(plain(said(str(error))))
        else:
            st.session_state["label.annotator"] = st.query_params["annotator"] = name
            return name
    st.subheader(t("label.who"), anchor=False)
    st.write(t("label.who_why"))
    with st.form("label.who", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(t("label.name"), key="label.name", max_chars=annotate.NAME_MOST, width=320)
        given = st.form_submit_button(t("label.start"), type="primary")
    known = [person["name"] for person in answer_store.annotators(store, "human")]
    picked = st.pills(t("label.who_known"), known, key="label.known", format_func=plain, wrap=True) if known else None
    if picked or given:
        try:
            st.query_params["annotator"] = annotate.checked_name(store, picked or name)
        except WorkbenchError as error:
            st.error(plain(said(str(error))))
        else:
            st.rerun()
    return None


def _bar(store: Store, project: Project, task: Task, known: list[Task], who: str) -> bool:
    """Who is labelling what; returns whether the guideline stands beside the annotator."""
    with st.container(key="label.bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(t("label.you_are", name=plain(who)), width="content")
        if st.button(t("label.change_person"), key="label.change_person", type="tertiary"):
            st.session_state.pop("label.annotator", None)
            st.query_params.pop("annotator", None)
            st.rerun()
        if len(known) > 1:
            _switch(task, known)
        st.space("stretch")
        last = guidelines.last_under(store, task.id, who)
        if last is not None and last < task.guideline_revision:
            st.badge(t("label.guideline_new"), icon=":material/new_releases:", color="orange")
        beside = st.toggle(t("label.guideline"), key=held("label.guideline", True))
        st.page_link(
            st.session_state["pages"]["task"], label=t("label.change_task"), icon=":material/quiz:",
            query_params={"project": project.name, "task": task.name},
        )  # fmt: skip
    return bool(beside)


def _switch(task: Task, known: list[Task]) -> None:
    names = [other.name for other in known]
    picked = st.selectbox(
        t("task.which"), names, names.index(task.name), key=f"label.task.{task.name}", label_visibility="collapsed",
        width=180,
    )  # fmt: skip
    if picked != task.name:
        st.query_params["task"] = picked
        st.rerun()
