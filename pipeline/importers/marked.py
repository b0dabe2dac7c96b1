"""Spans and the arrows between them, as the importers of other tools find them, in the form of Winnow's questions; and
a look at a file's first records. Registers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from pipeline.importers import json_values
from pipeline.importers.source import HEAD, Source

LONG = 1 << 22  # characters of a first record that are looked at
_DECODER = json.JSONDecoder()


def in_order(spans: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[int]]:
    """The spans by start, end and label, each once; and for each of the given ones its place among them."""
    found = {_key(span): dict(span) for span in reversed(spans)}
    places = {key: at for at, key in enumerate(sorted(found))}
    return [found[key] for key in sorted(found)], [places[_key(span)] for span in spans]


def arrows(found: Iterable[tuple[int, int, str]]) -> list[dict[str, Any]]:
    """Relations (from, to, label) between places in the spans, in order, each once; none of a span to itself."""
    return [{"from": one, "to": two, "label": label} for one, two, label in sorted(set(found)) if one != two]


def is_place(start: Any, end: Any) -> TypeGuard[int]:
    """Whether these are offsets of something."""
    return is_whole(start) and is_whole(end) and 0 <= start < end


def is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def label_of(value: Any) -> str:
    """A label as text, empty where there is none: numbers and truth values as JSON writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return value.strip() if isinstance(value, str) else ""


def score_of(value: Any) -> float | None:
    """A score as a number; None where there is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if number else None


def first_object(source: Source) -> Mapping[str, Any]:
    """The first object of a JSON file, of lines or of one list; empty where the file is no such one."""
    shape = json_values.shape(source)
    if not shape:
        return {}
    for size in (HEAD, LONG):
        start = next(source.chunks(size), "").lstrip("\ufeff \t\r\n").removeprefix("[" if shape == "document" else "")
        try:
            found, _ = _DECODER.raw_decode(start.lstrip(" \t\r\n"))
        except (ValueError, RecursionError):  # malformed, or longer than what was read
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _key(span: Mapping[str, Any]) -> tuple[int, int, str]:
    return span["start"], span["end"], span["label"]
