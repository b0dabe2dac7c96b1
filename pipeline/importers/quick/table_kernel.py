"""Tables in text and lines of text, compiled: the cells of a well-formed record become text, id, label, split and meta.

The compiled reader of tables stops at a record that is not surely well-formed (a stray mark, too few cells, NUL), for
only the ordinary reader can say where the next one begins.
"""

# ruff: noqa: PLR1714, SIM109 - compiled code compares: a search in a tuple costs it more
from __future__ import annotations

from pipeline.importers.quick.compiled import (
    ID,
    LONGEST_NAME,
    META,
    NEWLINE,
    QUOTE,
    RETURN,
    SPACE,
    TAB,
    TEXT,
    Array,
    after_end,
    compiled,
    is_stripped,
    line_end,
    put,
    put_escaped,
)

MORE, ODD = 0, 1  # why reading a table stopped: it needs more bytes or more room; the next record is odd
_BAD, _SHORT = -1, -2  # a cell that is not well-formed; one that may go on behind the bytes that are there


@compiled
def _cell(data: Array, p: int, end: int, whole: bool, delimiter: int, out: Array, o: int, raw: bool) -> tuple[int, int]:
    """Write the plain cell at p, as it is (`raw`) or as inside a JSON string. Returns where both go on, p at what ends
    the cell."""
    while True:
        c = data[p]
        while c >= SPACE and c != QUOTE and c != delimiter and (raw or c != 0x5C):
            out[o] = c
            o += 1
            p += 1
            c = data[p]
        if c == delimiter or c == NEWLINE or c == RETURN:
            return p, o
        if c == 0 and p >= end:
            return (p, o) if whole else (_SHORT, o)
        if c == QUOTE or c == 0:
            return _BAD, o
        if raw:
            out[o] = c
            o += 1
        else:
            o = put_escaped(out, o, c)
        p += 1


@compiled
def _quoted(data: Array, p: int, end: int, whole: bool, out: Array, o: int, raw: bool) -> tuple[int, int, int]:
    """Write the cell whose opening mark stands before p. Returns where both go on, p behind the closing mark, and how
    many line ends are inside."""
    lines = 0
    while True:
        c = data[p]
        while c >= SPACE and c != QUOTE and (raw or c != 0x5C):
            out[o] = c
            o += 1
            p += 1
            c = data[p]
        if c == QUOTE:
            if data[p + 1] != QUOTE:
                return (p + 1, o, lines) if p + 1 < end or whole else (_SHORT, o, lines)
            p += 1
        elif c == 0:
            return (_SHORT if p >= end and not whole else _BAD), o, lines
        elif c == NEWLINE or (c == RETURN and data[p + 1] != NEWLINE):
            lines += 1
        if raw:
            out[o] = c
            o += 1
        else:
            o = put_escaped(out, o, c)
        p += 1


@compiled
def _is_name(out: Array, begin: int, end: int, role: int) -> bool:
    """Whether an id, a label or a split is short, and an id without white space at its ends."""
    return end - begin <= LONGEST_NAME and (role != ID or is_stripped(out, begin, end))


@compiled
def _record(
    data: Array, p: int, end: int, whole: bool, delimiter: int, roles: Array, keys: Array, bounds: Array,
    outs: tuple[Array, ...], o: Array,
) -> tuple[int, int]:  # fmt: skip
    """Write the record at p. Returns where it ends, or _BAD or _SHORT; and how many lines it has."""
    lines, meta = 1, outs[META]
    meta[o[META]] = 0x7B
    o[META] += 1
    for column in range(len(roles)):
        role = roles[column]
        raw, out, at = role != META, outs[role], o[role]
        begin = at
        if not raw:
            at = put(out, at, keys, bounds[column], bounds[column + 1])
        if data[p] == QUOTE:
            p, at, inside = _quoted(data, p + 1, end, whole, out, at, raw)
            lines += inside
        else:
            p, at = _cell(data, p, end, whole, delimiter, out, at, raw)
        if p < 0:
            return p, lines
        if not raw:
            out[at] = QUOTE
            at += 1
        elif role != TEXT and at > begin and not _is_name(out, begin, at, role):
            return _BAD, lines
        o[role] = at
        if column + 1 < len(roles):
            if data[p] != delimiter:
                return (_SHORT if p >= end and not whole else _BAD), lines
            p += 1
    meta[o[META]] = 0x7D
    o[META] += 1
    if p < end and data[p] != NEWLINE and data[p] != RETURN:
        return _BAD, lines
    after = after_end(data, p, end, whole)
    return (after if after >= 0 else _SHORT), lines


@compiled
def read_table(
    data: Array, p: int, end: int, whole: bool, line: int, delimiter: int, roles: Array, keys: Array, bounds: Array,
    bad: Array, longest: int, outs: tuple[Array, ...], offsets: Array, places: Array, taken: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Read the records of data[p:end], which begins with line number `line`; `whole` if the file ends there.

    roles: the output of each column. keys: what stands before each cell in meta, at `bounds`. bad: places of bytes that
    are no UTF-8. Rows go on from row `taken`: row's outputs end at offsets[output, row + 1], places[row] is its (line,
    begin, end). Returns where the next record begins, its line, how many rows there are now, and MORE or ODD.
    """
    o, at = offsets[:, taken].copy(), 0
    while p < end and taken < len(places):
        if data[p] == NEWLINE or data[p] == RETURN:
            after = after_end(data, p, end, whole)
            if after < 0:
                break
            p, line = after, line + 1
            continue
        o[:] = offsets[:, taken]
        after, lines = _record(data, p, end, whole, delimiter, roles, keys, bounds, outs, o)
        if after == _SHORT:
            break
        while at < len(bad) and bad[at] < p:
            at += 1
        if after == _BAD or after - p >= longest or (at < len(bad) and bad[at] < after):
            return p, line, taken, ODD
        offsets[:, taken + 1] = o
        places[taken, 0], places[taken, 1], places[taken, 2] = line, p, after
        p, line, taken = after, line + lines, taken + 1
    return p, line, taken, MORE


@compiled
def read_text(
    data: Array, p: int, end: int, whole: bool, line: int, bad: Array, longest: int, outs: tuple[Array, ...],
    offsets: Array, places: Array, odd: Array,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Read lines of text, each a record. As read_lines of json_kernel; each meta is an empty object."""
    taken = left = at = 0
    while p < end and taken < len(places) and left < len(odd):
        o, q, seen, fine = offsets[TEXT, taken], p, False, True
        while data[q] != NEWLINE and data[q] != RETURN and q < end:
            c = data[q]
            # hanzi and kana, and letters of one byte: no white space begins with these
            seen |= 0x21 <= c < 0x7F or c > 0xE3
            fine &= c != 0
            outs[TEXT][o] = c
            o += 1
            q += 1
        after = after_end(data, q, end, whole)
        if after < 0:
            break
        while at < len(bad) and bad[at] < p:
            at += 1
        if fine and seen and after - p < longest and not (at < len(bad) and bad[at] < after):
            offsets[:, taken + 1] = offsets[:, taken]
            offsets[TEXT, taken + 1] = o
            outs[META][offsets[META, taken]], outs[META][offsets[META, taken] + 1] = 0x7B, 0x7D
            offsets[META, taken + 1] += 2
            places[taken, 0], places[taken, 1], places[taken, 2] = line, p, after
            taken += 1
        elif q > p:
            odd[left, 0], odd[left, 1], odd[left, 2] = line, p, after
            left += 1
        p, line = after, line + 1
    return p, line, taken, left


@compiled
def next_line(data: Array, p: int, end: int, whole: bool) -> int:
    """Behind the line that begins at p; -1 if it may go on behind the bytes that are there."""
    return line_end(data, p, end, whole)


__all__ = ["MORE", "ODD", "TAB", "next_line", "read_table", "read_text"]
