"""Marks of a page that count the text as it was displayed, put where they belong in the text of their record. Registers
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.displayed import Displayed

NOWHERE = "A mark of '{text}' at {start} to {end} is nowhere in the record's text."


def seat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of Winnow's own format whose marks count the displayed text, with the marks where they belong.

    Raises ValueError with a sentence for a mark that is nowhere.
    """
    text = row["text"]
    shown = Displayed.of(text)
    moved = {part: [_seated(one, text, shown) for one in row[part]] for part in ("annotations", "suggestions")}
    return {**row, **moved}


def _seated(one: Mapping[str, Any], text: str, shown: Displayed) -> dict[str, Any]:
    value = one.get("value")
    if not isinstance(value, Sequence) or isinstance(value, str):
        return dict(one)
    return {**one, "value": [_span(part, text, shown) if _is_span(part) else part for part in value]}


def _is_span(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("start"), int) and isinstance(part.get("end"), int)


def _span(span: Mapping[str, Any], text: str, shown: Displayed) -> dict[str, Any]:
    place = shown.place(text, span["start"], span["end"], span.get("text"))
    if place is None or place[0] >= place[1]:
        said = str(span.get("text", ""))[:40]
        raise ValueError(NOWHERE.format(text=said, start=span["start"], end=span["end"]))
    return {**span, "start": place[0], "end": place[1], "text": text[place[0] : place[1]]}
