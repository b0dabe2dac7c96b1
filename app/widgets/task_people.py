"""Who answers which records, how many answers a record gets, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import streamlit as st

from app.widgets.question_knobs import put
from app.widgets.task_draft import Draft, held
from app.widgets.task_problem import nobody
from app.widgets.text import plain
from app.words import said, t
from pipeline.domain import Project, WorkbenchError
from pipeline.plan import ORDERS, OVERLAP_MOST, plan_from
from pipeline.store import Store, records
from pipeline.store import annotations as answer_store
from pipeline.store.records import RecordFilter


def people_form(store: Store, project: Project, draft: Draft) -> None:
    """Draw the plan of the task: overlap and order, limits, groups and assignments."""
    queue = dict(draft.definition.get("queue") or {})
    key = f"task.queue.{draft.number}"
    left, right = st.columns(2, gap="large")
    with left:
        times = int(draft.definition.get("overlap", 1))
        overlap = st.number_input(
            t("task.overlap_people"), 1, OVERLAP_MOST, key=held(f"{key}.overlap", times),
            help=t("task.overlap_people_help"), width=260,
        )  # fmt: skip
        put(draft.definition, "overlap", int(overlap), 1)
        limit = st.number_input(
            t("task.limit_each"), 0, 10_000_000, key=held(f"{key}.limit", int(queue.get("limit_each") or 0)),
            help=t("task.limit_each_help"), width=260,
        )  # fmt: skip
        put(queue, "limit_each", int(limit), 0)
    with right:
        _order(queue, key)
    people = _groups(store, queue, key)
    _assignments(store, project, draft, queue, people)
    if queue or draft.definition.get("queue"):
        draft.definition["queue"] = queue
    if nobody(draft.definition):
        return  # said with the state of the whole task, and plain to see here
    try:
        plan_from(draft.definition)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")


def _order(queue: dict[str, Any], key: str) -> None:
    order = st.selectbox(
        t("task.order"), ORDERS, key=held(f"{key}.order", queue.get("order", "import")), help=t("task.order_help"),
        format_func=lambda word: t(f"task.order_{word}"),
    )  # fmt: skip
    put(queue, "order", order, "import")
    if order == "random":
        seed = st.number_input(
            t("task.seed"), 0, 2**31 - 1, key=held(f"{key}.seed", int(queue.get("seed", 0))), help=t("task.seed_help"),
            width=260,
        )  # fmt: skip
        put(queue, "seed", int(seed), 0)
    first = st.toggle(t("task.relabel_first"), key=held(f"{key}.relabel_first", bool(queue.get("relabel_first", True))))
    put(queue, "relabel_first", first, True)


def _groups(store: Store, queue: dict[str, Any], key: str) -> list[str]:
    """Draw the groups; returns the people that anything here names, known annotators first."""
    old: Mapping[str, Any] = queue.get("groups") or {}
    lines = "\n".join(f"{name}: {', '.join(who)}" for name, who in old.items())
    text = st.text_area(
        t("task.groups"), key=held(f"{key}.groups", lines),
        help=t("task.groups_help"), placeholder=t("task.groups_example"), height=90,
    )  # fmt: skip
    groups = {}
    for line in text.splitlines():
        name, _, members = line.replace("：", ":").partition(":")
        who = [" ".join(one.split()) for one in members.replace("，", ",").split(",") if one.strip()]
        if name.strip():
            groups[name.strip()] = who
    put(queue, "groups", groups, {})
    known = [row["name"] for row in answer_store.annotators(store, "human")]
    return list(dict.fromkeys([*known, *(who for members in groups.values() for who in members)]))


def _assignments(store: Store, project: Project, draft: Draft, queue: dict[str, Any], people: list[str]) -> None:
    st.markdown(f"**{t('task.assignments')}**")
    st.caption(t("task.assignments_help"))
    found = [dict(one) for one in queue.get("assignments") or ()]
    # Numbered by the session, not by place: taking one out must not give its neighbour's widgets to the next.
    numbers = st.session_state.setdefault(f"task.assigned.{draft.number}", list(range(len(found))))
    new, kept = [], []
    for number, one in zip(numbers, found, strict=False):
        with st.container(border=True):
            if _assignment(store, project, f"task.assignment.{draft.number}.{number}", one, queue, people):
                new.append(one)
                kept.append(number)
    if st.button(t("task.assignment_add"), key="task.assignment_add", icon=":material/person_add:"):
        new.append({"people": [], "filter": {}})
        kept.append(max(numbers, default=-1) + 1)
    st.session_state[f"task.assigned.{draft.number}"] = kept
    again = len(new) != len(found)
    if new or queue.get("assignments"):
        queue["assignments"] = new
    if again:
        draft.definition["queue"] = queue
        st.rerun()


def _assignment(
    store: Store, project: Project, key: str, one: dict[str, Any], queue: Mapping[str, Any], people: list[str]
) -> bool:
    """Draw one assignment and change `one`; False once it is taken out."""
    groups = ["", *(queue.get("groups") or {})]
    left, middle, right = st.columns([2, 2, 1])
    known = list(dict.fromkeys([*people, *one.get("people", ())]))
    who = left.multiselect(
        t("task.assignment_people"), known, key=held(f"{key}.people", list(one.get("people", ()))),
        accept_new_options=True, placeholder=t("task.assignment_whom"),
    )  # fmt: skip
    now = one.get("group") if one.get("group") in groups else ""
    group = left.selectbox(
        t("task.assignment_group"), groups, key=held(f"{key}.group.{len(groups)}", now),
        format_func=lambda name: name or t("task.assignment_no_group"),
    )  # fmt: skip
    words = middle.text_input(
        t("task.assignment_filter"), key=held(f"{key}.filter", str(RecordFilter(**(one.get("filter") or {})))),
        help=t("task.assignment_filter_help"),
    )  # fmt: skip
    limit = right.number_input(
        t("task.assignment_limit"), 0, 10_000_000, key=held(f"{key}.limit", int(one.get("limit") or 0))
    )
    try:
        where = RecordFilter.parse(words)
    except WorkbenchError as error:
        middle.error(plain(said(str(error))))
    else:
        chosen = {name: value for name, value in asdict(where).items() if value is not None}
        put(one, "filter", chosen, {})
        middle.caption(t("task.assignment_counts", n=f"{records.count(store, project.id, where):,}"))
    put(one, "people", [" ".join(str(name).split()) for name in who], [])
    if not group:
        one.pop("group", None)
    else:
        one["group"] = group
    put(one, "limit", int(limit), 0)
    alone = left.toggle(
        t("task.assignment_exclusive"), key=held(f"{key}.exclusive", bool(one.get("exclusive", one.get("filter")))),
        help=t("task.assignment_exclusive_help"),
    )  # fmt: skip
    put(one, "exclusive", alone, bool(one.get("filter")))
    return not right.button(
        "", key=f"{key}.remove", icon=":material/delete:", help=t("task.assignment_remove"), type="tertiary"
    )
