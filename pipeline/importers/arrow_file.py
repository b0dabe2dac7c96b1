"""Arrow: the files in a folder that `datasets` saved, and any Arrow file. One row a record, known by its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import arrow_values
from pipeline.importers.base import Batch, importers
from pipeline.importers.source import Source


@importers.register
@dataclass(frozen=True, slots=True)
class Arrow:
    """An Arrow file, such as those in a folder that Hugging Face datasets saved (save_to_disk). Labels have their
    names, and a file in a folder named train, validation or test is of that split."""

    name: ClassVar[str] = "arrow"
    extensions: ClassVar[tuple[str, ...]] = ("arrow", "feather")

    def claims(self, source: Source) -> float:
        return 1.0 if arrow_values.is_arrow(source) else 0.0

    def read(self, source: Source) -> Iterator[Batch]:
        return arrow_values.with_split(arrow_values.arrow_rows(source), source)

    def total(self, source: Source) -> int:  # noqa: ARG002 - only reading it tells
        return 0
