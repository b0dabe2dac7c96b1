"""Every pair of texts whose sets of shingles have a Jaccard index of at least LEAST, found without MinHash.

The rarest shingles of a text, its prefix, must hold one of any text that is so much like it; so texts are compared
when their prefixes meet, and every comparison counts the shared shingles exactly. No code of Winnow is used.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Array = NDArray[Any]
LEAST = 0.5
AT_ONCE = 20_000_000  # entries in the work arrays of one step


def truth(texts: pa.ChunkedArray, shingle: str, cache: Path) -> tuple[Array, Array]:
    """Codes (x << 32 | y with x < y, ascending) and Jaccard indices of all pairs of at least LEAST."""
    if not cache.exists():
        codes, jaccard = pairs(*shingles(texts.to_pylist(), shingle))
        np.savez(cache.with_suffix(".part.npz"), codes=codes, jaccard=jaccard)
        cache.with_suffix(".part.npz").replace(cache)
    with np.load(cache) as stored:
        return stored["codes"], stored["jaccard"]


def check(texts: Sequence[str], shingle: str) -> int:
    """Hold `pairs` against a comparison of all with all in plain Python. Returns how many pairs there are."""
    codes, jaccard = pairs(*shingles(texts, shingle))
    sets = [_plain(text, shingle) for text in texts]
    wanted = {}
    for (x, one), (y, other) in itertools.combinations(enumerate(sets), 2):
        shared = len(one & other)
        if shared and shared / (len(one) + len(other) - shared) >= LEAST:
            wanted[x << 32 | y] = shared / (len(one) + len(other) - shared)
    if wanted != dict(zip(codes.tolist(), jaccard.tolist(), strict=True)):
        raise SystemExit("The truth differs from a comparison of all with all; no figure of this script can be used.")
    return len(wanted)


def scores(found: Array, codes: Array, jaccard: Array, threshold: float) -> dict[str, float]:
    """Precision, recall and F1 of the found pairs (codes, any order) at a threshold of at least LEAST."""
    wanted = codes[jaccard >= threshold]
    found = np.unique(found)
    right = len(np.intersect1d(found, wanted, assume_unique=True))
    precision, recall = right / max(1, len(found)), right / max(1, len(wanted))
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"found": len(found), "true": len(wanted), "precision": precision, "recall": recall, "f1": f1}


def shingles(texts: Sequence[str], shingle: str) -> tuple[Array, Array]:
    """The set of shingles of each text as 64-bit hashes: (text number, hash), sorted by both, each once."""
    unit, n = shingle.split(":")
    if unit == "word":
        clean = pa.array([" ".join(text.lower().split()) for text in texts], pa.large_string())
        split = pc.split_pattern(clean, " ")
        numbers = pc.dictionary_encode(split.flatten()).indices.to_numpy().astype(np.int64)
        ends = split.offsets.to_numpy()[1:].astype(np.int64)
    else:
        lowered = [re.sub(r"\s+", " ", text.lower()) for text in texts]
        numbers = np.frombuffer("".join(lowered).encode("utf-32-le"), np.uint32).astype(np.int64)
        ends = np.cumsum([len(text) for text in lowered])
    return _windows(numbers, ends, int(n))


def pairs(text: Array, hashes: Array) -> tuple[Array, Array]:
    """Codes and Jaccard indices of all pairs of at least LEAST, from `shingles`."""
    count = int(text[-1]) + 1 if len(text) else 0
    sizes = np.bincount(text, minlength=count)
    text, rank, common = _common(text, hashes)
    starts = np.searchsorted(text, np.arange(count + 1))
    keys = text * common + rank
    found: list[Array] = [np.zeros(0, np.int64)]
    shared: list[Array] = [np.zeros(0, np.float64)]
    for x, y in _candidates(text, rank, sizes, starts):
        for part in _parts(np.minimum(np.diff(starts)[x], np.diff(starts)[y])):
            jaccard = _jaccard(x[part], y[part], keys, rank, starts, sizes, common)
            kept = jaccard >= LEAST
            found.append((x[part] << 32 | y[part])[kept])
            shared.append(jaccard[kept])
    codes, at = np.unique(np.concatenate(found), return_index=True)
    return codes, np.concatenate(shared)[at]


def _plain(text: str, shingle: str) -> set[tuple[str, ...]]:
    unit, n = shingle.split(":")
    parts = text.lower().split() if unit == "word" else list(re.sub(r"\s+", " ", text.lower()))
    return {tuple(parts[i : i + int(n)]) for i in range(max(1, len(parts) - int(n) + 1))} if parts else set()


def _windows(numbers: Array, ends: Array, n: int) -> tuple[Array, Array]:
    """Hashes of n units in a row; of all units where there are fewer. Two windows share one by chance in 2^-64."""
    rng = np.random.default_rng(7)
    table = rng.integers(0, 2**64, int(numbers.max(initial=0)) + 1, np.uint64)
    starts = np.concatenate([[0], ends[:-1]])
    windows = np.where(ends > starts, np.maximum(1, ends - starts - n + 1), 0)
    text = np.repeat(np.arange(len(ends)), windows)
    at = np.arange(windows.sum()) - np.repeat(np.cumsum(windows) - windows, windows) + np.repeat(starts, windows)
    hashes = np.zeros(len(at), np.uint64)
    for k, factor in enumerate(rng.integers(0, 2**64, n, np.uint64) | np.uint64(1)):
        inside = at + k < ends[text]
        hashes[inside] += table[numbers[at[inside] + k]] * factor
    order = np.lexsort([hashes, text])
    text, hashes = text[order], hashes[order]
    once = np.ones(len(text), bool)
    once[1:] = (text[1:] != text[:-1]) | (hashes[1:] != hashes[:-1])
    return text[once], hashes[once]


def _common(text: Array, hashes: Array) -> tuple[Array, Array, int]:
    """The shingles that more than one text has, numbered from the rarest on: (text, number) sorted, and how many."""
    _, number, times = np.unique(hashes, return_inverse=True, return_counts=True)
    ranks = np.empty(len(times), np.int64)
    ranks[np.argsort(times, kind="stable")] = np.arange(len(times)) - int((times == 1).sum())
    rank = ranks[number]
    text, rank = text[rank >= 0], rank[rank >= 0]
    order = np.lexsort([rank, text])
    return text[order], rank[order], max(1, len(times))


def _candidates(text: Array, rank: Array, sizes: Array, starts: Array) -> Iterator[tuple[Array, Array]]:
    """Pairs (x < y) with a common shingle in their prefixes and of like enough sizes; some more than once."""
    alone = sizes - np.diff(starts)
    prefix = sizes - np.ceil(LEAST * sizes - 1e-9).astype(np.int64) + 1 - alone
    inside = np.arange(len(text)) - starts[text] < prefix[text]
    text, rank = text[inside], rank[inside]
    order = np.lexsort([text, rank])
    text, rank = text[order], rank[order]
    begin = np.flatnonzero(np.concatenate([[True], rank[1:] != rank[:-1]])) if len(rank) else np.zeros(0, np.int64)
    earlier = np.arange(len(text)) - np.repeat(begin, np.diff(np.append(begin, len(text))))
    for part in _parts(earlier):
        at = np.arange(len(text))[part]
        y = np.repeat(at, earlier[part])
        x = y - 1 - _ramp(earlier[part])
        x, y = text[x], text[y]
        near = np.minimum(sizes[x], sizes[y]) >= LEAST * np.maximum(sizes[x], sizes[y])
        codes = np.unique(x[near] << 32 | y[near])
        yield codes >> 32, codes & 0xFFFFFFFF


def _jaccard(x: Array, y: Array, keys: Array, rank: Array, starts: Array, sizes: Array, common: int) -> Array:
    counts = np.diff(starts)
    swap = counts[x] > counts[y]
    small, large = np.where(swap, y, x), np.where(swap, x, y)
    at = np.repeat(starts[small], counts[small]) + _ramp(counts[small])
    wanted = np.repeat(large, counts[small]) * common + rank[at]
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    total = np.concatenate([[0], np.cumsum(keys[place] == wanted)])
    ends = np.cumsum(counts[small])
    shared = total[ends] - total[ends - counts[small]]
    return shared / (sizes[x] + sizes[y] - shared)


def _ramp(counts: Array) -> Array:
    """0, 1, ... counts[0]-1, 0, 1, ... counts[1]-1, and so on."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _parts(weights: Array) -> Iterator[slice]:
    """Slices of at most about AT_ONCE in weight each."""
    total = np.cumsum(weights)
    begin = 0
    while begin < len(weights):
        base = total[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(total, base + AT_ONCE, side="right")))
        yield slice(begin, end)
        begin = end
