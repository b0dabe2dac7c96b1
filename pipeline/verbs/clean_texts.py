"""A pass of text steps over the records of a project: read ahead, judged in processes or here, written in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle
from pipeline.steps.base import OneText
from pipeline.steps.pool import Here, Pool, result
from pipeline.store import Store, derived, moved_answers, passes, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.database import Cursor
from pipeline.verbs.marks import Marks, Moved

# The most of one transaction: each looks at the verdicts anew, so few large ones are quick.
RECORDS, BYTES = 16_384, 2**24
PIECE = 1024, 2**20  # records and bytes that a process is given at a time
STEP = 64, 2**17  # as many are judged in this thread between two looks at whether somebody asked to stop
POOL_FROM = 4000  # records of a project; for fewer a pool costs more than it gives: it takes a second to start
PROCESSES_MOST = 256
_COLUMNS = ["record_id", "step", "name", "value"]  # how chain.py gives a derived column, without its kind


@dataclass(slots=True)
class TextPass:
    """One phase of a cleaning job. `done` of `total` is where it begins, and what all phases come to."""

    store: Store
    job: Handle
    project_id: int
    chain: Sequence[OneText]
    processes: int
    size: int  # records of the project
    done: int
    total: int
    place: dict[str, Any]  # the cursor: phase, after, seen, and what the job keeps there
    marks: Marks | None
    only: Sequence[int] | None = None  # the records of a sample; None: all

    def run(self) -> None:
        processes = workers(self.processes) if self.size >= POOL_FROM else 1
        most = PIECE if processes > 1 else STEP
        pool = Pool(self.chain, processes) if processes > 1 else Here(self.chain)
        begun: deque[tuple[pa.Table, int]] = deque()  # batches given out, and how many pieces each has
        said: list[pa.Table] = []
        with ThreadPoolExecutor(1, thread_name_prefix="clean-read") as reader, pool:
            for piece, verdicts_on_it in pool.judge(self._pieces(reader, most, begun), self._look):
                said.append(verdicts_on_it)
                self.place["seen"] += piece.num_rows
                self._look()
                if len(said) == begun[0][1]:
                    self._write(begun.popleft()[0], pa.concat_tables(said))
                    said = []

    def _pieces(
        self, reader: ThreadPoolExecutor, most: tuple[int, int], begun: deque[tuple[pa.Table, int]]
    ) -> Iterator[pa.Table]:
        for batch in self._batches(reader):
            parts = list(passes.pieces(batch, records=most[0], characters=most[1]))
            if parts:
                begun.append((batch, len(parts)))
            yield from parts

    def _batches(self, reader: ThreadPoolExecutor) -> Iterator[pa.Table]:
        """The texts of one transaction after the other; the next ones are read while these are judged and written."""
        own = (self.store, self.project_id, self.job.id)
        ready: Future[pa.Table] | None = None
        for stretch in [*self._stretches(), None]:
            coming = reader.submit(passes.texts, *own, stretch, self.only) if stretch else None
            if ready is not None:
                yield result(ready, self._look)
            ready = coming

    def _stretches(self) -> list[tuple[int, int]]:
        return passes.stretches(
            self.store, self.project_id, self.job.id, self.place["after"], records=RECORDS, characters=BYTES,
            only=self.only,
        )  # fmt: skip

    def _look(self) -> None:
        """Say how far it is; raises JobCancelled if somebody asked to stop."""
        done = self.done + min(self.place["seen"], self.size)
        self.job.progress(done, self.total, ", ".join(step.name for step in self.chain))

    def _write(self, batch: pa.Table, said: pa.Table) -> None:
        moved: Moved = []
        if self.marks is not None:
            said, moved = self.marks.heeded(self.store, self.job.id, batch, said, self.chain, self._look)
        made = said.filter(pc.equal(said["kind"], "derive")).drop_columns("kind").rename_columns(_COLUMNS)
        edited = said.filter(pc.equal(said["kind"], "edit"))["record_id"].unique().to_pylist()
        self.place["after"] = batch.column("id")[-1].as_py()

        def write(cursor: Cursor) -> None:
            verdicts.add(self.store, cursor, self.job.id, said.filter(pc.not_equal(said["kind"], "derive")))
            if self.place["phase"]:
                derived.forget(cursor, self.job.id, edited)
            derived.add(self.store, cursor, self.job.id, made)
            moved_answers.write(cursor, self.job.id, moved)
            done = self.done + min(self.place["seen"], self.size)
            job_store.checkpoint(cursor, self.job.id, self.place, done)

        self.store.transact(write)


def workers(asked: int) -> int:
    """How many processes: as many as asked for, 0 for one a core."""
    if not 0 <= asked <= PROCESSES_MOST:
        raise WorkbenchError(f"{asked} processes cannot be used. Write 1 to {PROCESSES_MOST}, or 0 for one a core.")
    return asked or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
