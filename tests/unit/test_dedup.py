"""The near-duplicate engine: its permutations against datasketch, its recall, short texts, copies, crowds."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest
from datasketch import MinHash
from scipy.stats import binom

from pipeline.dedup import engine
from pipeline.dedup import kernels_text as kernels
from pipeline.dedup.bands import MISSED, MOST, choose, equal_at_least, permutations
from pipeline.dedup.diff import differences, union
from pipeline.dedup.index import Index, find
from pipeline.dedup.kernels_bytes import HASHES
from pipeline.dedup.kernels_pairs import apart, make_maps, make_set, similarity, sort_hashes, verify
from pipeline.dedup.shingles import Shingle, jaccard, mostly_unspaced, unspaced
from pipeline.domain import WorkbenchError


def pairs_of(found: engine.Found) -> dict[tuple[int, int], float]:
    return {
        (int(x), int(y)): float(j)
        for x, y, j in zip(found.x.tolist(), found.y.tolist(), found.jaccard.tolist(), strict=True)
    }


@pytest.mark.parametrize("count", [1, 128, 187, 256])
def test_minima_are_datasketchs_bit_for_bit(count: int) -> None:
    rng = np.random.default_rng(count)
    for size in (*range(18), 50, 3000):  # they are taken eight at a time
        hashes = rng.integers(0, 1 << 32, size, dtype=np.uint64)
        hashes[: size // 2] |= np.uint64(0xFFFFFFF0)  # products that overflow, ties at the edge
        peer = MinHash(num_perm=count, hashfunc=lambda value: value, scheme="affine32")
        for value in hashes.tolist():
            peer.update(value)
        ours = np.empty(count, np.uint32)
        room = np.empty(size + HASHES, np.uint32)
        kernels.minima(
            hashes | (hashes << np.uint64(32)), *permutations(count), room, ours
        )  # the upper half is not used
        assert ours.tolist() == peer.hashvalues.tolist()


@pytest.mark.parametrize("threshold", [0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1.0])
def test_a_pair_at_the_threshold_is_compared_almost_surely(threshold: float) -> None:
    bands = choose(threshold)
    assert bands.chance(min(threshold, 0.98)) >= 0.995
    assert bands.permutations >= 128


def test_white_space_is_what_str_isspace_says() -> None:
    for point in range(sys.maxunicode + 1):
        if 0xD800 <= point <= 0xDFFF:
            continue
        data = np.frombuffer(chr(point).encode() + b"a", np.uint8)
        assert (kernels.space_at(data, 0, len(data)) > 0) == chr(point).isspace(), hex(point)


def planted(seed: int, count: int, threshold: float) -> list[str]:
    """Texts in twos, the second with another ending, and a similarity a little around the threshold."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 8))) for _ in range(5000)]
    texts = []
    for _ in range(count):
        text = rng.choices(words, k=rng.randint(60, 140))
        wanted = rng.uniform(threshold - 0.01, min(1.0, threshold + 0.05))
        changed = max(1, round((len(text) - 4) * (1 - wanted) / (1 + wanted)))
        texts += [" ".join(text), " ".join([*text[:-changed], *rng.choices(words, k=changed)])]
    return texts


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95])
def test_recall_of_thousands_of_planted_pairs(threshold: float) -> None:
    texts = planted(7, 2000, threshold)
    shingle = Shingle("word", 5)
    sets = [shingle.of(text) for text in texts]
    truth = {
        (i, i + 1): similarity
        for i in range(0, len(texts), 2)
        if (similarity := jaccard(sets[i], sets[i + 1])) >= threshold
    }
    assert len(truth) > 500
    found = pairs_of(find(texts, threshold))
    for (x, y), similarity in found.items():
        assert similarity == jaccard(sets[x], sets[y]) >= threshold
    assert len(truth.keys() & found.keys()) / len(truth) >= 0.995


@pytest.mark.parametrize("threshold", [0.3, 0.45, 0.6, 0.8, 0.95])
def test_no_more_is_missed_than_the_bands_allow(threshold: float) -> None:
    """Misses over thousands of pairs against the sum of their chances, which the bands state."""
    texts = planted(11, 3000, threshold)
    sets = [Shingle("word", 3).of(text) for text in texts]
    true = {
        (i, i + 1): similarity
        for i in range(0, len(texts), 2)
        if (similarity := jaccard(sets[i], sets[i + 1])) >= threshold
    }
    bands = choose(threshold)
    expected = sum(1 - bands.chance(similarity) for similarity in true.values())
    missed = len(true.keys() - pairs_of(find(texts, threshold, "word:3")).keys())
    assert len(true) > 1000
    assert missed <= expected + 3 * expected**0.5 + 1


def test_pairs_exactly_at_the_threshold_count() -> None:
    # 9 and 9 words with 8 shared: 8/10 = 0.8
    shared = "a b c d e f g h"
    assert pairs_of(find([f"{shared} i", f"{shared} j"], 0.8, "word:1")) == {(0, 1): 0.8}
    for whole in range(2, 100, 7):
        for top in range(1, whole + 1, 3):
            if top / whole >= 0.3:
                one = [f"w{i}" for i in range(top)]
                other = [*one, *(f"w{i}" for i in range(top, whole))]
                wanted = float(f"{top / whole:.15g}")  # as a person would write it
                if wanted <= top / whole:
                    assert pairs_of(find([" ".join(one), " ".join(other)], wanted, "word:1")) == {(0, 1): top / whole}


def test_short_and_empty_texts() -> None:
    texts = ["", "  ", "two words", "Two\tWORDS ", "two other", "one", "one two three four five", ""]
    assert pairs_of(find(texts, 0.3)) == {(2, 3): 1.0}
    assert find(texts, 0.3).roots.tolist() == [0, 1, 2, 2, 4, 5, 6, 7]
    # as characters: white space at the ends is one space, and white space alone is a text of one space
    assert pairs_of(find(["ab", " ab", "AB", "", "", " ", "\n\t", "ab "], 0.9, "char:5")) == {(0, 2): 1.0, (5, 6): 1.0}


def test_lower_casing_is_pythons() -> None:
    texts = ["ΟΔΟΣ ΟΣ", "οδος ος", "İI i", "i\u0307i i", "STRASSE", "straße", "ÀÉ", "àé"]
    assert pairs_of(find(texts, 1.0, "word:2")) == {(0, 1): 1.0, (2, 3): 1.0, (6, 7): 1.0}


def test_many_copies_cost_no_square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ALL_COPIES", 20)
    base = " ".join(f"w{i}" for i in range(60))
    near = base + " more"
    found = find([base] * 50 + [near] * 3 + ["something else that stands alone here"], 0.8)
    assert found.elided > 0
    assert found.roots.tolist() == [0] * 53 + [53]
    pairs = pairs_of(found)
    assert {(0, y) for y in range(1, 53)} <= pairs.keys()
    assert found.elided + len(pairs) == 53 * 52 // 2
    assert {(50, 51), (50, 52), (51, 52)} <= pairs.keys()


def test_ten_thousand_copies() -> None:
    found = find(["the very same text in every record"] * 10_000, 0.8)
    assert len(found.x) == 9_999
    assert found.elided == 10_000 * 9_999 // 2 - 9_999
    assert not found.roots.any()


def test_a_crowded_bucket_is_linked_through_leaders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LARGE_BUCKET", 50)
    base = [f"w{i}" for i in range(200)]
    texts = [" ".join([*base, f"order{i}"]) for i in range(400)]
    found = find(texts, 0.8)
    assert found.cut > 0
    assert not found.roots.any()
    shingle = Shingle("word", 5)
    assert all(j == jaccard(shingle.of(texts[x]), shingle.of(texts[y])) for (x, y), j in pairs_of(found).items())


def test_a_new_text_in_a_crowded_bucket_meets_the_leaders_that_a_search_of_all_would_have() -> None:
    # one bucket: four texts of one kind, two of another, all old, and a new one of the second kind; three may lead
    sets = [[1, 2, 3, 4]] * 4 + [[5, 6, 7, 8]] * 3
    shingles = np.array(sets, np.uint64).ravel()
    starts, counts = np.arange(0, 28, 4), np.full(7, 4)
    members, edges, fresh = np.arange(7), np.array([0, 7]), np.arange(7) == 6
    for wanted, expected in ((np.ones(7, np.bool_), [(0, 1), (0, 2), (0, 3), (4, 5), (4, 6)]), (fresh, [(4, 6)])):
        keys, maps = np.zeros((7, 1), np.uint32), np.empty((7, 1), np.uint64)
        make_maps(shingles, starts, counts, members, maps)
        x, y, similarity, cut = verify(members, edges, 0, keys, shingles, starts, counts, maps, 0.8, 3, wanted)
        assert (list(zip(x.tolist(), y.tolist(), strict=True)), cut) == (expected, 1)
        assert (similarity == 1).all()


def test_same_set_in_another_order_is_a_pair() -> None:
    found = find(["a b a c", "a c b a", "b a c"], 1.0, "word:1")
    assert pairs_of(found) == {(0, 1): 1.0, (0, 2): 1.0, (1, 2): 1.0}


def test_batches_make_no_difference() -> None:
    import pyarrow as pa

    texts = planted(3, 40, 0.7)
    with Index(Shingle("char", 5), 0.7) as index:
        for start in range(0, len(texts), 7):
            index.add(pa.chunked_array([pa.array(texts[start : start + 7])]))
        assert pairs_of(index.found()) == pairs_of(find(texts, 0.7, "char:5"))


@pytest.mark.parametrize("words", ["", "word", "word:0", "line:3", "word:-1", "char:9999", "word:5:5"])
def test_a_wrong_shingle_is_a_sentence(words: str) -> None:
    with pytest.raises(WorkbenchError, match="word:5"):
        Shingle.parse(words)


def test_a_text_is_cut_by_its_script() -> None:
    texts = [
        "今天天气很好我们去公园",
        "今天天气很好我们去公园吧",
        "a b c d e f g h",
        "a b c d e f g i",
        "混 mixed 文 text",
        "",
    ]
    assert pairs_of(find(texts, 0.5, "auto:3")).keys() == {(0, 1), (2, 3)}
    every = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF]
    for text in [*every, *(a + b for a, b in zip(every[::97], every[5::97], strict=False)), "字a", "字字a", "字 a b"]:
        data = np.frombuffer(text.encode() + bytes(kernels.PADDING), np.uint8)
        assert kernels.mostly_unspaced(data, 0, len(data) - kernels.PADDING) == mostly_unspaced(text), text


def test_texts_without_spaces_are_noticed() -> None:
    assert unspaced(["这个手机很好用，电池也耐用", "物流很快"])
    assert unspaced(["สินค้าดีมาก"])
    assert not unspaced(["plain English text", "with 一 character"])
    assert not unspaced([])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a b c", "a x c"),
        ("", "new"),
        ("质量很好", "质量不好"),
        ("same", "same"),
        ("x\n\ny ", " x y"),
        ("a", ""),
        ("  ", "b"),
    ],
)
def test_differences_spell_both_texts(one: str, other: str) -> None:
    left, right = differences(one, other)
    assert "".join(text for _, text in left) == one
    assert "".join(text for _, text in right) == other
    assert "".join(text for _, text in union([left, left])) == one


def test_differences_are_words_or_characters() -> None:
    assert differences("a red car", "A blue car") == (
        [(False, "a "), (True, "red"), (False, " car")],
        [(False, "A "), (True, "blue"), (False, " car")],
    )
    assert differences("质量很好", "质量不好")[0] == [(False, "质量"), (True, "很"), (False, "好")]
    assert differences("one  two", "one two")[0] == [(False, "one  two")]


def test_union_of_readings() -> None:
    readings = [differences("a b c d", other)[0] for other in ("a x c d", "a b c x")]
    assert union(readings) == [(False, "a "), (True, "b"), (False, " c "), (True, "d")]


def test_a_map_never_says_of_two_sets_that_they_are_further_apart_than_they_are() -> None:
    rng = np.random.default_rng(3)
    for size, width in ((1, 1), (5, 1), (40, 2), (134, 16), (3000, 16)):
        pool = rng.integers(0, 1 << 64, 2 * size, dtype=np.uint64)
        sets = [np.unique(rng.choice(pool, size)) for _ in range(12)]
        counts = np.array([len(one) for one in sets])
        shingles, starts = np.concatenate(sets), np.cumsum(counts) - counts
        maps = np.empty((12, width), np.uint64)
        make_maps(shingles, starts, counts, np.arange(12), maps)
        bounds = [apart(maps, x, y) for x in range(12) for y in range(12)]
        true = [len(set(x.tolist()) ^ set(y.tolist())) for x in sets for y in sets]
        assert all(bound <= number for bound, number in zip(bounds, true, strict=True))
        assert size < 5 or width < 16 or max(bounds) > 50  # and it says something
        shared = len(set(sets[0].tolist()) & set(sets[1].tolist()))
        assert similarity(shingles, starts, counts, 0, 1, 0.0) == shared / (shared + true[1])


@pytest.mark.parametrize("size", [0, 1, 2, 17, 300, 4096, 4097, 20_000])
def test_hashes_are_sorted_and_repeats_dropped(size: int) -> None:
    rng = np.random.default_rng(size)
    few = rng.integers(0, 1 << 64, max(1, size // 3), dtype=np.uint64)
    for hashes in (
        rng.integers(0, 1 << 64, size, dtype=np.uint64),
        rng.choice(few, size),
        np.arange(size, dtype=np.uint64),
    ):
        own = hashes.copy()
        sort_hashes(own, np.empty(size, np.uint64), np.empty(257, np.int64))
        assert (own == np.sort(hashes)).all()
        counts, starts, prints = np.array([size]), np.array([0]), np.zeros(1, np.uint64)
        own = hashes.copy()
        make_set(own, starts, counts, np.array([0]), prints)
        assert own[: counts[0]].tolist() == np.unique(hashes).tolist()


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0])
def test_a_pair_at_the_threshold_has_that_many_minima_in_common(threshold: float) -> None:
    equal = equal_at_least(threshold)
    assert binom.cdf(equal - 1, MOST, threshold) <= MISSED
    assert threshold == 1 or binom.cdf(equal + MOST // 20, MOST, threshold) > MISSED  # and it says nearly all it can
    assert equal_at_least(threshold, 64) <= 64
