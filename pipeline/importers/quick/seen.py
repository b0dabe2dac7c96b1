"""Which ids came before, by 64 bits of each: a file of millions of rows is asked about without a look at the store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.importers.quick.compiled import Array, compiled, hash_of

LEAST = 1 << 17  # places of an empty set; it doubles when two thirds are taken


class Seen:
    """A set of texts. That a text is not in it is sure; that it is, is to be looked up where it is stored."""

    def __init__(self) -> None:
        self.places, self._count = np.zeros(LEAST, np.uint64), 0

    def add(self, texts: pa.Array) -> Array:
        """Add texts (large strings, none null). Returns for each whether it was there already, or came twice."""
        data, offsets = buffers(texts)
        while 3 * (self._count + len(texts)) > 2 * len(self.places):
            grown = np.zeros(2 * len(self.places), np.uint64)
            grow(self.places, grown)
            self.places = grown
        before = np.zeros(len(texts), np.bool_)
        self._count += add(self.places, data, offsets, before)
        return before


def buffers(texts: pa.Array) -> tuple[Array, Array]:
    """The bytes of an array of large strings, and where each begins and ends in them."""
    _, offsets, data = texts.buffers()
    found = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return (np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)), found


@compiled
def _place(places: Array, value: Any) -> Any:
    """Where the value stands in the set, or could stand."""
    most = np.uint64(len(places) - 1)
    at = value & most
    while places[at] and places[at] != value:
        at = (at + np.uint64(1)) & most
    return at


@compiled
def add(places: Array, data: Array, offsets: Array, before: Array) -> int:
    """Put the hashes of texts into the set, and say in `before` which were in it. Returns how many were not."""
    new = 0
    for row in range(len(before)):
        value = hash_of(data, offsets[row], offsets[row + 1])
        at = _place(places, value)
        before[row] = places[at] == value
        new += not before[row]
        places[at] = value
    return new


@compiled
def grow(places: Array, grown: Array) -> None:
    """Put all that is in one set into another, larger one."""
    for value in places:
        if value:
            grown[_place(grown, value)] = value
