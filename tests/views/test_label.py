"""The label page around the annotator: who you are, what is asked, and the sample's simulated annotator."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.words import t
from pipeline import annotate
from pipeline.store import annotations as answer_store
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

    st.session_state["pages"] = dict.fromkeys(("versions", "task"), "https://example.org")
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


def test_without_a_task_the_way_to_the_task_page_is_shown(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = page(database, monkeypatch, annotator="anna")
    assert not test.exception
    assert [one.value for one in test.info] == [t("label.no_task")]


def test_a_task_without_labels_says_what_is_missing(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(database)
    definition = {"questions": [{"kind": "choice", "name": "label", "labels": []}]}
    projects.save_task(store, projects.get(store, "p").id, name="label", kind="classification", definition=definition)
    store.close()
    test = page(database, monkeypatch, annotator="anna")
    assert not test.exception
    assert "no labels yet" in test.info[0].value


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
    again = page(database, monkeypatch, annotator="simulated")
    assert "simulated" in again.error[0].value


def test_what_changed_in_the_guideline_since_ones_last_answer_is_shown(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(database)
    store = open_store(database)
    project = projects.get(store, "p")
    task = annotate.labelling_task(store, project)
    assert task is not None
    said = {"event_id": "anna-first", "record_id": 1, "state": "submitted", "value": {"label": "yes"},
            "guideline_revision": 1}  # fmt: skip
    assert annotate.submit(store, task, "anna", [said])[0].ok
    annotate.define(store, project, labels=["yes", "no"], guideline="Say **no** when in doubt.")
    store.close()
    told = page(database, monkeypatch, annotator="anna")
    assert not told.exception
    assert [one.label for one in told.expander] == [t("task.guideline_what_changed", n=1)]
    fresh = page(database, monkeypatch, annotator="ben")
    assert not fresh.expander
    fresh.toggle(key="label.guideline").set_value(False).run()
    assert not fresh.exception
    assert "Say **no** when in doubt." not in [one.value for one in fresh.markdown]


def test_a_project_with_several_tasks_has_a_switch(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    define(database)
    store = open_store(database)
    other = {"questions": [{"kind": "rating", "name": "mark"}]}
    projects.save_task(store, projects.get(store, "p").id, name="second", kind="rating", definition=other)
    store.close()
    test = page(database, monkeypatch, annotator="anna")
    test.selectbox(key="label.task.label").set_value("second").run()
    assert not test.exception
    assert test.query_params["task"] in ("second", ["second"])


def test_a_name_that_was_taken_meanwhile_is_a_sentence(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    define(database)
    store = open_store(database)
    store.transact(lambda cursor: answer_store.enlist(cursor, "kim", "simulated"))
    store.close()
    monkeypatch.setenv("WINNOW_DB", str(database))
    test = AppTest.from_function(_draw_for_kim, default_timeout=30).run()
    assert not test.exception
    assert "Choose another name" in test.error[0].value


def _draw_for_kim() -> None:
    """The annotator as it goes on for a person whose name was free when the page was opened."""
    import os

    import streamlit as st

    from app.widgets.annotator import _box, annotator
    from pipeline.annotate import labelling_task
    from pipeline.store import open_store, projects

    store = st.cache_resource(open_store)(os.environ["WINNOW_DB"])
    project = projects.get(store, "p")
    task = labelling_task(store, project)
    said = {"event_id": "kim-first", "record_id": 1, "state": "submitted", "value": {"label": "yes"}}
    key = f"label.annotator.{_box(store, project, task, 'kim')}"
    st.session_state[key] = {"outbox": {"turn": 1, "have": [], "guideline": None, "events": [said]}}
    annotator(store, project, task, "kim", {})
