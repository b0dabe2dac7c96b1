"""How many pairs a search may have missed because some of its buckets were too large to compare all with all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.kernels_pairs import join

Array = NDArray[Any]


def unmet(buckets: Iterable[tuple[Array, Array]], most: int, first: Array, fresh: Array, x: Array, y: Array) -> int:
    """Pairs of texts, at most, that are alike and were not found. 0 when no bucket is larger than `most`.

    buckets: members and edges of each band; first[t]: the text that stands for t's copies; fresh[t]: whether t's pairs
    are wanted; x and y: the pairs found, of texts that stand for their copies. Two texts that may have been missed lie
    in one large bucket: so the bound is all pairs of texts that large buckets connect, less those found. It does not
    know which of them were compared and are unlike.
    """
    roots, large = np.arange(len(first)), np.zeros(len(first), np.bool_)
    for members, edges in buckets:
        for r in np.flatnonzero(np.diff(edges) > most):
            bucket = members[edges[r] : edges[r + 1]]
            large[bucket] = True
            join(roots, bucket[:-1], bucket[1:])
    if not large.any():
        return 0
    copies = np.bincount(first, minlength=len(first))
    known = np.bincount(first[~fresh], minlength=len(first))  # of the copies, those that are not fresh
    inside = large[x] & large[y] & (roots[x] == roots[y])
    x, y = x[inside], y[inside]
    found = int((copies[x] * copies[y] - known[x] * known[y]).sum())
    return _between(roots[large], copies[large]) - _between(roots[large], known[large]) - found


def _between(groups: Array, sizes: Array) -> int:
    """Pairs of two texts of one group that do not stand for one another's copies."""
    totals, squares = np.bincount(groups, sizes), np.bincount(groups, sizes.astype(np.float64) ** 2)
    return round(float((totals**2 - squares).sum() / 2))
