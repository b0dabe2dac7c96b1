"""The task of a project after an import: made, or with the labels that the file brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.domain import Task
from pipeline.store import Store, imports
from pipeline.tasks import TaskKind, kind_of, tasks
from pipeline.verbs.import_batches import MOST_LABELS, Work, too_many

# The template that asks questions of these kinds.
_KINDS: Mapping[tuple[str, ...], str] = {
    ("choice",): "classification", ("choices",): "multilabel", ("spans",): "entities",
    ("spans", "relations"): "relations", ("text",): "generation", ("answer",): "question_answering",
    ("rating",): "rating", ("ranking",): "ranking", ("chat",): "chat",
}  # fmt: skip


def kind_for(definition: Mapping[str, Any]) -> TaskKind:
    """The kind of task that asks what a definition, made from a file, asks."""
    asked = tuple(plain["kind"] for plain in definition["questions"])
    return tasks.get(kind_of(definition, _KINDS.get(asked, "custom")))()


def is_untouched(store: Store, task: Task) -> bool:
    """Whether this is the task that an import makes for a file without answers, and nobody has done anything with it:
    it has no labels, and there is no answer to it and no suggestion."""
    plain = tasks.get(task.kind)().definition(())
    alike = json.loads(json.dumps(dict(task.definition))) in (
        json.loads(json.dumps(one)) for one in (plain, unlabelled(plain))
    )
    bare = not any(one.get("labels") for one in task.definition.get("questions", ()))
    return task.revision == 1 and not task.guideline and alike and bare and not imports.is_answered(store, task.id)


def save(work: Work, kind: TaskKind, task: Task | None, made: Mapping[str, Any] | None) -> list[str]:
    """Make the task, as `made` if the file's answers made one, or add to its labels those that the file brought.
    Returns the added ones."""
    added: list[str] = []

    def define(before: Mapping[str, Any] | None) -> Mapping[str, Any]:
        added.clear()
        definition = made or before or kind.definition(())
        grown = []
        for plain in definition.get("questions", ()):
            own = brought(work, plain)
            if not (before or made) and own and not set(own) <= set(plain["labels"]):
                plain = {**plain, "labels": []}  # noqa: PLW2901 - what a kind suggests gives way to the file's own
            new = [label for label in own if label not in plain.get("labels", ())]
            if new and len(plain.get("labels", ())) + len(new) > MOST_LABELS:
                raise too_many(work.source.name, work.reading.columns.label, plain["name"])
            grown.append({**plain, "labels": [*plain.get("labels", ()), *new]} if new else plain)
            added.extend(new)
        return {**definition, "questions": grown} if added else definition

    def write(cursor: Any) -> None:
        name = task.name if task else kind.name
        imports.save_task(cursor, work.project_id, work.goal.task_id, name, kind.name, define)
        people = {work.goal.annotator: "imported"} if work.goal.annotator else {}
        for who, what in {**people, **work.people}.items():
            imports.save_annotator(cursor, who, what)

    work.store.transact(write)
    return added


def unlabelled(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition without the labels that its kind suggests, but those whose order is that of the answers."""
    questions = [
        {**plain, "labels": []} if plain.get("labels") and plain["kind"] != "choices" else plain
        for plain in definition.get("questions", ())
    ]  # fmt: skip
    return {**definition, "questions": questions}


def brought(work: Work, plain: Mapping[str, Any]) -> list[str]:
    """The labels that the file brought to a question: the commonest first, but those of `choices`, whose answers stand
    in the order of the labels, as they came."""
    counts: Mapping[str, int] = work.reading.answering.labels.get(plain["name"], {})
    if plain["kind"] != "choices":
        return [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return [label for label in work.reading.answering.questions[plain["name"]].labels if label in counts]
