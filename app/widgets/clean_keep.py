"""A recipe that is kept: saved under a name of the project's own, taken off the list and brought back, or as a file."""

from __future__ import annotations

import streamlit as st

from app.widgets import clean_draft as draft
from app.widgets.attempt import attempt
from app.widgets.clean_choice import KEY, OWN
from app.widgets.text import plain
from app.words import said, t
from pipeline import recipe as recipes
from pipeline.domain import Project, WorkbenchError
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.store import jobs as job_store
from pipeline.store import recipes as own

REMOVED = 5  # removals that can be brought back from here


def keep(store: Store, project: Project, recipe: Recipe) -> None:
    """Draw what can be done with the recipe besides running it."""
    box = st.expander(t("clean.keep"), icon=":material/bookmark:", key="clean.keeping", on_change="rerun")
    if box.open:
        with box:
            _save(store, project, recipe)
            _remove(store, project)
    box = st.expander(t("clean.as_file"), icon=":material/description:", key="clean.filing", on_change="rerun")
    if box.open:
        with box:
            _as_file(recipe)


def told() -> None:
    """What became of the last press on the page, once: it stands above the steps."""
    done, refused = st.session_state.pop("clean.told", ""), st.session_state.pop("clean.refused", "")
    if done:
        st.success(plain(done), icon=":material/check:")
    if refused:
        st.error(plain(refused), icon=":material/error:")


def _save(store: Store, project: Project, recipe: Recipe) -> None:
    names = {one.name for one in own.all_of(store, project.id)}
    source = draft.source()
    begun = source if source in names else ""
    name = st.text_input(
        t("clean.name"), begun, key=f"clean.name.{begun}", max_chars=own.LONGEST_NAME, help=t("clean.name_help"),
    )  # fmt: skip
    note = st.text_input(t("clean.note"), key="clean.note", max_chars=300, help=t("clean.note_help"))
    word = "save_again" if " ".join(name.split()) in names else "save"

    def save() -> None:
        author = str(st.session_state.get("label.annotator") or "")
        try:
            stored, new = own.save(store, project.id, name, recipe.plain(), note=note.strip(), author=author)
        except WorkbenchError as error:
            st.session_state["clean.refused"] = said(str(error))
            return
        draft.kept(recipe, (stored.name, stored.revision))
        st.session_state[KEY] = f"{OWN}{stored.name}"
        st.session_state.pop(f"clean.revision.{stored.name}", None)
        st.session_state["clean.note"] = ""
        word = "saved" if new else "saved_already"
        st.session_state["clean.told"] = t(f"clean.{word}", name=stored.name, n=stored.revision)

    st.button(t(f"clean.{word}"), key="clean.save", icon=":material/save:", on_click=save, disabled=not name.strip())


def _remove(store: Store, project: Project) -> None:
    names = [one.name for one in own.all_of(store, project.id)]
    name = draft.source()
    if name in names:

        def remove() -> None:
            try:
                own.remove(store, project.id, name)
            except WorkbenchError as error:
                st.session_state["clean.refused"] = said(str(error))

        label = t("clean.take_off", name=plain(name, 40))
        st.button(label, key="clean.take_off", icon=":material/delete:", type="tertiary", on_click=remove)
    removals = job_store.recent(store, project.id, REMOVED, kind="remove-recipe")
    for job in removals:
        if job.state == "done" and job.params["recipe"] not in names:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(t("clean.taken_off", name=plain(job.params["recipe"], 40)), width="stretch")
                if st.button(t("common.undo"), key=f"clean.bring_back.{job.id}", icon=":material/undo:"):
                    attempt(lambda job=job: job_store.undo(store, job.id))  # type: ignore[misc]


def _as_file(recipe: Recipe) -> None:
    text = recipes.dump(recipe)
    st.code(text, language="yaml", wrap_lines=True)
    st.download_button(
        t("clean.download"), text, t("clean.file_name"), "text/yaml", key="clean.download",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    st.caption(t("clean.command"))
