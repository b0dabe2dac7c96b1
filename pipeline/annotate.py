"""Labelling as a use-case: take what a page sends, and change what a task asks. Knows no page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pipeline.domain import AnswerState, Project, Task, WorkbenchError
from pipeline.questions import Choice, Question, WrongAnswer, check_answers
from pipeline.store import Store, projects
from pipeline.store import annotations as answer_store
from pipeline.store.annotations import Answer
from pipeline.tasks import questions_of, tasks

LABELS_MOST = 500
LABEL_MOST = 200
NAME_MOST = 80


@dataclass(frozen=True, slots=True)
class Ack:
    """What became of one event. `ok` says that it is stored; `conflict` is then a remark: dropped, gone or label.

    `again` says that it was stored before. Without `ok` the event could not be read at all, and `reason` says why.
    """

    event_id: str
    ok: bool
    conflict: str = ""
    reason: str = ""
    again: bool = False


def submit(store: Store, task: Task, annotator: str, events: Sequence[Mapping[str, Any]]) -> list[Ack]:
    """Store what a page sent and acknowledge every event of it; one that was sent before is acknowledged again.

    An answer is kept even when its record or its label has gone meanwhile: the conflict is reported, nothing is lost.
    """
    read: list[Answer] = []
    refused: list[Ack] = []
    for event in events:
        try:
            read.append(_answer(event))
        except WorkbenchError as error:
            refused.append(Ack(str(event.get("event_id", "")), False, reason=str(error)))
    stored = answer_store.submit(store, task.id, annotator, read)
    questions = questions_of(task)
    acks = []
    for answer in read:
        became = stored[answer.event_id]
        conflict = became.stray or _label_conflict(questions, answer)
        acks.append(Ack(answer.event_id, True, conflict, again=became.again))
    return acks + refused


def labels_of(task: Task) -> tuple[str, ...]:
    """The labels of a task that asks one choice."""
    return next((q.labels for q in questions_of(task) if isinstance(q, Choice)), ())


def overlap_of(task: Task) -> int:
    """How many annotators each record is asked of."""
    return max(1, int(task.definition.get("overlap", 1)))


def labelling_task(store: Store, project: Project) -> Task | None:
    """The task that the project's records are labelled for: its first."""
    return next(iter(projects.tasks(store, project.id)), None)


def define(
    store: Store, project: Project, *, labels: Sequence[str], guideline: str, overlap: int = 1,
    kind: str = "classification",
) -> Task:  # fmt: skip
    """Make the project's task, or change it. A label that was used already cannot be left out.

    A changed guideline gets a new revision, and every answer says under which revision it was given.
    """
    names = [label.strip() for label in labels if label.strip()]
    if not names:
        raise WorkbenchError("A task needs at least one label. Write one a line.")
    if len(names) > LABELS_MOST:
        raise WorkbenchError(f"{len(names)} labels are more than one choice can show; the most is {LABELS_MOST}.")
    wrong = next((name for name in names if len(name) > LABEL_MOST or len(name.splitlines()) > 1), None)
    if wrong is not None:
        raise WorkbenchError(
            f"'{' '.join(wrong.split())[:40]}' cannot be a label: use one line of at most {LABEL_MOST} characters."
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise WorkbenchError(f"The label '{twice}' is there twice. Remove one of them.")
    old = labelling_task(store, project)
    if old is not None:
        used = answer_store.label_counts(store, old.id)
        lost = next((label for label in used if label not in names and label in labels_of(old)), None)
        if lost is not None:
            raise WorkbenchError(
                f"The label '{lost}' has {used[lost]} answers, so it cannot be left out. Keep it and add to it."
            )
    definition = dict(old.definition) if old else {}
    definition.update(tasks.get(old.kind if old else kind)().definition(names))
    definition["overlap"] = overlap
    return projects.save_task(
        store, project.id, name=old.name if old else "label", kind=old.kind if old else kind, definition=definition,
        guideline=guideline.replace("\r\n", "\n").strip(),
    )  # fmt: skip


def checked_name(store: Store, name: str) -> str:
    """An annotator's name as it will be stored. Raises WorkbenchError if no person can go by it."""
    name = " ".join(name.split())
    if not re.fullmatch(rf"[^\x00-\x1f]{{1,{NAME_MOST}}}", name):
        raise WorkbenchError(f"Write a name of 1 to {NAME_MOST} characters.")
    other = next((a for a in answer_store.annotators(store) if a["name"] == name and a["kind"] != "human"), None)
    kind = other["kind"] if other is not None else "simulated" if name == answer_store.SIMULATED else None
    if kind is not None:
        raise answer_store.NameTaken(f"The name '{name}' stands for {kind} labels here. Choose another name.")
    return name


def _label_conflict(questions: Sequence[Question], answer: Answer) -> str:
    if answer.state != "submitted":
        return ""
    try:
        check_answers(questions, answer.value)
    except WrongAnswer:
        return "label"
    return ""


def _answer(event: Mapping[str, Any]) -> Answer:
    event_id, record, state, value = (event.get(name) for name in ("event_id", "record_id", "state", "value"))
    if not isinstance(event_id, str) or not 8 <= len(event_id) <= 64:
        raise WorkbenchError("The answer has no id of its own.")
    if not isinstance(record, int) or isinstance(record, bool):
        raise WorkbenchError("The answer names no record.")
    if state not in ("draft", "submitted", "skipped", "withdrawn"):
        raise WorkbenchError(f"An answer cannot be '{state}'.")
    answers = list(value.values()) if isinstance(value, dict) else []
    if not isinstance(value, dict) or (state == "submitted" and all(answer in (None, "", []) for answer in answers)):
        raise WorkbenchError("The answer is empty.")
    seconds, revision = event.get("seconds"), event.get("guideline_revision", 1)
    return Answer(
        event_id, record, cast("AnswerState", state), value, str(event.get("comment") or "")[:10_000],
        _seconds(seconds), revision if isinstance(revision, int) else 1,
    )  # fmt: skip


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None
