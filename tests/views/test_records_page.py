"""The records page and the overview: what they count is what they open; a project can be taken away as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.words import t
from pipeline.annotate import define
from pipeline.domain import Verdict
from pipeline.jobs import run
from pipeline.store import Store, jobs, open_store, projects, records, runs, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer
from pipeline.store.database import Cursor
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records


def draw() -> None:
    import importlib

    import streamlit as st

    from pipeline.store import projects as project_store

    store, view = st.session_state["test.store"], st.session_state["test.view"]
    st.page_link = lambda *_, label, query_params=None, **__: st.caption(
        f"link {label} {query_params}"
    )  # no pages here
    st.session_state["pages"] = dict.fromkeys(
        ("overview", "import", "records", "clean", "duplicates", "augment", "label", "versions", "train", "errors")
    )
    importlib.import_module(f"app.views.{view}").render(store, project_store.all_projects(store)[0])


@pytest.fixture
def filled(tmp_path: Path):
    store = open_store(tmp_path / "w.duckdb")
    project = projects.create(store, "p")
    task = define(store, project, labels=["good", "bad"], guideline="")
    add_records(store, project, ["one", "two *stars*", "三"])
    ids = records.ids(store, project.id)
    verdicts.decide(store, project.id, "keep", [Verdict(ids[2], "by hand", "drop", "no")])
    for who in ("ann", "ben"):
        answer_store.submit(store, task.id, who, [Answer(f"{who}1", ids[0], "submitted", {"label": "good"})])
    yield store
    store.close()


def page(store: Store, view: str) -> AppTest:
    app = AppTest.from_function(draw, default_timeout=30)
    app.session_state["test.store"], app.session_state["test.view"] = store, view
    return app


def test_a_number_is_what_its_link_opens(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "page_link", st.page_link)
    app = page(filled, "overview").run()
    assert not app.exception
    shown = {metric.label: metric.value for metric in app.metric}
    assert (shown["Imported"], shown["In the data set"], shown["Dropped"], shown["Labelled"]) == ("3", "2", "1", "1")
    assert any("link good: 1" in caption.value for caption in app.caption)  # two people, one record


def test_search_and_export(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "page_link", st.page_link)
    app = page(filled, "records").run()
    assert not app.exception
    assert any("Records found: **3**" in text.value for text in app.markdown)
    next(button for button in app.button if button.key.startswith("versions.prepare")).click()
    app.run()
    assert not app.exception
    (written,) = (filled.folder / "exports").glob("*.jsonl")
    rows = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == ["one", "two *stars*"]
    assert [a["annotator"] for a in rows[0]["annotations"]] == ["ann", "ben"]
    app = page(filled, "records")
    app.query_params["where"] = "state=dropped"
    app.run()
    assert any("Records found: **1**" in text.value for text in app.markdown)


def test_a_request_on_a_dropped_record_is_nothing_to_do_next(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "page_link", st.page_link)
    project = projects.get(filled, "p")
    for kind in ("clean", "dedupe"):
        jobs.close_job(filled, jobs.open_job(filled, kind, project.id, {}), "done", {})
    ids = records.ids(filled, project.id)
    task = projects.tasks(filled, project.id)[0]
    answer_store.submit(filled, task.id, "ann", [Answer("ann-second", ids[1], "submitted", {"label": "good"})])
    filled.transact(
        lambda cursor: runs.ask_relabel(
            filled, cursor, job_id=1, task_id=task.id, run_id=None, reasons={ids[2]: "a run says otherwise"}
        )
    )
    app = page(filled, "overview").run()
    assert not app.exception
    assert t("overview.next_versions") in [text.value for text in app.markdown]


def test_an_open_record_says_who_is_no_person_and_that_there_is_no_text(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "page_link", st.page_link)
    project = projects.get(filled, "p")
    task = projects.tasks(filled, project.id)[0]
    add_records(filled, project, [" "], ids=["bare"])
    (bare,) = records.ids(filled, project.id, records.RecordFilter(external="bare"))
    simulated = answer_store.SIMULATED
    given = [Answer("simulated-1", bare, "submitted", {"label": "good"})]

    def write(cursor: Cursor) -> None:
        answer_store.enlist(cursor, simulated, "simulated")
        answer_store.append(filled, cursor, task.id, simulated, given, None)

    filled.transact(write)
    app = page(filled, "records")
    app.query_params["where"], app.query_params["lang"] = f"id={bare}", "zh"
    app.run()
    assert not app.exception
    assert "*没有文本*" in [text.value for text in app.markdown]
    (history,) = [table.value for table in app.dataframe if "谁" in table.value.columns]
    assert list(history["谁"]) == ["模拟标注"]


def test_why_a_near_duplicate_was_dropped_is_said_in_chinese(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    monkeypatch.setattr(st, "page_link", st.page_link)
    project = projects.get(filled, "p")
    add_records(filled, project, ["the same words again and again here"] * 2, ids=["r4", "r5"])
    run(filled, Dedupe(threshold=0.7, shingle="word:3"), project.id)
    app = page(filled, "records")
    app.query_params["where"], app.query_params["lang"] = "state=dropped step=dedupe", "zh"
    app.run()
    assert not app.exception
    assert list(app.dataframe[0].value["状态"]) == ["被“近似重复”丢弃：与 r4 近似重复（相似度 1.000）"]


def test_a_text_is_corrected_by_hand_and_the_correction_taken_back(filled: Store) -> None:
    def at(word: str, keys: Iterable[Any]) -> Any:
        return next(one for one in keys if one.key.startswith(f"records.{word}."))

    first = records.ids(filled, 1)[0]
    app = page(filled, "records")
    app.query_params["where"] = f"id={first}"
    app.session_state["label.annotator"] = "eve"
    app.run()
    at("edit", app.text_area).set_value("one, corrected").run()
    at("save", app.button).click().run()
    assert not app.exception
    assert records.get(filled, first).text == "one, corrected"
    job = jobs.recent(filled, 1, kind="edit")[0]
    assert job.params["author"] == "eve"
    assert at("edit", app.text_area).value == "one, corrected"
    at("undo_text", app.button).click().run()
    assert not app.exception
    assert records.get(filled, first).text == "one"
    assert at("edit", app.text_area).value == "one"
    assert not [one for one in app.button if one.key and one.key.startswith("records.undo_text")]


def test_a_correction_under_a_job_at_work_is_refused_in_words(filled: Store) -> None:
    busy = jobs.open_job(filled, "clean", 1, {})
    first = records.ids(filled, 1)[0]
    app = page(filled, "records")
    app.query_params["where"] = f"id={first}"
    app.run()
    next(one for one in app.text_area if one.key.startswith("records.edit.")).set_value("else").run()
    next(one for one in app.button if one.key.startswith("records.save.")).click().run()
    assert any(f"Job {busy}" in error.value and "is still running" in error.value for error in app.error)
    assert records.get(filled, first).text == "one"
