"""Undo after dedupe gives back exactly the records of before; redo gives back exactly those of after."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.verbs.clean import Clean
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

WORDS = st.sampled_from(["one", "two", "three", "好", "的", " ", "  TWO ", "<b>two</b>", ""])
TEXT = st.lists(WORDS, max_size=6).map(" ".join)


def state(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM record_now ORDER BY id")


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(TEXT, min_size=2, max_size=12),
    threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]),
    shingle=st.sampled_from(["word:1", "word:2", "char:3"]),
    keep=st.sampled_from(["first", "longest", "newest", "labelled", "agreed"]),
)
def test_undo_and_redo(texts: list[str], threshold: float, shingle: str, keep: str) -> None:
    store = open_store(":memory:")
    try:
        project = projects.create(store, "p")
        add_records(store, project, texts)
        verbs = [
            Clean([["html", {}], ["whitespace", {}]]),
            Dedupe(threshold=threshold, shingle=shingle, keep=keep),
            Dedupe(threshold=max(0.3, threshold / 2), shingle=shingle, keep=keep),
        ]
        states, done = [state(store)], []
        for verb in verbs:
            done.append(jobs.run(store, verb, project.id).id)
            states.append(state(store))
        for place in reversed(range(len(done))):
            job_store.undo(store, done[place])
            assert state(store) == states[place]
        for place in range(len(done)):
            job_store.redo(store, done[place])
            assert state(store) == states[place + 1]
    finally:
        store.close()
