"""A disk that takes nothing more, or a folder that may not be written to: a sentence, and a job that can go on later.

A limit on the size of files makes real writes fail, in a child process, and can be taken away again.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app.sentences import translated
from pipeline.store.disk import KNOWN, DiskRefused, StoreEnded, refusal

ROOT = Path(__file__).resolve().parents[2]
TOO_LARGE = "cannot be written: the system lets no file be so large. Raise that limit (ulimit -f) and try again."
ENDED = "The database has closed itself: stop Winnow and start it again."

START = """
import json, os, resource, sys, time
from pathlib import Path
from pipeline import jobs
from pipeline.domain import WorkbenchError
from pipeline.store import open_store, projects
from pipeline.store import jobs as job_store
from pipeline.store.disk import StoreEnded
from pipeline.near import Texts  # loaded before anything is forbidden
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

def limit(size=resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def run(watch=None):
    try:
        jobs.run(store, Dedupe(shingle="word:3"), project, watch)
    except WorkbenchError as error:
        said["error"] = str(error)
    job = job_store.recent(store, project, kind="dedupe")[0].id
    said["then"] = job_store.get(store, job).state
    return job

def go_on(job):
    said["why"] = jobs.wait(store, job, 20).error
    said["end"] = jobs.resume(store, job, wait=True).result["dropped"]

jobs.AGAIN_EVERY = 0.1
folder, said = Path(sys.argv[1]), {}
store = open_store(folder / "w.duckdb")
project = projects.create(store, "p").id
texts = [" ".join(str(n * k) for k in range(1, 15)) for n in range(1, 4000)]
add_records(store, projects.get(store, "p"), [*texts, texts[0]])
"""

# Room for the database, but not for the signatures, of which each is 384 bytes.
NO_ROOM_BESIDE = """
limit(1_200_000)
job = run()
limit()
go_on(job)
"""

# No room for anything, from a certain moment on: not even for a word on how the job has ended.
NO_ROOM = """
job = run(lambda done, total, note: limit(0) if note == "comparing" else None)
time.sleep(0.5)
said["still"] = job_store.get(store, job).state
jobs.cancel(store, job)  # of one that has ended: it must not stop the job when it goes on
limit()
go_on(job)
"""

NO_RIGHT = """
folder.chmod(0o500)
root = os.geteuid() == 0
if root:
    os.seteuid(65534)  # whoever is root may write everywhere
job = run()
if root:
    os.seteuid(0)
folder.chmod(0o700)
go_on(job)
"""

# The disk refuses in the middle of a checkpoint, after which the database answers nothing.
CHECKPOINT = """
limit(0)
for name, act in (
    ("checkpoint", lambda: store.scalar("CHECKPOINT")), ("read", lambda: projects.get(store, "p")),
    ("write", lambda: projects.create(store, "q")),
):
    try:
        act()
    except StoreEnded as error:
        said[name] = str(error)
limit()
store.close()
store = open_store(folder / "w.duckdb")
said["records"] = store.scalar("SELECT count(*) FROM record_now")
"""


def child(tmp_path: Path, program: str) -> dict[str, Any]:
    command = [sys.executable, "-c", f"{START}{program}print(json.dumps(said))", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_job_that_finds_no_room_says_so_and_goes_on_when_there_is_some(tmp_path: Path) -> None:
    sentence = f"{tmp_path / 'w.files' / 'signatures' / '1-word-3.3.least'} {TOO_LARGE}"
    assert child(tmp_path, NO_ROOM_BESIDE) == {"error": sentence, "then": "failed", "why": sentence, "end": 1}


def test_a_job_whose_end_finds_no_room_does_not_run_for_ever(tmp_path: Path) -> None:
    said = child(tmp_path, NO_ROOM)
    sentence = f"{tmp_path / 'w.duckdb.wal'} {TOO_LARGE}"
    assert said == {"error": sentence, "then": "running", "still": "running", "why": sentence, "end": 1}


def test_a_job_that_may_not_write_says_so_and_goes_on_when_it_may(tmp_path: Path) -> None:
    said = child(tmp_path, NO_RIGHT)
    assert said["error"].startswith(str(tmp_path / "w.files"))
    assert said["error"].endswith(
        "cannot be written or read (Permission denied). Give Winnow the right to, and try again."
    )
    assert said == {"error": said["error"], "then": "failed", "why": said["error"], "end": 1}


def test_a_database_that_ended_in_a_checkpoint_says_to_start_again(tmp_path: Path) -> None:
    said = child(tmp_path, CHECKPOINT)
    assert said.pop("records") == 4000
    assert set(said) == {"checkpoint", "read", "write"}
    for sentence in said.values():
        assert sentence.startswith(str(tmp_path / "w.duckdb"))
        assert sentence.endswith(f"{TOO_LARGE} {ENDED}")


@pytest.mark.parametrize("number", KNOWN)
def test_it_is_said_in_chinese_too(number: int) -> None:
    found = refusal(OSError(number, os.strerror(number), "/a/b.least"), "/a")
    assert type(found) is DiskRefused
    said = translated(str(found), "zh")
    assert "/a/b.least" in said
    assert not any(word in said for word in ("written", "disk", os.strerror(number)))
    full = duckdb.FatalException(
        f'FATAL Error: invalidated\nOriginal error: "Could not write file "/a/w.db": {os.strerror(number)}"'
    )
    ended = refusal(full, "/a")
    assert type(ended) is StoreEnded
    assert "重新启动" in translated(str(ended), "zh")
    assert "/a/w.db" in translated(str(ended), "zh")


@pytest.mark.parametrize("error", [
    OSError("no number"), OSError(errno.ENOENT, "No such file"), ValueError("No space left on device"),
    duckdb.ConversionException("Could not convert string 'No space left on device' to INT32"),
])  # fmt: skip
def test_what_is_no_fault_of_the_disk_stays_what_it_is(error: Exception) -> None:
    assert refusal(error, "/a") is None
