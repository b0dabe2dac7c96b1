"""Columns of a block become columns of tables: which label and which split each row has, its id, its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.domain import SPLITS, Rejection
from pipeline.importers.quick.block import Block
from pipeline.importers.rows import Reading, Taken, take
from pipeline.verbs.import_batches import MOST_LABELS, Work

NONE, BAD = -1, -2  # in place of a number of an answer or a split: there is none; the ordinary way says what is wrong
TEXT = pa.large_string()
Numbers = NDArray[np.int64]


@dataclass(slots=True)
class Judged:
    """For each row of a block the number of its answer among `said` and of its split among SPLITS, or NONE or BAD."""

    answers: Numbers
    splits: Numbers
    said: list[Any]

    def count(self, new: New, reading: Reading) -> None:
        """Count the labels of the rows that are written: judging has counted each once."""
        labels = reading.answering.labels.get(reading.answers)
        if labels is None:
            return
        own = self.answers[new.places[new.places < len(self.answers)]]
        for answer, rows in zip(self.said, np.bincount(own[own >= 0], minlength=len(self.said)).tolist(), strict=True):
            if isinstance(answer, str):
                labels[answer] += rows - 1


def judge(block: Block, reading: Reading) -> Judged:
    """Hold each different label and split of a block against what is taken, once, as the ordinary way does."""
    said: list[Any] = []
    columns, labels = reading.columns, reading.answering.labels

    def answer(cell: Any) -> int:
        if len(labels.get(reading.answers, ())) > MOST_LABELS:
            return BAD  # the whole file is refused
        one = take({columns.text: "-", columns.label: cell}, 0, reading, id_prefix="-")
        if isinstance(one, Rejection) or one.answer is None:
            return BAD if isinstance(one, Rejection) else NONE
        said.append(one.answer)
        return len(said) - 1

    def split(cell: Any) -> int:
        one = take({columns.text: "-", columns.split: cell}, 0, reading, id_prefix="-")
        return BAD if isinstance(one, Rejection) else NONE if one.split is None else SPLITS.index(one.split)

    return Judged(
        _numbers(block.labels if reading.answers else None, block, answer), _numbers(block.splits, block, split), said
    )


def _numbers(column: pa.Array | None, block: Block, number_of: Callable[[Any], int]) -> Numbers:
    if column is None:
        return np.full(len(block.lines), number_of(None), np.int64)
    coded = column.dictionary_encode()
    found = [number_of(block.parse(value)) for value in coded.dictionary.to_pylist()]
    found.append(number_of(None) if coded.null_count else NONE)
    places = coded.indices.fill_null(len(found) - 1).to_numpy(zero_copy_only=False)
    return np.array(found, np.int64)[places]


def ids(block: Block, prefix: str, more: list[str]) -> pa.Array:
    """The ids of a block's rows, made of the line where a row has none, and more."""
    found = block.ids
    empty = pc.equal(pc.binary_length(found), 0)
    if pc.any(empty).as_py():
        made = pc.binary_join_element_wise(
            pa.scalar(prefix, TEXT), pa.array(block.lines).cast(TEXT), pa.scalar("", TEXT)
        )
        found = pc.if_else(empty, made, found)
    return _with(found, more)


def picked(column: pa.Array, places: Numbers) -> pa.Array:
    """The values at these places."""
    if len(places) == len(column) and bool((places == np.arange(len(column))).all()):
        return column
    return column.take(pa.array(places))


@dataclass(frozen=True, slots=True)
class New:
    """Records to be written: `places` are those in a block and, behind its rows, in `rest`; `ids` and `lines` are of
    all of them."""

    block: Block
    judged: Judged
    rest: list[Taken]
    ids: pa.Array
    lines: Numbers
    places: Numbers

    def tables(self, work: Work) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Rows, events and suggestions as imports.write has them."""
        count, block, rest = len(self.places), self.block, self.rest
        own = {"fields": [one.fields for one in rest], "meta": [one.meta for one in rest]}
        plain = pa.repeat(pa.scalar("{}", TEXT), len(block.lines))
        splits = np.concatenate([self.judged.splits, [_split(one) for one in rest]]).astype(np.int64)[self.places]
        rows = pa.table({
            "external_id": picked(self.ids, self.places),
            "text": picked(_with(block.texts, [one.text for one in rest]), self.places),
            "fields": picked(_with(plain, own["fields"]), self.places),
            "meta": picked(_with(block.metas, own["meta"]), self.places),
            "split": pa.array(SPLITS).take(pa.array(splits, mask=splits < 0)),
            "parent": pa.nulls(count, pa.string()), "dropped": pa.repeat(False, count),
        })  # fmt: skip
        said = [*self.judged.said, *(one.answer for one in rest)]
        mine = np.arange(len(self.judged.said), len(said))
        mine[[one.answer is None for one in rest]] = NONE
        answers = np.concatenate([self.judged.answers, mine])[self.places]
        at = np.flatnonzero(answers >= 0)
        return rows, self._events(work, at, answers[at], said), self._suggestions(work, at, answers[at], said)

    def _events(self, work: Work, at: Numbers, answers: Numbers, said: list[Any]) -> pa.Table:
        if not work.goal.annotator:
            at, answers = at[:0], answers[:0]
        count, lines = len(at), pa.array(self.lines[self.places[at]]).cast(TEXT)
        name = pa.scalar(f"import-{work.job.id}-{work.files}-", TEXT)
        values = [json.dumps({work.reading.answers: answer}, ensure_ascii=False) for answer in said]
        now = pa.scalar(datetime.now(UTC).replace(tzinfo=None), pa.timestamp("us"))
        return pa.table({
            "row": at, "event_id": pc.binary_join_element_wise(name, lines, pa.scalar("", TEXT)),
            "task_id": pa.repeat(pa.scalar(work.goal.task_id, pa.int32()), count),
            "annotator": pa.repeat(work.goal.annotator, count), "state": pa.repeat("submitted", count),
            "value": pa.array(values, pa.string()).take(pa.array(answers)), "comment": pa.repeat("", count),
            "reason": pa.nulls(count, pa.string()), "flagged": pa.nulls(count, pa.bool_()),
            "guideline_revision": pa.repeat(pa.scalar(work.goal.guideline_revision, pa.int32()), count),
            "created_at": pa.repeat(now, count),
        })  # fmt: skip

    def _suggestions(self, work: Work, at: Numbers, answers: Numbers, said: list[Any]) -> pa.Table:
        if not work.goal.source:
            at, answers = at[:0], answers[:0]
        values = pa.array([json.dumps(answer, ensure_ascii=False) for answer in said], pa.string())
        return pa.table({
            "row": at, "task_id": pa.repeat(pa.scalar(work.goal.task_id, pa.int32()), len(at)),
            "source": pa.repeat(work.goal.source, len(at)), "question": pa.repeat(work.reading.answers, len(at)),
            "value": values.take(pa.array(answers)), "score": pa.nulls(len(at), pa.float64()),
        })  # fmt: skip


def _with(column: pa.Array, more: list[str]) -> pa.Array:
    return pa.concat_arrays([column, pa.array(more, TEXT)]) if more else column


def _split(one: Taken) -> int:
    return NONE if one.split is None else SPLITS.index(one.split)
