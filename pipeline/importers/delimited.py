"""Tables in text: cells between commas, semicolons, tabs or bars; what the CSV and the TSV importer share.

A quoted cell may hold delimiters, line ends and doubled quotation marks. A line with a quotation mark that is never
closed is rejected alone: reading goes on with the line after it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.importers.base import BATCH, Batch
from pipeline.importers.columns import is_known_name
from pipeline.importers.encoding import BROKEN
from pipeline.importers.source import FileRefused, Source, too_long, undecodable

QUOTE = '"'
DELIMITERS = (",", "\t", ";", "|")
ONE_COLUMN = "\x1f"  # splits nothing that people write
MOST_COLUMNS = 5000
MOST_TRIES = 100  # to end a record over several lines; a well-formed one needs one
_OPEN = "unexpected end of data"  # the csv module's words for a quoted cell that goes on
_NOT_CLOSED = "A quotation mark opens here that is not closed where a cell ends."

csv.field_size_limit(1 << 30)  # our own limit on a record holds; the module's 128 KB would refuse long texts


class _Bad(Exception):
    """A record that cannot be split into cells; the message is the reason."""


def sniff(source: Source) -> tuple[str, int, float]:
    """The delimiter that splits the file's beginning most evenly, into how many columns, and the share of even rows.

    Where no delimiter splits the first line the file is one column, and commas in its texts are just commas.
    """
    lines = list(io.StringIO(source.beginning(), newline=""))
    if len(lines) > 2:
        del lines[-1]  # it may be cut
    best = (ONE_COLUMN, 1, 0.0)
    for delimiter in DELIMITERS:
        rows = [row for row in csv.reader(lines[:200], delimiter=delimiter) if row]
        if not rows or len(rows[0]) == 1:
            continue
        width = len(rows[0])
        share = sum(len(row) == width for row in rows) / len(rows)
        if (share, width) > (best[2], best[1]):
            best = (delimiter, width, share)
    return best


def read(source: Source, delimiter: str, header: Sequence[str] = ()) -> Iterator[Batch]:
    """The rows under the header line; a file whose first line is plainly data gets the columns `column 1`, ...

    With a `header` the source has none of its own: it goes on from the middle of a file.
    """
    batch = Batch()
    reader = Records(source, delimiter, batch, len(header), source.lines())
    for line, cells in reader:
        if not header:
            reader.width = len(cells)
            header, is_data = header_of(cells, source.name)
            if not is_data:
                continue
        batch.take(line, dict(zip(header, cells, strict=True)))
        if len(batch) >= BATCH:
            yield batch
            batch = reader.batch = Batch()
    yield batch


@dataclass(slots=True)
class Records:
    """The file's records, cells split. What cannot be split goes to `batch` as rejections. `width` is 0 while it is not
    known how many cells a record has."""

    source: Source
    delimiter: str
    batch: Batch
    width: int
    _fresh: Iterator[tuple[int, str | None]]
    _waiting: deque[tuple[int, str | None]] = field(default_factory=deque)  # read, but to be read again

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while (item := self.next()) is not None:
            cells = self.cells(*item)
            if cells is not None:
                yield item[0], cells

    def next(self) -> tuple[int, str | None] | None:
        """The next line and its number; None behind the last one."""
        return self._waiting.popleft() if self._waiting else next(self._fresh, None)

    def stands_at(self) -> int | None:
        """The number of the line that comes next, if it is one that was read before."""
        return self._waiting[0][0] if self._waiting else None

    def cells(self, number: int, line: str | None) -> list[str] | None:
        """The cells of the record that begins with this line; None if it is blank or rejected."""
        if line is None:
            self.batch.reject(number, "", too_long(self.source))
        elif BROKEN in line:
            self.batch.reject(number, "", undecodable(self.source))
        elif line.strip("\r\n"):
            return self._cells(number, line)
        return None

    def _cells(self, number: int, line: str) -> list[str] | None:
        if QUOTE not in line:
            return self._checked(number, line.rstrip("\r\n").split(self.delimiter))
        taken: list[tuple[int, str | None]] = []
        try:
            cells = self._split(line) or self._joined(line, taken)
        except _Bad as bad:
            self._waiting.extendleft(reversed(taken))
            self.batch.reject(number, "", str(bad))
            return None
        if taken and self.width and len(cells) != self.width:
            self._waiting.extendleft(reversed(taken))  # a stray mark must not take whole rows with it
            self.batch.reject(number, "", _NOT_CLOSED)
            return None
        return self._checked(number, cells)

    def _joined(self, line: str, taken: list[tuple[int, str | None]]) -> list[str]:
        """The cells of a record that goes on over more lines; the lines are added to `taken`."""
        parts, marks, size, tries = [line], line.count(QUOTE), len(line), 0
        while (item := self.next()) is not None:
            taken.append(item)
            part = item[1]
            size += len(part or "")
            if part is None or BROKEN in part or size > self.source.limits.line:
                break
            parts.append(part)
            marks += part.count(QUOTE)
            if QUOTE in part and marks % 2 == 0:
                tries += 1
                if cells := self._tried("".join(parts)):
                    return cells
                if tries == MOST_TRIES:
                    break
        raise _Bad("A quotation mark opens here that is never closed.")

    def _tried(self, record: str) -> list[str] | None:
        try:
            return self._split(record)
        except _Bad:
            raise _Bad(_NOT_CLOSED) from None

    def _split(self, record: str) -> list[str] | None:
        """The record's cells; None if a quoted cell is still open at its end. Raises _Bad if it is malformed."""
        try:
            return next(csv.reader([_without_end(record)], delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            if _OPEN in str(error):
                return None
            raise _Bad("A quotation mark inside a quoted cell is not doubled.") from None

    def _checked(self, number: int, cells: list[str]) -> list[str] | None:
        if self.width and len(cells) != self.width:
            self.batch.reject(number, "", f"The row has {len(cells)} cells; the header has {self.width}.")
            return None
        return cells


def _without_end(record: str) -> str:
    return record[:-2] if record.endswith("\r\n") else record[:-1] if record.endswith(("\n", "\r")) else record


def header_of(cells: list[str], name: str) -> tuple[list[str], bool]:
    """The names of the columns, and whether the first line is itself a row of data."""
    if len(cells) > MOST_COLUMNS:
        raise FileRefused(f"{name} has {len(cells):,} columns; at most {MOST_COLUMNS:,} are read.")
    names = [cell.strip().lstrip("\ufeff") for cell in cells]
    if not any(map(is_known_name, names)) and any(map(_looks_like_data, names)):
        return [f"column {n}" for n in range(1, len(cells) + 1)], True
    names = [cell or f"column {n}" for n, cell in enumerate(names, 1)]
    twice = next((one for one, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise FileRefused(f"{name} has more than one column named '{twice[:80]}'. Rename or remove the others.")
    return names, False


def _looks_like_data(cell: str) -> bool:
    is_number = re.fullmatch(r"[-+]?\d+([.,]\d+)?", cell) is not None
    return is_number or len(cell) > 40 or cell.endswith((".", "!", "?", "。", "！", "？"))


def is_json(source: Source) -> bool:
    """Whether the file begins as JSON does; no table does, but for one with a quoted or an odd first column name."""
    return bool(re.match(r'\ufeff?\s*(\{\s*["}]|\[\s*[\[{"\]])', source.beginning()[:1000]))


def has_known_header(source: Source) -> bool:
    """Whether a cell of the first line is a name that says what its column holds."""
    first = source.beginning().lstrip("\r\n").splitlines()[:1]
    delimiter = sniff(source)[0]
    return any(is_known_name(cell.strip(' "')) for line in first for cell in line.split(delimiter))
