"""Holds what a step measures against the step's own knobs. Registers no step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pipeline.domain import Drop, Flag

LEAST: Literal["least"] = "least"
MOST: Literal["most"] = "most"
ACTIONS = ("drop", "flag")


def broken(step: Any, numbers: Iterable[tuple[str, float]]) -> tuple[str, float] | None:
    """The first knob whose bound the number beside it breaks, with that number; a knob at 0 bounds nothing. Reads no
    further, so numbers that cost time come last."""
    cuts: Mapping[str, str] = step.cuts
    for knob, number in numbers:
        bound = getattr(step, knob)
        if bound and (number < bound if cuts[knob] == LEAST else number > bound):
            return knob, number
    return None


def judgement(action: str, reason: str) -> Drop | Flag:
    """The judgement that a knob `action` (drop, flag) names."""
    return Drop(reason) if action == "drop" else Flag(reason)


def shown(number: float) -> str:
    """A measured number as it stands in a reason: a count as it is, a share in percent."""
    return str(number) if isinstance(number, int) else f"{100 * number:.0f}%"
