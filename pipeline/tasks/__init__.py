"""The kinds of task, one file each: which fields of a record are shown, and which questions are asked of it."""

from pipeline.tasks.base import (
    CUSTOM,
    TaskKind,
    check_definition,
    check_new_label,
    fields_wanted,
    kind_of,
    questions_of,
    shown_fields,
    tasks,
)

__all__ = [
    "CUSTOM",
    "TaskKind",
    "check_definition",
    "check_new_label",
    "fields_wanted",
    "kind_of",
    "questions_of",
    "shown_fields",
    "tasks",
]
