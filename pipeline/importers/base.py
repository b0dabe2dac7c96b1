"""What an importer promises, the registry of them, and which one reads a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from pipeline.domain import Rejection
from pipeline.importers.source import FileRefused, Source
from pipeline.registry import Registry

BATCH = 5000
SURE = 0.6  # how sure an importer must be to take a file whose name says another format


@dataclass(slots=True)
class Batch:
    """Some rows of a file as {column: value}, the line (or row) each begins at, and what could not be read."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejections)

    def take(self, line: int, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self.lines.append(line)

    def reject(self, line: int, column: str, reason: str) -> None:
        self.rejections.append(Rejection(line, column, reason))


class Importer(Protocol):
    """A file format. A row that cannot be read is a rejection in its batch; FileRefused is for the file as a whole.

    Memory does not grow with the file: batches hold about BATCH rows.
    """

    name: ClassVar[str]
    extensions: ClassVar[tuple[str, ...]]

    def claims(self, source: Source) -> float:
        """How sure it is from the file's beginning that it is of this format: 0 for surely not, 1 for surely."""

    def read(self, source: Source) -> Iterator[Batch]:
        """The file's rows in batches, in order."""

    def total(self, source: Source) -> int:
        """How far the line numbers of `read` will go; 0 if only reading it tells."""


importers: Registry[Importer] = Registry("importer", "pipeline.importers")


def choose(source: Source, format_name: str = "") -> Importer:
    """The importer named, else the one of the file's extension, else the one that is surest of the content.

    Raises FileRefused when the content is of no format that is known.
    """
    if format_name:
        return importers.get(format_name)()
    known = [importers.get(name)() for name in importers.names()]
    extension = source.name.rpartition(".")[2].lower() if "." in source.name else ""
    named = next((one for one in known if extension in one.extensions), None)
    if named is not None and named.claims(source) > 0:
        return named
    surest = max(known, key=lambda one: one.claims(source))
    if surest.claims(source) >= (SURE if named else 0.5):
        return surest
    what = f"does not look like {named.name.upper()} inside, as its name says" if named else "is of no known format"
    formats = ", ".join(name.upper() for name in importers.names())
    raise FileRefused(f"{source.name} {what}. Formats that can be imported: {formats}.")
