"""Columns of texts, compiled: as JSON, and looked through for what the ordinary way must decide."""

from __future__ import annotations

from pipeline.importers.quick.compiled import LONGEST_NAME, QUOTE, Array, compiled, is_stripped, put_escaped

_NULL = (0x6E, 0x75, 0x6C, 0x6C)


@compiled
def quoted(data: Array, offsets: Array, valid: Array, out: Array, ends: Array) -> None:
    """Write each text as JSON, null where it is not valid; row's ends at ends[row + 1]."""
    o = 0
    for row in range(len(valid)):
        if valid[row]:
            out[o] = QUOTE
            o += 1
            for p in range(offsets[row], offsets[row + 1]):
                o = put_escaped(out, o, data[p])
            out[o] = QUOTE
            o += 1
        else:
            for c in _NULL:
                out[o] = c
                o += 1
        ends[row + 1] = o


@compiled
def mark_odd(data: Array, offsets: Array, odd: Array, names: bool) -> None:
    """Say of texts whether they hold NUL, or as `names` have white space at an end or are long. Room for two bytes
    follows the last one."""
    for row in range(len(odd)):
        begin, end = offsets[row], offsets[row + 1]
        for p in range(begin, end):
            if data[p] == 0:
                odd[row] = True
                break
        if names and end > begin and (end - begin > LONGEST_NAME or not is_stripped(data, begin, end)):
            odd[row] = True
