"""What tests of cleaning share: a corpus step run as a job of its own, and answers of several people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline import annotate
from pipeline.domain import Project
from pipeline.store import Store, corpus, records
from pipeline.store import jobs as job_store


def apply(
    store: Store, project: Project, select: str, params: dict[str, Any] | None = None, *, end: str = "done"
) -> int:
    """Run a SELECT as the step `s` of a cleaning job; returns the job."""
    job = job_store.open_job(store, "clean", project.id, {})

    def work(cursor: Any) -> None:
        corpus.apply_selected(
            cursor, job_id=job, project_id=project.id, step="s", select=select, params=params or {}
        )  # fmt: skip

    try:
        store.transact(work)
    except BaseException:
        job_store.close_job(store, job, "failed", {})
        raise
    job_store.close_job(store, job, end, {})
    return job


def labelled(
    store: Store, project: Project, answers: dict[str, dict[str, str]], labels: Sequence[str] = ("POS", "NEG")
) -> int:
    """Give answers, {annotator: {external id: label}}, to a task with these labels; returns the task."""
    task = annotate.define(store, project, labels=labels, guideline="")
    ids = {row["external_id"]: row["id"] for row in records.page(store, project.id, limit=1000)}
    for who, said in answers.items():
        annotate.submit(
            store, task, who,
            [{"event_id": f"event-{who}-{one}", "record_id": ids[one], "state": "submitted", "value": {"label": label}}
             for one, label in said.items()],
        )  # fmt: skip
    return task.id
