"""Label Studio's minimal export (JSON_MIN), whose rows are one annotation each, as tasks of its full export.

A row is the task's data, its id, the answers by control, and who gave them, in this order; an answer that is a single
value stands bare. Registers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.domain import Rejection

BEHIND = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
LONGEST = 60  # characters of a bare value that is a label and not a written text
_KINDS = (
    "choices", "taxonomy", "rating", "number", "ranker", "datetime", "selected", "hypertextlabels", "paragraphlabels",
    "labels", "text",
)  # fmt: skip

Row = Mapping[str, Any]


def is_min(row: Row) -> bool:
    return all(key in row for key in BEHIND) and "annotations" not in row


def written_in(rows: Iterable[Row]) -> frozenset[str]:
    """The controls whose bare values are written texts and no labels, by what the first rows have."""
    bare: dict[str, list[str]] = {}
    for row in rows:
        for name, value in _answers(row).items():
            if isinstance(value, str):
                bare.setdefault(name, []).append(value)
    return frozenset(name for name, values in bare.items() if any(len(v) > LONGEST or "\n" in v for v in values))


def tasks(
    rows: Iterable[tuple[int, Row | Rejection]], written: frozenset[str]
) -> Iterator[tuple[int, dict[str, Any] | Rejection]]:
    """The tasks of the rows; rows of one task that stand one behind the other are one. Rejections stay."""
    last: tuple[int, dict[str, Any]] | None = None
    for line, row in rows:
        if isinstance(row, Rejection):
            yield line, row
            continue
        task = _task(row, written)
        if last is not None and task.get("id") is not None and _same(last[1], task):
            last[1]["annotations"] += task["annotations"]
            continue
        if last is not None:
            yield last
        last = line, task
    if last is not None:
        yield last


def _same(one: Row, other: Row) -> bool:
    return bool(one.get("id") == other["id"] and one["data"] == other["data"])


def _task(row: Row, written: frozenset[str]) -> dict[str, Any]:
    answers = _answers(row)
    data = {key: value for key, value in row.items() if key not in answers and key not in BEHIND and key != "id"}
    data.pop("agreement", None)
    said = {
        "completed_by": row.get("annotator"), "created_at": row.get("created_at"), "lead_time": row.get("lead_time"),
        "result": [one for name, value in answers.items() for one in _results(name, value, written)],
    }  # fmt: skip
    return {"id": row.get("id"), "data": data, "annotations": [said]}


def _answers(row: Row) -> dict[str, Any]:
    """What stands between the id and who annotated. Data that has an id of its own stands there too: then what is bare
    counts as data."""
    names = list(row)
    if "annotator" not in names or "id" not in names:
        return {}
    first = names.index("id")
    found = {name: row[name] for name in names[first + 1 : names.index("annotator")]}
    return found if first else {name: value for name, value in found.items() if isinstance(value, list | dict)}


def _results(name: str, value: Any, written: frozenset[str]) -> Iterator[dict[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            kind, plain = ("textarea", {"text": [one]}) if name in written else ("choices", {"choices": [one]})
            yield {"from_name": name, "type": kind, "value": plain}
        elif isinstance(one, Mapping):
            key = next((kind for kind in _KINDS if kind in one), "")
            kind = {"text": "textarea", "selected": "pairwise"}.get(key, key)
            yield {"from_name": name, "type": kind, "value": one}
