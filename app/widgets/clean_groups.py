"""The cleaning steps by what they are for: a long list is found through in groups."""

from __future__ import annotations

import inspect

from app.widgets.text import plain
from app.words import t_or
from pipeline.knobs import knobs_of
from pipeline.steps.base import steps

GROUPS = ("repair", "quality", "personal", "chinese", "columns")
_OF = {
    "repair": ("mojibake", "control", "html", "whitespace", "boilerplate", "unicode_form"),
    "quality": ("empty", "length", "exact_duplicates", "urls", "symbols"),
    "personal": ("personal",),
    "chinese": ("traditional", "width", "segment", "speech_parts"),
}


def group_of(name: str) -> str:
    """Where a step stands; one that nobody has put anywhere stands by the kind of step that it is."""
    found = next((group for group, names in _OF.items() if name in names), "")
    if found:
        return found
    plugin = steps.get(name)
    if hasattr(plugin, "select") or hasattr(plugin, "derive"):
        return "columns"
    return "quality" if hasattr(plugin, "cuts") else "repair"


def found(group: str | None, words: str) -> list[str]:
    """The names of the steps of a group (or of all) that have all of the words in their title, help or name."""
    wanted = words.casefold().split()
    listed = [name for name in steps.names() if group is None or group_of(name) == group]
    kept = [name for name in listed if all(word in _spoken(name) for word in wanted)]
    return sorted(kept, key=lambda name: (GROUPS.index(group_of(name)), step_title(name)))


def step_title(name: str) -> str:
    """The name of a cleaning step in the reader's language; a plug-in's own name where there is none."""
    return t_or(f"steps.{name}.title", name.replace("_", " ").capitalize())


def step_help(name: str) -> str:
    """What a step does, in a sentence or two."""
    return t_or(f"steps.{name}.help", plain(inspect.getdoc(steps.get(name)) or ""))


def knob_title(step: str, knob: str) -> str:
    return t_or(f"steps.{step}.{knob}", knob.replace("_", " ").capitalize())


def _spoken(name: str) -> str:
    knobs = [knob_title(name, knob.name) for knob in knobs_of(steps.get(name))]
    return " ".join([name, step_title(name), step_help(name), *knobs]).casefold()
