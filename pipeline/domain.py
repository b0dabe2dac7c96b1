"""The nouns that every part of Winnow takes and gives. Plain data: no libraries, no behaviour beyond their shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


class WorkbenchError(Exception):
    """A fact the user must know, said in one sentence: what is wrong, where, and what to do.

    Only the router of the UI and the command line catch it; every other exception is a bug and shows its trace.
    """


class JobCancelled(Exception):
    """Raised inside a job at its next checkpoint after somebody asked it to stop; never shown to a user."""


AnswerState = Literal["draft", "submitted", "skipped", "withdrawn"]
JobState = Literal["running", "done", "failed", "cancelled", "stopped", "undone", "preview"]
SPLITS = ("train", "validation", "test")
_SPLIT_WORDS = {
    "train": "train", "training": "train", "test": "test", "validation": "validation", "valid": "validation",
    "val": "validation", "dev": "validation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Project:
    id: int
    name: str
    created_at: datetime
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of each record of a project; `definition` holds the questions as plain data."""

    id: int
    project_id: int
    name: str
    kind: str
    definition: Mapping[str, Any]
    guideline: str
    guideline_revision: int
    revision: int = 1  # of the definition and the guideline together


@dataclass(frozen=True, slots=True)
class Record:
    """One raw row as it reads now: the text after every live edit. Never changed in place."""

    id: int
    external_id: str
    text: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    split: str | None = None
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """A step's judgement that a record does not belong in the data set."""

    reason: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A step's judgement that a record should read differently."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A step's remark on a record that changes nothing else."""

    reason: str


Judgement = Drop | Edit | Flag


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement as stored: who made it (job and step), of which record. kind is drop, edit, flag or keep."""

    record_id: int
    step: str
    kind: str
    reason: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row of a file that could not be taken: its 1-based line (or row) number, the field, and why. `file` is its name
    where there are several."""

    line: int
    field: str
    reason: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of pipeline work and what became of it. Its effects count only while its state is `done`."""

    id: int
    project_id: int | None
    kind: str
    params: Mapping[str, Any]
    state: JobState
    done: int
    total: int
    note: str
    cursor: Mapping[str, Any]
    result: Mapping[str, Any]
    error: str
    created_at: datetime
    finished_at: datetime | None


def split_named(word: str | None) -> str | None:
    """The split that a file's own word means ('dev' is validation), or None if it names none of ours."""
    return _SPLIT_WORDS.get(word.strip().lower()) if word else None
