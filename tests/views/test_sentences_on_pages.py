"""A page in Chinese says in Chinese what the pipeline says in English: errors, rejected rows, jobs, verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.widgets.text import plain
from pipeline import jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.verbs.clean import Clean
from pipeline.verbs.import_file import Import
from tests.conftest import add_records

Open = Callable[[str], AppTest]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "w.duckdb")
    yield store
    store.close()


@pytest.fixture
def open_page(here: Store, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page by its module, in Chinese, with the project `p` if there is one."""
    import streamlit as st

    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)

    def opened(module: str, **params: str) -> AppTest:
        app = AppTest.from_function(_draw, default_timeout=30)
        app.session_state["test.store"], app.session_state["test.page"] = here, module
        app.session_state["language"] = "zh"
        for name, value in params.items():
            app.query_params[name] = value
        return app.run()

    return opened


def _draw() -> None:
    import importlib
    from collections import defaultdict

    import streamlit as st

    from pipeline.store import projects

    store, page = st.session_state["test.store"], st.session_state["test.page"]
    st.session_state["pages"] = defaultdict(lambda: None)
    known = projects.all_projects(store)
    importlib.import_module(f"app.views.{page}").render(store, known[0] if known else None)


def project(store: Store, texts: list[str]) -> Project:
    made = projects.get_or_create(store, "p")
    add_records(store, made, texts)
    return made


def words(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(one.value for kind in (app.error, app.warning, app.markdown, app.caption) for one in kind)


@pytest.mark.parametrize(
    ("name", "content", "chinese"),
    [
        ("一 is a {表}.xlsx", b"PK\x03\x04....xl/workbook.xml", "一 is a {表}.xlsx 已损坏，无法解压。请重新复制该文件。"),
        ("leer.csv", b"\n\n", "leer.csv 是空文件，没有可导入的内容。"),
        ("a.csv", b"text,text\nx,y\n", "a.csv 中有多列同名“text”。请重命名或删除多余的列。"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported(open_page, name, content, chinese):
    app = open_page("importing")
    app.file_uploader(key="importing.file").set_value((name, content, "text/plain")).run()
    assert [error.value for error in app.error] == [plain(chinese)]


def test_the_rows_that_were_not_taken(here, open_page, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text,split\nfine words,train\nother words,nowhere\n", encoding="utf-8")
    made = projects.get_or_create(here, "p")
    job = jobs.run(here, Import(str(file), text_column="text", split_column="split"), made.id)
    app = open_page("importing", job=str(job.id))
    assert app.dataframe[0].value["reason"].tolist() == ["“nowhere”不是划分名称。请使用 train、validation 或 test。"]


def test_a_job_that_failed(here, open_page):
    made = project(here, ["a text"])
    job_id = jobs.start(here, Clean(steps=[["nosuchstep", {}]]), made.id)
    while job_store.get(here, job_id).state == "running":
        time.sleep(0.02)
    assert job_store.get(here, job_id).error.startswith("There is no step named 'nosuchstep'")
    assert plain("没有名为“nosuchstep”的步骤，现有：") in words(open_page("overview"))


def test_a_filter_that_cannot_be_read(here, open_page):
    project(here, ["a text"])
    shown = words(open_page("records", where="state=nowhere"))
    assert plain("“nowhere”不是记录状态。") in shown


def test_what_cleaning_says_of_a_record(here, open_page):
    made = project(here, ["", "a text that is long enough"])
    jobs.run(here, Clean(steps=[["empty", {}]]), made.id)
    table = open_page("records", where="state=dropped").dataframe[0].value
    assert "没有文本" in table["状态"].iloc[0]


def test_an_action_that_is_refused(here, open_page, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text\nfine words\n", encoding="utf-8")
    made = projects.get_or_create(here, "p")
    job = jobs.run(here, Import(str(file), text_column="text"), made.id)
    busy = job_store.open_job(here, "clean", made.id, {})
    with pytest.raises(WorkbenchError, match="is still running"):
        job_store.undo(here, job.id)
    app = open_page("importing", job=str(job.id))
    app.button(key=f"job.undo.{job.id}").click().run()
    assert plain(f"作业 {busy}（清洗）仍在此项目上运行。请等待其结束或将其取消。") in words(app)
