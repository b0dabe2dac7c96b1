"""The stretches of a pass hold every record once, and none holds more than it may."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import Verdict
from pipeline.store import Store, passes, verdicts
from tests.conftest import Fill


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(st.text(st.sampled_from("a中😀"), max_size=9), max_size=30),
    records=st.integers(1, 8), characters=st.integers(1, 40),
)  # fmt: skip
def test_pieces_hold_every_row_once_and_no_more_than_they_may(texts: list[str], records: int, characters: int) -> None:
    table = pa.table({"text": pa.array(texts, pa.string())})
    found = [piece.column("text").to_pylist() for piece in passes.pieces(table, records=records, characters=characters)]
    assert [text for piece in found for text in piece] == texts
    for piece in found:
        assert 1 <= len(piece) <= records
        assert len(piece) == 1 or sum(len(text.encode()) for text in piece) <= characters


def test_stretches_follow_each_other_and_the_last_is_open(store: Store, fill: Fill) -> None:
    project = fill(["a" * 10, "b", "c", "d" * 100, "e", "f", "g"])
    verdicts.decide(store, project.id, "keep", [Verdict(2, "by hand", "drop", "")])
    found = passes.stretches(store, project.id, 99, 0, records=2, characters=20)
    assert found == [(1, 3), (4, 4), (5, 6), (7, passes.LAST)]
    assert passes.stretches(store, project.id, 99, 4, records=2, characters=20) == [(5, 6), (7, passes.LAST)]
    assert passes.stretches(store, project.id, 99, 7, records=2, characters=20) == []
    read = [passes.texts(store, project.id, 99, one).column("id").to_pylist() for one in found]
    assert read == [[1, 3], [4], [5, 6], [7]]
