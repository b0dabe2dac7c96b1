"""Undo after augment is identity, redo brings the same back, and a broken run goes on to what a whole one makes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.augmenters.process import WorkerFailed
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.verbs import augment
from pipeline.verbs.augment import Augment
from tests.augmenting import in_this_process
from tests.conftest import add_records

texts = st.lists(
    st.one_of(st.text(max_size=20), st.sampled_from(["same", "same ", "refuse", "中文", "😀", "a\r\nb", "O'Brien \"x\""])),
    min_size=1, max_size=12,
)  # fmt: skip


def snapshot(store: Store) -> list[dict]:
    return store.rows("SELECT * FROM record_now ORDER BY id")


def contents(store: Store, project_id: int) -> list[tuple]:
    found = store.rows(
        "SELECT external_id, text, parent_id IS NULL AS original, operation, meta FROM record_now WHERE project_id = ? "
        "ORDER BY id", [project_id],
    )  # fmt: skip
    return [tuple(row.values()) for row in found]


@settings(max_examples=10, deadline=None)
@given(texts, st.integers(1, 3), st.integers(0, 1000), st.sampled_from([1, 2, 1000]))
def test_undo_gives_back_exactly_the_records_of_before(corpus, per_record, seed, kinds):
    store = open_store(":memory:")
    with pytest.MonkeyPatch.context() as patch:
        in_this_process(patch)
        project = projects.create(store, "p")
        add_records(store, project, [text.replace("\x00", "") for text in corpus])
        before = snapshot(store)
        job = jobs.run(store, Augment("echo", {"kinds": kinds}, per_record, seed), project.id)
        after = snapshot(store)
        assert after[: len(before)] == before
        assert len(after) == len(before) + job.result["augmented"]
        assert job.result["augmented"] + sum(job.result["rejected"].values()) == per_record * len(corpus)
        assert len({row["external_id"] for row in after}) == len(after)
        job_store.undo(store, job.id)
        assert snapshot(store) == before
        job_store.redo(store, job.id)
        assert snapshot(store) == after
    store.close()


@settings(max_examples=10, deadline=None)
@given(texts, st.integers(1, 3), st.integers(1, 4), st.integers(0, 5))
def test_a_broken_run_goes_on_to_what_a_whole_one_makes(corpus, per_record, size, breaks_after):
    store = open_store(":memory:")
    with pytest.MonkeyPatch.context() as patch:
        worker = in_this_process(patch)
        patch.setattr(augment, "LEAST", size)
        patch.setattr(augment, "MOST", size)
        pair = [projects.create(store, name) for name in ("whole", "broken")]
        for project in pair:
            add_records(store, project, [text.replace("\x00", "") for text in corpus])
        verb = Augment("echo", {"kinds": 3}, per_record)
        whole = jobs.run(store, verb, pair[0].id)
        patch.setattr(worker, "breaks_after", breaks_after)
        try:
            ended = jobs.run(store, verb, pair[1].id)
        except WorkerFailed:
            patch.setattr(worker, "breaks_after", None)
            ended = jobs.resume(store, job_store.recent(store, pair[1].id, kind="augment")[0].id, wait=True)
        assert ended.result == whole.result
        assert contents(store, pair[1].id) == contents(store, pair[0].id)
    store.close()
