"""Why a task cannot be asked as it is: nothing to ask, no labels yet, questions that do not fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.words import said, t
from pipeline.domain import WorkbenchError
from pipeline.tasks.base import check_definition


def problem(definition: Mapping[str, Any]) -> str:
    """A sentence, or nothing if the task can be asked."""
    if not definition.get("questions"):
        return t("task.no_questions")
    if nobody(definition):
        return t("task.assignment_nobody")
    try:
        questions = check_definition(definition)
    except WorkbenchError as error:
        return said(str(error))
    empty = next((q.name for q in questions if "labels" in q.to_plain() and not q.labels), None)
    return t("task.no_labels", name=empty) if empty is not None else ""


def nobody(definition: Mapping[str, Any]) -> bool:
    """Whether an assignment names neither people nor a group."""
    found = (definition.get("queue") or {}).get("assignments") or ()
    return any(not one.get("people") and not one.get("group") for one in found if isinstance(one, Mapping))
