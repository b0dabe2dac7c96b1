"""What the install step compiles is all that an import of a large file runs: nobody waits for a compiler in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORTS = """
import json, os, pkgutil, runpy, sys
from importlib import import_module
from pathlib import Path
from numba.core.dispatcher import Dispatcher

import pipeline.importers.quick as quick

def compiled():
    found = {}
    for module in pkgutil.iter_modules(quick.__path__, "pipeline.importers.quick."):
        if not module.name.endswith("__main__"):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, Dispatcher):
                    found[value.py_func.__qualname__] = len(value.signatures)
    return found

from pipeline.importers.quick.compiled import put_escaped
stale = Path(put_escaped.stats.cache_path) / "stale.nbc"
stale.parent.mkdir(parents=True, exist_ok=True)
stale.touch()
os.utime(stale, (0, 0))
runpy.run_module("pipeline.importers.quick")
assert not stale.exists(), "machine code older than its sources is still there"
before = compiled()
assert before["read_lines"] == before["read_table"] == before["read_text"] == before["quoted"] == before["grow"] == 1

import pyarrow as pa, pyarrow.parquet as pq
from pipeline import jobs
from pipeline.importers.quick import seen
from pipeline.store import open_store, projects
from pipeline.verbs import import_quick
from pipeline.verbs.import_file import Import

import_quick.LEAST, seen.LEAST = 0, 2
folder = Path(sys.argv[1])
store = open_store(folder / "own.duckdb")
rows = [{"id": f"r{n}", "text": f"字 {n}", "label": "pos", "split": "dev", "a": 1, "b": None, "c": "x"} for n in range(20)]
(folder / "a.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows) + "odd\\n")
(folder / "a.csv").write_text("id,text,label\\n" + "".join(f"{n},some text,pos\\n" for n in range(9)) + 'x,"odd\\n')
(folder / "b.csv").write_text("text,note\\n" + "".join(f"some text {n},n\\n" for n in range(9)))
(folder / "a.txt").write_text("one\\ntwo\\n\\nthree\\n")
pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")
pq.write_table(pa.table({"text": pa.array(["a", None], pa.large_string()), "n": [1.5, None]}), folder / "b.parquet")
for path in sorted(folder.glob("?.[jctp]*")):
    for wishes in ({}, {"labels_by": "anna"}) if "label" in path.read_bytes().decode("latin-1") else ({},):
        project = projects.create(store, f"{path.name} {wishes}")
        jobs.run(store, Import(str(path), **wishes), project.id)
later = {name: times for name, times in compiled().items() if times != before[name]}
assert not later, f"compiled in the middle of an import: {later}"
"""


def test_no_reader_is_compiled_in_the_middle_of_an_import(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", IMPORTS, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
