"""The near-duplicate engine against brute force over the definition, for any text, cut and threshold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup import index as in_memory
from pipeline.dedup.bands import MOST, Bands
from pipeline.dedup.index import Index, find
from pipeline.dedup.keep import members
from pipeline.dedup.shingles import Shingle, jaccard
from pipeline.dedup.signer import Signer

letters = st.sampled_from(list("abAB 好很 不İΣσ,\u3000\u00a0\n\té😀"))
words = st.sampled_from(["a", "b", "c", "The", "the", "好", "不好", "ß", "İ", "ΟΣ", " ", "\n", "x,", "😀"])
texts = st.one_of(
    st.text(letters, max_size=12),
    st.lists(words, max_size=14).map(" ".join),
    st.text(max_size=10).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
)
shingles = st.one_of(st.integers(1, 5).map(lambda n: f"word:{n}"), st.integers(2, 5).map(lambda n: f"char:{n}"),
                     st.integers(1, 5).map(lambda n: f"auto:{n}"))  # fmt: skip
thresholds = st.sampled_from([0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0])


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, max_size=12), shingles, thresholds)
def test_every_reported_pair_is_true_and_families_are_chains_of_them(
    corpus: list[str], cut: str, threshold: float
) -> None:
    sets = [Shingle.parse(cut).of(text) for text in corpus]
    found = find(corpus, threshold, cut)
    pairs = list(zip(found.x.tolist(), found.y.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    for (x, y), similarity in zip(pairs, found.jaccard.tolist(), strict=True):
        assert x < y
        assert similarity == jaccard(sets[x], sets[y]) >= threshold
    for x, y in combinations(range(len(corpus)), 2):
        if sets[x] and sets[x] == sets[y]:
            assert (x, y) in pairs  # the same set is always found: nothing about it is left to chance
    roots = list(range(len(corpus)))
    for x, y in pairs:
        low, high = sorted((roots[x], roots[y]))
        roots = [low if root == high else root for root in roots]
    assert found.roots.tolist() == roots


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=10).map(" ".join), min_size=20, max_size=60),
    thresholds,
)
def test_few_true_pairs_are_missed(corpus: list[str], threshold: float) -> None:
    sets = [Shingle("word", 1).of(text) for text in corpus]
    true = {(x, y) for x, y in combinations(range(len(corpus)), 2) if jaccard(sets[x], sets[y]) >= threshold}
    found = find(corpus, threshold, "word:1")
    assert len(true - set(zip(found.x.tolist(), found.y.tolist(), strict=True))) <= 2 + 0.03 * len(true)


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=15), thresholds, st.data())
def test_keeping_empties_no_family_and_drops_nothing_unlike_the_kept(
    corpus: list[str], threshold: float, data: st.DataObject
) -> None:
    cut = Shingle("word", 1)
    merits = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(corpus), max_size=len(corpus))), np.int64)
    with Index(cut, threshold) as index:
        index.add(pa.array(corpus, pa.string()))
        found = index.found()
        chosen = members(index, found, merits)
    families = {root: set(np.flatnonzero(found.roots == root).tolist()) for root in found.roots.tolist()}
    families = {root: texts for root, texts in families.items() if len(texts) > 1}
    assert chosen.families == len(families)
    for text, root, keeper, similarity in zip(chosen.text, chosen.root, chosen.keeper, chosen.similarity, strict=True):
        assert similarity == jaccard(cut.of(corpus[text]), cut.of(corpus[keeper]))
        family = families[root]
        assert {text, keeper} <= family
        assert keeper == min(family, key=lambda t: (-merits[t], t))


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=15), st.lists(st.booleans(), min_size=15, max_size=15), shingles, thresholds)
def test_new_texts_meet_all_and_old_ones_are_not_compared_again(
    corpus: list[str], new: list[bool], cut: str, threshold: float
) -> None:
    fresh = np.array(new[: len(corpus)], np.bool_)
    old = [text for text, is_new in zip(corpus, fresh, strict=True) if not is_new]
    numbers = np.flatnonzero(~fresh)
    whole, before = find(corpus, threshold, cut), find(old, threshold, cut)
    with Index(Shingle.parse(cut), threshold) as index:
        index.add(pa.array(corpus, pa.string()))
        after = index.found(fresh=fresh)
    known = set(zip(numbers[before.x].tolist(), numbers[before.y].tolist(), strict=True))
    added = set(zip(after.x.tolist(), after.y.tolist(), strict=True))
    assert all(fresh[x] or fresh[y] for x, y in added)
    assert known | added == set(zip(whole.x.tolist(), whole.y.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=12), st.randoms(), shingles, thresholds)
def test_the_order_and_the_batches_of_texts_make_no_difference(
    corpus: list[str], chance: Random, cut: str, threshold: float
) -> None:
    order = list(range(len(corpus)))
    chance.shuffle(order)
    with Index(Shingle.parse(cut), threshold) as index:
        at = 0
        while at < len(order):
            size = chance.randint(1, 5)
            index.add(pa.array([corpus[i] for i in order[at : at + size]], pa.string()))
            at += size
        found = index.found()
    pairs = {tuple(sorted((order[x], order[y]))) for x, y in zip(found.x.tolist(), found.y.tolist(), strict=True)}
    straight = find(corpus, threshold, cut)
    assert pairs == set(zip(straight.x.tolist(), straight.y.tolist(), strict=True))
    assert families(found.roots, order) == families(straight.roots, range(len(corpus)))


scripts = st.characters(blacklist_categories=("Cs",))
loose = st.one_of(
    st.text(scripts, max_size=15),
    st.lists(st.text(scripts, min_size=1, max_size=2), max_size=8).map(" ".join),
    st.text(st.sampled_from("ก็ข ကခ កខ かカ字한글abАб אב ١٢\u2003\u3000"), max_size=15),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(loose, texts), max_size=10), shingles, st.floats(0.3, 0.95), st.data())
def test_nothing_is_missed_when_all_that_share_anything_are_compared(
    corpus: list[str], cut: str, threshold: float, data: st.DataObject
) -> None:
    """With a band for each permutation a true pair is missed once in 10^29: pairs are those of brute force."""
    corpus = [*corpus, *(text + data.draw(loose) for text in corpus)]
    sets = [Shingle.parse(cut).of(text) for text in corpus]
    wanted = {
        (x, y): similarity
        for x, y in combinations(range(len(corpus)), 2)
        if (similarity := jaccard(sets[x], sets[y])) >= threshold
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_memory, "choose", lambda _: Bands(MOST, 1))
        found = find(corpus, threshold, cut)
    assert (
        dict(zip(zip(found.x.tolist(), found.y.tolist(), strict=True), found.jaccard.tolist(), strict=True)) == wanted
    )


spaces = [chr(point) for point in range(0x3001) if chr(point).isspace()]
pieces = st.lists(
    st.one_of(
        st.sampled_from([1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 300]).map(lambda n: "Word"[:n] + "xYz@[`{~"[: n % 9] + "a" * n),
        st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=20),
        st.sampled_from([*spaces, "  ", "\r\n", "\x00", "\x08", "\x0e", "\x1b", "\x7f"]),
        st.sampled_from(["’", "。", "字", "ᚁ", "\u200b", "\u2060", "é", "Ä", "\x86", "Â", "â", "ã", "á", "😀"]),
        st.text(scripts, max_size=4),
    ),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=9))
def test_a_word_is_known_wherever_it_lies(corpus: list[str]) -> None:
    """Each text at another place of its run, words and white space across the ends of what is looked at at once."""
    with Signer(Shingle("word", 1)) as signer:
        cut = signer.cut(pa.array(corpus, pa.large_string()))
    hashes: dict[str, set[int]] = {}
    for text, start, count in zip(corpus, cut.starts.tolist(), cut.counts.tolist(), strict=True):
        words_ = text.lower().split()
        assert count == len(words_)
        for word, number in zip(words_, cut.shingles[start : start + count].tolist(), strict=True):
            hashes.setdefault(word, set()).add(number)
    assert all(len(numbers) == 1 for numbers in hashes.values())
    assert len(set[int]().union(*hashes.values())) == len(hashes)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abc"), max_size=14), st.integers(1, 6), st.integers(0, 70))
def test_shingles_are_the_same_where_their_units_are(letters_: list[str], n: int, before: int) -> None:
    text = " ".join(letters_)
    with Signer(Shingle("word", n)) as signer:
        cut = signer.cut(pa.array(["x" * before + " " * 3, text], pa.string()))
    found = cut.shingles[cut.starts[1] : cut.starts[1] + cut.counts[1]].tolist()
    wanted = [tuple(letters_[i : i + n]) for i in range(max(1, len(letters_) - n + 1))] if letters_ else []
    assert len(found) == len(wanted)
    for (one, this), (other, that) in combinations(zip(wanted, found, strict=True), 2):
        assert (one == other) == (this == that)


def families(roots: np.ndarray, names: Sequence[int]) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for text, root in enumerate(roots.tolist()):
        found.setdefault(root, set()).add(names[text])
    return {frozenset(family) for family in found.values()}
