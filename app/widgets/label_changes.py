"""A label that is no longer on the form but has answers: what becomes of these is asked, and done as a job."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from app.widgets.task_draft import Draft
from app.widgets.text import plain
from app.words import t
from pipeline import jobs
from pipeline.domain import Project, Task
from pipeline.label_set import Change, forecast
from pipeline.store import Store
from pipeline.store import annotations as answer_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.relabel_set import ChangeLabels

WAYS = ("rename", "merge", "split", "remove", "keep")


@dataclass(slots=True)
class Loss:
    """One label of a stored question that the form leaves out. `way` and `into` are what the person chose for it."""

    question: str  # its name on the form
    title: str
    label: str
    answers: int
    fresh: list[str]  # labels of the form that are new
    others: list[str]  # all labels of the form
    before: list[str]  # all labels as they are stored
    way: str = "keep"
    into: list[str] = field(default_factory=list)


def losses(store: Store, task: Task, draft: Draft) -> list[Loss]:
    """Every label with answers that the form leaves out, in the order of the form's questions."""
    found = []
    stored = {str(q["name"]): q for q in task.definition.get("questions", ())}
    for number, question in zip(draft.ids, draft.questions, strict=True):
        old = stored.get(draft.was.get(number, ""))
        if old is None:
            continue
        before, now = list(old.get("labels", ())), list(question.get("labels", ()))
        gone = [label for label in before if label not in now]
        if not gone:
            continue
        counted = answer_store.label_counts(store, task.id, str(old["name"]))
        fresh = [label for label in now if label not in before]
        title = str(question.get("title") or question["name"])
        found += [
            Loss(str(question["name"]), title, label, counted[label], fresh, now, before)
            for label in gone if counted.get(label)
        ]  # fmt: skip
    return found


def settle(project: Project, draft: Draft, loss: Loss) -> None:
    """Ask what becomes of one label's answers and put it into the loss."""
    key = f"task.settle.{draft.number}.{loss.question}.{loss.label}"
    with st.container(border=True):
        st.markdown(
            t("task.change_gone", label=plain(loss.label), question=plain(loss.title), n=f"{loss.answers:,}")
        )  # fmt: skip
        st.page_link(
            st.session_state["pages"]["records"], icon=":material/arrow_forward:",
            label=t("task.change_open", n=f"{loss.answers:,}", label=plain(loss.label)),
            query_params={"project": project.name, "where": str(RecordFilter(label=loss.label))},
        )  # fmt: skip
        ways = [way for way in WAYS if (way != "rename" or loss.fresh) and (way != "merge" or loss.others)]
        with st.container(horizontal=True, vertical_alignment="bottom"):
            loss.way = st.selectbox(
                t("task.change_to"), ways, key=f"{key}.way", format_func=lambda way: t(f"task.change_{way}"), width=260
            )
            if loss.way in ("rename", "merge"):
                into = loss.fresh if loss.way == "rename" else [one for one in loss.others if one not in loss.fresh]
                into = into or loss.others
                loss.into = [st.selectbox(t("task.change_label"), into, key=f"{key}.{loss.way}.into", width=220)]
            elif loss.way == "split":
                loss.into = st.multiselect(
                    t("task.change_split_into"), loss.others, loss.fresh, key=f"{key}.split.into", width=320,
                    placeholder=t("task.choose"),
                )  # fmt: skip


def steps_back(draft: Draft, lost: Sequence[Loss]) -> dict[str, Any]:
    """The definition in which every such label is still there: the change starts from it, and its undo ends in it."""
    definition = copy.deepcopy(draft.definition)
    by_name = {str(q["name"]): q for q in definition["questions"]}
    for loss in lost:
        labels = by_name[loss.question]["labels"]
        if loss.way == "rename" and loss.into[0] in labels:
            _renamed_back(definition, by_name[loss.question], loss.into[0], loss.label)
        else:
            labels.insert(_place(labels, loss), loss.label)
    return definition


def _place(labels: Sequence[str], loss: Loss) -> int:
    """Where a label that is gone stood: behind the nearest one before it that is still there."""
    above = loss.before[: loss.before.index(loss.label)]
    near = next((label for label in reversed(above) if label in labels), None)
    return 0 if near is None else labels.index(near) + 1


def _renamed_back(definition: dict[str, Any], question: dict[str, Any], new: str, old: str) -> None:
    """Put the old name of a label in the place of the new one, wherever the definition speaks of it."""
    question["labels"][question["labels"].index(new)] = old
    parents = question.get("parents")
    if parents:
        question["parents"] = {
            old if label == new else label: old if above == new else above for label, above in parents.items()
        }
    for other in definition["questions"]:
        when = other.get("when")
        if when and when.get("question") == question["name"]:
            other["when"] = {**when, "is": [old if value == new else value for value in when["is"]]}


def changes(lost: Sequence[Loss], task: Task) -> list[ChangeLabels]:
    """What was chosen, as one label change for each question that has any."""
    found: dict[str, dict[str, Any]] = {}
    for loss in (one for one in lost if one.way != "keep"):
        change = found.setdefault(loss.question, {"rename": {}, "merge": {}, "split": {}, "remove": []})
        if loss.way == "remove":
            change["remove"].append(loss.label)
        elif loss.way == "split":
            change["split"][loss.label] = list(loss.into)
        elif loss.way == "merge" or loss.into[0] in change["rename"].values():
            change["merge"].setdefault(loss.into[0], []).append(loss.label)
        else:
            change["rename"][loss.label] = loss.into[0]
    return [ChangeLabels(question, **change, task=task.name) for question, change in found.items()]


def check(store: Store, task: Task, definition: dict[str, Any], wanted: Sequence[ChangeLabels]) -> None:
    """Raise WorkbenchError, before anything is written, if a change cannot be made on the task as it will be."""
    between = dataclasses.replace(task, definition=definition)
    for one in wanted:
        forecast(store, between, Change(one.question, one.rename, one.merge, one.split, one.remove))


def start(store: Store, project: Project, wanted: Sequence[ChangeLabels]) -> int | None:
    """Make the changes, one after the other; the last one goes on by itself, and its job's number is returned."""
    for one in wanted[:-1]:
        jobs.run(store, one, project.id)
    return jobs.start(store, wanted[-1], project.id) if wanted else None
