"""How an upload is read: its files, the format and its settings, and what they hold."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from app.widgets.form import knob_form
from app.words import t
from pipeline.importers import Limits, Preview, importers, preview
from pipeline.importers.foreign import Survey
from pipeline.importers.inputs import Input, gather, is_plain
from pipeline.importers.preview import surveyed
from pipeline.knobs import knobs_of
from pipeline.store import Store
from pipeline.verbs.import_file import content_of

SHOWN = 20  # rows of the preview


def files_of(store: Store, path: str, name: str) -> list[Input]:
    """The plain files of an upload: itself, or what is packed in it, unpacked once beside it."""
    if is_plain(path):
        return [Input(Path(path), name)]
    held = st.session_state.get("importing.files")
    if held is None or held[0] != path or not all(one.path.exists() for one in held[1]):
        into = store.folder / "unpacked" / f"page-{Path(path).name}"
        shutil.rmtree(into, ignore_errors=True)
        held = st.session_state["importing.files"] = (path, gather(path, into, Limits(), name))
    return held[1]


def seen(key: str, files: tuple[Input, ...], kind: str) -> Preview:
    """The first file as it is read, with what all of them hold together if they are another tool's."""
    wanted = st.session_state.get(f"importing.format.{key}") or ""
    encoding = st.session_state.get(f"importing.encoding.{key}") or ""
    first = files[0]
    settings = settings_of(wanted, key)
    found = _look(str(first.path), first.name, encoding, kind, wanted, first.member, settings)
    return found if len(files) == 1 else replace(found, survey=_held(files, encoding, wanted, settings))


@st.cache_data(max_entries=8, show_spinner=False)
def _look(
    path: str, name: str, encoding: str, kind: str, format_name: str, member: bool, settings: dict[str, Any]
) -> Preview:  # fmt: skip
    return preview(
        path, SHOWN, name=name, encoding=encoding, kind=kind, format_name=format_name, member=member, settings=settings
    )  # fmt: skip


@st.cache_data(max_entries=2, show_spinner=False)
def _held(files: tuple[Input, ...], encoding: str, format_name: str, settings: dict[str, Any]) -> Survey | None:
    return surveyed(files, encoding, format_name, settings)


@st.cache_data(max_entries=8, show_spinner=False)
def sha256(files: tuple[Input, ...]) -> str:
    return content_of(files)[0]


def format_choice(key: str) -> None:
    """Which format the file is read as, found out unless the reader says another one, and the settings of that."""
    detected = t("importing.detected")
    picked = st.selectbox(
        t("importing.format"), ["", *importers.names()], key=f"importing.format.{key}",
        format_func=lambda name: name.replace("_", " ") or detected, help=t("importing.format_help"), width=320,
    )  # fmt: skip
    if picked and knobs_of(importers.get(picked)):
        with st.expander(t("importing.format_settings")):
            st.session_state[f"importing.set.{key}"] = (picked, knob_form(importers.get(picked), key, "importing"))


def settings_of(format_name: str, key: str) -> dict[str, Any]:
    """The settings of the named format as the form had them when it was last drawn for it; empty where they are as they
    are anyway."""
    owner, values = st.session_state.get(f"importing.set.{key}", ("", {}))
    if not format_name or owner != format_name:
        return {}
    form = f"{key}.{format_name}."
    return {name: st.session_state.get(form + name, value) for name, value in values.items()}
