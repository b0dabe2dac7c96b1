"""One answer for many records, given by a person who has seen what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.annotate import checked_name, labelling_task
from pipeline.domain import Task, WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.questions import check_answers
from pipeline.store import Store, projects, records
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.store.answer_context import ANSWERED, look
from pipeline.store.records import RecordFilter
from pipeline.tasks import questions_of

SIZE = 2000  # records answered in one transaction
OF_ONE_TEXT = ("spans", "relations", "answer", "chat")  # an answer of these is about one record's own text


@dataclass(slots=True)
class _Count:
    annotations: int = 0
    already: int = 0  # answered or skipped by this annotator before: that stays
    left_out: int = 0  # dropped, or no record of the project


@verbs.register
@dataclass(frozen=True, slots=True)
class Bulk:
    """Answer many records alike: those of `records`, or all of the filter `where` (its words, or its plain form).

    What the annotator has answered already stays. The answers say that they were given in bulk: their job does.
    """

    name: ClassVar[str] = "bulk"
    annotator: str
    value: dict[str, Any]
    records: list[int] | None = None
    where: str | dict[str, Any] = field(default="")
    task: str = ""  # its name; the project's first if it is not said

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        project = projects.by_id(store, job.project_id or 0)
        task = labelling_task(store, project, self.task)
        if task is None and self.task:
            raise WorkbenchError(f"The project '{project.name}' has no task named '{self.task}'.")
        if task is None:
            raise WorkbenchError(f"The project '{project.name}' has no task yet. Define its labels first.")
        value = _checked(task, self.value)
        who = checked_name(store, self.annotator)
        named = self._named(store, project.id)
        known = records.known(store, project.id, named)
        count = _Count(job.cursor.get("annotations", 0), job.cursor.get("already", 0), len(named) - len(known))
        count.left_out += job.cursor.get("dropped", 0)
        after = job.cursor.get("after", 0)
        rest = [record for record in known if record > after]
        for at in range(0, len(rest), SIZE):
            batch = rest[at : at + SIZE]
            self._write(store, job, task, who, value, batch, count, len(named) - len(known))
            job.progress(len(known) - len(rest) + at + len(batch), len(known))
        return {"annotations": count.annotations, "already": count.already, "left_out": count.left_out,
                "annotator": who, "value": value}  # fmt: skip

    def _named(self, store: Store, project_id: int) -> list[int]:
        if self.records is not None:
            return sorted(set(self.records))
        where = RecordFilter.parse(self.where) if isinstance(self.where, str) else RecordFilter.from_plain(self.where)
        return records.ids(store, project_id, where)

    def _write(
        self, store: Store, job: Handle, task: Task, who: str, value: Mapping[str, Any], batch: list[int],
        count: _Count, strange: int,
    ) -> None:  # fmt: skip
        def work(cursor: Any) -> _Count:
            answer_store.enlist(cursor, who)
            around = look(cursor, task.id, who, batch, ())
            open_ones = [r for r in batch if not around[r].stray and around[r].mine not in ANSWERED]
            stray = sum(bool(around[r].stray) for r in batch)
            answers = [
                Answer(f"bulk-{job.id}-{record}", record, "submitted", value,
                       guideline_revision=task.guideline_revision, task_revision=task.revision)
                for record in open_ones
            ]  # fmt: skip
            answer_store.append(store, cursor, task.id, who, answers, job.id)
            now = _Count(
                count.annotations + len(answers), count.already + len(batch) - len(answers) - stray,
                count.left_out + stray,
            )  # fmt: skip
            place = {"after": batch[-1], "annotations": now.annotations, "already": now.already,
                     "dropped": now.left_out - strange}  # fmt: skip
            job_store.checkpoint(cursor, job.id, place, now.annotations)
            return now

        now = store.transact(work)
        count.annotations, count.already, count.left_out = now.annotations, now.already, now.left_out


def _checked(task: Task, value: Mapping[str, Any]) -> dict[str, Any]:
    """The answer in its canonical form. Raises WorkbenchError if it cannot be right for many records."""
    questions = questions_of(task)
    right = check_answers(questions, value)
    alone = next((q for q in questions if q.kind in OF_ONE_TEXT and right.get(q.name)), None)
    if alone is not None:
        raise WorkbenchError(
            f"The question '{alone.name}' is about each record's own text, so one answer cannot be given to many."
        )
    return right
