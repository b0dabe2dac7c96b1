"""The simulated annotator: answers from a file of true labels, under a name that says so."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.annotate import labelling_task, labels_of
from pipeline.domain import Task, WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.questions import Choice, WrongAnswer, check_answers
from pipeline.store import Store, projects, records
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.store.database import Cursor
from pipeline.tasks import questions_of


@verbs.register
@dataclass(frozen=True, slots=True)
class Simulate:
    """Answer every unlabelled record whose id is in a file of true labels, as an annotator marked as simulated."""

    name: ClassVar[str] = "simulate"
    truth: str
    annotator: str = answer_store.SIMULATED
    limit: int = 0  # 0 is no limit

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        project = projects.by_id(store, job.project_id or 0)
        task = labelling_task(store, project)
        truth = read_truth(Path(self.truth))
        if task is None:
            raise WorkbenchError(f"The project '{project.name}' has no task yet. Define its labels first.")
        question = _question(task, truth)
        store.transact(lambda cursor: answer_store.enlist(cursor, self.annotator, "simulated"))
        written, matched = job.cursor.get("annotations", 0), job.cursor.get("matched", 0)
        total = records.count(store, project.id, records.RecordFilter(state="original"))
        seen = job.cursor.get("seen", 0)
        for batch in records.batches(store, project.id, after=job.cursor.get("after", 0), originals_only=True):
            known = [(row, truth[name]) for row, name in _rows(batch) if name in truth]
            answered = answer_store.answered(store, task.id, [row for row, _ in known])
            answers = [
                Answer(f"simulate-{job.id}-{row}", row, "submitted", {question: label},
                       guideline_revision=task.guideline_revision)
                for row, label in known if row not in answered
            ]  # fmt: skip
            if self.limit:
                answers = answers[: max(0, self.limit - written)]
            written, matched, seen = written + len(answers), matched + len(known), seen + batch.num_rows
            place = {"after": batch.column("id")[-1].as_py(), "annotations": written, "matched": matched, "seen": seen}
            self._write(store, task, job.id, answers, place)
            job.progress(seen, total)
        return {"annotations": written, "unknown": max(0, len(truth) - matched)}

    def _write(self, store: Store, task: Task, job_id: int, answers: list[Answer], place: dict[str, int]) -> None:
        def work(cursor: Cursor) -> None:
            answer_store.append(store, cursor, task.id, self.annotator, answers, job_id)
            job_store.checkpoint(cursor, job_id, place, place["seen"])

        store.transact(work)


def read_truth(path: Path) -> dict[str, str]:
    """{external id: label} of a CSV file with the columns id and label. Raises WorkbenchError, the line named."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"id", "label"} <= set(reader.fieldnames or ()):
                raise WorkbenchError(f"{path} must have the columns id and label; it has: {reader.fieldnames}.")
            found = {}
            for row in reader:
                if not row["id"] or not row["label"]:
                    raise WorkbenchError(f"{path}, line {reader.line_num}: the id or the label is empty.")
                found[row["id"]] = row["label"]
            return found
    except FileNotFoundError:
        raise WorkbenchError(f"There is no file of true labels at {path}.") from None
    except OSError as error:
        raise WorkbenchError(f"The file of true labels at {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise WorkbenchError(f"{path} cannot be read as a CSV file in UTF-8: {error}.") from None


def _question(task: Task, truth: dict[str, str]) -> str:
    questions = questions_of(task)
    question = next((q for q in questions if isinstance(q, Choice)), None)
    if question is None:
        raise WorkbenchError(f"The task '{task.name}' asks for no single label, so true labels cannot answer it.")
    strange = sorted(set(truth.values()) - set(labels_of(task)))
    if strange:
        raise WorkbenchError(
            f"The file has labels that the task '{task.name}' does not: {', '.join(strange[:5])}. Add them first."
        )
    try:
        for label in set(truth.values()):
            check_answers(questions, {question.name: label})
    except WrongAnswer as error:
        raise WorkbenchError(f"True labels alone do not answer the task '{task.name}': {error}") from None
    return question.name


def _rows(batch: pa.Table) -> Iterator[tuple[int, str]]:
    return zip(batch.column("id").to_pylist(), batch.column("external_id").to_pylist(), strict=True)
