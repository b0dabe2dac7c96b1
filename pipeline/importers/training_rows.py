"""Rows of the files that models are trained on, conversations and pairs of texts: what their importers share.

The rows are read from JSON lines, a JSON list, Parquet or Arrow, whichever the file is. Registers nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.domain import Rejection, split_named
from pipeline.importers import arrow_values, json_values
from pipeline.importers.conversation import is_conversation, messages
from pipeline.importers.foreign import Found, Said
from pipeline.importers.source import FileRefused, Source

FIRST = 10  # rows that the kind of a file is known by,
LOOKED = 1_000_000  # but no more than this many characters and the row that goes on
BESIDE = frozenset({"id", "split", "annotator", "meta"})  # what a row may have beside what makes it one of its kind
CHAT, ANSWER, PREFERENCE, RATING = "conversation", "answer", "preference", "rating"  # the questions that are answered
CUT = "line ends of a written answer: CRLF became LF"

Row = Mapping[str, Any]


class RowRefused(ValueError):
    """A row that is not of its file's kind; `field` is the part of it that is not."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def claim(source: Source, fits: Callable[[Row], bool], keys: Sequence[str]) -> float:
    """0.95 if most of the first rows fit and have no other keys than `keys` and a few that any row may have; 0.6 if
    they have others too, else 0."""
    rows = first(source)
    fitting = [row for row in rows if fits(row)]
    if 2 * len(fitting) <= len(rows):
        return 0.0
    return 0.95 if 2 * sum(row.keys() <= BESIDE.union(keys) for row in fitting) > len(fitting) else 0.6


def first(source: Source) -> list[Row]:
    """The first rows of the file, as far as they are rows; none if it is of no kind that is read here."""
    try:
        table = arrow_values.table_rows(source, FIRST)
        if table is not None:
            return list(next(table).rows)
        shape = json_values.shape(source)
        return _first_lines(source) if shape == "lines" else _first_values(source) if shape else []
    except (FileRefused, StopIteration):
        return []


def _first_lines(source: Source) -> list[Row]:
    found: list[Any] = []
    size = 0
    for _, line in itertools.islice(source.lines(), FIRST):
        try:
            found.append(json.loads((line or "").strip("\ufeff \t\r\n") or "null"))
        except (ValueError, RecursionError):
            continue
        size += len(line or "")
        if size > LOOKED:
            break
    return [row for row in found if isinstance(row, dict)]


def _first_values(source: Source) -> list[Row]:
    text = source.beginning().lstrip("\ufeff \t\r\n[")
    found: list[Any] = []
    decoder, at = json.JSONDecoder(), 0
    while len(found) < FIRST and at < len(text):
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(row)
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
    return [row for row in found if isinstance(row, dict)]


def parse(source: Source, one: Callable[[int, Row], Found]) -> Iterator[Found | Rejection]:
    """Each row of the file as `one` makes it; a row that it finds RowRefused is a rejection."""
    table = arrow_values.table_rows(source, 1000)
    for batch in json_values.read(source) if table is None else table:
        for line, row in zip(batch.lines, batch.rows, strict=True):
            try:
                yield _named(one(line, row if table is None else _bare(row)), row)
            except RowRefused as error:
                yield Rejection(line, error.field, str(error))
        yield from batch.rejections


def _named(found: Found, row: Row) -> Found:
    """With the name of who answered, where the row has it as our own files do."""
    name = row.get("annotator")
    if isinstance(name, str) and found.answers:
        found.meta.pop("annotator", None)
        for said in found.answers:
            said.annotator = name
    return found


def record(line: int, row: Row, used: Sequence[str]) -> Found:
    """The record of a row but for what makes it one of its kind: its id and split; the keys that are not `used` go to
    its metadata."""
    meta = row.get("meta")
    rest = {key: value for key, value in row.items() if key not in used and key not in ("id", "split")}
    if isinstance(meta, dict):
        rest = meta | {key: value for key, value in rest.items() if key != "meta"}
    given, name = row.get("id"), row.get("split")
    if isinstance(given, bool) or not isinstance(given, str | int):
        rest |= {} if given is None else {"id": given}
        given = ""
    split = split_named(name) if isinstance(name, str) else None
    if name is not None and split is None:
        rest["split"] = name
    return Found(line, None, str(given), meta=rest, split=split)


def turns(row: Row, name: str) -> list[dict[str, Any]]:
    """The conversation of a row as {role, content, …}. Raises RowRefused."""
    value = row.get(name)
    if not is_conversation(value):
        raise RowRefused(name, "The value is not a conversation: a list of turns that say who speaks, and what.")
    try:
        return messages(value)  # type: ignore[arg-type]  # a list, as was asked
    except ValueError as error:
        raise RowRefused(name, str(error)) from error


def is_side(value: Any) -> bool:
    """Whether this can be a prompt, or what answers it: a text or a conversation."""
    return isinstance(value, str) or is_conversation(value)


def side(row: Row, name: str) -> str | list[dict[str, Any]]:
    """A prompt, or what answers it: a text, or the turns of a conversation. Raises RowRefused."""
    value = row.get(name)
    if isinstance(value, str) or value == []:
        return value  # type: ignore[return-value]  # an empty list is a conversation that has not begun
    if not isinstance(value, list):
        raise RowRefused(name, "The value is neither a text nor a conversation.")
    return turns(row, name)


def show(found: Found, prompt: str | list[dict[str, Any]]) -> None:
    """What the record shows: the prompt as its text, or its turns as the field `messages`."""
    if isinstance(prompt, str):
        found.text = prompt
    elif prompt:
        found.fields["messages"] = prompt
    else:
        found.text = ""


def chat(found: Found, whole: list[dict[str, Any]]) -> None:
    """The conversation is the answer to how it should read."""
    found.fields.setdefault("messages", whole)
    found.answers.append(Said("", CHAT, "chat", whole, options={"field": "messages"}))


def written(found: Found, text: str) -> None:
    """The text is the answer to what should be written; a blank one is none."""
    if text.strip():
        found.answers.append(Said("", ANSWER, "text", text))
        found.lost += [CUT] if "\r\n" in text else []


def preferred(found: Found, chosen: Any, rejected: Any) -> None:
    """Two candidates, of which the first was chosen."""
    found.fields |= {"a": _short(chosen), "b": _short(rejected)}
    found.answers.append(Said("", PREFERENCE, "ranking", ["a", "b"], options={"candidates": ["a", "b"]}))


def rated(found: Found, completion: Any, *, good: bool) -> None:
    """A completion, and whether it is good: 1 or 0."""
    found.fields["completion"] = _short(completion)
    found.answers.append(Said("", RATING, "rating", int(good), options={"low": 0, "high": 1}))


def _short(candidate: Any) -> Any:
    """A conversation of one bare turn of the assistant is its text, which can be read and compared."""
    bare = isinstance(candidate, list) and len(candidate) == 1 and candidate[0].keys() == {"role", "content"}
    alone = bare and candidate[0]["role"] == "assistant" and isinstance(candidate[0]["content"], str)
    return candidate[0]["content"] if alone else candidate


def _bare(row: Row) -> Row:
    """A row of a typed table without the keys that its turns have only because turns of other rows have them."""
    return {key: _turns_bare(value) if is_conversation(value) else value for key, value in row.items()}


def _turns_bare(value: Sequence[Row]) -> list[Row]:
    kept = ("content", "value")  # a turn that only calls a tool says nothing
    return [{key: one for key, one in turn.items() if one is not None or key in kept} for turn in value]
