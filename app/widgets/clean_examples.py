"""Cards of single records that a cleaning job judged: before and after, and why; and the edits that it may not make."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.widgets.changes import marked, quiet, reason_words
from app.widgets.clean_groups import step_title
from app.widgets.clean_lines import badge, line, phrase
from app.widgets.text import plain
from app.words import t
from pipeline.domain import Job, Project
from pipeline.store import Store, verdicts
from pipeline.store.cleanings import Funnel, Row

CARDS = 6  # examples at a time
REFUSED = "edit refused, a span would change"  # the reason of marks.py
LONGEST = 300  # characters of a text that nothing is marked in


def refused(store: Store, project: Project, job: Job, funnel: Funnel) -> None:
    """The edits that were not made because a marked place in somebody's answer would have changed."""
    rows = [row for row in funnel.rows if row.reason == REFUSED]
    if not rows:
        return
    st.markdown(f"**{t('clean.refused')}**")
    st.caption(t("clean.refused_help"))
    for row in rows:
        line(project, row.kind, plain(step_title(row.step)), row.records, row.where)
        for one in verdicts.examples(store, job.id, step=row.step, kind=row.kind, reason=REFUSED, limit=CARDS):
            label = one["reason"].removeprefix(REFUSED).removeprefix(": ")
            st.caption(f"{plain(one['external_id'], 40)} · **{plain(label, 40)}** · {quiet(one['before'], 90)}")


def examples(store: Store, job: Job, funnel: Funnel) -> None:
    """Cards of what the chosen step said, for one of its reasons if one is chosen, a few at a time."""
    counts: dict[str, int] = {}
    for row in funnel.rows:
        counts[row.step] = counts.get(row.step, 0) + row.records
    chosen = st.pills(
        t("clean.look_at"), list(counts), default=next(iter(counts)), key=f"clean.look.{job.id}", required=True,
        wrap=True, format_func=lambda name: f"{step_title(name)} {counts[name]:,}",
    )  # fmt: skip
    if chosen is None:
        return
    one_of = _reason([row for row in funnel.rows if row.step == chosen], f"clean.reason.{job.id}.{chosen}")
    kind, reason = (one_of.kind, one_of.reason) if one_of else (None, None)
    shown_key = f"clean.shown.{job.id}.{chosen}.{kind}.{reason}"
    limit = st.session_state.get(shown_key, CARDS)
    found = verdicts.examples(store, job.id, step=chosen, kind=kind, reason=reason, limit=limit)
    for one in found:
        _card(one)
    if len(found) == limit and st.button(t("clean.more"), key="clean.more", icon=":material/expand_more:"):
        st.session_state[shown_key] = limit + 2 * CARDS
        st.rerun()


def _reason(rows: list[Row], key: str) -> Row | None:
    """The reason that somebody chose of several; None for all."""
    if len(rows) == 1:
        return rows[0]
    at = st.selectbox(
        t("clean.for_reason"), [-1, *range(len(rows))], key=key,
        format_func=lambda at: t("clean.any_reason") if at < 0 else _words(rows[at]),
    )  # fmt: skip
    return rows[at] if at >= 0 else None


def _words(row: Row) -> str:
    return f"{t(f'clean.kind_{row.kind}')}: {phrase(row).replace(chr(92), '')} ({row.records:,})"


def _card(one: dict[str, Any]) -> None:
    with st.container(border=True):
        words = plain(one["reason"]) if one["kind"] == "derive" else reason_words(one["reason"])
        st.markdown(f"{badge(one['kind'])} {plain(one['external_id'], 40)} · {words}")
        if one["kind"] == "edit":
            before, after = marked(one["before"], one["after"])
            left, right = st.columns(2)
            left.markdown(before)
            right.markdown(after or t("clean.empty_text"))
            return
        st.markdown(quiet(one["before"], LONGEST) or t("clean.empty_text"))
        if one["kind"] == "derive":
            st.caption(quiet(one["after"], LONGEST))
