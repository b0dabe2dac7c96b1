"""The annotator itself beside the form, on a record of the project, as the task would ask it now."""

from __future__ import annotations

import copy
import random
from typing import Any

import streamlit as st

from app.widgets import annotator
from app.widgets.task_draft import Draft
from app.words import t
from pipeline.domain import Project, Task
from pipeline.questions import fields_of, in_full
from pipeline.store import Store, records
from pipeline.store.records import RecordFilter
from pipeline.tasks import kind_of, questions_of
from pipeline.tasks.base import fields_wanted, shown_fields

LIVE = RecordFilter(state="active")
LOOKED_AT = 60  # records that are read to learn what fields the project's records have


def columns_of(store: Store, project: Project) -> dict[str, Any]:
    """{name: an example of its value} of what the first records hold: text, fields, what else the file said."""
    found: dict[str, Any] = {"text": ""}
    for row in records.page(store, project.id, LIVE, limit=LOOKED_AT):
        for name, value in {**row["fields"], **row["meta"]}.items():
            if found.get(name) in (None, "", []):
                found[name] = value
    return found


def preview(store: Store, project: Project, draft: Draft, faultless: bool) -> None:
    """Draw the annotator for the draft; while something is wrong with it, for the last state that was right."""
    st.subheader(t("task.preview"), anchor=False)
    st.caption(t("task.preview_why"))
    total = records.count(store, project.id, LIVE)
    if not total:
        st.info(t("task.no_records"), icon=":material/upload_file:")
        return
    if faultless:
        draft.shown = copy.deepcopy(draft.definition)
    if not draft.shown:
        st.info(t("task.preview_none"), icon=":material/visibility_off:")
        return
    if not faultless:
        st.caption(t("task.preview_waits"))
    at = _chosen(total)
    row = records.page(store, project.id, LIVE, limit=1, offset=at)[0]
    task = Task(0, project.id, draft.name, kind_of(draft.shown, draft.kind), draft.shown, draft.guideline, 1)
    annotator.preview(_plain(task), _item(row, task))


def _chosen(total: int) -> int:
    at = min(int(st.session_state.get("task.preview.at", 0)), total - 1)

    def go(to: int) -> None:
        st.session_state["task.preview.at"] = to % total

    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("task.preview_at", at=f"{at + 1:,}", n=f"{total:,}"), width="stretch")
        moves = (
            ("previous", "chevron_left", at - 1), ("next", "chevron_right", at + 1),
            ("random", "shuffle", random.randrange(total)),  # noqa: S311 - any record will do
        )  # fmt: skip
        for word, icon, to in moves:
            st.button(
                "", icon=f":material/{icon}:", key=f"task.preview.{word}", help=t(f"task.preview_{word}"),
                on_click=go, args=(to,),
            )  # fmt: skip
    return at


def _plain(task: Task) -> dict[str, Any]:
    return {
        "revision": 0, "guideline_revision": 1, "fields": shown_fields(task.definition),
        "questions": [in_full(question) for question in questions_of(task)],
        "skip_reasons": list(task.definition.get("skip_reasons", ())),
    }  # fmt: skip


def _item(row: dict[str, Any], task: Task) -> dict[str, Any]:
    wanted = fields_wanted(task.definition)
    return {
        "key": f"{row['id']}", "id": row["id"], "external": row["external_id"], "meta": row["meta"], "relabel": None,
        "fields": fields_of(row["text"], row["fields"], row["meta"], wanted), "suggestions": {}, "draft": None,
    }  # fmt: skip
