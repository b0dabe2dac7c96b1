"""A task as a person is changing it: kept in the session until it is saved, whatever page they walk to meanwhile."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pipeline.domain import Project, Task

DRAFTS = "task.drafts"
FRESH = "task.fresh"  # {project: the name of a further task that is not saved yet}
_numbers = itertools.count(1)  # of questions and of drafts, so that a widget's key never means another thing


@dataclass(slots=True)
class Draft:
    """What is on the form. `number` changes whenever the whole is replaced; `ids` has one number a question."""

    name: str
    kind: str
    definition: dict[str, Any]
    guideline: str
    base: str = ""  # the stored task when the changes began
    start: str = ""  # what the form began as
    number: int = 0
    ids: list[int] = field(default_factory=list)
    open: int = 0  # the number of the question whose form is open
    shown: dict[str, Any] = field(default_factory=dict)  # the last definition that the preview could show
    was: dict[int, str] = field(default_factory=dict)  # the stored name of each question that came from the store

    @property
    def questions(self) -> list[dict[str, Any]]:
        return self.definition["questions"]

    @property
    def changed(self) -> bool:
        """Whether there is anything that is not saved."""
        return self.start != _written(self.definition, self.guideline)

    def replace(self, definition: Mapping[str, Any], guideline: str) -> None:
        """Put another task on the form; everything on it is drawn anew."""
        self.definition, self.guideline = copy.deepcopy(dict(definition)), guideline
        self.definition["questions"] = [dict(question) for question in self.definition.get("questions", ())]
        self.number = next(_numbers)
        self.ids = [next(_numbers) for _ in self.questions]
        self.open = self.ids[0] if self.ids else 0

    def add(self, question: Mapping[str, Any], at: int | None = None) -> None:
        """Put a question into the list (at its end if no place is given) and open it."""
        at = len(self.questions) if at is None else at
        self.questions.insert(at, copy.deepcopy(dict(question)))
        self.ids.insert(at, next(_numbers))
        self.open = self.ids[at]

    def move(self, at: int, to: int) -> None:
        self.questions.insert(to, self.questions.pop(at))
        self.ids.insert(to, self.ids.pop(at))

    def remove(self, at: int) -> None:
        del self.questions[at], self.ids[at]

    def fresh_name(self, wanted: str) -> str:
        """A question's name that no other question of the draft has."""
        taken = {str(question.get("name")) for question in self.questions}
        names = itertools.chain([wanted], (f"{wanted}_{n}" for n in itertools.count(2)))
        return next(name for name in names if name not in taken)


def of(project: Project, task: Task | None) -> Draft | None:
    """The draft for this task; one without changes is begun anew when the stored task has changed.

    None for a task that is not stored, until `begin` makes one.
    """
    drafts = st.session_state.setdefault(DRAFTS, {})
    key = _key(project, task)
    found: Draft | None = drafts.get(key)
    if task is None:
        return found
    stored = _written(task.definition, task.guideline)
    if found is None or (found.base != stored and not found.changed):
        opened = found.ids.index(found.open) if found is not None and found.open in found.ids else 0
        found = _begun(task.name, task.kind, task.definition, task.guideline)
        found.base = stored
        found.was = {number: str(q["name"]) for number, q in zip(found.ids, found.questions, strict=True)}
        found.open = found.ids[min(opened, len(found.ids) - 1)] if found.ids else 0
        drafts[key] = found
    return found


def begin(project: Project, name: str, kind: str, definition: Mapping[str, Any]) -> Draft:
    """Start a new task of the project from a template."""
    found = _begun(name, kind, definition, "")
    found.start = ""  # a template that nobody saved is an unsaved change
    st.session_state.setdefault(DRAFTS, {})[_key(project, None)] = found
    return found


def ask_fresh(project: Project, name: str) -> None:
    """Begin a further task of the project, under a name that it does not have yet."""
    st.session_state[FRESH] = {**st.session_state.get(FRESH, {}), project.id: name}
    drop(project, None)


def fresh(project: Project, known: Sequence[str]) -> str:
    """The name of the further task that is being made, if any; none once it is among the known ones."""
    name = st.session_state.get(FRESH, {}).get(project.id, "")
    return "" if name in known else str(name)


def forget_fresh(project: Project) -> None:
    """Make no further task after all."""
    st.session_state.get(FRESH, {}).pop(project.id, None)
    drop(project, None)


def drop(project: Project, task: Task | None) -> None:
    """Forget what is not saved."""
    st.session_state.setdefault(DRAFTS, {}).pop(_key(project, task), None)


def unsaved(project: Project) -> bool:
    """Whether anything of this project's tasks waits to be saved."""
    mine = f"{project.id}."
    return any(k.startswith(mine) and draft.changed for k, draft in st.session_state.get(DRAFTS, {}).items())


def outdated(draft: Draft, task: Task | None) -> bool:
    """Whether somebody saved the task while this draft was being changed."""
    return task is not None and draft.base != _written(task.definition, task.guideline)


def held(key: str, value: Any) -> str:
    """A widget's key, its value put there at its first drawing: what the draft says outlives the widget."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def _begun(name: str, kind: str, definition: Mapping[str, Any], guideline: str) -> Draft:
    draft = Draft(name, kind, {}, "")
    draft.replace(definition, guideline)
    draft.start = _written(draft.definition, guideline)
    return draft


def _key(project: Project, task: Task | None) -> str:
    return f"{project.id}.{task.id if task is not None else 0}"


def _written(definition: Mapping[str, Any], guideline: str) -> str:
    return json.dumps([definition, guideline], ensure_ascii=False, sort_keys=True, default=str)
