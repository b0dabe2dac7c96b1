"""Files of other tools in tests: in by the import, out by an exporter, and what a project then holds, to compare."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline import jobs
from pipeline.export import export_to
from pipeline.importers import FileRefused, choose, open_source
from pipeline.importers.fit import Fit
from pipeline.importers.foreign import Survey, rows, survey
from pipeline.questions import Question
from pipeline.store import Store, projects
from pipeline.tasks import questions_of
from pipeline.verbs.import_file import Import

DATA = Path(__file__).parent / "data" / "formats"


def bring(store: Store, path: Path, name: str = "p", **settings: Any) -> dict[str, Any]:
    """Import a file into a project; returns the result of the job."""
    project = projects.get_or_create(store, name)
    job = jobs.run(store, Import(str(path), **settings), project.id)
    assert job.state == "done", job.error
    return dict(job.result)


def leave(store: Store, name: str, tool: str, out: Path, **settings: Any) -> dict[str, int]:
    """Export a project; returns what was lost."""
    return dict(export_to(store, project=name, format=tool, out=out, settings=settings)["losses"])


def held(store: Store, folder: Path, name: str = "p") -> dict[str, dict[str, Any]]:
    """The records of a project by id, as the export of reference has them."""
    out = folder / f"{name}.reference.jsonl"
    export_to(store, project=name, out=out, dropped=True)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n") if line]
    return {row["id"]: row for row in rows}


def by_person(row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The answers of a record without their times, in an order of its own."""
    keys = ("annotator", "question", "state", "value", "comment", "reason")
    return sorted((tuple(one.get(key) for key in keys) for one in row["annotations"]), key=repr)


def said(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The submitted answers of a record: {annotator: {question: value}}."""
    found: dict[str, dict[str, Any]] = {}
    for one in row["annotations"]:
        if one["state"] == "submitted":
            found.setdefault(one["annotator"], {})[one["question"]] = one["value"]
    return found


def marks(spans: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(span["text"], span["label"]) for span in spans]


def asks(store: Store, name: str = "p") -> dict[str, Question]:
    project = projects.get(store, name)
    return {one.name: one for task in projects.tasks(store, project.id) for one in questions_of(task)}


def read_through(path: Path, tool: str, name: str = "") -> Survey | None:
    """What an importer makes of a file, read twice as an import does; None if it refuses the file as a whole."""
    try:
        source = open_source(path, name or path.name)
        importer = choose(source, tool)
        importer.claims(source)
        found = survey(importer, source)  # type: ignore[arg-type]
        found.definition()
        first = [one for batch in rows(importer, source, Fit(found.units.best(), "me")) for one in batch.rows]  # type: ignore[arg-type]
        assert first == [one for batch in rows(importer, source, Fit(found.units.best(), "me")) for one in batch.rows]  # type: ignore[arg-type]
    except FileRefused:
        return None
    return found


def broken(data: bytes, seed: int) -> bytes:
    """The bytes of a file with a few of them changed, dropped or repeated."""
    dice = random.Random(seed)
    made = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(made)) if made else 0
        piece = dice.choice([b"", b"\0", b"\xff", b'"', b"{", b"]", b"-1", b"null", b"\r\n", "😀".encode(), b"9" * 20])
        made[at : at + dice.randint(0, 8)] = piece
    return bytes(made)
