"""From UTF-8 text to shingles and minima, in one compiled pass.

Nothing here knows Unicode beyond white space and the scripts that put none between words: texts come lower-cased, but
for ASCII letters, which are lowered in passing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.dedup.kernels import SEED, Array, compiled, finish, mix

WORDS, CHARACTERS, BY_SCRIPT = 0, 1, 2
PADDING = 16  # bytes behind the texts, so that eight can be read at their end; the whole run is a multiple of 8 long

_MAX32 = np.uint32(0xFFFFFFFF)
_HIGH = np.uint64(0x8080808080808080)
_BELOW_33 = np.uint64(0x5F5F5F5F5F5F5F5F)  # added to a byte under 0x80, it sets the high bit if the byte is over 32
_FROM_A = np.uint64(0x3F3F3F3F3F3F3F3F)  # so does this one if the byte is 65 or more,
_OVER_Z = np.uint64(0x2525252525252525)  # and this one if it is over 90
_ONES = np.uint64(0x0101010101010101)
_U1, _U7, _U8, _U56, _U63 = np.uint64(1), np.uint64(7), np.uint64(8), np.uint64(56), np.uint64(63)


@compiled
def premix32(h: Any) -> Any:
    """MurmurHash3's 32-bit finalizer, with which datasketch's affine32 begins."""
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@compiled
def minima(hashes: Array, a: Array, b: Array, out: Array) -> None:
    """The least of a[k]*h + b[k] mod 2^32 over the (low 32 bits of the) hashes, for each k: datasketch's hashvalues.

    Eight hashes at a time, so that a, b and the minima are read once for eight products.
    """
    out[:] = _MAX32
    i = 0
    while i + 8 <= len(hashes):
        h0, h1 = premix32(np.uint32(hashes[i])), premix32(np.uint32(hashes[i + 1]))
        h2, h3 = premix32(np.uint32(hashes[i + 2])), premix32(np.uint32(hashes[i + 3]))
        h4, h5 = premix32(np.uint32(hashes[i + 4])), premix32(np.uint32(hashes[i + 5]))
        h6, h7 = premix32(np.uint32(hashes[i + 6])), premix32(np.uint32(hashes[i + 7]))
        for k in range(len(a)):
            v01 = min(np.uint32(np.uint32(a[k] * h0) + b[k]), np.uint32(np.uint32(a[k] * h1) + b[k]))
            v23 = min(np.uint32(np.uint32(a[k] * h2) + b[k]), np.uint32(np.uint32(a[k] * h3) + b[k]))
            v45 = min(np.uint32(np.uint32(a[k] * h4) + b[k]), np.uint32(np.uint32(a[k] * h5) + b[k]))
            v67 = min(np.uint32(np.uint32(a[k] * h6) + b[k]), np.uint32(np.uint32(a[k] * h7) + b[k]))
            out[k] = min(out[k], v01, v23, v45, v67)
        i += 8
    while i < len(hashes):
        h = premix32(np.uint32(hashes[i]))
        for k in range(len(a)):
            out[k] = min(out[k], np.uint32(np.uint32(a[k] * h) + b[k]))
        i += 1


@compiled
def space_at(data: Array, p: int, end: int) -> int:
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
def plain_word_hashes(packed: Array, p: int, end: int, out: Array) -> int:
    """As word_hashes, for bytes that are seen as 64-bit numbers: eight at a step, without a branch for each. -1 if they
    are not all ASCII without control characters other than white space. Reads up to PADDING bytes behind the end."""
    found = 0
    i: Any = p
    h, length = SEED, np.uint64(0)
    while i < end:
        at, shift = i >> 3, np.uint64((i & 7) * 8)
        eight = (packed[at] >> shift) | ((packed[at + 1] << _U1) << (_U63 - shift))
        if end - i < 8:
            eight &= (_U1 << np.uint64((end - i) * 8)) - _U1
        if eight & _HIGH:
            return -1
        spaces = ((eight + _BELOW_33) & _HIGH) ^ _HIGH  # before anything else: the next step waits for it alone
        eight |= (((eight + _FROM_A) ^ (eight + _OVER_Z)) & _HIGH) >> np.uint64(2)  # lower-case
        if spaces == 0:
            h = mix(h, eight)
            length += _U8
            i += 8
            continue
        before = ((spaces & (~spaces + _U1)) >> _U7) - _U1  # ones in the bytes before the first space
        width = ((before & _ONES) * _ONES) >> _U56
        if width:
            h = mix(h, eight & before)
            length += width
            i += np.int64(width)
        if i < end:
            c = (eight >> (width << np.uint64(3))) & np.uint64(0xFF)
            if c != 32 and not (9 <= c <= 13 or c >= 28):
                return -1
        if length:
            out[found] = finish(h ^ length)
            found += 1
            h, length = SEED, np.uint64(0)
        i += 1
    if length:
        out[found] = finish(h ^ length)
        found += 1
    return found


@compiled
def word_hashes(data: Array, p: int, end: int, out: Array) -> int:
    """A hash of each word of data[p:end] into out: of its bytes, eight a step, and their number. Returns how many."""
    found = 0
    h, eight, length = SEED, np.uint64(0), np.uint64(0)
    while p < end:
        c = data[p]
        width = space_at(data, p, end) if c < 33 or c >= 0x80 else 0
        if width == 0:
            if 65 <= c <= 90:
                c += np.uint8(32)
            eight |= np.uint64(c) << ((length & _U7) << np.uint64(3))
            length += _U1
            p += 1
            if length & _U7 == 0:
                h, eight = mix(h, eight), np.uint64(0)
            continue
        if length:
            out[found] = finish((mix(h, eight) if length & _U7 else h) ^ length)
            found += 1
            h, eight, length = SEED, np.uint64(0), np.uint64(0)
        p += width
    if length:
        out[found] = finish((mix(h, eight) if length & _U7 else h) ^ length)
        found += 1
    return found


@compiled
def mostly_unspaced(data: Array, p: int, end: int) -> bool:
    """Whether more than half of the characters that are not white space are of scripts without spaces (shingles.py)."""
    found = others = 0
    while p < end:
        c = np.int64(data[p])
        if c < 0x80:
            others += space_at(data, p, end) == 0
            p += 1
            continue
        width = 2 if c < 0xE0 else 3 if c < 0xF0 else 4
        code = c & (0xFF >> (width + 1))
        for i in range(1, width):
            code = (code << 6) | (np.int64(data[p + i]) & 0x3F)
        if unspaced_code(code):
            found += 1
        else:
            others += space_at(data, p, end) == 0
        p += width
    return found > others


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
    """The hash of every n consecutive units into out, repeats included. Returns how many; a short text gives one."""
    if count == 0:
        return 0
    n = min(n, count)
    for i in range(count - n + 1):
        h = mix(seed, np.uint64(n))
        for j in range(n):
            h = mix(h, units[i + j])
        out[i] = finish(h)
    return count - n + 1


@compiled
def cut_one(data: Array, p: int, end: int, unit: int, n: int, units: Array, out: Array) -> int:
    """The shingles of data[p:end] into out; units is room to work in. Returns how many."""
    found = plain_word_hashes(data.view(np.uint64), p, end, units) if unit != CHARACTERS else -1
    if found >= 0:
        return shingle_hashes(units, found, n, SEED, out)
    if unit == CHARACTERS or (unit == BY_SCRIPT and mostly_unspaced(data, p, end)):
        return shingle_hashes(units, character_codes(data, p, end, units), n, finish(SEED), out)
    return shingle_hashes(units, word_hashes(data, p, end, units), n, SEED, out)


@compiled
def longest_of(offsets: Array) -> int:
    longest = 0
    for d in range(len(offsets) - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    return longest


@compiled
def cut(data: Array, offsets: Array, unit: int, n: int, shingles: Array, counts: Array) -> int:
    """The shingles of texts, one text after the other: counts[d] of text d. Returns how many were written."""
    units = np.empty(longest_of(offsets) + 1, np.uint64)
    at = 0
    for d in range(len(counts)):
        counts[d] = cut_one(data, offsets[d], offsets[d + 1], unit, n, units, shingles[at:])
        at += counts[d]
    return at


@compiled
def sign(
    data: Array, offsets: Array, unit: int, n: int, a: Array, b: Array, shingles: Array, counts: Array, least: Array
) -> int:
    """As `cut`, and the minima of each text into least[d]."""
    units = np.empty(longest_of(offsets) + 1, np.uint64)
    at = 0
    for d in range(len(counts)):
        made = cut_one(data, offsets[d], offsets[d + 1], unit, n, units, shingles[at:])
        minima(shingles[at : at + made], a, b, least[d])
        counts[d] = made
        at += made
    return at


@compiled
def band_keys(least: Array, which: Array, rows: int, keys: Array) -> None:
    """For each text i, of the minima least[which[i]]: a 32-bit key for each band of `rows` minima into keys[:, i]."""
    for i in range(len(which)):
        own = least[which[i]]
        for band in range(len(keys)):
            key = SEED
            for row in range(rows):
                key = mix(key, np.uint64(own[band * rows + row]))
            keys[band, i] = np.uint32(finish(key))


@compiled
def wholes(least: Array, which: Array, out: Array) -> None:
    """One hash of all the minima of each text into out."""
    for i in range(len(which)):
        own = least[which[i]]
        out[i] = SEED
        for k in range(0, len(own) - 1, 2):
            out[i] = mix(out[i], (np.uint64(own[k]) << np.uint64(32)) | np.uint64(own[k + 1]))


@compiled
def to_lower(data: Array, offsets: Array, changes: Array, out: Array) -> None:
    """Note in out the texts with a non-ASCII character that lower-casing changes (`changes[code point]`)."""
    for d in range(len(out)):
        out[d] = False
        p, end = offsets[d], offsets[d + 1]
        high = np.uint8(0)
        for i in range(p, end):
            high |= data[i]
        if high < 0x80:
            continue
        while p < end:
            c = np.int64(data[p])
            if c < 0x80:
                p += 1
                continue
            if c < 0xE0:
                code, width = c & 0x1F, 2
            elif c < 0xF0:
                code, width = c & 0x0F, 3
            else:
                code, width = c & 0x07, 4
            for i in range(1, width):
                code = (code << 6) | (np.int64(data[p + i]) & 0x3F)
            if code < len(changes) and changes[code]:
                out[d] = True
                break
            p += width
