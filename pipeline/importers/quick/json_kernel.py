"""JSON lines, compiled: each line that is surely one well-formed object becomes its text, id, label, split and meta.

Not taken here, and so left to the ordinary way: a name with an escape or used twice in an object, half of a surrogate
pair, NUL, a number that is long or has a long exponent, deep nesting, and whatever is not JSON.
"""

# ruff: noqa: PLR1714, SIM109, SIM110 - compiled code compares; a search in a tuple and a generator cost it more
from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.importers.quick.compiled import (
    BACKSLASH,
    ID,
    LABEL,
    LONGEST_NAME,
    META,
    NEWLINE,
    QUOTE,
    RETURN,
    SPACE,
    SPLIT,
    TAB,
    TEXT,
    Array,
    after_end,
    compiled,
    hash_of,
    is_stripped,
    line_end,
    put,
    put_escaped,
)

NAMES = 128  # names of one object, and of those that it stands in
DEPTH = 32
DIGITS = 30  # of a number, with its point; a double has 17, and no number so short is infinite
_COMMA, _COLON, _OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 0x2C, 0x3A, 0x7B, 0x7D, 0x5B, 0x5D
_MINUS, _PLUS, _POINT, _ZERO, _NINE, _U = 0x2D, 0x2B, 0x2E, 0x30, 0x39, 0x75
_E, _BIG_E = 0x65, 0x45


@compiled
def _skip(data: Array, p: int) -> int:
    while data[p] == SPACE or data[p] == TAB:
        p += 1
    return p


@compiled
def _hex4(data: Array, p: int) -> int:
    """The number that four hexadecimal digits make; -1 if they are none."""
    found: Any = 0
    for i in range(p, p + 4):
        c = np.int64(data[i])
        if 0x30 <= c <= 0x39:
            found = found * 16 + c - 0x30
        elif 0x41 <= c <= 0x46:
            found = found * 16 + c - 0x37
        elif 0x61 <= c <= 0x66:
            found = found * 16 + c - 0x57
        else:
            return -1
    return found


@compiled
def _put_code(out: Array, o: int, code: int) -> int:
    """Write a code point from 0x80 on as UTF-8."""
    if code < 0x800:
        out[o] = 0xC0 | (code >> 6)
        out[o + 1] = 0x80 | (code & 63)
        return o + 2
    if code < 0x10000:
        out[o] = 0xE0 | (code >> 12)
        out[o + 1] = 0x80 | ((code >> 6) & 63)
        out[o + 2] = 0x80 | (code & 63)
        return o + 3
    out[o] = 0xF0 | (code >> 18)
    out[o + 1] = 0x80 | ((code >> 12) & 63)
    out[o + 2] = 0x80 | ((code >> 6) & 63)
    out[o + 3] = 0x80 | (code & 63)
    return o + 4


@compiled
def _escape(data: Array, p: Any, out: Array, o: int, raw: bool) -> tuple[int, int]:
    """Write the character of the escape at p, as it is (`raw`) or as JSON. Returns where both go on; -1 if refused."""
    c: Any = np.int64(data[p + 1])
    code: Any = c
    if c == _U:
        code = _hex4(data, p + 2)
        p += 6
        if 0xD800 <= code < 0xDC00 and data[p] == BACKSLASH and data[p + 1] == _U:
            low = _hex4(data, p + 2)
            p += 6
            code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00 if 0xDC00 <= low < 0xE000 else -1
        if code <= 0 or 0xD800 <= code < 0xE000:
            return -1, o
        if code >= 0x80:
            return p, _put_code(out, o, code)
    else:
        if c == 0x62:
            code = 8
        elif c == 0x66:
            code = 12
        elif c == 0x6E:
            code = 10
        elif c == 0x72:
            code = 13
        elif c == 0x74:
            code = 9
        elif c != QUOTE and c != BACKSLASH and c != 0x2F:
            return -1, o
        p += 2
    if raw:
        out[o] = code
        return p, o + 1
    return p, put_escaped(out, o, code)


@compiled
def _string(data: Array, p: int, out: Array, o: int, raw: bool) -> tuple[int, int]:
    """Write the string whose first character is at p. Returns where both go on, p behind the closing mark; -1 if
    refused."""
    while True:
        c = data[p]
        while c >= SPACE and c != QUOTE and c != BACKSLASH:
            out[o] = c
            o += 1
            p += 1
            c = data[p]
        if c == QUOTE:
            return p + 1, o
        if c != BACKSLASH:
            return -1, o
        p, o = _escape(data, p, out, o, raw)
        if p < 0:
            return -1, o


@compiled
def _number(data: Array, p: int) -> int:
    """Behind the number that begins at p; -1 if it is none, or a long one."""
    begin = p
    if data[p] == _MINUS:
        p += 1
    first = p
    while _ZERO <= data[p] <= _NINE:
        p += 1
    if p == first or (data[first] == _ZERO and p > first + 1):
        return -1
    if data[p] == _POINT:
        p += 1
        first = p
        while _ZERO <= data[p] <= _NINE:
            p += 1
        if p == first:
            return -1
    if p - begin > DIGITS:
        return -1
    if data[p] == _E or data[p] == _BIG_E:
        p += 1
        if data[p] == _PLUS or data[p] == _MINUS:
            p += 1
        first = p
        while _ZERO <= data[p] <= _NINE:
            p += 1
        if p == first or p > first + 2:
            return -1
    return p


@compiled
def _is_word(data: Array, p: int, word: Array) -> bool:
    for i in range(len(word)):
        if data[p + i] != word[i]:
            return False
    return True


@compiled
def _plain(data: Array, p: int, out: Array, o: int, words: tuple[Array, ...]) -> tuple[int, int]:
    """Write a number, true, false or null. Returns where both go on; -1 if refused."""
    if data[p] == _MINUS or _ZERO <= data[p] <= _NINE:
        end = _number(data, p)
        return (end, put(out, o, data, p, end)) if end >= 0 else (-1, o)
    for word in words:
        if _is_word(data, p, word):
            return p + len(word), put(out, o, data, p, p + len(word))
    return -1, o


@compiled
def _name(data: Array, p: int, names: Array, first: int, last: int) -> int:
    """Behind the name whose opening mark should be at p; its hash goes to names[last]. -1 if it is no plain name, or
    stands among names[first:last] already."""
    if data[p] != QUOTE or last >= NAMES:
        return -1
    end = p + 1
    while data[end] >= SPACE and data[end] != QUOTE and data[end] != BACKSLASH:
        end += 1
    if data[end] != QUOTE:
        return -1
    names[last] = hash_of(data, p + 1, end)
    for i in range(first, last):
        if names[i] == names[last]:
            return -1
    return end + 1


@compiled
def _pair(data: Array, p: int, out: Array, o: int, names: Array, first: int, last: int) -> tuple[int, int]:
    """Write a name and its colon. Returns where both go on, p at the value; -1 if refused."""
    end = _name(data, p, names, first, last)
    if end < 0:
        return -1, o
    o = put(out, o, data, p, end)
    p = _skip(data, end)
    if data[p] != _COLON:
        return -1, o
    out[o] = _COLON
    out[o + 1] = SPACE
    return _skip(data, p + 1), o + 2


@compiled
def _value(
    data: Array, p: int, out: Array, o: int, names: Array, last: int, stack: Array, words: tuple[Array, ...]
) -> tuple[int, int]:
    """Write the value that begins at p. Returns where both go on; -1 if refused.

    stack: for each open object or list, which mark closes it, and where its names begin and end in `names`.
    """
    depth = 0
    while True:
        c = data[p]
        if c == _OPEN or c == _OPEN_LIST:
            out[o] = c
            o += 1
            p = _skip(data, p + 1)
            close = c + 2
            if data[p] != close:
                if depth == DEPTH:
                    return -1, o
                stack[depth, 0], stack[depth, 1], stack[depth, 2] = close, last, last
                depth += 1
                if c == _OPEN:
                    p, o = _pair(data, p, out, o, names, last, last)
                    if p < 0:
                        return -1, o
                    last += 1
                continue
            out[o] = close
            o += 1
            p += 1
        elif c == QUOTE:
            out[o] = QUOTE
            p, o = _string(data, p + 1, out, o + 1, False)
            if p < 0:
                return -1, o
            out[o] = QUOTE
            o += 1
        else:
            p, o = _plain(data, p, out, o, words)
            if p < 0:
                return -1, o
        while True:  # behind a value
            if depth == 0:
                return p, o
            p = _skip(data, p)
            if data[p] == stack[depth - 1, 0]:
                out[o] = data[p]
                o += 1
                p += 1
                depth -= 1
                last = stack[depth, 1]
                continue
            if data[p] != _COMMA:
                return -1, o
            out[o] = _COMMA
            out[o + 1] = SPACE
            o += 2
            p = _skip(data, p + 1)
            if stack[depth - 1, 0] == _CLOSE:
                p, o = _pair(data, p, out, o, names, stack[depth - 1, 1], last)
                if p < 0:
                    return -1, o
                last += 1
            break


@compiled
def _role(data: Array, begin: int, end: int, roles: Array, bounds: Array) -> int:
    """Which of the first four outputs the column of this name goes to; META if to none of them."""
    for role in range(META):
        size = bounds[role + 1] - bounds[role]
        if size == end - begin and size:
            same = True
            for i in range(size):
                if data[begin + i] != roles[bounds[role] + i]:
                    same = False
                    break
            if same:
                return role
    return META


@compiled
def _id(data: Array, p: int, out: Array, o: int, words: tuple[Array, ...]) -> tuple[int, int]:
    """Write an id: a text, a short whole number, or nothing for null. Returns where both go on; -1 if refused."""
    begin = o
    if data[p] == QUOTE:
        p, o = _string(data, p + 1, out, o, True)
        fine = p >= 0 and o - begin <= LONGEST_NAME and (o == begin or is_stripped(out, begin, o))
        return (p, o) if fine else (-1, o)
    if _is_word(data, p, words[2]):
        return p + 4, o
    end = p
    while _ZERO <= data[end] <= _NINE:
        end += 1
    follows = data[end] == _COMMA or data[end] == _CLOSE or data[end] == SPACE or data[end] == TAB
    if end == p or end > p + 15 or (data[p] == _ZERO and end > p + 1) or not follows:
        return -1, o
    return end, put(out, o, data, p, end)


@compiled
def _object(
    data: Array, p: int, outs: tuple[Array, ...], o: Array, roles: Array, bounds: Array, names: Array, stack: Array,
    words: tuple[Array, ...],
) -> int:  # fmt: skip
    """Write the object whose first name should be at p. Returns where it ends; -1 if refused."""
    last, has_text, meta, begun = 0, False, outs[META], False
    while True:
        end = _name(data, p, names, 0, last)
        if end < 0 or end == p + 2:
            return -1
        last += 1
        role = _role(data, p + 1, end - 1, roles, bounds)
        if role == META:
            if begun:
                meta[o[META]], meta[o[META] + 1] = _COMMA, SPACE
                o[META] += 2
            else:
                meta[o[META]] = _OPEN
                o[META] += 1
                begun = True
            o[META] = put(meta, o[META], data, p, end)
            meta[o[META]], meta[o[META] + 1] = _COLON, SPACE
            o[META] += 2
        p = _skip(data, end)
        if data[p] != _COLON:
            return -1
        p = _skip(data, p + 1)
        if role == TEXT:
            if data[p] != QUOTE:
                return -1
            p, o[TEXT] = _string(data, p + 1, outs[TEXT], o[TEXT], True)
            has_text = True
        elif role == ID:
            p, o[ID] = _id(data, p, outs[ID], o[ID], words)
        else:
            before = o[role]
            p, o[role] = _value(data, p, outs[role], o[role], names, last, stack, words)
            if role != META and o[role] - before > LONGEST_NAME:
                return -1
        if p < 0:
            return -1
        p = _skip(data, p)
        if data[p] == _CLOSE:
            break
        if data[p] != _COMMA:
            return -1
        p = _skip(data, p + 1)
    if not begun:
        meta[o[META]] = _OPEN
        o[META] += 1
    meta[o[META]] = _CLOSE
    o[META] += 1
    return p + 1 if has_text else -1


@compiled
def read_lines(
    data: Array, p: int, end: int, whole: bool, line: int, roles: Array, bounds: Array, bad: Array, longest: int,
    outs: tuple[Array, ...], offsets: Array, places: Array, odd: Array, words: tuple[Array, ...],
) -> tuple[int, int, int, int]:  # fmt: skip
    """Read data[p:end], which begins with line number `line`; `whole` if the file ends there.

    roles: the names of the columns of text, id, label and split, at `bounds`. bad: places of bytes that are no UTF-8.
    A row's outputs end at offsets[output, row + 1]; places[row] and odd[n] are (line, begin, end) of the lines taken
    and of those left to the ordinary way. Returns where the next line begins, its number, and how many there are of
    both; it stops where one of the two is full.
    """
    names, stack = np.zeros(NAMES + 1, np.uint64), np.zeros((DEPTH, 3), np.int64)
    o = np.zeros(META + 1, np.int64)
    taken = left = at = 0
    while p < end and taken < len(places) and left < len(odd):
        q = _skip(data, p)
        if data[q] == NEWLINE or data[q] == RETURN or q >= end:
            after = after_end(data, q, end, whole)
            if after < 0:
                break
            p, line = after, line + 1
            continue
        o[:] = offsets[:, taken]
        after = -1
        if data[q] == _OPEN:
            after = _object(data, _skip(data, q + 1), outs, o, roles, bounds, names, stack, words)
        if after >= 0:
            after = _skip(data, after)
            if after > end or not (after == end or data[after] == NEWLINE or data[after] == RETURN):
                after = -1
            else:
                after = after_end(data, after, end, whole)
                if after < 0:
                    break
        while at < len(bad) and bad[at] < p:
            at += 1
        fine = after >= 0 and after - p < longest and not (at < len(bad) and bad[at] < after)
        if fine:
            offsets[:, taken + 1] = o
            places[taken, 0], places[taken, 1], places[taken, 2] = line, p, after
            taken += 1
        else:
            after = line_end(data, q, end, whole)
            if after < 0:
                break
            odd[left, 0], odd[left, 1], odd[left, 2] = line, p, after
            left += 1
        p, line = after, line + 1
    return p, line, taken, left


def words() -> tuple[Any, ...]:
    """The words of JSON, as the reader wants them: null stands third."""
    return tuple(np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))


__all__ = ["LABEL", "SPLIT", "read_lines", "words"]
