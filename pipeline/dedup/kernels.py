"""The compiled inner loops. Each runs without the interpreter's lock, so that threads share the work.

A shingle is known here by 64 bits of a hash. The chance that any two of 100 million different shingles are confused is
about 1 in 4,000, and a confusion moves one similarity by one shingle. Nothing here knows Unicode beyond white space:
texts come lower-cased, but for ASCII letters, which are lowered in passing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])

_M1 = np.uint64(0x9E3779B97F4A7C15)
_M2 = np.uint64(0xD6E8FEB86659FD93)
_SEED = np.uint64(0xA0761D6478BD642F)
_S32 = np.uint64(32)
_S29 = np.uint64(29)
_MAX32 = np.uint32(0xFFFFFFFF)
WORDS, CHARACTERS = 0, 1


def compiled(function: F) -> F:
    """Compile at the first call, without the interpreter's lock, and keep the machine code for the next process."""
    try:
        return cast("F", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder that it may write to: compile anew in each process
        return cast("F", njit(nogil=True)(function))


@compiled
def mix(h: Any, value: Any) -> Any:
    """One step of a 64-bit hash: invertible in h for any value, and in value for any h."""
    h = (h ^ value) * _M1
    return h ^ (h >> _S32)


@compiled
def finish(h: Any) -> Any:
    h = h * _M2
    h = h ^ (h >> _S29)
    h = h * _M1
    return h ^ (h >> _S32)


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
    """The least of a[k]*h + b[k] mod 2^32 over the (low 32 bits of the) hashes, for each k: datasketch's hashvalues."""
    out[:] = _MAX32
    for i in range(len(hashes)):
        h = premix32(np.uint32(hashes[i]))
        for k in range(len(a)):
            out[k] = min(out[k], np.uint32(np.uint32(a[k] * h) + b[k]))


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
def word_hashes(data: Array, p: int, end: int, out: Array) -> int:
    """A hash of each word of data[p:end] into out. Returns how many."""
    found = 0
    h = _SEED
    inside = False
    while p < end:
        c = data[p]
        if 32 < c < 0x80:  # the common case first
            if 65 <= c <= 90:
                c += np.uint8(32)
            h = mix(h, np.uint64(c))
            inside = True
            p += 1
            continue
        width = space_at(data, p, end)
        if width == 0:
            h = mix(h, np.uint64(c))
            inside = True
            p += 1
            continue
        if inside:
            out[found] = finish(h)
            found += 1
            h = _SEED
            inside = False
        p += width
    if inside:
        out[found] = finish(h)
        found += 1
    return found


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
def shingle_hashes(units: Array, count: int, n: int, out: Array) -> int:
    """The hash of every n consecutive units into out, repeats included. Returns how many; a short text gives one."""
    if count == 0:
        return 0
    n = min(n, count)
    for i in range(count - n + 1):
        h = mix(_SEED, np.uint64(n))
        for j in range(n):
            h = mix(h, units[i + j])
        out[i] = finish(h)
    return count - n + 1


@compiled
def sign(
    data: Array, offsets: Array, unit: int, n: int, a: Array, b: Array, rows: int,
    shingles: Array, counts: Array, keys: Array, whole: Array,
) -> int:  # fmt: skip
    """Texts in, signatures out: for text d its shingle hashes (appended to `shingles`, `counts[d]` of them), a 32-bit
    key for each band into keys[d], and one 64-bit hash of all minima into whole[d]. Returns the shingles written.
    """
    longest = 0
    for d in range(len(counts)):
        longest = max(longest, offsets[d + 1] - offsets[d])
    units = np.empty(longest + 1, np.uint64)
    least = np.empty(len(a), np.uint32)
    at = 0
    for d in range(len(counts)):
        if unit == WORDS:
            found = word_hashes(data, offsets[d], offsets[d + 1], units)
        else:
            found = character_codes(data, offsets[d], offsets[d + 1], units)
        made = shingle_hashes(units, found, n, shingles[at:])
        counts[d] = made
        minima(shingles[at : at + made], a, b, least)
        at += made
        all_of = _SEED
        for band in range(keys.shape[1]):
            key = _SEED
            for row in range(rows):
                key = mix(key, np.uint64(least[band * rows + row]))
            keys[d, band] = np.uint32(finish(key))
            all_of = mix(all_of, key)
        whole[d] = all_of
    return at


@compiled
def to_lower(data: Array, offsets: Array, changes: Array, out: Array) -> None:
    """Note in out the texts with a non-ASCII character that lower-casing changes (`changes[code point]`)."""
    for d in range(len(out)):
        out[d] = False
        p, end = offsets[d], offsets[d + 1]
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


@compiled
def make_set(shingles: Array, starts: Array, counts: Array, which: Array, prints: Array) -> None:
    """Sort the shingles of the chosen texts and drop repeats, in place; prints[d] becomes a hash of the set."""
    for w in range(len(which)):
        d = which[w]
        own = shingles[starts[d] : starts[d] + counts[d]]
        own.sort()
        kept = 0
        total = np.uint64(0)
        for i in range(len(own)):
            if kept == 0 or own[i] != own[kept - 1]:
                own[kept] = own[i]
                kept += 1
                total += finish(own[i])
        counts[d] = kept
        prints[d] = total


@compiled
def similarity(shingles: Array, starts: Array, counts: Array, x: int, y: int, threshold: float) -> float:
    """The exact Jaccard index of two sets, or -1 once it is certain to be under the threshold."""
    i, end_i = starts[x], starts[x] + counts[x]
    j, end_j = starts[y], starts[y] + counts[y]
    both = counts[x] + counts[y]
    spare = both - 2 * threshold * both / (1 + threshold) + 1e-6  # how many may be unshared on the two sides together
    shared = 0
    unshared = 0
    while i < end_i and j < end_j:
        u, v = shingles[i], shingles[j]
        if u == v:
            shared += 1
            i += 1
            j += 1
        else:
            if u < v:
                i += 1
            else:
                j += 1
            unshared += 1
            if unshared > spare:
                return -1.0
    # Dividing two whole numbers rounds to the double nearest to the quotient, and a threshold such as 0.8 is the double
    # nearest to 4/5, so a pair exactly at the threshold compares as equal to it.
    index = shared / (both - shared)
    return index if index >= threshold else -1.0


@compiled
def similarities(shingles: Array, starts: Array, counts: Array, xs: Array, ys: Array) -> Array:
    """The exact Jaccard index of each pair."""
    out = np.empty(len(xs), np.float64)
    for k in range(len(xs)):
        out[k] = similarity(shingles, starts, counts, xs[k], ys[k], 0.0)
    return out


@compiled
def verify(
    members: Array, edges: Array, first: int, last: int, band: int, keys: Array,
    shingles: Array, starts: Array, counts: Array, threshold: float, most: int,
) -> tuple[Array, Array, Array, int]:  # fmt: skip
    """Compare the texts that share a bucket, for buckets first to last of one band; edges bound buckets in members.

    A pair that shared a bucket in an earlier band was compared there. A bucket of more than `most` texts would cost its
    square: there each text is compared, in order, with leaders only (texts like no earlier leader, at most `most`), and
    its keys are spoiled so that its pairs may meet in later bands. Returns xs, ys, their Jaccard, and such buckets.
    """
    room = 1024
    xs, ys, js = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.float64)
    found = 0
    cut = 0
    leaders = np.empty(most, np.uint32)
    for r in range(first, last):
        bucket = members[edges[r] : edges[r + 1]]
        large = len(bucket) > most
        led = 0
        for k in range(len(bucket)):
            y = bucket[k]
            matched = False
            for i in range(led if large else k):
                x = leaders[i] if large else bucket[i]
                small, big = min(counts[x], counts[y]), max(counts[x], counts[y])
                if small < threshold * big - 1e-6:
                    continue
                if not large:
                    seen = False
                    for earlier in range(band):
                        if keys[x, earlier] == keys[y, earlier]:
                            seen = True
                            break
                    if seen:
                        continue
                index = similarity(shingles, starts, counts, x, y, threshold)
                if index < 0:
                    continue
                if found == room:
                    room *= 2
                    grown_x, grown_y = np.empty(room, np.uint32), np.empty(room, np.uint32)
                    grown_j = np.empty(room, np.float64)
                    grown_x[:found], grown_y[:found], grown_j[:found] = xs, ys, js
                    xs, ys, js = grown_x, grown_y, grown_j
                xs[found], ys[found], js[found] = x, y, index
                found += 1
                matched = True
                if large:
                    break
            if large and not matched and led < most:
                leaders[led] = y
                led += 1
        if large:
            cut += 1
            for k in range(len(bucket)):
                keys[bucket[k], band] = bucket[k]
    return xs[:found].copy(), ys[:found].copy(), js[:found].copy(), cut


@compiled
def join(roots: Array, xs: Array, ys: Array) -> None:
    """Union-find: afterwards roots[i] is the least text of i's family."""
    for k in range(len(xs)):
        x, y = xs[k], ys[k]
        while roots[x] != x:
            roots[x] = roots[roots[x]]
            x = roots[x]
        while roots[y] != y:
            roots[y] = roots[roots[y]]
            y = roots[y]
        if x < y:
            roots[y] = x
        elif y < x:
            roots[x] = y
    for i in range(len(roots)):
        roots[i] = roots[roots[i]]  # roots only ever point downwards, so one pass in order flattens them


@compiled
def expand(
    xs: Array, ys: Array, js: Array, full: Array, copies: Array, starts: Array, sizes: Array,
    out_x: Array, out_y: Array, out_j: Array,
) -> int:  # fmt: skip
    """Pairs of texts from pairs of sets: each copy of x with each copy of y; only with the other side's first copy
    where not full. A pair of a set with itself stands for the pairs among its copies. Returns how many were written.
    """
    at = 0
    for k in range(len(xs)):
        x, y = xs[k], ys[k]
        for i in range(sizes[x]):
            for j in range(i + 1 if x == y else 0, sizes[y]):
                if not full[k] and i != 0 and (j != 0 or x == y):
                    break
                one, other = copies[starts[x] + i], copies[starts[y] + j]
                out_x[at], out_y[at], out_j[at] = min(one, other), max(one, other), js[k]
                at += 1
    return at
