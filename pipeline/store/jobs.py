"""Jobs: their progress, their result, and the one word (`state`) on which all their effects hang."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import psutil

from pipeline.domain import Job, WorkbenchError
from pipeline.store import family_labels, label_changes, moved_answers
from pipeline.store.database import Cursor, Store, to_json


class NoSuchJob(WorkbenchError):
    """A job number that the database does not hold."""


class JobRefused(WorkbenchError):
    """A job cannot be started, continued, undone or redone as things stand."""


LARGEST = 2**62  # what the database compares with a number
COLUMNS = "id, project_id, kind, params, state, done, total, note, cursor, result, error, created_at, finished_at"


def open_job(store: Store, kind: str, project_id: int | None, params: Mapping[str, Any]) -> int:
    """Note a new running job. Raises JobRefused while another one is running on the project."""

    def work(cursor: Cursor) -> int:
        refuse_busy(cursor, project_id)
        owner = {**_owner(), "base": _base(cursor, project_id, kind, 0)}
        made = cursor.execute(
            "INSERT INTO job (kind, project_id, params, state, owner) VALUES (?, ?, ?, 'running', ?) RETURNING id",
            [kind, project_id, to_json(dict(params)), to_json(owner)],
        ).fetchone()
        return _first(made)

    return store.transact(work)


def reopen(store: Store, job_id: int) -> Job:
    """Set a stopped, failed or cancelled job running again, its cursor kept. Refused if the data has moved on."""
    job = get(store, job_id)

    def work(cursor: Cursor) -> None:
        halted = ("stopped", "failed", "cancelled")
        _refuse_unless(cursor, job_id, halted, "a stopped, failed or cancelled job can go on")
        refuse_busy(cursor, job.project_id)
        base = _unmoved(cursor, job) if job.kind in ("clean", "dedupe", "semantic", "augment", "change-labels") else []
        owner = {**_owner(), "base": base}
        cursor.execute("UPDATE job SET state = 'running', error = '', owner = ? WHERE id = ?", [to_json(owner), job_id])

    store.transact(work)
    return get(store, job_id)


def get(store: Store, job_id: int) -> Job:
    row = store.row(f"SELECT {COLUMNS} FROM job WHERE id = ?", [job_id]) if abs(job_id) < LARGEST else None
    if row is None:
        raise NoSuchJob(f"There is no job {job_id}. The overview lists the jobs of each project.")
    return _job(row)


def recent(store: Store, project_id: int, limit: int = 50, kind: str | None = None) -> list[Job]:
    """The project's newest jobs first; those of one kind if named."""
    return [
        _job(row)
        for row in store.rows(
            f"SELECT {COLUMNS} FROM job WHERE project_id = $project AND ($kind IS NULL OR kind = $kind)"
            " ORDER BY id DESC LIMIT $limit",
            {"project": project_id, "kind": kind, "limit": limit},
        )
    ]


def progress(store: Store, job_id: int, done: int, total: int, note: str) -> None:
    def work(cursor: Cursor) -> None:
        cursor.execute("UPDATE job SET done = ?, total = ?, note = ? WHERE id = ?", [done, total, note, job_id])

    store.transact(work)


def checkpoint(cursor: Cursor, job_id: int, place: Mapping[str, Any], done: int) -> None:
    """Inside a transaction that writes a batch: note how far the job has come, so that it can go on from there."""
    cursor.execute("UPDATE job SET cursor = ?, done = ? WHERE id = ?", [to_json(dict(place)), done, job_id])


def close_job(store: Store, job_id: int, state: str, result: Mapping[str, Any], error: str = "") -> None:
    """End a job. When `state` is done, this is the moment at which its effects begin to count."""

    def work(cursor: Cursor) -> None:
        cursor.execute(
            "UPDATE job SET state = ?, result = ?, error = ?, "
            "finished_at = get_current_timestamp() AT TIME ZONE 'UTC' WHERE id = ?",
            [state, to_json(dict(result)), error, job_id],
        )

    store.transact(work)


def record_done(cursor: Cursor, kind: str, project_id: int, params: Mapping[str, Any]) -> int:
    """Inside a transaction: a small job that is done at once (a person keeps a record), so that it can be undone."""
    made = cursor.execute(
        "INSERT INTO job (kind, project_id, params, state, finished_at) "
        "VALUES (?, ?, ?, 'done', get_current_timestamp() AT TIME ZONE 'UTC') RETURNING id",
        [kind, project_id, to_json(dict(params))],
    ).fetchone()
    return _first(made)


def mark_stopped(store: Store) -> int:
    """At start: a job that is still 'running' died with the process that held the file. Returns how many there were."""

    def work(cursor: Cursor) -> int:
        found = cursor.execute("UPDATE job SET state = 'stopped' WHERE state = 'running' RETURNING id").fetchall()
        return len(found)

    return store.transact(work)


def undo(store: Store, job_id: int) -> None:
    """Take a done job's effects out of every view. Raises JobRefused while a later job builds on them.

    What the data is without them is noted, because over that they can be brought back.
    """
    job = get(store, job_id)

    def work(cursor: Cursor) -> None:
        _refuse_unless(cursor, job_id, ("done",), "a job that is done can be undone")
        refuse_busy(cursor, job.project_id)
        later = cursor.execute(_BUILT_ON, {"job": job_id}).fetchone()
        if later is not None:
            raise JobRefused(f"Job {later[0]} ({later[1]}) builds on job {job_id}. Undo job {later[0]} first.")
        _refuse_if(label_changes.cannot_undo(cursor, job_id))
        _refuse_if(moved_answers.cannot_undo(cursor, job_id))
        base = {"base": _base(cursor, job.project_id, job.kind, job_id)}
        cursor.execute(
            "UPDATE job SET state = 'undone', owner = json_merge_patch(owner, ?) WHERE id = ?", [to_json(base), job_id]
        )

    store.transact(work)


def redo(store: Store, job_id: int) -> None:
    """Bring an undone job's effects back, or apply a preview. Refused if the data is not what the preview saw or the
    undo left, or if records would go of which people have said contradictory things since."""
    job = get(store, job_id)

    def work(cursor: Cursor) -> None:
        _refuse_unless(cursor, job_id, ("undone", "preview"), "an undone job or a preview can be applied")
        if job.params.get("sample"):
            raise JobRefused(f"Job {job_id} looked at a sample of the records only. Run it on all of them.")
        refuse_busy(cursor, job.project_id)
        _unmoved(cursor, job)
        _refuse_if(label_changes.cannot_redo(cursor, job_id))
        _refuse_if(moved_answers.cannot_redo(cursor, job_id))
        _refuse_if(family_labels.cannot_apply(cursor, job_id))
        cursor.execute("UPDATE job SET state = 'done' WHERE id = ?", [job_id])

    store.transact(work)


def finish(cursor: Cursor, job_id: int, place: Mapping[str, Any]) -> None:
    """Inside the last transaction of a verb whose end must come with its last effect: the job is done from there on."""
    cursor.execute("UPDATE job SET cursor = ?, state = 'done' WHERE id = ?", [to_json(dict(place)), job_id])


def _refuse_if(reason: str) -> None:
    if reason:
        raise JobRefused(reason)


def refuse_busy(cursor: Cursor, project_id: int | None) -> None:
    """Raise JobRefused while a job is running on the project. Inside the transaction that starts something."""
    busy = cursor.execute(
        "SELECT id, kind FROM job WHERE state = 'running' AND project_id IS NOT DISTINCT FROM ?", [project_id]
    ).fetchone()
    if busy is not None:
        raise JobRefused(f"Job {busy[0]} ({busy[1]}) is still running on this project. Wait for it or cancel it.")


def _refuse_unless(cursor: Cursor, job_id: int, states: tuple[str, ...], only: str) -> None:
    """Look at the state inside the transaction that changes it: two pages may press the same button."""
    row = cursor.execute("SELECT state FROM job WHERE id = ?", [job_id]).fetchone()
    if row is not None and row[0] not in states:
        raise JobRefused(f"Job {job_id} is {row[0]}; only {only}.")


def _base(cursor: Cursor, project_id: int | None, kind: str, own: int) -> list[int]:
    """The live jobs that made the data what it is; for a freeze also the freezes, which fix splits; for what writes
    answers also the changes of labels."""
    found = cursor.execute(
        "SELECT id FROM job WHERE project_id IS NOT DISTINCT FROM $project AND state = 'done' AND id <> $own "
        "AND (kind IN ('import', 'clean', 'dedupe', 'semantic', 'augment', 'edit') OR kind = $kind AND kind = 'freeze' "
        "OR kind = 'change-labels' AND $kind IN ('import', 'simulate', 'bulk', 'change-labels') "
        "OR kind IN ('simulate', 'bulk') AND $kind = 'change-labels') "
        "ORDER BY id",
        {"project": project_id, "kind": kind, "own": own},
    ).fetchall()
    return [row[0] for row in found]


def _unmoved(cursor: Cursor, job: Job) -> list[int]:
    """The job's base, if the data still stands on it. Raises JobRefused with what has changed."""
    row = cursor.execute("SELECT owner FROM job WHERE id = ?", [job.id]).fetchone()
    base = json.loads(row[0]).get("base", []) if row else []
    now = _base(cursor, job.project_id, job.kind, job.id)
    if base != now:
        moved = ", ".join(f"job {n}" for n in sorted(set(base) ^ set(now)))
        raise JobRefused(f"The data has changed since job {job.id} looked at it ({moved}). Run it again.")
    return base


# A later live job builds on this one if it made records from its records, edited a text (or made columns of one) that
# this one edited, or judged a record that this one made. Judgements of a text that reverts would outlive it otherwise.
# A change of labels or of texts builds on the answers that it rewrote, an import on those that its own joined, and on
# their records.
_BUILT_ON = """
SELECT j.id, j.kind FROM job j
WHERE j.id > $job AND j.state = 'done' AND (
  EXISTS (SELECT 1 FROM record c JOIN record p ON p.id = c.parent_id WHERE c.job_id = j.id AND p.job_id = $job)
  OR EXISTS (SELECT 1 FROM verdict later JOIN verdict mine ON mine.record_id = later.record_id
    WHERE later.job_id = j.id AND later.kind = 'edit' AND mine.job_id = $job AND mine.kind = 'edit')
  OR EXISTS (SELECT 1 FROM derived later JOIN verdict mine ON mine.record_id = later.record_id
    WHERE later.job_id = j.id AND later.of_text AND mine.job_id = $job AND mine.kind = 'edit')
  OR EXISTS (SELECT 1 FROM verdict later JOIN record mine ON mine.id = later.record_id
    WHERE later.job_id = j.id AND mine.job_id = $job)
  OR j.kind = 'import' AND (
    EXISTS (SELECT 1 FROM annotation_event later JOIN record mine ON mine.id = later.record_id
      WHERE later.job_id = j.id AND mine.job_id = $job)
    OR EXISTS (SELECT 1 FROM suggestion later JOIN record mine ON mine.id = later.record_id
      WHERE later.job_id = j.id AND mine.job_id = $job))
  OR j.kind IN ('change-labels', 'clean', 'edit', 'import') AND EXISTS (
    SELECT 1 FROM annotation_event later JOIN annotation_event mine
    ON mine.record_id = later.record_id AND mine.task_id = later.task_id AND mine.annotator = later.annotator
    WHERE later.job_id = j.id AND mine.job_id = $job)
  OR EXISTS (SELECT 1 FROM suggestion later JOIN suggestion mine ON mine.id = later.replaces
    WHERE later.job_id = j.id AND mine.job_id = $job))
ORDER BY j.id DESC LIMIT 1
"""


def _first(row: tuple[Any, ...] | None) -> int:
    if row is None:
        raise RuntimeError("RETURNING gave no row")
    return int(row[0])


def _owner() -> dict[str, Any]:
    me = psutil.Process()
    return {"pid": os.getpid(), "started": me.create_time(), "boot": psutil.boot_time()}


def _job(row: Mapping[str, Any]) -> Job:
    parsed = {**row, **{name: json.loads(row[name]) for name in ("params", "cursor", "result")}}
    return Job(**parsed)
