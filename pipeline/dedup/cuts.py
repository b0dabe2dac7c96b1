"""The shingles of texts, and those of them that are kept from the signing until it is known which are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.kernels_pairs import gather

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cut:
    """The shingles of texts, 64 bits each, repeats included: text i has counts[i] of them, from starts[i] on."""

    shingles: Array
    starts: Array
    counts: Array


class Cuts:
    """The shingles of texts that were signed, while there is room for them."""

    def __init__(self, room: float = float("inf")) -> None:
        """`room` in bytes: what comes when it is used up is forgotten."""
        self._room = room
        self._kept: list[tuple[Array, Cut]] = []

    def keep(self, texts: Array, parts: list[Cut]) -> None:
        """`texts` are the numbers of the texts that were cut, ascending, in parts; higher than all that are kept."""
        at = 0
        for cut in parts:
            self._room -= 8 * len(cut.shingles)
            if self._room >= 0:
                self._kept.append((texts[at : at + len(cut.counts)], cut))
            at += len(cut.counts)

    def take(self, which: Array) -> tuple[Array, Cut]:
        """The shingles of those of the texts (ascending) that were kept, and which these are."""
        found, parts = [np.zeros(0, np.int64)], []
        for texts, cut in self._kept:
            low, high = np.searchsorted(which, [texts[0], texts[-1] + 1])
            at = np.searchsorted(texts, which[low:high])
            own = at[texts[at] == which[low:high]]
            found.append(texts[own])
            parts.append((cut, own))
        return np.concatenate(found), picked(parts)


def picked(parts: list[tuple[Cut, Array]]) -> Cut:
    """The shingles of chosen texts of several cuts, close together, in that order."""
    counts = np.concatenate([np.zeros(0, np.int64), *(cut.counts[own] for cut, own in parts)])
    starts = np.cumsum(counts) - counts
    shingles = np.empty(int(counts.sum()), np.uint64)
    at = 0
    for cut, own in parts:
        gather(cut.shingles, cut.starts[own], cut.counts[own], shingles[at:])
        at += int(cut.counts[own].sum())
    return Cut(shingles, starts, counts)
