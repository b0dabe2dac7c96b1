"""Clean: put a recipe of steps together, see what it would do to every record, then apply it or leave it."""

from __future__ import annotations

import streamlit as st

from app.widgets import clean_draft as draft
from app.widgets.attempt import chosen
from app.widgets.clean_choice import choose
from app.widgets.clean_compare import compare
from app.widgets.clean_cuts import cuts
from app.widgets.clean_draft import Row
from app.widgets.clean_keep import keep, told
from app.widgets.clean_result import earlier, shown
from app.widgets.clean_start import TRY, preview_of
from app.widgets.clean_steps import step_list
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.recipe import Recipe
from pipeline.store import Store, records
from pipeline.store import jobs as job_store

KNOWN, EARLIER = 20, 8  # jobs that can be compared, and those of them in the list below
VIEWS = {"result": ":material/visibility:", "cuts": ":material/bar_chart:", "compare": ":material/compare_arrows:"}


def render(store: Store, project: Project) -> None:
    """Draw the recipe, what its last preview or run did, and the earlier jobs."""
    size = records.count(store, project.id, records.RecordFilter(state="active"))
    past = job_store.recent(store, project.id, KNOWN, kind="clean")
    if not size and not past:
        st.info(t("clean.no_records"), icon=":material/upload_file:")
        st.page_link(st.session_state["pages"]["import"], label=t("clean.import_first"))
        return
    left, right = st.columns([5, 7], gap="large")
    rows = draft.rows(project, past)
    with left:
        recipe = _recipe(store, project, past, rows, size)
    now = chosen(past)
    with right:
        _view(store, project, rows, recipe, past, now, size)
    earlier(store, project, past[: EARLIER + 1], now)


def _recipe(store: Store, project: Project, past: list[Job], rows: list[Row], size: int) -> Recipe | None:
    """The recipe as the reader has put it together, or None while a setting is wrong."""
    st.subheader(t("clean.recipe"), anchor=False)
    choose(store, project, past)
    told()
    buttons = st.container()  # above the steps, but what they do hangs on the steps
    step_list(rows)
    recipe: Recipe | None = None
    try:
        recipe = draft.drawn(rows)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
    with buttons:
        _buttons(store, project, recipe, size)
    if recipe is not None:
        keep(store, project, recipe)
    return recipe


def _buttons(store: Store, project: Project, recipe: Recipe | None, size: int) -> None:
    """A preview of a sample, where the project is larger than one, and of everything."""
    sampled = size > TRY
    with st.container(horizontal=True):
        first = sampled and st.button(
            t("clean.try", n=f"{TRY:,}"), type="primary", key="clean.try", icon=":material/science:",
            disabled=recipe is None, help=t("clean.try_help", n=f"{size:,}"),
        )  # fmt: skip
        whole = st.button(
            t("clean.preview", n=f"{size:,}"), type="secondary" if sampled else "primary", key="clean.preview",
            icon=":material/visibility:", disabled=recipe is None or not size, help=t("clean.preview_help"),
        )  # fmt: skip
        if recipe is None or not draft.is_as_taken(recipe):
            st.button(
                t("clean.back"), key="clean.back", icon=":material/undo:", type="tertiary", on_click=draft.back,
                help=t("clean.changed"),
            )  # fmt: skip
    if recipe is not None and (first or whole):
        _start(store, project, recipe, TRY if first else 0)


def _start(store: Store, project: Project, recipe: Recipe, sample: int) -> None:
    try:
        jobs.start(store, preview_of(recipe, draft.origin(recipe), sample), project.id)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    st.query_params.pop("job", None)
    st.session_state["clean.view_next"] = "result"
    st.rerun()


def _view(
    store: Store, project: Project, rows: list[Row], recipe: Recipe | None, past: list[Job], now: Job | None, size: int
) -> None:  # fmt: skip
    wanted = st.session_state.pop("clean.view_next", None)
    if wanted:
        st.session_state["clean.view"] = wanted
    view = st.segmented_control(
        t("clean.view"), list(VIEWS), default="result", key="clean.view", required=True, label_visibility="collapsed",
        format_func=lambda name: f"{VIEWS[name]} {t(f'clean.view_{name}')}",
    )  # fmt: skip
    if view == "cuts":
        cuts(store, project, rows, recipe)
    elif view == "compare":
        compare(store, project, past, recipe, size)
    else:
        shown(store, project, now, recipe)
