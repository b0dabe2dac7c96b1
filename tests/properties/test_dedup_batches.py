"""Records that come in batches, each searched among all that is there: what is promised of it against one search."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs, near
from pipeline.dedup.bands import MOST, Bands
from pipeline.dedup.shingles import Shingle, jaccard
from pipeline.domain import Job, Project
from pipeline.store import Store, families, open_store, projects
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

CUT = "word:1"
words = st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=7).map(" ".join)
corpora = st.lists(words, min_size=2, max_size=14)
thresholds = st.sampled_from([0.4, 0.5, 0.6, 0.75, 0.9])
Pairs = set[tuple[str, str]]


@pytest.fixture(autouse=True, scope="module")
def certain() -> Any:
    """A band for each permutation, so that nothing is left to chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "choose", lambda _: Bands(MOST, 1))
        yield


def search(store: Store, project: Project, threshold: float, **knobs: Any) -> Job:
    return jobs.run(store, Dedupe(threshold=threshold, shingle=CUT, **knobs), project.id)


def pairs(store: Store, job: Job) -> Pairs:
    return {tuple(sorted((row["a"], row["b"]))) for row in families.pairs(store, job.id).to_pylist()}


def joined(found: Pairs) -> set[frozenset[str]]:
    groups: list[set[str]] = []
    for pair in found:
        touching = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touching] + [set(pair).union(*touching)]
    return {frozenset(group) for group in groups}


def in_batches(store: Store, corpus: list[str], ids: list[str], threshold: float, chance: random.Random) -> Pairs:
    """Import and search batch by batch; all pairs that were found on the way."""
    project, found, at = projects.create(store, "batches"), set(), 0
    while at < len(corpus):
        size = chance.randint(1, 5)
        add_records(store, project, corpus[at : at + size], ids=ids[at : at + size])
        found |= pairs(store, search(store, project, threshold, scope="new"))
        at += size
    return found


def at_once(store: Store, corpus: list[str], ids: list[str], threshold: float) -> tuple[Project, Pairs]:
    project = projects.create(store, "once")
    add_records(store, project, corpus, ids=ids)
    return project, pairs(store, search(store, project, threshold))


def stay(store: Store, name: str) -> set[str]:
    project = projects.get(store, name)
    rows = store.rows("SELECT external_id FROM record_now WHERE project_id = ? AND NOT dropped", [project.id])
    return {row["external_id"] for row in rows}


@settings(max_examples=15, deadline=None)
@given(corpora, thresholds, st.randoms(use_true_random=False))
def test_a_search_of_all_finds_no_pair_that_the_batches_have_not_found(
    corpus: list[str], threshold: float, chance: random.Random
) -> None:
    ids = [f"r{i}" for i in range(len(corpus))]
    sets = {name: Shingle.parse(CUT).of(text) for name, text in zip(ids, corpus, strict=True)}
    store = open_store(":memory:")
    found = in_batches(store, corpus, ids, threshold, chance)
    true = {tuple(sorted(pair)) for pair in combinations(ids, 2) if jaccard(*(sets[one] for one in pair)) >= threshold}
    _, whole = at_once(store, corpus, ids, threshold)
    assert whole == true
    assert found <= true
    left = stay(store, "batches")
    assert {pair for pair in true if left.issuperset(pair)} <= found
    assert pairs(store, search(store, projects.get(store, "batches"), threshold, dry_run=True)) <= found
    larger = joined(whole)
    assert all(any(family <= other for other in larger) for family in joined(found))
    dropped = store.rows("SELECT external_id, dropped_why FROM record_now WHERE project_id = 1 AND dropped")
    for row in dropped:  # each for one that is still there, and that is like it
        kept = row["dropped_why"].split(" of ")[1].split(" ")[0]
        assert kept in left
        assert tuple(sorted((kept, row["external_id"]))) in found
    store.close()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=16), st.randoms(use_true_random=False))
def test_where_likeness_is_transitive_batches_in_any_order_leave_one_of_each_family(
    kinds: list[int], chance: random.Random
) -> None:
    # texts of one kind share 12 of at most 14 words, those of two kinds none
    corpus = [" ".join([*(f"k{kind}w{n}" for n in range(12)), f"own{i}"]) for i, kind in enumerate(kinds)]
    ids = [f"r{i}" for i in range(len(corpus))]
    order = list(range(len(corpus)))
    chance.shuffle(order)
    corpus, ids = [corpus[i] for i in order], [ids[i] for i in order]
    store = open_store(":memory:")
    in_batches(store, corpus, ids, 0.8, chance)
    _, whole = at_once(store, corpus, ids, 0.8)
    assert stay(store, "batches") == stay(store, "once")
    assert len(stay(store, "once")) == len(set(kinds))
    wanted = {frozenset(f"r{i}" for i, kind in enumerate(kinds) if kind == own) for own in set(kinds)}
    assert joined(whole) == {family for family in wanted if len(family) > 1}
    store.close()
