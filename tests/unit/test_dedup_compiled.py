"""What the install step compiles is all that a search runs: nobody waits for a compiler in the middle of their work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SEARCHES = """
import os, pkgutil, runpy, sys
from importlib import import_module
from pathlib import Path
from numba.core.dispatcher import Dispatcher

import pipeline.dedup

def compiled():
    found = {}
    for module in pkgutil.iter_modules(pipeline.dedup.__path__, "pipeline.dedup."):
        if not module.name.endswith("__main__"):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, Dispatcher):
                    found[value.py_func.__qualname__] = len(value.signatures)
    return found

from pipeline.dedup import moved
stale = Path(moved.stars.stats.cache_path) / "stale.nbc"
stale.parent.mkdir(parents=True, exist_ok=True)
stale.touch()
os.utime(stale, (0, 0))
runpy.run_module("pipeline.dedup")
assert not stale.exists(), "machine code older than its sources is still there"
before = compiled()
assert sum(map(bool, before.values())) > 10

from pipeline import jobs
from pipeline.outlook import look_ahead
from pipeline.store import open_store, projects
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

store = open_store(Path(sys.argv[1]))
base = "one two three four five six seven eight nine ten eleven twelve"
texts = [base, base + " thirteen", base, "", "short", "字" * 30, "字" * 31, *(f"{base} {n}" for n in range(40)), "ΟΔΟΣ"]
for name, own in (("texts", texts), ("nothing", ["", ""]), ("empty", [])):
    project = projects.create(store, name)
    add_records(store, project, own, ids=[f"{name}{n}" for n in range(len(own))])
    for knobs in ({}, {"shingle": "char:5"}, {"shingle": "auto:5"}, {"threshold": 0.5}, {"mode": "contained"}):
        look_ahead(store, jobs.run(store, Dedupe(**knobs), project.id))
    add_records(store, project, [base + " again and again", "ÄÖ " + base], ids=[f"{name}-a", f"{name}-b"])
    for knobs in ({}, {"mode": "contained"}):
        jobs.run(store, Dedupe(scope="new", **knobs), project.id)
later = {name: times for name, times in compiled().items() if times != before[name]}
assert not later, f"compiled in the middle of a search: {later}"
"""


def test_no_kernel_is_compiled_in_the_middle_of_a_search(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", SEARCHES, str(tmp_path / "own.duckdb")], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
