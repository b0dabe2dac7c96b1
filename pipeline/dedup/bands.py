"""How many permutations, cut into how many bands: so that a pair right at the threshold is not missed."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

FOUND_AT_THRESHOLD = 0.9965  # the chance that a pair right at the threshold shares a band; it grows above it
MISSED = 1e-12
SEAL = 2  # numbers before the keys in a row of them, which say whether it is as it was written (signatures.py)
LEAST = 128
MOST = 192  # beyond it, more rows a band (fewer pairs to compare in vain) cost more than they save


@dataclass(frozen=True, slots=True)
class Bands:
    """`bands` groups of `rows` minima; two texts are compared when all rows of any one band agree."""

    bands: int
    rows: int

    @property
    def permutations(self) -> int:
        return self.bands * self.rows

    def chance(self, similarity: float) -> float:
        """The chance that two texts of this similarity are compared."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)


def choose(threshold: float) -> Bands:
    """The most rows a band that still find a pair at the threshold with the chance FOUND_AT_THRESHOLD."""
    best = Bands(LEAST, 1)
    for rows in range(1, 33):
        met = min(threshold, 0.98) ** rows
        needed = math.ceil(math.log(1 - FOUND_AT_THRESHOLD) / math.log1p(-met))
        if needed * rows <= MOST:
            best = Bands(max(needed, math.ceil(LEAST / rows)), rows)
    return best


@functools.lru_cache
def equal_at_least(threshold: float, count: int = MOST) -> int:
    """How many of `count` minima two texts at the threshold have in common, with all but a chance of MISSED (Chernoff's
    bound for the lower tail of a binomial distribution)."""
    for equal in range(int(count * threshold), 0, -1):
        share = (equal - 1) / count  # of a pair with fewer than `equal`
        gone = share * math.log(share / threshold) if share else 0.0
        if threshold < 1:
            gone += (1 - share) * math.log((1 - share) / (1 - threshold))
        if threshold == 1 or count * gone >= -math.log(MISSED):
            return equal
    return 0


@functools.lru_cache
def permutations(count: int, seed: int = 1) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """datasketch's own parameters (a, b) of h -> a*h + b mod 2^32, the scheme that it calls affine32."""
    a, b = MinHash(num_perm=count, seed=seed, scheme="affine32").permutations
    return np.ascontiguousarray(a, np.uint32), np.ascontiguousarray(b, np.uint32)


@functools.lru_cache
def odd_numbers(count: int) -> NDArray[np.uint64]:
    """Odd numbers of 64 bits that have nothing to do with each other: by splitmix64 from the number of each."""
    numbers = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (numbers ^ (numbers >> np.uint64(31))) | np.uint64(1)
