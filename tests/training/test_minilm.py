"""The installed pre-trained encoder itself, for a few steps."""

from __future__ import annotations

from pathlib import Path

from pipeline import runs
from tests.training.conftest import EIGHT


def test_the_installed_encoder_trains(store, make_version) -> None:
    version = make_version(EIGHT, EIGHT[:2], EIGHT[2:4])
    result = runs.train(store, version, knobs={"epochs": 3, "batch_size": 4})
    report = runs.report(Path(result["path"]))
    assert report["recipe"] == "encoder"
    assert report["model"] == "all-MiniLM-L6-v2"
    assert report["parameters"] > 22_000_000
    assert result["metrics"]["accuracy"] >= 0.5
