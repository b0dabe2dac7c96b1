"""Moves data in and out by the verbs that people use, for the tests of formats."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from pipeline import jobs
from pipeline.export import export_to
from pipeline.importers import choose, open_source
from pipeline.importers.foreign import Found
from pipeline.store import Store, projects
from pipeline.verbs.import_file import Import

Row = dict[str, Any]


def found(path: Path, format_name: str = "", **settings: Any) -> list[Any]:
    """What the importer of another tool's file gives, record by record; twice the same."""
    source = open_source(path)
    importer = choose(source, format_name, settings)
    first = list(importer.parse(source))  # type: ignore[attr-defined]  # a foreign one
    assert list(importer.parse(source)) == first  # type: ignore[attr-defined]
    return first


def records(path: Path, format_name: str = "", **settings: Any) -> list[Found]:
    """The same where nothing is rejected."""
    every = found(path, format_name, **settings)
    assert all(isinstance(one, Found) for one in every), every
    return every


def move_in(store: Store, path: Path, project: str, **settings: Any) -> dict[str, Any]:
    """Import the file into a project of this name; returns the job's result."""
    made = projects.get_or_create(store, project)
    job = jobs.run(store, Import(str(path), new_labels="add", **settings), made.id)
    assert job.state == "done", job.error
    return dict(job.result)


def rows(store: Store, project: str) -> list[Row]:
    """The project's records with all their answers, without the times at which these were stored."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "all.jsonl"
        export_to(store, project=project, out=out, format="jsonl", dropped=True)
        every: list[Row] = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n") if line]
    for row in every:
        row["annotations"] = [{k: v for k, v in one.items() if k != "created_at"} for one in row["annotations"]]
    return every


def move_out(store: Store, project: str, out: Path, format_name: str, **settings: Any) -> dict[str, int]:
    """Export the project; returns the losses."""
    return dict(export_to(store, project=project, out=out, format=format_name, settings=settings)["losses"])


def answers(row: Row) -> list[tuple[str, str, Any]]:
    """Who answered which question with what."""
    return [(one["annotator"], one["question"], one["value"]) for one in row["annotations"]]
