"""What the benchmarks share that run a peer: an environment of its own, and processes whose time and memory is seen."""

from __future__ import annotations

import subprocess
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK = 0.2  # seconds between looks at a process and its children


@dataclass(frozen=True, slots=True)
class Seen:
    """A process that ran. `failed` says why there is no result, else it is empty; `processor` is in seconds of it and
    its children, but for the last moment of each; `memory` is the most bytes of all at once, shared ones once."""

    failed: str
    processor: float
    memory: int


def python_of(home: Path, own: str, needed: Sequence[str]) -> Path:
    """The Python of a peer's own environment, made at the first use: the package without what it asks for, then what
    it needs for this. Raises CalledProcessError."""
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        for packages in (["--no-deps", own], needed):
            command = [python, "-m", "pip", "install", "--quiet", *packages]
            if packages:
                subprocess.run(command, check=True, capture_output=True, text=True)
        (home / "ready").touch()
    return python


def watch(command: Sequence[str], log: Path, limit: float, where: Path, environment: Mapping[str, str]) -> Seen:
    """Run a process to its end, or kill it and its children after `limit` seconds."""
    memory = 0
    spent: dict[int, float] = {}
    with log.open("wb") as out:
        process = psutil.Popen(command, cwd=where, env=dict(environment), stdout=out, stderr=out)
        began = time.monotonic()
        while process.poll() is None:
            if time.monotonic() - began > limit:
                for child in [*process.children(recursive=True), process]:
                    child.kill()
                process.wait()
                return Seen(f"not done after {limit} s", sum(spent.values()), memory)
            memory = max(memory, _look(process, spent))
            time.sleep(LOOK)
    if process.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        return Seen(f"ended with {process.returncode}: {' '.join(last)[:200]}", sum(spent.values()), memory)
    return Seen("", sum(spent.values()), memory)


def _look(process: psutil.Popen, spent: dict[int, float]) -> int:
    """Bytes of a process and its children now; notes the processor seconds of each."""
    memory = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:  # it has just ended
        return 0
    for one in family:
        try:
            times = one.cpu_times()
            spent[one.pid] = times.user + times.system
            memory += one.memory_full_info().pss
        except psutil.Error:
            continue
    return memory
