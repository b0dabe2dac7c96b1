"""Rows of a file as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.importers.base import Batch


def _nothing() -> pa.Array:
    return pa.array([], pa.large_string())


def _no_row(row: int) -> dict[str, Any]:
    raise IndexError(row)


@dataclass(slots=True)
class Block:
    """Some rows of a file as columns, and in `rest` those of the same stretch that are read the ordinary way.

    `ids` is empty where a row has none. `labels` and `splits` are None where no column is one; `parse` turns what they
    hold into what the ordinary reader has. `again` gives a row as the ordinary reader does. `line` is the last one.
    """

    rest: Batch
    line: int
    lines: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ids: pa.Array = field(default_factory=_nothing)
    texts: pa.Array = field(default_factory=_nothing)
    metas: pa.Array = field(default_factory=_nothing)
    labels: pa.Array | None = None
    splits: pa.Array | None = None
    parse: Callable[[Any], Any] = str
    again: Callable[[int], dict[str, Any]] = _no_row


def of_batch(batch: Batch) -> Block:
    """Rows that were all read the ordinary way."""
    return Block(batch, max([0, *batch.lines[-1:], *(one.line for one in batch.rejections[-1:])]))
