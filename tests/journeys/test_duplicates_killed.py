"""A search for near-duplicates that is killed, cancelled, undone or started twice, on real processes and real files."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import jobs
from pipeline.dedup.rows import NAME, place, wholes
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signatures import FORM, Signatures
from pipeline.near import READ, Texts
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.store.jobs import JobRefused
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records
from tests.journeys.conftest import ROOT
from tests.journeys.killing import effects, environment, killed, left, stopped_job, winnow

pytestmark = pytest.mark.timeout(420)

RECORDS = 60_000
CUT = "word:3"

# Each by the report with which it is reached: its note, and how far it is at least, of 2 * RECORDS.
STAGES = {
    "signing": ("reading", READ),
    "comparing": ("comparing", RECORDS * 3 // 2),
    "writing pairs": ("writing", 0),
    "writing members": ("writing", int(1.98 * RECORDS)),
    "all but the last word": ("writing", 2 * RECORDS),
}

# By default one stage before anything is written and one in between; all of them with the slow tests.
FEW = [pytest.param(stage, marks=() if stage in ("signing", "writing pairs") else pytest.mark.slow) for stage in STAGES]


def corpus() -> list[str]:
    rng = random.Random(5)
    words = [f"{a}{b}{c}" for a in "bcdfghjklm" for b in "aeiou" for c in ("n", "rt", "sk", "ll", "x")]
    texts = [" ".join(rng.choices(words, k=rng.randint(12, 30))) for _ in range(RECORDS - 6_000)]
    for i in range(6_000):  # near-duplicates, some of them of one another, far behind what they are like
        own = texts[(i * 7) % 20_000].split()
        texts.append(" ".join([*own[:-1], rng.choice(words)] if i % 3 else own))
    return texts


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one project of RECORDS records in which nothing was searched for yet. Copy it."""
    path = tmp_path_factory.mktemp("big") / "big.duckdb"
    store = open_store(path)
    add_records(store, projects.create(store, "big"), corpus())
    store.close()
    return path


@pytest.fixture(scope="module")
def undisturbed(big: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a search leaves that nobody disturbs."""
    path = tmp_path_factory.mktemp("undisturbed") / "big.duckdb"
    shutil.copy(big, path)
    result = winnow(path, "dedupe", "--project", "big", "--shingle", CUT)
    assert result["signed"] == RECORDS
    assert result["dropped"] > 4_000
    return left(path, result["job"])


@pytest.fixture
def database(big: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(big, tmp_path / "big.duckdb"))


@pytest.fixture
def opened(database: Path) -> Iterator[Store]:
    store = open_store(database)
    yield store
    store.close()


def signed(database: Path) -> int:
    """How many texts lie signed on disk, each row of them whole."""
    folder = database.with_name("big.files") / "signatures"
    if not folder.is_dir():
        return 0
    names, least, good = Signatures(folder, 1, Shingle.parse(CUT)).rows()
    names_in_order = names[np.argsort(names["record"])]
    ids = names_in_order["record"]
    assert len(np.unique(ids)) == len(ids)
    good &= wholes(least) == names["whole"]
    assert (place(names, good, ids, names_in_order["edit"]) >= 0).all()
    return len(ids)


@pytest.mark.parametrize("stage", FEW)
def test_a_killed_search_goes_on_to_the_same_end(stage: str, database: Path, undisturbed: dict[str, Any]) -> None:
    killed(database, "dedupe", {"shingle": CUT}, *STAGES[stage])
    before = signed(database)
    assert 0 < before < RECORDS if stage == "signing" else before == RECORDS
    job = stopped_job(database, "dedupe")
    assert signed(database) == before
    done = winnow(database, "resume", "--job", str(job))
    assert (done["state"], done["signed"]) == ("done", RECORDS - before)
    assert left(database, job) == undisturbed
    assert signed(database) == RECORDS


@pytest.mark.slow
def test_a_search_killed_from_outside_at_any_moment(database: Path, undisturbed: dict[str, Any]) -> None:
    """The command as a person types it; it is killed again and again while it signs, and always goes on."""
    file = database.with_name("big.files") / "signatures" / f"1-word-3.{FORM}.names"
    words, job = ["dedupe", "--project", "big", "--shingle", CUT], 0
    for wanted in (0, READ):
        command = [sys.executable, "-m", "app.cli", "--db", str(database), *words, "--json"]
        child = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + 120
        while child.poll() is None and (file.stat().st_size if file.exists() else 0) <= wanted * NAME.itemsize:
            assert time.monotonic() < until
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        said, why = child.communicate(timeout=30)
        if child.returncode == 0:  # it was done before the signal came
            assert left(database, json.loads(said)["job"]) == undisturbed
            return
        assert child.returncode == -signal.SIGKILL, why
        before = signed(database)
        assert before > wanted
        job = stopped_job(database, "dedupe")
        words = ["resume", "--job", str(job)]
    done = winnow(database, *words)
    assert (done["state"], done["signed"]) == ("done", RECORDS - before)
    assert left(database, job) == undisturbed


@pytest.mark.parametrize("stage", FEW)
def test_a_cancelled_search_leaves_nothing_that_counts(
    stage: str, opened: Store, database: Path, undisturbed: dict[str, Any]
) -> None:
    before = effects(opened)
    project = projects.get(opened, "big")
    asked: list[int] = []

    def watch(done: int, _: int, note: str) -> None:
        if not asked and note == STAGES[stage][0] and done >= STAGES[stage][1]:
            asked.append(done)
            jobs.cancel(opened, job_store.recent(opened, project.id, kind="dedupe")[0].id)

    job = jobs.run(opened, Dedupe(shingle=CUT), project.id, watch)
    assert asked
    if job.state == "done":  # it was asked in its last moment
        assert stage == "all but the last word"
    else:
        assert job.state == "cancelled"
        assert effects(opened) == before
        kept = signed(database)
        assert kept >= READ
        job = jobs.resume(opened, job.id, wait=True)
        assert (job.state, job.result["signed"]) == ("done", RECORDS - kept)
    assert effects(opened) == undisturbed["records"]
    job_store.undo(opened, job.id)
    assert effects(opened) == before
    job_store.redo(opened, job.id)
    assert effects(opened) == undisturbed["records"]


def test_of_two_searches_started_at_once_one_is_refused(opened: Store, undisturbed: dict[str, Any]) -> None:
    project = projects.get(opened, "big")
    gate = threading.Barrier(4)
    started: list[int] = []
    refused: list[str] = []

    def start() -> None:
        gate.wait()
        try:
            started.append(jobs.start(opened, Dedupe(shingle=CUT), project.id))
        except JobRefused as error:
            refused.append(str(error))

    together(start for _ in range(4))
    (job,) = started
    assert refused == [f"Job {job} (dedupe) is still running on this project. Wait for it or cancel it."] * 3
    assert jobs.wait(opened, job).state == "done"
    assert effects(opened) == undisturbed["records"]


def test_two_projects_at_once(opened: Store, undisturbed: dict[str, Any]) -> None:
    other = projects.create(opened, "other")
    texts = corpus()[-10_000:]
    add_records(opened, other, [*texts, *texts], ids=[f"o{i}" for i in range(20_000)])
    both = [jobs.start(opened, Dedupe(shingle=CUT), project.id) for project in (projects.get(opened, "big"), other)]
    ended = [jobs.wait(opened, job) for job in both]
    assert [(job.state, job.result["signed"]) for job in ended] == [("done", RECORDS), ("done", 20_000)]
    assert effects(opened)[:RECORDS] == undisturbed["records"]
    assert ended[1].result["dropped"] >= 10_000


@pytest.mark.slow
def test_the_same_texts_signed_from_many_threads_are_signed_once(opened: Store, database: Path) -> None:
    """By one kind of shingle and by another at the same time; each file is whole afterwards."""
    project = projects.get(opened, "big").id
    made: dict[str, list[int]] = {CUT: [], "char:4": []}  # by shingle: how many texts each thread has signed

    def sign(shingle: str) -> None:
        with Texts(opened, project, Shingle.parse(shingle)) as texts:
            made[shingle].append(texts.sign(0.8))

    together((lambda shingle=shingle: sign(shingle)) for shingle in [*made, *made])
    assert [sorted(counts) for counts in made.values()] == [[0, RECORDS], [0, RECORDS]]
    assert signed(database) == RECORDS


def test_a_second_process_is_told_that_the_database_is_in_use(opened: Store, database: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "--db", str(database), "dedupe", "--project", "big"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "in use" in done.stderr.replace("\n", " ") or "open" in done.stderr, done.stderr
    assert effects(opened)[0][1]


def together(works: Any) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
