"""Change the labels of a question that has answers, and the answers with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.annotate import labelling_task
from pipeline.domain import Task, WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.label_set import Change, changed, holds, of_task, rewritten
from pipeline.questions import Question, WrongAnswer, check_answers
from pipeline.store import Store, label_changes, projects
from pipeline.store import jobs as job_store
from pipeline.store import runs as requests
from pipeline.store.label_changes import Standing
from pipeline.tasks import check_definition, questions_of

SIZE = 2000  # answers looked at in one transaction


@verbs.register
@dataclass(frozen=True, slots=True)
class ChangeLabels:
    """Rename labels ({old: new}), merge some into one ({into: [old, …]}), split one ({old: [new, …]}: its records are
    asked to be labelled again) or take some away. Answers and suggestions follow; undoing the job brings all back.
    """

    name: ClassVar[str] = "change-labels"
    question: str = ""
    rename: dict[str, str] = field(default_factory=dict)
    merge: dict[str, list[str]] = field(default_factory=dict)
    split: dict[str, list[str]] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    task: str = ""  # its name; the project's first if it is not said

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        found = labelling_task(store, projects.by_id(store, job.project_id or 0), self.task)
        if found is None:
            raise WorkbenchError("This project has no task yet, so it has no labels to change.")
        work = _Work.begin(store, job, found, Change(self.question, self.rename, self.merge, self.split, self.remove))
        work.walk()
        work.suggestions()
        return work.finish()


@dataclass(slots=True)
class _Work:
    """A change under way. `counts` is kept with the job's cursor, so that it can go on."""

    store: Store
    job: Handle
    task: Task
    change: Change
    definition: Mapping[str, Any]
    question: Question
    before: list[Question]
    after: list[Question]
    place: dict[str, int]

    @classmethod
    def begin(cls, store: Store, job: Handle, task: Task, change: Change) -> _Work:
        named, question = of_task(task, change)
        definition = changed(task.definition, named)
        fresh = {"since": store.transact(label_changes.newest_event), "revision": task.revision, "after": 0,
                 "answers": 0, "withdrawn": 0, "relabel": 0, "suggestions": 0, "hinted": 0}  # fmt: skip
        place = {**fresh, **job.cursor}
        if place["revision"] != task.revision:
            raise WorkbenchError(f"The task was changed while job {job.id} stood still. Change the labels again.")
        after = check_definition(definition)
        return cls(store, job, task, named, definition, question, questions_of(task), after, place)

    def walk(self) -> None:
        """Rewrite every last word that stood when the change began."""
        ids = label_changes.candidates(self.store, self.task.id, self.change.sources).to_pylist()
        rest = [one for one in ids if self.place["after"] < one <= self.place["since"]]
        for at in range(0, len(rest), SIZE):
            batch = rest[at : at + SIZE]

            def work(cursor: Any, batch: Sequence[int] = batch) -> dict[str, int]:
                place = self._write(cursor, label_changes.standing(cursor, batch, self.place["since"]))
                place["after"] = batch[-1]
                job_store.checkpoint(cursor, self.job.id, place, place["answers"])
                return place

            self.place = self.store.transact(work)
            self.job.progress(len(ids) - len(rest) + at + len(batch), len(ids))

    def suggestions(self) -> None:
        """Put each suggestion that holds a changed label in other words, or take it away."""
        changing = {*self.change.gone, *self.change.split}
        found = label_changes.suggestions(self.store, self.task.id, self.question.name, self.change.sources)
        rest = [row for row in found if row["id"] > self.place["hinted"]]
        for at in range(0, len(rest), SIZE):
            batch = rest[at : at + SIZE]
            pairs = [(row, self._hint(row["value"])) for row in batch
                     if holds(self.question, {self.question.name: row["value"]}, changing)]  # fmt: skip

            def work(cursor: Any, pairs: Any = pairs, last: int = batch[-1]["id"]) -> dict[str, int]:
                label_changes.replace_suggestions(
                    self.store, cursor, self.job.id, self.task.id, self.question.name, pairs
                )
                place = {**self.place, "hinted": last, "suggestions": self.place["suggestions"] + len(pairs)}
                job_store.checkpoint(cursor, self.job.id, place, place["answers"])
                return place

            self.place = self.store.transact(work)
            self.job.progress(at + len(batch), len(rest))

    def finish(self) -> dict[str, Any]:
        """In one transaction: the answers that came meanwhile, the new labels, and the end of the job. So no answer can
        come between the one and the other."""

        def work(cursor: Any) -> dict[str, int]:
            now = cursor.execute("SELECT revision FROM task WHERE id = ?", [self.task.id]).fetchone()
            if now is None or now[0] != self.task.revision:
                raise WorkbenchError("The task was changed while its labels were. Change the labels again.")
            late = label_changes.younger(cursor, self.task.id, self.place["since"])
            place = self._write(cursor, late)
            revision = projects.add_revision(
                cursor, self.task.id, self.task.project_id, name=self.task.name, kind=self.task.kind,
                definition=self.definition, guideline=self.task.guideline, job_id=self.job.id,
            )  # fmt: skip
            place["until"] = label_changes.newest_event(cursor)
            job_store.finish(cursor, self.job.id, place)
            return {**place, "task_revision": revision}

        done = self.store.transact(work)
        return {name: done[name] for name in ("answers", "withdrawn", "relabel", "suggestions", "task_revision")}

    def _write(self, cursor: Any, words: Sequence[Standing]) -> dict[str, int]:
        touched = [word for word in words if holds(self.question, word.value, self.change.gone)]
        split = [word for word in words if word.state == "submitted"
                 and holds(self.question, word.value, set(self.change.split))]  # fmt: skip
        new = [(word, *self._became(word)) for word in touched]
        label_changes.rewrite(self.store, cursor, self.job.id, self.task.id, self.task.revision + 1, new)
        waiting = label_changes.asked_again(cursor, self.task.id, self.job.id) if split else set()
        reasons = {word.record_id: self._reason(word) for word in split if word.record_id not in waiting}
        requests.ask_relabel(self.store, cursor, job_id=self.job.id, task_id=self.task.id, run_id=None, reasons=reasons)
        lost = sum(1 for word, state, _ in new if word.state == "submitted" and state != "submitted")
        more = {"answers": len(new), "relabel": len(reasons), "withdrawn": lost}
        return {**self.place, **{name: self.place[name] + n for name, n in more.items()}}

    def _became(self, word: Standing) -> tuple[str, dict[str, Any]]:
        """State and value from now on. An answer that has lost what it must say becomes a draft of what is left."""
        value, right = rewritten(self.before, self.after, self.change, word.value)
        if right or word.state != "submitted":
            return word.state, value
        if not self.change.remove and not self._was_right(word.value):  # only its words change
            return word.state, value
        return ("draft", value) if value else ("withdrawn", {})

    def _was_right(self, value: Mapping[str, Any]) -> bool:
        try:
            check_answers(self.before, value)
        except WrongAnswer:
            return False
        return True

    def _reason(self, word: Standing) -> str:
        old = next(label for label in self.change.split if holds(self.question, word.value, {label}))
        return f"the label {old} was split into {', '.join(self.change.split[old])}"

    def _hint(self, value: Any) -> Any:
        named = {self.question.name: value}
        if holds(self.question, named, set(self.change.split)):
            return None
        new, _ = rewritten(self.before, self.after, self.change, named)
        return new.get(self.question.name)
