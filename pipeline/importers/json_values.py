"""JSON read value by value: lines of objects, or one list of them; what the JSON and the JSONL importer share.

Either importer reads either shape, since files are named both ways. The number of a record in a list takes the place
of its line. A name used twice in one object is refused: which of the two was meant is not ours to guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipeline.importers.base import BATCH, Batch
from pipeline.importers.encoding import BROKEN
from pipeline.importers.source import FileRefused, Source, too_long, undecodable

_WHITE = re.compile(r"[\s\ufeff]*")
# Lists of objects that are parts of one record: answers of Winnow's own rows, turns of conversations.
_PARTS = frozenset({"annotations", "suggestions", "messages", "conversations", "chosen", "rejected", "completion"})
_KINDS = {bool: "true or false", int: "a number", float: "a number", list: "a list", type(None): "null"}


class _Twice(dict[str, Any]):
    """An object that has a name twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.column = next(name for name in names if names.count(name) > 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(pairs)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def shape(source: Source) -> str:
    """`lines` if the first lines are JSON values of their own, `document` if one value goes on over lines, else ``."""
    if not source.encoding:
        return ""
    start = source.beginning().lstrip("\ufeff \t\r\n")
    first = start.partition("\n")[0].strip()
    if first.startswith("["):
        return "lines" if _is_whole(first) and start[len(first) :].strip().startswith("[") else "document"
    if first.startswith("{"):
        rest = start.partition("\n")[2].strip()
        return "lines" if _is_whole(first) or rest.startswith("{") else "document"
    if _is_whole(first) or any(line.lstrip().startswith('{"') for line in start.splitlines()[:20]):
        return "lines"
    return ""


def read(source: Source) -> Iterator[Batch]:
    """The file's records in batches, whichever shape it has."""
    return read_document(source) if shape(source) == "document" else read_lines(source)


def read_lines(source: Source) -> Iterator[Batch]:
    """One value a line; blank lines are skipped."""
    batch = Batch()
    for number, line in source.lines():
        read_line(batch, number, line, source)
        if len(batch) >= BATCH:
            yield batch
            batch = Batch()
    yield batch


def read_line(batch: Batch, number: int, line: str | None, source: Source) -> None:
    """Take the value of one line, or reject it; None is a line that is too long."""
    if line is None or len(line) >= source.limits.line + 2:
        batch.reject(number, "", too_long(source))
    elif BROKEN in line:
        batch.reject(number, "", undecodable(source))
    elif line := line.strip(" \t\r\n\ufeff"):
        try:
            _take(batch, number, _DECODER.decode(line))
        except json.JSONDecodeError as error:
            batch.reject(number, "", f"Not valid JSON at character {error.pos + 1}: {error.msg}.")
        except (RecursionError, ValueError):
            batch.reject(number, "", "The JSON is nested too deeply, or holds a number that is too long.")


def read_document(source: Source) -> Iterator[Batch]:
    """The objects of one list, or one object: with a list of objects inside (`{"data": [...]}`), or itself the record.

    Raises FileRefused where the document is not valid JSON: what follows cannot be told from what is missing.
    """
    text = _Text(source)
    batch = Batch()
    text.skip()
    values = _listed(text) if text.peek() == "[" else _objects(text)
    for number, value in enumerate(values, 1):
        _take(batch, number, value)
        if len(batch) >= BATCH:
            yield batch
            batch = Batch()
    yield batch


def read_under(source: Source, key: str) -> Iterator[Any]:
    """The values of the list that one object, the whole document, has under `key`, one at a time; other keys are passed
    over. Raises FileRefused where the document is not valid JSON, or no such object."""
    text = _Text(source)
    text.skip()
    if text.peek() != "{":
        raise text.refused("an object does not begin here")
    text.skip("{")
    while text.peek() == '"':
        name = text.value()
        text.skip(":")
        if name == key and text.peek() == "[":
            yield from _elements(text)
        else:
            text.value()
        text.skip(",")
    if text.peek() != "}":
        raise text.refused("a comma or the end of the object is missing")


def _take(batch: Batch, number: int, value: Any) -> None:
    if isinstance(value, _Twice):
        batch.reject(number, value.column.encode("utf-8", "replace").decode(), "The name stands twice in the object.")
    elif isinstance(value, dict):
        batch.take(number, value)
    elif isinstance(value, str):
        batch.take(number, {"text": value})
    else:
        batch.reject(number, "", f"The value is {_KINDS[type(value)]}, not an object with named fields.")


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _listed(text: _Text) -> Iterator[Any]:
    """The values of the list that is the whole document."""
    yield from _elements(text)
    if text.peek():
        raise text.refused("something follows behind the end of the list")


def _elements(text: _Text) -> Iterator[Any]:
    """The values of the list that begins here."""
    text.skip("[")
    while text.peek() != "]":
        yield text.value()
        text.skip()
        if text.peek() == ",":
            text.skip(",")
        elif text.peek() != "]":
            raise text.refused("a comma or the end of the list is missing")
    text.skip("]")


def _objects(text: _Text) -> Iterator[Any]:
    """The values that stand one behind the other here; those of its one list of objects if there is a single value."""
    first = text.value()
    text.skip()
    if text.peek():
        yield first
        while text.peek():
            yield text.value()
            text.skip()
        return
    lists = [value for value in first.values() if _is_table(value)] if _is_wrapper(first) else []
    yield from lists[0] if len(lists) == 1 else [first]


def _is_wrapper(value: Any) -> bool:
    """Whether an object can be what is around the records, and is not itself the only one."""
    return isinstance(value, dict) and not _PARTS.intersection(value)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value[:100])


class _Text:
    """A window on the file's text that grows until one whole value is in it, and moves on behind what was read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._records = 0
        self._chunks = source.chunks()
        self._text = ""
        self._at = 0
        self._lines = 1  # the line at which the window begins

    def peek(self) -> str:
        """The next character; empty at the end of the file."""
        return self._text[self._at : self._at + 1]

    def skip(self, mark: str = "") -> None:
        """Pass over white space, then over `mark` if it is next, then over white space again."""
        self._white()
        if mark and self.peek() == mark:
            self._at += 1
            self._white()

    def value(self) -> Any:
        """The value that begins here. Raises FileRefused if it is malformed or the file ends in it."""
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # an error near the window's end may only mean that the value goes on behind it
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - 16
                if not cut or not self._grow():
                    raise self.refused(error.msg[:1].lower() + error.msg[1:], error.pos) from None
            except (RecursionError, ValueError):
                raise self.refused("it is nested too deeply or holds a number that is too long") from None
            else:
                if end < len(self._text) or isinstance(found, (dict, list, str)) or not self._grow():
                    self._at = end
                    self._records += 1
                    return found
            if len(self._text) - self._at > 2 * self.source.limits.line:
                raise self.refused(f"it is longer than {self.source.limits.line_mb} million characters")

    def refused(self, what: str, at: int | None = None) -> FileRefused:
        """That the document is malformed: where, and how."""
        at = self._at if at is None else at
        line = self._lines + self._text.count("\n", 0, at)
        place = f"at line {line}, in or behind record {self._records + (at > self._at)}"
        if at >= len(self._text.rstrip()) and not self._grow():
            what = "the file ends too early; it may have been cut off"
        return FileRefused(f"{self.source.name} is not valid JSON {place}: {what}. Mend it and import it again.")

    def _white(self) -> None:
        while True:
            match = _WHITE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._grow():
                return

    def _grow(self) -> bool:
        """Drop what was read and add more text: as much again as there is, so that long values cost no more."""
        wanted = max(1, len(self._text) - self._at)
        self._lines += self._text.count("\n", 0, self._at)
        parts, got = [self._text[self._at :]], 0
        while got < wanted and (chunk := next(self._chunks, "")):
            parts.append(chunk)
            got += len(chunk)
        self._text, self._at = "".join(parts), 0
        return got > 0
