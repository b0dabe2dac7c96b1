"""From UTF-8 text to shingles and minima, in one compiled pass.

Nothing here knows Unicode beyond white space and the scripts that put none between words: texts come lower-cased, but
for ASCII letters, which are lowered in passing. Behind the last text lie PADDING bytes, since many are read at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.dedup.kernels import SEED, Array, compiled, finish, mix
from pipeline.dedup.kernels_bytes import (
    HASHES,
    LANES,
    WIDE,
    eight_at,
    firsts_at,
    high_at,
    leads_at,
    lessen,
    lowest,
    ones,
    spaces_at,
)

WORDS, CHARACTERS, BY_SCRIPT = 0, 1, 2
PADDING = WIDE + 16  # bytes that may be read behind the last text

_MAX32 = np.uint32(0xFFFFFFFF)
_MAX64 = np.uint64(0xFFFFFFFFFFFFFFFF)
_HIGH = np.uint64(0x8080808080808080)
_FROM_A = np.uint64(0x3F3F3F3F3F3F3F3F)  # added to a byte under 0x80, it sets the high bit if the byte is 65 or more,
_OVER_Z = np.uint64(0x2525252525252525)  # and this one if it is over 90
_U0, _U1, _U2, _U3, _U8, _U63, _U64 = (np.uint64(number) for number in (0, 1, 2, 3, 8, 63, 64))


@compiled
def premix32(h: Any) -> Any:
    """MurmurHash3's 32-bit finalizer, with which datasketch's affine32 begins."""
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@compiled
def minima(hashes: Array, a: Array, b: Array, room: Array, out: Array) -> None:
    """The least of a[k]*h + b[k] mod 2^32 over the (low 32 bits of the) hashes, for each k: datasketch's hashvalues.

    room: for so many numbers of 32 bits as there are hashes, and HASHES more.
    """
    out[:] = _MAX32
    if len(hashes) == 0:
        return
    for i in range(len(hashes)):
        room[i] = premix32(np.uint32(hashes[i]))
    for i in range(len(hashes), len(hashes) + HASHES):
        room[i] = room[0]  # once more the first, until they come out even: it changes no minimum
    even = len(a) // LANES * LANES
    for first in range(0, len(hashes), HASHES):
        for k in range(0, even, LANES):
            lessen(out, a, b, k, room, first)
        for k in range(even, len(a)):
            for i in range(first, first + HASHES):
                out[k] = min(out[k], np.uint32(np.uint32(a[k] * room[i]) + b[k]))


@compiled
def space_at(data: Array, p: Any, end: int) -> int:
    """How many bytes of white space (as str.isspace has it) begin at p: 0 if none."""
    c = data[p]
    if c < 0x80:
        return 1 if c == 32 or 9 <= c <= 13 or 28 <= c <= 31 else 0
    if c == 0xC2:
        return 2 if data[p + 1] == 0x85 or data[p + 1] == 0xA0 else 0
    if c < 0xE1 or c > 0xE3 or p + 2 >= end:
        return 0
    d, e = data[p + 1], data[p + 2]
    if c == 0xE1:
        return 3 if d == 0x9A and e == 0x80 else 0
    if c == 0xE2:
        if d == 0x80:
            return 3 if e <= 0x8A or 0xA8 <= e <= 0xA9 or e == 0xAF else 0
        return 3 if d == 0x81 and e == 0x9F else 0
    return 3 if d == 0x80 and e == 0x80 else 0


@compiled
def word_bounds(data: Array, p: int, end: int, begins: Array, ends: Array) -> int:
    """Where the words of data[p:end] begin and end, into begins and ends. Returns how many there are."""
    found = ended = 0
    before, carried = _U1, _U0  # whether the last byte was white space; white space that goes on behind these bytes
    for at in range(p, end, WIDE):
        inside = _MAX64 if end - at >= WIDE else (_U1 << np.uint64(end - at)) - _U1
        spaces = spaces_at(data, at) | carried | ~inside
        leads, carried = leads_at(data, at) & inside, _U0
        while leads:
            place = lowest(leads)
            leads &= leads - _U1
            width = np.uint64(space_at(data, at + np.int64(place), end))
            if width:
                space = (_U1 << width) - _U1
                spaces |= space << place
                if place + width > _U64:
                    carried = space >> (_U64 - place)
        follows = (spaces << _U1) | before
        before = spaces >> _U63
        begin, close = ~spaces & follows, spaces & ~follows
        while begin:
            begins[found] = at + np.int64(lowest(begin))
            begin &= begin - _U1
            found += 1
        while close:
            ends[ended] = at + np.int64(lowest(close))
            close &= close - _U1
            ended += 1
    if ended < found:
        ends[ended] = end
    return found


@compiled
def lower_eight(eight: Any) -> Any:
    """Eight bytes with the ASCII letters among them in lower case."""
    low = eight & ~_HIGH
    return eight | ((((low + _FROM_A) ^ (low + _OVER_Z)) & ~eight & _HIGH) >> _U2)


@compiled
def word_hashes(data: Array, p: int, end: int, room: Array, out: Array) -> int:
    """A hash of each word of data[p:end] into out: of its bytes, eight a step, and their number. Returns how many.

    room: two rows for so many numbers as there are words.
    """
    words = word_bounds(data, p, end, room[0], room[1])
    for w in range(words):
        at, length = room[0, w], np.uint64(room[1, w] - room[0, w])
        if length <= 2 * _U8:  # without a choice for each length, which no processor foresees
            first, rest = min(length, _U8), max(length, _U8) - _U8
            h = mix(SEED, lower_eight(eight_at(data, at)) & (_MAX64 >> (_U64 - (first << _U3))))
            second = mix(h, lower_eight(eight_at(data, at + 8)) & (_MAX64 >> ((_U64 - (rest << _U3)) & _U63)))
            h = second if rest else h
        else:
            h, left = SEED, length
            while left >= _U8:
                h = mix(h, lower_eight(eight_at(data, at)))
                at, left = at + 8, left - _U8
            if left:
                h = mix(h, lower_eight(eight_at(data, at)) & ((_U1 << (left << _U3)) - _U1))
        out[w] = finish(h ^ length)
    return words


@compiled
def mostly_unspaced(data: Array, p: int, end: int) -> bool:
    """Whether more than half of the characters that are not white space are of scripts without spaces (shingles.py)."""
    wide, plain = _U0, _U0  # bytes of characters that are not ASCII, and ASCII characters that are not white space
    for at in range(p, end, WIDE):
        inside = _MAX64 if end - at >= WIDE else (_U1 << np.uint64(end - at)) - _U1
        high = high_at(data, at)
        wide += ones(high & inside)
        plain += ones(~high & ~spaces_at(data, at) & inside)
    if wide <= 3 * plain:  # each character of those scripts takes three bytes or four
        return False
    found = others = 0
    while p < end:
        c = np.int64(data[p])
        if c < 0x80:
            others += space_at(data, p, end) == 0
            p += 1
            continue
        code, width = decoded(data, p)
        if unspaced_code(code):
            found += 1
        else:
            others += space_at(data, p, end) == 0
        p += width
    return found > others


@compiled
def decoded(data: Array, p: Any) -> tuple[Any, int]:
    """The code point that is not ASCII and begins at p, and how many bytes it takes."""
    c = np.int64(data[p])
    width = 2 if c < 0xE0 else 3 if c < 0xF0 else 4
    code = c & (0xFF >> (width + 1))
    for i in range(1, width):
        code = (code << 6) | (np.int64(data[p + i]) & 0x3F)
    return code, width


@compiled
def unspaced_code(code: Any) -> bool:
    if code < 0x3040:
        return 0x0E00 <= code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF
    return (
        code <= 0x30FF or 0x3400 <= code <= 0x4DBF or 0x4E00 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )  # fmt: skip


@compiled
def character_codes(data: Array, p: int, end: int, out: Array) -> int:
    """The code points of data[p:end] into out, a run of white space as one space. Returns how many."""
    found = 0
    while p < end:
        width = space_at(data, p, end)
        if width:
            out[found] = np.uint64(32)
            found += 1
            while width:
                p += width
                width = space_at(data, p, end) if p < end else 0
            continue
        c = np.uint64(data[p])
        if 65 <= c <= 90:
            c += np.uint64(32)
        p += 1
        while p < end and (data[p] & 0xC0) == 0x80:  # the bytes of one code point, as one number
            c = (c << np.uint64(8)) | np.uint64(data[p])
            p += 1
        out[found] = c
        found += 1
    return found


@compiled
def shingle_hashes(units: Array, count: int, n: int, seed: Any, out: Array) -> int:
    """The hash of every n consecutive units into out, repeats included. Returns how many; a short text gives one.

    The sum of the units, each times an odd number of its place: many at a time, where a chain of steps would wait.
    """
    if count == 0:
        return 0
    n = min(n, count)
    made = out[: count - n + 1]
    made[:] = mix(seed, np.uint64(n))
    for j in range(n):
        times = finish(seed + np.uint64(j)) | _U1
        own = units[j : j + len(made)]
        for i in range(len(made)):
            made[i] += own[i] * times
    for i in range(len(made)):
        made[i] = finish(made[i])
    return len(made)


@compiled
def cut_one(data: Array, p: int, end: int, unit: int, n: int, room: Array, units: Array, out: Array) -> int:
    """The shingles of data[p:end] into out; room and units are there to work in. Returns how many."""
    if unit == CHARACTERS or (unit == BY_SCRIPT and mostly_unspaced(data, p, end)):
        return shingle_hashes(units, character_codes(data, p, end, units), n, finish(SEED), out)
    return shingle_hashes(units, word_hashes(data, p, end, room, units), n, SEED, out)


@compiled
def longest_of(offsets: Array) -> int:
    longest = 0
    for d in range(len(offsets) - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    return longest


@compiled
def cut(data: Array, offsets: Array, unit: int, n: int, shingles: Array, counts: Array) -> int:
    """The shingles of texts, one text after the other: counts[d] of text d. Returns how many were written."""
    most = longest_of(offsets) + 1
    room, units = np.empty((2, most // 2 + 1), np.int64), np.empty(most, np.uint64)
    at = 0
    for d in range(len(counts)):
        counts[d] = cut_one(data, offsets[d], offsets[d + 1], unit, n, room, units, shingles[at:])
        at += counts[d]
    return at


@compiled
def sign(
    data: Array, offsets: Array, unit: int, n: int, a: Array, b: Array, shingles: Array, counts: Array, least: Array
) -> int:
    """As `cut`, and the minima of each text, of which the low 16 bits are kept, into least[d]."""
    most = longest_of(offsets) + 1
    room, units = np.empty((2, most // 2 + 1), np.int64), np.empty(most, np.uint64)
    hashes, own = np.empty(most + HASHES, np.uint32), np.empty(len(a), np.uint32)
    at = 0
    for d in range(len(counts)):
        counts[d] = cut_one(data, offsets[d], offsets[d + 1], unit, n, room, units, shingles[at:])
        minima(shingles[at : at + counts[d]], a, b, hashes, own)
        least[d] = own
        at += counts[d]
    return at


@compiled
def band_keys(least: Array, rows: int, keys: Array) -> None:
    """A 32-bit key for each band of `rows` minima of each text: of least[i] into keys[i]."""
    for i in range(len(keys)):
        for band in range(keys.shape[1]):
            key = SEED
            for row in range(rows):
                key = mix(key, np.uint64(least[i, band * rows + row]))
            keys[i, band] = np.uint32(finish(key))


@compiled
def totals(rows: Array, first: int, times: Array, out: Array) -> None:
    """One hash of all the numbers of each row from `first` on: their sum, each times an odd number of its place."""
    for i in range(len(out)):
        total = _U0
        for k in range(first, rows.shape[1]):
            total += np.uint64(rows[i, k]) * times[k]
        out[i] = total


@compiled
def to_lower(data: Array, offsets: Array, changes: Array, out: Array) -> None:
    """Note in out the texts with a non-ASCII character that lower-casing changes (`changes[code point]`)."""
    for d in range(len(out)):
        out[d] = False
        end = offsets[d + 1]
        for at in range(offsets[d], end, WIDE):
            firsts = firsts_at(data, at)
            if end - at < WIDE:
                firsts &= (_U1 << np.uint64(end - at)) - _U1
            while firsts and not out[d]:
                code, _ = decoded(data, at + np.int64(lowest(firsts)))
                firsts &= firsts - _U1
                out[d] = code < len(changes) and changes[code]
            if out[d]:
                break
