"""Two recipes held against each other: both are tried on the same records, and what only one of them does is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.widgets import clean_draft as draft
from app.widgets.clean_choice import JOB, OWN, named, ready, titles
from app.widgets.clean_groups import step_title
from app.widgets.clean_lines import badge, opener, reason_lines
from app.widgets.clean_start import TRY, preview_of
from app.widgets.difference import changed_lines
from app.widgets.progress import job_panel
from app.widgets.text import plain
from app.words import said, t
from pipeline import jobs
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.recipe import Recipe
from pipeline.store import Store, cleanings
from pipeline.store import jobs as job_store
from pipeline.store import recipes as own
from pipeline.store.cleanings import Difference
from pipeline.store.records import RecordFilter

HELD = "clean.pair"  # {"project", "names": two, "jobs": two numbers or None, "sides": what is yet to be run}
PAGE = "page"  # the recipe as it stands on the page
READABLE = ("done", "preview")


def compare(store: Store, project: Project, past: Sequence[Job], recipe: Recipe | None, size: int) -> None:
    """Draw the choice of two, run what has to be run, then show what differs."""
    st.caption(t("clean.compare_help"))
    stored = own.all_of(store, project.id)
    tried = [f"{JOB}{job.id}" for job in past if job.state in READABLE]
    choices = [*([PAGE] if recipe else []), *(f"{OWN}{one.name}" for one in stored), *ready(), *tried]
    title = titles(stored)

    def words(choice: str) -> str:
        return t("clean.of_page") if choice == PAGE else title(choice)

    one, other = st.columns(2)
    a = one.selectbox(t("clean.side_a"), choices, 0, key="clean.side_a", format_func=words)
    b = other.selectbox(t("clean.side_b"), choices, min(1, len(choices) - 1), key="clean.side_b", format_func=words)
    sampled = size > TRY and st.toggle(t("clean.on_sample", n=f"{TRY:,}"), value=True, key="clean.pair_sample")
    if st.button(
        t("clean.compare"), type="primary", key="clean.compare", icon=":material/compare_arrows:", disabled=a == b,
        help=t("clean.compare_same") if a == b else None,
    ):  # fmt: skip
        _begin(store, project, recipe, (a, b), (words(a), words(b)), TRY if sampled else 0)
    held = st.session_state.get(HELD)
    if held and held["project"] == project.id:
        _run(store, project, held)


def _begin(
    store: Store, project: Project, recipe: Recipe | None, choices: tuple[str, str], words: tuple[str, str], sample: int
) -> None:  # fmt: skip
    """Note what is to be compared: the jobs that are there, and the recipes that have yet to be tried."""
    found: list[int | None] = []
    sides: list[tuple[Recipe, draft.Origin] | None] = []
    for choice in choices:
        found.append(int(choice.removeprefix(JOB)) if choice.startswith(JOB) else None)
        try:
            if choice == PAGE and recipe is not None:
                sides.append((recipe, draft.origin(recipe)))
            else:
                sides.append(None if choice.startswith(JOB) else named(store, project, choice))
        except WorkbenchError as error:
            st.error(plain(said(str(error))), icon=":material/error:")
            return
    st.session_state[HELD] = {"project": project.id, "names": words, "jobs": found, "sides": sides, "sample": sample}


def _run(store: Store, project: Project, held: dict[str, Any]) -> None:
    """Try the sides one after the other, for one job at a time works on a project; then show what differs."""
    for at, side in enumerate(held["sides"]):
        if held["jobs"][at] is None:
            try:
                held["jobs"][at] = jobs.start(store, preview_of(side[0], side[1], held["sample"]), project.id)
            except WorkbenchError as error:
                st.error(plain(said(str(error))), icon=":material/error:")
                return
        job = job_store.get(store, held["jobs"][at])
        if job.state not in READABLE:
            st.caption(t(f"clean.trying_{'ab'[at]}", name=plain(held["names"][at], 60)))
            job_panel(store, job.id)
            return
    one, other = (job_store.get(store, number) for number in held["jobs"])
    if one.params.get("sample") != other.params.get("sample"):
        st.warning(t("clean.compare_uneven"), icon=":material/science:")
    try:
        stamp = f"{store.path} {[(job.id, job.created_at, job.state) for job in (one, other)]}"
        difference = _difference(store, one.id, other.id, stamp)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    _settings(one, other)
    _draw(project, difference, held["names"])


@st.cache_data(show_spinner=False, max_entries=8, ttl=600)
def _difference(_store: Store, _a: int, _b: int, name: str) -> Difference:  # noqa: ARG001
    return cleanings.compare(_store, _a, _b)


def _settings(a: Job, b: Job) -> None:
    """The lines in which the two recipes differ."""
    try:
        one, other = (_lines(Recipe.of(job.params["steps"])) for job in (a, b))
    except WorkbenchError:  # a step of an old job is no more: what it did can be read all the same
        return
    if one != other:
        with st.expander(t("clean.settings_differ"), icon=":material/difference:"):
            changed_lines(one, other)


def _lines(recipe: Recipe) -> str:
    """A step a line, with its settings as a recipe file has them: what differs then stands beside the step's name."""
    return "\n".join(
        f"{step_title(name)} " + ", ".join(f"{knob}: {value}" for knob, value in settings.items())
        for name, settings in recipe.steps
    )


def _draw(project: Project, found: Difference, names: Sequence[str]) -> None:
    if not found.rows_a and not found.rows_b:
        st.success(t("clean.compare_equal"), icon=":material/check:")
        return
    with st.container(border=True, gap="xsmall"):
        for kind in found.both:
            if found.both[kind] or found.only_a[kind] or found.only_b[kind]:
                _kind(project, found, kind)
    for side, rows in (("a", found.rows_a), ("b", found.rows_b)):
        st.markdown(f"**{t(f'clean.only_{side}', name=plain(names['ab'.index(side)], 60))}**")
        if not rows:
            st.caption(t("clean.only_nothing"))
            continue
        reason_lines(project, rows, f"clean.pair.{found.a}.{found.b}.{side}")


def _kind(project: Project, found: Difference, kind: str) -> None:
    """One line: how many records both do this to, and how many only one of them, which open."""
    sides: tuple[tuple[str, Mapping[str, int], int, int], ...] = (
        ("a", found.only_a, found.a, found.b), ("b", found.only_b, found.b, found.a),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{badge(kind)} {t('clean.both', n=f'{found.both[kind]:,}')}", width="stretch")
        for side, counts, job, unlike in sides:
            st.markdown(t(f"clean.only_{side}_short"), width="content")
            opener(project, counts[kind], RecordFilter(verdict=kind, job=job, unlike=unlike))
