"""Every record: search, filter, page to the last one, and open one to see all that was ever done to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.download import download
from app.widgets.text import plain
from app.words import t
from pipeline.domain import Project, Verdict, WorkbenchError
from pipeline.store import Store, overview, records, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store.records import STATES, RecordFilter

PAGE = 50


def render(store: Store, project: Project) -> None:
    """Draw the filter, one page of records, and the record that is open."""
    where = _filter(store, project)
    if where is None:
        return
    total = records.count(store, project.id, where)
    if not total:
        st.info(t("records.none"), icon=":material/search_off:")
        return
    pages = (total - 1) // PAGE + 1
    at = min(
        max(1, int(st.query_params.get("page", "1")) if st.query_params.get("page", "1").isdecimal() else 1), pages
    )
    rows = records.page(store, project.id, where, limit=PAGE, offset=(at - 1) * PAGE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown(t("records.found", n=f"{total:,}"), width="stretch")
        _pager(at, pages)
    chosen = _table(rows)
    if chosen is not None:
        _record(store, project, chosen)
    else:
        st.caption(t("records.open_hint"))
    download(store, f"project-{project.id}", project=project.name)


def _filter(store: Store, project: Project) -> RecordFilter | None:
    try:
        where = RecordFilter.parse(st.query_params.get("where", ""))
    except WorkbenchError as error:
        st.error(plain(str(error)))
        where = RecordFilter()
    text_box, state_box, label_box = st.columns([3, 1, 1])
    text = text_box.text_input(
        t("records.search"), where.text or "", key=f"records.text.{where.text}", icon=":material/search:"
    )
    any_word = t("records.any")
    state = state_box.selectbox(
        t("records.state"), [None, *STATES], index=[None, *STATES].index(where.state),
        key=f"records.state.{where.state}",
        format_func=lambda s: t(f"records.state_{s}") if s else any_word,
    )  # fmt: skip
    known = list(dict.fromkeys(str(row["label"]) for row in overview.labels(store, project.id)))
    choices = [None, *known, *([where.label] if where.label and where.label not in known else [])]
    label = label_box.selectbox(
        t("records.label"), choices, index=choices.index(where.label), key=f"records.label.{where.label}",
        format_func=lambda s: s or any_word,
    )  # fmt: skip
    new = replace(where, text=text or None, state=state, label=label)
    rest = str(replace(new, text=None, state=None, label=None))
    if rest:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t("records.also", words=plain(rest)), icon=":material/filter_alt:")
            if st.button(t("records.clear"), key="records.clear"):
                new = RecordFilter(text=new.text, state=new.state, label=new.label)
    if new != where:
        _go(where=str(new), page="1")
    return new


def _pager(at: int, pages: int) -> None:
    for word, target, off in (("first", 1, at == 1), ("previous", at - 1, at == 1)):
        if st.button(t(f"records.{word}"), key=f"records.{word}", disabled=off):
            _go(page=str(target))
    asked = st.number_input(t("records.page_of", n=f"{pages:,}"), 1, pages, at, key=f"records.page.{at}", width=140)
    if asked != at:
        _go(page=str(asked))
    for word, target, off in (("next", at + 1, at == pages), ("last", pages, at == pages)):
        if st.button(t(f"records.{word}"), key=f"records.{word}", disabled=off):
            _go(page=str(target))


def _go(**params: str) -> None:
    for name, value in params.items():
        st.query_params[name] = value
    st.rerun()


def _table(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    names = {c: t(f"records.{c}") for c in ("external_id", "text", "labels", "status", "split")}
    frame = pd.DataFrame(
        {
            names["external_id"]: [row["external_id"] for row in rows],
            names["text"]: [row["text"] for row in rows],
            names["labels"]: [_labels(row) for row in rows],
            names["status"]: [_status(row) for row in rows],
            names["split"]: [row["split"] or "" for row in rows],
        }
    )
    event = st.dataframe(
        frame, hide_index=True, width="stretch", on_select="rerun", selection_mode="single-row",
        key=f"records.table.{rows[0]['id']}.{len(rows)}",
        column_config={names["text"]: st.column_config.TextColumn(width="large"),
                       names["external_id"]: st.column_config.TextColumn(width="small")},
    )  # fmt: skip
    picked = event.selection.rows  # type: ignore[union-attr]  # on_select="rerun" always gives a state
    if picked:
        return rows[picked[0]]
    return rows[0] if len(rows) == 1 else None


def _labels(row: dict[str, Any]) -> str:
    words = []
    for answer in row["labels"]:
        value = (
            ", ".join(map(str, answer["value"].values()))
            if answer["state"] == "submitted"
            else t("records.state_skipped")
        )
        who = t("overview.simulated", name=answer["annotator"]) if answer["simulated"] else answer["annotator"]
        words.append(f"{value} ({who})")
    return "; ".join(words)


def _status(row: dict[str, Any]) -> str:
    if row["dropped"]:
        return t("records.dropped_by", step=row["dropped_by"], why=row["dropped_why"])
    words = [t("records.state_edited")] if row["edited"] else []
    words += [t("records.state_augmented")] if row["parent_id"] is not None else []
    return ", ".join(words + list(row["flags"] or [])) or t("records.state_active")


def _record(store: Store, project: Project, row: dict[str, Any]) -> None:
    with st.container(border=True):
        st.subheader(plain(row["external_id"]), anchor=False)
        st.text(row["text"])
        if row["edited"]:
            st.caption(t("records.original"))
            st.text(row["original_text"])
        if row["meta"] or row["operation"]:
            st.json({**row["meta"], **({"operation": row["operation"]} if row["operation"] else {})}, expanded=False)
        _related(project, row)
        _history(store, row)
        _by_hand(store, project, row)


def _related(project: Project, row: dict[str, Any]) -> None:
    links = (
        {"parent": f"id={row['parent_id']}"} if row["parent_id"] is not None else {"children": f"parent={row['id']}"}
    )
    for word, where in links.items():
        st.page_link(
            st.session_state["pages"]["records"], label=t(f"records.{word}"), icon=":material/account_tree:",
            query_params={"project": project.name, "where": where},
        )  # fmt: skip


def _history(store: Store, row: dict[str, Any]) -> None:
    said = [
        (v["created_at"], f"{v['step']} (#{v['job_id']}, {t('records.job_' + v['job_state'])})",
         t("overview.verdict_" + v["kind"]), v["reason"])
        for v in verdicts.history(store, row["id"])
    ] + [
        (a["created_at"], a["annotator"], t("records.answer_" + a["state"]),
         " · ".join(filter(None, [", ".join(map(str, a["value"].values())), a["comment"]])))
        for a in answer_store.history(store, row["id"])
    ]  # fmt: skip
    st.caption(t("records.history"))
    if not said:
        st.text(t("records.no_history"))
        return
    names = [t(f"records.history_{column}") for column in ("at", "who", "what", "detail")]
    frame = pd.DataFrame(sorted(said), columns=names)
    st.dataframe(frame, hide_index=True, width="stretch")


def _by_hand(store: Store, project: Project, row: dict[str, Any]) -> None:
    with st.expander(t("records.by_hand")):
        text = st.text_area(t("records.text"), row["text"], key=f"records.edit.{row['id']}")
        why = st.text_input(t("records.why"), key=f"records.why.{row['id']}")
        word = "keep" if row["dropped"] else "drop"
        with st.container(horizontal=True):
            save = st.button(t("records.save"), disabled=text == row["text"], key=f"records.save.{row['id']}")
            turn = st.button(t(f"records.{word}"), key=f"records.{word}.{row['id']}")
        if save:
            verdicts.decide(store, project.id, "edit", [Verdict(row["id"], "by hand", "edit", why, text)])
            st.rerun()
        if turn:
            verdicts.decide(store, project.id, "keep", [Verdict(row["id"], "by hand", word, why)])
            st.rerun()
