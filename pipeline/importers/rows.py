"""A row of a file becomes a record, or is refused with the reason. Nothing of a row is changed on the way.

A text with a NUL character is refused: DuckDB would keep it, but the files and programs that the data goes on to cut
it there. So is half of a surrogate pair, which no encoding can write.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain import Rejection
from pipeline.importers.answers import OWN, Answering, BadAnswer, Given, Hinted
from pipeline.importers.columns import Columns, split_of
from pipeline.importers.conversation import in_lines, is_conversation, messages
from pipeline.importers.encoding import BROKEN
from pipeline.questions import fields_of

LONGEST_ID = 1000
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_OWN = frozenset({"id", "text", "fields", "meta", "split", "status", "parent", "annotations", "suggestions"})


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of a file are read: by its columns, and by the fields and questions of the task that they go to.

    `fields` gives the column of a field of the record, `shows` names the fields that the questions work on. `answers`
    is the question whose answers the label column holds. `own` rows are of Winnow's own format. `split` is that of rows
    which name none.
    """

    columns: Columns
    answering: Answering
    answers: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    shows: tuple[str, ...] = ()
    own: bool = False
    split: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a row says: `fields` and `meta` are JSON text, the latter of the columns without a role; `answer` is that of
    the label column, None where the row has none; `given` and `hinted` are what a row of the own format holds."""

    line: int
    external_id: str
    text: str
    fields: str
    meta: str
    split: str | None
    answer: Any = None
    given: tuple[Given, ...] = ()
    hinted: tuple[Hinted, ...] = ()
    dropped: bool = False
    parent: str | None = None
    named: bool = True  # whether the row has an id of its own


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        self.column = column
        self.reason = reason


def take(row: Mapping[str, Any], line: int, reading: Reading, *, id_prefix: str) -> Taken | Rejection:
    """The record of a row. A row without an id column gets `id_prefix` and its line as id."""
    try:
        return _own(row, line, reading, id_prefix) if reading.own else _foreign(row, line, reading, id_prefix)
    except _Refused as refused:
        return Rejection(line, _UNSTORABLE.sub("?", refused.column[:200].replace("\0", "")), refused.reason)


def _foreign(row: Mapping[str, Any], line: int, reading: Reading, id_prefix: str) -> Taken:
    columns = reading.columns
    fields = {name: _field(row[column], column) for name, column in reading.fields.items() if column in row}
    value = row.get(columns.text)
    if is_conversation(value):
        fields["messages"] = _turns(value, columns.text)
        text = in_lines(fields["messages"])
        _check(text, columns.text)
    else:
        text = _text(row, columns.text)
    roles = {columns.text, columns.label, columns.id, columns.split, *reading.fields.values()}
    meta = {name: cell for name, cell in row.items() if name not in roles}
    answer = None
    if columns.label and reading.answers:
        shown = fields_of(text, fields, meta, reading.shows) if reading.shows else {}
        answer = _answer(reading, row.get(columns.label), shown)
    split = _split(row, columns.split) or reading.split or None
    name = _id(row, columns.id)
    external_id = name or f"{id_prefix}{line}"
    return Taken(line, external_id, text, _json(fields), _json(meta), split, answer, named=bool(name))


def _own(row: Mapping[str, Any], line: int, reading: Reading, id_prefix: str) -> Taken:
    """A row as the exporter `jsonl` writes it."""
    missing = next((key for key in sorted(OWN) if key not in row), None)
    if missing is not None:
        raise _Refused(missing, "The row has no such field.")
    fields, meta = (_object(row, name) for name in ("fields", "meta"))
    turns = fields.get("messages")
    spoken = "text" not in row and is_conversation(turns)
    text = in_lines(_turns(turns, "fields")) if spoken else _text(row, "text")
    meta |= {name: cell for name, cell in row.items() if name not in _OWN}
    if row["status"] not in ("active", "dropped"):
        raise _Refused("status", f"'{_shown(row['status'])}' is not a status. A record is active or dropped.")
    parent = row.get("parent")
    if parent is not None and not isinstance(parent, str):
        raise _Refused("parent", "The parent is not the id of a record.")
    for part in ("annotations", "suggestions"):
        if not isinstance(row[part], list):
            raise _Refused(part, "The value is not a list.")
        _check_answers(row[part], part)
    shown = fields_of(text, fields, meta, reading.shows)
    try:
        given, hinted = reading.answering.of_row(row, shown)
    except BadAnswer as error:
        raise _Refused(error.part, str(error)) from error
    split, name = _split(row, "split") or reading.split or None, _id(row, "id")
    return Taken(
        line, name or f"{id_prefix}{line}", text, _json(fields), _json(meta), split, None, given, hinted,
        row["status"] == "dropped", parent, bool(name),
    )  # fmt: skip


def _answer(reading: Reading, cell: Any, shown: Mapping[str, Any]) -> Any:
    column = reading.columns.label
    if cell is None or cell == "":
        return None
    _check_inside(cell, column)
    try:
        answer = reading.answering.of_cell(reading.answers, cell, shown)
    except BadAnswer as error:
        raise _Refused(column, str(error)) from error
    if isinstance(answer, list):  # what a text held as JSON was not looked into yet
        _check_answers(answer, column)
    return answer


def _object(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = row.get(name)
    if found is not None and not isinstance(found, dict):
        raise _Refused(name, "The value is not an object with named values.")
    return dict(found or {})


def _field(value: Any, column: str) -> Any:
    return _turns(value, column) if is_conversation(value) else value


def _turns(value: Any, column: str) -> list[dict[str, Any]]:
    try:
        return messages(value)
    except ValueError as error:
        raise _Refused(column, str(error)) from error


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


def _json(rest: dict[str, Any]) -> str:
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


def _check_answers(value: Any, column: str) -> None:
    """As `_check_inside`, but at the speed of one search where all is well; and every number must be one."""
    try:
        text = _JSON.encode(value)
    except RecursionError:
        raise _Refused(column, "The row is nested too deeply.") from None
    except (ValueError, TypeError):
        raise _Refused(column, "The value holds a number that is infinite, or none at all.") from None
    if "\\u0000" in text or _UNSTORABLE.search(text):
        _check_inside(value, column)


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
