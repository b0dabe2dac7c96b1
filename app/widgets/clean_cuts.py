"""What the steps of a recipe measure in a sample, drawn, with cuts that can be moved: each sets its step's knob."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.widgets import clean_draft as draft
from app.widgets.clean_cut_chart import cut_chart, shape_of
from app.widgets.clean_cut_stops import stops
from app.widgets.clean_draft import Row
from app.widgets.clean_groups import knob_title, step_title
from app.widgets.clean_start import TRY
from app.widgets.text import plain
from app.words import said, t
from pipeline.domain import Project, WorkbenchError
from pipeline.knobs import Knob, knobs_of
from pipeline.recipe import Recipe
from pipeline.steps.base import steps
from pipeline.store import Store
from pipeline.store import jobs as job_store
from pipeline.verbs.clean_measure import Measured, Measures, measure

HELD = "clean.measured"


@dataclass(frozen=True, slots=True)
class Held:
    """What was measured last, of which recipe, and which step of the page stands at which place of it."""

    project: int
    data: str  # the jobs that made the records what they were
    steps: list[list[Any]]
    ids: list[int]
    measures: Measures


def cuts(store: Store, project: Project, rows: list[Row], recipe: Recipe | None) -> None:
    """Draw the numbers of one measured step after the other, and their cuts."""
    if recipe is None:
        st.info(t("clean.cuts_wrong"), icon=":material/error:")
        return
    held = _held(store, project, rows, recipe)
    if held is None:
        return
    by_id = {row["id"]: row for row in rows if row["on"]}
    measured: dict[int, list[Measured]] = {}
    for one in held.measures.knobs:
        if held.ids[one.place] in by_id:
            measured.setdefault(held.ids[one.place], []).append(one)
    if not measured:
        st.info(t("clean.no_cuts"), icon=":material/bar_chart:")
        return
    _told(held.measures)

    def label(row_id: int) -> str:
        row = by_id[row_id]
        beyond = sum(one.cut(_value(row, one.knob)) for one in measured[row_id])
        return f"{step_title(row['name'])} {beyond:,}"

    key = f"clean.cuts.{'.'.join(map(str, measured))}"
    chosen = st.pills(
        t("clean.cuts_of"), list(measured), default=next(iter(measured)), key=key,
        required=True, wrap=True, format_func=label,
    )  # fmt: skip
    for one in measured.get(chosen or 0, ()):
        _cut(by_id[chosen], one, held.measures)
    on = [row["id"] for row in rows if row["on"]]
    if held.steps != recipe.plain() or held.ids != on or held.data != _data(store, project):
        st.caption(t("clean.measured_before"))


def _held(store: Store, project: Project, rows: Sequence[Row], recipe: Recipe) -> Held | None:
    """What was measured, now if it was not before; None where a step failed, which is said."""
    held: Held | None = st.session_state.get(HELD)
    if held is not None and held.project == project.id:
        return held
    try:
        with st.spinner(t("clean.measuring", n=f"{TRY:,}")):
            found = measure(store, project.id, recipe, TRY)
    except WorkbenchError as error:
        st.error(plain(said(str(error))), icon=":material/error:")
        return None
    ids = [row["id"] for row in rows if row["on"]]
    st.session_state[HELD] = Held(project.id, _data(store, project), recipe.plain(), ids, found)
    return st.session_state[HELD]  # type: ignore[no-any-return]


def _told(found: Measures) -> None:
    """Of how many records the numbers are; they can be measured again."""
    word = "measured_all" if found.sampled == found.records else "measured"
    st.caption(t(f"clean.{word}", n=f"{found.sampled:,}", all=f"{found.records:,}"))
    st.button(t("clean.measure_again"), key="clean.measure", icon=":material/refresh:", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(HELD, None)


def _data(store: Store, project: Project) -> str:
    """Changes when a job changes the records: previews and work under way do not."""
    past = job_store.recent(store, project.id)
    return " ".join(f"{job.id}{job.state}" for job in past if job.state in ("done", "undone"))


def _cut(row: Row, one: Measured, measures: Measures) -> None:
    """One number of a step: how it lies in the sample, its cut, and how many records lie beyond it."""
    knob = next(knob for knob in knobs_of(steps.get(one.step)) if knob.name == one.knob)
    value = _value(row, one.knob)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(knob_title(one.step, one.knob))}**", width="stretch")
            st.markdown(_beyond(one, value, measures), width="content")
        if not len(one.numbers):
            st.caption(t("clean.nothing_measured"))
            return
        varied = one.numbers[0] < one.numbers[-1]
        if varied:
            cut_chart(shape_of(one, value), key=f"clean.cut.{row['id']}.{one.knob}")
        _moved(row, one, knob, value)
        half, low, high = (_number(one.quantiles[share]) for share in (0.5, 0.05, 0.95))
        st.caption(t("clean.cut_spread", half=half, low=low, high=high) if varied else t("clean.cut_same", value=half))


def _beyond(one: Measured, value: float, measures: Measures) -> str:
    """How many records the cut takes: of a sample, how many that would be of all."""
    if not value:
        return f":gray[{t('clean.cut_off')}]"
    n = one.cut(value)
    where = t(f"clean.beyond_{one.bound}", value=_number(value))
    share = n / measures.sampled if measures.sampled else 0.0
    if measures.sampled == measures.records:
        return t("clean.beyond", n=f"{n:,}", where=where, share=f"{share:.1%}")
    likely = f"{round(share * measures.records):,}"
    return t("clean.beyond_sample", n=likely, where=where, share=f"{share:.1%}", found=f"{n:,}")


def _moved(row: Row, one: Measured, knob: Knob, value: float) -> None:
    """The cut as a slider over the numbers that there are, and as a number to be typed."""
    key = f"clean.move.{row['id']}.{one.knob}"
    slide, field = f"{key}.slide", f"{key}.type.{value}"  # of one value: an earlier one in the browser is not its own

    def slid() -> None:
        draft.set_knob(row, one.knob, st.session_state[slide])

    def typed() -> None:
        draft.set_knob(row, one.knob, st.session_state[field])

    if st.session_state.get(slide) != value:  # else what is under the hand would be set back
        st.session_state[slide] = value
    label = knob_title(one.step, one.knob)
    left, right = st.columns([3, 1], vertical_alignment="bottom", wrap=False)
    left.select_slider(
        t("clean.move", knob=label), stops(one, knob, value), key=slide, on_change=slid, format_func=_stop,
        label_visibility="collapsed",
    )  # fmt: skip
    whole = knob.type is int
    low, high = (None if bound is None else knob.type(bound) for bound in (knob.low, knob.high))
    right.number_input(
        t("clean.move", knob=label), low, high, value, key=field, on_change=typed, step=1 if whole else 0.01,
        format="%d" if whole else "%g", label_visibility="collapsed",
    )  # fmt: skip


def _value(row: Row, knob: str) -> float:
    """The knob as it stands on the page; of its own type, as the form's widgets want it."""
    value: float = row["knobs"][knob]
    return value


def _stop(value: float) -> str:
    """A place of the slider in words; 0 bounds nothing."""
    return _number(value) if value else t("clean.off")


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 10**9 else f"{value:.3g}"
