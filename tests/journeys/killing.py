"""Searches that die in the middle, as a power cut would end them: how they are made to, and all that they leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.store import Store, open_store
from tests.journeys.conftest import ROOT

# A verb in a process that is killed at the first report that has this note and is this far; it says whom it leaves alone.
DIES = """
import json, os, signal, sys
from pathlib import Path
import psutil
from pipeline import jobs
from pipeline.jobs import verbs
from pipeline.store import open_store, projects

database, verb, values, note, far = sys.argv[1:6]

def watch(done, total, now):
    if now == note and done >= int(far):
        print(json.dumps([child.pid for child in psutil.Process().children(recursive=True)]), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

store = open_store(Path(database))
jobs.run(store, verbs.get(verb)(**json.loads(values)), projects.get(store, "big").id, watch)
"""
TABLES = {
    "pairs": "SELECT a, b, jaccard FROM pair WHERE job_id = ? ORDER BY a, b",
    "members": "SELECT family_id, record_id, kept, similarity FROM family_member WHERE job_id = ? ORDER BY record_id",
    "verdicts": "SELECT record_id, kind, reason FROM verdict WHERE job_id = ? ORDER BY record_id",
    "looked_at": "SELECT first_id, last_id, edit FROM looked_at WHERE job_id = ? ORDER BY first_id",
    "leaks": "SELECT record_id, item, how, similarity FROM leak WHERE job_id = ? ORDER BY record_id, item",
    "leak_texts": "SELECT side, id, name, place, text FROM leak_text WHERE job_id = ? ORDER BY side, id",
}


def killed(database: Path, verb: str, values: Mapping[str, Any], note: str, far: int) -> list[int]:
    """Run a verb on the project `big` until it is killed there. Returns the processes that it had started."""
    command = [sys.executable, "-c", DIES, str(database), verb, json.dumps(values), note, str(far)]
    child = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr
    return json.loads(child.stdout)


def winnow(database: Path, *words: str) -> dict[str, Any]:
    """What a command says, which must go well."""
    command = [sys.executable, "-m", "app.cli", "--db", str(database), *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def effects(store: Store) -> list[tuple[Any, ...]]:
    rows = store.rows("SELECT id, text, dropped, dropped_by, dropped_why, flags FROM record_now ORDER BY id")
    return [tuple(row.values()) for row in rows]


def written(store: Store, job: int) -> dict[str, Any]:
    """Everything that a search has written, and what the records are by it."""
    return {"records": effects(store)} | {name: store.rows(query, [job]) for name, query in TABLES.items()}


def left(database: Path, job: int) -> dict[str, Any]:
    """The same, of a database that nobody has open."""
    store = open_store(database)
    try:
        return written(store, job)
    finally:
        store.close()


def stopped_job(database: Path, kind: str) -> int:
    """The database opens, and its one job of this kind says that it was stopped and has changed nothing."""
    jobs_now = winnow(database, "jobs", "--project", "big")["jobs"]
    (job,) = [row for row in jobs_now if row["kind"] == kind]
    assert job["state"] == "stopped"
    store = open_store(database)
    assert not any(row[2] or row[5] for row in effects(store))
    store.close()
    return int(job["job"])
