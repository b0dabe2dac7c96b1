"""A short text inside a long one: what it is looked up by, who is looked up, how much of it is really there."""

from __future__ import annotations

import numpy as np

from pipeline.dedup.kernels import Array, compiled

MOST_COUNTED = np.uint16(0xFFFF)


@compiled
def tally(
    shingles: Array, starts: Array, counts: Array, which: Array, table: Array, shift: int, parts: int, part: int
) -> None:
    """Count for each slot of the table (the high bits of a hash) in how many of the chosen sets it is, up to 65,535.
    Only the slots of one of the parts, so that threads write to different ones."""
    low, high = len(table) * part // parts, len(table) * (part + 1) // parts
    for w in range(len(which)):
        d = which[w]
        for i in range(starts[d], starts[d] + counts[d]):
            slot = np.int64(shingles[i] >> np.uint64(shift))
            if low <= slot < high and table[slot] < MOST_COUNTED:
                table[slot] += np.uint16(1)


@compiled
def needed(size: int, threshold: float) -> int:
    """The least number of shared shingles that is at or over the threshold, as the quotient of two doubles compares."""
    least = max(1, int(threshold * size) - 1)
    while least / size < threshold:
        least += 1
    return least


@compiled
def probes(
    shingles: Array, starts: Array, counts: Array, table: Array, shift: int, threshold: float, common: int, which: Array
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """What each of the chosen sets is looked up by: as many of its shingles as no text may miss that holds enough of
    it, those that the fewest texts have.

    A set of n that must share m with another one may miss n - m, so of any n - m + 1 of its shingles that other one
    has at least one. Those that no other text has are missed by all: they are left out, and who has more than n - m of
    them is in nobody. The table counts too many where two shingles share a slot, never too few, so nothing is lost.
    Returns hashes, whose they are, whether more than `common` texts have them, and how many each chosen set got.
    """
    room, widest = 0, 0
    for w in range(len(which)):
        size = counts[which[w]]
        room += size - needed(size, threshold) + 1
        widest = max(widest, size)
    hashes, owners, often = np.empty(room, np.uint64), np.empty(room, np.int64), np.empty(room, np.bool_)
    made = np.zeros(len(which), np.int64)
    ranked = np.empty(widest, np.uint64)
    at = 0
    for w in range(len(which)):
        d = which[w]
        size = counts[d]
        wanted = size - needed(size, threshold) + 1
        shared = 0
        for i in range(size):
            texts = table[np.int64(shingles[starts[d] + i] >> np.uint64(shift))]
            if texts > 1:
                ranked[shared] = (np.uint64(texts) << np.uint64(32)) | np.uint64(i)
                shared += 1
        wanted -= size - shared
        if wanted < 1:
            continue
        own = ranked[:shared]
        own.sort()
        for i in range(wanted):
            hashes[at] = shingles[starts[d] + np.int64(own[i] & np.uint64(0xFFFFFFFF))]
            owners[at] = d
            often[at] = np.int64(own[i] >> np.uint64(32)) > common
            at += 1
        made[w] = wanted
    return hashes[:at].copy(), owners[:at].copy(), often[:at].copy(), made


@compiled
def shared(inner: Array, outer: Array, least: int) -> int:
    """How many of the inner set are in the outer one (both sorted), or -1 once it is certain to be fewer than least."""
    spare = len(inner) - least
    j, both = 0, 0
    for i in range(len(inner)):
        u = inner[i]
        end, step = j, 1
        while end < len(outer) and outer[end] < u:  # ever longer steps: the outer one may be much longer
            j = end + 1
            end += step
            step *= 2
        end = min(end, len(outer))
        while j < end:
            middle = (j + end) >> 1
            if outer[middle] < u:
                j = middle + 1
            else:
                end = middle
        if j < len(outer) and outer[j] == u:
            both += 1
            j += 1
        elif i + 1 - both > spare:
            return -1
    return both


@compiled
def meet(
    shingles: Array, starts: Array, counts: Array, numbers: Array, fresh: Array, threshold: float,
    hashes: Array, owners: Array, often: Array, directory: Array, shift: int,
    short: Array, short_starts: Array, short_counts: Array, short_numbers: Array, closed: Array,
    which: Array,
) -> tuple[Array, Array, Array, Array, int]:  # fmt: skip
    """Look for short sets in the chosen long ones; numbers name both.

    Probes are sorted by hash: those of slot s of the high bits are directory[s] to directory[s + 1], and owners[k] is
    the place of the short set of the k-th. A set is in none that is smaller, and of two equally large ones only the
    later can be in the earlier. One of the two must be fresh. Where a short set is met only by what many texts have,
    it is compared unless it is closed. Returns places of short sets, numbers of long ones, the share; the places of
    those that were compared for what many have; and how many pairs were compared.
    """
    room = 256
    inner, outer, value = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    through = np.empty(room, np.int64)
    met = np.empty(room, np.int64)
    marks = np.zeros(len(short_counts), np.uint8)
    found = passed = compared = 0
    for w in range(len(which)):
        d = which[w]
        own = shingles[starts[d] : starts[d] + counts[d]]
        touched = 0
        for i in range(len(own)):
            slot = np.int64(own[i] >> np.uint64(shift))
            for k in range(directory[slot], directory[slot + 1]):
                if hashes[k] != own[i]:
                    continue
                s = owners[k]
                mark = np.uint8(1) if often[k] else np.uint8(2)
                if marks[s] >= mark:
                    continue
                if marks[s] == 0:
                    if touched == len(met):
                        met = np.concatenate((met, np.empty(len(met), np.int64)))
                    met[touched] = s
                    touched += 1
                marks[s] = mark
        for t in range(touched):
            s = met[t]
            mark = marks[s]
            marks[s] = 0
            size = short_counts[s]
            if size > len(own) or (size == len(own) and short_numbers[s] <= numbers[d]):
                continue
            if not (fresh[numbers[d]] or fresh[short_numbers[s]]) or (mark == 1 and closed[s]):
                continue
            if mark == 1:
                if passed == len(through):
                    through = np.concatenate((through, np.empty(len(through), np.int64)))
                through[passed] = s
                passed += 1
            compared += 1
            both = shared(short[short_starts[s] : short_starts[s] + size], own, needed(size, threshold))
            if both < 0:
                continue
            if found == len(inner):
                inner = np.concatenate((inner, np.empty(found, np.int64)))
                outer = np.concatenate((outer, np.empty(found, np.int64)))
                value = np.concatenate((value, np.empty(found, np.float64)))
            inner[found], outer[found], value[found] = s, numbers[d], both / size
            found += 1
    return inner[:found].copy(), outer[:found].copy(), value[:found].copy(), through[:passed].copy(), compared


@compiled
def keepers(inner: Array, outer: Array, roots: Array) -> None:
    """Who stays, among sets that are ranked: pairs are sorted by the inner one's rank, then the outer one's, and the
    inner one's is the greater. A set is dropped, and its root is the first outer one that stays, if there is one."""
    for k in range(len(inner)):
        if roots[inner[k]] == inner[k] and roots[outer[k]] == outer[k]:
            roots[inner[k]] = outer[k]
