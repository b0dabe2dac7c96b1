"""Clean: put a recipe of steps together, see what it would do to every record, then apply it or leave it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.widgets.clean_result import earlier, newest, step_title
from app.widgets.form import knob_form
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import jobs
from pipeline import recipe as recipes
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.knobs import knobs_of, values_of
from pipeline.recipe import Recipe
from pipeline.steps.base import steps
from pipeline.store import Store, records
from pipeline.store import jobs as job_store
from pipeline.verbs.clean import Clean

EARLIER = 8  # jobs in the list below
Row = dict[str, Any]  # {"id", "name", "knobs", "on"}: one step of the recipe as it stands on the page


def render(store: Store, project: Project) -> None:
    """Draw the recipe, what its last preview or run did, and the earlier jobs."""
    size = records.count(store, project.id, records.RecordFilter(state="active"))
    past = job_store.recent(store, project.id, EARLIER + 1, kind="clean")
    if not size and not past:
        st.info(t("clean.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("clean.import_first"))
        return
    left, right = st.columns([5, 7], gap="large")
    with left:
        recipe = _recipe(project, past)
        _preview_button(store, project, recipe, size)
        if recipe is not None:
            _as_file(recipe)
    with right:
        newest(store, project, past[0] if past else None, recipe)
    earlier(store, past[1:])


def _recipe(project: Project, past: list[Job]) -> Recipe | None:
    """The recipe as the reader has put it together, or None while a setting is wrong."""
    rows = _rows(project, past)
    st.subheader(t("clean.recipe"), anchor=False)
    _choose(project, past)
    if not rows:
        st.info(t("clean.no_steps"), icon=":material/playlist_add:")
    for place, row in enumerate(rows):
        _step(rows, place, row)
    _add()
    try:
        return Recipe.of([row["name"], row["knobs"]] for row in rows if row["on"])
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return None


def _rows(project: Project, past: list[Job]) -> list[Row]:
    """The steps on the page: unsent input, so they live in the session, for one project at a time."""
    held = st.session_state.get("clean.steps")
    if held is None or held["project"] != project.id:
        _take(project, _last(past) or recipes.named("default"))
        held = st.session_state["clean.steps"]
    rows: list[Row] = held["rows"]
    return rows


def _take(project: Project, recipe: Recipe) -> None:
    rows = [_row(name, dict(settings)) for name, settings in recipe.steps]
    st.session_state["clean.steps"] = {"project": project.id, "rows": rows}


def _row(name: str, settings: dict[str, Any]) -> Row:
    st.session_state["clean.made"] = st.session_state.get("clean.made", 0) + 1
    return {"id": st.session_state["clean.made"], "name": name, "knobs": settings, "on": True}


def _last(past: list[Job]) -> Recipe | None:
    try:
        return Recipe.of(past[0].params["steps"]) if past else None
    except WorkbenchError:  # a step that has since been taken away: the default recipe will do
        return None


def _choose(project: Project, past: list[Job]) -> None:
    choices = [*(["last"] if past else []), *recipes.shipped(), "upload"]
    if not past and "clean.choice" not in st.session_state:
        st.session_state["clean.choice"] = "default"

    def change() -> None:
        choice = st.session_state["clean.choice"]
        if choice != "upload":
            _take(project, (_last(past) if choice == "last" else None) or recipes.named(_shipped(choice)))

    choice = st.selectbox(
        t("clean.start_from"), choices, key="clean.choice", on_change=change,
        format_func=lambda c: t_or(f"clean.recipe_{c}", c),
    )  # fmt: skip
    if choice == "upload":
        _upload(project)


def _shipped(choice: str) -> str:
    return choice if choice in recipes.shipped() else "default"


def _upload(project: Project) -> None:
    file = st.file_uploader(t("clean.upload"), ["yaml", "yml"], key="clean.file", help=t("clean.upload_help"))
    if file is None or st.session_state.get("clean.taken") == file.file_id:
        return
    try:
        _take(project, recipes.load(file.getvalue(), file.name))
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    st.session_state["clean.taken"] = file.file_id
    st.rerun()


def _step(rows: list[Row], place: int, row: Row) -> None:
    plugin, key = steps.get(row["name"]), f"clean.{row['id']}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        row["on"] = st.toggle(step_title(row["name"]), row["on"], key=f"{key}.on", help=_help(plugin), width="stretch")
        if knobs_of(plugin):
            with st.popover(":material/tune:", help=t("clean.settings"), type="tertiary", disabled=not row["on"]):
                row["knobs"] = _listed(plugin, knob_form(plugin, key, "steps", row["knobs"]))
        _button(":material/arrow_upward:", "up", f"{key}.up", lambda: _swap(rows, place - 1), place == 0)
        _button(":material/arrow_downward:", "down", f"{key}.down", lambda: _swap(rows, place), place == len(rows) - 1)
        _button(":material/close:", "remove", f"{key}.remove", lambda: rows.remove(row))
    changed = _changed(plugin, row["knobs"])
    if changed and row["on"]:
        st.caption(changed)


def _listed(plugin: type, settings: dict[str, Any]) -> dict[str, Any]:
    """The form's values, the lists that it takes as words with commas as lists."""
    lists = {knob.name for knob in knobs_of(plugin) if knob.type is tuple}
    found = dict(settings)
    for name in lists:
        parts = found[name].split(",") if isinstance(found[name], str) else found[name]
        found[name] = [part.strip() for part in parts if part.strip()]
    return found


def _button(icon: str, word: str, key: str, act: Callable[[], None], off: bool = False) -> None:
    st.button(icon, key=key, help=t(f"clean.{word}"), type="tertiary", on_click=act, disabled=off)


def _swap(rows: list[Row], place: int) -> None:
    rows[place], rows[place + 1] = rows[place + 1], rows[place]


def _changed(plugin: type, settings: dict[str, Any]) -> str:
    """The settings that are not at their defaults, in words."""
    found = []
    for knob in knobs_of(plugin):
        value = settings.get(knob.name, knob.default)
        value = tuple(value) if isinstance(value, list) else value
        if value != knob.default:
            label = t_or(f"steps.{plugin.name}.{knob.name}", knob.name.replace("_", " "))  # type: ignore[attr-defined]
            if isinstance(value, bool):
                value = t("clean.yes" if value else "clean.no")
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            found.append(f"{label}: {plain(shown, 60)}")
    return " · ".join(found)


def _add() -> None:
    def add() -> None:
        name = st.session_state["clean.add"]
        if name:
            st.session_state["clean.steps"]["rows"].append(_row(name, values_of(steps.get(name)())))
            st.session_state["clean.add"] = None

    st.selectbox(
        t("clean.add"), steps.names(), index=None, key="clean.add", on_change=add, format_func=step_title,
        placeholder=t("clean.add_which"), label_visibility="collapsed",
    )  # fmt: skip


def _as_file(recipe: Recipe) -> None:
    with st.expander(t("clean.as_file"), icon=":material/description:"):
        text = recipes.dump(recipe)
        st.code(text, language="yaml", wrap_lines=True)
        st.download_button(
            t("clean.download"), text, t("clean.file_name"), "text/yaml", key="clean.download",
            icon=":material/download:",
        )  # fmt: skip
        st.caption(t("clean.command"))


def _preview_button(store: Store, project: Project, recipe: Recipe | None, size: int) -> None:
    asked = st.button(
        t("clean.preview", n=f"{size:,}"), type="primary", key="clean.preview", icon=":material/visibility:",
        disabled=recipe is None, width="stretch",
    )  # fmt: skip
    if asked and recipe is not None:
        try:
            jobs.start(store, Clean(recipe.plain(), dry_run=True), project.id)
        except WorkbenchError as error:
            st.error(plain(said(str(error))), icon=":material/error:")
        else:
            st.rerun()
    st.caption(t("clean.preview_help"))


def _help(plugin: type) -> str:
    return t_or(f"steps.{plugin.name}.help", plain(inspect.getdoc(plugin) or ""))  # type: ignore[attr-defined]
