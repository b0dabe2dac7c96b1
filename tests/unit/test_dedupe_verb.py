"""The verb: what it writes, what it says, and that undo gives back exactly the records of before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline import jobs
from pipeline.dedup import engine
from pipeline.domain import JobCancelled, Project, Verdict, WorkbenchError
from pipeline.store import Store, families, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.families import FamilyFilter
from pipeline.store.records import RecordFilter
from pipeline.verbs import findings
from pipeline.verbs.dedupe import Dedupe

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
TEXTS = [A, A + " again", "something else entirely that nobody else has ever written down", A, "", "  "]


def now(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM record_now ORDER BY id")


def test_it_keeps_one_of_a_family_and_says_why(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill(TEXTS)
    target = tmp_path / "pairs.parquet"
    job = jobs.run(store, Dedupe(threshold=0.8, pairs_file=str(target)), project.id)
    assert {key: job.result[key] for key in ("pairs", "families", "dropped")} == {
        "pairs": 3,
        "families": 1,
        "dropped": 2,
    }
    assert job.result["seconds"] > 0
    dropped = [row for row in now(store) if row["dropped"]]
    assert [(row["external_id"], row["dropped_by"], row["dropped_why"]) for row in dropped] == [
        ("r2", "dedupe", "near-duplicate of r1 (similarity 0.909)"),
        ("r4", "dedupe", "near-duplicate of r1 (similarity 1.000)"),
    ]
    rows = pq.read_table(target)
    assert rows.column_names == ["a", "b", "jaccard"]
    assert rows.to_pylist() == [
        {"a": "r1", "b": "r2", "jaccard": 10 / 11}, {"a": "r1", "b": "r4", "jaccard": 1.0},
        {"a": "r2", "b": "r4", "jaccard": 10 / 11},
    ]  # fmt: skip
    assert records.count(store, project.id, RecordFilter.parse("step=dedupe")) == 2


def test_undo_and_redo(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    before = now(store)
    job = jobs.run(store, Dedupe(), project.id)
    after = now(store)
    assert before != after
    job_store.undo(store, job.id)
    assert now(store) == before
    job_store.redo(store, job.id)
    assert now(store) == after


def test_a_dry_run_changes_nothing_until_it_is_applied(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    before = now(store)
    job = jobs.run(store, Dedupe(dry_run=True), project.id)
    assert job.state == "preview"
    assert now(store) == before
    (family,) = families.page(store, job.id)
    assert [member.dropped for member in (family.kept, *family.others)] == [False, True, True]
    job_store.redo(store, job.id)
    assert sum(row["dropped"] for row in now(store)) == 2


@pytest.mark.parametrize(("policy", "kept"), [("first", "r1"), ("longest", "r2"), ("labelled", "r1")])
def test_keep_policies(store: Store, fill: Fill, policy: str, kept: str) -> None:
    project = fill(TEXTS)
    job = jobs.run(store, Dedupe(keep=policy), project.id)
    (family,) = families.page(store, job.id)
    assert family.kept.external_id == kept


def test_a_labelled_record_is_kept(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    store.transact(
        lambda cursor: cursor.execute(
            "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state) "
            "SELECT 'e', id, 1, 'ann', 'submitted' FROM record WHERE external_id = 'r4'"
        )
    )
    job = jobs.run(store, Dedupe(keep="labelled"), project.id)
    (family,) = families.page(store, job.id)
    assert (family.kept.external_id, family.kept.labelled) == ("r4", True)


def test_a_chain_does_not_swallow_what_is_unlike(store: Store, fill: Fill) -> None:
    words = [f"w{i}" for i in range(30)]
    chain = [" ".join(words[start : start + 20]) for start in (0, 2, 4)]  # neighbours share 18 of 22, the ends 16 of 24
    project = fill(chain)
    job = jobs.run(store, Dedupe(threshold=0.75, shingle="word:1"), project.id)
    assert (job.result["pairs"], job.result["dropped"], job.result["kept_unlike"]) == (2, 1, 1)
    assert [row["dropped"] for row in now(store)] == [False, True, False]
    assert families.count(store, job.id, FamilyFilter(chains=True)) == 1


def test_dropped_and_augmented_records_stay_out(store: Store, fill: Fill) -> None:
    project = fill([A, A, A])
    first = records.ids(store, project.id)[0]
    verdicts.decide(store, project.id, "keep", [Verdict(first, "by hand", "drop", "")])
    store.transact(lambda cursor: cursor.execute("UPDATE record SET parent_id = 1 WHERE external_id = 'r3'"))
    assert jobs.run(store, Dedupe(), project.id).result["pairs"] == 0


def test_a_cancelled_job_leaves_nothing_and_goes_on(store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    project = fill(TEXTS)
    before = now(store)
    real = families.append_members

    def broken(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise JobCancelled

    monkeypatch.setattr(families, "append_members", broken)
    monkeypatch.setattr(findings, "WRITTEN", 2)
    monkeypatch.setattr(findings, "FEW", 0)
    job = jobs.run(store, Dedupe(), project.id)
    assert job.state == "cancelled"
    assert store.scalar("SELECT count(*) FROM pair") == 3
    assert now(store) == before
    monkeypatch.setattr(families, "append_members", real)
    done = jobs.resume(store, job.id, wait=True)
    assert (done.state, done.result["pairs"], done.result["dropped"]) == ("done", 3, 2)
    assert store.scalar("SELECT count(*) FROM pair") == 3
    assert store.scalar("SELECT count(*) FROM family_member") == 3


def test_texts_without_spaces_get_a_hint(store: Store, fill: Fill) -> None:
    project = fill(["这个手机很好用，电池也耐用。", "这个手机很好用，电池也很耐用。", "物流很快，包装完好。"])
    first = Dedupe(shingle="word:5", scope="new", dry_run=True)  # of which all are new
    assert "auto:5" in jobs.run(store, first, project.id).result["hint"]
    assert "auto:5" in jobs.run(store, Dedupe(shingle="word:5"), project.id).result["hint"]
    assert "hint" not in jobs.run(store, Dedupe(dry_run=True), project.id).result
    job = jobs.run(store, Dedupe(shingle="char:3", threshold=0.5), project.id)
    assert "hint" not in job.result
    assert job.result["pairs"] == 1


def test_an_empty_project_and_wrong_settings(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([])
    result = jobs.run(store, Dedupe(), project.id).result
    assert (result["pairs"], result["families"], result["dropped"]) == (0, 0, 0)
    for values in ({"threshold": 0.1}, {"keep": "best"}, {"shingle": "lines"}):
        with pytest.raises(WorkbenchError):
            Dedupe(**values)
    with pytest.raises(WorkbenchError, match="does not exist"):
        jobs.run(store, Dedupe(pairs_file=str(tmp_path / "no" / "pairs.parquet")), project.id)
    with pytest.raises(WorkbenchError, match="folder"):
        jobs.run(store, Dedupe(pairs_file=str(tmp_path)), project.id)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WorkbenchError, match="device"):
        jobs.run(store, Dedupe(pairs_file=str(tmp_path / "pipe")), project.id)


def test_families_are_paged_sorted_and_searched(store: Store, fill: Fill) -> None:
    texts = [
        f"{topic} one two three four five six seven eight nine{end}" for topic in "abcdefghijkl" for end in ("", " x")
    ]
    project = fill([*texts, texts[0]])
    job = jobs.run(store, Dedupe(threshold=0.8), project.id)
    assert families.count(store, job.id) == 12
    assert families.sizes(store, job.id) == [{"size": 2, "families": 11}, {"size": 3, "families": 1}]
    seen = [f.id for offset in (0, 5, 10) for f in families.page(store, job.id, limit=5, offset=offset)]
    assert len(set(seen)) == len(seen) == 12
    assert families.page(store, job.id, order="largest")[0].size == 3
    assert families.count(store, job.id, FamilyFilter(text="B one")) == 1
    assert families.count(store, job.id, FamilyFilter(least=3)) == 1
    assert families.count(store, job.id, FamilyFilter(most=2)) == 11
    only = families.page(store, job.id, FamilyFilter(text="r4"))
    assert [member.external_id for member in (only[0].kept, *only[0].others)] == ["r3", "r4"]
    assert records.count(store, project.id, RecordFilter.parse(f"family={only[0].id}")) == 2
    again = jobs.run(store, Dedupe(threshold=0.3, shingle="word:1"), project.id)
    for of, size in ((job, 3), (again, families.page(store, again.id)[0].size)):
        assert records.count(store, project.id, RecordFilter(family=1, job=of.id)) == size


def test_families_read_as_the_records_do(store: Store, fill: Fill) -> None:
    project = fill(TEXTS)
    job = jobs.run(store, Dedupe(), project.id)
    second = store.scalar("SELECT id FROM record WHERE external_id = 'r2'")
    verdicts.decide(store, project.id, "edit", [Verdict(second, "by hand", "edit", "", "another text")])
    verdicts.decide(store, project.id, "keep", [Verdict(second, "by hand", "keep", "")])
    (family,) = families.page(store, job.id)
    wanted = {row["id"]: (row["text"], row["dropped"]) for row in now(store)}
    for member in (family.kept, *family.others):
        assert (member.text, member.dropped) == wanted[member.record_id]


def test_the_result_says_how_many_pairs_may_be_missing(
    store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LARGE_BUCKET", 10)
    words = [f"w{i}" for i in range(200)]
    project = fill([" ".join([*words[:at], f"x{at}", *words[at + 1 :]]) for at in range(60)] + ["a b", "a b"])
    result = jobs.run(store, Dedupe(dry_run=True), project.id).result
    assert result["buckets_cut"] > 0
    assert result["pairs_missing"] > 0
    true = 60 * 59 // 2 + 1
    assert result["pairs"] < true <= result["pairs"] + result["pairs_missing"]
    assert result["identical"] == 1
    monkeypatch.undo()
    whole = jobs.run(store, Dedupe(dry_run=True), project.id).result
    assert (whole["pairs"], whole["buckets_cut"], whole["pairs_missing"]) == (true, 0, 0)
