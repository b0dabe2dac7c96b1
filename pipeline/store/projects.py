"""Projects and their tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.domain import Project, Task, WorkbenchError
from pipeline.store.database import Cursor, Store, to_json


class NoSuchProject(WorkbenchError):
    """A project name that the database does not hold."""


def create(store: Store, name: str, meta: Mapping[str, Any] | None = None) -> Project:
    """Make a project. Its name is 1 to 80 characters without slashes or control characters, and new."""
    name = name.strip()
    if not re.fullmatch(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029/\\]{1,80}", name):
        raise WorkbenchError(f"'{name}' cannot name a project: use 1 to 80 characters, without / or \\.")
    if name in (p.name for p in all_projects(store)):
        raise WorkbenchError(f"There is already a project named '{name}'. Choose another name.")

    def work(cursor: Cursor) -> None:
        cursor.execute("INSERT INTO project (name, meta) VALUES (?, ?)", [name, to_json(dict(meta or {}))])

    store.transact(work)
    return get(store, name)


def all_projects(store: Store) -> list[Project]:
    return [_project(row) for row in store.rows("SELECT id, name, created_at, meta FROM project ORDER BY id")]


def get(store: Store, name: str) -> Project:
    row = store.row("SELECT id, name, created_at, meta FROM project WHERE name = ?", [name])
    if row is None:
        known = ", ".join(p.name for p in all_projects(store)) or "none yet: import a file to make one"
        raise NoSuchProject(f"There is no project named '{name}'. Projects: {known}.")
    return _project(row)


def by_id(store: Store, project_id: int) -> Project:
    row = store.row("SELECT id, name, created_at, meta FROM project WHERE id = ?", [project_id])
    if row is None:
        raise NoSuchProject(f"There is no project with the number {project_id}.")
    return _project(row)


def get_or_create(store: Store, name: str) -> Project:
    try:
        return get(store, name.strip())
    except NoSuchProject:
        return create(store, name)


def tasks(store: Store, project_id: int) -> list[Task]:
    return [_task(r) for r in store.rows("SELECT * FROM task WHERE project_id = ? ORDER BY id", [project_id])]


def task_by_id(store: Store, task_id: int) -> Task:
    """One task as it stands. Raises WorkbenchError if there is none of this number."""
    row = store.row("SELECT * FROM task WHERE id = ?", [task_id])
    if row is None:
        raise WorkbenchError(f"There is no task with the number {task_id}.")
    return _task(row)


def newest(store: Store, task: Task) -> Task:
    """The task as it stands now: `task` itself while that is its newest revision. It is asked at every answer."""
    later = store.rows("SELECT revision, job_id FROM task_revision WHERE id = ? AND revision >= ?",
                       [task.id, task.revision])  # fmt: skip
    if later == [{"revision": task.revision, "job_id": None}]:
        return task
    return task_by_id(store, task.id)


def save_task(
    store: Store, project_id: int, *, name: str, kind: str, definition: Mapping[str, Any], guideline: str = ""
) -> Task:
    """Make the project's task of this name, or add a revision to it. A changed guideline gets a new revision number."""

    def work(cursor: Cursor) -> int:
        last = cursor.execute("SELECT id FROM task WHERE project_id = ? AND name = ?", [project_id, name]).fetchone()
        if last is None:
            fresh = cursor.execute("SELECT nextval('task_id')").fetchone()
            task_id = fresh[0] if fresh else 0
        else:
            task_id = last[0]
        add_revision(cursor, task_id, project_id, name=name, kind=kind, definition=definition, guideline=guideline)
        return int(task_id)

    return task_by_id(store, store.transact(work))


def add_revision(
    cursor: Cursor, task_id: int, project_id: int, *, name: str, kind: str, definition: Mapping[str, Any],
    guideline: str, job_id: int | None = None,
) -> int:  # fmt: skip
    """Inside a transaction: write the task as it shall stand; returns its revision. `job_id` is the label change that
    made it: the revision counts only while that job is done."""
    newest = cursor.execute("SELECT max(revision) FROM task_revision WHERE id = ?", [task_id]).fetchone()
    last = cursor.execute("SELECT guideline, guideline_revision FROM task WHERE id = ?", [task_id]).fetchone()
    revision = (newest[0] if newest and newest[0] else 0) + 1
    guideline_revision = 1 if last is None else last[1] + (last[0] != guideline)
    cursor.execute(
        "INSERT INTO task_revision (id, project_id, revision, name, kind, definition, guideline, "
        "guideline_revision, job_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [task_id, project_id, revision, name, kind, to_json(definition), guideline, guideline_revision, job_id],
    )
    return int(revision)


def guidelines(store: Store, task_id: int) -> list[dict[str, Any]]:
    """Every guideline that the task has had, oldest first: revision, text, created_at (UTC)."""
    return store.rows(
        "SELECT guideline_revision AS revision, arg_min(guideline, revision) AS text, min(created_at) AS created_at "
        "FROM task_revision WHERE id = ? GROUP BY guideline_revision ORDER BY guideline_revision",
        [task_id],
    )


def _project(row: Mapping[str, Any]) -> Project:
    return Project(row["id"], row["name"], row["created_at"], json.loads(row["meta"]))


def _task(row: Mapping[str, Any]) -> Task:
    return Task(
        row["id"], row["project_id"], row["name"], row["kind"], json.loads(row["definition"]), row["guideline"],
        row["guideline_revision"], row["revision"],
    )  # fmt: skip
