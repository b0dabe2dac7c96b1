"""What an importer promises, the registry of them, and which one reads a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from pipeline.domain import Rejection
from pipeline.importers.source import FileRefused, Source
from pipeline.knobs import build
from pipeline.registry import Registry

BATCH = 5000
SURE_FOREIGN = 0.95  # how sure an importer must be that a file is of its tool and of no other
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


def choose(
    source: Source, format_name: str = "", settings: Mapping[str, Any] | None = None, *, plain: bool = False
) -> Importer:  # fmt: skip
    """The importer named, with these settings; else that of the tool whose file it surely is; else the plain one of the
    file's extension, or the one that is surest of the content. `plain` leaves the formats of other tools out.

    Raises FileRefused when the content is of no format that is known.
    """
    if format_name:
        return build(importers.get(format_name), settings or {})
    known = [build(plugin, {}) for plugin in importers.every()]
    extension = source.name.rpartition(".")[2].lower() if "." in source.name else ""
    ours = [one for one in known if not is_foreign(one)]
    theirs = [] if plain else [one for one in known if is_foreign(one)]
    only = {name for one in theirs for name in one.extensions} - {name for one in ours for name in one.extensions}
    sure = [(one.claims(source), one) for one in theirs]
    best = max(sure, key=lambda pair: pair[0], default=(0.0, None))
    if best[1] is not None and (best[0] >= SURE_FOREIGN or (best[0] > 0 and extension in only)):
        return best[1]
    return _plain(source, extension, ours)


def is_foreign(importer: object) -> bool:
    """Whether it reads the format of another tool (pipeline.importers.foreign)."""
    return hasattr(importer, "parse")


def _plain(source: Source, extension: str, known: Sequence[Importer]) -> Importer:
    named = next((one for one in known if extension in one.extensions), None)
    if named is not None and named.claims(source) > 0:
        return named
    surest = max(known, key=lambda one: one.claims(source))
    if surest.claims(source) >= (SURE if named else 0.5):
        return surest
    what = f"does not look like {named.name.upper()} inside, as its name says" if named else "is of no known format"
    formats = ", ".join(name.upper() for name in importers.names())
    raise FileRefused(f"{source.name} {what}. Formats that can be imported: {formats}.")
