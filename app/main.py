"""The router: opens the store, lets the reader choose a project and a language, and draws one view."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import streamlit as st

from app.settings import database_path
from app.widgets import task_draft
from app.widgets.text import plain
from app.words import LANGUAGES, language, said, t
from pipeline.domain import Project, WorkbenchError
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store

# Section of the menu -> its pages: url name, module in app.views, icon.
MENU = {
    "project": [("overview", "overview", "dashboard"), ("records", "records", "table_rows")],
    "data": [
        ("import", "importing", "upload_file"), ("clean", "clean", "mop"), ("duplicates", "duplicates", "content_copy"),
        ("leaks", "leaks", "compare_arrows"), ("augment", "augment", "library_add"),
    ],
    "label": [("label", "label", "sell"), ("task", "task", "quiz")],
    "model": [
        ("versions", "versions", "inventory_2"), ("train", "train", "model_training"),
        ("errors", "errors", "bug_report"),
    ],
}  # fmt: skip

# Streamlit writes white on a primary button and on what is chosen of several, also where the dark theme's primary
# colour is a light one; and the axes and legends of charts in a grey whose contrast is less than 4.5.
CONTRAST = """<style>
.stApp button[data-testid^=stBaseButton-primary]:not(:disabled), .stApp [data-tag] { color: Canvas; }
.stApp [data-tag] * { color: inherit; }
.stVegaLiteChart :is(.role-axis, .role-legend, .numbers_marks) text { fill: currentColor; }
</style>"""

# Drawn here: the browser would fetch a Material icon for its tab from a server of Google's.
ICON = (
    '<svg viewBox="0 0 24 24" fill="#0b6e4f"><circle cx="6" cy="6" r="3"/><circle cx="18" cy="6" r="3"/>'
    '<circle cx="12" cy="12" r="3"/><circle cx="6" cy="18" r="3"/><circle cx="18" cy="18" r="3"/></svg>'
)

# The file uploader's own words, which are English, in the reader's language.
UPLOADER = """<style>
[data-testid=stFileUploaderDropzone] > span button p, [data-testid=stFileUploaderDropzoneInstructions] span {
  font-size: 0; }
[data-testid=stFileUploaderDropzone] > span button p::after { content: "%s"; font-size: 0.875rem; }
[data-testid=stFileUploaderDropzoneInstructions] span::after { content: "%s"; font-size: 0.875rem; }
</style>"""


@st.cache_resource(show_spinner=False, on_release=Store.close)
def opened(path: str) -> Store:
    """The one store of this server; jobs that a dead server left running are marked as stopped."""
    store = open_store(path)
    job_store.mark_stopped(store)
    return store


def main() -> None:
    st.set_page_config(page_title="Winnow", page_icon=ICON, layout="wide")
    st.html(CONTRAST)
    if language() != "en":
        st.html(UPLOADER % (t("main.upload"), t("main.upload_drop")))
    try:
        store = opened(str(database_path()))
        project = _chosen_project(store)
        _menu(store, project).run()
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")


def _menu(store: Store, project: Project | None) -> st.Page:
    sections, pages = {}, {}
    for section, entries in MENU.items():
        made = []
        for url, module, icon in entries:
            page = st.Page(
                _view(module, store, project), title=t(f"{module}.title"), icon=f":material/{icon}:", url_path=url,
                default=url == "overview",
            )  # fmt: skip
            pages[url] = page
            made.append(page)
        sections[t(f"main.section_{section}")] = made
    st.session_state["pages"] = pages
    return st.navigation(sections, expanded=True)


def _view(module: str, store: Store, project: Project | None) -> Callable[[], None]:
    def draw() -> None:
        _sidebar(store, project)
        st.title(t(f"{module}.title"), anchor=False)
        st.caption(t(f"{module}.caption"))
        if project is None and module != "importing":
            st.info(t("main.no_project"), icon=":material/upload_file:")
            st.page_link(st.session_state["pages"]["import"], label=t("main.import_first"))
            return
        try:
            importlib.import_module(f"app.views.{module}").render(store, project)
        except WorkbenchError as error:
            st.error(plain(said(str(error))), icon=":material/error:")

    return draw


def _chosen_project(store: Store) -> Project | None:
    """The project of the URL, else the one last looked at, else the first. The URL always says which it is."""
    known = {p.name: p for p in projects.all_projects(store)}
    if not known:
        return None
    asked = st.query_params.get("project") or st.session_state.get("project")
    name = asked if asked in known else next(iter(known))
    if asked and asked not in known and st.query_params.get("project"):
        st.toast(t("main.unknown_project", name=plain(asked)))
    st.session_state["project"] = st.query_params["project"] = name
    return known[name]


def _sidebar(store: Store, project: Project | None) -> None:
    with st.sidebar:
        names = [p.name for p in projects.all_projects(store)]
        if project is not None:
            picked = st.selectbox(t("main.project"), names, index=names.index(project.name))
            if picked != project.name:
                st.query_params.clear()
                st.query_params["project"] = picked
                st.rerun()
            if task_draft.unsaved(project):
                st.page_link(st.session_state["pages"]["task"], label=t("task.unsaved_link"), icon=":material/edit:")
        codes = list(LANGUAGES)
        spoken = st.segmented_control(
            t("main.language"), codes, format_func=LANGUAGES.__getitem__, default=language(), required=True
        )
        if spoken and spoken != language():
            st.session_state["language"] = spoken
            st.rerun()


main()
