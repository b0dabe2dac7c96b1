"""Write a version, or a project as it is now, to a file of any format. It changes no data, so it is no job."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.domain import SPLITS, Task, WorkbenchError
from pipeline.exporters import Contents, exporters
from pipeline.exporters.base import Row
from pipeline.knobs import build
from pipeline.questions import Choice, Question
from pipeline.store import Store, export_columns, exports, projects, versions
from pipeline.store.export_frozen import Frozen
from pipeline.store.exports import replaceable
from pipeline.store.records import RecordFilter
from pipeline.tasks import questions_of

Watcher = Callable[[int, int, str], None]
P = TypeVar("P", Sequence[Row], pa.ChunkedArray, pa.Table)
PARTS = ("people", "skips", "suggestions", "history")


def export_to(
    store: Store, *, out: Path | str, format: str = "jsonl", version: str = "", project: str = "",  # noqa: A002
    dropped: bool = False, where: str = "", without: Collection[str] = (), history: bool = False,
    settings: Mapping[str, Any] | None = None, watcher: Watcher | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the version, or else the project's records, and return {"records", "path", "format", "losses"}.

    Of a project `where` names the records (a filter in words; all of them if it is empty), `dropped` adds those that
    were dropped, `without` leaves out "people" (their names), "skips" or "suggestions", and `history` adds what answers
    were before. `settings` are the exporter's knobs. The file appears whole or not at all; an older file of its name is
    replaced.
    """
    exporter = build(exporters.get(format), settings or {})
    target = _target(store, out)
    losses: dict[str, int] = {}
    if version:
        contents, total = _version(store, versions.get(store, version))
    else:
        contents, total, left_out = _project(store, project, _leaving(where, dropped, without, history))
        losses |= {"dropped records": left_out} if left_out else {}
    written = 0

    def counted(parts: Iterable[P]) -> Iterator[P]:
        nonlocal written
        for part in parts:
            yield part
            written += len(part)
            if watcher is not None:
                watcher(written, total, format)

    tables = contents.tables
    contents = replace(
        contents, batches=counted(contents.batches), lines=contents.lines and counted(contents.lines),
        tables=tables and (lambda lists: counted(tables(lists))),
    )  # fmt: skip
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        losses |= exporter(contents, part)
        part.replace(target)
    except OSError as error:
        raise WorkbenchError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return {"records": written, "path": str(target), "format": format, "losses": losses}


def _leaving(where: str, dropped: bool, without: Collection[str], history: bool) -> exports.Leaving:
    strange = next((one for one in without if one not in PARTS[:3]), None)
    if strange is not None:
        raise WorkbenchError(f"'{strange}' cannot be left out of an export. What can: {', '.join(PARTS[:3])}.")
    return exports.Leaving(
        RecordFilter.parse(where) if where else None, dropped, "people" not in without, "skips" not in without,
        "suggestions" not in without, history,
    )  # fmt: skip


def _target(store: Store, out: Path | str) -> Path:
    target = Path(out).expanduser()
    if target.is_dir():
        raise WorkbenchError(f"{target} is a folder. Name a file in it to export to.")
    if not replaceable(store, target):
        raise WorkbenchError(f"{target} is a device or the database itself. Name another file to export to.")
    if not target.absolute().parent.is_dir():
        raise WorkbenchError(f"The folder {target.absolute().parent} does not exist. Make it, or name another file.")
    return target


def _project(store: Store, name: str, leaving: exports.Leaving) -> tuple[Contents, int, int]:
    found = projects.get(store, name)
    total, gone = exports.counts(store, found.id, leaving)
    asks = {q.name: q for task in projects.tasks(store, found.id) for q in questions_of(task)}

    def tables(lists: bool) -> Iterator[pa.Table]:
        return export_columns.tables(store, found.id, leaving, list(asks), lists=lists)

    rows, lines = exports.batches(store, found.id, leaving), exports.lines(store, found.id, leaving)
    contents = Contents(rows, False, tuple(asks), tuple(asks.values()), found.name, lines, tables)
    return contents, total, gone


def _version(store: Store, version: versions.Version) -> tuple[Contents, int]:
    if not all((version.path / f"{split}.parquet").is_file() for split in SPLITS):
        raise WorkbenchError(
            f"The files of version {version.short} are not in {version.path}. Freeze the project again to have them."
        )
    names = tuple(one["name"] for one in version.card.get("questions", ()))  # only where more than a label is asked
    frozen = Frozen(store, version.path, names, exports.simulated(store))
    title = projects.by_id(store, version.project_id).name
    contents = Contents(frozen.batches(), True, names, _asks(version, names), title, frozen.lines(), frozen.tables)
    return contents, sum(version.card["records"].values())


def _asks(version: versions.Version, names: Collection[str]) -> tuple[Question, ...]:
    """The questions whose answers the version holds, as its task asked them; of one that holds labels alone the first
    choice."""
    task = version.card["task"]
    asked = questions_of(Task(0, version.project_id, task["name"], task["kind"], task["definition"], "", 0))
    if names:
        return tuple(one for one in asked if one.name in names)
    return tuple(one for one in asked if isinstance(one, Choice))[:1]
