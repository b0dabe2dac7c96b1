"""Import files: their rows become records, and their answers, if wanted, answers or suggestions."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from pipeline.domain import Rejection, Task, WorkbenchError
from pipeline.importers import Columns, FileRefused, Limits, hub
from pipeline.importers.answers import LONGEST_NAME, Answering
from pipeline.importers.fit import Fit
from pipeline.importers.inputs import Input, gather, stands_for_files
from pipeline.importers.source import fingerprint
from pipeline.jobs import Handle, verbs
from pipeline.questions import Question
from pipeline.store import Store, imports, projects
from pipeline.store.annotations import IMPORTED, SIMULATED
from pipeline.tasks import TaskKind, tasks
from pipeline.verbs import import_quick
from pipeline.verbs.import_batches import Goal, Work
from pipeline.verbs.import_opening import Files, Opened, opened_files
from pipeline.verbs.import_task import is_untouched, kind_for, save, unlabelled

USUAL = "classification"  # the task of a project that has none, if none is named
LATER = "-"  # named as the task: a project that has none gets none yet, unless the file brings answers
NEW_LABELS = ("", "add", "reject")


@dataclass(slots=True)
class Aim:
    """What the answers of the files go to: a kind of task, the task that is there (None: it is made, of the definition
    `made` if the answers of another tool say what it asks), its questions, and how foreign files fit them."""

    kind: TaskKind
    task: Task | None
    made: Mapping[str, Any] | None
    definition: Mapping[str, Any]
    questions: Sequence[Question]
    answered: bool
    fit: Fit = field(default_factory=Fit)
    units: dict[str, str] = field(default_factory=dict)  # by format

    def fit_of(self, opened: Opened) -> Fit:
        return replace(self.fit, unit=self.units[opened.importer.name]) if opened.foreign else self.fit


@verbs.register
@dataclass(frozen=True, slots=True)
class Import:
    """Read a file, or all of a folder, a pattern or an archive, into the project. A column that is not named is
    guessed; "-" says that there is none.

    The labels of a table are taken when their column is named, or when `labels_by` or `as_suggestions` asks for them.
    A file of Winnow's own, or of another annotation tool, brings its answers along unless the label column is said to
    be "-"; answers to records that are there already join them. Without `task` the records are for the task that the
    project has, else for the one that the file's answers make, else for a classification.

    `questions` says which question takes the answers to one of the file's, `labels` which label stands for one of the
    file's ({theirs: ours, or "-" for none}); `new_labels` whether those that the task does not have are added or
    rejected with their rows; without it a file of another tool that has some is refused. `unit` is that of offsets, if
    the file does not show it. `settings` are the importer's own.
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
    settings: dict[str, Any] = field(default_factory=dict)
    unit: str = ""
    questions: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    new_labels: str = ""

    def __post_init__(self) -> None:
        """A job keeps the path whole, so that it can go on from another folder."""
        if hub.is_name(self.path):
            return
        object.__setattr__(self, "path", str(Path(self.path).absolute()))

    def check(self) -> Columns | None:
        """The columns, from the beginning of a plain file (None for others). Raises WorkbenchError for what can be seen
        to be wrong there."""
        self._check_words()
        if hub.is_name(self.path) or stands_for_files(self.path):
            return None
        kind = tasks.get(self._kind())()
        inputs = [Input(Path(self.path), self.file_name or Path(self.path).name)]
        return opened_files(inputs, self, kind.questions(kind.definition(()))).opened[0].columns

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        if job.project_id is None:
            raise TypeError("an import needs a project")
        imports.discard(store, job.id)  # what an earlier try of this job had written
        unpacked = store.folder / "unpacked" / str(job.id)
        shutil.rmtree(unpacked, ignore_errors=True)
        try:
            self._check_words()
            inputs = self._inputs(job, unpacked)
            return self._import(store, job, job.project_id, inputs)
        except BaseException:
            imports.discard(store, job.id)
            raise
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)

    def _import(self, store: Store, job: Handle, project_id: int, inputs: Sequence[Input]) -> dict[str, Any]:
        task = self._task(store, project_id)
        files, aim = self._aim(job, inputs, task, untouched=task is not None and is_untouched(store, task))
        self._refuse_name(store)
        sha256, counts = content_of(inputs)
        self._refuse_twice(store, project_id, self._called(inputs), sha256)
        goal = self._goal(store, files, task)
        answering = Answering({one.name: one for one in aim.questions}, closed=self.new_labels == "reject")
        work: Work | None = None
        for number, (one, lines) in enumerate(zip(files.opened, counts, strict=True)):
            opened = replace(one, source=replace(one.source, line_count=lines))
            reading = opened.reading(answering, aim.definition, aim.questions)
            if work is None:
                work = Work(store, job, project_id, opened.source, reading, goal, several=len(inputs) > 1)
            else:
                work = work.at(opened.source, reading)
            _read(work, opened, aim.fit_of(opened), number, len(inputs))
        if work is None or work.records + work.joined + work.same == 0:
            raise _nothing(work, self._called(inputs))
        later = aim.task is None and self.task == LATER and not aim.answered
        added = [] if later else save(work, aim.kind, aim.task, aim.made)
        return {
            **self._told(work, files, inputs), "project": projects.by_id(store, project_id).name, "sha256": sha256,
            "labels_added": added, "task": "" if later else aim.kind.name, "unit": next(iter(aim.units.values()), ""),
        }  # fmt: skip

    def _aim(self, job: Handle, inputs: Sequence[Input], task: Task | None, *, untouched: bool) -> tuple[Files, Aim]:
        """The files, looked through, and what their answers go to. A task that is `untouched` gives way to the one that
        the answers of another tool make."""
        kind = tasks.get(task.kind if task else self._kind())()
        definition = task.definition if task else kind.definition(())

        def watch(name: str) -> None:
            job.progress(0, 0, name)

        files = opened_files(inputs, self, kind.questions(definition), watch)
        mine = None if untouched and files.foreign else task
        made = files.made(self) if files.foreign and mine is None and self.task in ("", LATER) else None
        if made is None:
            mine = task
        else:
            kind, definition = kind_for(made), made
        answered = made is not None or any(one.answered for one in files.opened)
        start = definition if mine or made or not answered else unlabelled(definition)
        questions = kind.questions(start)
        aim = Aim(kind, mine, made, definition, questions, answered)
        if files.foreign:
            aim.units = files.units(self)
            aim.fit = files.fit(self, questions, self.labels_by or IMPORTED, new=mine is None)
        return files, aim

    def _told(self, work: Work, files: Files, inputs: Sequence[Input]) -> dict[str, Any]:
        """What the job's result says of the files and of what came of their rows."""
        first = files.opened[0]
        return {
            "records": work.records, "rejected": work.rejected, "rejections": [_plain(one) for one in work.rejections],
            "annotations": work.annotations, "suggestions": work.suggestions, "joined": work.joined,
            "there": work.there, "same": work.same, "file": self._called(inputs), "files": len(inputs),
            "format": first.importer.name, "guessed": not self.format, "encoding": first.source.encoding,
            "columns": asdict(first.columns), "fields": dict(work.reading.fields), "own": first.own,
            "foreign": files.foreign, "losses": dict(files.survey.lost), "people": sorted(work.people),
        }  # fmt: skip

    def _inputs(self, job: Handle, into: Path) -> list[Input]:
        """The plain files that are meant; what is far or packed is brought into a folder first."""
        limits, path = Limits(file_mb=self.max_mb), Path(self.path)
        if hub.is_name(self.path):
            job.progress(0, 0, self.path)
            path = hub.fetch(self.path, into, limits)
        return gather(path, into, limits, self.file_name)

    def _called(self, inputs: Sequence[Input]) -> str:
        """What the user calls what is imported."""
        return inputs[0].name if len(inputs) == 1 else self.file_name or Path(self.path).name

    def _check_words(self) -> None:
        if self.labels_by and self.as_suggestions:
            raise WorkbenchError("Labels are either somebody's answers or suggestions. Leave out one of the two.")
        name = self.labels_by
        if name and (name != " ".join(name.split()) or len(name) > LONGEST_NAME or not name.isprintable()):
            raise WorkbenchError(f"'{name[:80]}' cannot name who labelled: use 1 to {LONGEST_NAME} characters.")
        if self.settings and not self.format:
            raise WorkbenchError("Settings are those of one format. Name the format that they belong to.")
        if self.new_labels not in NEW_LABELS:
            raise WorkbenchError(f"New labels are added or rejected ('add', 'reject'), not '{self.new_labels[:40]}'.")

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

    def _goal(self, store: Store, files: Files, task: Task | None) -> Goal:
        task_id, revision = (task.id, task.guideline_revision) if task else (imports.reserve_task_id(store), 1)
        if not any(one.columns.label for one in files.opened):
            return Goal(task_id, revision)
        if self.as_suggestions:
            return Goal(task_id, revision, source=f"import:{files.opened[0].source.name}")
        return Goal(task_id, revision, annotator=self.labels_by or IMPORTED)


def _read(work: Work, opened: Opened, fit: Fit, number: int, files: int) -> None:
    """All rows of one of the files."""
    total = 0 if opened.foreign else opened.importer.total(opened.source)

    def progress() -> None:
        if files > 1:
            work.job.progress(number, files, opened.source.name)
        else:
            work.job.progress(min(work.line, total) if total else work.records, total, opened.source.name)

    blocks = None if opened.foreign else import_quick.blocks_of(opened.importer, opened.source, work.reading)
    if blocks is not None:
        import_quick.read(work, blocks, progress)
        return
    for batch in opened.batches(fit):
        work.take(batch)
        progress()


def _plain(one: Rejection) -> dict[str, Any]:
    found = asdict(one)
    return found if one.file else {name: value for name, value in found.items() if name != "file"}


def content_of(inputs: Sequence[Input]) -> tuple[str, list[int]]:
    """One SHA-256 of all files, and how many lines each has."""
    found = [fingerprint(one.path) for one in inputs]
    digest = found[0][0] if len(found) == 1 else hashlib.sha256("".join(one for one, _ in found).encode()).hexdigest()
    return digest, [lines for _, lines in found]


def _nothing(work: Work | None, name: str) -> FileRefused:
    first = work.rejections[0] if work and work.rejections else None
    if first is None:
        return FileRefused(f"{name} holds no records.")
    place = f"line {first.line}" + (f", {first.field}" if first.field else "")
    return FileRefused(f"No row of {first.file or name} can be taken; the first is at {place}: {first.reason}")
