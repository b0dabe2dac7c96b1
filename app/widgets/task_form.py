"""The form of a task's questions: each has a form of its own fields; what is wrong is said where it is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from app.widgets import question_knobs as knobs
from app.widgets.task_draft import Draft, held
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline.domain import WorkbenchError
from pipeline.questions import KINDS, question_from
from pipeline.tasks.base import SHOWS, shown_fields

ICONS = {
    "choice": "radio_button_checked", "choices": "check_box", "spans": "ink_highlighter",
    "relations": "conversion_path",
    "answer": "quick_reference_all", "text": "edit_note", "chat": "forum", "ranking": "swap_vert", "rating": "star",
}  # fmt: skip
COMMON = {"name", "title", "help", "required", "when", "parents"}  # drawn for every kind, or with the labels


def questions_form(draft: Draft, columns: Mapping[str, Any], answered: Mapping[str, int]) -> None:
    """Draw the list of questions. `columns` {name: an example of its value} is what the records hold; `answered`
    {question: answers} are those that have answers: their names stay."""
    for at in range(len(draft.questions)):
        _question(draft, at, columns, answered)
    if not draft.questions:
        st.info(t("task.no_questions"), icon=":material/playlist_add:")
    kinds = [*(kind for kind in ICONS if kind in KINDS), *(kind for kind in KINDS if kind not in ICONS)]
    picked = st.pills(
        t("task.add_question"), kinds, key=f"task.add.{draft.number}.{sum(draft.ids)}", format_func=kind_title,
        wrap=True,
    )  # fmt: skip
    if picked:
        draft.add(blank(picked, draft, columns))
        st.rerun()


def kind_title(kind: str) -> str:
    """A kind of question in the reader's words, with its sign."""
    return f":material/{ICONS.get(kind, 'help')}: {t_or(f'question.{kind}', kind.capitalize())}"


def blank(kind: str, draft: Draft, columns: Mapping[str, Any]) -> dict[str, Any]:
    """A new question of this kind, with a name of its own."""
    found: dict[str, Any] = {"kind": kind, "name": draft.fresh_name(kind)}
    names = {f.name for f in dataclasses.fields(KINDS[kind])}  # type: ignore[arg-type]  # every kind is a dataclass
    if "labels" in names:
        found["labels"] = []
    if "spans" in names:
        found["spans"] = next((q["name"] for q in reversed(draft.questions) if q.get("kind") == "spans"), "")
    if "candidates" in names:
        found["candidates"] = list(columns)[:2]
    if "field" in names and kind not in ("ranking", "text"):
        found["field"] = next((f["name"] for f in shown_fields(draft.definition)), "text")
    return found


def fault(question: Mapping[str, Any]) -> str:
    """What is wrong with a question by itself, as a sentence; empty if nothing is."""
    try:
        question_from(question)
    except WorkbenchError as error:
        return said(str(error))
    return ""


def _question(draft: Draft, at: int, columns: Mapping[str, Any], answered: Mapping[str, int]) -> None:
    number, question = draft.ids[at], draft.questions[at]
    opened = draft.open == number
    with st.container(border=True, gap="small"):
        _heading(draft, at, opened, answered.get(draft.was.get(number, ""), 0))
        if opened:
            _body(draft, at, columns, answered.get(draft.was.get(number, ""), 0))
        said = fault(question)
        if said:
            st.error(plain(said), icon=":material/error:")


def _heading(draft: Draft, at: int, opened: bool, answers: int) -> None:
    number, question = draft.ids[at], draft.questions[at]
    words = plain(str(question.get("title") or question.get("name") or ""), 60)

    def turn() -> None:
        draft.open = 0 if opened else number

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            f"**{at + 1}. {words}**", key=f"task.{number}.open", type="tertiary", on_click=turn,
            icon=":material/expand_less:" if opened else ":material/expand_more:",
        )  # fmt: skip
        st.badge(kind_title(str(question.get("kind"))), color="gray")
        st.space("stretch")
        with st.container(horizontal=True, width="content", gap="small"):  # a narrow page does not part them
            last = len(draft.questions) - 1
            _tool(number, "up", "arrow_upward", lambda: draft.move(at, at - 1), at == 0)
            _tool(number, "down", "arrow_downward", lambda: draft.move(at, at + 1), at == last)
            copied = {**question, "name": draft.fresh_name(str(question.get("name")))}
            _tool(number, "duplicate", "content_copy", lambda: draft.add(copied, at + 1))
            hint = t("task.remove_answered", n=f"{answers:,}") if answers else t("task.remove")
            _tool(number, "remove", "delete", lambda: draft.remove(at), answers > 0, hint)


def _tool(number: int, word: str, icon: str, act: Callable[[], None], off: bool = False, hint: str = "") -> None:
    st.button(
        "", key=f"task.{number}.{word}", icon=f":material/{icon}:", help=hint or t(f"task.{word}"), on_click=act,
        disabled=off, type="tertiary",
    )  # fmt: skip


def _body(draft: Draft, at: int, columns: Mapping[str, Any], answers: int) -> None:
    number, question = draft.ids[at], draft.questions[at]
    key = f"task.{number}"
    st.caption(t_or(f"question.{question['kind']}_help", ""))
    asked, name = st.columns([2, 1])
    title = asked.text_input(
        t("task.question_title"), key=held(f"{key}.title", question.get("title", "")),
        help=t("task.question_title_help"), placeholder=t("task.question_title_example"),
    )  # fmt: skip
    knobs.put(question, "title", title.strip(), "")
    called = name.text_input(
        t("task.question_name"), key=held(f"{key}.name", question.get("name", "")), disabled=answers > 0,
        help=t("task.question_name_fixed", n=f"{answers:,}") if answers else t("task.question_name_help"),
    )  # fmt: skip
    _rename(draft, at, called.strip())
    kind = KINDS.get(str(question["kind"]))
    for field in dataclasses.fields(kind) if kind is not None else ():  # type: ignore[arg-type]  # as above
        if field.name not in COMMON and field.init:
            knobs.draw(field, question, key, columns, draft)
    hint = st.text_input(
        t("task.question_help"), key=held(f"{key}.help", question.get("help", "")), help=t("task.question_help_help")
    )
    knobs.put(question, "help", hint.strip(), "")
    _condition(draft, at, key)


def _rename(draft: Draft, at: int, name: str) -> None:
    """A question's new name goes with it wherever other questions speak of it."""
    question = draft.questions[at]
    old = question.get("name")
    if name == old:
        return
    question["name"] = name
    for other in draft.questions:
        when = other.get("when")
        if when and when.get("question") == old:
            other["when"] = {**when, "question": name}
        if other.get("spans") == old:
            other["spans"] = name


def _condition(draft: Draft, at: int, key: str) -> None:
    question = draft.questions[at]
    earlier = {q["name"]: values for q in draft.questions[:at] if (values := _values(q)) and q.get("name")}
    required = st.toggle(
        t("task.required"), key=held(f"{key}.required", bool(question.get("required", True))),
        help=t("task.required_help"),
    )  # fmt: skip
    knobs.put(question, "required", required, True)
    when = question.get("when") or {}
    of = when.get("question")
    if not earlier and not of:
        return
    names = ["", *earlier, *([of] if of and of not in earlier else [])]
    asked = st.selectbox(
        t("task.when"), names, key=held(f"{key}.when.{','.join(names)}", of or ""), help=t("task.when_help"),
        format_func=lambda name: t("task.when_always") if not name else t("task.when_of", name=_called(draft, name)),
    )  # fmt: skip
    if not asked:
        question.pop("when", None)
        return
    known = earlier.get(asked, [])
    mine = [value for value in when.get("is", ()) if value in known] if asked == of else []
    picked = st.multiselect(
        t("task.when_is"), known, key=held(f"{key}.when.{asked}.{','.join(map(str, known))}", mine), format_func=str,
        placeholder=t("task.choose"),
    )  # fmt: skip
    question["when"] = {"question": asked, "is": picked}


def _values(question: Mapping[str, Any]) -> Sequence[Any]:
    """What can be asked for in a condition: the labels of a question, or the marks of a rating."""
    if question.get("kind") == "rating":
        low, high = int(question.get("low", 1)), int(question.get("high", 5))
        return list(range(low, min(high, low + 100) + 1))
    return list(question.get("labels", ())) if question.get("kind") in ("choice", "choices") else []


def _called(draft: Draft, name: str) -> str:
    return next((str(q.get("title") or name) for q in draft.questions if q.get("name") == name), name)


def fields_form(draft: Draft, columns: Mapping[str, Any]) -> None:
    """Which parts of a record are shown, in which order and where."""
    found = shown_fields(draft.definition)
    names = [*columns, *(f["name"] for f in found if f["name"] not in columns)]
    st.caption(t("task.fields_help"))
    chosen = st.multiselect(
        t("task.fields"), names, key=held(f"task.fields.{draft.number}", [f["name"] for f in found]),
        format_func=lambda name: t("task.field_text") if name == "text" else name, placeholder=t("task.choose"),
    )  # fmt: skip
    by_name = {f["name"]: f for f in found}
    new = [by_name.get(name, {"name": name, "title": "", "show": "main" if name == "text" else "context"})
           for name in chosen]  # fmt: skip
    for field in new:
        name = t("task.field_text") if field["name"] == "text" else plain(field["name"])
        left, right = st.columns([3, 4])
        key = f"task.field.{draft.number}.{field['name']}"
        heading = left.text_input(
            t("task.field_title", name=name), key=held(f"{key}.title", field.get("title", "")),
            placeholder=t("task.field_title_example"),
        )  # fmt: skip
        knobs.put(field, "title", heading.strip(), "")
        place = right.segmented_control(
            t("task.field_show"), SHOWS, key=held(f"{key}.show", field.get("show", "main")), required=True,
            format_func=lambda show: t(f"task.show_{show}"), help=t("task.field_show_help"), wrap=True,
        )  # fmt: skip
        knobs.put(field, "show", place, "main")
    if new != found:
        draft.definition["fields"] = new
    if not chosen:
        st.caption(t("task.no_fields"))
