"""From shingles to pairs: sets, their exact similarity, the texts of a bucket held against each other, families."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.dedup.kernels import Array, compiled, finish
from pipeline.dedup.kernels_bytes import MINIMA, equal_at, ones

PARTS = 256  # into which a set is parted to be sorted
MOST_PARTED = 4096  # a larger one, of which many hashes may be the same, would cost its square


@compiled
def sort_hashes(hashes: Array, room: Array, begins: Array) -> None:
    """Sort in place. They are hashes, so their upper bits say nearly where each belongs: into parts by these, then each
    a few places on. room: for as many; begins: for one more number than there are parts, a power of two of them."""
    parts, shift = len(begins) - 1, np.uint64(64)
    while parts > 1:
        parts, shift = parts // 2, shift - np.uint64(1)
    begins[:] = 0
    for h in hashes:
        begins[np.int64(h >> shift) + 1] += 1
    for i in range(1, len(begins)):
        begins[i] += begins[i - 1]
    for h in hashes:
        part = np.int64(h >> shift)
        room[begins[part]] = h
        begins[part] += 1
    for i in range(len(hashes)):
        h, at = room[i], i
        while at > 0 and hashes[at - 1] > h:
            hashes[at] = hashes[at - 1]
            at -= 1
        hashes[at] = h


@compiled
def make_set(shingles: Array, starts: Array, counts: Array, which: Array, prints: Array) -> None:
    """Sort the shingles of the chosen texts and drop repeats, in place; prints[d] becomes a hash of the set."""
    most = 0
    for d in which:
        most = max(most, counts[d])
    room, begins = np.empty(most, np.uint64), np.empty(PARTS + 1, np.int64)
    for d in which:
        own = shingles[starts[d] : starts[d] + counts[d]]
        if len(own) <= MOST_PARTED:
            sort_hashes(own, room, begins)
        else:
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
def make_maps(shingles: Array, starts: Array, counts: Array, which: Array, maps: Array) -> None:
    """A map of each chosen text's set into maps[d]: of all its bits those are set that the shingles name."""
    parts = np.uint64(maps.shape[1])
    for d in which:
        maps[d] = np.uint64(0)
        for i in range(starts[d], starts[d] + counts[d]):
            h = shingles[i]
            maps[d, (h >> np.uint64(6)) % parts] |= np.uint64(1) << (h & np.uint64(63))


@compiled
def spare(one: int, other: int, threshold: float) -> float:
    """How many shingles two sets of these sizes may have, on the two sides together, that the other one has not."""
    return one + other - 2 * threshold * (one + other) / (1 + threshold) + 1e-6


@compiled
def apart(maps: Array, x: int, y: int) -> Any:
    """How many shingles the two sets have, at least, that the other one has not: a bit that only one map has set is of
    such a shingle."""
    found = np.uint64(0)
    for i in range(maps.shape[1]):
        found += ones(maps[x, i] ^ maps[y, i])
    return np.int64(found)


@compiled
def similarity(shingles: Array, starts: Array, counts: Array, x: int, y: int, threshold: float) -> float:
    """The exact Jaccard index of two sets, or -1 once it is certain to be under the threshold."""
    i, end_i = starts[x], starts[x] + counts[x]
    j, end_j = starts[y], starts[y] + counts[y]
    both = counts[x] + counts[y]
    most = spare(counts[x], counts[y], threshold)
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
            if unshared > most:
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
def note_likely(
    members: Array, edges: Array, least: Array, rows: Array, sound: Array, near: Array, most: int, equal: int,
    asked: Array,
) -> None:  # fmt: skip
    """Note in `asked` the texts of a band's buckets that have so many minima in common with another one in the bucket
    that they may be alike (`equal` or more), one of the two being `near`; rows[t] of `least` are those of text t. All
    of them in a bucket of more than `most`, and where the minima are not `sound`."""
    width = least.shape[1]
    for r in range(len(edges) - 1):
        bucket = members[edges[r] : edges[r + 1]]
        if len(bucket) > most:
            for x in bucket:
                asked[x] = True
            continue
        for k in range(len(bucket)):
            y = bucket[k]
            for x in bucket[:k]:
                if (asked[x] and asked[y]) or not (near[x] or near[y]):
                    continue
                same = 0
                if sound[x] and sound[y]:
                    for i in range(0, width, MINIMA):
                        same += equal_at(least, rows[x] * width + i, rows[y] * width + i)
                else:
                    same = equal
                if same >= equal:
                    asked[x] = asked[y] = True


@compiled
def verify(
    members: Array, edges: Array, band: int, keys: Array,
    shingles: Array, starts: Array, counts: Array, maps: Array, threshold: float, most: int, fresh: Array,
) -> tuple[Array, Array, Array, int]:  # fmt: skip
    """Compare the texts that share a bucket, for buckets of one band; edges bound them in members.
    Of a pair at least one text must be fresh.

    A pair that shared a bucket in an earlier band was compared there. A bucket of more than `most` texts would cost its
    square: there each text is compared, in order, with leaders only (texts like no earlier leader, at most `most`), and
    its keys are spoiled so that its pairs may meet in later bands. Returns xs, ys, their Jaccard, and such buckets.
    """
    room = 1024
    xs, ys, js = np.empty(room, np.uint32), np.empty(room, np.uint32), np.empty(room, np.float64)
    found = 0
    cut = 0
    leaders = np.empty(most, np.uint32)
    for r in range(len(edges) - 1):
        bucket = members[edges[r] : edges[r + 1]]
        large = len(bucket) > most
        led = 0
        for k in range(len(bucket)):
            y = bucket[k]
            matched = False
            for i in range(led if large else k):
                x = leaders[i] if large else bucket[i]
                wanted = fresh[x] or fresh[y]
                if not (wanted or large):  # who leads does not hang on who is fresh
                    continue
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
                if apart(maps, x, y) > spare(counts[x], counts[y], threshold):
                    continue
                index = similarity(shingles, starts, counts, x, y, threshold)
                if index < 0:
                    continue
                matched = True
                if not wanted:
                    break
                if found == room:
                    room *= 2
                    grown_x, grown_y = np.empty(room, np.uint32), np.empty(room, np.uint32)
                    grown_j = np.empty(room, np.float64)
                    grown_x[:found], grown_y[:found], grown_j[:found] = xs, ys, js
                    xs, ys, js = grown_x, grown_y, grown_j
                xs[found], ys[found], js[found] = x, y, index
                found += 1
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


@compiled
def gather(shingles: Array, starts: Array, counts: Array, out: Array) -> None:
    """The shingles of chosen texts, one text after the other, into out."""
    at = 0
    for k in range(len(starts)):
        out[at : at + counts[k]] = shingles[starts[k] : starts[k] + counts[k]]
        at += counts[k]


@compiled
def note_keys(keys: Array, seal: int, which: Array, table: Array) -> None:
    """Set the bits of all keys of the chosen rows in `table`: one row of bits for each band, a power of two of them.
    A row of keys begins with `seal` numbers that are none."""
    bits = np.uint32(table.shape[1] * 64 - 1)
    for i in range(len(which)):
        for band in range(len(table)):
            slot = keys[which[i], seal + band] & bits
            table[band, slot >> np.uint32(6)] |= np.uint64(1) << np.uint64(slot & np.uint32(63))


@compiled
def meeting(keys: Array, seal: int, which: Array, table: Array, noted: Array, out: Array) -> None:
    """Note in out every chosen row that shares some band's key with a row that was noted in `table`; noted[band] has
    these keys, ascending, for where a bit is not enough."""
    bits = np.uint32(table.shape[1] * 64 - 1)
    for i in range(len(which)):
        out[i] = False
        for band in range(len(table)):
            key = keys[which[i], seal + band]
            slot = key & bits
            if (table[band, slot >> np.uint32(6)] >> np.uint64(slot & np.uint32(63))) & np.uint64(1):
                low, high = 0, noted.shape[1]
                while low < high:
                    middle = (low + high) // 2
                    if noted[band, middle] < key:
                        low = middle + 1
                    else:
                        high = middle
                if low < noted.shape[1] and noted[band, low] == key:
                    out[i] = True
                    break


@compiled
def by_text(keys: Array, seal: int, which: Array, texts: Array, out: Array) -> None:
    """The keys of the chosen rows, a row for each text: keys[which[i], band] into out[texts[i], band]."""
    for i in range(len(which)):
        for band in range(out.shape[1]):
            out[texts[i], band] = keys[which[i], seal + band]


@compiled
def by_band(keys: Array, seal: int, which: Array, out: Array) -> None:
    """The keys of the chosen rows, a row for each band: keys[which[i], band] into out[band, i]."""
    for i in range(len(which)):
        for band in range(len(out)):
            out[band, i] = keys[which[i], seal + band]
