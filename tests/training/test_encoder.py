"""The recipe `encoder` as a process: it learns, goes on after a kill as if nothing had been, stops when asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import runs
from pipeline.domain import Project, WorkbenchError
from pipeline.store import Store
from tests.training.conftest import EIGHT

MANY = EIGHT * 25  # 200 records: with batches of 8 an epoch has 25 steps
FAST = {"epochs": 30, "learning_rate": 3e-3, "batch_size": 8}


def wait_for(run: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not run():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def step(path: Path) -> int:
    return int((runs.read_json(path / "status.json") or {}).get("step", 0))


def losses(path: Path) -> dict[int, float]:
    return {row["step"]: row["loss"] for row in runs.curve(runs.read_metrics(path)[0]) if row["kind"] == "train"}


@pytest.fixture
def kill_at_end(store: Store):
    yield
    for file in (store.folder / "runs").glob("*/process.json"):
        if runs.alive(file.parent):
            os.killpg(runs.read_json(file)["pid"], signal.SIGKILL)


pytestmark = pytest.mark.usefixtures("kill_at_end")


def test_overfits_eight_examples_and_reports(store: Store, make_version, tiny_bert: Path) -> None:
    version = make_version(EIGHT, EIGHT, [*EIGHT[:3], ("a lovely film", "bad")])
    seen: list[tuple[int, int, str]] = []
    result = runs.train(
        store, version[:6], recipe="encoder", model=str(tiny_bert), knobs=FAST, watcher=lambda *at: seen.append(at)
    )
    path = Path(result["path"])
    assert result["state"] == "done"
    assert seen
    assert result["metrics"]["accuracy"] == 0.75
    report = runs.report(path)
    assert report["validation"]["accuracy"] == 1.0
    assert report["test"]["confusion"] == [[0, 1], [0, 3]]
    assert report["records"] == {"train": 8, "validation": 8, "test": 4}
    assert losses(path)[30] < 0.3
    assert pq.read_table(path / "predictions.parquet").column_names == [
        "id", "external_id", "split", "text", "label", "predicted", "confidence", "probabilities"
    ]  # fmt: skip
    assert (path / "model" / "model.safetensors").exists()
    assert json.loads((path / "model" / "config.json").read_text(encoding="utf-8"))["id2label"] == {
        "0": "bad",
        "1": "good",
    }
    assert runs.read_json(path / "model" / "winnow.json")["run"] == result["run"]
    wait_for(lambda: not (path / "checkpoint").exists(), 10)
    wrong = runs.errors(store, result["run"])
    assert [(row["text"], row["label"], row["predicted"]) for row in wrong] == [("a lovely film", "bad", "good")]
    assert "--set learning_rate=0.003" in runs.get(store, result["run"]).config["command"]


def test_killed_and_resumed_gives_the_same_losses(
    store: Store, project: Project, make_version, tiny_bert: Path
) -> None:
    version = make_version(MANY, EIGHT, EIGHT)
    knobs = {**FAST, "epochs": 4, "learning_rate": 1e-3, "checkpoint_steps": 7}
    calm = runs.train(store, version, recipe="encoder", model=str(tiny_bert), knobs=knobs)
    run_id = runs.launch(store, project.id, version, "encoder", knobs, str(tiny_bert))
    path = runs.get(store, run_id).path
    wait_for(lambda: step(path) >= 40)
    os.killpg(runs.read_json(path / "process.json")["pid"], signal.SIGKILL)
    wait_for(lambda: not runs.alive(path))
    assert runs.get(store, run_id).state == "stopped"
    with (path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "train", "st')  # what a kill can leave
    runs.resume(store, run_id)
    wait_for(lambda: not runs.get(store, run_id).active)
    assert runs.get(store, run_id).state == "done", runs.log_tail(path)
    resumed = [row for row in runs.read_metrics(path)[0] if row["kind"] == "resume"]
    assert resumed[0]["step"] >= 7
    expected, found = losses(Path(calm["path"])), losses(path)
    assert found.keys() == expected.keys()
    assert max(abs(found[at] - expected[at]) for at in expected) < 1e-3
    assert runs.report(path)["test"]["loss"] == pytest.approx(runs.report(Path(calm["path"]))["test"]["loss"], abs=1e-3)


def test_cancel_writes_a_checkpoint_and_can_be_resumed(store, project, make_version, tiny_bert) -> None:
    version = make_version(MANY, EIGHT, EIGHT)
    run_id = runs.launch(store, project.id, version, "encoder", {**FAST, "epochs": 100}, str(tiny_bert))
    path = runs.get(store, run_id).path
    wait_for(lambda: step(path) >= 3)
    with pytest.raises(runs.RunRefused):
        runs.resume(store, run_id)
    runs.cancel(path)
    wait_for(lambda: not runs.get(store, run_id).active, 30)
    run = runs.get(store, run_id)
    assert run.state == "cancelled"
    assert list((path / "checkpoint").glob("at-*/state.json"))
    assert run.resumable
    runs.resume(store, run_id)
    wait_for(lambda: step(path) > run.status["step"])
    runs.cancel(path)
    wait_for(lambda: not runs.get(store, run_id).active, 30)


def test_a_process_that_does_not_listen_is_ended(store, project, make_version, tiny_bert) -> None:
    version = make_version(MANY, EIGHT, EIGHT)
    run_id = runs.launch(store, project.id, version, "encoder", {**FAST, "epochs": 100}, str(tiny_bert))
    path = runs.get(store, run_id).path
    wait_for(lambda: step(path) >= 1)
    os.kill(runs.read_json(path / "process.json")["pid"], signal.SIGSTOP)
    runs.cancel(path, grace=0.2)
    wait_for(lambda: not runs.alive(path), 30)
    assert runs.get(store, run_id).state == "cancelled"


def test_a_run_outlives_the_process_that_started_it(store, project, make_version, tiny_bert, tmp_path) -> None:
    version = make_version(MANY, EIGHT, EIGHT)
    store.close()  # the file is the other process's now
    code = (
        "import sys, time; from pipeline import runs; from pipeline.store import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "print(runs.launch(store, 1, sys.argv[2], 'encoder', {'epochs': 3, 'batch_size': 8}, sys.argv[3]), flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, store.path, version, str(tiny_bert)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    run_id = server.stdout.readline().strip()
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    from pipeline.store import open_store

    again = open_store(store.path)
    try:
        wait_for(lambda: not runs.get(again, run_id).active)
        assert runs.get(again, run_id).state == "done"
        assert runs.all_runs(again, project.id)[0].metrics["split"] == "test"
    finally:
        again.close()


def test_one_run_at_a_time(store, project, make_version, tiny_bert) -> None:
    version = make_version(MANY, EIGHT, EIGHT)
    first = runs.launch(store, project.id, version, "encoder", {**FAST, "epochs": 100}, str(tiny_bert))
    wait_for(lambda: step(runs.get(store, first).path) >= 1)
    second = runs.launch(store, project.id, version, "encoder", {**FAST, "epochs": 1}, str(tiny_bert))
    wait_for((runs.get(store, second).path / "process.json").exists)
    time.sleep(0.5)  # in which it would have begun
    assert runs.get(store, second).state == "queued"
    runs.cancel(runs.get(store, first).path)
    wait_for(lambda: not runs.get(store, second).active)
    assert runs.get(store, first).state == "cancelled"
    assert runs.get(store, second).state == "done"


@pytest.mark.parametrize(
    ("train", "model", "knobs", "said"),
    [
        ([("这部电影非常好看，剧情紧凑", "good"), ("太糟糕了，浪费时间", "bad")] * 4, None, {}, "unknown tokens"),
        ([], None, {}, "no training records"),
        ([("one", "good"), ("two", "good")], None, {}, "2 or more"),
        (EIGHT, "/no/such/folder", {}, "There is no folder"),
        (EIGHT, "somebody/some-model", {}, "model hub cannot be reached"),
        (EIGHT, None, {"epochs": 0}, "the least it takes is 1"),
        (EIGHT, None, {"frozen_layers": 9}, "The model has 2 layers"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(store, make_version, tiny_bert, train, model, knobs, said) -> None:
    version = make_version(train, EIGHT, EIGHT)
    with pytest.raises(WorkbenchError, match=said):
        runs.train(store, version, recipe="encoder", model=model or str(tiny_bert), knobs=knobs)
    failed = runs.all_runs(store)[0]
    assert failed.state == "failed"
    assert "Traceback" not in runs.log_tail(failed.path)


def test_a_training_that_went_astray_is_a_sentence(store, make_version, tiny_bert: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(tiny_bert, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["classifier.bias"].fill_(float("nan"))
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WorkbenchError, match="The loss is no longer a number"):
        runs.train(store, make_version(EIGHT), recipe="encoder", model=str(broken), knobs={"epochs": 1})


def test_a_changed_version_is_refused(store, project, make_version, tiny_bert) -> None:
    version = make_version(EIGHT)
    with (store.folder / "versions" / version / "train.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(runs.RunRefused, match=r"train\.parquet was changed"):
        runs.launch(store, project.id, version, "encoder", {}, str(tiny_bert))
    assert runs.all_runs(store) == []


def test_lower_layers_can_be_frozen(store, make_version, tiny_bert) -> None:
    from safetensors.numpy import load_file

    version = make_version(EIGHT, EIGHT, EIGHT)
    result = runs.train(
        store, version, recipe="encoder", model=str(tiny_bert), knobs={**FAST, "epochs": 2, "frozen_layers": 1}
    )
    before = load_file(tiny_bert / "model.safetensors")
    after = load_file(Path(result["path"]) / "model" / "model.safetensors")
    same = {name for name in before if (before[name] == after[name]).all()}
    assert any("layer.0." in name for name in same)
    assert not any("layer.1." in name for name in same)
