"""Which recipe the clean page begins with: a ready one, the project's own in any revision, the last one, a file."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.widgets import clean_draft as draft
from app.widgets.text import plain
from app.words import said, t, t_or
from pipeline import recipe as recipes
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.store import recipes as own
from pipeline.store.recipes import Stored

KEY = "clean.choice"
LAST, UPLOAD = "last", "upload"
READY, OWN, JOB = "ready/", "own/", "job/"  # what stands before a name: names have no slash


def choose(store: Store, project: Project, past: Sequence[Job]) -> None:
    """Draw the choice. What is chosen takes the place of the steps on the page."""
    stored = own.all_of(store, project.id)
    choices = [*([LAST] if past else []), *(f"{OWN}{one.name}" for one in stored), *ready(), UPLOAD]
    if st.session_state.get(KEY) not in choices:
        st.session_state[KEY] = _begun(choices)

    def change() -> None:
        _take(store, project, past, st.session_state[KEY])

    choice = st.selectbox(t("clean.start_from"), choices, key=KEY, on_change=change, format_func=titles(stored))
    if choice == UPLOAD:
        _upload(project)
    elif choice.startswith(OWN):
        _revisions(store, project, choice.removeprefix(OWN))
    elif choice.startswith(READY):
        st.caption(t_or(f"clean.about_{choice.removeprefix(READY)}", ""))


def ready() -> list[str]:
    """The recipes that come with Winnow, the default first."""
    names = sorted(recipes.shipped(), key=lambda name: (name != "default", name))
    return [f"{READY}{name}" for name in names]


class titles:  # noqa: N801 - used as the function that it is
    """The words of a choice, for the recipes that the project has."""

    def __init__(self, stored: Sequence[Stored]) -> None:
        self._revisions = {one.name: one.revision for one in stored}

    def __call__(self, choice: str) -> str:
        kind, _, name = choice.partition("/")
        if choice.startswith(OWN):
            return t("clean.own_recipe", name=name, n=self._revisions.get(name, 0))
        if choice.startswith(JOB):
            return t("clean.of_job", n=name)
        return t_or(f"clean.recipe_{name or kind}", name or kind)


def named(store: Store, project: Project, choice: str) -> tuple[Recipe, draft.Origin]:
    """The recipe that a choice of a name means, and which it is. Raises a WorkbenchError."""
    name = choice.partition("/")[2]
    if choice.startswith(READY):
        return recipes.named(name), (name, 0)
    stored = own.get(store, project.id, name)
    return Recipe.of(stored.steps or ()), (name, stored.revision)


def _begun(choices: Sequence[str]) -> str:
    """Where nobody has chosen yet: the recipe that the steps on the page are of."""
    name = draft.source()
    for choice in (f"{OWN}{name}", f"{READY}{name}"):
        if choice in choices:
            return choice
    return choices[0]


def _take(store: Store, project: Project, past: Sequence[Job], choice: str) -> None:
    if choice == UPLOAD:
        return
    try:
        if choice == LAST:
            draft.take(project, draft.last(past) or recipes.named("default"))
        else:
            draft.take(project, *named(store, project, choice))
    except WorkbenchError as error:  # its recipe was taken away, or a step of it: said where the page is drawn
        st.session_state["clean.refused"] = said(str(error))


def _upload(project: Project) -> None:
    file = st.file_uploader(t("clean.upload"), ["yaml", "yml"], key="clean.file", help=t("clean.upload_help"))
    if file is None or st.session_state.get("clean.taken") == file.file_id:
        return
    try:
        draft.take(project, recipes.load(file.getvalue(), file.name))
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return
    st.session_state["clean.taken"] = file.file_id
    st.rerun()


def _revisions(store: Store, project: Project, name: str) -> None:
    """The revisions of an own recipe that has several; one that is chosen takes the place of the steps."""
    kept = [one for one in own.versions(store, project.id, name) if one.steps is not None]
    if not kept:
        return
    key = f"clean.revision.{name}"
    by_number = {one.revision: one for one in kept}
    if len(kept) > 1:
        st.selectbox(
            t("clean.revision"), list(by_number), key=key, format_func=lambda n: _revision_line(by_number[n]),
            on_change=lambda: _take_revision(project, by_number[st.session_state[key]]),
        )  # fmt: skip
    shown = by_number.get(st.session_state.get(key, kept[0].revision), kept[0])
    if shown.note:
        st.caption(plain(shown.note, 300))


def _take_revision(project: Project, stored: Stored) -> None:
    try:
        draft.take(project, Recipe.of(stored.steps or ()), (stored.name, stored.revision))
    except WorkbenchError as error:
        st.session_state["clean.refused"] = said(str(error))


def _revision_line(one: Stored) -> str:
    parts = [t("clean.revision_n", n=one.revision), f"{one.created_at:%Y-%m-%d %H:%M}", one.author, one.note]
    return " · ".join(part[:60] for part in parts if part)
