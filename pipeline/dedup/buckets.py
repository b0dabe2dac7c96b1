"""Texts that share a key of a band: found by sorting, cut down to what is wanted, shared out among threads."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

TOGETHER = 8  # bands that are compared between two reports of progress


def repeated(ordered: Array) -> Array:
    """Where a sorted array holds a value that it holds more than once."""
    found = np.zeros(len(ordered), np.bool_)
    same = ordered[1:] == ordered[:-1]
    found[1:] |= same
    found[:-1] |= same
    return found


def buckets_of(keys: Array, live: Array, near: Array | None) -> tuple[Array, Array]:
    """The texts that share a key with another: members, and edges so that bucket r is members[edges[r]:edges[r+1]].
    Only buckets with a text of `near` in them, where it says of each text whether it is."""
    packed = (keys.astype(np.uint64) << np.uint64(32)) | live.astype(np.uint64)
    packed.sort()
    key = packed >> np.uint64(32)
    shared = repeated(key)
    members, key = (packed[shared] & np.uint64(0xFFFFFFFF)).astype(np.int64), key[shared]
    edges = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(edges, len(members)))
    if near is not None and len(members):
        own = np.logical_or.reduceat(near[members], edges)
        members, sizes = members[np.repeat(own, sizes)], sizes[own]
    return members, np.concatenate([[0], np.cumsum(sizes)])


def among(asked: Array, members: Array, edges: Array) -> tuple[Array, Array]:
    """Of the buckets of one band what is asked for, without those of one text."""
    own = asked[members]
    bucket = np.repeat(np.arange(len(edges) - 1), np.diff(edges))[own]
    members, sizes = members[own], np.bincount(bucket, minlength=1)
    return members[sizes[bucket] > 1], np.concatenate([[0], np.cumsum(sizes[sizes > 1])])


def apart(buckets: list[tuple[Array, Array]], most: int) -> list[range]:
    """The bands that can be compared at the same time: a bucket of more than `most` changes keys that later bands look
    at."""
    large = [bool((np.diff(edges) > most).any()) for _, edges in buckets]
    if not any(large):
        return [range(at, min(at + TOGETHER, len(buckets))) for at in range(0, len(buckets), TOGETHER)]
    return [range(band, band + 1) for band in range(len(buckets))]


def shares(members: Array, edges: Array, most: int) -> list[tuple[Array, Array]]:
    """The buckets of one band in shares that are about as much work each; one of more than `most` costs no square."""
    sizes = np.diff(edges)
    work = np.cumsum(np.minimum(sizes, most) * sizes)
    if not len(work):
        return []
    count = int(min(64, 1 + work[-1] // 20_000))
    bounds = np.searchsorted(work, np.linspace(0, work[-1], count + 1)[1:-1])
    return [(members, edges[one : other + 1]) for one, other in pairwise([0, *bounds.tolist(), len(sizes)])]
