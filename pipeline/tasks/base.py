"""What a kind of task promises, the registry of them, and what every definition of a task has in common.

A kind of task is a template: the fields of a record that are shown, and the questions that are asked of it. Once made,
its definition is the user's to change; one that no longer is what its kind asks for becomes a custom one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from pipeline.domain import Task
from pipeline.plan import plan_from
from pipeline.questions import BadQuestion, Question, check_questions, fields_read, question_from
from pipeline.registry import Registry

CUSTOM = "custom"
SHOWS = ("main", "context", "source")
FIELDS_MOST = 50
REASONS_MOST = 50
LABEL_MOST = 200
KEYS = ("fields", "questions", "overlap", "queue", "skip_reasons")
CHARACTERS_MOST = 2_000_000  # of a definition as JSON text


class TaskKind(Protocol):
    """A kind of task: how its stored definition turns into questions, and the definition that a set of labels makes."""

    name: ClassVar[str]

    def questions(self, definition: Mapping[str, Any]) -> list[Question]:
        """The questions of a stored definition. Raises WorkbenchError if it is not one of this kind."""

    def definition(self, labels: Sequence[str] = ()) -> dict[str, Any]:
        """The definition, as plain data, of a task of this kind with these labels, or with those that it suggests."""


tasks: Registry[TaskKind] = Registry("task", "pipeline.tasks")


def questions_of(task: Task) -> list[Question]:
    """The questions that a stored task asks."""
    return tasks.get(task.kind)().questions(task.definition)


def shown_fields(definition: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is shown of a record, in order, each {name, title, show}; the text alone where a definition says nothing.

    show is main, context (read only, above or beside) or source (beside the answer). Raises BadQuestion.
    """
    given = definition.get("fields")
    if given is None or given in ([], ()):
        return [field("text")]
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence) or len(given) > FIELDS_MOST:
        raise BadQuestion(f"The fields of a task must be a list of at most {FIELDS_MOST}, each with a name.")
    found = [_field(one) for one in given]
    names = [one["name"] for one in found]
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise BadQuestion(f"The task shows the field '{twice}' twice. Remove one of them.")
    return found


def fields_wanted(definition: Mapping[str, Any]) -> list[str]:
    """The names of the fields that the task needs: those that it shows, and those that its questions read."""
    questions = [question_from(plain) for plain in definition.get("questions", ())]
    return list(dict.fromkeys([one["name"] for one in shown_fields(definition)] + fields_read(questions)))


def field(name: str, show: str = "main", title: str = "") -> dict[str, str]:
    """One entry of a definition's fields."""
    return {"name": name, "title": title, "show": show}


def defined(questions: Sequence[Question], fields: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The definition that asks these questions of these fields."""
    return {"fields": [dict(one) for one in fields], "questions": [question.to_plain() for question in questions]}


def exactly(definition: Mapping[str, Any], name: str, kinds: Sequence[str]) -> list[Question]:
    """The questions of a definition, which must be of these kinds in this order. Raises BadQuestion."""
    found = [question_from(plain) for plain in definition.get("questions", ())]
    if [question.kind for question in found] != list(kinds):
        asks = (f"one question of the kind '{kinds[0]}'" if len(kinds) == 1
                else f"{len(kinds)} questions, of the kinds {' and '.join(kinds)}")  # fmt: skip
        raise BadQuestion(f"A {name} task asks exactly {asks}.")
    return found


def check_definition(definition: Mapping[str, Any]) -> list[Question]:
    """The questions of a definition that somebody made. Raises BadQuestion or BadPlan with the first thing
    that is wrong."""
    strange = next((key for key in definition if key not in KEYS), None)
    if strange is not None:
        raise BadQuestion(f"A task has no setting '{strange}'; it has: {', '.join(KEYS)}.")
    given = definition.get("questions")
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence):
        raise BadQuestion("A task needs a list of questions.")
    questions = [question_from(plain) for plain in given]
    check_questions(questions, [one["name"] for one in shown_fields(definition)])
    plan_from(definition)
    reasons = definition.get("skip_reasons", ())
    if isinstance(reasons, str) or not isinstance(reasons, Sequence) or len(reasons) > REASONS_MOST:
        raise BadQuestion(f"'skip_reasons' must be a list of at most {REASONS_MOST} texts.")
    if not all(isinstance(one, str) and one.strip() and len(one) <= 200 for one in reasons):
        raise BadQuestion("A reason to skip is a text of 1 to 200 characters.")
    if len(json.dumps(definition, default=str)) > CHARACTERS_MOST:
        raise BadQuestion("This task is too large to be stored. Give it fewer labels or shorter helps.")
    return questions


def check_new_label(label: str) -> None:
    """Refuse what cannot be a new label: it is one line, without spaces around it or a NUL, and not too long."""
    lines = len(label.splitlines()) > 1 or "\0" in label
    if not label.strip() or len(label) > LABEL_MOST or lines or label != label.strip():
        shown = " ".join(label.split())[:40]
        raise BadQuestion(f"'{shown}' cannot be a label: use one line of at most {LABEL_MOST} characters.")


def kind_of(definition: Mapping[str, Any], wanted: str = CUSTOM) -> str:
    """The kind of task that a definition is: `wanted` if it still asks what that kind asks, else custom."""
    try:
        tasks.get(wanted)().questions(definition)
    except BadQuestion:
        return CUSTOM
    return wanted


def _field(given: Any) -> dict[str, str]:
    one = {"name": given} if isinstance(given, str) else given
    if not isinstance(one, Mapping) or not isinstance(one.get("name"), str) or not one["name"].strip():
        raise BadQuestion("A field of a task needs a name: 'text', or a column of the file.")
    strange = next((key for key in one if key not in ("name", "title", "show")), None)
    if strange is not None:
        raise BadQuestion(f"The field '{one['name']}' has no setting '{strange}'; it has: name, title, show.")
    title, show = one.get("title") or "", one.get("show") or "main"
    if not isinstance(title, str) or show not in SHOWS:
        raise BadQuestion(f"The field '{one['name']}' is shown as one of: {', '.join(SHOWS)}; its title is a text.")
    return field(one["name"], show, title)
