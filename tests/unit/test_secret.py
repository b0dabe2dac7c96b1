"""The store's own secret: made once, for its owner only, given to the steps that ask for one, and kept nowhere else."""

from __future__ import annotations

import hashlib
import logging
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline import jobs
from pipeline.domain import Edit, WorkbenchError
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.store import Store, open_store, projects, secret
from pipeline.store import jobs as job_store
from pipeline.verbs.clean import Clean
from tests.conftest import Fill, add_records


@dataclass(frozen=True, slots=True)
class Hashed:
    """Put a keyed hash in the place of every text that is none yet."""

    name: ClassVar[str] = "hashed"
    secret: ClassVar[str] = "key"  # noqa: S105 - the name of the setting
    key: str = knob("", "The secret.")

    def judge(self, text: str) -> Edit | None:
        if text == "raise":
            raise ZeroDivisionError
        if len(text) == 64:
            return None
        return Edit(hashlib.blake2b(text.encode(), key=self.key.encode(), digest_size=32).hexdigest(), "hashed")


@pytest.fixture(autouse=True)
def hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    steps.names()
    monkeypatch.setitem(steps._known, "hashed", Hashed)


@pytest.fixture
def kept(tmp_path: Path):
    store = open_store(tmp_path / "w.duckdb")
    yield store
    store.close()


def test_it_is_made_once_for_its_owner_only(kept: Store) -> None:
    assert not secret.path(kept).exists()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(secret.secret(kept))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(found[0]) == 64
    assert stat.S_IMODE(secret.path(kept).stat().st_mode) == 0o600
    assert [file.name for file in secret.path(kept).parent.glob("*.secret*")] == ["w.secret"]


def test_two_databases_have_two(kept: Store, tmp_path: Path, store: Store) -> None:
    other = open_store(tmp_path / "v.duckdb")
    assert len({secret.secret(one) for one in (kept, other, store)}) == 3
    assert secret.secret(store) == secret.secret(store)
    other.close()


def test_a_step_has_it_and_the_job_has_not(kept: Store, caplog: pytest.LogCaptureFixture) -> None:
    project = projects.create(kept, "p")
    add_records(kept, project, ["Anna"])
    with caplog.at_level(logging.DEBUG):
        job = jobs.run(kept, Clean([["hashed", {}]]), project.id)
        add_records(kept, project, ["raise"])
        with pytest.raises(WorkbenchError, match="hashed failed") as told:
            jobs.run(kept, Clean([["hashed", {}]]), project.id)
    own = secret.secret(kept)
    (text,) = [row["text"] for row in kept.rows("SELECT text FROM record_now WHERE id = 1")]
    assert text == Hashed(own).judge("Anna").text
    assert job.params["steps"] == [["hashed", {}]]
    rows = kept.rows("SELECT CAST(j AS VARCHAR) AS every FROM job j")
    assert not [row for row in rows if own in row["every"]]
    assert own not in caplog.text + str(told.value) + told.value.trace
    assert job_store.get(kept, job.id).params["steps"] == [["hashed", {}]]


def test_one_that_is_given_is_taken(store: Store, fill: Fill) -> None:
    project = fill(["Anna"])
    jobs.run(store, Clean([["hashed", {"key": "mine"}]]), project.id)
    assert store.scalar("SELECT text FROM record_now") == Hashed("mine").judge("Anna").text


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_a_damaged_one_is_a_sentence(kept: Store, content: bytes) -> None:
    secret.path(kept).write_bytes(content)
    with pytest.raises(WorkbenchError, match="is damaged"):
        secret.secret(kept)
    assert secret.path(kept).read_bytes() == content
