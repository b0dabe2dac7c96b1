"""What two sets of texts have in common: the same texts, near-duplicates, and those of the one inside the other's.

Pure: it takes texts and gives pairs. Which side is the training data, and what becomes of a pair, others know.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup.shingles import Shingle

Array = NDArray[Any]
Report = Callable[[float], None]  # called with the share that is done, 0 to 1; may raise to stop the work

HOW = ("identical", "near", "contained")  # the strongest first
READING = 0.3  # the share of the work that is reading, in what is reported
READ = 16_384  # texts read at a time
ALL_COPIES = 10_000  # pairs of one and the same two texts that are all listed; beyond it, each only with the first
ALL_PAIRS = 2_000_000  # listed pairs in all; beyond it, copies are listed with the first only


@dataclass(frozen=True, slots=True)
class Crossed:
    """Pairs of a text of the one side with one of the other, by their numbers on their own sides, in their order.

    how: the place in HOW of what it is called; similarity: the exact Jaccard index of a near-duplicate, 1 for the same
    text, and of one inside another the share of its shingles that are there.
    elided: pairs among copies that are true but not listed (every text of them is in a listed one); cut: how often
    the search was cut short and may have missed pairs (engine.Found, contain.FoundInside).
    """

    train: Array
    held: Array
    how: Array
    similarity: Array
    elided: int
    cut: int


def normalised(text: str) -> str:
    """What two texts have in common that are called the same: case, width and white space do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def cross(
    train: pa.ChunkedArray, held: pa.ChunkedArray, shingle: Shingle, threshold: float, inside: float = 0.0,
    report: Report = lambda _: None,
) -> Crossed:  # fmt: skip
    """Every pair of a text of `train` and one of `held` that are the same, or near-duplicates at the threshold, or of
    which the one of `held` is inside the other, at least this share of it (0: do not look for those).

    Two Arrow string columns without nulls. A text without any word is nobody's twin. A pair is of one kind only.
    """
    numbers: dict[bytes, int] = {}
    total = len(train) + len(held)
    mine = _Copies(_numbered(train, numbers, lambda done: report(READING * done / total)))
    theirs = _Copies(_numbered(held, numbers, lambda done: report(READING * (len(train) + done) / total)))
    same = np.intersect1d(mine.texts, theirs.texts, assume_unique=True)
    texts = _Distinct(train, held, mine, theirs)
    kinds = [(same, same, np.ones(len(same)))]
    near, cut = _near(texts, shingle, threshold, lambda share: report(READING + 0.4 * share))
    kinds.append(near)
    if inside:
        (x, y, share), short = _inside(texts, shingle, inside, lambda share: report(READING + 0.4 + 0.3 * share))
        new = ~np.isin(_packed(x, y), _packed(near[0], near[1]))
        kinds.append((x[new], y[new], share[new]))
        cut += short
    x, y, similarity = (np.concatenate(part) for part in zip(*kinds, strict=True))
    one, other, which, elided = _listed(mine, theirs, x, y)
    how = np.repeat(np.arange(len(kinds), dtype=np.int8), [len(kind[0]) for kind in kinds])
    order = np.lexsort((one, other))
    return Crossed(one[order], other[order], how[which][order], similarity[which][order], elided, cut)


class _Copies:
    """One side's texts by what they say: the copies of text `texts[i]` are `order[starts[i]:starts[i] + sizes[i]]`."""

    def __init__(self, number: Array) -> None:
        """`number` of each text: what says the same has the same; -1 for what says nothing."""
        order = np.argsort(number, kind="stable")
        self.order = order[int((number < 0).sum()) :]
        self.texts, self.starts, self.sizes = np.unique(number[self.order], return_index=True, return_counts=True)

    def firsts(self) -> Array:
        """The first copy of each text, ascending."""
        return np.sort(self.order[self.starts])

    def of(self, text: int) -> Array:
        at = int(np.searchsorted(self.texts, text))
        return self.order[self.starts[at] : self.starts[at] + self.sizes[at]]


def _numbered(texts: pa.ChunkedArray, numbers: dict[bytes, int], report: Callable[[int], None]) -> Array:
    """A number for each text, the same for what says the same, on both sides."""
    found = np.empty(len(texts), np.int64)
    at = 0
    for start in range(0, len(texts), READ):
        for text in texts.slice(start, READ).to_pylist():
            said = normalised(text)
            key = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            found[at] = numbers.setdefault(key, len(numbers)) if said else -1
            at += 1
        report(at)
    return found


class _Distinct:
    """The different texts of both sides, one copy of each: numbers under `border` are of the first side."""

    def __init__(self, train: pa.ChunkedArray, held: pa.ChunkedArray, mine: _Copies, theirs: _Copies) -> None:
        self._sides = [(train, mine.firsts()), (held, theirs.firsts())]
        self.border = len(mine.texts)
        self.size = self.border + len(theirs.texts)
        each = zip((mine, theirs), self._sides, strict=True)
        self._numbers = np.concatenate([copies.texts[np.argsort(copies.order[copies.starts])] for copies, _ in each])

    def read(self, which: Array) -> pa.ChunkedArray:
        """The texts of these numbers, ascending."""
        at = int(np.searchsorted(which, self.border))
        (train, mine), (held, theirs) = self._sides
        parts = train.take(pa.array(mine[which[:at]])), held.take(pa.array(theirs[which[at:] - self.border]))
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())

    def across(self, x: Array, y: Array, share: Array) -> tuple[Array, Array, Array]:
        """Of pairs x < y those of both sides, as numbers of texts, without those that say the same."""
        own, other = self._numbers[x], self._numbers[y]
        wanted = (x < self.border) & (y >= self.border) & (own != other)
        return own[wanted], other[wanted], share[wanted]


def _near(texts: _Distinct, shingle: Shingle, threshold: float, report: Report) -> tuple[Any, int]:
    """Pairs of different texts, with their Jaccard index; and the buckets that were cut."""
    from pipeline.dedup.index import Index  # compiled code takes a second to load

    with Index(shingle, threshold) as index:
        for start in range(0, texts.size, READ):
            index.add(texts.read(np.arange(start, min(start + READ, texts.size))))
            report(0.6 * start / texts.size)
        fresh = np.arange(texts.size) < texts.border  # pairs within a side are not wanted: the fewer of them
        fresh = fresh if 2 * texts.border < texts.size else ~fresh
        found = index.found(lambda share: report(0.6 + 0.4 * share), fresh)
    return texts.across(found.x, found.y, found.jaccard), found.cut


def _inside(texts: _Distinct, shingle: Shingle, threshold: float, report: Report) -> tuple[Any, int]:
    """Pairs of which the second text is inside the first, with the share of it that is; and the texts cut short."""
    from pipeline.dedup.contain import Containment
    from pipeline.dedup.signer import Signer

    with Signer(shingle) as signer:
        fresh = np.arange(texts.size) >= texts.border
        search = Containment(texts.size, threshold, lambda which: signer.cut(texts.read(which)), signer, fresh)
        found = search.found(report)
    held = ~found.x_inside | (search.sizes[found.x] == search.sizes[found.y])  # of one size, each is inside the other
    return texts.across(found.x[held], found.y[held], found.jaccard[held]), found.cut


def _packed(x: Array, y: Array) -> Array:
    return (x.astype(np.uint64) << np.uint64(32)) | y.astype(np.uint64)


def _listed(mine: _Copies, theirs: _Copies, x: Array, y: Array) -> tuple[Array, Array, Array, int]:
    """Pairs of records from pairs of texts: of each the two numbers and the pair of texts; and how many are elided."""
    a, b = (c.sizes[np.searchsorted(c.texts, side)] for c, side in ((mine, x), (theirs, y)))
    every = a * b
    small_first = np.argsort(every, kind="stable")
    within = np.empty(len(x), np.bool_)
    within[small_first] = np.cumsum(every[small_first]) <= ALL_PAIRS
    full = within & (every <= ALL_COPIES)
    ones, others, which = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for at in range(len(x)):
        one, other = mine.of(int(x[at])), theirs.of(int(y[at]))
        if full[at]:
            one, other = np.repeat(one, len(other)), np.tile(other, len(one))
        else:  # each with the first of the other side
            one, other = (
                np.concatenate([one, np.full(len(other) - 1, one[0])]),
                np.concatenate([np.full(len(one), other[0]), other[1:]]),
            )
        ones.append(one)
        others.append(other)
        which.append(np.full(len(one), at))
    pairs = np.concatenate(which)
    return np.concatenate(ones), np.concatenate(others), pairs, int(every.sum()) - len(pairs)
