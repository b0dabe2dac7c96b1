"""Adding an importer or a task is adding one file: this test really adds one of each, and takes them away again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import pipeline.importers
import pipeline.tasks
from pipeline import jobs
from pipeline.importers.base import importers
from pipeline.registry import Registry
from pipeline.store import Store, projects, records
from pipeline.tasks.base import questions_of, tasks
from pipeline.verbs.import_file import Import

NOTES = '''
"""Notes: one record a line, its id before a bar."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.importers.base import Batch, importers


@importers.register
@dataclass(frozen=True, slots=True)
class Notes:
    """Lines such as `7| the text`."""

    name: ClassVar[str] = "notes"
    extensions: ClassVar[tuple[str, ...]] = ("notes",)

    def claims(self, source):
        return 0.6 if source.name.endswith(".notes") else 0.0

    def read(self, source):
        batch = Batch()
        for number, line in source.lines():
            name, bar, text = line.partition("|")
            if bar:
                batch.take(number, {"id": name.strip(), "text": text.strip()})
            else:
                batch.reject(number, "text", "there is no bar in this line")
        yield batch

    def total(self, source):
        return source.line_count
'''
STARS = '''
"""Stars: how many out of three."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.questions import Choice, question_from
from pipeline.tasks.base import tasks


@tasks.register
@dataclass(frozen=True, slots=True)
class Stars:
    """One to three stars."""

    name: ClassVar[str] = "stars"

    def questions(self, definition):
        return [question_from(plain) for plain in definition["questions"]]

    def definition(self, labels):
        return {"questions": [Choice("label", ("1", "2", "3"), "").to_plain()]}
'''


@pytest.fixture
def added(tmp_path: Path) -> Iterator[None]:
    """The two files, as if they lay in their packages, for the time of a test."""
    kinds: list[tuple[ModuleType, Registry, str, str]] = [
        (pipeline.importers, importers, "notes_file", NOTES), (pipeline.tasks, tasks, "stars", STARS),
    ]  # fmt: skip
    for _, registry, _, _ in kinds:
        registry.names()  # all that belong there are loaded, and stay
    before = [(dict(registry._known), set(registry._loaded)) for _, registry, _, _ in kinds]
    for package, _, name, code in kinds:
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        package.__path__.append(str(folder))
    yield
    for (package, registry, name, _), (known, loaded) in zip(kinds, before, strict=True):
        package.__path__.pop()
        sys.modules.pop(f"{package.__name__}.{name}", None)
        registry._known, registry._loaded = known, loaded
    importlib.invalidate_caches()


@pytest.mark.usefixtures("added")
def test_one_file_is_an_importer_and_one_file_is_a_task(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "mine.notes"
    file.write_text("7| a text\nno bar\n8| 另一条\n", encoding="utf-8")
    project = projects.create(store, "p")
    job = jobs.run(store, Import(str(file), task="stars"), project.id)
    assert (job.result["records"], job.result["rejected"]) == (2, 1)
    assert job.result["rejections"] == [{"line": 2, "field": "text", "reason": "there is no bar in this line"}]
    assert [(r["external_id"], r["text"]) for r in records.page(store, project.id)] == [
        ("7", "a text"),
        ("8", "另一条"),
    ]
    (task,) = projects.tasks(store, project.id)
    assert task.kind == "stars"
    assert questions_of(task)[0].labels == ("1", "2", "3")
