"""Tables in text, block by block: compiled code reads the well-formed records, the ordinary reader what it meets
between them, until it stands at the beginning of a record again."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.importers import delimited
from pipeline.importers.base import Batch
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
from pipeline.importers.quick.compiled import ID, LABEL, META, SPLIT, TEXT, Array
from pipeline.importers.quick.table_kernel import MORE, next_line, read_table
from pipeline.importers.quick.window import Outputs, Window, rest_of, rows_at_once
from pipeline.importers.source import Source

PATIENCE = 4096  # records that are read the ordinary way before the compiled reader tries again, at most
SOON = 50  # rows: an odd record so soon after the last one makes the ordinary way go on for longer
NAMED = 1 << 28  # bytes that the names of the columns may take in the meta of a block


def read(source: Source, columns: Columns, delimiter: str) -> Iterator[Block | Batch]:
    """The table as blocks; from a record on that does not fit into the window, as batches."""
    table = _Table(source, columns, delimiter)
    try:
        yield from table.blocks()
    finally:
        table.window.close()


class _Short(Exception):
    """A record may go on behind the window."""


class _Lines:
    """The lines of a window from its place on, and where each begins."""

    def __init__(self, window: Window, longest: int) -> None:
        self._window, self._after, self._longest = window, window.at, longest
        self._first = window.line
        self._begins: list[int] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> tuple[int, str | None]:
        window = self._window
        if self._after >= window.end and window.whole:
            raise StopIteration
        after = next_line(window.data, self._after, window.end, window.whole)
        if after < 0:
            raise _Short
        self._begins.append(self._after)
        text, self._after = window.text(self._after, after), after
        return self._first + len(self._begins) - 1, text if len(text) < self._longest + 2 else None

    def stands(self, line: int | None) -> tuple[int, int]:
        """Where the reader goes on: the place and the number of the line, which is `line` if it was read before."""
        if line is None:
            return self._after, self._first + len(self._begins)
        return self._begins[line - self._first], line


class _Table:
    def __init__(self, source: Source, columns: Columns, delimiter: str) -> None:
        self.source, self.columns, self.delimiter = source, columns, delimiter
        self.window = Window(source)
        self.header: list[str] = []
        self.patience = 1
        self.roles = np.zeros(0, np.int64)
        self.keys = self.bounds = np.zeros(0, np.int64)

    def blocks(self) -> Iterator[Block | Batch]:
        window, many, stuck = self.window, rows_at_once(), False
        while window.fill(wanted=stuck):
            before = window.offset + window.at
            if not self.header:
                batch = Batch()
                while not self.header and window.at < window.end and self._ordinary(batch):
                    pass
                yield batch
            else:
                yield self._block(next(many))
            stuck = window.offset + window.at == before
            if stuck and (window.whole or not window.room()):
                yield from delimited.read(rest_of(self.source, window), self.delimiter, self.header)
                return

    def _block(self, rows: int) -> Block:
        window, batch, taken = self.window, Batch(), 0
        rows, bound = min(rows, NAMED // len(self.keys) + 1), window.end - window.at + 16
        out = Outputs(rows, (bound, bound, bound, bound, 6 * bound + rows * (len(self.keys) + 2)))
        while taken + len(batch) < rows:
            before = taken
            window.at, window.line, taken, why = read_table(
                window.data, window.at, window.end, window.whole, window.line, ord(self.delimiter), self.roles,
                self.keys, self.bounds, window.bad, self.source.limits.line, out.outs, out.offsets, out.places, taken,
            )  # fmt: skip
            self.patience = 1 if taken - before >= SOON else min(PATIENCE, 2 * self.patience)
            if why == MORE or not self._ordinary(batch):
                break
        line, places = window.line - 1, out.places
        return out.block(taken, self.columns, batch, line, str, lambda row: self._again(places, row))

    def _ordinary(self, batch: Batch) -> bool:
        """Read some records the ordinary way. Returns whether the first of them is in the window whole."""
        window, source = self.window, self.source
        lines = _Lines(window, source.limits.line)
        reader = delimited.Records(source, self.delimiter, batch, len(self.header), lines)
        for tried in range(self.patience):
            try:
                item = reader.next()
                cells = None if item is None else reader.cells(*item)
            except _Short:
                return tried > 0
            window.at, window.line = lines.stands(reader.stands_at())
            if item is None:
                break
            if cells is not None and self.header:
                batch.take(item[0], dict(zip(self.header, cells, strict=True)))
            elif cells is not None:
                self._name(cells, item[0], batch)
                break
        return True

    def _name(self, cells: list[str], line: int, batch: Batch) -> None:
        """Take the first record as the names of the columns, or as a row where it is plainly none."""
        self.header, is_data = delimited.header_of(cells, self.source.name)
        if is_data:
            batch.take(line, dict(zip(self.header, cells, strict=True)))
        outputs = {self.columns.text: TEXT, self.columns.id: ID, self.columns.label: LABEL, self.columns.split: SPLIT}
        roles = [outputs.get(name, META) for name in self.header]
        first, keys = True, []
        for name, role in zip(self.header, roles, strict=True):
            if role == META:
                keys.append(("" if first else ", ") + json.dumps(name, ensure_ascii=False) + ': "')
                first = False
            else:
                keys.append("")
        encoded = [key.encode("utf-8", "surrogatepass") for key in keys]
        self.roles, self.bounds = np.array(roles, np.int64), np.cumsum([0, *map(len, encoded)])
        self.keys = np.frombuffer(b"".join(encoded) or b"\0", np.uint8)

    def _again(self, places: Array, row: int) -> dict[str, Any]:
        _, begin, end = places[row].tolist()
        text = self.window.text(begin, end)
        (cells,) = csv.reader([text.rstrip("\r\n")], delimiter=self.delimiter, strict=True)
        return dict(zip(self.header, cells, strict=True))
