"""What the compiled readers share: how they are compiled, and how a text is written as JSON and hashed.

A reader goes over bytes that are followed by PADDING zeros, so that it need not ask at each byte whether it is the
last: no text holds a zero, and at the first one it looks where it is.
"""

# ruff: noqa: PLR1714, SIM109 - compiled code compares: a search in a tuple costs it more
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])

PADDING = 64
LONGEST_NAME = 1000  # bytes of an id, a label or a split; the ordinary way says what is wrong with a longer one
TEXT, ID, LABEL, SPLIT, META = range(5)  # what a column holds, and the outputs of a reader

QUOTE, BACKSLASH, NEWLINE, RETURN, SPACE, TAB = 0x22, 0x5C, 0x0A, 0x0D, 0x20, 0x09
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
# The letter behind the backslash for a control character that has one, else 0.
_SHORT = np.zeros(32, np.uint8)
_SHORT[[8, 9, 10, 12, 13]] = np.frombuffer(b"btnfr", np.uint8)
_M1, _M2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_S32, _S29 = np.uint64(32), np.uint64(29)


def compiled(function: F) -> F:
    """Compile at the first call, without the interpreter's lock, and keep the machine code for the next process."""
    try:
        return cast("F", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder that it may write to: compile anew in each process
        return cast("F", njit(nogil=True)(function))


def forget() -> None:
    """Take away machine code that is older than a source of this package: numba looks only at a kernel's own file to
    see whether what it has kept is stale, and a kernel may have others inside it."""
    folder = cast("Any", put_escaped).stats.cache_path  # None if nothing is kept
    newest = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    for path in Path(folder).glob("*.nb[ci]") if folder else ():
        if path.stat().st_mtime < newest:
            path.unlink(missing_ok=True)


@compiled
def put_escaped(out: Array, o: int, c: int) -> int:
    """Write one byte of a text as JSON has it. Returns where the next goes; 6 bytes are written at most."""
    if c == QUOTE or c == BACKSLASH:
        out[o] = BACKSLASH
        out[o + 1] = c
        return o + 2
    if c >= SPACE:
        out[o] = c
        return o + 1
    out[o] = BACKSLASH
    if _SHORT[c]:
        out[o + 1] = _SHORT[c]
        return o + 2
    out[o + 1] = 0x75
    out[o + 2] = out[o + 3] = 0x30
    out[o + 4] = _HEX[c >> 4]
    out[o + 5] = _HEX[c & 15]
    return o + 6


@compiled
def put(out: Array, o: int, data: Array, begin: int, end: int) -> int:
    """Write data[begin:end]. Returns where the next byte goes."""
    for p in range(begin, end):
        out[o] = data[p]
        o += 1
    return o


@compiled
def is_space(data: Array, p: int) -> bool:
    """Whether the character that begins at p is white space as str.strip has it. Bytes behind p may be read."""
    c = data[p]
    if c < 0x80:
        return c == 32 or 9 <= c <= 13 or 28 <= c <= 31
    d, e = data[p + 1], data[p + 2]
    if c == 0xC2:
        return d == 0x85 or d == 0xA0
    if c == 0xE1:
        return d == 0x9A and e == 0x80
    if c == 0xE2:
        return (d == 0x80 and (e <= 0x8A or 0xA8 <= e <= 0xA9 or e == 0xAF)) or (d == 0x81 and e == 0x9F)
    return c == 0xE3 and d == 0x80 and e == 0x80


@compiled
def is_stripped(data: Array, begin: int, end: int) -> bool:
    """Whether neither end of this text is white space. The text is not empty, and room for two bytes follows it."""
    last = end - 1
    while last > begin and data[last] & 0xC0 == 0x80:
        last -= 1
    return not is_space(data, begin) and not is_space(data, last)


@compiled
def hash_of(data: Array, begin: int, end: int) -> Any:
    """64 bits of a text; never 0."""
    h = _M2 ^ np.uint64(end - begin)
    for p in range(begin, end):
        h = (h ^ np.uint64(data[p])) * _M1
        h ^= h >> _S32
    h *= _M2
    h ^= h >> _S29
    return h | np.uint64(1)


@compiled
def line_end(data: Array, p: int, end: int, whole: bool) -> int:
    """Where the line that p is in ends, behind its line end; -1 if that lies behind the bytes that are there."""
    while p < end and data[p] != NEWLINE and data[p] != RETURN:
        p += 1
    return after_end(data, p, end, whole)


@compiled
def after_end(data: Array, p: int, end: int, whole: bool) -> int:
    """Behind the line end that stands at p, or behind the file; -1 if it cannot be told yet."""
    if p >= end:
        return end if whole else -1
    if data[p] == NEWLINE:
        return p + 1
    if p + 1 >= end and not whole:
        return -1
    return p + 2 if p + 1 < end and data[p + 1] == NEWLINE else p + 1
