"""A plug-in's knobs as a form: one widget a knob, its help and bounds from the declaration."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import streamlit as st

from app.words import t_or
from pipeline.knobs import Knob, knobs_of


def knob_form(
    plugin: type, key: str, section: str, values: dict[str, Any] | None = None, only: Container[str] | None = None
) -> dict[str, Any]:
    """Draw the settings of `plugin` and return their values, for pipeline.knobs.build.

    `key` makes the widgets' keys unique on a page; `section` names the message file with translated labels
    (`<section>.<plugin name>.<knob>`, and with `.<choice>` behind it those of its choices); `values` replace the
    defaults to start from; `only` draws just those.
    """
    owner = str(getattr(plugin, "name", plugin.__name__))
    found: dict[str, Any] = {}
    for knob in knobs_of(plugin):
        if only is not None and knob.name not in only:
            continue
        start = (values or {}).get(knob.name, knob.default)
        label = t_or(f"{section}.{owner}.{knob.name}", knob.name.replace("_", " ").capitalize())
        help_text = t_or(f"{section}.{owner}.{knob.name}.help", knob.help)
        words = f"{section}.{owner}.{knob.name}"
        found[knob.name] = _widget(knob, label, help_text, start, f"{key}.{owner}.{knob.name}", words)
    return found


def _widget(knob: Knob, label: str, help_text: str, value: Any, key: str, words: str) -> Any:
    def chosen(choice: str) -> str:
        return t_or(f"{words}.{choice}", choice)

    if knob.type is bool:
        return st.toggle(label, value, key=key, help=help_text)
    if knob.type is tuple:
        if knob.choices:
            return tuple(st.multiselect(label, knob.choices, list(value), key=key, help=help_text, format_func=chosen))
        return st.text_input(label, ", ".join(value), key=key, help=help_text)
    if knob.choices:
        start = list(knob.choices).index(value)
        return st.selectbox(label, knob.choices, start, key=key, help=help_text, format_func=chosen)
    if knob.type is int:
        low, high = (None if bound is None else int(bound) for bound in (knob.low, knob.high))
        return st.number_input(label, low, high, int(value), step=1, key=key, help=help_text)
    if knob.type is float:
        least, most = (None if bound is None else float(bound) for bound in (knob.low, knob.high))
        return st.number_input(label, least, most, float(value), key=key, help=help_text, format="%g")
    if knob.multiline:
        return st.text_area(label, value, key=key, help=help_text)
    return st.text_input(label, value, key=key, help=help_text)
