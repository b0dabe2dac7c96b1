"""Import a file: its rows become records, and its labels, if wanted, answers or suggestions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.domain import Task, WorkbenchError
from pipeline.importers import Columns, FileRefused, Limits, Source, choose, open_source
from pipeline.importers.answers import LONGEST_NAME, Answering, is_own
from pipeline.importers.base import Batch, Importer
from pipeline.importers.columns import fields_in, resolve
from pipeline.importers.preview import first_rows
from pipeline.importers.rows import Reading
from pipeline.importers.source import fingerprint
from pipeline.jobs import Handle, verbs
from pipeline.questions import Question, fields_read
from pipeline.store import Store, imports, projects
from pipeline.store.annotations import IMPORTED, SIMULATED
from pipeline.tasks import TaskKind, fields_wanted, tasks
from pipeline.verbs.import_batches import MOST_LABELS, Goal, Work, too_many

USUAL = "classification"  # the task of a project that has none, if none is named
LATER = "-"  # named as the task: a project that has none gets none yet, unless the file brings answers
OWN_COLUMNS = {"text": "text", "label": "", "id": "id", "split": "split"}  # what Winnow's own format calls them


@verbs.register
@dataclass(frozen=True, slots=True)
class Import:
    """Read a file into the project. A column that is not named is guessed; "-" says that there is none.

    The labels of a file are taken when their column is named, or when `labels_by` or `as_suggestions` asks for them.
    A file that Winnow exported as JSON Lines brings its answers along unless the label column is said to be "-".
    Without `task` the records are for the task that the project has, else for a classification.
    """

    name: ClassVar[str] = "import"
    path: str
    task: str = ""
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
        kind = tasks.get(self._kind())()
        return self._opened(kind.questions(kind.definition(()))).columns

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
        task = self._task(store, project_id)
        kind = tasks.get(task.kind if task else self._kind())()
        definition = task.definition if task else kind.definition(())
        opened = self._opened(kind.questions(definition))
        answered = opened.own or bool(opened.columns.label)
        questions = kind.questions(definition if task or not answered else _unlabelled(definition))
        source, importer, columns = opened.source, opened.importer, opened.columns
        sha256, lines = fingerprint(source.path)
        self._refuse_twice(store, project_id, source.name, sha256)
        self._refuse_name(store)
        source = dataclasses.replace(source, line_count=lines)
        reading = _reading(questions, opened.target, definition, opened.first, columns, own=opened.own)
        work = Work(store, job, project_id, source, reading, self._goal(store, columns, task, source))
        total = importer.total(source)
        for batch in importer.read(source):
            work.take(batch)
            job.progress(min(work.line, total) if total else work.records, total, source.name)
        if work.records == 0:
            first = work.rejections[0]
            place = f"line {first.line}" + (f", {first.field}" if first.field else "")
            raise FileRefused(f"No row of {source.name} can be taken; the first is at {place}: {first.reason}")
        later = task is None and self.task == LATER and not answered
        added = [] if later else self._finish(work, kind, task)
        return {
            "project": projects.by_id(store, project_id).name, "records": work.records, "rejected": work.rejected,
            "rejections": [asdict(one) for one in work.rejections], "annotations": work.annotations,
            "suggestions": work.suggestions, "labels_added": added, "file": source.name, "format": importer.name,
            "encoding": source.encoding, "columns": asdict(columns), "sha256": sha256,
            "task": "" if later else kind.name, "fields": dict(reading.fields), "own": opened.own,
        }  # fmt: skip

    def _opened(self, questions: Sequence[Question]) -> _Opened:
        if self.labels_by and self.as_suggestions:
            raise WorkbenchError("Labels are either somebody's answers or suggestions. Leave out one of the two.")
        name = self.labels_by
        if name and (name != " ".join(name.split()) or len(name) > LONGEST_NAME or not name.isprintable()):
            raise WorkbenchError(f"'{name[:80]}' cannot name who labelled: use 1 to {LONGEST_NAME} characters.")
        source = open_source(self.path, self.file_name, self.encoding, Limits(file_mb=self.max_mb))
        importer = choose(source, self.format)
        first = first_rows(importer, source)
        target = _question(questions, self.label_column)
        given = {
            "text": self.text_column, "label": self.label_column, "id": self.id_column, "split": self.split_column
        }  # fmt: skip
        if is_own(first.rows) and all(given[role] in ("", word) for role, word in OWN_COLUMNS.items()):
            if self.labels_by or self.as_suggestions:
                raise WorkbenchError(
                    f"{source.name} says itself who gave which answer. Leave out whose answers or suggestions they are."
                )
            return _Opened(source, importer, first, Columns("text", "", "id", "split"), None, own=True)
        columns = resolve(first.rows, given, source.name, target.kind if target else "")
        wanted = bool(self.labels_by or self.as_suggestions or self.label_column)
        if wanted and not columns.label and self.label_column != "-":
            raise FileRefused(f"No column of {source.name} is plainly the label. Name the label column.")
        if wanted and columns.label and target is None:
            raise WorkbenchError("The task asks no question yet that labels could answer. Make its questions first.")
        columns = columns if wanted else dataclasses.replace(columns, label="")
        return _Opened(source, importer, first, columns, target, own=False)

    def _kind(self) -> str:
        """The kind of the task of a project that has none."""
        return USUAL if self.task in ("", LATER) else self.task

    def _task(self, store: Store, project_id: int) -> Task | None:
        """The project's task; None if it has none yet."""
        task = next(iter(projects.tasks(store, project_id)), None)
        tasks.get(self._kind())
        if task is not None and self.task not in ("", LATER, task.kind):
            raise WorkbenchError(
                f"The records of this project are labelled for the task '{task.name}' ({task.kind}), not for "
                f"{self.task}. Leave the task out, or import into another project."
            )
        return task

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

    def _goal(self, store: Store, columns: Columns, task: Task | None, source: Source) -> Goal:
        task_id, revision = (task.id, task.guideline_revision) if task else (imports.reserve_task_id(store), 1)
        if not columns.label:
            return Goal(task_id, revision)
        if self.as_suggestions:
            return Goal(task_id, revision, source=f"import:{source.name}")
        return Goal(task_id, revision, annotator=self.labels_by or IMPORTED)

    def _finish(self, work: Work, kind: TaskKind, task: Task | None) -> list[str]:
        """Make the task, or add to its labels those that the file brought. Returns the added ones."""
        added: list[str] = []

        def define(before: Mapping[str, Any] | None) -> Mapping[str, Any]:
            added.clear()
            definition = before or kind.definition(())
            grown = []
            for plain in definition.get("questions", ()):
                if before is None and _brought(work, plain) and not set(_brought(work, plain)) <= set(plain["labels"]):
                    plain = {**plain, "labels": []}  # noqa: PLW2901 - what a kind suggests gives way to the file's own
                new = [label for label in _brought(work, plain) if label not in plain.get("labels", ())]
                if new and len(plain.get("labels", ())) + len(new) > MOST_LABELS:
                    raise too_many(work.source.name, work.reading.columns.label or plain["name"])
                grown.append({**plain, "labels": [*plain.get("labels", ()), *new]} if new else plain)
                added.extend(new)
            return {**definition, "questions": grown} if added else definition

        def write(cursor: Any) -> None:
            name = task.name if task else kind.name
            imports.save_task(cursor, work.project_id, work.goal.task_id, name, kind.name, define)
            people = {work.goal.annotator: "imported"} if work.goal.annotator else {}
            for who, what in {**people, **work.people}.items():
                imports.save_annotator(cursor, who, what)

        work.store.transact(write)
        return added


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file at its beginning: how it is read, and which question its label column answers."""

    source: Source
    importer: Importer
    first: Batch
    columns: Columns
    target: Question | None
    own: bool


def _unlabelled(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition without the labels that its kind suggests, but those whose order is that of the answers."""
    questions = [
        {**plain, "labels": []} if plain.get("labels") and plain["kind"] != "choices" else plain
        for plain in definition.get("questions", ())
    ]  # fmt: skip
    return {**definition, "questions": questions}


def _brought(work: Work, plain: Mapping[str, Any]) -> list[str]:
    """The labels that the file brought to a question: the commonest first, but those of `choices`, whose answers stand
    in the order of the labels, as they came."""
    counts: Mapping[str, int] = work.reading.answering.labels.get(plain["name"], {})
    if plain["kind"] != "choices":
        return [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return [label for label in work.reading.answering.questions[plain["name"]].labels if label in counts]


def _question(questions: Sequence[Question], column: str) -> Question | None:
    """The question that the label column answers: that of its name, else the first that stands on its own."""
    alone = [question for question in questions if question.kind != "relations"]
    named = next((question for question in questions if question.name == column), None)
    return named or next(iter(alone), None)


def _reading(
    questions: Sequence[Question], target: Question | None, definition: Mapping[str, Any], rows: Batch,
    columns: Columns, *, own: bool,
) -> Reading:  # fmt: skip
    shows = fields_read(questions)
    found = {} if own else fields_in(rows.rows, fields_wanted(definition), columns)
    answering = Answering({question.name: question for question in questions})
    return Reading(columns, answering, target.name if target else "", found, tuple(shows), own)
