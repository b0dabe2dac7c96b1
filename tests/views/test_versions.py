"""The versions page: empty states with a next step, freezing, the card, leaks, and a download."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from pipeline import jobs
from pipeline.jobs import verbs
from pipeline.store import Store, annotations, open_store, projects, records, versions
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.tasks import tasks


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


def page(store: Store, language: str = "en", **params: str) -> AppTest:
    def script() -> None:
        import streamlit as st

        from app.views import versions as view
        from pipeline.store import projects

        class Pages(dict):
            def __missing__(self, name: str) -> object:
                return st.Page(lambda: None, title=name, url_path=name)

        pages = Pages()
        for name in ("import", "label", "records", "train"):
            pages[name] = st.Page(lambda: None, title=name, url_path=name)
        st.navigation([st.Page(lambda: None, title="here", default=True), *pages.values()], position="hidden")
        st.session_state["pages"] = pages
        store = st.session_state["store"]
        view.render(store, projects.get(store, "p"))

    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["store"] = store
    app.session_state["language"] = language
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


def said(app: AppTest) -> str:
    parts = [*app.info, *app.success, *app.warning, *app.error, *app.caption, *app.markdown, *app.subheader]
    return "\n".join(part.value for part in parts)


def put(store: Store, texts: list[str], **columns: list) -> None:
    project = projects.get(store, "p")
    job = job_store.open_job(store, "import", project.id, {})
    n = len(texts)
    base = {"project_id": pa.array([project.id] * n, pa.int32()), "job_id": pa.array([job] * n, pa.int32()),
            "external_id": [f"x{job}.{i}" for i in range(n)], "text": texts}  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, pa.table({**base, **columns})))
    job_store.close_job(store, job, "done", {})


def label(store: Store, names: tuple[str, ...] = ("neg", "pos")) -> None:
    """Answer every record that has no answer yet, the names by turns."""
    project = projects.get(store, "p")
    (task,) = projects.tasks(store, project.id)
    sql = (
        "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value)"
        " VALUES (?, ?, ?, 'ana', 'submitted', ?)"
    )

    def work(cursor) -> None:
        for i, record in enumerate(records.ids(store, project.id, records.RecordFilter(state="unlabelled"))):
            cursor.execute(sql, [f"e{record}", record, task.id, json.dumps({"label": names[i % len(names)]})])

    store.transact(work)


@pytest.fixture
def labelled(store: Store) -> Store:
    project = projects.create(store, "p")
    put(store, [f"the text number {i} tells of {i * i} different things" for i in range(20)])
    definition = tasks.get("classification")().definition(["neg", "pos"])
    projects.save_task(store, project.id, name="t", kind="classification", definition=definition)
    label(store)
    return store


def freeze(store: Store, **values: object) -> str:
    return jobs.run(store, verbs.get("freeze")(**values), projects.get(store, "p").id).result["version"]


def test_an_empty_project_sends_to_import(store):
    projects.create(store, "p")
    app = page(store)
    assert not app.exception
    assert "Import a file" in said(app)


def test_unlabelled_records_send_to_label(store):
    projects.create(store, "p")
    put(store, ["one", "two"])
    app = page(store)
    assert not app.exception
    assert "no record in the data set has an answer" in said(app)
    assert not [button for button in app.button if button.key == "versions.go"]


def test_one_label_is_not_enough(labelled):
    drop = 'UPDATE annotation_event SET value = \'{"label": "pos"}\''
    labelled.transact(lambda cursor: cursor.execute(drop))
    assert "all labelled records are “pos”" in said(page(labelled))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_freeze_makes_a_version_and_shows_it(labelled, language):
    app = page(labelled, language)
    assert not app.exception
    app.text_input(key="versions.note").set_value("my *note*")
    app.button(key="versions.go").click().run()
    assert not app.exception
    job_id = int(app.query_params["job"][0])
    jobs.wait(labelled, job_id)
    app.run()
    assert not app.exception
    (version,) = versions.all_versions(labelled)
    assert f"`{version.short}`" in said(app)
    assert version.card["note"] == "my *note*"
    numbers = {metric.label: metric.value for metric in app.metric}
    assert (numbers["Train" if language == "en" else "训练"], numbers["Test" if language == "en" else "测试"]) == (
        "16",
        "2",
    )
    assert json.loads(app.json[0].value)["id"] == version.id


def test_ratios_that_do_not_sum_cannot_be_frozen(labelled):
    app = page(labelled)
    app.number_input(key="versions.test").set_value(20).run()
    assert "sum to 110" in said(app)
    assert app.button(key="versions.go").disabled


def test_leaks_are_shown_with_their_pairs(labelled):
    put(labelled, ["the same text twice over"] * 2, split=["train", "test"])
    label(labelled)
    freeze(labelled)
    app = page(labelled)
    assert not app.exception
    assert "span two splits: 1" in said(app)
    pairs = next(frame.value for frame in app.dataframe if "is near record" in frame.value.columns)
    assert pairs.iloc[0].tolist() == ["x2.0", "Train", "x2.1", "Test"]


def test_the_version_in_the_url_is_open(labelled):
    first = freeze(labelled)
    put(labelled, ["quite another text"])
    label(labelled)
    second = freeze(labelled)
    assert f"`{second}`" in said(page(labelled))
    assert f"`{first}`" in said(page(labelled, version=first))


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_a_version_is_prepared_for_download(labelled, name):
    version = freeze(labelled)
    app = page(labelled)
    app.selectbox(key=f"versions.format.{version}").set_value(name).run()
    app.button(key=f"versions.prepare.{version}").click().run()
    assert not app.exception
    assert "20 records are in the file" in said(app)
    assert (labelled.folder / "exports" / f"{version}.{name}").is_file()


def test_a_second_freeze_says_that_nothing_changed(labelled):
    version = freeze(labelled)
    freeze(labelled)
    job = job_store.recent(labelled, projects.get(labelled, "p").id)[0]
    assert f"since version {version}" in said(page(labelled, job=str(job.id)))


def test_the_address_of_a_job_that_is_not_there_hides_no_version(labelled):
    version = freeze(labelled)
    app = page(labelled, job="99")
    assert not app.exception
    assert "There is no job 99" in said(app)
    assert version in said(app)


def test_of_several_tasks_the_one_that_is_picked_is_frozen(labelled):
    project = projects.get(labelled, "p")
    definition = tasks.get("classification")().definition(["warm", "cold"])
    second = projects.save_task(labelled, project.id, name="second", kind="classification", definition=definition)
    for at, record in enumerate(records.ids(labelled, project.id)):
        said_so = Answer(f"second-{record}", record, "submitted", {"label": ("warm", "cold")[at % 2]})
        annotations.submit(labelled, second.id, "ana", [said_so])
    app = page(labelled)
    assert list(app.dataframe[0].value.iloc[:, 0]) == ["neg", "pos"]
    app.selectbox(key="versions.task").set_value("second").run()
    assert sorted(app.dataframe[0].value.iloc[:, 0]) == ["cold", "warm"]
    app.button(key="versions.go").click().run()
    jobs.wait(labelled, int(app.query_params["job"][0]))
    (version,) = versions.all_versions(labelled)
    assert (version.card["task"]["name"], version.card["labels"]) == ("second", ["warm", "cold"])
