"""Import a file: its rows become records, and its labels, if wanted, answers or suggestions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from pipeline.domain import Rejection, Task, WorkbenchError
from pipeline.importers import Columns, FileRefused, Limits, Source, choose, open_source
from pipeline.importers.base import Batch, Importer
from pipeline.importers.columns import resolve
from pipeline.importers.preview import first_rows
from pipeline.importers.rows import Taken, take
from pipeline.importers.source import fingerprint
from pipeline.jobs import Handle, verbs
from pipeline.questions import Choice
from pipeline.store import Store, imports, projects
from pipeline.store.annotations import SIMULATED
from pipeline.tasks import TaskKind, tasks

LISTED = 1000  # rejections that a result lists; all are counted
MOST_LABELS = 200
LONGEST_NAME = 80
IMPORTED = "imported"  # whose answers the labels of a file are when nobody is named


@verbs.register
@dataclass(frozen=True, slots=True)
class Import:
    """Read a file into the project. A column that is not named is guessed; "-" says that there is none.

    The labels of a file are taken when their column is named, or when `labels_by` or `as_suggestions` asks for them.
    """

    name: ClassVar[str] = "import"
    path: str
    task: str = "classification"
    text_column: str = ""
    label_column: str = ""
    id_column: str = ""
    split_column: str = ""
    labels_by: str = ""
    as_suggestions: bool = False
    file_name: str = ""
    again: bool = False
    encoding: str = ""
    format: str = ""
    max_mb: int = 4096

    def __post_init__(self) -> None:
        """A job keeps the path whole, so that it can go on from another folder."""
        object.__setattr__(self, "path", str(Path(self.path).absolute()))

    def check(self) -> Columns:
        """The columns, from the file's beginning. Raises WorkbenchError for what can be seen to be wrong there."""
        return self._opened()[2]

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        if job.project_id is None:
            raise TypeError("an import needs a project")
        imports.discard(store, job.id)  # what an earlier try of this job had written
        try:
            return self._import(store, job, job.project_id)
        except BaseException:
            imports.discard(store, job.id)
            raise

    def _import(self, store: Store, job: Handle, project_id: int) -> dict[str, Any]:
        source, importer, columns = self._opened()
        sha256, lines = fingerprint(source.path)
        self._refuse_twice(store, project_id, source.name, sha256)
        self._refuse_name(store)
        source = dataclasses.replace(source, line_count=lines)
        kind = tasks.get(self.task)()
        task = _task(store, project_id, self.task)
        work = _Work(store, job, project_id, source, columns, self._answers(store, columns, kind, task, source))
        total = importer.total(source)
        for batch in importer.read(source):
            work.take(batch)
            job.progress(min(work.line, total) if total else work.records, total, source.name)
        if work.records == 0:
            first = work.rejections[0]
            place = f"line {first.line}" + (f", {first.field}" if first.field else "")
            raise FileRefused(f"No row of {source.name} can be taken; the first is at {place}: {first.reason}")
        added = self._finish(work, kind, task)
        return {
            "project": projects.by_id(store, project_id).name, "records": work.records, "rejected": work.rejected,
            "rejections": [asdict(one) for one in work.rejections], "annotations": work.annotations,
            "suggestions": work.suggestions, "labels_added": added, "file": source.name, "format": importer.name,
            "encoding": source.encoding, "columns": asdict(columns), "sha256": sha256,
        }  # fmt: skip

    def _opened(self) -> tuple[Source, Importer, Columns]:
        if self.labels_by and self.as_suggestions:
            raise WorkbenchError("Labels are either somebody's answers or suggestions. Leave out one of the two.")
        name = self.labels_by
        if name and (name != " ".join(name.split()) or len(name) > LONGEST_NAME or not name.isprintable()):
            raise WorkbenchError(f"'{name[:80]}' cannot name who labelled: use 1 to {LONGEST_NAME} characters.")
        tasks.get(self.task)
        source = open_source(self.path, self.file_name, self.encoding, Limits(file_mb=self.max_mb))
        importer = choose(source, self.format)
        given = {
            "text": self.text_column, "label": self.label_column, "id": self.id_column, "split": self.split_column
        }  # fmt: skip
        columns = resolve(first_rows(importer, source).rows, given, source.name)
        wanted = bool(self.labels_by or self.as_suggestions or self.label_column)
        if wanted and not columns.label and self.label_column != "-":
            raise FileRefused(f"No column of {source.name} is plainly the label. Name the label column.")
        return source, importer, columns if wanted else dataclasses.replace(columns, label="")

    def _refuse_twice(self, store: Store, project_id: int, name: str, sha256: str) -> None:
        before = None if self.again else imports.earlier(store, project_id, sha256)
        if before is not None:
            raise WorkbenchError(
                f"{name} was imported into this project already, on {before['finished_at']:%Y-%m-%d at %H:%M} UTC"
                f" (job {before['id']}). Undo that job first, or ask for the import again."
            )

    def _refuse_name(self, store: Store) -> None:
        name = self.labels_by
        if name == SIMULATED or (name and imports.annotator_kind(store, name) == "simulated"):
            raise WorkbenchError(f"The name '{name}' stands for simulated labels here. Choose another name.")

    def _answers(
        self, store: Store, columns: Columns, kind: TaskKind, task: Task | None, source: Source
    ) -> imports.Answers:
        question = _choice(kind, task.definition if task else kind.definition(())).name
        task_id, revision = (task.id, task.guideline_revision) if task else (imports.reserve_task_id(store), 1)
        made = imports.Answers(task_id, revision, question)
        if not columns.label:
            return made
        if self.as_suggestions:
            return dataclasses.replace(made, source=f"import:{source.name}")
        return dataclasses.replace(made, annotator=self.labels_by or IMPORTED)

    def _finish(self, work: _Work, kind: TaskKind, task: Task | None) -> list[str]:
        """Make the task, or add to its labels those that the file brought. Returns the added ones."""
        found = [label for label, _ in sorted(work.labels.items(), key=lambda item: (-item[1], item[0]))]
        added: list[str] = []

        def define(before: Mapping[str, Any] | None) -> Mapping[str, Any]:
            definition = before or kind.definition(())
            asked = _choice(kind, definition)
            added[:] = [label for label in found if label not in asked.labels]
            if len(asked.labels) + len(added) > MOST_LABELS:
                raise _too_many(work.source.name, work.columns.label)
            if before is not None and not added:
                return before
            grown = dataclasses.replace(asked, labels=asked.labels + tuple(added))
            return {**definition, "questions": [grown.to_plain()]}

        def write(cursor: Any) -> None:
            name = task.name if task else self.task
            imports.save_task(cursor, work.project_id, work.answers.task_id, name, self.task, define)
            if work.answers.annotator:
                imports.save_annotator(cursor, work.answers.annotator)

        work.store.transact(write)
        return added


@dataclass(slots=True)
class _Work:
    """An import under way: it writes batches and keeps count."""

    store: Store
    job: Handle
    project_id: int
    source: Source
    columns: Columns
    answers: imports.Answers
    records: int = 0
    rejected: int = 0
    annotations: int = 0
    suggestions: int = 0
    line: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    _prefix: str = ""

    def take(self, batch: Batch) -> None:
        """Write the rows of a batch that can be taken and note the others."""
        refused = list(batch.rejections)
        taken: dict[str, Taken] = {}
        for row, line in zip(batch.rows, batch.lines, strict=True):
            one = take(row, line, self.columns, id_prefix=self.prefix)
            if isinstance(one, Rejection):
                refused.append(one)
            elif one.external_id in taken:
                refused.append(self._repeated(one))
            else:
                taken[one.external_id] = one
        known = imports.known_ids(self.store, self.project_id, self.job.id, list(taken))
        refused += [self._repeated(taken.pop(name)) for name in known]
        self._write(list(taken.values()))
        self._note(refused)
        self.line = max([self.line, *batch.lines[-1:], *(one.line for one in batch.rejections[-1:])])

    @property
    def prefix(self) -> str:
        """What the ids of rows without an id begin with: the file's name, made new if an earlier import used it."""
        if not self._prefix:
            prefix = f"{self.source.name}:"
            taken = imports.has_prefix(self.store, self.project_id, prefix)
            self._prefix = f"{self.source.name}@{self.job.id}:" if taken else prefix
        return self._prefix

    def _write(self, taken: list[Taken]) -> None:
        if not taken:
            return
        columns = ("external_id", "text", "meta", "split", "label")
        data = {name: pa.array([getattr(one, name) for one in taken], pa.string()) for name in columns}
        rows = pa.table({"line": pa.array([one.line for one in taken], pa.int64()), **data})
        answers = self.answers if self.columns.label else None
        written = imports.write(self.store, self.project_id, self.job.id, rows, answers)
        self.records += len(taken)
        if self.answers.annotator:
            self.annotations += written
        else:
            self.suggestions += written
        self.labels.update(one.label for one in taken if one.label is not None)
        if len(self.labels) > MOST_LABELS:
            raise _too_many(self.source.name, self.columns.label)

    def _note(self, refused: list[Rejection]) -> None:
        self.rejected += len(refused)
        room = LISTED - len(self.rejections)
        self.rejections += sorted(refused, key=lambda one: one.line)[:room]

    def _repeated(self, one: Taken) -> Rejection:
        return Rejection(one.line, self.columns.id, f"The id '{one.external_id[:80]}' is in this project already.")


def _task(store: Store, project_id: int, kind: str) -> Task | None:
    return next((task for task in projects.tasks(store, project_id) if task.kind == kind), None)


def _choice(kind: TaskKind, definition: Mapping[str, Any]) -> Choice:
    asked = kind.questions(definition)[0]
    if not isinstance(asked, Choice):
        raise WorkbenchError(f"Labels of a file cannot be imported into a {kind.name} task.")
    return asked


def _too_many(name: str, column: str) -> WorkbenchError:
    return WorkbenchError(
        f"The column '{column}' of {name} has more than {MOST_LABELS} different labels. Name another label column."
    )
