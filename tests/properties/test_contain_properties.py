"""Short texts inside long ones against brute force over the definition: none is missed, whatever the text and the cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import contain
from pipeline.dedup.contain import Containment, FoundInside, find_inside
from pipeline.dedup.keep import members
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signer

words = st.sampled_from(["a", "b", "c", "The", "the", "好", "不好", "ß", "İ", "ΟΣ", " ", "\n", "x,", "😀"])
letters = st.sampled_from(list("abAB 好很不İΣσ,\u3000\u00a0\n\té😀"))
pieces = st.one_of(st.lists(words, max_size=20).map(" ".join), st.text(letters, max_size=20))
shingles = st.one_of(st.integers(1, 4).map(lambda n: f"word:{n}"), st.integers(2, 5).map(lambda n: f"char:{n}"),
                     st.integers(1, 4).map(lambda n: f"auto:{n}"))  # fmt: skip
thresholds = st.sampled_from([0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0])
leasts = st.sampled_from([1, 2, 4, 8])


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Texts put together of a few pieces, so that many are inside others, or nearly."""
    parts = draw(st.lists(pieces, min_size=1, max_size=6))
    chosen = st.lists(st.sampled_from(parts), max_size=4)
    return draw(st.lists(chosen.map(" ".join), max_size=14))


def truth(corpus: list[str], cut: str, threshold: float, least: int) -> dict[tuple[int, int], tuple[float, bool]]:
    """Each pair that must be found: how much of the one is inside the other, and whether that is the first."""
    sets = [Shingle.parse(cut).of(text) for text in corpus]
    pairs = {}
    for x, y in combinations(range(len(corpus)), 2):
        small = len(sets[x]) - len(sets[y]) or sets.index(sets[y]) - sets.index(sets[x])
        inside = x if small < 0 else y
        other = y if inside == x else x
        if len(sets[inside]) >= least:
            share = len(sets[inside] & sets[other]) / len(sets[inside])
            if share >= threshold:
                pairs[x, y] = share, inside == x
    return pairs


def told(found: FoundInside, names: Sequence[int]) -> dict[tuple[int, int], float]:
    columns = zip(found.x.tolist(), found.y.tolist(), found.jaccard.tolist(), strict=True)
    pairs = [(min(names[x], names[y]), max(names[x], names[y]), share) for x, y, share in columns]
    assert len({pair[:2] for pair in pairs}) == len(pairs)
    return {(x, y): share for x, y, share in pairs}


def search(column: pa.Array, cut: str, threshold: float, least: int, fresh: np.ndarray | None = None) -> FoundInside:
    with Signer(Shingle.parse(cut)) as signer:
        return Containment(
            len(column), threshold, lambda which: signer.cut(column.take(pa.array(which))), signer, fresh, least
        ).found()


@settings(max_examples=300, deadline=None)
@given(corpora(), shingles, thresholds, leasts)
def test_what_is_found_is_what_brute_force_finds(corpus: list[str], cut: str, threshold: float, least: int) -> None:
    found = find_inside(corpus, threshold, cut, least)
    wanted = truth(corpus, cut, threshold, least)
    assert told(found, range(len(corpus))) == {pair: share for pair, (share, _) in wanted.items()}
    inside = zip(found.x.tolist(), found.y.tolist(), found.x_inside.tolist(), strict=True)
    assert {(x, y): first for x, y, first in inside} == {pair: first for pair, (_, first) in wanted.items()}
    assert (found.cut, found.elided) == (0, 0)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from("abcdefghijkl"), min_size=8, max_size=30).map(" ".join), min_size=20, max_size=60
    ),
    thresholds,
)
def test_no_pair_of_crowded_texts_is_missed(corpus: list[str], threshold: float) -> None:
    wanted = truth(corpus, "word:1", threshold, 4)
    assert told(find_inside(corpus, threshold, "word:1", 4), range(len(corpus))) == {
        pair: share for pair, (share, _) in wanted.items()
    }


@settings(max_examples=150, deadline=None)
@given(corpora(), shingles, thresholds, leasts)
def test_who_is_dropped_is_inside_one_that_stays_and_of_those_that_stay_none_is_in_another(
    corpus: list[str], cut: str, threshold: float, least: int
) -> None:
    column = pa.array(corpus, pa.string())
    with Signer(Shingle.parse(cut)) as signer:
        one = Containment(
            len(corpus), threshold, lambda which: signer.cut(column.take(pa.array(which))), signer, least=least
        )
        chosen = members(one, one.found(), one.sizes)
    wanted = truth(corpus, cut, threshold, least)
    gone = {}
    for text, keeper, share in zip(chosen.text.tolist(), chosen.keeper.tolist(), chosen.similarity, strict=True):
        if text != keeper:
            first, last = min(text, keeper), max(text, keeper)
            assert wanted[first, last] == (share, first == text)
            gone[text] = keeper
    assert not set(gone.values()) & gone.keys()
    assert {pair for pair in wanted if not set(pair) & gone.keys()} == set()
    assert chosen.families == len(set(gone.values()))


@settings(max_examples=100, deadline=None)
@given(corpora(), st.randoms(), shingles, thresholds)
def test_the_order_the_blocks_and_the_room_make_no_difference(
    corpus: list[str], chance: Random, cut: str, threshold: float
) -> None:
    order = list(range(len(corpus)))
    chance.shuffle(order)
    straight = find_inside(corpus, threshold, cut, 2)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("TEXTS", 3), ("SHARE", 2), ("HELD", chance.choice([0, 200, 1 << 20])), ("COMMON", 2),
                            ("GROUP", chance.choice([0, 300, 1 << 20]))):  # fmt: skip
            patch.setattr(contain, name, value)
        found = find_inside([corpus[i] for i in order], threshold, cut, 2)
    assert told(found, order) == told(straight, range(len(corpus)))


@settings(max_examples=100, deadline=None)
@given(corpora(), st.lists(st.booleans(), min_size=14, max_size=14), shingles, thresholds)
def test_new_texts_meet_all_and_old_ones_are_not_told_again(
    corpus: list[str], new: list[bool], cut: str, threshold: float
) -> None:
    fresh = np.array(new[: len(corpus)], np.bool_)
    found = search(pa.array(corpus, pa.string()), cut, threshold, 2, fresh)
    wanted = truth(corpus, cut, threshold, 2)
    assert told(found, range(len(corpus))) == {
        (x, y): share for (x, y), (share, _) in wanted.items() if fresh[x] or fresh[y]
    }
    for root in set(found.roots.tolist()):
        family = np.flatnonzero(found.roots == root)
        assert len(family) == 1 or fresh[family].any()
