"""What a leak check holds against each other: a project's training texts, and the texts of what is held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain import Rejection, WorkbenchError
from pipeline.importers import NONE, Columns, FileRefused, Importer, Limits, Source, choose, open_source
from pipeline.importers.answers import Answering
from pipeline.importers.base import Batch
from pipeline.importers.columns import resolve
from pipeline.importers.fit import Fit
from pipeline.importers.foreign import ForeignImporter, rows
from pipeline.importers.preview import first_rows
from pipeline.importers.rows import Reading, Taken, take
from pipeline.store import Store, leaks, projects, version_files, versions

WAYS = ("splits", "project", "file")
MOST_ITEMS = 2_000_000  # rows of a file that are held against a project


@dataclass(frozen=True, slots=True)
class Side:
    """Texts with the numbers, names and places that they are known by; Arrow columns without nulls, of one length."""

    ids: pa.ChunkedArray
    names: pa.ChunkedArray
    places: pa.ChunkedArray
    texts: pa.ChunkedArray

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, rows: pa.Table, place: str) -> Side:
        """The records of a table (id, external_id, text), all of one place."""
        places = pa.chunked_array([pa.repeat(pa.scalar(place), rows.num_rows)], pa.string())
        return cls(rows["id"], rows["external_id"], places, rows["text"])


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides, what the held-out one is called, how many records were left out of the training side because they
    are held out themselves, and how many rows of a file could not be read."""

    train: Side
    held: Side
    name: str
    left_out: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A file that a person supplies. Columns as in an import: guessed if they are not named."""

    path: str
    name: str = ""
    text_column: str = ""
    id_column: str = ""
    encoding: str = ""
    format: str = ""
    max_mb: int = 1024


def parse(against: str) -> tuple[str, str]:
    """The way and what is named: "splits", "project:NAME" or "file:PATH". Raises WorkbenchError with what there is."""
    way, mark, name = against.partition(":")
    if way not in WAYS or (way == "splits") == bool(mark) or (mark and not name.strip()):
        raise WorkbenchError(
            f"'{against[:200]}' is nothing that training data can be held against. Write splits, project:NAME or "
            "file:PATH."
        )
    return way, name


def of_version(store: Store, project_id: int, asked: str) -> Sides:
    """The train part of a frozen version (the newest if `asked` is empty) and its validation and test."""
    own = versions.all_versions(store, project_id)
    if not own:
        raise WorkbenchError(
            "This project has no frozen version whose splits could be held against each other. Freeze one, or check "
            "against another project or a file."
        )
    version = versions.get(store, asked) if asked else own[0]
    if version.project_id != project_id:
        raise WorkbenchError(f"Version {version.short} is of another project. Name one of this project.")
    if not version_files.intact(version.path):
        raise WorkbenchError(
            f"Files of version {version.short} are missing or changed, so its splits cannot be read. Freeze again."
        )
    parts = {
        split: pq.read_table(version.path / f"{split}.parquet", columns=["id", "external_id", "text"])
        for split in ("train", "validation", "test")
    }
    held = [Side.of(parts[split], split) for split in ("validation", "test")]
    together = Side(*(pa.chunked_array([*getattr(held[0], part).chunks, *getattr(held[1], part).chunks],
                                       getattr(held[0], part).type) for part in Side.__slots__))  # fmt: skip
    return Sides(Side.of(parts["train"], "train"), together, version.short)


def of_project(store: Store, project_id: int, name: str) -> Sides:
    """What may be trained on in a project, and all that another project has."""
    other = projects.get(store, name)
    if other.id == project_id:
        raise WorkbenchError("A project is not held against itself. Name another one, or check a version's splits.")
    held = leaks.originals(store, other.id)
    if not held.num_rows:
        raise WorkbenchError(f"The project '{other.name}' has no records to hold against. Name another one.")
    train, left_out = _training(store, project_id)
    return Sides(train, Side.of(held, other.name), other.name, left_out)


def of_file(store: Store, project_id: int, file: Benchmark, report: Callable[[], None]) -> Sides:
    """What may be trained on in a project, and the rows of a file."""
    held, name, rejected = read(file, report)
    train, left_out = _training(store, project_id)
    return Sides(train, held, name, left_out, rejected)


def read(file: Benchmark, report: Callable[[], None] = lambda: None) -> tuple[Side, str, int]:
    """The rows of a file as a side, each numbered by its line; the file's name; and how many rows cannot be taken."""
    source, importer, reading = opened(file)
    lines, names, texts = [], [], []
    refused: list[Rejection] = []
    rejected = 0
    for batch in _batches(importer, source):
        taken = [take(row, line, reading, id_prefix=f"{source.name}:")
                 for row, line in zip(batch.rows, batch.lines, strict=True)]  # fmt: skip
        fine = [one for one in taken if isinstance(one, Taken)]
        bad = [*batch.rejections, *(one for one in taken if isinstance(one, Rejection))]
        rejected += len(bad)
        refused = refused or bad[:1]
        lines.append(pa.array([one.line for one in fine], pa.int64()))
        names.append(pa.array([one.external_id for one in fine], pa.string()))
        texts.append(pa.array([one.text for one in fine], pa.string()))
        if sum(map(len, lines)) > MOST_ITEMS:
            raise FileRefused(
                f"{source.name} has more than {MOST_ITEMS:,} rows. Hold its parts against the project one by one."
            )
        report()
    if not sum(map(len, lines)):
        place = f"line {refused[0].line if refused else 1}"
        why = refused[0].reason if refused else "The value is missing."
        raise FileRefused(f"No row of {source.name} can be taken; the first is at {place}: {why}")
    rows_ = pa.table([pa.chunked_array(column, kind) for column, kind in
                      ((lines, pa.int64()), (names, pa.string()), (texts, pa.string()))],
                     ["id", "external_id", "text"])  # fmt: skip
    return Side.of(rows_, source.name), source.name, rejected


def _batches(importer: Importer | ForeignImporter, source: Source) -> Iterator[Batch]:
    if isinstance(importer, ForeignImporter):
        return rows(importer, source, Fit(leave=True))
    return importer.read(source)


def opened(file: Benchmark) -> tuple[Source, Importer | ForeignImporter, Reading]:
    """A file at its beginning. Raises WorkbenchError for what can be seen to be wrong there."""
    source = open_source(file.path, file.name, file.encoding, Limits(file_mb=file.max_mb))
    named = file.text_column or file.id_column
    importer = choose(source, file.format, plain=bool(named))
    if isinstance(importer, ForeignImporter):
        return source, importer, Reading(Columns("text", "", "id"), Answering({}), own=True)
    first = first_rows(importer, source)
    given = {"text": file.text_column, "id": file.id_column, "label": NONE, "split": NONE}
    return source, importer, Reading(resolve(first.rows, given, source.name), Answering({}))


def _training(store: Store, project_id: int) -> tuple[Side, int]:
    found, left_out = leaks.training(store, project_id)
    if not found.num_rows:
        raise WorkbenchError(
            "No record in this project's data set is training data: there is none, or all are for validation or test."
        )
    return Side.of(found, "train"), left_out


def chosen(side: Side, which: np.ndarray) -> Side:  # type: ignore[type-arg]
    """The texts of these numbers, ascending."""
    rows = pa.array(which)
    return Side(*(getattr(side, part).take(rows) for part in Side.__slots__))
