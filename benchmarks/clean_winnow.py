"""One turn of Winnow for clean_peer, in a process of its own: an import, the verb `clean` as a job, or step by step."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks import near_duplicates_winnow
from pipeline import jobs, recipe
from pipeline.domain import Drop, Edit
from pipeline.steps.base import TextStep
from pipeline.store import Store, open_store, projects
from pipeline.verbs.clean import Clean

PROCESSES = 2
WARM = 500  # texts that are judged before the clock starts: some steps load what they need when they meet it
SAME = {"empty": "length"}  # steps that are one operation of the peers


def text_steps() -> list[TextStep]:
    """The steps of the default recipe that judge a text alone: no peer looks for duplicates beside them."""
    return [step for step in recipe.named("default").built() if isinstance(step, TextStep)]


def turn(path: Path) -> None:
    """Do what the plan in the file says; write result.json beside it."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    if plan["do"] == "each":
        found = {"each": each(pq.read_table(plan["texts"])["text"].to_pylist())}
    else:
        store = open_store(Path(plan["database"]))
        found = clean(store) if plan["do"] == "clean" else near_duplicates_winnow.fill(store, {**plan, "first": 0})[0]
        store.close()
    path.with_name("result.json").write_text(json.dumps(found), encoding="utf-8")


def clean(store: Store) -> dict[str, Any]:
    """The verb, from the stored texts to the verdicts written."""
    names = {step.name for step in text_steps()}
    wanted = [[name, dict(settings)] for name, settings in recipe.named("default").steps if name in names]
    project = projects.get_or_create(store, "texts")
    before, began = time.process_time(), time.perf_counter()
    job = jobs.run(store, Clean(wanted, processes=PROCESSES), project.id)
    seconds = time.perf_counter() - began
    said = ", ".join(f"{sum(job.result[name].values()):,} {name}" for name in ("dropped", "edited", "flagged"))
    return {"seconds": seconds, "before": before, "said": said}


def each(texts: list[str]) -> list[tuple[str, str, float, int]]:
    """What clean_tools gives for a peer: each step by itself, on the texts as those before it leave them."""
    found = []
    for step in text_steps():
        for text in texts[:WARM]:
            step.judge(text)
        began = time.process_time()
        judged = [step.judge(text) for text in texts]
        seconds = time.process_time() - began
        found.append((SAME.get(step.name, step.name), step.name, seconds, sum(one is not None for one in judged)))
        texts = [
            one.text if isinstance(one, Edit) else text
            for text, one in zip(texts, judged, strict=True)
            if not isinstance(one, Drop)
        ]
    return found


if __name__ == "__main__":
    turn(Path(sys.argv[1]))
