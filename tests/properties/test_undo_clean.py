"""Undo after clean gives back exactly the records of before; redo gives back exactly those of after."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs
from pipeline.knobs import knobs_of
from pipeline.steps.base import steps
from pipeline.store import Store, open_store, projects
from pipeline.store import jobs as job_store
from pipeline.verbs.clean import Clean
from tests.conftest import add_records

NAMES = [
    name for name in steps.names() if name != "language"
]  # its model reads from a file: slow to start, and it only flags
PIECES = st.sampled_from(
    ["<b>x</b>", "&amp;", "  ", "\u200b", "â€™", "same", "Same", "n/a", "\n\n\n", "中文", "a@b.cn", "好"]
)
TEXT = st.one_of(st.just(""), st.lists(PIECES, max_size=4).map("".join), st.text(max_size=8))


@st.composite
def recipes(draw: st.DrawFn) -> list[list[Any]]:
    """Steps in any order, also twice, with some of their switches thrown."""
    chosen = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)):
        switches = [knob.name for knob in knobs_of(steps.get(name)) if knob.type is bool]
        values = {switch: draw(st.booleans()) for switch in switches}
        chosen.append([name, values])
    return chosen


def state(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM record_now ORDER BY id")


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=8), first=recipes(), second=recipes())
def test_undo_and_redo(texts: list[str], first: list[list[Any]], second: list[list[Any]]) -> None:
    store = open_store(":memory:")
    try:
        project = projects.create(store, "p")
        add_records(store, project, texts)
        states, done = [state(store)], []
        for recipe in (first, second):
            done.append(jobs.run(store, Clean(recipe), project.id).id)
            states.append(state(store))
        job_store.undo(store, done[1])
        assert state(store) == states[1]
        job_store.undo(store, done[0])
        assert state(store) == states[0]
        job_store.redo(store, done[0])
        assert state(store) == states[1]
        job_store.redo(store, done[1])
        assert state(store) == states[2]
    finally:
        store.close()
