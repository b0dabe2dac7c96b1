"""The sample: its files say what its README says, and it loads with its task and true labels."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest

from pipeline import sample
from pipeline.domain import WorkbenchError
from pipeline.store import Store, projects, records


def test_it_loads_quickly_once_and_with_its_task(store: Store) -> None:
    start = time.perf_counter()
    loaded = sample.load(store)
    assert time.perf_counter() - start < 10  # about 1 s alone on two cores
    assert [project.name for project in loaded] == ["reviews-en", "reviews-zh"]
    for project in loaded:
        assert records.count(store, project.id) == 2020
        (task,) = projects.tasks(store, project.id)
        assert task.definition["questions"][0]["labels"] == ["negative", "positive"]
        assert "**positive**" in task.guideline
    assert sample.load(store) == loaded
    assert store.scalar("SELECT count(*) FROM record") == 4040


def test_the_truth_is_apart_and_fits(store: Store) -> None:
    for project in sample.load(store):
        with Path(project.meta["truth"]).open(encoding="utf-8", newline="") as file:
            truth = {row["id"]: row["label"] for row in csv.DictReader(file)}
        assert set(truth.values()) == {"negative", "positive"}
        rows = {row["external_id"]: row for row in records.page(store, project.id, limit=5000)}
        assert truth.keys() < rows.keys()
        assert all(not rows[name]["text"].strip(" \n\u3000\u200b") for name in rows.keys() - truth.keys())
        assert all(set(row["meta"]) == {"source"} for row in rows.values())


def test_the_dirt_is_in(store: Store) -> None:
    english, chinese = ([row["text"] for row in records.page(store, one.id, limit=5000)] for one in sample.load(store))
    for texts, mojibake in ((english, "â€™"), (chinese, "ç\x9a\x84")):
        assert len(texts) - len(set(texts)) >= 76
        assert sum("</" in text or "<br" in text or "&nbsp;" in text for text in texts) > 100
        assert sum(mojibake in text for text in texts) >= 10
        assert sum("\u200b" in text for text in texts) > 20
        assert sum("example." in text and "@" in text for text in texts) > 5


def test_a_missing_file_is_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sample, "FOLDER", tmp_path)
    with pytest.raises(WorkbenchError, match=r"there is no .*reviews-en\.csv"):
        sample.load(store)
    assert projects.all_projects(store) == []


def test_the_files_are_small_and_whole() -> None:
    assert sum(file.stat().st_size for file in sample.FOLDER.iterdir() if file.is_file()) < 1_500_000
    for line in (sample.FOLDER / "reviews-zh.jsonl").read_text(encoding="utf-8").split("\n")[:-1]:
        assert set(json.loads(line)) == {"id", "text", "source"}
