"""What a file of another annotation tool holds, and how its answers fit the questions of the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.widgets.links import CARD
from app.widgets.text import plain
from app.words import said, t
from pipeline.domain import Task, WorkbenchError
from pipeline.importers.fit import NONE, Fit, matched, strange_labels
from pipeline.importers.foreign import Survey
from pipeline.questions import Question
from pipeline.tasks import questions_of
from pipeline.units import UNITS, Units

LISTED = 30  # labels that are fitted one by one


def holds(survey: Survey) -> None:
    """Draw what the file holds as a whole: its records, people, questions, and what has no place in Winnow."""
    people = sorted(name for name in survey.people if name)
    figures = {"records": survey.records, "people": len(people), "skips": survey.skips, "hints": survey.suggestions}
    with st.container(horizontal=True):
        for name, n in figures.items():
            if n or name == "records":
                st.metric(t(f"importing.held_{name}"), f"{n:,}", border=True, width=CARD)
    definition = survey.definition()
    if people:
        st.caption(t("importing.held_by", people=plain(", ".join(people[:20]))))
    if definition is None:
        st.caption(t("importing.held_no_answers"))
        return
    table = [
        {t("importing.their_question"): one["name"], t("importing.kind"): t(f"question.{one['kind']}"),
         t("importing.labels_column"): ", ".join(one.get("labels", ()))} for one in definition["questions"]
    ]  # fmt: skip
    st.dataframe(table, hide_index=True)
    if survey.lost:
        lost = "; ".join(f"{said(reason)}: {n:,}" for reason, n in survey.lost.most_common(20))
        st.warning(t("importing.held_lost", reasons=plain(lost)), icon=":material/warning:")


def fitted(survey: Survey, task: Task | None, key: str) -> dict[str, Any] | None:
    """Ask what nobody but the user can know, and return it as settings of the import; None while something is open."""
    found: dict[str, Any] = {}
    unsure = survey.unsure()
    if unsure is not None:
        found["unit"] = _unit(unsure, key)
        if found["unit"] is None:
            return None
    definition = survey.definition()
    if task is None or definition is None:
        return found
    ours = questions_of(task)
    found["questions"] = _questions({one["name"]: one["kind"] for one in definition["questions"]}, ours, key)
    fit = Fit(questions=found["questions"])
    strange = strange_labels(survey.labels, fit, ours)
    return found | (_labels(strange, ours, key) if strange else {})


def _unit(units: Units, key: str) -> str | None:
    """The unit of the file's offsets, by what its spans would be."""
    st.warning(t("importing.unit_unsure"), icon=":material/straighten:")
    samples = units.samples
    table = [{t(f"importing.unit_{unit}"): sample[unit] for unit in UNITS} for sample in samples]
    st.dataframe(table, hide_index=True)
    names = {unit: t(f"importing.unit_{unit}") for unit in UNITS}
    return st.radio(
        t("importing.unit"), UNITS, index=None, key=f"importing.unit.{key}", horizontal=True,
        format_func=names.__getitem__,
    )  # fmt: skip


def _questions(theirs: dict[str, str], ours: Sequence[Question], key: str) -> dict[str, str]:
    try:
        start, _ = matched(theirs, ours, {}, "")
    except WorkbenchError:  # somebody has to say it: each is offered with what fits it alone
        start = {}
    found = {}
    options = {NONE: t("importing.left_out")} | {question.name: question.name for question in ours}
    for name, kind in theirs.items():
        alone = _alone(name, kind, ours)
        guess = start.get(name, alone)
        found[name] = st.selectbox(
            t("importing.takes", name=plain(name)), list(options), index=list(options).index(guess),
            key=f"importing.takes.{key}.{name}", format_func=options.__getitem__,
        )  # fmt: skip
    return found


def _alone(name: str, kind: str, ours: Sequence[Question]) -> str:
    try:
        return matched({name: kind}, ours, {}, "")[0][name]
    except WorkbenchError:
        return NONE


def _labels(strange: dict[str, dict[str, int]], ours: Sequence[Question], key: str) -> dict[str, Any]:
    """What becomes of labels that the task does not have: all added, all rejected, or each by its own."""
    total = sum(len(counts) for counts in strange.values())
    names = ("add", "reject", *(["map"] if total <= LISTED else []))
    ways = {one: t(f"importing.strange_{one}") for one in names}
    way = st.radio(
        t("importing.strange_labels", n=total), list(ways), key=f"importing.new.{key}",
        help=t("importing.strange_help"), format_func=ways.__getitem__,
    )  # fmt: skip
    listed = ", ".join(f"{label} ({n:,})" for counts in strange.values() for label, n in counts.items())
    st.caption(plain(listed, 600))
    if way != "map":
        return {"new_labels": way}
    known = {question.name: list(question.labels) for question in ours}
    found = {}
    for question, counts in strange.items():
        ours_too = {label: label for label in known[question]}
        options = {"": t("importing.strange_new"), NONE: t("importing.left_out"), **ours_too}
        for label in (one for one in counts if one not in found):
            found[label] = st.selectbox(
                t("importing.label_is", label=plain(label)), list(options),
                key=f"importing.is.{key}.{question}.{label}", format_func=options.__getitem__,
            )  # fmt: skip
    return {"new_labels": "add", "labels": {label: now for label, now in found.items() if now}}
