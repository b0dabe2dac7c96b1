"""The train and errors pages over runs whose directories are made by hand: no process is started but one that is faked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from pipeline import runs
from pipeline.domain import Project
from pipeline.store import Store, open_store, projects
from pipeline.store import runs as index
from tests.conftest import add_records
from training.metrics import evaluate

TEXTS = ["a *fine* film", "a dull film", "very good", "very bad", "<b>good</b> $x$", "bad, bad"]
LABELS = ["good", "bad", "good", "bad", "good", "bad"]
RUN = "20260101-120000-aaaa"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, Project]]:
    import streamlit as st

    store = open_store(tmp_path / "w.duckdb")
    project = projects.create(store, "films")
    add_records(store, project, TEXTS)
    monkeypatch.setattr(st, "page_link", lambda *_, **__: None)
    yield store, project
    store.close()


def page(place: tuple[Store, Project], view: str, **query: str) -> AppTest:
    app = AppTest.from_function(_draw, default_timeout=60)
    app.session_state["test.store"], app.session_state["test.project"] = place
    app.session_state["test.view"] = view
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def _draw() -> None:
    import importlib

    import streamlit as st

    st.session_state["pages"] = dict.fromkeys(["versions", "train", "errors", "label"])
    view = importlib.import_module(f"app.views.{st.session_state['test.view']}")
    view.render(st.session_state["test.store"], st.session_state["test.project"])


def freeze(store: Store, project: Project, train: list[str] | None = None) -> str:
    version = "abcdef012345"
    folder = store.folder / "versions" / version
    folder.mkdir(parents=True)
    files = {}
    for split, part in (("train", slice(0, 2)), ("validation", slice(2, 4)), ("test", slice(4, 6))):
        texts = train if train is not None and split == "train" else TEXTS[part]
        n = len(texts)
        columns: dict[str, Any] = {
            "id": pa.array(range(1 + (part.start or 0), 1 + (part.start or 0) + n), pa.int64()),
            "external_id": [f"r{i}" for i in range(n)], "text": texts, "label": (LABELS[part] * 2)[:n],
        }  # fmt: skip
        pq.write_table(pa.table(columns), folder / f"{split}.parquet")
        files[f"{split}.parquet"] = hashlib.sha256((folder / f"{split}.parquet").read_bytes()).hexdigest()
    card = {"id": version, "labels": ["good", "bad"], "files": files, "records": dict.fromkeys(("train", "test"), 2)}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")

    def work(cursor: Any) -> None:
        job = cursor.execute(
            "INSERT INTO job (kind, project_id, state) VALUES ('freeze', ?, 'done') RETURNING id", [project.id]
        ).fetchone()[0]
        cursor.execute(
            "INSERT INTO version (id, project_id, job_id, path, card) VALUES (?, ?, ?, ?, ?)",
            [version, project.id, job, f"versions/{version}", json.dumps(card)],
        )

    store.transact(work)
    return version


def finish(store: Store, project: Project, state: str = "done", run_id: str = RUN) -> Path:
    """A run as a worker leaves it."""
    import numpy as np

    path = store.folder / "runs" / run_id
    path.mkdir(parents=True)
    config = {"run": run_id, "version_path": "", "recipe": "auto", "model": "", "seed": 13, "command": "winnow train"}
    runs.write_json(path / "config.json", config)
    rows = [{"kind": "train", "step": i, "epoch": i / 4, "loss": 1 / i, "lr": 1e-5} for i in range(1, 9)]
    rows += [{"kind": "validation", "step": 4, "epoch": 1, "loss": 0.5, "accuracy": 0.5, "macro_f1": 0.4}]
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scores = np.array([[0.9, 0.1], [0.8, 0.2]])
    metrics = evaluate(np.array([0, 1]), scores, ["good", "bad"])
    status = {"state": state, "seconds": 75.2, "step": 4, "steps": 8, "error": "The model is too large."}
    if state == "done":
        status["metrics"] = {"accuracy": 0.5, "macro_f1": metrics["macro_f1"], "split": "test"}
        report = {"labels": ["good", "bad"], "test": metrics, "validation": metrics, "seed": 13, "device": "cpu"}
        runs.write_json(path / "report.json", report)
        columns = {
            "id": [3, 4, 5, 6], "external_id": list("abcd"), "split": ["validation", "validation", "test", "test"],
            "text": TEXTS[2:], "label": LABELS[2:], "predicted": ["bad", "bad", "good", "good"],
            "confidence": pa.array([0.6, 0.7, 0.9, 0.8], pa.float32()), "probabilities": [[0.5, 0.5]] * 4,
        }  # fmt: skip
        pq.write_table(pa.table(columns), path / "predictions.parquet")
    runs.write_json(path / "status.json", status)
    index.add(store, run_id, project.id, "abcdef012345", path, config)
    return path


def test_without_a_version_it_says_what_to_do(place: tuple[Store, Project]) -> None:
    app = page(place, "train")
    assert "no version to train on yet" in app.info[0].value
    assert "no finished run yet" in page(place, "errors").info[0].value


def test_start_launches_with_what_was_changed(place: tuple[Store, Project], monkeypatch: pytest.MonkeyPatch) -> None:
    store, project = place
    version = freeze(store, project)
    asked: list[Any] = []

    def launch(store: Store, project_id: int, *rest: Any) -> str:
        asked.extend([project_id, *rest])
        return finish(store, project).name

    monkeypatch.setattr(runs, "launch", launch)
    app = page(place, "train")
    app.selectbox(key="train.recipe").set_value("encoder").run()
    app.number_input(key="train.knob.encoder.epochs").set_value(7).run()
    assert "--epochs 7 --seed 13" in app.code[0].value
    assert app.warning  # one record a label is few
    app.button(key="train.start").click().run()
    assert not app.exception
    assert asked == [project.id, version, "encoder", {"epochs": 7}, "", 13]
    assert app.query_params["run"] == RUN


def test_a_model_that_does_not_know_the_text_cannot_be_started(place: tuple[Store, Project]) -> None:
    store, project = place
    freeze(store, project, ["这部电影非常好看", "太糟糕了浪费时间", "质量很好", "物流太慢"])
    app = page(place, "train")
    assert not app.error  # "auto" takes the embeddings
    app.selectbox(key="train.recipe").set_value("encoder").run()
    assert "% of the tokens of this text" in app.error[0].value
    assert app.button(key="train.start").disabled


def test_a_damaged_version_hides_neither_its_sentence_nor_the_runs(place: tuple[Store, Project]) -> None:
    store, project = place
    version = freeze(store, project)
    finish(store, project)
    (store.folder / "versions" / version / "test.parquet").unlink()
    app = page(place, "train")
    assert any("has lost its file" in error.value for error in app.error)
    assert any(RUN in header.value for header in app.subheader)


def test_a_finished_run_shows_what_it_is_worth(place: tuple[Store, Project]) -> None:
    finish(*place)
    app = page(place, "train", run=RUN[:12])
    assert [metric.value for metric in app.metric][:2] == ["50.0%", "33.3%"]
    assert "Trained in 1:15" in app.success[0].value
    assert list(app.dataframe[1].value["Label"]) == ["good", "bad"]
    wrong = app.dataframe[2].value
    assert list(wrong["Text"]) == ["bad, bad", "very good"]


@pytest.mark.parametrize(
    ("state", "said"), [("failed", "too large"), ("cancelled", "step 4 of 8"), ("stopped", "Go on")]
)
def test_a_run_that_did_not_finish_can_go_on(place, monkeypatch, state: str, said: str) -> None:
    finish(*place, state=state)
    resumed: list[str] = []
    monkeypatch.setattr(runs, "resume", lambda _, run_id: resumed.append(run_id))
    app = page(place, "train")
    words = [box.value for box in [*app.error, *app.warning]] + [button.label for button in app.button]
    assert any(said in word for word in words)
    app.button(key=f"train.resume.{RUN}").click().run()
    assert resumed == [RUN]


def test_a_running_run_is_watched_and_cancelled(place, monkeypatch) -> None:
    path = finish(*place, state="running")
    monkeypatch.setattr(runs, "alive", lambda _: True)
    cancelled: list[Path] = []
    monkeypatch.setattr(runs, "cancel", cancelled.append)
    app = page(place, "train")
    assert [metric.label for metric in app.metric] == ["Time so far", "Time left", "Loss"]
    app.button(key=f"train.cancel.{RUN}").click().run()
    assert cancelled == [path]


def test_errors_are_filtered_and_sent_back(place: tuple[Store, Project]) -> None:
    store, project = place
    task = projects.save_task(store, project.id, name="classification", kind="classification", definition={})
    finish(store, project)
    app = page(place, "errors", run=RUN)
    assert list(app.dataframe[0].value["Text"]) == ["bad, bad", "very good"]
    app.selectbox(key="errors.label.").set_value("good").run()
    assert list(app.dataframe[0].value["Text"]) == ["very good"]
    app.button(key="errors.send_all").click().run()
    assert not app.exception
    assert index.waiting_for_relabel(store, task.id) == {3}
    assert list(app.dataframe[0].value["Status"]) == ["waiting to be labelled again"]
    app.text_input(key="errors.text.").set_value("nothing like it").run()
    assert "No error fits" in app.info[0].value
    app.text_input(key="errors.text.nothing like it").set_value("").run()
    app.button(key=f"job.undo.{app.query_params['job']}").click().run()
    assert index.waiting_for_relabel(store, task.id) == set()


def test_every_word_is_there_in_both_languages() -> None:
    import tomllib

    from app.words import MESSAGES
    from training.preflight import SENTENCES

    for section in ("train", "errors"):
        words = tomllib.loads((MESSAGES / f"{section}.toml").read_text(encoding="utf-8"))
        assert all(set(word) == {"en", "zh"} for word in words.values())
        if section == "train":
            assert {f"finding_{code}" for code in SENTENCES} <= set(words)
