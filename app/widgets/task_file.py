"""A task as a YAML file: download it, or bring one and see what it would change before it is taken."""

from __future__ import annotations

import difflib

import streamlit as st

from app.widgets.task_draft import Draft
from app.widgets.text import plain
from app.words import said, t
from pipeline import task_file
from pipeline.domain import Task, WorkbenchError

LARGEST = 4  # megabytes of a file that are taken


def file_form(draft: Draft) -> bool:
    """Draw both ways; True once a file was taken into the draft (which saves nothing)."""
    st.caption(t("task.file_why"))
    now = written(draft) if draft.questions else ""
    if now:
        st.download_button(
            t("task.file_download"), now.encode("utf-8"), f"task-{draft.name}.yaml", "application/yaml",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    text = _given(draft)
    if not text.strip():
        return False
    try:
        definition, guideline, _, kind = task_file.load(text)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return False
    other = Draft(draft.name, kind or draft.kind, dict(definition), guideline)
    new = written(other)
    if new == now:
        st.info(t("task.file_same"), icon=":material/check_circle:")
        return False
    if now:
        st.markdown(f"**{t('task.file_difference')}**")
        lines = difflib.unified_diff(now.splitlines(), new.splitlines(), lineterm="", n=2)
        st.code("\n".join(list(lines)[2:]), language="diff", wrap_lines=True)
    else:
        st.code(new, language="yaml", wrap_lines=True)
    if not st.button(t("task.file_take"), type="primary", key="task.file_take", help=t("task.file_take_help")):
        return False
    draft.kind = other.kind
    draft.replace(definition, guideline)
    if draft.start:
        st.rerun()
    return True


def written(draft: Draft) -> str:
    """The draft as a task's YAML file."""
    return task_file.dump(Task(0, 0, draft.name, draft.kind, draft.definition, draft.guideline, 1))


def _given(draft: Draft) -> str:
    upload = st.file_uploader(
        t("task.file_upload"), type=["yaml", "yml"], key=f"task.file.{draft.number}", max_upload_size=LARGEST
    )
    if upload is not None:
        try:
            return upload.getvalue().decode("utf-8-sig")
        except UnicodeDecodeError:
            st.error(t("task.file_not_text"))
            return ""
    return st.text_area(t("task.file_paste"), key=f"task.paste.{draft.number}", height=160)
