"""Where the slider of a cut can stand: where the numbers lie. Pure; draws nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.knobs import Knob
from pipeline.verbs.clean_measure import Measured

STOPS = 80
EXACT = 3  # digits of a stop that are not nought


def stops(one: Measured, knob: Knob, value: float) -> list[float]:
    """At most STOPS places in rising order, equally far apart as the histogram draws them, all of the knob's own type
    and within its bounds: 0 (no bound), the value that it has and its default among them."""
    histogram = one.by_log or one.even
    edges = histogram.edges
    if one.by_log is not None and edges[0] == 0:
        edges = edges[1:]
    low, high = float(edges[0]), float(edges[-1])
    places = np.geomspace(low, high, STOPS - 3) if one.by_log is not None else np.linspace(low, high, STOPS - 3)
    low_bound = -np.inf if knob.low is None else knob.low
    high_bound = np.inf if knob.high is None else knob.high
    wanted = [*map(_short, places), 0.0, float(knob.default), float(value)]
    return _typed(knob, (place for place in wanted if low_bound <= place <= high_bound))


def _short(number: float) -> float:
    """The number with few digits, as a person would write it."""
    return float(f"{number:.{EXACT}g}")


def _typed(knob: Knob, places: Iterable[float]) -> list[float]:
    made: set[float] = {round(place) if knob.type is int else float(place) for place in places}
    return sorted(made)
