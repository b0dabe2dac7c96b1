"""Processes in which text steps judge batches of records, and this process as a pool of one. Both take batches and give
their verdicts in the order of the batches.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import queue
import struct
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import pyarrow as pa

from pipeline.domain import WorkbenchError
from pipeline.steps.base import OneText
from pipeline.steps.chain import Part, StepFailed, judge_batch, parts_of
from pipeline.steps.worker import SEEN, packed, read_frame, unpacked, write_frame

ROOT = Path(__file__).resolve().parents[2]
POLL = 0.25  # seconds between looks at whether somebody asked to stop
AHEAD = 3  # batches a process that are given out before the first of them is asked for

Waiting = Callable[[], None]  # called a few times a second; may raise to stop


class WorkerEnded(WorkbenchError):
    """A process in which steps worked has died."""


class Here:
    """A pool of no processes: the steps judge in the thread that asks."""

    def __init__(self, chain: Sequence[OneText]) -> None:
        self._chain = chain

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def judge(self, batches: Iterable[pa.Table], waiting: Waiting) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Each batch (with columns id and text) and its verdicts, in order. Raises StepFailed."""
        for batch in batches:
            waiting()
            yield batch, judge_batch(batch.column("id").to_pylist(), batch.column("text").to_pylist(), self._chain)


class Pool:
    """Worker processes, as a context manager: they are dead when the block ends, however it ends.

    They end also with the thread that opened the block, so one thread opens, uses and leaves it.
    """

    def __init__(self, chain: Sequence[OneText], processes: int) -> None:
        self._names = [step.name for step in chain]
        self._parts = parts_of(chain)
        self._tasks: queue.SimpleQueue[tuple[pa.Table, Future[pa.Table]] | None] = queue.SimpleQueue()
        self._size = processes
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        try:
            for _ in range(self._size):
                self._workers.append(_Worker(self._parts, self._names))
        except BaseException:
            self._close()
            raise
        for worker in self._workers:
            threading.Thread(target=worker.serve, args=(self._tasks,), name="clean-worker", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self._workers]

    def judge(self, batches: Iterable[pa.Table], waiting: Waiting) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Each batch (with columns id and text) and its verdicts, in order. Raises StepFailed, WorkerEnded."""
        given: deque[tuple[pa.Table, Future[pa.Table]]] = deque()
        for batch in batches:
            future: Future[pa.Table] = Future()
            given.append((batch, future))
            self._tasks.put((batch, future))
            while len(given) > AHEAD * self._size or (given and given[0][1].done()):
                first, future = given.popleft()
                yield first, result(future, waiting)
        for first, future in given:
            yield first, result(future, waiting)

    def _close(self) -> None:
        for worker in self._workers:
            worker.kill()
        for _ in self._workers:
            self._tasks.put(None)


def result(future: Future[pa.Table], waiting: Waiting) -> pa.Table:
    """What a future gives; `waiting` is called a few times a second until it is there."""
    while True:
        waiting()
        with contextlib.suppress(TimeoutError):
            return future.result(POLL)


class _Worker:
    """One process and its two pipes."""

    def __init__(self, parts: Sequence[Part], names: Sequence[str]) -> None:
        self._names = names
        with tempfile.TemporaryFile() as file:
            file.truncate(SEEN)
            self._seen = mmap.mmap(file.fileno(), SEEN)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.steps.worker"], cwd=ROOT, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, pass_fds=(file.fileno(),), start_new_session=True,
            )  # fmt: skip
            self._requests = cast("IO[bytes]", self._process.stdin)
            self._answers = cast("IO[bytes]", self._process.stdout)
            job = {"parts": parts, "parent": os.getpid(), "seen": file.fileno()}
        with contextlib.suppress(BrokenPipeError):  # a process that died at once is found out by the first batch
            write_frame(self._requests, b"j", json.dumps(job).encode())

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def serve(self, tasks: queue.SimpleQueue[tuple[pa.Table, Future[pa.Table]] | None]) -> None:
        """Work on batches until there is a None. After its process has died it fails what it takes, so that nobody
        waits for ever."""
        with contextlib.suppress(BrokenPipeError), self._requests, self._answers:
            while (task := tasks.get()) is not None:
                batch, future = task
                try:
                    future.set_result(self._ask(batch))
                except Exception as error:  # noqa: BLE001 - whoever asked for the batch raises it on
                    future.set_exception(error)

    def _ask(self, batch: pa.Table) -> pa.Table:
        try:
            write_frame(self._requests, b"b", packed(batch.select(["id", "text"])))
            answer = read_frame(self._answers)
        except (BrokenPipeError, ValueError):
            answer = None
        if answer is None:
            raise self._ended(batch)
        if answer[0] == b"e":
            said: dict[str, Any] = json.loads(answer[1])
            raise StepFailed(said["sentence"], said["trace"])
        return unpacked(answer[1])

    def _ended(self, batch: pa.Table) -> WorkerEnded:
        code = self._process.wait()
        record, place = struct.unpack("<qq", self._seen[:SEEN])
        ids = batch.column("id")
        if not ids[0].as_py() <= record <= ids[-1].as_py():  # it died before it had looked at one of these
            record, place = ids[0].as_py(), 0
        return WorkerEnded(
            f"The process in which the step {self._names[place]} judged record id={record} ended suddenly (exit status "
            f"{code}), as when the memory has run out. Run it again with fewer processes, or drop that record by hand."
        )
