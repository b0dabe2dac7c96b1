"""The other searches that are killed or cancelled, on real processes and real files: short texts inside long ones, texts
that say the same, leaks. (The search for near-duplicates has a file of its own.)"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline import jobs
from pipeline.jobs import verbs
from pipeline.meaning import READ
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from tests.conftest import add_records
from tests.journeys.killing import effects, killed, written
from tests.meanings import SAME

pytestmark = pytest.mark.timeout(420)

SOON = 5.0  # seconds in which a worker that nobody needs any more is gone, on a busy machine


@dataclass(frozen=True)
class Search:
    """A verb with its values, on so many records. Stages: the report with which each is reached, its note and the least
    share of the way; the first is the one that takes longest, then from the first row written to the last word."""

    verb: str
    values: dict[str, Any]
    records: int
    stages: dict[str, tuple[str, float]]


WRITING = {"writing pairs": ("writing", 0.0), "writing the rest": ("writing", 0.98), "the last word": ("writing", 1.0)}
SEARCHES = {
    "contained": Search("dedupe", {"mode": "contained", "shingle": "word:3"}, 6_000, {
        "looking": ("comparing", 0.6), "found": ("comparing", 0.9), **WRITING,
    }),
    "semantic": Search("semantic", {"threshold": 0.6}, READ + 64, {
        "embedding": ("reading the meanings", 0.3), "comparing": ("comparing", 0.5), **WRITING,
    }),
    "leaks": Search("leaks", {"against": "project:bench", "drop": True}, 6_000, {
        "comparing": ("comparing", 0.4), "reading": ("reading", 0.1), **WRITING,
    }),
}  # fmt: skip
EVERY = [(name, stage) for name, search in SEARCHES.items() for stage in search.stages]
FEW = [pytest.param(*one, marks=() if one[1] == next(iter(SEARCHES[one[0]].stages)) else pytest.mark.slow)
       for one in EVERY]  # fmt: skip


def corpus(records: int) -> list[str]:
    """Long texts, parts of a third of them, and sentences that say the same in twos."""
    rng = random.Random(5)
    words = [f"{a}{b}{c}" for a in "bcdfghjklm" for b in "aeiou" for c in ("n", "rt", "sk", "ll", "x")]
    same = list(chain(*SAME))
    long = [" ".join(rng.choices(words, k=rng.randint(30, 50))) for _ in range((records - len(same)) * 3 // 4)]
    inside = [" ".join(text.split()[5:25]) for text in long[: records - len(same) - len(long)]]
    return [*long, *inside, *same]


def reach(search: Search, stage: str) -> tuple[str, int]:
    """The note and the count of the report with which a stage is reached. Leaks count both sides, others each twice."""
    note, share = search.stages[stage]
    return note, int(share * 2 * search.records)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The database for a search, in which nothing was looked for yet. Copy it."""
    made: dict[str, Path] = {}

    def prepare(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name) / "big.duckdb"
            store = open_store(made[name])
            texts = corpus(SEARCHES[name].records)
            add_records(store, projects.create(store, "big"), texts)
            bench = [text.upper() if at % 2 else f"{text} more" for at, text in enumerate(texts[:1_000])]
            filler = [f"{at} texts that leak nowhere {at}" for at in range(len(texts) - len(bench))]
            add_records(store, projects.create(store, "bench"), [*bench, *filler])
            store.close()
        return made[name]

    return prepare


@pytest.fixture(scope="module")
def undisturbed(
    prepared: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, Any]]:
    """What a search leaves that nobody disturbs."""
    made: dict[str, dict[str, Any]] = {}

    def search(name: str) -> dict[str, Any]:
        if name not in made:
            store = open_store(shutil.copy(prepared(name), tmp_path_factory.mktemp(name) / "big.duckdb"))
            job = jobs.run(store, made_of(name), projects.get(store, "big").id)
            assert job.result["pairs"] >= 14
            made[name] = written(store, job.id)
            assert made[name]["verdicts"]
            store.close()
        return made[name]

    return search


@pytest.fixture
def database(prepared: Callable[[str], Path], name: str, tmp_path: Path) -> Path:
    return Path(shutil.copy(prepared(name), tmp_path / "big.duckdb"))


@pytest.fixture
def opened(database: Path) -> Iterator[Store]:
    store = open_store(database)
    yield store
    store.close()


def made_of(name: str) -> Any:
    return verbs.get(SEARCHES[name].verb)(**SEARCHES[name].values)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def soon(happened: Callable[[], bool], seconds: float = SOON) -> bool:
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(("name", "stage"), FEW)
def test_a_killed_search_goes_on_to_the_same_end(name: str, stage: str, database: Path, undisturbed: Any) -> None:
    search = SEARCHES[name]
    workers = killed(database, search.verb, search.values, *reach(search, stage))
    assert bool(workers) == (stage == "embedding")
    assert all(soon(lambda pid=pid: gone(pid)) for pid in workers)
    store = open_store(database)
    assert job_store.mark_stopped(store) == 1
    (job,) = job_store.recent(store, projects.get(store, "big").id, kind=search.verb)
    assert job.state == "stopped"
    assert not any(row[2] or row[5] for row in effects(store))
    done = jobs.resume(store, job.id, wait=True)
    assert done.state == "done"
    if name == "semantic":
        assert done.result["embedded"] == (search.records - READ if stage == "embedding" else 0)
    assert written(store, job.id) == undisturbed(name)
    store.close()


@pytest.mark.parametrize(("name", "stage"), FEW)
def test_a_cancelled_search_leaves_nothing_that_counts(name: str, stage: str, opened: Store, undisturbed: Any) -> None:
    before = effects(opened)
    project, (note, far) = projects.get(opened, "big"), reach(SEARCHES[name], stage)
    asked: list[list[psutil.Process]] = []
    began = 0.0

    def watch(done: int, _: int, now: str) -> None:
        nonlocal began
        if not asked and now == note and done >= far:
            asked.append([one for one in psutil.Process().children() if "training.embed" in one.cmdline()])
            began = time.monotonic()
            jobs.cancel(opened, job_store.recent(opened, project.id)[0].id)

    job = jobs.run(opened, made_of(name), project.id, watch)
    assert len(asked) == 1
    assert time.monotonic() - began < SOON
    assert len(asked[0]) == (stage == "embedding")
    assert all(gone(worker.pid) for worker in asked[0])
    if job.state == "cancelled":
        assert effects(opened) == before
        job = jobs.resume(opened, job.id, wait=True)
    assert job.state == "done"
    assert written(opened, job.id) == undisturbed(name)
    job_store.undo(opened, job.id)
    assert effects(opened) == before
    job_store.redo(opened, job.id)
    assert effects(opened) == undisturbed(name)["records"]


@pytest.mark.parametrize("name", ["semantic"])
def test_a_worker_that_loads_its_model_ends_when_the_search_is_cancelled(name: str, opened: Store) -> None:
    """Which takes it seconds, and there is nothing that it could look at meanwhile."""
    job = jobs.start(opened, made_of(name), projects.get(opened, "big").id)
    workers: list[psutil.Process] = []

    def there() -> bool:
        workers.extend(one for one in psutil.Process().children() if "training.embed" in one.cmdline())
        return bool(workers)

    assert soon(there, 30)
    assert os.getpid() == workers[0].ppid()
    began = time.monotonic()
    jobs.cancel(opened, job)
    assert jobs.wait(opened, job, 60).state == "cancelled"
    assert time.monotonic() - began < SOON
    assert gone(workers[0].pid)
    assert opened.scalar("SELECT count(*) FROM pair") == 0
