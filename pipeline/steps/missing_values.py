"""Values that are not there, of a column of the file or of the text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.knobs import KnobError, knob
from pipeline.steps.base import steps
from pipeline.steps.missing_words import WORDS

KINDS = {"drop": "drop", "flag": "flag", "fill": "derive", "ask": "review"}
_EDGE = r"^[\s\p{Z}\p{C}]+|[\s\p{Z}\p{C}]+$"
_LONGEST = 40  # characters of a value that may be a word for a missing one
_CELLS = {
    "text": "[text]",
    "column": "[json_extract_string(meta, $pointer), json_extract_string(fields, $pointer), "
    "json_extract_string(derived, $pointer)]",
}
# A value is there if any of the cells has something to see that is no word for a missing one.
_SELECT = r"""
WITH cell AS (SELECT id, unnest({cells}) AS value FROM corpus),
tidy AS (SELECT id, value, CASE WHEN length(value) <= {longest}
    THEN lower(regexp_replace(value, $edge, '', 'g')) ELSE value END AS read FROM cell),
known AS (
  SELECT id, bool_or(read IS NOT NULL AND read <> '' AND NOT list_contains($words::VARCHAR[], read)
      AND (length(value) <= {longest} OR regexp_matches(value, '[^\s\p{{Z}}\p{{C}}]'))) AS there
  FROM tidy GROUP BY id)
SELECT id AS record_id, $reason AS reason, $kind AS kind, $name AS name, $fill AS value FROM known WHERE NOT there
"""


@steps.register
@dataclass(frozen=True, slots=True)
class MissingValues:
    """Drop, flag or ask for records that lack a value, or fill it: the filled value becomes a new column, and what the
    file said stays."""

    name: ClassVar[str] = "missing_values"
    column: str = knob("", "The column that must have a value, of the file or derived; the text if left empty.")
    action: str = knob("drop", "What to do: drop, flag, fill, or ask for a label again.", choices=tuple(KINDS))
    fill: str = knob("", "With fill: what to write into the new column; a number stays one.")
    words: tuple[str, ...] = knob(WORDS, "Whole values that mean that there is none; case does not matter.")

    def __post_init__(self) -> None:
        if self.action == "fill" and not (self.column.strip() and self.fill):
            raise KnobError("missing_values can fill a column only: name the column and what to fill it with.")

    def select(self) -> tuple[str, Mapping[str, Any]]:
        column = self.column.strip()
        params: dict[str, Any] = {
            "edge": _EDGE, "words": [word.strip().lower() for word in self.words], "kind": KINDS[self.action],
            "reason": f"no value in the column: {column}" if column else "no text",
            "name": column or None, "fill": _as_json(self.fill) if self.action == "fill" else None,
        }  # fmt: skip
        if column:
            params["pointer"] = "/" + column.replace("~", "~0").replace("/", "~1")
        return _SELECT.format(cells=_CELLS["column" if column else "text"], longest=_LONGEST), params


def _as_json(words: str) -> str:
    try:
        number = json.loads(words)
    except ValueError:
        number = None
    plain = isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < float("inf")
    return json.dumps(number if plain else words, ensure_ascii=False)
