"""A frozen version as training reads it. Knows no model library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
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
    unlabelled: int = 0  # records that have other answers than a label: they are in no split here


def load_version(path: Path) -> Version:
    """Read a version folder whose files are as its card says. Raises WorkbenchError if they are not.

    A label that no record carries is left out; one that records carry and the card does not list comes last. So is a
    record without a label, whose task asks for one among other things, or for none.
    """
    card = verify_version(path)
    tables, unlabelled = {}, 0
    for name in SPLITS:
        file = path / f"{name}.parquet"
        columns = ["id", "external_id", "text", "label"]
        rows = pq.read_table(file, columns=columns) if file.exists() else None
        tables[name] = rows.filter(pc.is_valid(rows["label"])).to_pydict() if rows else {c: [] for c in columns}
        unlabelled += rows["label"].null_count if rows else 0
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
    return Version(str(card["id"]), path, labels, splits, unlabelled)
