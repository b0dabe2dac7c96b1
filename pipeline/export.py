"""Write a version, or a project as it is now, to a file of any format. It changes no data, so it is no job."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain import SPLITS, WorkbenchError
from pipeline.exporters import Contents, exporters
from pipeline.exporters.base import Row
from pipeline.knobs import build
from pipeline.store import Store, exports, projects, versions
from pipeline.store.exports import replaceable
from pipeline.tasks import questions_of

Watcher = Callable[[int, int, str], None]


def export_to(
    store: Store, *, out: Path | str, format: str = "jsonl", version: str = "", project: str = "",  # noqa: A002
    dropped: bool = False, settings: Mapping[str, Any] | None = None, watcher: Watcher | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write the version, or else the project's records, and return {"records", "path", "format", "losses"}.

    `dropped` adds the project's dropped records, `settings` are the exporter's knobs. The file appears whole or not at
    all; an older file of its name is replaced.
    """
    exporter = build(exporters.get(format), settings or {})
    target = _target(store, out)
    losses: dict[str, int] = {}
    if version:
        contents, total = _version(versions.get(store, version), exports.simulated(store))
    else:
        contents, total, left_out = _project(store, project, dropped=dropped)
        losses |= {"dropped records": left_out} if left_out else {}
    written = 0

    def counted() -> Iterator[Sequence[Row]]:
        nonlocal written
        for batch in contents.batches:
            yield batch
            written += len(batch)
            if watcher is not None:
                watcher(written, total, format)

    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        losses |= exporter(Contents(counted(), contents.frozen, contents.questions), part)
        part.replace(target)
    except OSError as error:
        raise WorkbenchError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return {"records": written, "path": str(target), "format": format, "losses": losses}


def _target(store: Store, out: Path | str) -> Path:
    target = Path(out).expanduser()
    if target.is_dir():
        raise WorkbenchError(f"{target} is a folder. Name a file in it to export to.")
    if not replaceable(store, target):
        raise WorkbenchError(f"{target} is a device or the database itself. Name another file to export to.")
    if not target.absolute().parent.is_dir():
        raise WorkbenchError(f"The folder {target.absolute().parent} does not exist. Make it, or name another file.")
    return target


def _project(store: Store, name: str, *, dropped: bool) -> tuple[Contents, int, int]:
    found = projects.get(store, name)
    active, gone = exports.counts(store, found.id)
    questions = dict.fromkeys(q.name for task in projects.tasks(store, found.id) for q in questions_of(task))
    contents = Contents(exports.batches(store, found.id, dropped=dropped), frozen=False, questions=tuple(questions))
    return contents, active + gone * dropped, 0 if dropped else gone


def _version(version: versions.Version, simulated: frozenset[str]) -> tuple[Contents, int]:
    if not all((version.path / f"{split}.parquet").is_file() for split in SPLITS):
        raise WorkbenchError(
            f"The files of version {version.short} are not in {version.path}. Freeze the project again to have them."
        )
    names = tuple(
        str(one["name"]) for one in version.card.get("questions", ())
    )  # only where they are more than a label
    return Contents(_frozen_rows(version.path, simulated), True, names), sum(version.card["records"].values())


def _frozen_rows(folder: Path, simulated: frozenset[str]) -> Iterator[Sequence[Row]]:
    for split in SPLITS:
        file = folder / f"{split}.parquet"
        names = _parents(file)
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(exports.SIZE):
                yield [_frozen(row, names, simulated) for row in batch.to_pylist()]


def _parents(file: Path) -> dict[int, str]:
    """The external ids of the records that others of the same file were made from: children are where parents are."""
    ids = pq.read_table(file, columns=["id", "external_id", "parent_id"])
    parents = ids["parent_id"].drop_null().unique()
    found = ids.filter(pc.is_in(ids["id"], parents))
    return dict(zip(found["id"].to_pylist(), found["external_id"].to_pylist(), strict=True))


def _frozen(row: Row, names: Mapping[int, str], simulated: frozenset[str]) -> Row:
    made = {"simulated": True} if simulated.intersection(row["annotators"]) else {}
    fields = json.loads(row.get("fields") or "{}")
    answers = {"answers": json.loads(row["answers"])} if "answers" in row else {}
    return {
        "id": row["external_id"], "text": row["text"], **({"fields": fields} if fields else {}),
        "meta": json.loads(row["meta"]), "split": row["split"], "status": "active",
        "parent": names.get(row["parent_id"]), "label": row["label"], **answers, "annotators": row["annotators"],
        **made,
    }  # fmt: skip
