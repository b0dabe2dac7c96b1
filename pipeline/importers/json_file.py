"""JSON: a list of objects, one a record; or an object with such a list inside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers import json_values
from pipeline.importers.base import Batch, importers
from pipeline.importers.source import Source


@importers.register
@dataclass(frozen=True, slots=True)
class Json:
    """A JSON document: a list of objects, each a record. JSON lines under this name are read too."""

    name: ClassVar[str] = "json"
    extensions: ClassVar[tuple[str, ...]] = ("json",)

    def claims(self, source: Source) -> float:
        return {"document": 0.9, "lines": 0.6, "": 0.0}[json_values.shape(source)]

    def read(self, source: Source) -> Iterator[Batch]:
        return json_values.read(source)

    def total(self, source: Source) -> int:
        return 0 if json_values.shape(source) == "document" else source.line_count
