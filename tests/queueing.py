"""What the tests of the queue do: answer, ask again, change the plan, and read off a claim whose records it has."""

from __future__ import annotations

from pipeline.domain import Project, Task
from pipeline.store import Store, jobs, projects, queue
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer
from pipeline.store.database import Cursor


def ids(found: list[queue.Claimed]) -> list[int]:
    return [claimed.record_id for claimed in found]


def say(store: Store, task: Task, who: str, record: int, state: str = "submitted") -> None:
    value = {"label": "yes"} if state == "submitted" else {}
    event = Answer(
        f"{who}-{record}-{state}-{store.scalar('SELECT count(*) FROM annotation_event')}", record, state, value
    )  # type: ignore[arg-type]
    answer_store.submit(store, task.id, who, [event])


def ask_again(store: Store, project: Project, task: Task, record: int) -> None:
    def work(cursor: Cursor) -> None:
        job = jobs.record_done(cursor, "relabel", project.id, {})
        cursor.execute(
            "INSERT INTO relabel_request (record_id, task_id, reason, job_id) VALUES (?, ?, 'predicted no', ?)",
            [record, task.id, job],
        )

    store.transact(work)


def planned(store: Store, project: Project, overlap: int = 1, **words: object) -> Task:
    """The project's task with another plan."""
    task = projects.tasks(store, project.id)[0]
    definition = {**task.definition, "overlap": overlap, "queue": words}
    return projects.save_task(store, project.id, name=task.name, kind=task.kind, definition=definition)
