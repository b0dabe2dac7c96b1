"""Clean: put a recipe of steps together, see what it would do to every record, then apply it or leave it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.widgets.changes import marked, quiet, reason_words
from app.widgets.form import knob_form
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import jobs
from pipeline import recipe as recipes
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.knobs import knobs_of, values_of
from pipeline.recipe import Recipe
from pipeline.steps.base import steps
from pipeline.store import Store, corpus, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.verbs.clean import Clean

EARLIER = 8  # jobs in the list below
CARDS = 6  # examples at a time
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
        _newest(store, project, past[0] if past else None, recipe)
    _earlier(store, past[1:])


# --- the recipe -------------------------------------------------------------------------------------------------------


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
        row["on"] = st.toggle(_title(row["name"]), row["on"], key=f"{key}.on", help=_help(plugin), width="stretch")
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
        t("clean.add"), steps.names(), index=None, key="clean.add", on_change=add, format_func=_title,
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


# --- what it did ------------------------------------------------------------------------------------------------------


def _newest(store: Store, project: Project, job: Job | None, recipe: Recipe | None) -> None:
    """The newest job: its progress, or a preview with its two answers, or what it did."""
    if job is None:
        st.subheader(t("clean.found"), anchor=False)
        st.info(t("clean.nothing_yet"), icon=":material/visibility:")
        return
    st.subheader(t("clean.found_preview" if job.state == "preview" else "clean.found_job", n=job.id), anchor=False)
    if job.state != "preview":
        job_panel(store, job.id)
        if job.state not in ("done", "undone"):
            return
    else:
        _answer(store, job, recipe)
    if not any(job.result.get(kind) for kind in ("dropped", "edited", "flagged")):
        st.success(t("clean.all_clean"), icon=":material/check:")
        return
    _tally(store, project, job)
    _examples(store, job)


def _answer(store: Store, job: Job, recipe: Recipe | None) -> None:
    if recipe is not None and recipe.plain() != job.params["steps"]:
        st.warning(t("clean.recipe_changed"), icon=":material/edit:")
    with st.container(horizontal=True):
        apply = st.button(t("clean.apply"), type="primary", key="clean.apply", icon=":material/check:")
        discard = st.button(t("clean.discard"), key="clean.discard", icon=":material/close:")
    try:
        if apply:
            job_store.redo(store, job.id)
        elif discard:
            job_store.close_job(store, job.id, "cancelled", job.result)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    else:
        if apply or discard:
            st.rerun()


def _tally(store: Store, project: Project, job: Job) -> None:
    found = corpus.touched(store, job.id)
    for column, kind in zip(st.columns(3), ("drop", "edit", "flag"), strict=True):
        column.metric(t(f"clean.records_{kind}"), f"{found[kind]:,}", border=True)
    if job.state == "done":
        st.page_link(
            st.session_state["pages"]["records"], label=t("clean.open_records"), icon=":material/arrow_forward:",
            query_params={"project": project.name, "where": f"job={job.id}"},
        )  # fmt: skip
    names = list(dict.fromkeys(name for name, _ in job.params["steps"]))
    kinds = ("dropped", "edited", "flagged")
    table: dict[str, list[Any]] = {t("clean.step"): [_title(name) for name in names]}
    table |= {t(f"clean.{kind}"): [job.result.get(kind, {}).get(name, 0) for name in names] for kind in kinds}
    st.dataframe(table, hide_index=True, width="stretch")


def _examples(store: Store, job: Job) -> None:
    """Cards of what the chosen step said, a few at a time."""
    found = {
        name: sum(job.result.get(kind, {}).get(name, 0) for kind in ("dropped", "edited", "flagged"))
        for name in dict.fromkeys(name for name, _ in job.params["steps"])
    }
    names = [name for name, n in found.items() if n]
    chosen = st.pills(
        t("clean.look_at"), names, default=names[0], key=f"clean.look.{job.id}", required=True,
        wrap=True,
        format_func=lambda name: f"{_title(name)} {found[name]:,}",
    )  # fmt: skip
    if chosen is None:
        return
    shown_key = f"clean.shown.{job.id}.{chosen}"
    limit = st.session_state.get(shown_key, CARDS)
    for one in verdicts.examples(store, job.id, step=chosen, limit=limit):
        _card(one)
    if found[chosen] > limit and st.button(t("clean.more"), key="clean.more", icon=":material/expand_more:"):
        st.session_state[shown_key] = limit + 2 * CARDS
        st.rerun()


def _card(one: dict[str, Any]) -> None:
    with st.container(border=True):
        st.markdown(
            t(f"clean.said_{one['kind']}", id=plain(one["external_id"], 40), reason=reason_words(one["reason"]))
        )
        if one["kind"] != "edit":
            st.markdown(quiet(one["before"], 300) or t("clean.empty_text"))
            return
        before, after = marked(one["before"], one["after"])
        left, right = st.columns(2)
        left.markdown(before)
        right.markdown(after or t("clean.empty_text"))


def _earlier(store: Store, past: list[Job]) -> None:
    """Earlier jobs, each with what can be done about it. A preview that was followed by another one never counted."""
    listed = [job for job in past if job.state != "preview"]
    if not listed:
        return
    st.subheader(t("clean.earlier"), anchor=False)
    for job in listed:
        job_panel(store, job.id)
        st.caption(t("clean.started", when=f"{job.created_at:%Y-%m-%d %H:%M} UTC"))


def _title(name: str) -> str:
    return t_or(f"steps.{name}.title", name.replace("_", " ").capitalize())


def _help(plugin: type) -> str:
    return t_or(f"steps.{plugin.name}.help", plain(inspect.getdoc(plugin) or ""))  # type: ignore[attr-defined]
