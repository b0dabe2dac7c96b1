"""The kinds of task, one file each: which questions are asked of a record."""

from pipeline.tasks.base import TaskKind, questions_of, tasks

__all__ = ["TaskKind", "questions_of", "tasks"]
