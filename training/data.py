"""A frozen version as training reads it. Knows no model library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from pipeline.domain import SPLITS
from pipeline.runs import verify_version


@dataclass(frozen=True, slots=True)
class Split:
    """The records of one split, in file order. `targets` are positions in the version's labels, shape (n,), int64."""

    ids: list[int]
    external_ids: list[str]
    texts: list[str]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen version: its labels (in the task's order) and its splits by name."""

    id: str
    path: Path
    labels: tuple[str, ...]
    splits: Mapping[str, Split]


def load_version(path: Path) -> Version:
    """Read a version folder whose files are as its card says. Raises WorkbenchError if they are not.

    A label that no record carries is left out; one that records carry and the card does not list comes last.
    """
    card = verify_version(path)
    tables = {}
    for name in SPLITS:
        file = path / f"{name}.parquet"
        columns = ["id", "external_id", "text", "label"]
        tables[name] = pq.read_table(file, columns=columns).to_pydict() if file.exists() else {c: [] for c in columns}
    used = {label for table in tables.values() for label in table["label"]}
    listed = [str(label) for label in card.get("labels", ())]
    labels = tuple([label for label in listed if label in used] + sorted(used - set(listed)))
    place = {label: i for i, label in enumerate(labels)}
    splits = {
        name: Split(
            table["id"], table["external_id"], table["text"],
            np.array([place[label] for label in table["label"]], dtype=np.int64),
        )
        for name, table in tables.items()
    }  # fmt: skip
    return Version(str(card["id"]), path, labels, splits)
