"""What a search for near-duplicates keeps for the next one: signatures, what was looked at, and whom to bring back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import jobs
from pipeline.dedup import signatures
from pipeline.dedup.bands import MOST
from pipeline.dedup.rows import NAME, place, wholes
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signatures import Signatures
from pipeline.domain import Job, Project, Verdict, WorkbenchError
from pipeline.store import Store, families, open_store, projects, verdicts
from pipeline.store import jobs as job_store
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

A = "the quick brown fox jumps over the lazy dog near the river bank today"
B = "a letter about the weather of last week was read aloud to nobody at all"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """A store with a file of its own, so that signatures outlast a search."""
    opened = open_store(tmp_path / "kept.duckdb")
    yield opened
    opened.close()


def fill(store: Store, texts: list[str], project: Project | None = None) -> Project:
    """Add records r1, r2, … behind those that are there."""
    project = project or projects.create(store, "p")
    n = int(store.scalar("SELECT count(*) FROM record"))
    add_records(store, project, texts, ids=[f"r{n + i + 1}" for i in range(len(texts))])
    return project


def search(store: Store, project: Project, **knobs: Any) -> Job:
    return jobs.run(store, Dedupe(**knobs), project.id)


def pairs(store: Store, job: Job) -> list[tuple[str, str]]:
    return [(row["a"], row["b"]) for row in families.pairs(store, job.id).to_pylist()]


def dropped(store: Store) -> list[str]:
    return [row["external_id"] for row in store.rows("SELECT external_id FROM record_now WHERE dropped ORDER BY id")]


def test_a_text_is_signed_once(kept: Store) -> None:
    project = fill(kept, [A, A + " again", B, ""])
    first = search(kept, project, dry_run=True)
    assert (first.result["signed"], first.result["pairs"]) == (4, 1)
    other = search(kept, project, threshold=0.5, dry_run=True)
    assert (other.result["signed"], other.result["pairs"]) == (0, 1)
    assert search(kept, project, shingle="char:5", dry_run=True).result["signed"] == 4
    fill(kept, [B + " twice"], project)
    assert search(kept, project, dry_run=True).result["signed"] == 1


def test_an_edited_text_is_signed_anew_and_an_undone_edit_is_known(kept: Store) -> None:
    project = fill(kept, [A, B])
    assert search(kept, project).result["pairs"] == 0
    edit = verdicts.decide(kept, project.id, "edit", [Verdict(2, "by hand", "edit", "", A)])
    again = search(kept, project, dry_run=True)
    assert (again.result["signed"], again.result["pairs"]) == (1, 1)
    job_store.undo(kept, edit)
    after = search(kept, project, dry_run=True)
    assert (after.result["signed"], after.result["pairs"]) == (0, 0)


def test_signatures_that_are_lost_or_torn_are_made_again(kept: Store) -> None:
    project = fill(kept, [A, A + " again", B])
    wanted = pairs(kept, search(kept, project, dry_run=True))
    keys, least, names = sorted((kept.folder / "signatures").iterdir())
    whole = least.read_bytes()
    zeros = whole[: 2 * MOST] + bytes(2 * MOST) + whole[4 * MOST :]
    for damage, signed in ((whole[:-100], 1), (zeros, 1), (b"", 3)):
        least.write_bytes(damage)
        keys.unlink()  # or the minima would not be looked at
        again = search(kept, project, dry_run=True)
        assert (again.result["signed"], pairs(kept, again)) == (signed, wanted)
        assert search(kept, project, dry_run=True).result["signed"] == 0
    least.write_bytes(zeros)  # now they are looked at only to leave out what is far apart, and are not believed
    again = search(kept, project, dry_run=True)
    assert (again.result["signed"], pairs(kept, again)) == (0, wanted)
    least.write_bytes(whole)
    for file in (keys, names):
        data = file.read_bytes()
        for damage in (data[:-1], data[:-9] + bytes([data[-9] ^ 4]) + data[-8:], b""):
            file.write_bytes(damage)
            again = search(kept, project, dry_run=True)
            assert (again.result["signed"] > 0, pairs(kept, again)) == (file == names, wanted)
    names.unlink()
    assert search(kept, project, dry_run=True).result["signed"] == 3


def test_each_threshold_has_keys_of_its_own_without_signing(kept: Store) -> None:
    project = fill(kept, [A, A + " again", B])
    search(kept, project, threshold=0.8, dry_run=True)
    assert search(kept, project, threshold=0.5, dry_run=True).result["signed"] == 0
    fill(kept, [A + " twice"], project)
    assert search(kept, project, threshold=0.5, dry_run=True).result["signed"] == 1
    again = search(kept, project, threshold=0.8, dry_run=True)
    assert (again.result["signed"], again.result["pairs"]) == (0, 3)


def test_rows_that_nobody_reads_any_more_are_left_out(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    project = fill(kept, [A, A + " again", B, B + " and a word"])
    wanted = pairs(kept, search(kept, project, dry_run=True))
    search(kept, project, threshold=0.5, dry_run=True)
    monkeypatch.setattr(signatures, "SPARE", 1)
    for turn in range(12):
        verdicts.decide(kept, project.id, "edit", [Verdict(3, "by hand", "edit", "", f"{B} in turn {turn}")])
        assert search(kept, project, dry_run=True).result["signed"] == 1
        assert len(Signatures(kept.folder / "signatures", project.id, Shingle("auto", 5)).rows()[0]) <= 10
    verdicts.decide(kept, project.id, "edit", [Verdict(3, "by hand", "edit", "", B)])
    assert pairs(kept, search(kept, project, dry_run=True)) == wanted
    assert search(kept, project, threshold=0.5, dry_run=True).result["signed"] == 0


def test_a_database_that_was_taken_back_does_not_find_the_signatures_of_other_texts(tmp_path: Path) -> None:
    """Numbers are given again after a copy of the file was put back, or after a new file took the name."""
    path, copy = tmp_path / "own.duckdb", tmp_path / "copy"
    store = open_store(path)
    project = fill(store, ["this one is as it always was, and it stays so in every one of the files"])
    store.close()
    shutil.copy(path, copy)
    for source in (None, copy, None):
        if source:
            shutil.copy(source, path)
        store = open_store(path)
        other = [B, "no word here is like any of those over there, whatever they say"]
        project = projects.get(store, "p")
        fill(store, [A, A + " again"] if source else other, project)
        job = search(store, project, dry_run=True)
        assert (job.result["signed"], len(pairs(store, job))) == ((2, 1) if source else (3, 0))
        store.close()
        if source:
            path.unlink()
            store = open_store(path)
            fill(store, ["this one is another one, though its number is the same"])
            store.close()


def test_only_what_is_new_is_compared(kept: Store) -> None:
    project = fill(kept, [A, A + " again", B])
    first = search(kept, project, scope="new")
    assert (first.result["new"], pairs(kept, first), dropped(kept)) == (3, [("r1", "r2")], ["r2"])
    assert search(kept, project, scope="new").result["new"] == 0
    fill(kept, [A + " once more", B + " twice", "something that is like nothing else in here at all"], project)
    second = search(kept, project, scope="new")
    assert second.result["new"] == 3
    assert sorted(pairs(kept, second)) == [("r1", "r4"), ("r3", "r5")]
    assert dropped(kept) == ["r2", "r4", "r5"]
    job_store.undo(kept, second.id)
    assert search(kept, project, scope="new", dry_run=True).result["new"] == 3
    assert search(kept, project, scope="new", threshold=0.9, dry_run=True).result["new"] == 3
    assert search(kept, project, scope="new", threshold=0.5, shingle="word:4", dry_run=True).result["new"] == 5


def test_a_lower_threshold_compares_all_again(kept: Store) -> None:
    project = fill(kept, [A, B])
    search(kept, project, threshold=0.8)
    assert search(kept, project, scope="new", threshold=0.7, dry_run=True).result["new"] == 2


def test_a_near_duplicate_comes_back_when_the_kept_one_goes(kept: Store) -> None:
    project = fill(kept, [A, A + " again", A + " again and", B])
    search(kept, project)
    assert dropped(kept) == ["r2", "r3"]
    verdicts.decide(kept, project.id, "drop", [Verdict(1, "by hand", "drop", "wrong")])
    assert dropped(kept) == ["r1", "r2", "r3"]
    job = search(kept, project, scope="new")
    assert dropped(kept) == ["r1", "r3"]
    assert pairs(kept, job) == [("r2", "r3")]
    job_store.undo(kept, job.id)
    assert dropped(kept) == ["r1", "r2", "r3"]


def test_a_near_duplicate_of_what_was_edited_is_judged_anew(kept: Store) -> None:
    project = fill(kept, [A, A + " again"])
    search(kept, project)
    verdicts.decide(kept, project.id, "edit", [Verdict(1, "by hand", "edit", "", B)])
    search(kept, project)
    assert dropped(kept) == []


def test_a_row_is_found_by_record_and_edit() -> None:
    rows = Signatures(None, 1, Shingle("word", 5))
    rng = np.random.default_rng(0)
    least = rng.integers(0, 1 << 16, (5, MOST), dtype=np.uint16)
    records, edits = np.array([3, 1, 3, 9, 3]), np.array([0, 0, 7, 0, 0])
    assert rows.append(records, edits, np.arange(5), least, wholes(least)) == 0
    names, _, good = rows.rows()
    assert names.dtype == NAME
    assert good.all()
    found = place(names, good, np.array([1, 2, 3, 9]), np.array([0, 0, 7, 1]))
    assert found.tolist() == [1, -1, 2, -1]
    assert place(names, good, np.array([3]), np.array([0])).tolist() == [4]  # the newest
    assert place(names, good & (np.arange(5) != 4), np.array([3]), np.array([0])).tolist() == [0]
    assert rows.append(records, edits, np.arange(5), least, wholes(least)) == 5


def test_a_scope_is_one_that_there_is() -> None:
    with pytest.raises(WorkbenchError, match="all, new"):
        Dedupe(scope="some")
