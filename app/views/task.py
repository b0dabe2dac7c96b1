"""The task: what is asked of each record, built from questions without code, with the annotator beside it."""

from __future__ import annotations

import inspect
from typing import Any

import streamlit as st

from app.widgets import task_draft
from app.widgets.guideline import guideline_form
from app.widgets.task_draft import Draft, held
from app.widgets.task_file import file_form
from app.widgets.task_form import fields_form, questions_form
from app.widgets.task_more import more
from app.widgets.task_people import people_form
from app.widgets.task_preview import columns_of, preview
from app.widgets.task_problem import problem
from app.widgets.task_save import save_panel
from app.widgets.text import plain
from app.words import t, t_or
from pipeline.domain import Project
from pipeline.store import Store, guidelines, projects
from pipeline.tasks import tasks

# The templates in the order of the gallery, each with its sign; those of other plug-ins come after them.
TEMPLATES = {
    "classification": "category", "multilabel": "checklist", "sentiment": "sentiment_satisfied",
    "entities": "ink_highlighter", "relations": "conversion_path", "question_answering": "quick_reference_all",
    "reading_comprehension": "menu_book", "translation": "translate", "summarisation": "short_text",
    "generation": "edit_note", "chat": "forum", "preference": "thumbs_up_down", "ranking": "swap_vert",
    "rating": "star", "custom": "dashboard_customize",
}  # fmt: skip
SECTIONS = ("questions", "fields", "guideline", "people", "file", "more")
NAMING = "task.naming"  # whether the name of a further task is being asked for
ACROSS = 3  # templates beside each other; where the page is narrow they stand under each other
BESIDE = ("questions", "fields")  # the parts that have the preview beside them


def render(store: Store, project: Project) -> None:
    """Draw the gallery of templates, or a task of the project as it is being changed."""
    known = {task.name: task for task in projects.tasks(store, project.id)}
    name = _chosen(project, list(known))
    task = known.get(name)
    draft = task_draft.of(project, task)
    if draft is None:
        if known:
            _new_for(project, name, list(known))
        gallery(project, name)
        return
    if task is not None and name != next(iter(known)):
        st.caption(t("task.not_first", first=plain(next(iter(known)))))
    columns = columns_of(store, project)
    top = st.container()  # drawn last: what it says is of the form as it is below
    section = _section()
    if section in BESIDE:
        form, beside = st.columns([1, 1], gap="large")
        with form:
            if section == "questions":
                questions_form(draft, columns, guidelines.question_answers(store, task.id) if task else {})
            else:
                _shown(draft, columns)
        with beside:
            preview(store, project, draft, not problem(draft.definition))
    elif section == "guideline":
        guideline_form(store, draft, task)
    elif section == "people":
        people_form(store, project, draft)
    elif section == "file":
        file_form(draft)
    else:
        more(store, project, task)
    with top:
        save_panel(store, project, draft, task, problem(draft.definition), with_job=section != "more")


def gallery(project: Project, name: str) -> None:
    """One click a template; the draft that it makes, under this name, is not saved yet."""
    st.subheader(t("task.gallery"), anchor=False)
    st.caption(t("task.gallery_why"))
    kinds = [kind for kind in TEMPLATES if kind in tasks.names()]
    kinds += [kind for kind in tasks.names() if kind not in TEMPLATES]
    for at in range(0, len(kinds), ACROSS):
        for column, kind in zip(st.columns(ACROSS), kinds[at : at + ACROSS], strict=False):
            with column:
                _template(project, name, kind)
    with st.expander(t("task.gallery_file"), icon=":material/upload_file:"):
        draft = Draft(name or "label", "custom", {"questions": []}, "")
        if file_form(draft):
            begun = task_draft.begin(project, draft.name, draft.kind, draft.definition)
            begun.guideline = draft.guideline
            st.rerun()


def _template(project: Project, name: str, kind: str) -> None:
    template = tasks.get(kind)
    title = t_or(f"task.template_{kind}", str(getattr(template, "title", kind)))
    icon = f":material/{TEMPLATES.get(kind, 'extension')}:"
    if st.button(plain(title), key=f"task.use.{kind}", icon=icon, width="stretch"):
        task_draft.begin(project, name or kind, kind, _in_words(template().definition(())))
        st.query_params["section"] = "questions"
        st.rerun()
    st.caption(t_or(f"task.template_{kind}_help", plain(inspect.getdoc(template) or "")))


def _in_words(definition: dict[str, Any]) -> dict[str, Any]:
    """A template's definition with its labels, and the headings of several questions, in the reader's language."""
    for question in definition["questions"]:
        if "labels" in question:
            question["labels"] = [t_or(f"task.start_{label.replace(' ', '_')}", label) for label in question["labels"]]
        heading = t_or(f"task.ask_{question['name']}", question["name"])
        if len(definition["questions"]) > 1 and heading != question["name"]:
            question["title"] = heading
    return definition


def _chosen(project: Project, known: list[str]) -> str:
    """The name of the task that the URL names, which may be a new one, else of the project's first."""
    if not known:
        return ""  # the first one is called as its template is
    fresh = task_draft.fresh(project, known)
    names = [*known, *([fresh] if fresh else [])]
    asked = st.query_params.get("task")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = names[0]
        if len(names) > 1:
            picked = st.segmented_control(  # type: ignore[assignment]  # one is required
                t("task.which"), names, key=held(f"task.which.{len(names)}", asked if asked in names else names[0]),
                required=True, format_func=lambda name: plain(name, 40), wrap=True,
            )  # fmt: skip
            st.query_params["task"] = str(picked)
        if not fresh:
            st.button(t("task.new"), key="task.new_open", icon=":material/add:", on_click=_turn, args=(NAMING,))
    if not fresh and st.session_state.get(NAMING):
        _new(project, known)
    return str(picked)


def _turn(key: str) -> None:
    st.session_state[key] = not st.session_state.get(key)


def _new(project: Project, known: list[str]) -> None:
    """Ask for the name of a further task."""
    st.caption(t("task.new_why"))
    with st.form("task.new", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        given = st.text_input(t("task.new_name"), placeholder=t("task.new_name_example"), max_chars=60, width=320)
        made = st.form_submit_button(t("task.new_make"), type="primary")
    name = " ".join(given.split())
    if made and name in known:
        st.error(t("task.new_taken"))
    elif made and name:
        task_draft.ask_fresh(project, name)
        st.session_state.pop(f"task.which.{len(known) + 1}", None)
        st.session_state.pop(NAMING)
        st.query_params["task"] = name
        st.rerun()


def _new_for(project: Project, name: str, known: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("task.new_for", name=plain(name)), width="content")
        if st.button(t("task.new_back", name=plain(known[0])), key="task.new_back", type="tertiary"):
            task_draft.forget_fresh(project)
            st.query_params["task"] = known[0]
            st.rerun()


def _section() -> str:
    asked = st.query_params.get("section")
    picked = st.segmented_control(
        t("task.section"), SECTIONS, key=held("task.section", asked if asked in SECTIONS else SECTIONS[0]),
        format_func=lambda word: t(f"task.section_{word}"), required=True, label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    st.query_params["section"] = str(picked)
    return str(picked)


def _shown(draft: Draft, columns: dict[str, object]) -> None:
    fields_form(draft, columns)
    old = list(draft.definition.get("skip_reasons") or ())
    text = st.text_area(
        t("task.skip_reasons"), key=held(f"task.skip_reasons.{draft.number}", "\n".join(old)), height=120,
        help=t("task.skip_reasons_help"), placeholder=t("task.skip_reasons_example"),
    )  # fmt: skip
    new = list(dict.fromkeys(" ".join(line.split()) for line in text.splitlines() if line.strip()))
    if new != old:
        draft.definition["skip_reasons"] = new
