"""Every record: search, filter, page to the last one, and open one to see all that was ever done to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from app.widgets.attempt import attempt
from app.widgets.bulk import bulk_answer
from app.widgets.changes import step_words
from app.widgets.download import download
from app.widgets.pager import pager
from app.widgets.spoken import Speaker, person, speaker
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline.domain import Project, Verdict, WorkbenchError
from pipeline.store import Store, overview, records, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.derived import joined
from pipeline.store.records import STATES, RecordFilter
from pipeline.verbs.correct import correct

PAGE = 50
MARKED, ANYBODY = "marked", "*"  # the state "flagged by an annotator" is a word of its own in a filter


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
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("records.found", n=f"{total:,}"), width="content")
        pager(at, pages, "records", lambda page: _go(page=str(page)))
    _bulk(store, project, where, total)
    spoken = speaker(store, project)
    chosen = _table(rows, spoken)
    if chosen is not None:
        _record(store, project, chosen, spoken)
    else:
        st.caption(t("records.open_hint"))
    download(store, f"project-{project.id}", project=project.name, where=str(where))


def _filter(store: Store, project: Project) -> RecordFilter | None:
    try:
        where = RecordFilter.parse(st.query_params.get("where", ""))
    except WorkbenchError as error:
        st.error(plain(said(str(error))))
        where = RecordFilter()
    text_box, state_box, label_box, person_box = st.columns([3, 1, 1, 1])
    text = text_box.text_input(
        t("records.search"), where.text or "", key=f"records.text.{where.text}", icon=":material/search:"
    )
    any_word = t("records.any")
    states = ["", *STATES, MARKED]
    now = MARKED if where.flagged_by == ANYBODY and where.state is None else where.state or ""
    state = state_box.selectbox(
        t("records.state"), states, index=states.index(now), key=f"records.state.{now or None}",
        format_func=lambda s: t(f"records.state_{s}") if s else any_word,
    )  # fmt: skip
    known = list(dict.fromkeys(str(row["label"]) for row in overview.labels(store, project.id)))
    choices = ["", *known, *([where.label] if where.label and where.label not in known else [])]
    label = label_box.selectbox(
        t("records.label"), choices, index=choices.index(where.label or ""), key=f"records.label.{where.label}",
        format_func=lambda s: s or any_word,
    )  # fmt: skip
    people = {row["name"]: person(row["name"], simulated=row["kind"] == "simulated")
              for row in answer_store.annotators(store)}  # fmt: skip
    names = ["", *people, *([where.annotator] if where.annotator and where.annotator not in people else [])]
    who = person_box.selectbox(
        t("records.annotator"), names, index=names.index(where.annotator or ""),
        key=f"records.annotator.{where.annotator}", format_func=lambda s: people.get(s, s) or any_word,
    )  # fmt: skip
    new = replace(where, text=text or None, label=label or None, annotator=who or None)
    if state != now:
        marked = {MARKED: ANYBODY}.get(state, where.flagged_by if now != MARKED else None)
        new = replace(new, state=None if state in ("", MARKED) else state, flagged_by=marked)
    plainly = {"text": None, "state": None, "label": None, "annotator": None}
    rest = str(replace(new, **plainly, **({"flagged_by": None} if new.flagged_by == ANYBODY else {})))
    if rest:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t("records.also", words=plain(rest)), icon=":material/filter_alt:")
            if st.button(t("records.clear"), key="records.clear"):
                kept = {name: getattr(new, name) for name in plainly}
                new = RecordFilter(**kept, flagged_by=ANYBODY if new.flagged_by == ANYBODY else None)
    if new != where:
        _go(where=str(new), page="1")
    return new


def _bulk(store: Store, project: Project, where: RecordFilter, total: int) -> None:
    """One answer for everything found; only where something was asked for, so that no click answers a whole project."""
    if where == RecordFilter():
        return
    bulk_answer(store, project, where, "records.bulk", t("bulk.records", n=f"{total:,}"))


def _go(**params: str) -> None:
    for name, value in params.items():
        st.query_params[name] = value
    st.rerun()


def _table(rows: list[dict[str, Any]], spoken: Speaker) -> dict[str, Any] | None:
    names = {c: t(f"records.{c}") for c in ("external_id", "text", "labels", "status", "split")}
    frame = pd.DataFrame(
        {
            names["external_id"]: [row["external_id"] for row in rows],
            names["text"]: [row["text"] for row in rows],
            names["labels"]: [_labels(row, spoken) for row in rows],
            names["status"]: [_status(row) for row in rows],
            names["split"]: [t(f"versions.{row['split']}") if row["split"] else "" for row in rows],
        }
    )
    event = st.dataframe(
        frame, hide_index=True, width="stretch", on_select="rerun", selection_mode="single-row",
        key=f"records.table.{rows[0]['id']}.{len(rows)}",
        column_config={names["text"]: st.column_config.TextColumn(width="large"),
                       names["labels"]: st.column_config.TextColumn(width="medium"),
                       names["external_id"]: st.column_config.TextColumn(width=_id_width(rows))},
    )  # fmt: skip
    picked = event.selection.rows  # type: ignore[union-attr]  # on_select="rerun" always gives a state
    if picked:
        return rows[picked[0]]
    return rows[0] if len(rows) == 1 else None


def _id_width(rows: list[dict[str, Any]]) -> int:
    """Pixels in which the ids of a page can be told apart, within bounds: the ends of long ones are what differs."""
    return min(max(75, 8 * max(len(str(row["external_id"])) for row in rows) + 18), 160)


def _labels(row: dict[str, Any], spoken: Speaker) -> str:
    words = []
    for answer in row["labels"]:
        value = spoken(answer["value"]) if answer["state"] == "submitted" else t("records.state_skipped")
        who = person(answer["annotator"], simulated=answer["simulated"])
        words.append(f"{value} ({who})")
    return "; ".join(words)


def _status(row: dict[str, Any]) -> str:
    if row["dropped"]:
        return t("records.dropped_by", step=step_words(row["dropped_by"]), why=said(row["dropped_why"]))
    words = [t("records.state_edited")] if row["edited"] else []
    words += [t("records.state_augmented")] if row["parent_id"] is not None else []
    return ", ".join([*words, *map(step_words, sorted(row["flags"] or []))]) or t("records.state_active")


def _record(store: Store, project: Project, row: dict[str, Any], spoken: Speaker) -> None:
    with st.container(border=True):
        st.subheader(plain(row["external_id"]), anchor=False)
        _text(row["text"])
        if row["edited"]:
            st.caption(t("records.original"))
            _text(row["original_text"])
        if row["fields"]:
            st.caption(t("records.fields"))
            st.json(row["fields"], expanded=1)
        if row["meta"] or row["derived"] or row["operation"]:
            st.caption(t("records.meta"))
            meta = joined(row["meta"], row["derived"])
            st.json({**meta, **({"operation": row["operation"]} if row["operation"] else {})}, expanded=False)
        _related(project, row)
        _history(store, row, spoken)
        _by_hand(store, project, row)


def _text(text: str) -> None:
    """A record's text; where there is nothing to see, words that say so."""
    if text.strip():
        st.text(text)
    else:
        st.markdown(f"*{t('records.no_text')}*")


def _related(project: Project, row: dict[str, Any]) -> None:
    links = (
        {"parent": f"id={row['parent_id']}"} if row["parent_id"] is not None else {"children": f"parent={row['id']}"}
    )
    for word, where in links.items():
        st.page_link(
            st.session_state["pages"]["records"], label=t(f"records.{word}"), icon=":material/account_tree:",
            query_params={"project": project.name, "where": where},
        )  # fmt: skip


def _history(store: Store, row: dict[str, Any], spoken: Speaker) -> None:
    simulated = {one["name"] for one in answer_store.annotators(store, "simulated")}
    lines = [
        (v["created_at"], " · ".join(filter(None, [v["author"], step_words(v["step"])]))
         + f" (#{v['job_id']}, {t('records.job_' + v['job_state'])})",
         t("overview.verdict_" + v["kind"]), said(v["reason"]))
        for v in verdicts.history(store, row["id"])
    ] + [
        (a["created_at"], person(a["annotator"], simulated=a["annotator"] in simulated),
         t("records.answer_" + a["state"]),
         " · ".join(filter(None, [spoken(a["value"]), *_remarks(a)])))
        for a in answer_store.history(store, row["id"])
    ]  # fmt: skip
    st.caption(t("records.history"))
    if not lines:
        st.text(t("records.no_history"))
        return
    names = [t(f"records.history_{column}") for column in ("at", "who", "what", "detail")]
    frame = pd.DataFrame(sorted(lines), columns=names)
    st.dataframe(frame, hide_index=True, width="stretch")


def _remarks(answer: dict[str, Any]) -> list[str]:
    """What is known of an answer beside its value: its comment, a skip's reason, a flag, bulk, the guideline."""
    words = [answer["comment"], answer.get("reason") or ""]
    words += [t("records.marked")] if answer.get("flagged") else []
    words += [_by_job(answer)] if answer["job_id"] is not None else []
    revision = answer.get("guideline_revision")
    return [*words, *([t("records.under", n=revision)] if revision and answer["state"] == "submitted" else [])]


def _by_job(answer: dict[str, Any]) -> str:
    """The job that gave or rewrote an answer, and what became of the job if it does not count."""
    bulk = answer["job_kind"] == "bulk"
    verb = t_or(f"common.verb_{answer['job_kind']}", answer["job_kind"])
    words = t("records.in_bulk", job=answer["job_id"]) if bulk else f"{verb} #{answer['job_id']}"
    state = answer["job_state"]
    return words if state == "done" else f"{words} ({t_or(f'records.job_{state}', state)})"


def _by_hand(store: Store, project: Project, row: dict[str, Any]) -> None:
    with st.expander(t("records.by_hand")):
        last = _correction(store, row["id"])  # part of the key: after a save or an undo the box holds the text as it is
        text = st.text_area(t("records.text"), row["text"], key=f"records.edit.{row['id']}.{last}")
        why = st.text_input(t("records.why"), key=f"records.why.{row['id']}")
        word = "keep" if row["dropped"] else "drop"
        with st.container(horizontal=True):
            save = st.button(t("records.save"), disabled=text == row["text"], key=f"records.save.{row['id']}")
            turn = st.button(t(f"records.{word}"), key=f"records.{word}.{row['id']}")
            back = last and st.button(t("records.undo_text", job=last), key=f"records.undo_text.{row['id']}")
        if save:
            author = str(st.session_state.get("label.annotator") or "")
            attempt(lambda: correct(store, project.id, row["id"], text, author, why))
        if back:
            attempt(lambda: job_store.undo(store, last))
        if turn:
            verdicts.decide(store, project.id, "keep", [Verdict(row["id"], "by hand", word, why)])
            st.rerun()


def _correction(store: Store, record_id: int) -> int:
    """The job by which somebody last changed the text by hand, if that still counts; else 0."""
    mine = [v for v in verdicts.history(store, record_id) if v["job"] == "edit" and v["job_state"] == "done"]
    return mine[-1]["job_id"] if mine else 0
