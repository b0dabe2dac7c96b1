"""Which record of a family stays. It never empties a family, and never drops what is unlike the record that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dedup.engine import Found, Index

Array = NDArray[Any]


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


def members(index: Index, found: Found, policy: str, lengths: Array, labelled: Array) -> Members:
    """Choose each family's keeper: `first` in import order, the `longest`, or a `labelled` one before the others.

    lengths and labelled have one entry a text; ties go to the first.
    """
    text = np.flatnonzero(np.bincount(found.roots, minlength=len(found.roots))[found.roots] > 1)
    root = found.roots[text]
    merit = {"first": np.zeros(len(text)), "longest": -lengths[text], "labelled": ~labelled[text]}[policy]
    order = np.lexsort((text, merit, root))
    text, root = text[order], root[order]
    leads = np.concatenate([[True], root[1:] != root[:-1]]) if len(root) else np.zeros(0, np.bool_)
    keeper = text[leads][np.cumsum(leads) - 1] if len(root) else text
    return Members(text, root, keeper, index.similarities(keeper, text))
