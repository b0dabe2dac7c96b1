"""Changing the labels of a question that has answers: what each old label becomes, and what that does to the task and
to an answer. Writes nothing; the verb change-labels does.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain import Task, WorkbenchError
from pipeline.questions import Question, Relations, WrongAnswer, asked, check_answers, tidy_value
from pipeline.questions.relations import sortable as arrows
from pipeline.questions.spans import sortable as spans
from pipeline.steps import label_keys
from pipeline.store import Store
from pipeline.store import annotations as answer_store
from pipeline.tasks import check_definition, check_new_label, questions_of

KEY = ("start", "end", "from", "to", "label")  # what makes an item the same as another, in their order
LISTED = ("spans", "relations")  # kinds whose answers are lists of items with a label each


class BadChange(WorkbenchError):
    """A change of labels that cannot be made."""


@dataclass(frozen=True, slots=True)
class Change:
    """rename gives a label its new name; merge gives a label those that go into it; split gives a label those that its
    answers are asked to choose from again; remove takes a label and what was answered with it away. `question` may be
    left out where only one question of the task has labels.
    """

    question: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    merge: Mapping[str, Sequence[str]] = field(default_factory=dict)
    split: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remove: Sequence[str] = ()

    @property
    def names(self) -> dict[str, str]:
        """{old label: the label that its answers have from now on}."""
        return {**self.rename, **{old: into for into, olds in self.merge.items() for old in olds if old != into}}

    @property
    def gone(self) -> set[str]:
        """The labels that no answer shall have any more."""
        return set(self.names) | set(self.remove)

    @property
    def sources(self) -> list[str]:
        """Every label that something happens to, as often as it is named."""
        merged = [old for into, olds in self.merge.items() for old in dict.fromkeys(olds) if old != into]
        return [*self.rename, *merged, *self.split, *self.remove]


def of_task(task: Task, change: Change) -> tuple[Change, Question]:
    """The change with its question named, and that question as it is. Raises BadChange with what is wrong."""
    labelled = [question for question in questions_of(task) if question.labels]
    if change.question:
        labelled = [question for question in labelled if question.name == change.question]
    if len(labelled) != 1:
        which = f"no question '{change.question}' with labels" if change.question else f"{len(labelled)} such questions"
        raise BadChange(f"Name one question whose labels shall change: the task '{task.name}' has {which}.")
    question = labelled[0]
    sources = change.sources
    if not sources:
        raise BadChange("Say which labels shall change: rename, merge, split or remove some.")
    strange = next((label for label in sources if label not in question.labels), None)
    if strange is not None:
        raise BadChange(f"The question '{question.name}' has no label '{strange}'.")
    twice = next((label for label in sources if sources.count(label) > 1), None)
    if twice is not None:
        raise BadChange(f"Two things cannot happen to the label '{twice}' at once.")
    taken = next((new for new in change.rename.values() if new in question.labels and new not in change.gone), None)
    if taken is not None:
        raise BadChange(f"There is a label '{taken}' already. Merge into it instead of renaming to it.")
    into = [*change.rename.values(), *change.merge]
    lost = any(label in change.remove or label in change.split for label in into)
    lost |= any(label in change.names for label in change.merge)
    lost |= any(label in sources and label != old for old, labels in change.split.items() for label in labels)
    if lost or len(set(change.rename.values())) < len(change.rename):
        raise BadChange("A label that others become must stay itself, and two renamed to the same must be merged.")
    for label in [*into, *(label for labels in change.split.values() for label in labels)]:
        if label not in question.labels:
            check_new_label(label)
    if any(not labels for labels in change.split.values()):
        raise BadChange("Name the labels that a split label's answers shall be chosen from.")
    return Change(question.name, change.rename, change.merge, change.split, change.remove), question


def changed(definition: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The definition after the change: the labels in their places, and all that names them. Raises WorkbenchError."""
    new = copy.deepcopy(dict(definition))
    for plain in new["questions"]:
        if plain["name"] == change.question:
            before = list(plain["labels"])
            plain["labels"] = list(dict.fromkeys(new for label in before for new in _becomes(change, label)))
            if plain.get("parents"):
                plain["parents"] = _parents(plain["parents"], plain["labels"], change)
        when = plain.get("when")
        if when and when.get("question") == change.question:
            values = [when["is"]] if isinstance(when["is"], str | int) else when["is"]
            when["is"] = list(dict.fromkeys(new for value in values for new in _becomes(change, value)))
            if not when["is"]:
                raise BadChange(f"The question '{plain['name']}' is asked of no other label. Change it first.")
    _refilter(new, change)
    check_definition(new)
    return new


def _refilter(definition: Mapping[str, Any], change: Change) -> None:
    """Let the assignments go on naming the records that they named. A label that another question has too stays: there
    it is what it was. Raises BadChange where none or several labels would take its place."""
    others = {label for plain in definition["questions"] if plain["name"] != change.question
              for label in plain.get("labels", ())}  # fmt: skip
    for assignment in (definition.get("queue") or {}).get("assignments") or ():
        words = assignment.get("filter") or {}
        label = None if words.get("label") is None else str(words["label"])
        if label is None or label in others or label not in change.sources:
            continue
        became = _becomes(change, label)
        if len(became) != 1 and label not in became:
            raise BadChange(f"An assignment is of the records labelled '{label}'. Change its filter first.")
        words["label"] = label if label in became else became[0]


def forecast(store: Store, task: Task, change: Change) -> dict[str, dict[str, Any]]:
    """What the change does: {label: {"answers", "how", "into"}}; how is rename, merge, split or remove.

    Raises BadChange. Renamed and merged answers are rewritten, split ones asked for again, removed ones taken out.
    """
    change, _ = of_task(task, change)
    changed(task.definition, change)
    counted = answer_store.label_counts(store, task.id, change.question)
    how = {**dict.fromkeys(change.rename, "rename"), **dict.fromkeys(change.split, "split")}
    return {
        label: {
            "answers": counted.get(label, 0),
            "how": how.get(label, "remove" if label in change.remove else "merge"),
            "into": _becomes(change, label),
        }
        for label in change.sources
    }


def proposed(store: Store, task: Task, synonyms: Sequence[str] = ()) -> list[Change]:
    """The merges that would leave each label in one spelling: of each question whose labels differ only by white space,
    case, width or punctuation, or mean the same by `synonyms` ("POS=positive"). The label with most answers stays, of
    equals the first; of synonyms the one that they name. Raises WorkbenchError for a synonym that says nothing."""
    same = label_keys.key
    meant = {same(old): new for old, new in label_keys.pairs(tuple(synonyms))}
    named = {same(new): new for new in meant.values()}
    found = []
    for question in questions_of(task):
        groups: dict[str, list[str]] = {}
        for label in question.labels:
            groups.setdefault(same(meant.get(same(label), label)), []).append(label)
        counted = {**dict.fromkeys(question.labels, 0), **answer_store.label_counts(store, task.id, question.name)}
        merge: dict[str, list[str]] = {}
        for group, labels in groups.items():
            into = named.get(group) or max(labels, key=counted.__getitem__)
            if others := [label for label in labels if label != into]:
                merge[into] = others
        if merge:
            found.append(Change(question.name, merge=merge))
    return found


def rewritten(
    before: Sequence[Question], after: Sequence[Question], change: Change, value: Mapping[str, Any]
) -> tuple[dict[str, Any], bool]:
    """An answer after the change, and whether it still answers all that must be. `before` and `after` are the questions
    of the task then."""
    question = next(question for question in before if question.name == change.question)
    new = dict(value)
    answer = new.get(question.name)
    if not _well_formed(question, answer):  # kept though it was wrong: there is nothing in it to put in other words
        return new, _right(after, new, change)
    if question.kind in LISTED and isinstance(answer, list):
        new[question.name], places = _items(answer, change)
        for other in before:
            if isinstance(other, Relations) and other.spans == question.name and arrows(new.get(other.name)):
                new[other.name] = _joined(new[other.name], places)
    elif isinstance(answer, list):
        kept = [change.names.get(label, label) for label in answer if label not in change.remove]
        new[question.name] = list(dict.fromkeys(kept))
    elif answer in change.remove:
        del new[question.name]
    elif isinstance(answer, str):
        new[question.name] = change.names.get(answer, answer)
    new = tidy_value(after, new)
    wanted = {question.name for question in asked(after, new)}
    new = {name: one for name, one in new.items() if name in wanted or name not in {q.name for q in after}}
    return new, _right(after, new, change)


def holds(question: Question, value: Mapping[str, Any], labels: set[str]) -> bool:
    """Whether a stored answer, right or not, holds one of the labels."""
    answer = value.get(question.name)
    items = answer if isinstance(answer, list) else [answer]
    said = [one.get("label") if isinstance(one, Mapping) else one for one in items]
    return any(isinstance(label, str) and label in labels for label in said)


def _well_formed(question: Question, answer: Any) -> bool:
    """Whether an answer has the shape of its kind, so that its labels can be changed; any text may have been sent."""
    if question.kind in LISTED:
        return spans(answer) or arrows(answer)
    labels = answer if isinstance(answer, list) else [answer]
    return all(isinstance(label, str) for label in labels)


def _becomes(change: Change, label: Any) -> list[Any]:
    if label in change.remove:
        return []
    return list(change.split.get(label, ())) or [change.names.get(label, label)]


def _parents(parents: Mapping[str, str], labels: Sequence[str], change: Change) -> dict[str, str]:
    def above(label: str) -> str | None:
        seen = set()
        while label in change.remove and label not in seen:  # what stood under it stands under what it stood under
            seen.add(label)
            if label not in parents:
                return None
            label = parents[label]
        return change.names.get(label, change.split.get(label, [label])[0])

    found: dict[str, str] = {}
    for label, parent in parents.items():
        over = above(parent)
        for new in _becomes(change, label):
            if over is not None and new in labels and new != over:
                found.setdefault(new, over)
    return found


def _items(items: Sequence[Any], change: Change) -> tuple[list[Any], list[int | None]]:
    """Labelled items after the change, each once and in order; and where each old one is now, None if nowhere."""
    named = [
        None if one.get("label") in change.remove else {**one, "label": change.names.get(one["label"], one["label"])}
        for one in items
    ]
    keys = [None if one is None else tuple(one.get(key) for key in KEY) for one in named]
    order = sorted({key for key in keys if key is not None}, key=lambda key: tuple((x is None, x) for x in key))
    first = {key: one for key, one in zip(reversed(keys), reversed(named), strict=True) if key is not None}
    place = {key: at for at, key in enumerate(order)}
    return [first[key] for key in order], [None if key is None else place[key] for key in keys]


def _joined(relations: Sequence[Any], places: Sequence[int | None]) -> list[Any]:
    """The relations between the spans as they are now; those that have lost an end, or join one span to itself, go."""
    moved = {}
    for one in relations:
        ends = [places[one[end]] if 0 <= one[end] < len(places) else None for end in ("from", "to")]
        if ends[0] is not None and ends[1] is not None and ends[0] != ends[1]:
            moved[ends[0], ends[1], one["label"]] = {**one, "from": ends[0], "to": ends[1]}
    return list(moved.values())


def _right(after: Sequence[Question], value: Mapping[str, Any], change: Change) -> bool:
    """Whether the answer is allowed now, but for labels that were split, which wait to be chosen again."""
    if any(holds(question, value, set(change.split)) for question in after if question.name == change.question):
        return True
    try:
        check_answers(after, value)
    except WrongAnswer:
        return False
    return True
