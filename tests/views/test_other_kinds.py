"""The pages from import to errors for tasks that ask for more than one label: they show it, and say what they cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline import jobs
from pipeline.export import export_to
from pipeline.jobs import verbs
from pipeline.store import Store, open_store, projects, versions
from pipeline.store import jobs as job_store
from pipeline.tasks import tasks
from pipeline.verbs.import_file import Import

ANNA = {"start": 0, "end": 4, "label": "person", "text": "Anna"}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A project of entities, its twelve records answered."""
    import streamlit as st

    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    opened = open_store(tmp_path / "w.duckdb")
    project = projects.create(opened, "p")
    definition = tasks.get("entities")().definition(())
    projects.save_task(opened, project.id, name="names", kind="entities", definition=definition)
    rows = [{"text": f"Anna wrote {i} letters, and {i * i} cards.", "entities": [ANNA] if i else []} for i in range(12)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    jobs.run(opened, Import(str(path), labels_by="ana"), project.id)
    yield opened
    opened.close()


def page(store: Store, view: str, language: str = "en", **query: str) -> AppTest:
    def draw() -> None:
        import importlib

        import streamlit as st

        from pipeline.store import projects

        class Pages(dict):
            def __missing__(self, name: str) -> None:
                return None

        st.session_state["pages"] = Pages()
        store = st.session_state["test.store"]
        view = importlib.import_module(f"app.views.{st.session_state['test.view']}")
        view.render(store, projects.get(store, "p"))

    app = AppTest.from_function(draw, default_timeout=60)
    app.session_state["test.store"], app.session_state["test.view"] = store, view
    app.session_state["language"] = language
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.info, *app.success, *app.warning, *app.error, *app.caption, *app.markdown, *app.subheader]
    return "\n".join(part.value for part in parts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_versions_are_forecast_frozen_and_shown(store: Store, language: str) -> None:
    app = page(store, "versions", language)
    assert app.dataframe[0].value.to_numpy().tolist() == [["entities", 12]]
    app.button(key="versions.go").click().run()
    jobs.wait(store, int(app.query_params["job"][0]))
    app.run()
    assert not app.exception
    (version,) = versions.all_versions(store)
    assert f"`{version.short}`" in said(app)
    answered = next(frame.value for frame in app.dataframe if len(frame.value.columns) == 5)
    assert answered.iloc[0, 0] == "entities"
    assert answered.iloc[0, 2:].sum() == 12


@pytest.mark.parametrize(("language", "words"), [("en", "question of the kind 'choice'"), ("zh", "单选")])
def test_the_train_page_says_what_can_be_trained(store: Store, language: str, words: str) -> None:
    jobs.run(store, verbs.get("freeze")(), projects.get(store, "p").id)
    app = page(store, "train", language)
    assert words in app.error[0].value
    assert app.button(key="train.start").disabled


@pytest.mark.parametrize(("language", "words"), [("en", "question of the kind 'choice'"), ("zh", "单选")])
def test_the_errors_page_says_that_there_will_be_none(store: Store, language: str, words: str) -> None:
    assert words in page(store, "errors", language).info[0].value


def test_records_show_the_answers_in_words(store: Store) -> None:
    app = page(store, "records")
    shown = app.dataframe[0].value
    labels = next(name for name in shown.columns if "abel" in name)
    assert list(shown[labels][:2]) == ["– (ana)", "Anna → person (ana)"]


def test_an_exported_file_brings_its_answers_through_the_page(store: Store, tmp_path: Path) -> None:
    export_to(store, project="p", out=tmp_path / "out.jsonl")
    other = projects.create(store, "q")
    definition = tasks.get("entities")().definition(())
    projects.save_task(store, other.id, name="names", kind="entities", definition=definition)
    app = page(store, "importing")
    app.file_uploader(key="importing.file").set_value(
        ("out.jsonl", (tmp_path / "out.jsonl").read_bytes(), "text/plain")
    ).run()
    assert not app.exception
    assert "exported by Winnow" in said(app)
    next(box for box in app.selectbox if str(box.key).startswith("importing.project.")).set_value("q").run()
    app.button(key="importing.start").click().run()
    assert not app.exception
    asked = app.query_params["job"]
    job = int(asked if isinstance(asked, str) else asked[0])
    jobs.wait(store, job)
    assert job_store.get(store, job).result["annotations"] == 12
