"""One turn of Winnow for near_duplicates_peer, in a process of its own: an import, or the verb `dedupe` as a job."""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import jobs
from pipeline.store import Store, families, open_store, projects, records
from pipeline.store import jobs as job_store
from pipeline.verbs.dedupe import Dedupe

BATCH = 50_000


def turn(path: Path) -> None:
    """Do what the plan in the file says; write result.json and pairs beside it."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    if plan["do"] == "again":
        result, pairs = again(plan)
    else:
        store = open_store(Path(plan["database"]))
        result, pairs = {"fill": fill, "dedupe": dedupe, "new": new}[plan["do"]](store, plan)
        store.close()
    pairs.tofile(path.with_name("pairs"))
    path.with_name("result.json").write_text(json.dumps(result), encoding="utf-8")


def fill(store: Store, plan: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Put texts into the project as an import does it; text i has the external id `first` + i."""
    began = time.perf_counter()
    done = _import(store, pq.ParquetFile(plan["texts"]).iter_batches(BATCH, columns=["text"]), plan["first"])
    return {"seconds": time.perf_counter() - began, "records": done, "bytes": _peak()}, np.zeros(0, np.int64)


def _import(store: Store, batches: Iterable[pa.RecordBatch], at: int) -> int:
    project = projects.get_or_create(store, "texts")
    job = job_store.open_job(store, "import", project.id, {})
    done = 0
    for batch in batches:
        count = batch.num_rows
        first = at + done
        rows = pa.table(
            {
                "project_id": pa.array([project.id] * count, pa.int32()),
                "job_id": pa.array([job] * count, pa.int32()),
                "external_id": pa.array(range(first, first + count), pa.int64()).cast(pa.string()),
                "text": batch.column("text"),
            }
        )
        store.transact(lambda cursor, rows=rows: records.append(store, cursor, rows))
        done += count
    job_store.close_job(store, job, "done", {"records": done})
    return done


def dedupe(store: Store, plan: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The verb, `times` times: seconds are the median. The memory is read before the pairs are."""
    project = projects.get_or_create(store, "texts")
    _load(plan)
    verb = Dedupe(threshold=plan["threshold"], shingle=plan["shingle"], dry_run=plan.get("dry_run", False))
    seconds = []
    for _ in range(plan.get("times", 1)):
        began = time.perf_counter()
        job = jobs.run(store, verb, project.id)
        seconds.append(time.perf_counter() - began)
    peak = _peak()
    found = families.pairs(store, job.id)
    a, b = (pc.cast(found[name], pa.int64()).to_numpy() for name in ("a", "b"))
    said = {name: f"{job.result[name]:,} {words}" for name, words in REMARKS.items() if job.result.get(name)}
    result = {"seconds": statistics.median(seconds), "all": seconds, "bytes": peak, "remark": ", ".join(said.values())}
    return result, np.minimum(a, b) << 32 | np.maximum(a, b)


def again(plan: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The verb on one database after the other."""
    turns = []
    for path in plan["databases"]:
        store = open_store(Path(path))
        turns.append(dedupe(store, plan))
        store.close()
    return {**turns[-1][0], "all": [one["seconds"] for one, _ in turns]}, turns[-1][1]


def new(store: Store, plan: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Import `size` more texts and look at them alone, as often as the file allows: seconds are of the looking."""
    project = projects.get_or_create(store, "texts")
    _load(plan)
    verb = Dedupe(threshold=plan["threshold"], shingle=plan["shingle"], scope="new")
    seconds, pairs = [], [np.zeros(0, np.int64)]
    for turn_, batch in enumerate(pq.ParquetFile(plan["texts"]).iter_batches(plan["size"], columns=["text"])):
        _import(store, [batch], plan["first"] + turn_ * plan["size"])
        began = time.perf_counter()
        job = jobs.run(store, verb, project.id)
        seconds.append(time.perf_counter() - began)
        if job.result["new"] != batch.num_rows:
            raise SystemExit(f"{job.result['new']} texts are new where {batch.num_rows} came.")
        pairs.append(np.zeros(job.result["pairs"], np.int64))
    return {"seconds": statistics.median(seconds), "all": seconds, "bytes": _peak()}, np.concatenate(pairs)


def _load(plan: dict[str, Any]) -> None:
    """Have the compiled code loaded, by the verb on a few texts of a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "few.duckdb")
        texts = pa.table({"text": [f"one two three four five six {n % 3}" for n in range(6)]})
        for first in (0, len(texts)):
            _import(store, texts.to_batches(), first)
            verb = Dedupe(threshold=plan["threshold"], shingle=plan["shingle"], scope="new" if first else "all")
            jobs.run(store, verb, projects.get_or_create(store, "texts").id)
        store.close()


REMARKS = {
    "dropped": "dropped",
    "pairs_elided": "pairs of copies not listed",
    "buckets_cut": "large buckets cut",
    "kept_unlike": "kept as unlike",
}


def _peak() -> int:
    """Bytes. Linux's own mark, as getrusage's starts from the memory of the process that started this one."""
    return int(re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))[0]) * 1024
