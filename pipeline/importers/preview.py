"""A look at a file before it is imported: its format, encoding, first rows, and which column is likely what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.domain import Rejection
from pipeline.importers.answers import is_own
from pipeline.importers.base import Batch, Importer, choose
from pipeline.importers.columns import Columns, guess, names_in
from pipeline.importers.encoding import shown
from pipeline.importers.source import FileRefused, Source, open_source

SAMPLE = 1000


@dataclass(frozen=True, slots=True)
class Preview:
    """`rows` are the first ones, `rejections` those that cannot be read; `own` if Winnow exported the file."""

    name: str
    format: str
    encoding: str
    columns: tuple[str, ...]
    guess: Columns
    rows: tuple[Mapping[str, Any], ...]
    rejections: tuple[Rejection, ...]
    own: bool = False


def preview(
    path: str | Path, n: int = 20, *, name: str = "", encoding: str = "", format_name: str = "", kind: str = "choice"
) -> Preview:  # fmt: skip
    """The file's first `n` rows and what Winnow makes of them. Raises FileRefused if it is no table or text.

    `kind` is that of the question which a label column answers.
    """
    source = open_source(path, name, encoding)
    importer = choose(source, format_name)
    first = first_rows(importer, source)
    rows = first.rows
    read_as = shown(source.encoding) if source.encoding else ""
    return Preview(
        source.name, importer.name, read_as, tuple(names_in(rows)), guess(rows, kind), tuple(rows[:n]),
        tuple(first.rejections[:n]), is_own(rows),
    )  # fmt: skip


def first_rows(importer: Importer, source: Source) -> Batch:
    """The rows that a guess is made from. Raises FileRefused if there is not one among them that can be read."""
    found = Batch()
    batches: Iterator[Batch] = importer.read(source)
    for batch in batches:
        found.rows += batch.rows[: SAMPLE - len(found.rows)]
        found.lines += batch.lines[: SAMPLE - len(found.lines)]
        found.rejections += batch.rejections
        if len(found.rows) >= SAMPLE:
            break
    if not found.rows:
        why = found.rejections[0] if found.rejections else None
        what = f"the first is at line {why.line}: {why.reason}" if why else "it has no rows below its first line."
        raise FileRefused(f"No row of {source.name} can be read; {what}")
    return found
