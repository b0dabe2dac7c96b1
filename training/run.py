"""What the process of a run does: `python -m training.run RUN_DIR [--resume]`. It waits its turn, trains, reports.

It never opens the database: it reads the run's config and the version's folder, and writes into the run's folder.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import runs
from pipeline.domain import WorkbenchError
from pipeline.knobs import build, values_of
from training import preflight
from training.data import Version, load_version
from training.metrics import evaluate
from training.recipes.base import recipes
from training.work import Cancelled, Outcome, Terminated, Work

log = logging.getLogger("training.run")
LOOK = 0.3  # seconds between looks at the queue
HEARTBEAT = 2.0


def main() -> int:
    """Do one run. Exit code 0 done, 1 failed, 3 cancelled or stopped."""
    parser = argparse.ArgumentParser(prog="python -m training.run", description="Do the run of a directory.")
    parser.add_argument("run", type=Path, help="the run's directory")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    path: Path = options.run.resolve()
    config = runs.read_json(path / "config.json")
    if config is None:
        sys.stderr.write(f"{path} is not a run: it has no config.json.\n")
        return 2
    with _alone(path) as alone:
        if not alone:
            log.error("another process is at work on this run")
            return 2
        return _guarded(path, config, resume=options.resume)


def _guarded(path: Path, config: dict[str, Any], *, resume: bool) -> int:
    """The outermost frame: whatever happens, the run's status says so."""
    runs.identify(path, os.getpid())
    before = runs.read_json(path / "status.json") or {}
    nothing = Version("", path, (), {})  # the real one is read when the device is ours
    work = Work(path, nothing, config["model"], config["seed"], resume, earlier=before.get("seconds", 0.0))
    signal.signal(signal.SIGTERM, lambda *_: setattr(work, "signalled", True))
    _mend_metrics(path)
    try:
        _perform(work, config)
    except Cancelled:
        work.tell("cancelled", note="", eta=None)
        return 3
    except Terminated:
        work.tell("stopped", note="", eta=None)
        return 3
    except WorkbenchError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for the user, not a fault
        work.tell("failed", error=str(error), note="", eta=None)
        return 1
    except Exception as error:  # the worker's outermost frame: the log has the trace, the status a sentence
        log.exception("the run failed")
        work.tell("failed", error=_sentence(error), note="", eta=None)
        return 1
    return 0


def _perform(work: Work, config: dict[str, Any]) -> None:
    work.tell("queued", note="", error="")
    with _device(work):
        work.restart_clock()
        work.tell("running", step=0, steps=0, note="loading", eta=None)
        _beat(work.path)
        work.version = load_version(Path(config["version_path"]))
        name = config["recipe"]
        if name == "auto":
            name = preflight.choose_recipe(work.version, work.model)
        recipe = build(recipes.get(name), config["knobs"])
        work.tell("running", recipe=name, knobs=values_of(recipe))
        findings = preflight.check(work.version, name, work.model)
        for finding in findings:
            log.log(logging.ERROR if finding.level == "error" else logging.WARNING, "%s", finding.sentence)
        preflight.refuse(findings)
        threads = _use_all_cores()
        log.info("recipe %s, settings %s, %d threads", name, values_of(recipe), threads)
        _seed(work.seed)
        outcome = recipe(work)
        metrics = _report(work, outcome, {"recipe": name, "knobs": values_of(recipe), "threads": threads,
                                          "warnings": [f.sentence for f in findings]})  # fmt: skip
        _keep_model(work, outcome)
        work.tell("done", metrics=metrics, note="", eta=None)  # first: a kill before the next line loses nothing
        shutil.rmtree(work.checkpoint, ignore_errors=True)


def _report(work: Work, outcome: Outcome, facts: dict[str, Any]) -> dict[str, Any]:
    """Write predictions.parquet and report.json; return the few figures that a list of runs shows."""
    labels, splits = work.version.labels, work.version.splits
    tables = []
    scores = {}
    for name in ("validation", "test"):
        split, probabilities = splits[name], outcome.probabilities[name]
        scores[name] = evaluate(split.targets, probabilities, labels)
        tables.append(
            pa.table(
                {
                    "id": pa.array(split.ids, pa.int64()),
                    "external_id": pa.array(split.external_ids, pa.string()),
                    "split": pa.array([name] * len(split), pa.string()),
                    "text": pa.array(split.texts, pa.string()),
                    "label": pa.array([labels[i] for i in split.targets], pa.string()),
                    "predicted": pa.array([labels[i] for i in probabilities.argmax(axis=1)], pa.string()),
                    "confidence": pa.array(probabilities.max(axis=1) if len(split) else [], pa.float32()),
                    "probabilities": pa.array(list(probabilities), pa.list_(pa.float32())),
                }
            )
        )
    pq.write_table(pa.concat_tables(tables), work.path / "predictions.parquet")
    judged = scores["test"] if scores["test"]["n"] else scores["validation"]
    shown = ("accuracy", "macro_f1", "weighted_f1", "loss", "ece")
    metrics: dict[str, Any] = {key: round(judged[key], 6) for key in shown if key in judged}
    metrics["split"] = "test" if scores["test"]["n"] else "validation"
    if "samples_per_second" in outcome.facts:
        metrics["samples_per_second"] = outcome.facts["samples_per_second"]
    packages = {name: package_version(name) for name in ("torch", "transformers", "numpy")}
    report = {
        "version": work.version.id, "labels": list(labels), "seed": work.seed, "metrics": metrics,
        **facts, **outcome.facts,
        "records": {name: len(split) for name, split in splits.items()}, **scores, "seconds": round(work.seconds, 2),
        "packages": {"python": platform.python_version(), **packages},
    }  # fmt: skip
    runs.write_json(work.path / "report.json", report)
    return metrics


def _keep_model(work: Work, outcome: Outcome) -> None:
    """model/ appears whole: it is filled beside its place, marked, and renamed."""
    part, final = work.path / "model.part", work.path / "model"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(final, ignore_errors=True)
    part.mkdir()
    outcome.save(part)
    mark = {"run": work.path.name, "version": work.version.id, "labels": list(work.version.labels)}
    runs.write_json(part / "winnow.json", mark)
    part.rename(final)


@contextmanager
def _device(work: Work) -> Iterator[None]:
    """Hold the machine's device for one run at a time; of the runs in one folder the oldest goes first."""
    folder = Path(os.environ.get("WINNOW_LOCKS") or Path(tempfile.gettempdir()) / f"winnow-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "device.lock").open("a") as lock:
        while True:
            if work.stop_asked():
                work.stop()
            if not _older_waiting(work.path) and _locked(lock):
                break
            time.sleep(LOOK)
        yield  # closing the file gives the device back, and so does the death of this process


def _older_waiting(path: Path) -> bool:
    for other in path.parent.iterdir():
        queued = (runs.read_json(other / "status.json") or {}).get("state") == "queued"
        if queued and other.name < path.name and runs.alive(other) and not (other / "control").exists():
            return True
    return False


def _locked(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    with (path / "worker.lock").open("a") as lock:
        yield _locked(lock)


def _beat(path: Path) -> None:
    def body() -> None:
        while True:
            (path / "heartbeat").touch()
            time.sleep(HEARTBEAT)

    threading.Thread(target=body, name="heartbeat", daemon=True).start()


def _mend_metrics(path: Path) -> None:
    """End a line that a kill has torn, so that the next one starts on its own."""
    file = path / "metrics.jsonl"
    if file.exists() and file.stat().st_size:
        with file.open("rb+") as opened:
            opened.seek(-1, os.SEEK_END)
            if opened.read(1) != b"\n":
                opened.write(b"\n")


def _use_all_cores() -> int:
    import torch

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        os.nice(5)  # the server and its pages share these cores
    return threads


def _seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return "The machine ran out of memory. Choose a smaller batch_size or max_length, or a smaller model."
    first = (str(error).strip() or "no message").splitlines()[0]
    return f"The run broke off by a fault of the program ({type(error).__name__}: {first}). The log has the details."


if __name__ == "__main__":
    sys.exit(main())
