"""A stretch of a file that moves on, what compiled code makes of it, and what becomes of the rest of the file."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.importers import encoding
from pipeline.importers.base import BATCH, Batch
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
from pipeline.importers.quick.compiled import ID, LABEL, META, PADDING, SPLIT, TEXT, Array
from pipeline.importers.source import Source

SIZE = 1 << 26  # bytes of a file that are held at once
ROWS = 122_880  # of a block at most: DuckDB stores so many together
UTF8 = ("utf-8", "utf-8-sig")
_LINE_END = re.compile(rb"[\r\n]")


class Window:
    """The bytes of a file in UTF-8 from `offset` on, SIZE of them at most, without its byte order mark."""

    def __init__(self, source: Source) -> None:
        self._file = source.path.open("rb")
        self.data = np.zeros(SIZE + PADDING, np.uint8)
        self.at = self.end = 0  # the stretch that is to be read, in `data`
        self.whole = False  # whether the file ends with it
        self.bad = np.zeros(0, np.int64)  # places in it that are no UTF-8
        self.offset = 0  # of data[0], in the file
        self.line = 1  # the number of the line that begins at `at`
        if is_utf8(source) == "utf-8-sig" and source.head.startswith(codecs.BOM_UTF8):
            self._file.seek(len(codecs.BOM_UTF8))
            self.offset = len(codecs.BOM_UTF8)

    def close(self) -> None:
        self._file.close()

    def fill(self, *, wanted: bool = False) -> bool:
        """Read on, if less than half is left or more is `wanted`. Returns whether there is something to be read."""
        left = self.end - self.at
        if not self.whole and (wanted or left < SIZE // 2):
            self.data[:left] = self.data[self.at : self.end]
            self.offset, self.at, self.end = self.offset + self.at, 0, left
            while self.end < SIZE and (got := self._file.readinto(self.data[self.end : SIZE].data)):
                self.end += got
            self.whole = self.end < SIZE or not self._file.peek(1)
            self.data[self.end : self.end + PADDING] = 0
            self.bad = _no_utf8(self.data[: self.end])
        return self.at < self.end

    def room(self) -> bool:
        """Whether more can be read from the same place on."""
        return not self.whole and self.end - self.at < SIZE

    def text(self, begin: int, end: int) -> str:
        """These bytes as the ordinary reader has them."""
        return bytes(self.data[begin:end]).decode("utf-8", encoding.ERRORS)


@dataclass(frozen=True, slots=True)
class Rest(Source):
    """What a file holds from a place on, for the ordinary way of reading; `before` lines lie in front of it."""

    offset: int = 0
    before: int = 0

    def lines(self) -> Iterator[tuple[int, str | None]]:
        for number, line in Source.lines(self):
            yield self.before + number, line

    def _text(self) -> io.TextIOWrapper:
        file = self.path.open("rb")
        file.seek(self.offset)
        return io.TextIOWrapper(file, encoding="utf-8", errors=encoding.ERRORS, newline="")


def rest_of(source: Source, window: Window) -> Rest:
    """The file from where the window stands."""
    own = {one.name: getattr(source, one.name) for one in fields(source)}
    return Rest(**own, offset=window.offset + window.at, before=window.line - 1)


def is_utf8(source: Source) -> str:
    """The codec's name, if the source is text in UTF-8; else empty."""
    found = codecs.lookup(source.encoding).name if source.encoding else ""
    return found if found in UTF8 else ""


class Outputs:
    """What one block's rows are written to: for each output its bytes, and where each row's end in them."""

    def __init__(self, rows: int, sizes: tuple[int, ...]) -> None:
        self.outs = tuple(np.empty(size, np.uint8) for size in sizes)
        self.offsets = np.zeros((META + 1, rows + 1), np.int64)
        self.places = np.zeros((rows, 3), np.int64)  # line, begin and end of each row

    def block(
        self, rows: int, columns: Columns, rest: Batch, line: int, parse: Callable[[Any], Any],
        again: Callable[[int], dict[str, Any]],
    ) -> Block:  # fmt: skip
        """The first `rows` that were written here, and the rest of the stretch that ends with `line`."""
        labels = self._column(LABEL, rows) if columns.label else None
        splits = self._column(SPLIT, rows) if columns.split else None
        ids, texts, metas = (self._column(output, rows) for output in (ID, TEXT, META))
        return Block(rest, line, self.places[:rows, 0], ids, texts, metas, labels, splits, parse, again)

    def _column(self, output: int, rows: int) -> pa.Array:
        buffers = [None, pa.py_buffer(self.offsets[output, : rows + 1]), pa.py_buffer(self.outs[output])]
        return pa.Array.from_buffers(pa.large_string(), rows, buffers)


def rows_at_once() -> Iterator[int]:
    """How many rows the next block has at most: few at first, so that a small file moves on as it always did."""
    rows = BATCH
    while True:
        yield rows
        rows = min(ROWS, 4 * rows)


def _no_utf8(data: Array) -> Array:
    """The first place in each line that is no UTF-8."""
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return np.array(list(_broken(data.tobytes())), np.int64)
    return np.zeros(0, np.int64)


def _broken(text: bytes) -> Iterator[int]:
    at = 0
    while at < len(text):
        try:
            codecs.utf_8_decode(memoryview(text)[at:], "strict", True)
        except UnicodeDecodeError as error:
            yield at + error.start
            after = _LINE_END.search(text, at + error.start)
            at = after.end() if after else len(text)
        else:
            return
