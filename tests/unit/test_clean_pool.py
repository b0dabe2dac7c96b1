"""Text steps in processes: the same verdicts in the same order as here, and no process that outlives its work."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs, recipe
from pipeline.domain import JobCancelled, WorkbenchError
from pipeline.recipe import Recipe
from pipeline.steps.base import TextStep, steps
from pipeline.steps.chain import StepFailed
from pipeline.steps.pool import Here, Pool, WorkerEnded
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.verbs import clean_texts
from pipeline.verbs.clean import Clean
from tests.conftest import Fill, add_records
from tests.odd_steps import Dull, Odd

ROOT = Path(__file__).parents[2]
CHAIN = [step for step in recipe.named("default").built() if isinstance(step, TextStep)]
PIECES = st.sampled_from(
    [
        "<b>x</b>",
        "&amp;",
        "  ",
        "\u200b",
        "â€™",
        "n/a",
        "\n\n\n",
        "中文",
        "a@b.cn",
        "e\u0301",
        "\x00",
        "\r\n",
        "😀",
        "浣犲ソ",
    ]
)
TEXT = st.one_of(st.just(""), st.lists(PIECES, max_size=5).map("".join), st.text(max_size=8))


def batch(texts: list[str], first: int = 1) -> pa.Table:
    return pa.table(
        {"id": pa.array(range(first, first + len(texts)), pa.int64()), "text": pa.array(texts, pa.string())}
    )


def dead(pids: list[int], seconds: float = 3) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.05)
    return False


def workers_of(process: psutil.Process) -> list[int]:
    return [child.pid for child in process.children() if "pipeline.steps.worker" in child.cmdline()]


def test_processes_say_what_one_thread_says() -> None:
    @settings(max_examples=60, deadline=None)
    @given(batches=st.lists(st.lists(TEXT, min_size=1, max_size=6), max_size=12))
    def check(batches: list[list[str]]) -> None:
        tables = [batch([t.encode(errors="replace").decode() for t in one], 10 * n) for n, one in enumerate(batches)]
        by_pool = list(pool.judge(tables, lambda: None))
        here = list(Here(CHAIN).judge(tables, lambda: None))
        assert [one.to_pylist() for one, _ in by_pool] == [one.to_pylist() for one, _ in here]
        assert [said.to_pylist() for _, said in by_pool] == [said.to_pylist() for _, said in here]

    with Pool(CHAIN, 2) as pool:
        check()
        pids = pool.pids
    assert dead(pids, 0.5)


def asked(texts: list[list[str]], chain: list[TextStep], waiting: Callable[[], None] = lambda: None) -> list[list[Any]]:
    with Pool(chain, 2) as pool:
        given = (batch(one, 10 * n) for n, one in enumerate(texts, 1))
        return [said.to_pylist() for _, said in pool.judge(given, waiting)]


@pytest.mark.parametrize(
    ("word", "kind", "what"),
    [
        ("raise", StepFailed, r"The step odd failed on record id=32 \(ZeroDivisionError: by nothing\)"),
        ("half", StepFailed, r"The step odd failed on record id=32 \(it made half a character"),
        ("die", WorkerEnded, r"the step odd judged record id=32 ended suddenly \(exit status -9\)"),
    ],
)
def test_what_happens_in_a_process_is_told_with_the_step_and_the_record(word: str, kind: type, what: str) -> None:
    texts = [["a", "b"], ["c"], ["d", "e", word, "f"], *([["g"]] * 30)]
    with pytest.raises(kind, match=what) as told:
        asked(texts, [Dull(), Odd()])
    assert word != "raise" or "odd_steps.py" in told.value.trace


def test_what_a_step_prints_does_not_fall_among_the_answers() -> None:
    assert asked([["print", "slow a"]], [Odd()]) == [
        [{"record_id": 11, "step": "odd", "kind": "edit", "reason": "made quick", "text": "a"}]
    ]


def test_a_text_that_takes_for_ever_can_be_cancelled() -> None:
    began, pids = time.monotonic(), []

    def waiting() -> None:
        pids[:] = workers_of(psutil.Process()) or pids
        if time.monotonic() - began > 2.5:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        asked([["hang"], ["hang"]], [Odd()], waiting)
    assert time.monotonic() - began < 5
    assert len(pids) == 2
    assert dead(pids, 0.5)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool for the smallest project, and many pieces and transactions."""
    monkeypatch.setattr(clean_texts, "POOL_FROM", 0)
    monkeypatch.setattr(clean_texts, "RECORDS", 50)
    monkeypatch.setattr(clean_texts, "PIECE", (7, 300))
    monkeypatch.setitem(steps._known, "odd", Odd)


def said(store: Store, job_id: int, less: int = 0) -> list[tuple[Any, ...]]:
    rows = store.rows("SELECT record_id, step, kind, reason, text FROM verdict WHERE job_id = ? ORDER BY id", [job_id])
    return [(row["record_id"] - less, *list(row.values())[1:]) for row in rows]


TEXTS = ["<p>Great &amp; good</p>", "slow  text", "n/a", "x", "long " * 100, "", "中文  文本", "write to a@b.org"]


@pytest.mark.usefixtures("small")
def test_a_job_in_processes_does_what_a_job_here_does(store: Store, fill: Fill) -> None:
    project = fill([f"{text} {n // 16}" for n, text in enumerate(TEXTS * 40)])
    plain = [["html", {}], ["odd", {}], ["exact_duplicates", {}], ["whitespace", {}], ["empty", {}], ["length", {}]]
    made = [jobs.run(store, Clean(plain, dry_run=True, processes=n), project.id) for n in (1, 2, 3)]
    assert len(said(store, made[0].id)) > 300
    for other in made[1:]:
        assert said(store, other.id) == said(store, made[0].id)
        assert (other.result, other.cursor) == (made[0].result, made[0].cursor)
    assert workers_of(psutil.Process()) == []


@pytest.mark.usefixtures("small")
def test_progress_only_rises_and_a_cancelled_job_leaves_no_process(store: Store, fill: Fill) -> None:
    project = fill([f"slow {n}" for n in range(2000)])
    job_id = jobs.start(store, Clean([["odd", {}]]), project.id)
    seen = [0]
    while len(set(seen)) < 4:
        seen.append(job_store.get(store, job_id).done)
        time.sleep(0.05)
    pids = workers_of(psutil.Process())
    assert len(pids) == 2
    jobs.cancel(store, job_id)
    began = time.monotonic()
    assert jobs.wait(store, job_id).state == "cancelled"
    assert time.monotonic() - began < 2
    assert seen == sorted(seen)
    assert dead(pids, 1)
    assert len(said(store, jobs.resume(store, job_id, wait=True).id)) == 2000


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("processes", [-1, 257])
def test_a_number_of_processes_that_cannot_be_is_a_sentence(store: Store, fill: Fill, processes: int) -> None:
    with pytest.raises(WorkbenchError, match=f"{processes} processes cannot be used"):
        jobs.run(store, Clean([["html", {}]], processes=processes), fill(["a"]).id)


SCRIPT = """
import sys
from pipeline import jobs
from pipeline.steps.base import steps
from pipeline.store import open_store
from pipeline.verbs import clean_texts
from pipeline.verbs.clean import Clean
from tests.odd_steps import Odd
steps.names()
steps._known["odd"] = Odd
clean_texts.POOL_FROM, clean_texts.RECORDS, clean_texts.PIECE = 0, 50, (7, 300)
jobs.run(open_store(sys.argv[1]), Clean([["odd", {}], ["whitespace", {}]]), 1, lambda done, *_: print(done, flush=True))
"""


def killed_at(database: Path, done: int) -> list[int]:
    """Clean project 1 in a process of its own and kill that at so many records. Returns its workers."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(database)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= done:
            break
    pids = workers_of(psutil.Process(process.pid))
    process.kill()
    process.wait()
    process.stdout.close()
    return pids


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "done", [300, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 49, 51, 120, 555, 799, 901))]
)
def test_a_job_killed_in_its_pool_goes_on_and_its_workers_are_gone(tmp_path: Path, done: int) -> None:
    texts = [f"slow text  {n} " if n % 3 else f"text   {n}" for n in range(1000)]
    database = tmp_path / "w.duckdb"
    store = open_store(database)
    for name in ("killed", "whole"):
        add_records(store, projects.create(store, name), texts)
    store.close()
    pids = killed_at(database, done)
    assert len(pids) == 2
    assert dead(pids, 2)
    store = open_store(database)
    job_store.mark_stopped(store)
    (stopped,) = job_store.recent(store, 1, kind="clean")
    assert stopped.state == "stopped"
    assert stopped.cursor.get("seen", 0) % 50 == 0
    assert len(said(store, stopped.id)) < 1600
    resumed = jobs.resume(store, stopped.id, wait=True)
    undisturbed = jobs.run(store, Clean([["odd", {}], ["whitespace", {}]], processes=1), 2)
    assert said(store, resumed.id) == said(store, undisturbed.id, less=1000)
    assert resumed.result == undisturbed.result
    store.close()


HANG = """
import pyarrow as pa
from pipeline.steps.pool import Pool
from tests.odd_steps import Odd
with Pool([Odd()], 2) as pool:
    print(*pool.pids, flush=True)
    tables = [pa.table({"id": [n], "text": ["hang"]}) for n in (1, 2)]
    list(pool.judge(tables, lambda: print("at work", flush=True)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker ends after its text")
def test_a_worker_that_hangs_in_a_text_dies_with_its_parent() -> None:
    process = subprocess.Popen([sys.executable, "-c", HANG], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    until = time.monotonic() + 20
    while time.monotonic() < until and not all(psutil.Process(pid).cpu_times().user > 0.5 for pid in pids):
        process.stdout.readline()
    assert workers_of(psutil.Process(process.pid)) == pids
    process.kill()
    process.wait()
    process.stdout.close()
    assert dead(pids, 2)


def test_the_recipe_travels_to_a_process_with_its_settings() -> None:
    chain = Recipe.of([["length", {"min": 4, "unit": "words"}]]).built()
    assert asked([["one two three", "one two three four"]], chain)[0][0]["reason"] == "too few words: < 4"
