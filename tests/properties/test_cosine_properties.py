"""The search by cosine against brute force over the definition, for any vectors, blocks and threshold."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import cosine
from pipeline.dedup.cosine import Cosine, TooManyPairs, stars

# Few directions and few numbers, so that equal, opposite, orthogonal and zero vectors are all common.
numbers = st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.25, 0.5, 1.0, 3.0])
vectors = st.lists(st.lists(numbers, min_size=4, max_size=4), max_size=30)
thresholds = st.sampled_from([0.3, 0.5, 0.7, 0.75, 0.9, 0.99, 1.0])
kinds = st.sampled_from([np.float16, np.float32])


def true_cosine(one: np.ndarray, other: np.ndarray) -> float:
    lengths = float(np.sqrt(one @ one) * np.sqrt(other @ other))
    return round(float(one @ other) / lengths, 6) if lengths else 0.0


@settings(max_examples=300, deadline=None)
@given(vectors, thresholds, kinds, st.integers(1, 9), st.data())
def test_every_pair_is_found_and_no_other(
    rows: list[list[float]], threshold: float, kind: type, block: int, data: st.DataObject
) -> None:
    known = np.array(rows, kind).reshape(-1, 4)
    size = len(rows) and data.draw(st.integers(0, 2 * len(rows)))
    of = np.array(data.draw(st.lists(st.integers(-1, len(rows) - 1), min_size=size, max_size=size)), np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cosine, "BLOCK", block)
        patch.setattr(cosine, "VERIFIED", block)
        search = Cosine(known, of, threshold)
        found = search.found()
    wide = known.astype(np.float64)
    near = {
        (x, y): true_cosine(wide[of[x]], wide[of[y]])
        for x, y in combinations(range(len(of)), 2)
        if of[x] >= 0 and of[y] >= 0
    }
    pairs = dict(zip(zip(found.x.tolist(), found.y.tolist(), strict=True), found.jaccard.tolist(), strict=True))
    assert len(pairs) == len(found.x)
    assert found.elided == 0
    assert pairs == pytest.approx({pair: value for pair, value in near.items() if value >= threshold}, abs=2e-6)
    assert search.similarities(found.x, found.y).tolist() == pytest.approx(found.jaccard.tolist(), abs=2e-6)


@settings(max_examples=200, deadline=None)
@given(vectors, thresholds, st.data())
def test_a_family_is_its_keeper_and_what_is_near_it(
    rows: list[list[float]], threshold: float, data: st.DataObject
) -> None:
    merits = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))), np.int64)
    found = Cosine(np.array(rows, np.float32).reshape(-1, 4), np.arange(len(rows)), threshold).found()
    pairs = set(zip(found.x.tolist(), found.y.tolist(), strict=True))
    roots = stars(found, merits).tolist()
    for text, lead in enumerate(roots):
        assert roots[lead] == lead
        if text != lead:
            assert tuple(sorted((text, lead))) in pairs
            assert (-merits[lead], lead) < (-merits[text], text)
    assert all(roots[x] != x or roots[y] != y for x, y in pairs)  # no two keepers are near each other


def test_blocks_of_any_size_find_the_same_among_real_numbers() -> None:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(40, 64))
    known = (centres[rng.integers(0, 40, 700)] + 0.35 * rng.normal(size=(700, 64))).astype(np.float16)
    found = {}
    for block in (7, 128, 2048):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cosine, "BLOCK", block)
            one = Cosine(known, np.arange(700), 0.85).found()
        found[block] = (one.x.tolist(), one.y.tolist(), one.jaccard.tolist())
    assert len(found[7][0]) > 1000
    assert found[7] == found[128] == found[2048]


def test_many_copies_are_counted_and_not_listed_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cosine, "ALL_PAIRS", 100)
    found = Cosine(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), np.array([0] * 50 + [1]), 0.9).found()
    assert (len(found.x), found.elided) == (49, 50 * 49 // 2 - 49)
    assert set(found.x.tolist()) == {0}
    assert stars(found, np.zeros(51)).tolist() == [0] * 50 + [50]


def test_a_list_that_nobody_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cosine, "MOST", 3)
    known = np.array([[1.0, 0.01 * i] for i in range(4)], np.float32)
    with pytest.raises(TooManyPairs, match="Raise it"):
        Cosine(known, np.arange(4), 0.5).found()


def test_it_says_how_far_it_is_and_can_be_stopped() -> None:
    known = np.random.default_rng(0).normal(size=(5000, 8)).astype(np.float32)
    shares: list[float] = []
    Cosine(known, np.arange(5000), 0.99).found(shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(shares) == 7  # before all, and after each of the six products of three blocks

    def stop(share: float) -> None:
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cosine(known, np.arange(5000), 0.99).found(stop)
