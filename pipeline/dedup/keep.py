"""Which record of a family stays. It never empties a family, and never drops what is unlike the record that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.engine import Found

Array = NDArray[Any]


class Compared(Protocol):
    """A search that can say how similar two of its texts are."""

    def similarities(self, x: Array, y: Array) -> Array: ...


@dataclass(frozen=True, slots=True)
class Members:
    """The texts that are in families, family by family: text, its family's first text, its keeper, similarity to it."""

    text: Array
    root: Array
    keeper: Array
    similarity: Array

    @property
    def families(self) -> int:
        return len(np.unique(self.root))


def members(search: Compared, found: Found, merits: Array) -> Members:
    """Choose each family's keeper: the text with the most merit (one number for each text), of equals the first."""
    text = np.flatnonzero(np.bincount(found.roots, minlength=len(found.roots))[found.roots] > 1)
    order = np.lexsort((text, -merits[text].astype(np.float64), found.roots[text]))
    text = text[order]
    root = found.roots[text]
    leads = np.ones(len(root), np.bool_)
    leads[1:] = root[1:] != root[:-1]
    keeper = text[leads][np.cumsum(leads) - 1] if len(root) else text
    return Members(text, root, keeper, search.similarities(keeper, text))
