"""One widget for each thing that a kind of question lets one set, by its name; an unknown one is drawn by its type."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from app.widgets.label_text import from_text, to_text
from app.widgets.task_draft import Draft, held
from app.words import t, t_or
from pipeline.tasks.base import shown_fields

UNITS = ("auto", "word", "character")
TREES = ("choice", "choices")  # the kinds whose labels can stand under each other
MARKING = ("spans", "answer")
READS = {"spans": "text", "answer": "text", "chat": "messages"}  # the field of a question that names none
TITLED = 11  # marks of a rating that get an input each for their meaning; of longer scales only the ends do


def put(question: dict[str, Any], name: str, value: Any, default: Any) -> None:
    """Set what was changed; what says the same as before stays as it was written."""
    if question.get(name, default) != value:
        question[name] = value


def draw(
    field: dataclasses.Field[Any], question: dict[str, Any], key: str, columns: Mapping[str, Any], draft: Draft
) -> None:
    """Draw one field of a question and put what is chosen into the question."""
    drawer = DRAWERS.get(field.name)
    if drawer is not None:
        drawer(question, f"{key}.{field.name}", columns, draft)
    else:
        _by_type(field, question, f"{key}.{field.name}")


def _labels(question: dict[str, Any], key: str, _columns: Mapping[str, Any], draft: Draft) -> None:
    before = to_text(question.get("labels", ()), question.get("parents") or {})
    text = st.text_area(
        t("task.labels"), key=held(key, before), height=min(420, 110 + 24 * before.count("\n")),
        help=t("task.labels_help" if question.get("kind") in TREES else "task.labels_flat_help"),
        placeholder=t("task.labels_example"),
    )  # fmt: skip
    labels, parents = from_text(text)
    if (labels, parents) != from_text(before):
        _follow(draft, str(question.get("name")), list(question.get("labels", ())), labels)
        question["labels"] = labels
        if question.get("kind") in TREES and (parents or question.get("parents")):
            question["parents"] = parents


def _follow(draft: Draft, name: str, old: list[str], new: list[str]) -> None:
    """A label that was written anew in its place goes by its new name in the conditions of other questions too."""
    if len(old) != len(new):
        return
    renamed = {a: b for a, b in zip(old, new, strict=True) if a not in new and b not in old}
    for other in draft.questions:
        when = other.get("when")
        if renamed and when and when.get("question") == name:
            other["when"] = {**when, "is": [renamed.get(value, value) for value in when.get("is", ())]}


def _field(question: dict[str, Any], key: str, columns: Mapping[str, Any], draft: Draft) -> None:
    kind = question.get("kind")
    now = question.get("field", READS.get(str(kind), "")) or ""
    if kind == "ranking" and not now:
        return  # its candidates are fields; `_candidates` offers the other way
    names = ["", *columns] if kind == "text" else list(columns)
    names += [now] if now not in names else []
    picked = st.selectbox(
        t(f"task.field_of_{kind}" if kind in ("text", "chat", "ranking") else "task.field_of"), names,
        key=held(key, now if now in names else names[0]), format_func=_field_name,
    )  # fmt: skip
    put(question, "field", picked, READS.get(str(kind), ""))
    if kind in MARKING:
        _show(draft, picked)


def _show(draft: Draft, name: str) -> None:
    """A field in which places are marked must be shown: one that is not yet is added."""
    shown = shown_fields(draft.definition)
    if name not in [one["name"] for one in shown]:
        draft.definition["fields"] = [*shown, {"name": name, "title": "", "show": "main"}]


def _candidates(question: dict[str, Any], key: str, columns: Mapping[str, Any], _draft: Draft) -> None:
    lists = [name for name, value in columns.items() if isinstance(value, list)]
    ways = ["fields", "list"]
    way = st.segmented_control(
        t("task.candidates_from"), ways, key=held(f"{key}.way", "list" if question.get("field") else "fields"),
        format_func=lambda word: t(f"task.candidates_{word}"), required=True,
    )  # fmt: skip
    if way == "list":
        question.pop("candidates", None)
        if not question.get("field"):
            question["field"] = (lists or list(columns) or ["text"])[0]
        return
    question.pop("field", None)
    now = list(question.get("candidates") or ())
    names = [*columns, *(name for name in now if name not in columns)]
    picked = st.multiselect(
        t("task.candidates"), names, key=held(key, now), format_func=_field_name, help=t("task.candidates_help"),
        placeholder=t("task.choose"),
    )  # fmt: skip
    put(question, "candidates", picked, [])


def _spans(question: dict[str, Any], key: str, _columns: Mapping[str, Any], draft: Draft) -> None:
    names = [str(q.get("name")) for q in draft.questions if q.get("kind") == "spans"]
    if not names:
        st.warning(t("task.spans_needed"), icon=":material/ink_highlighter:")
        return
    now = question.get("spans")
    start = now if now in names else names[0]
    picked = st.selectbox(t("task.spans"), names, key=held(f"{key}.{','.join(names)}", start))
    put(question, "spans", picked, "")


def _unit(question: dict[str, Any], key: str, _columns: Mapping[str, Any], _draft: Draft) -> None:
    picked = st.segmented_control(
        t("task.unit"), UNITS, key=held(key, question.get("unit", "auto")), required=True, wrap=True,
        format_func=lambda unit: t(f"task.unit_{unit}"), help=t("task.unit_help"),
    )  # fmt: skip
    put(question, "unit", picked, "auto")


def _number(name: str, default: int, low: int, high: int) -> Callable[..., None]:
    def drawn(question: dict[str, Any], key: str, _columns: Mapping[str, Any], _draft: Draft) -> None:
        kind = question.get("kind")
        start = max(low, min(high, int(question.get(name, default))))
        value = st.number_input(
            t_or(f"task.{kind}_{name}", t(f"task.{name}")), low, high, key=held(key, start), width=260,
            help=t_or(f"task.{kind}_{name}_help", "") or t_or(f"task.{name}_help", "") or None,
        )  # fmt: skip
        put(question, name, int(value), default)

    return drawn


def _switch(name: str, default: bool) -> Callable[..., None]:
    def drawn(question: dict[str, Any], key: str, _columns: Mapping[str, Any], _draft: Draft) -> None:
        kind = question.get("kind")
        on = st.toggle(
            t_or(f"task.{kind}_{name}", t(f"task.{name}")), key=held(key, bool(question.get(name, default))),
            help=t_or(f"task.{kind}_{name}_help", "") or t_or(f"task.{name}_help", "") or None,
        )  # fmt: skip
        put(question, name, on, default)

    return drawn


def _words(name: str) -> Callable[..., None]:
    def drawn(question: dict[str, Any], key: str, _columns: Mapping[str, Any], _draft: Draft) -> None:
        text = st.text_input(
            t(f"task.{name}"), key=held(key, str(question.get(name) or "")), help=t(f"task.{name}_help"), width=320
        )
        put(question, name, text.strip(), "")

    return drawn


def _titles(question: dict[str, Any], key: str, _columns: Mapping[str, Any], _draft: Draft) -> None:
    low, high = int(question.get("low", 1)), int(question.get("high", 5))
    marks = list(range(low, high + 1)) if high - low < TITLED else [low, high]
    old = question.get("titles") or {}
    st.caption(t("task.titles"))
    new = {}
    with st.container(horizontal=True):
        for mark in marks:
            said = st.text_input(str(mark), key=held(f"{key}.{mark}", str(old.get(str(mark), ""))), width=110)
            if said.strip():
                new[str(mark)] = said.strip()
    if new != {name: said for name, said in old.items() if said}:
        question["titles"] = new


def _field_name(name: str) -> str:
    return t("task.field_none") if not name else t("task.field_text") if name == "text" else name


def _by_type(field: dataclasses.Field[Any], question: dict[str, Any], key: str) -> None:
    """A kind of question from elsewhere: its own field names are the labels."""
    default = field.default if field.default is not dataclasses.MISSING else None
    now, label = question.get(field.name, default), field.name.replace("_", " ").capitalize()
    kind = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "")
    value: Any
    if kind == "bool":
        value = st.toggle(label, key=held(key, bool(now)))
    elif kind == "int":
        value = int(st.number_input(label, key=held(key, int(now or 0)), step=1))
    elif kind.startswith(("tuple", "list", "Sequence")):
        lines = st.text_area(label, key=held(key, "\n".join(map(str, typing.cast("Any", now) or ()))))
        value = [line.strip() for line in lines.splitlines() if line.strip()]
    elif kind == "str":
        value = st.text_input(label, key=held(key, str(now or ""))).strip()
    else:
        return  # what no widget can say is said in the file
    put(question, field.name, value, list(default) if isinstance(default, tuple) else default)


DRAWERS: dict[str, Callable[..., None]] = {
    "labels": _labels, "field": _field, "candidates": _candidates, "spans": _spans, "unit": _unit, "titles": _titles,
    "least": _number("least", 0, 0, 500), "most": _number("most", 0, 0, 1_000_000),
    "low": _number("low", 1, -100, 1000), "high": _number("high", 5, -100, 1000), "rate": _number("rate", 0, 0, 10),
    "overlap": _switch("overlap", True), "none": _switch("none", True), "edit": _switch("edit", True),
    "language": _words("language"), "write": _words("write"),
}  # fmt: skip
