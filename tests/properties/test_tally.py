"""What an annotator has done, kept up with step by step, is what a count of everything gives."""

from __future__ import annotations

import random

import pytest

from pipeline import annotate, jobs
from pipeline.store import Store, tally
from pipeline.store import jobs as job_store
from pipeline.store.jobs import JobRefused
from pipeline.verbs.bulk import Bulk
from tests.conftest import Fill

WORDS = ("submitted", "submitted", "submitted", "skipped", "withdrawn", "draft")


@pytest.mark.parametrize("seed", range(4))
def test_the_counts_are_those_of_a_fresh_count(store: Store, fill: Fill, seed: int) -> None:
    project = fill([f"text {n}" for n in range(40)])
    task = annotate.define(store, project, labels=["yes", "no"], guideline="")
    rnd, done = random.Random(seed), list[int]()
    since = store.scalar("SELECT TIMESTAMP '2000-01-01'")
    for step in range(60):
        act = rnd.choice(["say"] * 6 + ["bulk", "undo", "redo"])
        if act == "say":
            events = [
                {"event_id": f"event-{step:03d}-{n}", "record_id": rnd.randint(1, 40), "state": rnd.choice(WORDS),
                 "value": {"label": "yes"}} for n in range(rnd.randint(1, 4))
            ]  # fmt: skip
            annotate.submit(store, task, rnd.choice(["anna", "bob"]), events)
        elif act == "bulk":
            ids = rnd.sample(range(1, 41), 10)
            done.append(jobs.run(store, Bulk(rnd.choice(["anna", "bob"]), {"label": "no"}, ids), project.id).id)
        elif done:
            try:
                getattr(job_store, act)(store, rnd.choice(done))
            except JobRefused:
                continue
        if rnd.random() < 0.2:
            since = store.scalar("SELECT coalesce(max(created_at), TIMESTAMP '2000-01-01') FROM annotation_event")
        for who in ("anna", "bob"):
            rows = store.rows("SELECT state, created_at FROM annotation_now WHERE annotator = ?", [who])
            submitted = [row for row in rows if row["state"] == "submitted"]
            assert tally.own_counts(store, task.id, who, since) == {
                "submitted": len(submitted),
                "skipped": sum(row["state"] == "skipped" for row in rows),
                "today": sum(row["created_at"] >= since for row in submitted),
            }
