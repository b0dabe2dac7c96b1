"""What a recipe sees of its run: what was asked, where to write, whom to tell, and when to stop. No model library."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.runs import write_json
from training.data import Version

TELL_EVERY = 0.5  # seconds between status files: a page looks once a second


class Cancelled(Exception):
    """Raised by a recipe after it has written its checkpoint because it was asked to stop."""


class Terminated(Exception):
    """The same, but it was the system that asked (SIGTERM): the run counts as stopped, not as cancelled."""


@dataclass(slots=True)
class Work:
    """One run at work. `resume` says that `checkpoint` may hold where an earlier try had come to."""

    path: Path
    version: Version
    model: str
    seed: int
    resume: bool = False
    signalled: bool = False
    earlier: float = 0.0  # seconds of work of earlier tries
    _began: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _state: dict[str, Any] = field(default_factory=dict)

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"

    @property
    def seconds(self) -> float:
        return self.earlier + time.monotonic() - self._began

    def metric(self, kind: str, step: int, **values: Any) -> None:
        """Add one line to metrics.jsonl."""
        line = json.dumps({"kind": kind, "step": step, **values, "at": round(time.time(), 3)}, ensure_ascii=False)
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def progress(self, step: int, steps: int, note: str = "", eta: float | None = None) -> None:
        """Say how far the run is; cheap enough to be called at every step."""
        if time.monotonic() - self._told >= TELL_EVERY or step == steps:
            self._told = time.monotonic()
            self.tell("running", step=step, steps=steps, note=note, eta=eta)

    def tell(self, state: str, **values: Any) -> None:
        """Replace status.json; what was said before and is not said anew stays."""
        self._state.update(values, state=state, seconds=round(self.seconds, 3), at=time.time())
        write_json(self.path / "status.json", self._state)

    def restart_clock(self) -> None:
        """Start counting seconds: the device is ours now."""
        self._began = time.monotonic()

    def stop_asked(self) -> bool:
        return self.signalled or (self.path / "control").exists()

    def stop(self) -> None:
        """Raise what a recipe raises after its checkpoint."""
        raise Cancelled if (self.path / "control").exists() else Terminated


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a recipe gives back: class probabilities of shape (n, labels) by split, and facts for the report.

    `save(folder)` writes the model's files into an empty folder.
    """

    probabilities: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]
    save: Callable[[Path], None]
