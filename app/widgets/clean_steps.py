"""The steps of a recipe on the page, in order: on or off, their settings, moved, taken out, added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.widgets import clean_draft as draft
from app.widgets.clean_draft import Row
from app.widgets.clean_groups import GROUPS, found, group_of, knob_title, step_help, step_title
from app.widgets.form import knob_form
from app.widgets.text import plain
from app.words import t, t_or
from pipeline.knobs import Knob, knobs_of
from pipeline.steps.base import steps


def step_list(rows: list[Row]) -> None:
    """Draw the steps; what is changed in them is changed in `rows`."""
    if not rows:
        st.info(t("clean.no_steps"), icon=":material/playlist_add:")
    with st.container(gap="xsmall"):
        for place, row in enumerate(rows):
            _step(row, place, len(rows))
    taken = draft.gone()
    if taken is not None:
        st.button(
            t("clean.put_back", step=step_title(taken["name"])), key="clean.put_back", icon=":material/undo:",
            type="tertiary", on_click=draft.put_back,
        )  # fmt: skip
    _add()


def _step(row: Row, place: int, count: int) -> None:
    name, key = row["name"], f"clean.{row['id']}"
    plugin = steps.get(name)
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", wrap=False):
        row["on"] = st.toggle(step_title(name), row["on"], key=f"{key}.on", help=step_help(name), width="stretch")
        if knobs_of(plugin):
            icon = "expand_less" if row["open"] else "tune"
            _button(icon, "settings", f"{key}.tune", lambda: draft.turn(row), off=not row["on"])
        _button("arrow_upward", "up", f"{key}.up", lambda: draft.swap(place - 1), off=place == 0)
        _button("arrow_downward", "down", f"{key}.down", lambda: draft.swap(place), off=place == count - 1)
        _button("close", "remove", f"{key}.remove", lambda: draft.remove(place))
    if row["on"] and row["open"]:
        with st.container(border=True):
            st.caption(step_help(name))
            row["knobs"] = _listed(plugin, knob_form(plugin, draft.form_key(row), "steps", row["knobs"]))
    elif row["on"] and (changed := _changed(plugin, row)):
        st.caption(changed)


def _button(icon: str, word: str, key: str, act: Callable[[], None], *, off: bool = False) -> None:
    icon = f":material/{icon}:"
    st.button("", key=key, icon=icon, help=t(f"clean.{word}"), type="tertiary", on_click=act, disabled=off)


def _listed(plugin: type, settings: dict[str, Any]) -> dict[str, Any]:
    """The form's values, the lists that it takes as words with commas as lists."""
    lists = {knob.name for knob in knobs_of(plugin) if knob.type is tuple}
    made = dict(settings)
    for name in lists:
        parts = made[name].split(",") if isinstance(made[name], str) else made[name]
        made[name] = [part.strip() for part in parts if part.strip()]
    return made


def _changed(plugin: type, row: Row) -> str:
    """The settings that are not at their defaults, in words; a secret is not among them."""
    secret = getattr(plugin, "secret", "")
    said = [
        t("clean.setting", name=knob_title(row["name"], knob.name), value=plain(_spoken(row["name"], knob, value), 60))
        for knob, value in ((knob, row["knobs"].get(knob.name, knob.default)) for knob in knobs_of(plugin))
        if knob.name != secret and (tuple(value) if isinstance(value, list) else value) != knob.default
    ]
    return " · ".join(said)


def _spoken(step: str, knob: Knob, value: Any) -> str:
    if isinstance(value, bool):
        return t("clean.yes" if value else "clean.no")
    if isinstance(value, float):
        return f"{value:g}"
    parts = value if isinstance(value, list | tuple) else [str(value)]
    return ", ".join(t_or(f"steps.{step}.{knob.name}.{part}", str(part)) for part in parts)


def _add() -> None:
    """Steps that can be added: of one group, or those with the words that somebody looks for."""
    box = st.expander(t("clean.add"), icon=":material/add:", key="clean.adding", on_change="rerun")
    if not box.open:
        return
    with box:
        words = st.text_input(
            t("clean.find"), key="clean.find", placeholder=t("clean.find"), label_visibility="collapsed",
            icon=":material/search:",
        )  # fmt: skip
        group = st.pills(
            t("clean.group"), GROUPS, key="clean.group", label_visibility="collapsed", wrap=True,
            default=None if words else GROUPS[0], format_func=lambda one: t(f"clean.group_{one}"),
        )  # fmt: skip
        names = found(None if words else group, words)
        if not names:
            st.caption(t("clean.none_found"))
        for name in names:
            _choice(name, named=bool(words) or group is None)


def _choice(name: str, *, named: bool) -> None:
    """named: in a list of several groups, the group stands beside the step."""
    with st.container(gap="xxsmall"):
        st.button(
            step_title(name), key=f"clean.add.{name}", icon=":material/add:", type="tertiary", on_click=draft.add,
            args=(name,),
        )  # fmt: skip
        st.caption((f"*{t(f'clean.group_{group_of(name)}')}* · " if named else "") + step_help(name))
