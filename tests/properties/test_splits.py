"""Splits: disjoint, complete, by family, stable as records are added, and the same for the same input."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain import split_named
from pipeline.splits import BadRatios, Member, allot, families, parse_ratios

SPLITS = ("train", "validation", "test")
RATIOS = parse_ratios("80/10/10")
ratios = st.sampled_from(["80/10/10", "60/20/20", "50/0/50", "100/0/0", "70/30/0", "33.4/33.3/33.3"]).map(parse_ratios)


def members(max_size: int = 60, *, with_given: bool) -> st.SearchStrategy[list[Member]]:
    split = st.sampled_from([None, None, None, *SPLITS]) if with_given else st.none()
    row = st.tuples(st.integers(0, 25), st.sampled_from("abc"), split)
    return st.lists(row, max_size=max_size).map(
        lambda rows: [Member(i, family, label, given) for i, (family, label, given) in enumerate(rows)]
    )


@given(members(with_given=True), ratios, st.integers(0, 5))
def test_every_record_has_one_split_or_a_reason(rows, wanted, seed):
    found = allot(rows, wanted, seed)
    assert set(found.splits) | set(found.excluded) == {row.id for row in rows}
    assert not set(found.splits) & set(found.excluded)
    assert set(found.splits.values()) <= set(SPLITS)


@given(members(with_given=True), ratios)
def test_a_given_split_is_kept(rows, wanted):
    found = allot(rows, wanted, 13)
    assert all(found.splits[row.id] == row.given for row in rows if row.given)


@given(members(with_given=False), ratios, st.integers(0, 5))
def test_no_family_is_cut_and_no_unwanted_split_is_used(rows, wanted, seed):
    found = allot(rows, wanted, seed)
    assert found.leaks == ()
    assert found.excluded == {}
    where = {(row.family, found.splits[row.id]) for row in rows}
    assert len(where) == len({row.family for row in rows})
    assert all(wanted[split] > 0 for split in found.splits.values())


@given(members(with_given=True), ratios, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(rows, wanted, shuffler):
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert allot(shuffled, wanted, 13) == allot(rows, wanted, 13)


@given(members(80, with_given=False), st.lists(st.integers(0, 80), min_size=1, max_size=4), ratios)
def test_growing_never_moves_a_record(rows, cuts, wanted):
    """Freeze again and again as records come: who has a split keeps it, and nothing leaks."""
    earlier: dict[int, str] = {}
    for cut in [*sorted(cuts), len(rows)]:
        found = allot([replace(row, earlier=earlier.get(row.id)) for row in rows[:cut]], wanted, 13)
        assert all(found.splits[record] == split for record, split in earlier.items())
        assert found.leaks == ()
        earlier |= found.splits


@given(members(60, with_given=False), st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), max_size=8))
def test_families_that_merge_later_leave_records_out_rather_than_leak(rows, merges):
    first = allot(rows, RATIOS, 13)
    merged = families(range(26), merges)
    again = [replace(row, family=merged[row.family], earlier=first.splits[row.id]) for row in rows]
    found = allot(again, RATIOS, 13)
    assert found.leaks == ()
    assert all(found.splits[record] == first.splits[record] for record in found.splits)
    assert all(first.splits[record] != "test" for record in found.excluded)


@settings(max_examples=30)
@given(st.integers(3, 60), st.integers(1, 3), st.integers(0, 50))
def test_small_data_reaches_every_wanted_split(n, labels, seed):
    rows = [Member(i, i, str(i % labels)) for i in range(n)]
    found = allot(rows, RATIOS, seed)
    if n >= 2 + labels:
        assert set(found.splits.values()) == set(SPLITS)


def test_sizes_and_labels_follow_the_ratios():
    rng = random.Random(1)
    rows = [Member(i, rng.randrange(4000), rng.choice("aaabbc")) for i in range(6000)]
    found = allot(rows, RATIOS, 13)
    sizes = Counter(found.splits.values())
    assert sizes["train"] == pytest.approx(4800, rel=0.01)
    assert sizes["test"] == pytest.approx(600, rel=0.03)
    main = Counter(row.label for row in rows)
    for split in SPLITS:
        within = Counter(row.label for row in rows if found.splits[row.id] == split)
        for label, n in main.items():
            assert within[label] / sizes[split] == pytest.approx(n / 6000, abs=0.03)


def test_rare_labels_do_not_all_land_in_train():
    rows = [Member(i, i, f"label {i % 40}") for i in range(120)]
    assert Counter(allot(rows, RATIOS, 13).splits.values()) == pytest.approx(
        {"train": 96, "validation": 12, "test": 12}, abs=2
    )


def test_a_new_member_joins_its_family_and_train_leaves_before_test():
    rows = [Member(1, 1, "a", earlier="train"), Member(2, 1, "a", earlier="test"), Member(3, 1, "a")]
    found = allot(rows, RATIOS, 13)
    assert found.splits == {2: "test", 3: "test"}
    assert found.excluded == {1: "train record in a family with test records"}


def test_given_splits_that_cut_a_family_are_leaks():
    rows = [Member(1, 1, "a", given="train"), Member(2, 1, "a", given="test"), Member(3, 9, "b")]
    assert allot(rows, RATIOS, 13).leaks == (1,)


@pytest.mark.parametrize("words", ["80/10", "80/10/20", "a/b/c", "", "0/50/50", "110/-5/-5", "nan/50/50", "80,10,10"])
def test_bad_ratios_are_a_sentence(words):
    with pytest.raises(BadRatios, match="sum to 100"):
        parse_ratios(words)


def test_words_for_splits():
    assert [split_named(w) for w in ("dev", " Test ", "train", "fold3", None)] == [
        "validation",
        "test",
        "train",
        None,
        None,
    ]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_families_are_the_connected_parts(links):
    found = families(range(31), links)
    assert all(found[a] == found[b] for a, b in links)
    groups = {n: {n} for n in range(31)}
    for a, b in links:
        joined = groups[a] | groups[b]
        groups.update(dict.fromkeys(joined, joined))
    assert found == {n: min(groups[n]) for n in range(31)}
