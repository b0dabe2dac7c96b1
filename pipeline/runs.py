"""Runs: model work in processes of its own. A run is a directory, and the directory is the truth.

    config.json   what was asked          status.json        the state, replaced whole
    process.json  who works on it         metrics.jsonl      one JSON object a line, only ever added to
    log.txt       its output              report.json, predictions.parquet, model/   what came of it
    control       a wish to stop          checkpoint/        where it can go on from

The process is started detached and outlives this one. This module knows no model library: the process does.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain import WorkbenchError
from pipeline.store import Store, versions
from pipeline.store import runs as index

FINAL = ("done", "failed", "cancelled")
RESUMABLE = ("stopped", "failed", "cancelled")
ROOT = Path(__file__).resolve().parent.parent
GRACE = 20.0  # seconds that a cancelled run has to come to the end of a step and write its checkpoint
CLOCK_SLACK = 2.0  # a process's start time is boot time plus ticks, and the boot time moves when the clock is set


class RunFailed(WorkbenchError):
    """A run that was waited for ended without a model."""


class RunRefused(WorkbenchError):
    """A run cannot be started, resumed or read as things stand."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its directory tells it. `state` is queued, running, done, failed, cancelled, stopped or missing."""

    id: str
    project_id: int
    version_id: str
    path: Path
    state: str
    config: Mapping[str, Any]
    status: Mapping[str, Any]
    metrics: Mapping[str, Any]
    created_at: datetime

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def version_path(self) -> Path:
        return Path(self.config["version_path"])

    @property
    def resumable(self) -> bool:
        return self.state in RESUMABLE

    @property
    def seconds(self) -> float:
        """Seconds of work so far, waiting for the device not counted."""
        return float(self.status.get("seconds", 0.0))

    @property
    def error(self) -> str:
        return str(self.status.get("error", ""))


def launch(
    store: Store, project_id: int, version: str, recipe: str = "auto", knobs: Mapping[str, Any] | None = None,
    model: str = "", seed: int = 13,
) -> str:  # fmt: skip
    """Start a run on a version (its id or a beginning of it) and return its id. It waits its turn on the device."""
    place = _version(store, project_id, version)
    verify_version(place.path)
    folder = Path(model).expanduser()
    model = str(folder.resolve()) if model and folder.is_dir() else model
    run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    path = store.folder / "runs" / run_id
    path.mkdir(parents=True)
    config = {
        "run": run_id, "project": project_id, "version": place.short, "version_path": str(place.path), "recipe": recipe,
        "model": model, "knobs": dict(knobs or {}), "seed": seed, "created_at": datetime.now(UTC).isoformat(),
        "command": command_line(store, place.short, recipe, knobs or {}, model, seed),
    }  # fmt: skip
    write_json(path / "config.json", config)
    write_json(path / "status.json", {"state": "queued"})
    index.add(store, run_id, project_id, place.short, path, config)
    _spawn(path, resume=False)
    return run_id


def command_line(store: Store, version: str, recipe: str, knobs: Mapping[str, Any], model: str, seed: int) -> str:
    """The command that starts the same run from a terminal."""
    words = ["winnow", "--db", store.path, "train", "--version", version, "--recipe", recipe]
    words += ["--model", model] if model else []
    for name, value in knobs.items():
        words += ["--epochs", str(value)] if name == "epochs" else ["--set", f"{name}={value}"]
    return shlex.join([*words, "--seed", str(seed)])


def train(
    store: Store, version: str, *, recipe: str = "auto", model: str = "", knobs: Mapping[str, Any] | None = None,
    seed: int = 13, wait: bool = True, watcher: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Start a run and, if asked, wait for it. Raises RunFailed with the run's sentence if it ends without a model."""
    project_id = versions.get(store, version).project_id
    run_id = launch(store, project_id, version, recipe, knobs, model, seed)
    run = get(store, run_id)
    try:
        while wait and run.active:
            time.sleep(0.3)
            run = get(store, run_id)
            if watcher is not None:
                watcher(int(run.status.get("step", 0)), int(run.status.get("steps", 0)), _note(run))
    except KeyboardInterrupt:
        cancel(run.path)
        raise
    if wait and run.state != "done":
        raise RunFailed(f"Run {run.id} is {run.state}. {run.error or 'Its log is ' + str(run.path / 'log.txt') + '.'}")
    return {
        "run": run.id, "state": run.state, "metrics": dict(run.metrics), "seconds": round(run.seconds, 2),
        "path": str(run.path),
    }  # fmt: skip


def get(store: Store, run_id: str) -> Run:
    """One run, by its id or a beginning of it; the index is brought up to date on the way."""
    return _seen(store, index.find(store, run_id))


def all_runs(store: Store, project_id: int | None = None) -> list[Run]:
    """The runs of a project (or all), newest first, each as its directory tells it now."""
    return [_seen(store, row) for row in index.all_runs(store, project_id)]


def status(path: Path) -> dict[str, Any]:
    """What status.json says, corrected by whether the process still lives: `stopped` if it went without a last word."""
    said = _told(path)
    if said["state"] in FINAL or alive(path):
        return said
    said = _told(path)  # it may have ended properly between the two looks
    if said["state"] not in FINAL:
        said["state"] = "cancelled" if (path / "control").exists() else "stopped"
    return said


def alive(path: Path) -> bool:
    """Whether the very process that works on this run is there: its number, its start time and this boot."""
    known = read_json(path / "process.json")
    if known is None or known["boot"] != _boot():
        return False
    try:
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["started"]) < CLOCK_SLACK
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def identify(path: Path, pid: int) -> None:
    """Write down which process works on this run. Both sides do it, so that neither's death leaves a gap."""
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return  # it has ended already, and said so in its status
    write_json(path / "process.json", {"pid": pid, "started": started, "boot": _boot()})


def cancel(path: Path, grace: float = GRACE) -> None:
    """Ask a run to stop at the end of its step; after `grace` seconds end its processes. Returns at once."""
    (path / "control").write_text("cancel\n", encoding="utf-8")
    threading.Thread(target=_make_sure, args=(path, grace), name=f"cancel-{path.name}", daemon=True).start()


def resume(store: Store, run_id: str) -> Run:
    """Let a stopped, failed or cancelled run go on from its last checkpoint. Raises RunRefused for any other."""
    run = get(store, run_id)
    if not run.resumable:
        raise RunRefused(f"Run {run.id} is {run.state}; only a stopped, failed or cancelled run can go on.")
    verify_version(run.version_path)
    (run.path / "control").unlink(missing_ok=True)
    write_json(run.path / "status.json", {**_told(run.path), "state": "queued", "error": ""})
    _spawn(run.path, resume=True)
    return get(store, run.id)


def read_metrics(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The whole lines of metrics.jsonl behind byte `offset`, and the offset to go on from.

    A last line that is still being written is left for the next look; one that was torn by a kill is passed over.
    """
    try:
        with (path / "metrics.jsonl").open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    data = data[: data.rfind(b"\n") + 1]
    rows = []
    for line in data.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows, offset + len(data)


def curve(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Metric rows without those that a resumed run has done over again."""
    kept: list[dict[str, Any]] = []
    for row in rows:
        if row.get("kind") == "resume":
            kept = [old for old in kept if old["step"] <= row["step"]]
        elif "step" in row:
            kept.append(row)
    return kept


def report(path: Path) -> dict[str, Any]:
    """What a finished run is worth. Raises RunRefused while there is no report."""
    found = read_json(path / "report.json")
    if found is None:
        raise RunRefused(f"Run {path.name} has no report: it has not finished.")
    return found


def predictions(path: Path) -> pa.Table:
    """Every validation and test record with its label, what was predicted, and how surely."""
    report(path)
    return pq.read_table(path / "predictions.parquet")


def errors(store: Store, run_id: str) -> list[dict[str, Any]]:
    """The wrong predictions of a run, the surest first: id, external_id, split, text, label, predicted, confidence."""
    table = predictions(get(store, run_id).path).drop_columns(["probabilities"])
    wrong = table.filter(pc.not_equal(table["label"], table["predicted"]))
    rows: list[dict[str, Any]] = wrong.sort_by([("confidence", "descending"), ("id", "ascending")]).to_pylist()
    return rows


def log_tail(path: Path, lines: int = 30) -> str:
    """The last lines of the run's log."""
    try:
        text = (path / "log.txt").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.replace("\r", "\n").splitlines()[-lines:])


def verify_version(path: Path) -> dict[str, Any]:
    """The card of a version folder, its files checked against the hashes on it. Raises RunRefused."""
    try:
        card = read_json(path / "card.json")
    except ValueError:
        card = None
    if card is None:
        raise RunRefused(f"{path} is not a finished version: it has no card.json to read. Freeze it again.")
    for name, expected in dict(card.get("files") or {}).items():
        try:
            with (path / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise RunRefused(f"The version in {path} has lost its file {name}. Freeze it again.") from None
        if found != expected:
            raise RunRefused(f"{path / name} was changed after it was frozen: its hash is not the card's.")
    return card


def read_json(path: Path) -> dict[str, Any] | None:
    """A file that write_json wrote, or None if there is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a file whole: a reader sees the old content or the new, never half."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    part.replace(path)


def _version(store: Store, project_id: int, prefix: str) -> versions.Version:
    own = [v for v in versions.all_versions(store, project_id) if v.id == prefix]
    found = own[0] if own else versions.get(store, prefix)
    if found.project_id != project_id:
        raise RunRefused(f"Version {found.short} belongs to another project.")
    return found


def _seen(store: Store, row: index.RunRow) -> Run:
    if not (row.path / "config.json").exists():
        now: dict[str, Any] = {"state": "missing", "error": f"Its directory {row.path} is gone."}
    else:
        now = status(row.path)
    metrics = now.get("metrics") or row.metrics
    if now["state"] != row.state or metrics != row.metrics:
        index.note(store, row.id, now["state"], metrics, ended=now["state"] not in ("queued", "running"))
    return Run(
        row.id, row.project_id, row.version_id, row.path, now["state"], row.config, now, metrics, row.created_at
    )  # fmt: skip


def _told(path: Path) -> dict[str, Any]:
    return read_json(path / "status.json") or {"state": "queued"}


def _note(run: Run) -> str:
    return str(run.status.get("note") or run.state)


def _spawn(path: Path, *, resume: bool) -> None:
    command = [sys.executable, "-P", "-m", "training.run", str(path), *(["--resume"] if resume else [])]
    environment = dict(os.environ)
    if (ROOT / "pyproject.toml").exists():  # a checkout that may not be installed
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
    with (path / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=path,
            env=environment,
        )  # fmt: skip
    identify(path, process.pid)
    threading.Thread(target=process.wait, name=f"reap-{path.name}", daemon=True).start()


def _make_sure(path: Path, grace: float) -> None:
    known = read_json(path / "process.json")
    for sign, patience in ((None, grace), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        if sign is not None and known is not None and known == read_json(path / "process.json") and alive(path):
            with suppress(ProcessLookupError):
                os.killpg(known["pid"], sign)
        end = time.monotonic() + patience
        while alive(path) and time.monotonic() < end:
            time.sleep(0.1)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))
