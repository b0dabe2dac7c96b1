"""The verb augment: which records it takes, what it makes of them, and that it can be stopped, resumed and undone."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import jobs
from pipeline.augmenters.process import WorkerFailed
from pipeline.domain import JobCancelled, Verdict, WorkbenchError
from pipeline.registry import UnknownPlugin
from pipeline.store import augmented, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.verbs import augment
from pipeline.verbs.augment import Augment, preview
from tests.augmenting import in_this_process

TEXTS = ["A first text", "Second one 😀", "第三条文本", "refuse this", "Fifth,\r\nwith two lines"]


@pytest.fixture
def worker(monkeypatch):
    return in_this_process(monkeypatch)


def made(store, project, where=None):
    where = where or records.RecordFilter(state="augmented")
    return records.page(store, project.id, where, limit=1000)


def echo(**values):
    return Augment(augmenter="echo", **values)


def test_a_new_record_has_its_parent_its_operation_and_its_seed(store, fill, worker):
    project = fill(TEXTS)
    job = jobs.run(store, echo(knobs={"kinds": 50}, seed=7), project.id)
    assert job.result == {"augmented": 4, "rejected": {"unwilling": 1}}
    parents = {row["id"]: row for row in records.page(store, project.id, records.RecordFilter(state="original"))}
    rows = made(store, project)
    assert len(rows) == 4
    for row in rows:
        parent = parents[row["parent_id"]]
        assert row["text"].startswith(parent["text"] + " word")
        assert row["operation"] == {"augmenter": "echo", "knobs": {"kinds": 50}, "seed": 7, "variant": 1}
        assert row["external_id"].startswith(parent["external_id"] + "~echo.")
        assert row["external_id"].endswith("-7-1")
        assert row["split"] is None
        assert row["job_id"] == job.id


def test_the_name_of_a_new_record_tells_its_parent_augmenter_seed_and_number(store, fill, worker):
    project = fill(TEXTS[:1])
    jobs.run(store, echo(per_record=2), project.id)
    assert [row["external_id"] for row in made(store, project)] == ["r1~echo-13-1", "r1~echo-13-2"]


def test_a_new_record_keeps_the_meta_and_the_fields_of_its_parent(store, fill, worker):
    project = fill([])
    job = job_store.open_job(store, "import", project.id, {})
    row = {"project_id": project.id, "job_id": job, "external_id": "x", "text": "A text", "fields": '{"question": "why"}',
           "meta": '{"source": "app", "n": 3}', "split": "train", "parent_id": None, "operation": None}  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, pa.Table.from_pylist([row], schema=records.SCHEMA)))
    job_store.close_job(store, job, "done", {})
    jobs.run(store, echo(), project.id)
    (row,) = made(store, project)
    assert row["meta"] == {"source": "app", "n": 3}
    assert row["fields"] == {"question": "why"}
    assert row["split"] is None


def test_the_same_seed_makes_nothing_twice_and_another_one_does(store, fill, worker):
    project = fill(TEXTS[:3])
    jobs.run(store, echo(), project.id)
    assert jobs.run(store, echo(), project.id).result == {"augmented": 0, "rejected": {"already there": 3}}
    assert jobs.run(store, echo(seed=14), project.id).result["augmented"] == 3
    names = [row["external_id"] for row in made(store, project)]
    assert len(set(names)) == len(names) == 6


def test_the_same_text_is_not_made_again_under_another_seed_or_setting(store, fill, worker):
    project = fill(TEXTS[:1])
    jobs.run(store, echo(knobs={"kinds": 1}), project.id)
    again = jobs.run(store, echo(knobs={"kinds": 1}, seed=99), project.id)
    assert again.result == {"augmented": 0, "rejected": {"already there": 1}}
    assert jobs.run(store, echo(knobs={"kinds": 1}, per_record=3), project.id).result["augmented"] == 0


def test_variants_of_one_record_that_come_out_alike_are_kept_once(store, fill, worker):
    project = fill(TEXTS[:2])
    result = jobs.run(store, echo(knobs={"kinds": 1}, per_record=4), project.id).result
    assert result == {"augmented": 2, "rejected": {"repeated": 6}}


def test_what_was_undone_can_be_made_again(store, fill, worker):
    project = fill(TEXTS[:2])
    job = jobs.run(store, echo(), project.id)
    job_store.undo(store, job.id)
    assert made(store, project) == []
    assert jobs.run(store, echo(), project.id).result["augmented"] == 2


def test_augmented_and_dropped_records_are_not_augmented_and_edits_are(store, fill, worker):
    project = fill(["one", "two", "three"])
    first, second, _ = records.ids(store, project.id)
    verdicts.decide(store, project.id, "keep", [Verdict(first, "by hand", "drop", "")])
    verdicts.decide(store, project.id, "edit", [Verdict(second, "by hand", "edit", "", "two, corrected")])
    jobs.run(store, echo(), project.id)
    jobs.run(store, echo(seed=2), project.id)
    rows = made(store, project)
    assert len(rows) == 4
    assert {row["parent_id"] for row in rows} == set(records.ids(store, project.id)[1:3])
    assert sum(row["text"].startswith("two, corrected ") for row in rows) == 2


def test_only_takes_the_records_of_a_filter(store, fill, worker):
    project = fill(["a good film", "a bad film", "another good one"])
    jobs.run(store, echo(only="text=good"), project.id)
    assert {row["external_id"] for row in made(store, project)} == {"r1~echo-13-1", "r3~echo-13-1"}
    with pytest.raises(WorkbenchError, match="No original record in the data set fits 'text=nothing'"):
        jobs.run(store, echo(only="text=nothing"), project.id)
    with pytest.raises(WorkbenchError, match="not part of a filter"):
        jobs.run(store, echo(only="colour=red"), project.id)


def test_a_limit_draws_by_the_seed_and_not_by_the_place(store, fill, worker):
    texts = [f"text {i}" for i in range(100)]
    project, turned = fill(texts, "p"), fill(texts[::-1], "q", [f"r{i}" for i in range(100, 0, -1)])
    jobs.run(store, echo(limit=10), project.id)
    jobs.run(store, echo(limit=10), turned.id)
    drawn = {row["external_id"] for row in made(store, project)}
    assert len(drawn) == 10
    assert drawn == {row["external_id"] for row in made(store, turned)}
    assert drawn != {f"r{i}~echo-13-1" for i in range(1, 11)}


def test_records_of_validation_and_test_and_their_families_are_held_out(store, fill, worker):
    project = fill([])
    job = job_store.open_job(store, "import", project.id, {})
    words = ["train", "dev", "test", None, None, None, "train"]
    rows = [
        {"project_id": project.id, "job_id": job, "external_id": f"r{i}", "text": f"text {i}", "fields": "{}", "meta": "{}",
         "split": word, "parent_id": None, "operation": None} for i, word in enumerate(words)
    ]  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, pa.Table.from_pylist(rows, schema=records.SCHEMA)))
    job_store.close_job(store, job, "done", {})
    ids = records.ids(store, project.id)

    def freeze(cursor):
        own = job_store.record_done(cursor, "freeze", project.id, {})
        cursor.execute("INSERT INTO split_assignment VALUES (?, ?, 'test', ?)", [project.id, ids[3], own])
        family = job_store.record_done(cursor, "dedupe", project.id, {})
        for member in (ids[2], ids[4]):
            cursor.execute(
                "INSERT INTO family_member (job_id, family_id, record_id) VALUES (?, ?, ?)", [family, ids[2], member]
            )

    store.transact(freeze)
    result = jobs.run(store, echo(), project.id).result
    assert {row["parent_id"] for row in made(store, project)} == {ids[0], ids[5], ids[6]}
    assert result == {"augmented": 3, "rejected": {"held out": 4}}
    with pytest.raises(WorkbenchError, match="validation or test"):
        preview(store, project.id, echo(only="split=test"))


def test_a_dry_run_counts_for_nothing_until_it_is_applied(store, fill, worker):
    project = fill(TEXTS)
    job = jobs.run(store, echo(dry_run=True), project.id)
    assert job.state == "preview"
    assert made(store, project) == []
    assert len(augmented.examples(store, job.id)) == 4
    job_store.redo(store, job.id)
    assert len(made(store, project)) == 4


def test_the_order_of_the_records_and_the_size_of_the_batches_change_nothing(store, fill, worker, monkeypatch):
    project = fill([f"text {i}" for i in range(60)], "p")
    jobs.run(store, echo(per_record=2), project.id)
    monkeypatch.setattr(augment, "LEAST", 1)
    monkeypatch.setattr(augment, "MOST", 3)
    turned = fill([f"text {i}" for i in range(59, -1, -1)], "q", [f"r{i}" for i in range(60, 0, -1)])
    jobs.run(store, echo(per_record=2), turned.id)
    first, second = ({row["external_id"]: row["text"] for row in made(store, p)} for p in (project, turned))
    assert first == second
    assert len(first) == 120


def test_a_preview_shows_what_the_run_then_makes(store, fill, worker):
    project = fill([f"text {i}" for i in range(40)] + ["refuse me"])
    shown = preview(store, project.id, echo(), 41)
    assert made(store, project) == []
    jobs.run(store, echo(), project.id)
    assert {e.variant for e in shown if e.variant} == {row["text"] for row in made(store, project)}
    assert [e.reason for e in shown if e.variant is None] == ["unwilling"]
    assert len(preview(store, project.id, echo(seed=3))) == 10


@pytest.mark.parametrize("stop", ["breaks", "cancelled"])
def test_a_stopped_run_goes_on_to_what_one_run_makes(store, fill, worker, monkeypatch, stop):
    monkeypatch.setattr(augment, "LEAST", 4)
    monkeypatch.setattr(augment, "MOST", 4)
    texts = ["refuse" if i % 7 == 3 else f"text {i}" for i in range(30)]
    whole, broken = fill(texts, "whole"), fill(texts, "broken")
    full = jobs.run(store, echo(), whole.id).result
    if stop == "breaks":
        monkeypatch.setattr(worker, "breaks_after", 3)
        with pytest.raises(WorkerFailed):
            jobs.run(store, echo(), broken.id)
    else:
        real = jobs.Handle.progress

        def progress(handle, done, total, note=""):
            if done >= 12:
                raise JobCancelled
            real(handle, done, total, note)

        monkeypatch.setattr(jobs.Handle, "progress", progress)
        assert jobs.run(store, echo(), broken.id).state == "cancelled"
        monkeypatch.setattr(jobs.Handle, "progress", real)
    (job,) = job_store.recent(store, broken.id, kind="augment")
    assert job.cursor["seen"] == 12
    assert made(store, broken) == []
    monkeypatch.setattr(worker, "breaks_after", None)
    asked = worker.asked
    ended = jobs.resume(store, job.id, wait=True)
    assert ended.state == "done"
    assert ended.result == full
    assert worker.asked - asked == 18
    first, second = ([(row["external_id"], row["text"]) for row in made(store, p)] for p in (whole, broken))
    assert first == second


def test_what_cannot_work_is_said_in_a_sentence(store, fill, worker):
    project = fill(TEXTS)
    with pytest.raises(UnknownPlugin, match="no augmenter named 'nope'"):
        jobs.run(store, Augment(augmenter="nope"), project.id)
    with pytest.raises(WorkbenchError, match="pip install absent"):
        jobs.run(store, Augment(augmenter="absent"), project.id)
    with pytest.raises(WorkbenchError, match="'kinds' of echo"):
        jobs.run(store, echo(knobs={"kinds": 0}), project.id)
    with pytest.raises(WorkbenchError, match="1 to 100"):
        echo(per_record=0)
    with pytest.raises(WorkbenchError, match="limit"):
        echo(limit=-1)
    with pytest.raises(WorkbenchError, match="Import a file"):
        jobs.run(store, echo(), fill([], "empty").id)


def test_a_real_worker_process_does_the_same_through_the_verb(store, fill):
    project = fill(["The film was a complete waste of time.", "酒店很干净。", "A wonderful little production"])
    job = jobs.run(store, Augment(), project.id)
    assert job.result == {"augmented": 2, "rejected": {"not English": 1}}
    assert [row["external_id"] for row in made(store, project)] == ["r1~synonym-13-1", "r3~synonym-13-1"]
