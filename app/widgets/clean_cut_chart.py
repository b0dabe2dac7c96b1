"""The numbers of a step as a histogram, what lies beyond the cut in another colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import pandas as pd
import streamlit as st

from app.words import t
from pipeline.verbs.clean_measure import Measured

HEIGHT = 150
KEPT, BEYOND, CUT = "#0b8a63", "#c8553d", "#d9822b"


@dataclass(frozen=True, slots=True)
class Shape:
    """Bars {low, high, texts, beyond}: the bar that the cut goes through is two. `cut` is 0 where there is none.
    `scale` is linear, log, or symlog with `constant` as the number from which it is a logarithm."""

    bars: tuple[dict[str, Any], ...]
    cut: float
    scale: Literal["linear", "log", "symlog"]
    constant: float
    domain: tuple[float, float]
    ticks: tuple[float, ...]


def shape_of(one: Measured, value: float) -> Shape:
    """The histogram of a knob with its cut at `value`; by the logarithm where the numbers spread widely."""
    histogram = one.by_log or one.even
    edges = [float(edge) for edge in histogram.edges]
    whole = one.by_log is None and all(edge.is_integer() for edge in edges) and edges[1] - edges[0] == 1
    cut = value
    if whole:  # a bar is of one number: it lies beyond or it does not
        cut = math.ceil(value) if one.bound == "least" else math.floor(value) + 1
    bars: list[dict[str, Any]] = []
    for low, high, texts in zip(edges, edges[1:], histogram.counts.tolist(), strict=False):
        parts = [(low, cut), (cut, high)] if value and low < cut < high else [(low, high)]
        for left, right in parts:
            beyond = bool(value) and (right <= cut if one.bound == "least" else left >= cut)
            bars.append({"low": left, "high": right, "texts": texts, "beyond": beyond, "none": 0})
    logarithm = one.by_log is not None
    zero = logarithm and edges[0] == 0
    constant = edges[1] if zero else 1.0
    domain = _domain((edges[0], edges[-1]), cut if value else 0.0, 0.0 if logarithm else 0.5)
    scale: Literal["linear", "log", "symlog"] = "symlog" if zero else "log" if logarithm else "linear"
    return Shape(
        tuple(bars), cut if value else 0.0, scale, constant, domain, _ticks(domain, constant) if logarithm else ()
    )


def _domain(numbers: tuple[float, float], cut: float, room: float) -> tuple[float, float]:
    """Where the numbers lie, and the cut if it is near: off by `room` of their width at most, if that is set."""
    low, high = numbers
    if not cut or (room and not low - room * (high - low) <= cut <= high + room * (high - low)):
        return low, high
    return min(low, cut), max(high, cut)


def _ticks(domain: tuple[float, float], least: float) -> tuple[float, ...]:
    """The powers of ten in the domain, and 0 where it begins there."""
    low, high = max(domain[0], least), domain[1]
    found = [10.0**n for n in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    return (0.0, *found) if domain[0] == 0 else tuple(found)


def cut_chart(shape: Shape, *, key: str) -> None:
    """Draw the bars and the cut; the words of the axes are those of the page."""
    frame = pd.DataFrame(shape.bars)
    extra: dict[str, Any] = {"constant": shape.constant} if shape.scale == "symlog" else {}
    scale = alt.Scale(type=shape.scale, domain=list(shape.domain), nice=False, clamp=True, **extra)
    axis: dict[str, Any] = {"values": list(shape.ticks)} if shape.ticks else {"tickCount": 5}
    x = alt.X(
        "low:Q", scale=scale, title=None, axis=alt.Axis(format="~s" if shape.domain[1] >= 1000 else ".4~r", **axis)
    )
    y = alt.Y("texts:Q", scale=alt.Scale(type="sqrt"), title=t("clean.records"),
              axis=alt.Axis(format="~s", tickCount=3, tickMinStep=1))  # fmt: skip
    tips = [alt.Tooltip("low:Q", title=t("clean.from"), format=".4~g"),
            alt.Tooltip("high:Q", title=t("clean.to"), format=".4~g"),
            alt.Tooltip("texts:Q", title=t("clean.records"), format=",")]  # fmt: skip
    base = alt.Chart(frame, height=HEIGHT)
    colour = alt.condition(alt.datum.beyond, alt.value(BEYOND), alt.value(KEPT))
    bars = base.mark_rect().encode(x=x, x2="high:Q", y=y, y2="none:Q", color=colour)
    # A bar of few records is too low to be hit: the whole height above it can be.
    hit = base.mark_rect(opacity=0).encode(x=x, x2="high:Q", tooltip=tips)
    layers = [bars, hit]
    if shape.cut and shape.domain[0] <= shape.cut <= shape.domain[1]:
        at = pd.DataFrame({"low": [shape.cut]})
        layers.insert(1, alt.Chart(at).mark_rule(strokeDash=[4, 3], color=CUT, size=2).encode(x=x))
    st.altair_chart(alt.layer(*layers), width="stretch", key=key)
