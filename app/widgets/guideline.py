"""A task's guideline: written with its look beside it, kept in revisions, and read beside the annotator."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from app.widgets.difference import changed_lines, side_by_side
from app.widgets.task_draft import Draft, held
from app.widgets.text import harmless
from app.words import t
from pipeline import annotate
from pipeline.domain import Task
from pipeline.store import Store, guidelines

# Beside the annotator the guideline scrolls by itself, so that the record stays in sight; below it, on a narrow screen,
# with the page. Its headings are those of a margin, not of a page.
BESIDE = """<style>
.st-key-label-guideline-box h1, .st-key-label-guideline-box h2 { font-size: 1.25rem; padding: 0.5rem 0 0.25rem; }
.st-key-label-guideline-box :is(h3, h4, h5, h6) { font-size: 1.05rem; padding: 0.5rem 0 0.25rem; }
.st-key-label-guideline-box:focus-visible { outline: 2px solid var(--st-primary-color, currentColor); }
@media (min-width: 641px) {
  .st-key-label-guideline-box { max-height: max(20rem, calc(100dvh - 18.5rem)); overflow-y: auto; flex-wrap: nowrap; }
  .st-key-label-guideline-box > * { flex-shrink: 0; }
  [data-testid=stLayoutWrapper]:has(> .st-key-label-guideline-box) { position: sticky; top: 4rem; }
}
</style>"""
_focusable = st.components.v2.component(
    "winnow_guideline_beside", js=(Path(__file__).parent / "annotator" / "beside.js").read_text(encoding="utf-8")
)


def guideline_form(store: Store, draft: Draft, task: Task | None) -> None:
    """Write the guideline; below it, every revision with what was answered under it."""
    left, right = st.columns(2, gap="large")
    with left:
        draft.guideline = st.text_area(
            t("task.guideline"), key=held(f"task.guideline.{draft.number}", draft.guideline), height=420,
            help=t("task.guideline_help"),
        )  # fmt: skip
    with right:
        st.caption(t("task.guideline_preview"))
        with st.container(border=True):
            if draft.guideline.strip():
                st.markdown(harmless(draft.guideline))
            else:
                st.caption(t("task.guideline_empty"))
    st.subheader(t("task.guideline_history"), anchor=False)
    if task is None:
        st.caption(t("task.guideline_no_history"))
    else:
        _history(store, task)


def _history(store: Store, task: Task) -> None:
    revisions = {row["revision"]: row for row in annotate.guidelines(store, task)}
    answers = guidelines.answers_under(store, task.id)
    newest = sorted(revisions, reverse=True)
    frame = pd.DataFrame(
        {
            t("task.guideline_revision"): newest,
            t("task.guideline_at"): [f"{revisions[n]['created_at']:%Y-%m-%d %H:%M}" for n in newest],
            t("task.guideline_answers"): [answers.get(n, 0) for n in newest],
        }
    )
    st.dataframe(frame, hide_index=True, width="content")
    if len(newest) < 2:
        return
    with st.container(horizontal=True):
        old = st.selectbox(t("task.guideline_compare_old"), newest, 1, key=f"task.compare.old.{newest[0]}", width=160)
        new = st.selectbox(t("task.guideline_compare_new"), newest, 0, key=f"task.compare.new.{newest[0]}", width=160)
    if revisions[old]["text"] == revisions[new]["text"]:
        st.caption(t("task.guideline_same"))
    else:
        side_by_side(revisions[old]["text"], revisions[new]["text"])


def guideline_beside(store: Store, task: Task, who: str) -> None:
    """The guideline as the annotator reads it, with what changed since this person last answered."""
    st.html(BESIDE)
    with st.container(key="label.guideline.box"):
        st.caption(t("label.guideline_revision", n=task.guideline_revision))
        last = guidelines.last_under(store, task.id, who)
        if last is not None and last < task.guideline_revision:
            texts = {row["revision"]: row["text"] for row in annotate.guidelines(store, task)}
            with st.expander(t("task.guideline_what_changed", n=last), icon=":material/new_releases:", expanded=True):
                changed_lines(texts.get(last, ""), task.guideline)
        if task.guideline:
            st.markdown(harmless(task.guideline))
        else:
            st.caption(t("label.no_guideline"))
        _focusable(key="label.guideline.focusable", data={"title": t("label.guideline")})
