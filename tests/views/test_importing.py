"""The import page: upload, guess, mapping, import, what became of it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipeline.store import Store, annotations, open_store, projects, records
from pipeline.store import jobs as job_store

CSV = "nr,文本,情感\n1,很好,正面\n2,不好,负面\n3\n4,<b>*好*</b>,正面\n".encode("gb18030")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[AppTest, Store]]:
    """The page on a database without a project."""
    import streamlit as st

    store = open_store(tmp_path / "w.duckdb")
    app = AppTest.from_function(_draw, default_timeout=30)
    app.session_state["test.store"] = store
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    yield app, store
    store.close()


def _draw() -> None:
    import streamlit as st

    from app.views import importing
    from pipeline.store import projects

    store, name = st.session_state["test.store"], st.query_params.get("project")
    st.session_state["pages"] = {"clean": None, "records": None}
    importing.render(store, projects.get(store, name) if name else None)


def give(app: AppTest, name: str, content: bytes) -> None:
    app.file_uploader(key="importing.file").set_value((name, content, "text/plain")).run()
    assert not app.exception


def param(app: AppTest, name: str) -> str:
    value = app.query_params.get(name, "")
    return value if isinstance(value, str) else value[0]


def press(app: AppTest, store: Store) -> None:
    app.button(key="importing.start").click().run()
    while job_store.get(store, int(param(app, "job"))).state == "running":
        time.sleep(0.05)
    app.run()
    assert not app.exception


def column(app: AppTest, role: str) -> object:
    return next(box for box in app.selectbox if str(box.key).startswith(f"importing.{role}.")).value


def test_without_a_file_it_says_what_to_do(page: tuple[AppTest, Store]) -> None:
    app, _ = page
    app.run()
    assert not app.exception
    assert "Choose a table" in app.info[0].value
    assert not app.button


def test_a_file_becomes_a_project(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "评论.csv", CSV)
    assert "CSV in GB18030, 3 columns" in app.caption[0].value
    assert (column(app, "text"), column(app, "label"), column(app, "id")) == ("文本", "情感", "-")
    assert list(app.dataframe[0].value["文本"]) == ["很好", "不好", "<b>*好*</b>"]
    assert "line 4" in app.warning[0].value
    next(box for box in app.text_input if str(box.key).startswith("importing.by.")).set_value("小王").run()
    press(app, store)
    assert param(app, "project") == "评论"
    project = projects.get(store, "评论")
    assert [row["text"] for row in records.page(store, project.id)] == ["很好", "不好", "<b>*好*</b>"]
    assert [one["name"] for one in annotations.annotators(store)] == ["小王"]
    assert [metric.value for metric in app.metric] == ["3", "1", "3"]
    assert app.dataframe[0].value["line"].tolist() == [4]
    app.button(key="importing.another").click().run()
    assert not app.exception
    assert "job" not in app.query_params


def test_labels_can_be_suggestions_or_nothing(page: tuple[AppTest, Store]) -> None:
    app, store = page
    for way, expected in (("suggestions", (0, 3)), ("ignore", (0, 0))):
        app.query_params.clear()
        app.run()
        give(app, f"{way}.csv", CSV)
        app.radio[0].set_value(way).run()
        press(app, store)
        result = job_store.get(store, int(param(app, "job"))).result
        assert (result["annotations"], result["suggestions"]) == expected


def test_the_same_file_is_asked_about(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "a.csv", b"text\nfine\n")
    press(app, store)
    app.button(key="importing.another").click().run()
    give(app, "a.csv", b"text\nfine\n")
    assert "This very file was imported" in app.warning[0].value
    app.toggle[0].set_value(True).run()
    press(app, store)
    assert records.count(store, projects.get(store, "a").id) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 workbook", "is an old Excel workbook"),
        ("a.csv", b"", "is empty"),
        ("a.json", b'[{"text": "a"}', "not valid JSON"),
    ],
)
def test_a_file_that_is_none_is_a_sentence(page: tuple[AppTest, Store], name: str, content: bytes, words: str) -> None:
    app, store = page
    app.run()
    give(app, name, content)
    assert words in app.error[0].value
    assert not app.button
    assert projects.all_projects(store) == []


def test_a_name_that_is_taken_or_bad_is_a_sentence(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "a.csv", b"text\nfine\n")
    next(box for box in app.text_input if str(box.key).startswith("importing.name.")).set_value("a/b").run()
    app.button(key="importing.start").click().run()
    assert "cannot name a project" in app.error[0].value
    assert projects.all_projects(store) == []


def test_a_job_that_is_not_there_is_a_sentence(page: tuple[AppTest, Store]) -> None:
    app, _ = page
    app.query_params["job"] = "77"
    app.run()
    assert not app.exception
    assert "no job 77" in app.error[0].value


def test_the_file_of_rejections_runs_nothing_in_a_spreadsheet() -> None:
    import pandas as pd

    from app.widgets.import_result import _as_csv

    table = pd.DataFrame([{"line": 2, "field": "=cmd|' /C calc'!A0", "reason": "-1 is not a split."}])
    assert _as_csv(table).decode("utf-8-sig").splitlines()[1] == "2,'=cmd|' /C calc'!A0,'-1 is not a split."


def test_it_speaks_chinese(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.session_state["language"] = "zh"
    app.run()
    give(app, "评论.csv", CSV)
    assert app.button(key="importing.start").label == "导入"
    press(app, store)
    assert [metric.label for metric in app.metric] == ["记录", "被拒绝的行", "答案"]


def test_a_file_without_labels_leaves_the_task_for_later(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "plain.csv", b"text\none\ntwo\n")
    assert app.selectbox(key="importing.task").value == "-"
    press(app, store)
    project = projects.get(store, "plain")
    assert records.count(store, project.id) == 2
    assert not projects.tasks(store, project.id)


def marked(n: int, text: str, *spans: list[object]) -> str:
    return json.dumps({"id": n, "text": text, "label": list(spans), "Comments": []}, ensure_ascii=False) + "\n"


def start(app: AppTest) -> bool:
    """Whether the import can be started."""
    return not app.button(key="importing.start").disabled


def test_a_file_of_another_tool_shows_what_it_holds_and_asks_for_its_unit(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "marks.jsonl", marked(1, "👩‍👧 met Anna in Rome", [12, 16, "PER"]).encode())
    assert app.metric[0].value == "1"
    assert app.dataframe[1].value.iloc[0].tolist() == ["spans", "Marked places", "PER"]
    (unit,) = (one for one in app.radio if str(one.key).startswith("importing.unit."))
    assert not start(app), "nobody has said in what its offsets count"
    samples = app.dataframe[2].value
    assert "[" in str(samples["UTF-16 units"][0])
    unit.set_value("UTF-16 units").run()
    assert start(app)
    press(app, store)
    (row,) = store.rows("SELECT value FROM annotation_now")
    assert json.loads(row["value"])["spans"][0]["start"] == len(
        "👩‍👧 met Anna in Rome".encode("utf-16-le")[:24].decode("utf-16-le")
    )


def test_questions_and_labels_are_fitted_to_a_project_that_has_a_task(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "ours.jsonl", marked(1, "Anna in Rome", [0, 4, "person"]).encode())
    press(app, store)
    app.button(key="importing.another").click().run()
    give(app, "theirs.jsonl", marked(2, "Tom in Oslo", [0, 3, "PER"], [7, 11, "LOC"]).encode())
    (takes,) = (box for box in app.selectbox if str(box.key).startswith("importing.takes."))
    assert takes.value == "spans"
    next(one for one in app.radio if str(one.key).startswith("importing.new.")).set_value("map").run()
    boxes = {str(box.key).rpartition(".")[2]: box for box in app.selectbox if str(box.key).startswith("importing.is.")}
    assert set(boxes) == {"PER", "LOC"}
    boxes["PER"].set_value("person").run()
    next(box for box in app.selectbox if str(box.key).endswith(".LOC")).set_value("-").run()
    press(app, store)
    values = [json.loads(row["value"])["spans"] for row in store.rows("SELECT value FROM annotation_now ORDER BY id")]
    assert [[(span["label"], span["text"]) for span in one] for one in values] == [
        [("person", "Anna")],
        [("person", "Tom")],
    ]


def test_all_members_of_an_archive_are_looked_through(page: tuple[AppTest, Store]) -> None:
    app, store = page
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        packed.writestr("alice.jsonl", marked(1, "Anna in Rome", [0, 4, "PER"]))
        packed.writestr("bob.jsonl", marked(1, "Anna in Rome") + marked(2, "👩‍👧 met Anna in Rome", [12, 16, "LOC"]))
    app.run()
    give(app, "both.zip", sink.getvalue())
    assert any("2 files" in one.value for one in app.caption)
    assert app.metric[0].value == "3"
    next(one for one in app.radio if str(one.key).startswith("importing.unit.")).set_value("UTF-16 units").run()
    press(app, store)
    assert {one["name"] for one in annotations.annotators(store)} == {"alice", "bob"}
    app.button(key="importing.another").click().run()
    give(app, "both.zip", sink.getvalue())
    assert any("This very file was imported" in one.value for one in app.warning)


def test_another_format_can_be_named_with_its_settings(page: tuple[AppTest, Store]) -> None:
    app, store = page
    app.run()
    give(app, "a.txt", b"the first line\nthe second line\n")
    next(box for box in app.selectbox if str(box.key).startswith("importing.format.")).set_value("squad").run()
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.endswith(".")
    next(box for box in app.selectbox if str(box.key).startswith("importing.format.")).set_value("fasttext").run()
    assert not app.exception
    next(box for box in app.text_input if str(box.key).endswith("fasttext.prefix")).set_value("the ").run()
    press(app, store)
    assert records.count(store, projects.get(store, "a").id) == 2


def test_a_file_of_another_tool_in_chinese(page: tuple[AppTest, Store]) -> None:
    app, _ = page
    app.session_state["language"] = "zh"
    app.run()
    give(app, "marks.jsonl", marked(1, "👩‍👧 met Anna in Rome", [12, 16, "PER"]).encode())
    assert app.metric[0].label == "记录"
    assert any(one.label == "偏移量单位" for one in app.radio)
    assert any("偏移量" in one.value for one in app.warning)
