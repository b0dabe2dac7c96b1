"""The augment page: choose, preview, run, see what was made, take it back; in both languages, with nothing there too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.difference import marked
from pipeline import jobs
from pipeline.dedup.diff import differences
from pipeline.store import Store, augmented, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.verbs.augment import Augment
from tests.augmenting import in_this_process
from tests.conftest import add_records

ENGLISH = [
    "This is a *good* film and I like it",
    "It was a waste of time :red[x]",
    "refuse <b>this</b> one that is not for you",
]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    in_this_process(monkeypatch)
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


def page(store: Store, texts: list[str], language: str = "en") -> AppTest:
    def script() -> None:
        import streamlit as st

        from app.views import augment as view
        from pipeline.store import projects

        pages = {name: st.Page(lambda: None, title=name, url_path=name) for name in ("import", "records")}
        st.navigation([st.Page(lambda: None, title="here", default=True), *pages.values()], position="hidden")
        st.session_state["pages"] = pages
        store = st.session_state["store"]
        view.render(store, projects.get(store, "p"))

    project = projects.get_or_create(store, "p")
    if texts:
        add_records(store, project, texts)
    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["store"] = store
    app.session_state["language"] = language
    return ran(app.run())


def ran(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    places = (app.markdown, app.info, app.warning, app.error, app.caption, app.success)
    return "\n".join(element.value for place in places for element in place)


def choose(app: AppTest, name: str) -> None:
    ran(app.selectbox(key="augment.name").select(name).run())


@pytest.mark.parametrize(("language", "words"), [("en", "Import a file"), ("zh", "导入文件")])
def test_an_empty_project_is_sent_to_the_import(store, language, words):
    app = page(store, [], language)
    assert words in app.info[0].value
    assert not app.button


def test_a_preview_shows_ten_side_by_side_and_stores_nothing(store):
    app = page(store, ENGLISH)
    choose(app, "echo")
    ran(app.button(key="augment.look").click().run())
    assert "2 of 3 came out" in said(app)
    assert r"This is a \*good\* film" in said(app)
    assert ":green-background[" in said(app)
    assert augmented.count(store, 1) == {"originals": 3, "augmented": 0}
    ran(app.number_input(key="augment.seed").set_value(14).run())
    assert "came out" not in said(app)


def test_augment_all_then_undo_and_redo(store):
    app = page(store, ENGLISH)
    choose(app, "echo")
    ran(app.button(key="augment.start").click().run())
    job = jobs.wait(store, job_store.recent(store, 1, kind="augment")[0].id)
    ran(app.run())
    assert [metric.value for metric in app.metric] == ["2", "1"]
    assert "2 augmented" in said(app)
    ran(app.button(key=f"job.undo.{job.id}").click().run())
    assert augmented.count(store, 1)["augmented"] == 0
    ran(app.button(key=f"job.redo.{job.id}").click().run())
    assert augmented.count(store, 1)["augmented"] == 2
    ran(app.button(key="augment.look").click().run())
    assert "0 of 3 came out" in said(app)


def test_what_is_missing_is_said_and_the_buttons_wait(store):
    app = page(store, ENGLISH)
    choose(app, "absent")
    assert r"pip install absent" in app.warning[0].value
    assert app.button(key="augment.look").disabled
    assert app.button(key="augment.start").disabled


def test_a_chinese_project_is_told_what_works_for_chinese(store):
    app = page(store, ["这家酒店非常干净，服务也很好。", "房间太小了。"], "zh")
    assert "中文" in app.info[0].value
    assert "echo" in app.info[0].value
    choose(app, "echo")
    assert not any("看来是" in element.value for element in app.info)


def test_a_bad_filter_is_a_sentence_and_a_good_one_is_used(store):
    app = page(store, ENGLISH)
    choose(app, "echo")
    ran(app.selectbox(key="augment.which").select("filter").run())
    ran(app.text_input(key="augment.filter").input("colour=red").run())
    assert "colour" in app.error[0].value
    assert app.button(key="augment.start").disabled
    ran(app.text_input(key="augment.filter").input("text=good").run())
    ran(app.button(key="augment.start").click().run())
    jobs.wait(store, job_store.recent(store, 1, kind="augment")[0].id)
    assert augmented.count(store, 1)["augmented"] == 1


def test_earlier_jobs_can_be_taken_back_too(store):
    project = projects.get_or_create(store, "p")
    add_records(store, project, ENGLISH)
    first, second = (jobs.run(store, Augment("echo", seed=seed), project.id) for seed in (1, 2))
    app = page(store, [], "zh")
    assert app.button(key=f"job.undo.{second.id}")
    ran(app.button(key=f"job.undo.{first.id}").click().run())
    assert augmented.count(store, 1)["augmented"] == 2
    assert job_store.get(store, first.id).state == "undone"


def test_a_failed_job_says_why_and_can_go_on(store, monkeypatch):
    monkeypatch.setattr("tests.augmenting.HereWorker.breaks_after", 0)
    app = page(store, ENGLISH)
    choose(app, "echo")
    ran(app.button(key="augment.start").click().run())
    job = jobs.wait(store, job_store.recent(store, 1, kind="augment")[0].id)
    ran(app.run())
    assert "The worker broke" in said(app)
    monkeypatch.setattr("tests.augmenting.HereWorker.breaks_after", None)
    ran(app.button(key=f"job.continue.{job.id}").click().run())
    until = time.monotonic() + 10
    while job_store.get(store, job.id).state == "running" and time.monotonic() < until:
        time.sleep(0.02)
    assert augmented.count(store, 1)["augmented"] == 2


def test_the_marks_hold_escaped_text():
    left, right = differences("a *b* c", "a [d](e) c\nx")
    assert ":orange-background[" in marked(left, "orange")
    assert r"\*" in marked(left, "orange")
    assert "](e)" not in marked(right, "green")
    assert marked(differences("我喜欢它", "我不喜欢它")[1], "green") == "我:green-background[不]喜欢它"
