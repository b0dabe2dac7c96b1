"""Send records that a run got wrong back to be labelled again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline import runs
from pipeline.domain import Task, WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.store import Store, projects
from pipeline.store import jobs as store_jobs
from pipeline.store import runs as index


@verbs.register
@dataclass(frozen=True, slots=True)
class Relabel:
    """Ask for records to be labelled again, each with what the run predicted as the reason. No records: all errors."""

    name: ClassVar[str] = "relabel"
    run: str
    records: list[int] | None = None

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        run = runs.get(store, self.run)
        if run.project_id != job.project_id:
            raise WorkbenchError(f"Run {run.id} belongs to another project.")
        task = _task(store, run)
        rows = runs.predictions(run.path).select(["id", "label", "predicted", "confidence"]).to_pylist()
        known = {row["id"]: row for row in rows}
        if self.records is None:
            wanted = [record for record, row in known.items() if row["label"] != row["predicted"]]
        else:
            wanted = list(dict.fromkeys(self.records))
        strange = [record for record in wanted if record not in known]
        if strange:
            raise WorkbenchError(f"Run {run.id} made no prediction for record {strange[0]}. Choose from its errors.")
        waiting = index.waiting_for_relabel(store, task.id)
        reasons = {record: _reason(known[record], run.id) for record in wanted if record not in waiting}
        if not job.cursor.get("written"):
            _write(store, job, task.id, run.id, reasons)
        job.progress(len(wanted), len(wanted))
        return {"relabel": len(reasons), "already_waiting": len(wanted) - len(reasons)}


def _write(store: Store, job: Handle, task_id: int, run_id: str, reasons: dict[int, str]) -> None:
    def work(cursor: Any) -> None:
        index.ask_relabel(store, cursor, job_id=job.id, task_id=task_id, run_id=run_id, reasons=reasons)
        store_jobs.checkpoint(cursor, job.id, {"written": len(reasons)}, len(reasons))

    store.transact(work)


def _task(store: Store, run: runs.Run) -> Task:
    """The task that the run's version was labelled with: by its name on the card, else the project's first."""
    found = projects.tasks(store, run.project_id)
    if not found:
        raise WorkbenchError("This project has no labelling task to ask about. Make one on the Label page.")
    card = runs.read_json(run.version_path / "card.json") or {}
    name = (card.get("task") or {}).get("name")
    return next((task for task in found if task.name == name), found[0])


def _reason(row: dict[str, Any], run_id: str) -> str:
    return f"run {run_id} predicted {row['predicted']} ({row['confidence']:.2f}); the label is {row['label']}"
