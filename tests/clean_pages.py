"""The clean page under a test: drawn without a browser on a project with records, and what a person does on it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.domain import Job, Project
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from tests.conftest import add_records


@dataclass
class CleanPage:
    """`links` are the numbers that the last run of the page drew as links: (label, where)."""

    app: AppTest
    store: Store
    project: Project
    links: list[tuple[str, str]] = field(default_factory=list)

    @property
    def parts(self) -> tuple[AppTest, Store, Project]:
        return self.app, self.store, self.project

    def run(self) -> None:
        self.links.clear()
        self.app.run()
        assert not self.app.exception

    def click(self, key: str) -> None:
        self.links.clear()
        self.app.button(key=key).click().run()
        assert not self.app.exception

    def view(self, name: str) -> None:
        """Look at the result, the cuts or the comparison."""
        self.app.session_state["clean.view_next"] = name
        self.run()

    def wait(self) -> None:
        """Until no job is at work, and the page has seen it."""
        while (past := job_store.recent(self.store, self.project.id)) and past[0].state == "running":
            time.sleep(0.05)
        self.run()

    def job(self) -> Job:
        """The newest cleaning job."""
        return job_store.recent(self.store, self.project.id, kind="clean")[0]

    def steps(self) -> list[str]:
        """The titles of the steps, in order."""
        return [toggle.label for toggle in self.app.toggle if str(toggle.key).endswith(".on")]

    def open_step(self, title: str) -> None:
        """Show the settings of a step."""
        key = next(str(toggle.key) for toggle in self.app.toggle if toggle.label == title)
        self.click(key.removesuffix(".on") + ".tune")

    def words(self) -> str:
        """All that is written on the page."""
        kinds = (self.app.markdown, self.app.caption, self.app.info, self.app.success, self.app.warning, self.app.error)
        return "\n".join(one.value for kind in kinds for one in kind)


@contextmanager
def clean_page(folder: Path, monkeypatch: pytest.MonkeyPatch, texts: Sequence[str]) -> Iterator[CleanPage]:
    """The page on a project with these texts as its records."""
    import streamlit as st

    store = open_store(folder / "w.duckdb")
    project = projects.create(store, "p")
    add_records(store, project, list(texts))
    made = CleanPage(AppTest.from_function(_draw, default_timeout=30), store, project)
    made.app.session_state["test.store"], made.app.session_state["test.project"] = store, project

    def link(_: object, *, label: str, query_params: dict[str, str] | None = None, **__: object) -> None:
        made.links.append((label, (query_params or {}).get("where", "")))

    monkeypatch.setattr(st, "page_link", link)
    yield made
    store.close()


def _draw() -> None:
    import streamlit as st

    from app.views import clean

    st.session_state["pages"] = {"import": None, "records": None}
    clean.render(st.session_state["test.store"], st.session_state["test.project"])
