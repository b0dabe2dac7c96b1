"""JSON lines and lines of text, block by block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pipeline.importers.base import Batch
from pipeline.importers.columns import Columns
from pipeline.importers.quick.block import Block
from pipeline.importers.quick.json_kernel import read_lines, words
from pipeline.importers.quick.table_kernel import read_text
from pipeline.importers.quick.window import Outputs, Window, rest_of, rows_at_once
from pipeline.importers.source import Source

Read = Callable[[Window, Outputs, Any], tuple[int, int, int, int]]
Rest = Callable[[Source], Iterator[Batch]]
One = Callable[[Batch, int, str, Source], None]
ODD = 1 << 14  # lines of a block that are read the ordinary way, at most


def of_json(source: Source, columns: Columns, one: One, rest: Rest) -> Iterator[Block | Batch]:
    """JSON lines as blocks. `one` takes one line the ordinary way, `rest` reads the file so from a place on."""
    names = [name.encode("utf-8", "surrogatepass") for name in (columns.text, columns.id, columns.label, columns.split)]
    roles = np.frombuffer(b"".join(names) or b"\0", np.uint8)
    bounds, known = np.cumsum([0, *map(len, names)]), words()
    longest = source.limits.line

    def read(window: Window, out: Outputs, odd: Any) -> tuple[int, int, int, int]:
        return read_lines(
            window.data, window.at, window.end, window.whole, window.line, roles, bounds, window.bad, longest,
            out.outs, out.offsets, out.places, odd, known,
        )  # fmt: skip

    yield from _blocks(source, columns, (1, 1, 2, 2, 2), read, one, rest, _value)


def of_text(source: Source, columns: Columns, one: One, rest: Rest) -> Iterator[Block | Batch]:
    """Lines of text as blocks."""

    def read(window: Window, out: Outputs, odd: Any) -> tuple[int, int, int, int]:
        return read_text(
            window.data, window.at, window.end, window.whole, window.line, window.bad, source.limits.line,
            out.outs, out.offsets, out.places, odd,
        )  # fmt: skip

    yield from _blocks(source, columns, (1, 0, 0, 0, 2), read, one, rest, str)


def _value(said: str) -> Any:
    return json.loads(said) if said else None


def _blocks(
    source: Source, columns: Columns, sizes: tuple[int, ...], read: Read, one: One, rest: Rest,
    parse: Callable[[Any], Any],
) -> Iterator[Block | Batch]:  # fmt: skip
    """`sizes`: how many bytes of each output a byte of the file can become, and some more."""
    window = Window(source)
    many = rows_at_once()
    try:
        while window.fill():
            bound = window.end - window.at + 16
            out = Outputs(rows := next(many), tuple(size * bound + 16 for size in sizes))
            odd = np.zeros((min(rows, ODD), 3), np.int64)
            after, line, taken, left = read(window, out, odd)
            if after == window.at:
                if not window.room():
                    yield from rest(rest_of(source, window))
                    return
                window.fill(wanted=True)
                continue
            batch = Batch()
            for number, begin, end in odd[:left].tolist():
                one(batch, number, window.text(begin, end), source)
            yield _block(window, out, taken, columns, batch, one, source, parse, line - 1)
            window.at, window.line = after, line
    finally:
        window.close()


def _block(
    window: Window, out: Outputs, taken: int, columns: Columns, batch: Batch, one: One, source: Source,
    parse: Callable[[Any], Any], line: int,
) -> Block:  # fmt: skip
    def again(row: int) -> dict[str, Any]:
        found = Batch()
        number, begin, end = out.places[row].tolist()
        one(found, number, window.text(begin, end), source)
        return found.rows[0]

    return out.block(taken, columns, batch, line, parse, again)
