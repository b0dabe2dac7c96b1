"""Starts the worker in which augmenters run and speaks with it, so that what they import never enters this process."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from pipeline.augmenters.base import Outcome, Refused
from pipeline.domain import WorkbenchError

ROOT = Path(__file__).resolve().parents[2]
POLL = 0.25  # seconds between looks at whether somebody asked to stop
GRACE = 5.0  # seconds that a worker has to end before it is killed


class WorkerFailed(WorkbenchError):
    """The augmentation worker ended, or said that it could not do what it was asked."""


class WorkerProcess:
    """A running worker, as a context manager: it ends with the block. One thread at a time may ask it."""

    module = "pipeline.augmenters.worker"

    def __init__(self, log: Path | None = None) -> None:
        """`log` is the file that its messages are added to; without one they are thrown away."""
        self._log = log
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        target: IO[bytes] | int = subprocess.DEVNULL
        if self._log is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            target = self._log.open("ab")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module], cwd=ROOT, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=target, start_new_session=True,
                env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"},
            )  # fmt: skip
        finally:
            if not isinstance(target, int):
                target.close()
        self._requests = cast("IO[bytes]", self._process.stdin)
        answers = cast("IO[bytes]", self._process.stdout)
        threading.Thread(target=self._read, args=(answers,), name="worker-answers", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._requests.close()
        except BrokenPipeError:
            kind = kind or BrokenPipeError
        if kind is not None:
            self._signal(signal.SIGTERM)
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def augment(
        self, augmenter: str, knobs: Mapping[str, Any], texts: Sequence[str], seeds: Sequence[int],
        waiting: Callable[[], None] = lambda: None,
    ) -> list[Outcome]:  # fmt: skip
        """One outcome a text. `waiting` is called a few times a second until they are there, and may raise to stop.

        Raises WorkerFailed if the worker ends or refuses.
        """
        request = {"augmenter": augmenter, "knobs": dict(knobs), "texts": list(texts), "seeds": list(seeds)}
        outcomes = self.ask(request, waiting)["outcomes"]
        return [o["text"] if "text" in o else Refused(o["reason"]) for o in outcomes]

    def ask(self, request: Mapping[str, Any], waiting: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """The answer to one request; `waiting` and errors as in augment."""
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except (BrokenPipeError, ValueError):
            raise self._ended() from None
        said = json.loads(self._next(waiting))
        if "error" in said:
            raise WorkerFailed(said["error"])
        return cast("dict[str, Any]", said)

    def _next(self, waiting: Callable[[], None]) -> bytes:
        while True:
            try:
                line = self._lines.get(timeout=POLL)
            except queue.Empty:
                waiting()
                continue
            if line is None:
                self._lines.put(None)  # whoever asks again learns the same
                raise self._ended()
            return line

    def _read(self, stdout: IO[bytes]) -> None:
        with stdout as answers:
            for line in answers:
                self._lines.put(line)
        self._lines.put(None)

    def _ended(self) -> WorkerFailed:
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            code = None
        where = f" Its messages are in {self._log}." if self._log is not None else ""
        return WorkerFailed(f"The augmentation worker ended before it was done (exit status {code}).{where} Try again.")

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)  # its own group: a translation program that it started ends too
        except ProcessLookupError:
            return
