"""Labelling as a use-case: take what a page sends, and change what a task asks. Knows no page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain import Project, Task, WorkbenchError
from pipeline.event import answer_of, clean, id_of
from pipeline.questions import Choice, Question, WrongAnswer, check_answers, fields_read
from pipeline.store import Store, projects, queue
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer, Stored
from pipeline.tasks import check_definition, check_new_label, kind_of, questions_of, tasks

LABELS_MOST = 500
NAME_MOST = 80
TEXT_KINDS = ("spans", "answer")  # whose answers are held against the text that they were given to


@dataclass(frozen=True, slots=True)
class Ack:
    """What became of one event. `ok` says that it is stored; `conflict` is then a remark.

    dropped, gone: the record left the data set. text: a marked place no longer reads so. label: the task no longer
    allows the answer. lease: the time for it had run out, and others have answered the record as often as is asked.
    guideline: it was given under an older guideline. `again` says that it was stored before. Without `ok` the event
    could not be read at all, and `reason` says why.
    """

    event_id: str
    ok: bool
    conflict: str = ""
    reason: str = ""
    again: bool = False


def submit(store: Store, task: Task, annotator: str, events: Sequence[Mapping[str, Any]]) -> list[Ack]:
    """Store what a page sent and acknowledge every event of it; one that was sent before is acknowledged again.

    An answer is kept even when its record or its label has gone meanwhile: the conflict is reported, nothing is lost.
    A draft after an answer that stands is acknowledged and forgotten.
    """
    questions = questions_of(task)
    read: list[Answer] = []
    wrong: set[str] = set()  # the events whose answers the task does not allow
    refused: list[Ack] = []
    for event in events:
        try:
            answer, right = answer_of(event, task, questions)
        except WorkbenchError as error:
            refused.append(Ack(id_of(event), False, reason=str(error)))
            continue
        read.append(answer)
        if not right:
            wrong.add(answer.event_id)
    if not read:
        return refused
    wanted = fields_read(question for question in questions if question.kind in TEXT_KINDS)
    stored = answer_store.submit(store, task.id, annotator, read, overlap=overlap_of(task), wanted=wanted)
    now = projects.newest(store, task)
    if now.revision != task.revision:  # it was changed since the caller read it: what is told is what holds now
        task, questions = now, questions_of(now)
        wrong = {answer.event_id for answer in read if answer.state == "submitted" and not _is_right(questions, answer)}
    acks = []
    for answer in read:
        became = stored[answer.event_id]
        if became.clash:
            refused.append(Ack(answer.event_id, False, reason="The id of the answer is that of another one."))
            continue
        conflict = _conflict(task, questions, answer, became, right=answer.event_id not in wrong)
        acks.append(Ack(answer.event_id, True, conflict, again=became.again))
    return acks + refused


def labels_of(task: Task) -> tuple[str, ...]:
    """The labels of the first choice of a task, or of its first other question that has labels."""
    questions = sorted(questions_of(task), key=lambda question: not isinstance(question, Choice))
    return next((question.labels for question in questions if question.labels), ())


def overlap_of(task: Task) -> int:
    """How many annotators each record is asked of."""
    return max(1, int(task.definition.get("overlap", 1)))


def labelling_task(store: Store, project: Project, name: str = "") -> Task | None:
    """The task that the project's records are labelled for: its first, or the one of this name."""
    return next((task for task in projects.tasks(store, project.id) if name in ("", task.name)), None)


def guidelines(store: Store, task: Task) -> list[dict[str, Any]]:
    """Every guideline that the task has had, oldest first: revision, text, created_at (UTC)."""
    return projects.guidelines(store, task.id)


def define(
    store: Store, project: Project, *, labels: Sequence[str], guideline: str, overlap: int = 1,
    kind: str = "classification",
) -> Task:  # fmt: skip
    """Make the project's task, or change the labels of its first question that has any.

    A label that was used already cannot be left out. A changed guideline gets a new revision, and every answer says
    under which revision it was given.
    """
    names = [label.strip() for label in labels if label.strip()]
    if not names:
        raise WorkbenchError("A task needs at least one label. Write one a line.")
    if len(names) > LABELS_MOST:
        raise WorkbenchError(f"{len(names)} labels are more than one choice can show; the most is {LABELS_MOST}.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WorkbenchError(f"The label '{twice}' is there twice. Remove one of them.")
    old = labelling_task(store, project)
    definition = _with_labels(old.definition, names) if old else tasks.get(kind)().definition(names)
    definition["overlap"] = overlap
    return save_definition(store, project, definition, guideline, kind=old.kind if old else kind)


def save_definition(
    store: Store, project: Project, definition: Mapping[str, Any], guideline: str, *, kind: str = "", name: str = "",
    task: Task | None = None,
) -> Task:  # fmt: skip
    """Make the project's task, or change it (or another one of it: `task`, or the one called `name`), after checking
    everything. A name that the project does not have makes a task of its own.

    What says the same as before is not saved again. A question or a label that has answers cannot be left out.
    `kind` names the template that it was made from. Raises WorkbenchError with the first thing that is wrong.
    """
    plain = json.loads(clean(json.dumps(definition, ensure_ascii=False, default=str)))
    questions = check_definition(plain)
    queue.checked_plan(plain)  # the filters too, which only the store understands
    old = projects.task_by_id(store, task.id) if task is not None else labelling_task(store, project, name.strip())
    before = questions_of(old) if old else []
    _check_new_labels(questions, before)
    if old is not None:
        _check_kept(store, old, questions, before)
    guideline = clean(guideline).replace("\r\n", "\n").strip()
    if old is not None and old.guideline.strip() == guideline:
        guideline = old.guideline  # the space around it is no change of the rules
    if old is not None and old.definition == plain and old.guideline == guideline:
        return old
    return projects.save_task(
        store, project.id, name=old.name if old else name.strip() or "label",
        kind=kind_of(plain, kind or (old.kind if old else "custom")), definition=plain, guideline=guideline,
    )  # fmt: skip


def checked_name(store: Store, name: str) -> str:
    """An annotator's name as it will be stored. Raises WorkbenchError if no person can go by it."""
    name = " ".join(name.split())
    if not re.fullmatch(rf"[^\x00-\x1f\ud800-\udfff]{{1,{NAME_MOST}}}", name):
        raise WorkbenchError(f"Write a name of 1 to {NAME_MOST} characters.")
    simulated = {answer_store.SIMULATED, *(row["name"] for row in answer_store.annotators(store, "simulated"))}
    # who came with a file may go on under their name; the name of a file's labels is nobody's
    kind = "simulated" if name in simulated else "imported" if name == answer_store.IMPORTED else None
    if kind is not None:
        raise answer_store.NameTaken(f"The name '{name}' stands for {kind} labels here. Choose another name.")
    return name


def _with_labels(definition: Mapping[str, Any], labels: list[str]) -> dict[str, Any]:
    questions = [dict(plain) for plain in definition.get("questions", ())]
    labelled = next((plain for plain in questions if "labels" in plain), None)
    if labelled is None:
        raise WorkbenchError("This task asks for no labels. Change its questions on the Task page.")
    labelled["labels"] = labels
    if "parents" in labelled:
        labelled["parents"] = {label: above for label, above in labelled["parents"].items() if label in labels}
    return {**definition, "questions": questions}


def _check_new_labels(questions: Sequence[Question], before: Sequence[Question]) -> None:
    """A label that the task did not have must be one line, without spaces around it, and not too long."""
    known = {label for question in before for label in question.labels}
    for label in (label for question in questions for label in question.labels if label not in known):
        check_new_label(label)


def _check_kept(store: Store, old: Task, questions: Sequence[Question], before: Sequence[Question]) -> None:
    """Refuse to leave out what has answers."""
    now = {question.name: question for question in questions}
    for question in before:
        kept = now.get(question.name)
        if kept == question:
            continue
        if kept is None or kept.kind != question.kind:
            n = answer_store.answers_to(store, old.id, question.name)
            if n:
                how = "left out" if kept is None else f"made a question of the kind '{kept.kind}'"
                raise WorkbenchError(f"The question '{question.name}' has {n} answers, so it cannot be {how}. Keep it.")
            continue
        lost = set(question.labels) - set(kept.labels)
        used = answer_store.label_counts(store, old.id, question.name) if lost else {}
        gone = next((label for label in question.labels if label in lost and label in used), None)
        if gone is not None:
            raise WorkbenchError(
                f"The label '{gone}' has {used[gone]} answers, so it cannot be left out. Rename or merge it."
            )


def _is_right(questions: Sequence[Question], answer: Answer) -> bool:
    try:
        check_answers(questions, answer.value)
    except WrongAnswer:
        return False
    return True


def _conflict(task: Task, questions: Sequence[Question], answer: Answer, became: Stored, *, right: bool) -> str:
    if became.stray:
        return became.stray
    if answer.state != "submitted":
        return ""
    if not right:
        return "label"
    if became.fields:
        marked = [question for question in questions if question.kind in TEXT_KINDS and question.name in answer.value]
        try:
            for question in marked:
                question.check(answer.value[question.name], became.fields)
        except WrongAnswer:
            return "text"
    if became.late:
        return "lease"
    return "guideline" if answer.guideline_revision < task.guideline_revision else ""
