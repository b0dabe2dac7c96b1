"""The quick way of an import: blocks of columns in place of rows, one being written while the next is read.

Records, numbers, answers and rejections come out as Work.take makes them. Every row that is not plainly new and right
(one without a text, with a label or a split that is none, with an id that came before) is handed to the ordinary way.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.domain import Rejection
from pipeline.importers.base import BATCH, Batch, Importer
from pipeline.importers.quick.block import Block, of_batch
from pipeline.importers.rows import Reading, Taken, take
from pipeline.importers.source import Source
from pipeline.store import imports
from pipeline.verbs import import_columns
from pipeline.verbs.import_batches import MOST_LABELS, Work, too_many
from pipeline.verbs.import_columns import BAD, New

if TYPE_CHECKING:  # compiled when a large file is read, not when the program starts
    from pipeline.importers.quick.seen import Seen

LEAST = 4 << 20  # bytes of a file from which on the quick way is worth its start
_KINDS = ("choice", "rating")  # of questions whose answer is known by the cell alone


def blocks_of(importer: Importer, source: Source, reading: Reading) -> Iterator[Block | Batch] | None:
    """The file's rows in blocks; None where the ordinary way is as quick, or the only one."""
    quick = getattr(importer, "blocks", None)
    labelled = bool(reading.columns.label and reading.answers)
    if quick is None or reading.own or reading.fields or source.path.stat().st_size < LEAST:
        return None
    if labelled and (reading.shows or reading.answering.questions[reading.answers].kind not in _KINDS):
        return None
    if source.encoding and codecs.lookup(source.encoding).name not in ("utf-8", "utf-8-sig"):
        return None
    return quick(source, reading.columns)


def read(work: Work, blocks: Iterator[Block | Batch], progress: Callable[[], None]) -> None:
    """Take all that a file holds. `progress` is called once a block, when nothing is being written."""
    from pipeline.importers.quick.seen import Seen

    with ThreadPoolExecutor(1, "import") as writer:
        quick = Quick(work, writer, progress, Seen())
        for ids in imports.ids(work.store, work.project_id, work.job.id):
            quick.seen.add(ids)
        for block in blocks:
            quick.take(of_batch(block) if isinstance(block, Batch) else block)
        quick.wait()
        progress()


@dataclass(slots=True)
class Rest:
    """The rows of a block that were read the ordinary way, those that can be taken by place; and what was refused."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)


@dataclass(slots=True)
class Quick:
    """The work of one file, and what is being written of it."""

    work: Work
    writer: ThreadPoolExecutor
    progress: Callable[[], None]
    seen: Seen
    writing: Future[None] | None = None

    def take(self, block: Block) -> None:
        """Write the rows of a block that are new, in the background; let Work take or refuse the others."""
        reading, count = self.work.reading, len(block.lines)
        judged = import_columns.judge(block, reading)
        if any(len(labels) > MOST_LABELS for labels in reading.answering.labels.values()):
            raise too_many(self.work.source.name, reading.columns.label, reading.answers)
        bad = (judged.answers == BAD) | (judged.splits == BAD)
        rest = self._rest(block, np.flatnonzero(bad))
        ids = import_columns.ids(block, self.work.prefix, [one.external_id for one in rest.taken])
        lines = np.concatenate([block.lines, np.array([one.line for one in rest.taken], np.int64)])
        places = np.concatenate([np.flatnonzero(~bad), np.arange(count, len(lines))])
        if rest.taken:
            places = places[np.argsort(lines[places], kind="stable")]
        before = self.seen.add(import_columns.picked(ids, places))
        again = [block.again(at) if at < count else rest.rows[at - count] for at in places[before].tolist()]
        _uncount(reading, [rest.taken[at - count] for at in places[before].tolist() if at >= count])
        new = import_columns.New(block, judged, rest.taken, ids, lines, places[~before])
        judged.count(new, reading)
        self._write(new, block.line)
        self._repeat(again, lines[places[before]].tolist(), rest.refused)

    def wait(self) -> None:
        """Until nothing is being written. Raises what hindered it."""
        if self.writing is not None:
            writing, self.writing = self.writing, None
            writing.result()

    def _rest(self, block: Block, bad: NDArray[np.int64]) -> Rest:
        found = Rest(refused=list(block.rest.rejections))
        rows = [(line, row) for line, row in zip(block.rest.lines, block.rest.rows, strict=True)]
        rows += [(int(block.lines[at]), block.again(at)) for at in bad.tolist()]
        for line, row in sorted(rows, key=lambda pair: pair[0]):
            one = take(row, line, self.work.reading, id_prefix=self.work.prefix)
            if isinstance(one, Rejection):
                found.refused.append(one)
            else:
                found.rows.append(row)
                found.taken.append(one)
        return found

    def _write(self, new: New, line: int) -> None:
        if self.writing is not None:
            self.wait()
            self.progress()
        self.work.line = max(self.work.line, line)
        if not len(new.places):
            return
        work = self.work
        rows, events, suggestions = new.tables(work)

        def write() -> None:
            imports.write(work.store, work.project_id, work.job.id, rows, events, suggestions, {})
            imports.give_back(work.store)

        self.writing = self.writer.submit(write)
        work.records += rows.num_rows
        work.annotations += events.num_rows
        work.suggestions += suggestions.num_rows

    def _repeat(self, rows: list[dict[str, Any]], lines: list[int], refused: list[Rejection]) -> None:
        """Let Work decide on rows whose id came before, and note these rejections among its own, in order."""
        if rows:
            self.wait()
        refused = sorted(refused, key=lambda one: one.line)
        for at in range(0, len(rows), BATCH):
            upto = lines[at + BATCH] if at + BATCH < len(rows) else float("inf")
            own = list(itertools.takewhile(lambda one: one.line < upto, refused))  # noqa: B023 - used at once
            refused = refused[len(own) :]
            self.work.take(Batch(rows[at : at + BATCH], lines[at : at + BATCH], own))
        if refused:
            self.work.take(Batch([], [], refused))


def _uncount(reading: Reading, taken: list[Taken]) -> None:
    """Take back the count of the labels of rows that are counted once more."""
    labels = reading.answering.labels.get(reading.answers)
    if labels is not None:
        labels.subtract(one.answer for one in taken if isinstance(one.answer, str))
