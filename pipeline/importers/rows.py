"""A row of a file becomes a record, or is refused with the reason. Nothing of a row is changed on the way.

A text with a NUL character is refused: DuckDB would keep it, but the files and programs that the data goes on to cut
it there. So is half of a surrogate pair, which no encoding can write.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain import Rejection
from pipeline.importers.columns import Columns, split_of
from pipeline.importers.encoding import BROKEN

LONGEST_LABEL = 200
LONGEST_ID = 1000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row says: `meta` is JSON text of the columns without a role, `label` is None where the row has none."""

    line: int
    external_id: str
    text: str
    meta: str
    split: str | None
    label: str | None


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        self.column = column
        self.reason = reason


def take(row: Mapping[str, Any], line: int, columns: Columns, *, id_prefix: str) -> Taken | Rejection:
    """The record of a row. A row without an id column gets `id_prefix` and its line as id."""
    try:
        text = _text(row, columns.text)
        label = _label(row, columns.label)
        split = _split(row, columns.split)
        external_id = _id(row, columns.id) or f"{id_prefix}{line}"
        roles = (columns.text, columns.label, columns.id, columns.split)
        return Taken(line, external_id, text, _meta({k: v for k, v in row.items() if k not in roles}), split, label)
    except _Refused as refused:
        return Rejection(line, refused.column[:200].replace("\0", "").replace(BROKEN, "?"), refused.reason)


def _text(row: Mapping[str, Any], column: str) -> str:
    if column not in row:
        raise _Refused(column, "The row has no such field.")
    value = row[column]
    if not isinstance(value, str):
        value = _scalar(value, column)
    _check(value, column)
    return value


def _scalar(value: Any, column: str) -> str:
    """A number as text. Raises _Refused for what is missing and for what is no text."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise _Refused(column, "The value is missing.")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        what = {list: "a list", tuple: "a list", dict: "an object", bool: "true or false", bytes: "bytes"}
        raise _Refused(column, f"The value is {what.get(type(value), type(value).__name__)}, not a text.")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check(text: str, column: str) -> None:
    bad = _UNSTORABLE.search(text)
    if bad is None:
        return
    place = f"at character {bad.start() + 1}"
    if bad.group() == "\0":
        raise _Refused(column, f"The value holds a NUL character {place}.")
    if bad.group() == BROKEN:
        raise _Refused(column, f"The value holds bytes that are not in the file's encoding {place}.")
    raise _Refused(column, f"The value holds half of a surrogate pair {place}, which no encoding can write.")


def _label(row: Mapping[str, Any], column: str) -> str | None:
    value = row.get(column) if column else None
    if isinstance(value, list):
        if len(value) > 1:
            raise _Refused(column, f"The record has {len(value)} labels; this task takes one.")
        value = value[0] if value else None
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        value = str(value).lower()
    label = (value if isinstance(value, str) else _scalar(value, column)).strip()
    _check(label, column)
    if len(label.splitlines()) > 1:
        raise _Refused(column, "The label has more than one line.")
    if len(label) > LONGEST_LABEL:
        raise _Refused(column, f"The label has {len(label):,} characters; at most {LONGEST_LABEL} are taken.")
    return label or None


def _split(row: Mapping[str, Any], column: str) -> str | None:
    value = row.get(column) if column else None
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return None
    found = split_of(value)
    if found is None:
        raise _Refused(column, f"'{_shown(value)}' is not a split. Use train, validation or test.")
    return found


def _id(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column) if column else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    found = value.strip() if isinstance(value, str) else _scalar(value, column)
    _check(found, column)
    if len(found) > LONGEST_ID:
        raise _Refused(column, f"The id has {len(found):,} characters; at most {LONGEST_ID:,} are taken.")
    return found


def _meta(rest: dict[str, Any]) -> str:
    if not rest:
        return "{}"
    try:
        text = _JSON.encode(rest)
    except (ValueError, RecursionError, TypeError):
        try:
            text = _JSON.encode(_plain(rest))
        except RecursionError:
            raise _Refused("", "The row is nested too deeply.") from None
    if "\\u0000" in text or _UNSTORABLE.search(text):
        for column, value in rest.items():
            _check(column, column)
            _check_inside(value, column)
    return text


def _plain(value: Any) -> Any:
    """The value with text keys, and null for the numbers that JSON cannot write."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check_inside(value: Any, column: str) -> None:
    if isinstance(value, str):
        _check(value, column)
    elif isinstance(value, dict):
        for key, one in value.items():
            _check_inside(key, column)
            _check_inside(one, column)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _check_inside(one, column)


def _shown(value: Any) -> str:
    return f"<{len(value):,} bytes>" if isinstance(value, bytes) else _UNSTORABLE.sub("?", str(value))[:200]


_JSON = json.JSONEncoder(ensure_ascii=False, default=_shown, allow_nan=False)
