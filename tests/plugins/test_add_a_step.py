"""Adding a cleaning step is adding one file: this test really adds one, and takes it away again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline.steps
from pipeline import jobs
from pipeline.knobs import KnobError, build, knobs_of
from pipeline.recipe import load
from pipeline.steps.base import steps
from pipeline.store import Store, records
from pipeline.verbs.clean import Clean
from tests.conftest import Fill

SHOUTING = '''
"""Texts in capital letters."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Edit
from pipeline.knobs import knob
from pipeline.steps.base import steps


@steps.register
@dataclass(frozen=True, slots=True)
class Shouting:
    """Lower the voice of texts that are all capitals."""

    name: ClassVar[str] = "shouting"
    min: int = knob(5, "Shorter texts may shout.", low=1, high=100)

    def judge(self, text):
        if len(text) < self.min or not text.isupper():
            return None
        return Edit(text.capitalize(), "capitals lowered")
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose files count as steps for the time of a test."""
    modules, known, loaded = set(sys.modules), dict(steps._known), set(steps._loaded)
    pipeline.steps.__path__.append(str(tmp_path))
    yield tmp_path
    pipeline.steps.__path__.remove(str(tmp_path))
    for name in set(sys.modules) - modules:
        if name.startswith("pipeline.steps."):
            del sys.modules[name]
    steps._known, steps._loaded = known, loaded
    importlib.invalidate_caches()


def test_one_file_is_a_step(folder: Path, store: Store, fill: Fill) -> None:
    before = steps.names()
    (folder / "shouting.py").write_text(SHOUTING, encoding="utf-8")
    assert steps.names() == sorted([*before, "shouting"])

    plugin = steps.get("shouting")
    assert [(knob.name, knob.type, knob.default, knob.low, knob.high) for knob in knobs_of(plugin)] == [
        ("min", int, 5, 1, 100)
    ]
    with pytest.raises(KnobError, match="the most it takes is 100"):
        build(plugin, {"min": 101})

    project = fill(["STOP SHOUTING", "quiet", "OK"])
    recipe = load("steps:\n- shouting: {min: 3}\n- whitespace\n")
    job = jobs.run(store, Clean(recipe.plain()), project.id)
    assert job.result["edited"] == {"shouting": 1}
    assert [row["text"] for row in records.page(store, project.id)] == ["Stop shouting", "quiet", "OK"]


def test_a_broken_file_is_not_passed_over(folder: Path) -> None:
    (folder / "broken_step.py").write_text("import nosuchmodule\n", encoding="utf-8")
    with pytest.raises(ModuleNotFoundError, match="nosuchmodule"):
        steps.names()


def test_a_name_is_used_once(folder: Path) -> None:
    steps.names()
    (folder / "second_html.py").write_text(SHOUTING.replace('"shouting"', '"html"'), encoding="utf-8")
    with pytest.raises(TypeError, match="Two steps are named 'html'"):
        steps.names()


def test_a_step_without_help_is_refused(folder: Path) -> None:
    silent = SHOUTING.replace('    """Lower the voice of texts that are all capitals."""\n', "").replace(
        "@dataclass(frozen=True, slots=True)\n", ""
    )
    (folder / "silent.py").write_text(silent, encoding="utf-8")
    with pytest.raises(TypeError, match="needs a `name` and a docstring"):
        steps.names()


def test_the_registry_is_as_before() -> None:
    assert "shouting" not in steps.names()
    assert "html" in steps.names()
