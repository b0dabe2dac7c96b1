"""The whole loop, headless, on the sample data: what a person does on the pages, with a simulated annotator."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline import jobs, runs, sample
from pipeline.domain import WorkbenchError
from pipeline.jobs import verbs
from pipeline.recipe import find
from pipeline.store import Store, open_store, projects, records

Watcher = Callable[[int, int, str], None]
SETTINGS = {
    "en": {"recipe": "default", "shingle": "word:3", "augmenter": "synonym"},
    "zh": {"recipe": "chinese", "shingle": "char:5", "augmenter": ""},
}


def walk(folder: Path | None, language: str, watcher: Watcher | None = None) -> dict[str, Any]:
    """Import, clean, deduplicate, augment, label, freeze, train and find the errors.

    Returns {"records", "dropped", "pairs", "families", "augmented", "version", "run", "metrics", "errors", "annotator",
    "seconds": {step: s}}. Works in `folder`, or in a temporary one that is removed.
    """
    if language not in SETTINGS:
        raise WorkbenchError(f"There is no sample in '{language}'. Choose one of: {', '.join(SETTINGS)}.")
    if folder is not None:
        return _walk(folder, language, watcher)
    with tempfile.TemporaryDirectory(prefix="winnow-demo-") as temporary:
        return _walk(Path(temporary), language, watcher)


def _walk(folder: Path, language: str, watcher: Watcher | None) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    settings = SETTINGS[language]
    store = open_store(folder / "demo.duckdb")
    try:
        with _timed(seconds, "import"):
            sample.load(store)
        project = projects.get(store, f"reviews-{language}")
        do = _Doer(store, project.id, seconds, watcher)
        do("clean", {"steps": find(settings["recipe"]).plain()})
        found = do("dedupe", {"shingle": settings["shingle"], "threshold": 0.7})
        labelled = do("simulate", {"truth": str(sample.truth(project))})
        augmented = 0
        if settings["augmenter"]:
            made = do("augment", {"augmenter": settings["augmenter"], "knobs": {}, "limit": 400})
            augmented = made["augmented"]
        frozen = do("freeze", {})
        with _timed(seconds, "train"):
            run = runs.train(store, frozen["version"], wait=True, watcher=watcher)
        return {
            "records": records.count(store, project.id, records.RecordFilter(state="original")),
            "dropped": records.count(store, project.id, records.RecordFilter(state="dropped")),
            "pairs": found["pairs"], "families": found["families"], "augmented": augmented,
            "annotations": labelled["annotations"], "annotator": "simulated (from the sample's true labels)",
            "version": frozen["version"], "run": run["run"], "metrics": run["metrics"],
            "errors": len(runs.errors(store, run["run"])), "path": run["path"],
            "seconds": {step: round(taken, 2) for step, taken in seconds.items()},
        }  # fmt: skip
    finally:
        store.close()


class _Doer:
    """Runs verbs of one project as jobs and keeps their times."""

    def __init__(self, store: Store, project_id: int, seconds: dict[str, float], watcher: Watcher | None) -> None:
        self._store, self._project_id, self._seconds, self._watcher = store, project_id, seconds, watcher

    def __call__(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        with _timed(self._seconds, name):
            job = jobs.run(self._store, verbs.get(name)(**values), self._project_id, self._watcher)
        return dict(job.result)


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    seconds[name] = time.monotonic() - start
