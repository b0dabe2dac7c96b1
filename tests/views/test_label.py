"""The label page around the annotator: who you are, what is asked, and the sample's simulated annotator."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.words import t
from pipeline import annotate
from pipeline.store import open_store, projects
from tests.conftest import add_records

MAIN = str(Path(__file__).resolve().parent.parent.parent / "app" / "main.py")


def page(database: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("WINNOW_DB", str(database))
    test = AppTest.from_function(_draw, default_timeout=30)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def _draw() -> None:
    """The label page as the router draws it, without the menu: AppTest cannot follow st.navigation to a page."""
    import os

    import streamlit as st

    from app.views import label
    from pipeline.store import open_store, projects

    st.session_state["pages"] = {"versions": "https://example.org"}
    store = st.cache_resource(open_store)(os.environ["WINNOW_DB"])
    label.render(store, projects.get(store, "p"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "label.duckdb"
    truth = tmp_path / "truth.csv"
    truth.write_text("id,label\nr1,yes\nr2,no\n", encoding="utf-8")
    store = open_store(path)
    add_records(store, projects.create(store, "p", {"truth": str(truth)}), ["one", "two"])
    store.close()
    return path


def define(path: Path) -> None:
    store = open_store(path)
    annotate.define(store, projects.get(store, "p"), labels=["yes", "no"], guideline="Say **yes** when in doubt.")
    store.close()


def test_without_labels_they_are_asked_for(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = page(database, monkeypatch)
    assert not test.exception
    assert [s.value for s in test.subheader] == [t("label.define")]
    test.text_area[0].set_value("good\nbad\ngood")
    test.button[0].click().run()
    assert "twice" in test.error[0].value
    test.text_area[0].set_value("good\nbad")
    test.button[0].click().run()
    assert not test.exception
    assert [s.value for s in test.subheader] == [t("label.who")]


def test_a_person_is_asked_once(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    define(database)
    test = page(database, monkeypatch)
    test.text_input(key="label.name").set_value("  ")
    test.button[0].click().run()
    assert test.error
    test.text_input(key="label.name").set_value("Anna")
    test.button[0].click().run()
    assert not test.exception
    assert test.query_params["annotator"] in ("Anna", ["Anna"])
    assert "Say **yes** when in doubt." in [m.value for m in test.markdown]


def test_the_simulated_annotators_name_is_not_a_persons(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    define(database)
    test = page(database, monkeypatch, annotator="anna")
    assert not test.exception
    test.button(key="label.simulate").click().run()
    assert not test.exception
    again = page(database, monkeypatch, annotator="simulated")
    assert "simulated" in again.error[0].value


def test_settings_change_the_task(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    define(database)
    test = page(database, monkeypatch, annotator="anna")
    test.text_area[0].set_value("yes\nno\nmaybe")
    save = next(button for button in test.button if button.label == t("label.settings_save"))
    save.click().run()
    assert not test.exception
    assert test.text_area[0].value == "yes\nno\nmaybe"
