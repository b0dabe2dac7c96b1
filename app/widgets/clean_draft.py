"""The recipe as it stands on the clean page: unsent input, so it lives in the session, for one project at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pipeline import recipe as recipes
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.knobs import values_of
from pipeline.recipe import Recipe
from pipeline.steps.base import steps

HELD = "clean.draft"
Row = dict[str, Any]  # {"id", "name", "knobs", "on", "open", "turn"}: one step; `open`: its settings are drawn
Origin = tuple[str, int]  # the name of the recipe that the steps were taken from, and its revision (0: no own one)


def rows(project: Project, past: Sequence[Job]) -> list[Row]:
    """The steps on the page; at first those of the job that ran last, else the default recipe's."""
    held = st.session_state.get(HELD)
    if held is None or held["project"] != project.id:
        take(project, last(past) or recipes.named("default"), ("", 0) if past else ("default", 0))
        held = st.session_state[HELD]
    found: list[Row] = held["rows"]
    return found


def take(project: Project, recipe: Recipe, origin: Origin = ("", 0)) -> None:
    """Put a recipe on the page in place of what is there."""
    made = [_row(name, dict(settings)) for name, settings in recipe.steps]
    st.session_state[HELD] = {
        "project": project.id, "rows": made, "origin": origin, "taken": recipe.plain(), "gone": None,
    }  # fmt: skip


def last(past: Sequence[Job]) -> Recipe | None:
    """The recipe of the newest job; None if there is none, or if one of its steps has been taken away since."""
    try:
        return Recipe.of(past[0].params["steps"]) if past else None
    except WorkbenchError:
        return None


def add(name: str) -> None:
    """Put a step at the end, its settings at their defaults."""
    st.session_state[HELD]["rows"].append(_row(name, values_of(steps.get(name)())))


def swap(place: int) -> None:
    """Let the step at this place and the next one change places."""
    held = st.session_state[HELD]["rows"]
    held[place], held[place + 1] = held[place + 1], held[place]


def remove(place: int) -> None:
    """Take a step out; `put_back` brings the last one back, with its settings."""
    held = st.session_state[HELD]
    held["gone"] = (place, held["rows"].pop(place))


def turn(row: Row) -> None:
    """Show the settings of a step, or no more."""
    row["open"] = not row["open"]


def gone() -> Row | None:
    """The step that was taken out last."""
    found = st.session_state[HELD]["gone"]
    return found[1] if found else None


def put_back() -> None:
    held = st.session_state[HELD]
    place, row = held["gone"]
    held["rows"].insert(place, row)
    held["gone"] = None


def drawn(held: Sequence[Row]) -> Recipe:
    """The steps that are on, checked. Raises a WorkbenchError that says what is wrong."""
    return Recipe.of([row["name"], row["knobs"]] for row in held if row["on"])


def origin(recipe: Recipe) -> Origin:
    """Which recipe these steps are of: the one that was taken, if nothing in it was changed."""
    held = st.session_state[HELD]
    found: Origin = held["origin"]
    return found if is_as_taken(recipe) else ("", 0)


def is_as_taken(recipe: Recipe) -> bool:
    """Whether nothing was changed since these steps were taken, or kept."""
    return bool(recipe.plain() == st.session_state[HELD]["taken"])


def back() -> None:
    """The recipe as it was taken, without what was changed since."""
    held = st.session_state[HELD]
    held |= {"rows": [_row(name, dict(settings)) for name, settings in held["taken"]], "gone": None}


def kept(recipe: Recipe, origin: Origin) -> None:
    """The steps on the page were saved: they are of this recipe from now on."""
    st.session_state[HELD] |= {"origin": origin, "taken": recipe.plain()}


def source() -> str:
    """The name of the recipe that the page was begun from, whatever became of it; empty if it has none."""
    return str(st.session_state[HELD]["origin"][0])


def form_key(row: Row) -> str:
    """The beginning of the keys of a step's settings."""
    return f"clean.{row['id']}.{row['turn']}"


def set_knob(row: Row, knob: str, value: float) -> None:
    """Set one number of a step from outside its form, which is drawn anew: what the browser still has in it as it was
    would else come back with the next press."""
    row["knobs"] = {**row["knobs"], knob: value}
    row["turn"] += 1


def _row(name: str, settings: dict[str, Any]) -> Row:
    st.session_state["clean.made"] = st.session_state.get("clean.made", 0) + 1
    own = {"id": st.session_state["clean.made"], "name": name, "knobs": settings}
    return {**own, "on": True, "open": False, "turn": 0}
