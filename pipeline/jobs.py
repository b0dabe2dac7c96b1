"""Run a verb as a job: in this thread (command line) or in one of its own (page), with progress, cancel and resume.

A verb is a registered frozen dataclass of plain values, called as `verb(store, handle) -> result`. Its values are
stored with the job, so a stopped one can be made again and go on from its cursor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

from pipeline.domain import Job, JobCancelled, WorkbenchError
from pipeline.registry import Registry
from pipeline.store import Store
from pipeline.store import jobs as job_store
from pipeline.store.disk import DiskRefused, StoreEnded, refusal

log = logging.getLogger(__name__)
REPORT_EVERY = 0.4  # seconds between progress rows: a commit takes about 4 ms, and a page looks once a second
AGAIN_EVERY = 2.0  # seconds between tries to write down how a job has ended, on a disk without room for it

Watcher = Callable[[int, int, str], None]


class Verb(Protocol):
    name: ClassVar[str]

    def __call__(self, store: Store, job: Handle) -> Mapping[str, Any]: ...


verbs: Registry[Verb] = Registry("verb", "pipeline.verbs")


class Handle:
    """What a verb sees of its own job."""

    def __init__(self, store: Store, job: Job, watcher: Watcher | None = None) -> None:
        self.id = job.id
        self.project_id = job.project_id
        self.cursor: dict[str, Any] = dict(job.cursor)  # where an earlier try had come to; empty at first
        self._store = store
        self._watcher = watcher
        self._reported = 0.0

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is. Raises JobCancelled if somebody asked the job to stop: call it once a batch."""
        if self.id in _asked_to_stop(self._store):
            raise JobCancelled
        if self._watcher is not None:
            self._watcher(done, total, note)
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY or done == total:
            self._reported = now
            job_store.progress(self._store, self.id, done, total, note)


def run(store: Store, verb: Verb, project_id: int | None, watcher: Watcher | None = None) -> Job:
    """Do the verb now, in this thread. Returns the ended job; a WorkbenchError of the verb is raised on."""
    job_id = job_store.open_job(store, verb.name, project_id, _values(verb))
    return _perform(store, verb, job_id, watcher)


def start(store: Store, verb: Verb, project_id: int | None) -> int:
    """Do the verb in a thread of its own and return the job's number at once."""
    job_id = job_store.open_job(store, verb.name, project_id, _values(verb))
    _in_thread(store, verb, job_id)
    return job_id


def resume(store: Store, job_id: int, watcher: Watcher | None = None, *, wait: bool = False) -> Job:
    """Let a stopped, failed or cancelled job go on from where its last batch was stored."""
    job = job_store.get(store, job_id)
    verb = verbs.get(job.kind)(**job.params)  # before it is set running: a verb that is no more must not linger so
    if job.state != "running":
        _asked_to_stop(store).discard(job_id)  # asked when it had ended already
    job = job_store.reopen(store, job_id)
    if wait:
        return _perform(store, verb, job_id, watcher)
    _in_thread(store, verb, job_id)
    return job


def cancel(store: Store, job_id: int) -> None:
    """Ask a running job to stop at its next batch. Its effects never count; it can be resumed."""
    if job_store.get(store, job_id).state == "running":
        _asked_to_stop(store).add(job_id)


def wait(store: Store, job_id: int, seconds: float = 600) -> Job:
    """Block until the job has ended, at most `seconds`."""
    until = time.monotonic() + seconds
    while (job := job_store.get(store, job_id)).state == "running":
        if time.monotonic() > until:
            raise WorkbenchError(f"Job {job_id} ({job.kind}) is still running after {seconds:g} seconds.")
        time.sleep(0.05)
    return job


def _perform(store: Store, verb: Verb, job_id: int, watcher: Watcher | None) -> Job:
    handle = Handle(store, job_store.get(store, job_id), watcher)
    try:
        result = verb(store, handle)
        job_store.close_job(store, job_id, "preview" if getattr(verb, "dry_run", False) else "done", result)
    except (JobCancelled, KeyboardInterrupt):
        _end(store, job_id, "cancelled")
        log.info("job %s (%s) was cancelled", job_id, verb.name)
    except WorkbenchError as error:
        _end(store, job_id, "failed", str(error))
        raise
    except BaseException as error:
        refused = refusal(error, store.folder)
        _end(store, job_id, "failed", str(refused or f"{type(error).__name__}: {error}"))
        if refused is not None:
            raise refused from error
        raise
    finally:
        _asked_to_stop(store).discard(job_id)
    return job_store.get(store, job_id)


def _end(store: Store, job_id: int, state: str, error: str = "") -> None:
    """Write down that a job has not come to its end. On a full disk that waits until there is room: else the job would
    seem to run for ever, and keep all others from its project."""
    if not _written(store, job_id, state, error):
        log.warning("job %s has ended (%s), but there is no room to write that down yet", job_id, state)
        rest = (store, job_id, state, error)
        threading.Thread(target=_end_later, args=rest, name=f"end-{job_id}", daemon=True).start()


def _end_later(store: Store, job_id: int, state: str, error: str) -> None:
    try:
        while not _written(store, job_id, state, error):
            time.sleep(AGAIN_EVERY)
    except Exception:  # a thread's outermost frame: perhaps the store was closed meanwhile
        log.exception("that job %s has ended could not be written down", job_id)


def _written(store: Store, job_id: int, state: str, error: str) -> bool:
    """Whether there is nothing left to write down, now, of how a job has ended."""
    try:
        if job_store.get(store, job_id).state == "running":  # a verb may have done its last word itself (finish)
            job_store.close_job(store, job_id, state, {}, error)
    except StoreEnded:
        return True  # whoever opens it again finds the job stopped
    except DiskRefused:
        return False
    return True


def _in_thread(store: Store, verb: Verb, job_id: int) -> None:
    def body() -> None:
        try:
            _perform(store, verb, job_id, None)
        except WorkbenchError as error:
            log.warning("job %s (%s) failed: %s", job_id, verb.name, error)  # the job's row tells the page
        except Exception:  # a thread's outermost frame: the job's row says that it failed, the log says why
            log.exception("job %s (%s) failed", job_id, verb.name)

    threading.Thread(target=body, name=f"job-{job_id}", daemon=True).start()


def _values(verb: Verb) -> dict[str, Any]:
    return asdict(verb)  # type: ignore[call-overload]  # every verb is a dataclass; a Protocol cannot say so


_stopping: dict[int, set[int]] = {}


def _asked_to_stop(store: Store) -> set[int]:
    return _stopping.setdefault(id(store), set())
