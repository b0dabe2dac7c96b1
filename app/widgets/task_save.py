"""Saving a task: what it will do to the answers that there are is said, and asked where there is a choice, before."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.widgets import task_draft
from app.widgets.label_changes import Loss, changes, check, losses, settle, start, steps_back
from app.widgets.progress import job_panel
from app.widgets.task_draft import Draft
from app.widgets.text import plain
from app.words import said, t
from pipeline import annotate
from pipeline.domain import Project, Task, WorkbenchError
from pipeline.store import Store, guidelines
from pipeline.store import jobs as job_store

ASKED = "task.asked"  # the question that stands in the panel: "save", "discard" or nothing
SAID = "task.said"


def save_panel(
    store: Store, project: Project, draft: Draft, task: Task | None, wrong: str, *, with_job: bool = True
) -> None:
    """Draw the state of the draft with its buttons; once asked, what saving or discarding will do.

    `with_job` shows the label change at work too, for parts of the page that do not list it.
    """
    changed = draft.changed
    asked = st.session_state.get(ASKED) if changed else None
    with st.container(border=changed, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _state(draft.name, changed)
            st.space("stretch")
            if changed:
                _buttons(store, project, draft, task, wrong, asked)
            elif task is not None:
                st.page_link(
                    st.session_state["pages"]["label"], label=t("task.to_label"), icon=":material/sell:",
                    query_params={"project": project.name, "task": task.name},
                )  # fmt: skip
        if changed and asked is None:
            st.caption(t("task.unsaved_kept"))
        if changed and task_draft.outdated(draft, task):
            st.warning(t("task.outdated"), icon=":material/sync_problem:")
        if changed and wrong:
            st.warning(t("task.wrong", reason=plain(wrong)), icon=":material/edit_note:")
        if asked == "discard":
            _discard(project, task)
        elif asked == "save" and not wrong and task is not None:
            _settle(store, project, draft, task)
        if SAID in st.session_state and not changed:
            st.caption(st.session_state[SAID])
    if with_job:
        _at_work(store, project, task)


def _state(name: str, changed: bool) -> None:
    st.markdown(f"**{plain(name)}**", width="content")
    st.badge(
        t("task.state_unsaved") if changed else t("task.state_saved"), color="orange" if changed else "green",
        icon=":material/edit:" if changed else ":material/check:",
    )  # fmt: skip


def _buttons(store: Store, project: Project, draft: Draft, task: Task | None, wrong: str, asked: str | None) -> None:
    if asked is not None:
        return
    if st.button(t("task.discard"), key="task.discard", type="tertiary"):
        st.session_state[ASKED] = "discard"
        st.rerun()
    pressed = st.button(
        t("task.save"), key="task.save", type="primary", disabled=bool(wrong), icon=":material/save:",
    )  # fmt: skip
    if not pressed:
        return
    if task is not None and guidelines.question_answers(store, task.id):
        st.session_state[ASKED] = "save"
        st.rerun()
    _save(store, project, draft, task, draft.definition)


def _discard(project: Project, task: Task | None) -> None:
    st.markdown(t("task.discard_sure"))
    with st.container(horizontal=True):
        if st.button(t("task.discard_yes"), key="task.discard_yes", type="primary"):
            task_draft.drop(project, task)
            st.session_state.pop(ASKED, None)
            st.rerun()
        if st.button(t("task.discard_no"), key="task.discard_no"):
            st.session_state.pop(ASKED, None)
            st.rerun()


def _settle(store: Store, project: Project, draft: Draft, task: Task) -> None:
    """What becomes of the answers, said and asked in the page, before anything is done."""
    lost = losses(store, task, draft)
    st.markdown(f"**{t('task.change_heading')}**")
    total = sum(guidelines.answers_under(store, task.id).values())
    if not lost:
        st.markdown(t("task.change_none", n=f"{total:,}"))
    for loss in lost:
        settle(project, draft, loss)
    if draft.guideline.strip() != task.guideline.strip():
        st.markdown(t("task.change_guideline", n=task.guideline_revision + 1))
    moved = sum(loss.answers for loss in lost if loss.way != "keep")
    if moved:
        st.markdown(t("task.change_will", n=f"{moved:,}"))
    with st.container(horizontal=True):
        if st.button(t("task.change_confirm"), key="task.change_confirm", type="primary"):
            _confirmed(store, project, draft, task, lost)
        if st.button(t("task.change_cancel"), key="task.change_cancel"):
            st.session_state.pop(ASKED, None)
            st.rerun()


def _confirmed(store: Store, project: Project, draft: Draft, task: Task, lost: list[Loss]) -> None:
    between, wanted = steps_back(draft, lost), changes(lost, task)
    try:
        check(store, task, between, wanted)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    if not _save(store, project, draft, task, between, stay=True):
        return
    try:
        st.session_state["task.job"] = start(store, project, wanted)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        st.rerun()


def _save(
    store: Store, project: Project, draft: Draft, task: Task | None, definition: dict[str, Any], *, stay: bool = False
) -> bool:
    try:
        saved = annotate.save_definition(
            store, project, definition, draft.guideline, kind=draft.kind, name=draft.name, task=task
        )
    except WorkbenchError as error:
        st.error(t("task.wrong", reason=plain(said(str(error)))), icon=":material/error:")
        return False
    new_rules = task is not None and saved.guideline_revision != task.guideline_revision
    st.session_state[SAID] = t("task.saved_guideline", n=saved.guideline_revision) if new_rules else t("task.saved")
    st.session_state.pop(ASKED, None)
    task_draft.drop(project, task)
    if not stay:
        st.rerun()
    return True


def _at_work(store: Store, project: Project, task: Task | None) -> None:
    """The label change that was just begun, or one that is still at work."""
    last = next(iter(job_store.recent(store, project.id, 1, "change-labels")), None)
    if last is None or (last.state != "running" and st.session_state.get("task.job") != last.id):
        return
    if task is not None and last.params.get("task") not in (None, "", task.name):
        return  # it is another task's
    state = job_panel(store, last.id, project).state
    if state != "running" and st.session_state.get("task.job_ended") != (last.id, state):
        st.session_state["task.job_ended"] = (last.id, state)
        st.rerun()  # it may have ended after the form was drawn
