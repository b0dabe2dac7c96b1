"""Charts that several pages share. Words come from the caller; colours follow the theme, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

LEGEND = 28  # pixels of a row of the legend, which the lines would lose
FEW = 30  # points of a line that are drawn as dots too: a line of one point would not be seen
DARK = 0.85  # share from which white reads better on a cell of a confusion matrix than black: each at least 4.5
CELLS = 30  # labels of a confusion matrix whose cells still hold a readable number


def lines(frame: pd.DataFrame, x: str, y: str, colour: str | None = None, *, height: int = 260) -> None:
    """Lines of `y` over `x`, one a value of the column `colour`; the columns' names are the axes' titles."""
    encoding = {
        "x": alt.X(field(x), type="quantitative", title=x, axis=alt.Axis(tickMinStep=1)),
        "y": alt.Y(field(y), type="quantitative", title=y, scale=alt.Scale(zero=False)),
        "tooltip": [alt.Tooltip(field(name), type=kind, title=name, format=form) for name, kind, form in _tips(frame)],
    }
    if colour is not None:
        legend = alt.Legend(orient="top", columns=2)
        height += LEGEND * ((frame[colour].nunique() + 1) // 2)
        encoding["color"] = alt.Color(field(colour), type="nominal", title=None, legend=legend)
    size = frame.groupby(colour)[y].transform("size") if colour is not None else pd.Series(len(frame), frame.index)
    dots = alt.Chart(frame[size <= FEW]).mark_point(filled=True, size=45, opacity=1).encode(**encoding)
    chart = alt.layer(alt.Chart(frame).mark_line().encode(**encoding), dots).properties(height=height)
    st.altair_chart(chart, width="stretch")


def confusion_matrix(
    labels: Sequence[str], counts: Sequence[Sequence[int]], *, truth: str, predicted: str, share: str, n: str, key: str
) -> tuple[str, str] | None:
    """A heat map of label against prediction; returns the (label, predicted) of the cell that was clicked, if any.

    A cell's shade is its share of its label, so that a rare label can be read as well as a common one.
    """
    totals = [sum(row) or 1 for row in counts]
    cells = [
        {truth: labels[i], predicted: labels[j], n: count, share: count / totals[i]}
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
    ]
    frame = pd.DataFrame(cells)
    pick = alt.selection_point(name="cell", fields=[truth, predicted])
    base = alt.Chart(frame, height=max(220, min(640, 36 * len(labels) + 90))).encode(
        x=alt.X(field(predicted), type="nominal", sort=list(labels), title=predicted,
                axis=alt.Axis(orient="top", labelAngle=0 if len(labels) < 6 else -60, labelLimit=110)),
        y=alt.Y(field(truth), type="nominal", sort=list(labels), title=truth, axis=alt.Axis(labelLimit=140)),
    )  # fmt: skip
    tips = [alt.Tooltip(field(truth), type="nominal", title=truth),
            alt.Tooltip(field(predicted), type="nominal", title=predicted),
            alt.Tooltip(field(n), type="quantitative", title=n),
            alt.Tooltip(field(share), type="quantitative", title=share, format=".1%")]  # fmt: skip
    heat = base.mark_rect(cursor="pointer", stroke="#8888", strokeWidth=1).encode(
        color=alt.Color(field(share), type="quantitative", legend=None,
                        scale=alt.Scale(domain=[0, 1], range=["#e6f2ed", "#0b6e4f"])),
        strokeWidth=alt.condition(pick, alt.value(1), alt.value(0.2)),
        tooltip=tips,
    ).add_params(pick)  # fmt: skip
    if len(labels) <= CELLS:
        # The cells bring their own ground, so that the numbers read the same in the light and the dark theme.
        ink = alt.condition(alt.datum[share] > DARK, alt.value("#ffffff"), alt.value("#000000"))
        text = base.mark_text(fontSize=15, fontWeight="bold", cursor="pointer").encode(
            text=alt.Text(field(n), type="quantitative", format=","), color=ink, tooltip=tips
        )
        chart: alt.LayerChart | alt.Chart = alt.layer(heat, text)
    else:
        chart = heat
    event: Any = st.altair_chart(chart, width="stretch", key=key, on_select="rerun", selection_mode="cell")
    chosen = event.selection.get("cell") or []
    return (str(chosen[0][truth]), str(chosen[0][predicted])) if chosen else None


def field(name: str) -> str:
    """A column's name as Vega-Lite takes it: dots and brackets would otherwise mean a path."""
    return name.replace("\\", "\\\\").replace(".", "\\.").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _tips(frame: pd.DataFrame) -> list[tuple[str, Any, str]]:
    return [
        (str(name), "quantitative" if kind else "nominal", ".4~g" if kind else "")
        for name, kind in ((column, pd.api.types.is_numeric_dtype(frame[column])) for column in frame.columns)
    ]
