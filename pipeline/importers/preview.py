"""A look at a file before it is imported: its format, encoding, first rows, and which column is likely what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.domain import Rejection
from pipeline.importers.answers import is_own
from pipeline.importers.base import Batch, Importer, choose, is_foreign
from pipeline.importers.columns import Columns, guess, names_in
from pipeline.importers.encoding import shown
from pipeline.importers.foreign import Found, Survey, survey
from pipeline.importers.inputs import Input
from pipeline.importers.source import FileRefused, Source, open_source

SAMPLE = 1000
LISTED = 100  # unreadable records at the beginning that a preview looks past


@dataclass(frozen=True, slots=True)
class Preview:
    """`rows` are the first ones, `rejections` those that cannot be read; `own` if Winnow exported the file. `survey` is
    what the file of another tool holds as a whole."""

    name: str
    format: str
    encoding: str
    columns: tuple[str, ...]
    guess: Columns
    rows: tuple[Mapping[str, Any], ...]
    rejections: tuple[Rejection, ...]
    own: bool = False
    survey: Survey | None = None


def preview(
    path: str | Path, n: int = 20, *, name: str = "", encoding: str = "", format_name: str = "", kind: str = "choice",
    settings: Mapping[str, Any] | None = None, plain: bool = False, member: bool = False,
) -> Preview:  # fmt: skip
    """The file's first `n` rows and what Winnow makes of them. Raises FileRefused if it is no table or text.

    `kind` is that of the question which a label column answers; `plain` reads a table even if another tool wrote it;
    `member` says that the file is one of several.
    """
    source = replace(open_source(path, name, encoding), member=member)
    importer = choose(source, format_name, settings, plain=plain)
    if is_foreign(importer):
        return _foreign(importer, source, n)
    first = first_rows(importer, source)
    rows = first.rows
    read_as = shown(source.encoding) if source.encoding else ""
    return Preview(
        source.name, importer.name, read_as, tuple(names_in(rows)), guess(rows, kind), tuple(rows[:n]),
        tuple(first.rejections[:n]), is_own(rows),
    )  # fmt: skip


def _foreign(importer: Any, source: Source, n: int) -> Preview:
    """What a file of another tool holds, with its first records and their fields as columns."""
    held = survey(importer, source)
    found = list(islice(importer.parse(source), n + LISTED))
    records = [one for one in found if isinstance(one, Found)][:n]
    if not held.records:
        why = next((one for one in found if isinstance(one, Rejection)), None)
        what = f"the first is at line {why.line}: {why.reason}" if why else "it has no records."
        raise FileRefused(f"No row of {source.name} can be read; {what}")
    rows = [{"id": one.id, "text": one.text, **one.fields, **one.meta} for one in records]
    rejections = tuple(one for one in found if isinstance(one, Rejection))[:n]
    read_as = shown(source.encoding) if source.encoding else ""
    names = tuple(name for name in names_in(rows) if any(row.get(name) not in (None, "") for row in rows))
    return Preview(
        source.name, importer.name, read_as, names, Columns("text", "", "id", "split"), tuple(rows), rejections,
        own=True, survey=held,
    )  # fmt: skip


def surveyed(
    files: Sequence[Input], encoding: str = "", format_name: str = "", settings: Mapping[str, Any] | None = None
) -> Survey | None:  # fmt: skip
    """What the files of other tools among these hold together, as an import of them all looks at it; None if there is
    none of another tool. Raises FileRefused."""
    found: Survey | None = None
    for one in files:
        source = replace(open_source(one.path, one.name, encoding), member=one.member)
        importer = choose(source, format_name, settings)
        if is_foreign(importer):
            found = survey(importer, source, found)  # type: ignore[arg-type]  # is_foreign says that it is one
    return found


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
