"""The marked places of answers while a job edits the texts: they move with the text, or the edit is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import Verdict, WorkbenchError
from pipeline.questions import Question, tidy_value
from pipeline.questions.base import is_int
from pipeline.spans_moved import Alignment, Unmovable, align
from pipeline.steps.base import OneText
from pipeline.steps.chain import judged, table_of
from pipeline.store import Store, moved_answers, projects, verdicts
from pipeline.store.database import Cursor
from pipeline.store.moved_answers import Marking, Word
from pipeline.tasks import questions_of

Moved = list[tuple[Word, Mapping[str, Any]]]


class WouldChange(ValueError):
    """An edit that would leave nothing of a mark, or tear it: its argument is the mark's label, or its question."""


@dataclass(slots=True)
class Places:
    """The marks of one record's words, moved from one text to the next. `values` are the words as they are by now."""

    asked: Marking
    questions: Mapping[int, Sequence[Question]]
    values: Moved = field(default_factory=list)

    def follow(self, before: str, after: str) -> str:
        """Move all marks through an edit. Returns why the edit must not be, or nothing; then nothing has moved."""
        between = align(before, after)
        try:
            self.values = [(word, self._moved(word, value, between)) for word, value in self.values]
        except WouldChange as refused:
            return f"edit refused, a span would change: {refused}"
        return ""

    def _moved(self, word: Word, value: Mapping[str, Any], between: Alignment) -> dict[str, Any]:
        names = [word.question] if word.question else self.asked[word.task_id]
        now = {**value, **{name: _moved_marks(name, value[name], between) for name in names if value.get(name)}}
        if word.question:
            keys, before = _keys(now[word.question]), _keys(value[word.question])
            if keys != sorted(keys) and before == sorted(before):
                raise WouldChange(word.question)  # relations that are suggested stand elsewhere and count these
            return now
        return tidy_value(self.questions[word.task_id], now)


@dataclass(slots=True)
class Marks:
    """What a project's tasks ask to be marked, for a job that edits its texts."""

    asked: Marking
    questions: Mapping[int, Sequence[Question]]

    @classmethod
    def of(cls, store: Store, project_id: int) -> Marks | None:
        """None where no task marks places of the text: then there is nothing to do."""
        with closing(store.cursor()) as cursor:
            asked = moved_answers.marking(cursor, project_id)
        questions = {task.id: questions_of(task) for task in projects.tasks(store, project_id) if task.id in asked}
        return cls(asked, questions) if asked else None

    def heeded(
        self, store: Store, job_id: int, batch: pa.Table, said: pa.Table, chain: Sequence[OneText],
        look: Callable[[], None],
    ) -> tuple[pa.Table, Moved]:  # fmt: skip
        """The verdicts on a batch with those edits refused that would change a mark, and the words to be moved. `look`
        is called before each record, and may raise to stop."""
        edits = said.filter(pc.equal(said.column("kind"), "edit"))
        ids = edits.column("record_id").unique().to_pylist()
        with closing(store.cursor()) as cursor:
            cursor.execute("BEGIN")  # one view of the data for all of it
            found = self.places(cursor, job_id, ids)
        if not found:
            return said, []
        texts = {row["id"]: row["text"] for row in _among(batch.select(["id", "text"]), "id", found)}
        after: dict[int, list[str]] = {}
        for row in _among(edits, "record_id", found):
            after.setdefault(row["record_id"], []).append(row["text"])
        moved: Moved = []
        again: dict[int, list[Verdict]] = {}
        for record, places in found.items():
            look()
            words = places.values
            if any(places.follow(one, other) for one, other in pairwise([texts[record], *after[record]])):
                places.values = words
                again[record] = judged(record, texts[record], chain, places.follow)
            if record not in again or any(one.kind == "edit" for one in again[record]):
                moved += places.values
        return (_with(said, again) if again else said), moved

    def places(self, cursor: Cursor, job_id: int, ids: Sequence[int]) -> dict[int, Places]:
        """{record: its marks in the text as the job sees it} of those that have any. Words that came since the job
        edited a record are taken over from the text that they were given to, or left for the end of the job."""
        if not ids:
            return {}
        words = moved_answers.words(cursor, job_id, self.asked, ids)
        words += moved_answers.suggestions(cursor, job_id, self.asked, ids)
        if not words:
            return {}
        earlier = moved_answers.versions(cursor, job_id, sorted({word.record_id for word in words}))
        found: dict[int, Places] = {}
        for word in words:
            alone = Places(self.asked, self.questions, [(word, word.value)])
            texts = [] if word.own else [text for _, text in earlier.get(word.record_id, ())]
            if not any(alone.follow(before, after) for before, after in pairwise(texts)):
                found.setdefault(word.record_id, Places(self.asked, self.questions)).values += alone.values
        return found

    def take_late(self, store: Store, cursor: Cursor, job_id: int, since: int) -> None:
        """Inside the last transaction of a job: move what was answered since event `since`, while the job was at work.
        An edit that would change such a mark is taken back. Raises WorkbenchError if what was moved has been undone."""
        if refused := moved_answers.cannot_end(cursor, job_id):
            raise WorkbenchError(refused)
        ids = moved_answers.edited(cursor, job_id)
        late = moved_answers.words(cursor, job_id, self.asked, ids, since) if ids else []
        by_record: dict[int, Moved] = {}
        for word in late:
            by_record.setdefault(word.record_id, []).append((word, word.value))
        texts = moved_answers.versions(cursor, job_id, sorted(by_record)) if by_record else {}
        for record, words in by_record.items():
            places = Places(self.asked, self.questions, words)
            for (_, before), (step, after) in pairwise(texts[record]):
                if refused := places.follow(before, after):
                    moved_answers.take_back(cursor, job_id, record)
                    verdicts.append(store, cursor, job_id, [Verdict(record, step, "flag", refused)])
                    break
            else:
                moved_answers.write(cursor, job_id, places.values)


def _moved_marks(name: str, marks: Any, between: Alignment) -> Any:
    if not isinstance(marks, list):
        return marks
    moved = [_moved_mark(name, mark, between) for mark in marks]
    if len(set(_keys(moved))) < len(set(_keys(marks))):
        raise WouldChange(_label(name, marks[0]))
    return moved


def _moved_mark(name: str, mark: Any, between: Alignment) -> Any:
    """The mark in the new text. One that reads otherwise than when it was made has lost its place before: it stays."""
    if not isinstance(mark, Mapping) or not (is_int(mark.get("start")) and is_int(mark.get("end"))):
        return mark
    start, end = mark["start"], mark["end"]
    there = between.old[start:end] if 0 <= start < end <= len(between.old) else None
    if there is None or mark.get("text", there) != there:
        return mark
    try:
        start, end = between.moved(start, end)
    except Unmovable:
        raise WouldChange(_label(name, mark)) from None
    return {**mark, "start": start, "end": end, "text": between.new[start:end]}


def _label(name: str, mark: Any) -> str:
    label = mark.get("label") if isinstance(mark, Mapping) else None
    return label if isinstance(label, str) else name


def _keys(marks: Sequence[Any]) -> list[tuple[int, int, str]]:
    """What the marks are put in order by, of those that say where they are."""
    placed = [mark for mark in marks if isinstance(mark, Mapping) and is_int(mark.get("start"))]
    return [(mark["start"], mark["end"], str(mark.get("label"))) for mark in placed if is_int(mark.get("end"))]


def _among(table: pa.Table, column: str, found: Mapping[int, Any]) -> list[dict[str, Any]]:
    return table.filter(pc.is_in(table.column(column), pa.array(list(found), pa.int64()))).to_pylist()


def _with(said: pa.Table, again: Mapping[int, Sequence[Verdict]]) -> pa.Table:
    """The verdicts with those on some records replaced, in order of the records."""
    ids = pa.array(list(again), pa.int64())
    kept = said.filter(pc.invert(pc.is_in(said.column("record_id"), ids)))
    whole = pa.concat_tables([kept, table_of([one for record in sorted(again) for one in again[record]])])
    numbered = whole.append_column("place", pa.array(range(whole.num_rows)))
    return numbered.sort_by([("record_id", "ascending"), ("place", "ascending")]).select(said.column_names)
