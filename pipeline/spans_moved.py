"""Where the places of a text are after an edit of it. Pure: two texts in, offsets out; offsets are code points.

An edit says only what the text became, so an alignment is made: what both texts begin and end with; of what is between,
the tokens (a tag, an entity, a word, a Han character, a run of spaces) that occur once on both sides in one order
(patience, as in Bram Cohen's diff), and between two of these the longest series that both have. What is not aligned is
replaced as a whole. A text of the same length in which most characters stay is aligned place by place: converted Han.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

FEW = 2500  # pairs of tokens that are compared without looking for anchors: faster than looking
MOST = (
    250_000  # pairs of tokens between two anchors that are compared at all, a tenth of a second; else all is replaced
)
_HAN = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_TOKEN = re.compile(rf"<[^<>\n]*>|&#?\w{{1,31}};|\s+|[^\W{_HAN}]+|.", re.DOTALL)

Run = tuple[int, int, int]  # where it begins in the old and in the new text, and how long it is


class Unmovable(ValueError):
    """A place of which the edit leaves nothing, or that begins or ends inside of what it replaced."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """`runs` are the stretches that both texts have, in order, none empty; between two of them the edit put the new
    side in the place of the old."""

    runs: tuple[Run, ...]
    old: str
    new: str

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """The place [start, end) of the old text in the new one. What the edit put beside the place does not belong to
        it, what it put inside does. Raises Unmovable."""
        if not 0 <= start < end <= len(self.old):
            raise Unmovable
        left, right = self._start(start), self._end(end)
        if left >= right:
            raise Unmovable
        return left, right

    def _start(self, place: int) -> int:
        at = bisect_right(self.runs, place, key=lambda run: run[0]) - 1
        if at >= 0:
            i, j, n = self.runs[at]
            if place < i + n:
                return j + place - i
        gap = self._gap(at)
        return gap[2] if place == gap[0] else self._within(gap, place)

    def _end(self, place: int) -> int:
        at = bisect_left(self.runs, place, key=lambda run: run[0]) - 1
        if at >= 0:
            i, j, n = self.runs[at]
            if place <= i + n:
                return j + place - i
        gap = self._gap(at)
        return gap[3] if place == gap[1] else self._within(gap, place)

    def _gap(self, at: int) -> tuple[int, int, int, int]:
        """What lies behind run `at` (-1: before the first): its begin and end in the old text, and in the new."""
        i, j, n = self.runs[at] if at >= 0 else (0, 0, 0)
        i_next, j_next, _ = self.runs[at + 1] if at + 1 < len(self.runs) else (len(self.old), len(self.new), 0)
        return i + n, i_next, j + n, j_next

    def _within(self, gap: tuple[int, int, int, int], place: int) -> int:
        """Inside of what was replaced: nothing is left of what was taken out; one for one can be told apart."""
        i, i_end, j, j_end = gap
        if j == j_end:
            return j
        if i_end - i == j_end - j and _alike(self.old[i:i_end], self.new[j:j_end]):
            return j + place - i
        raise Unmovable


def align(old: str, new: str) -> Alignment:
    """The alignment of a text with what an edit made of it."""
    if old == new:
        return Alignment(((0, 0, len(old)),) if old else (), old, new)
    if len(old) == len(new) and _place_by_place(old, new):
        return Alignment(tuple(_equal_places(old, new)), old, new)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = _TOKEN.findall(old, head, len(old) - tail), _TOKEN.findall(new, head, len(new) - tail)
    runs = [(0, 0, head), *_spelt(*middle, head), (len(old) - tail, len(new) - tail, tail)]
    return Alignment(tuple(_joined(runs)), old, new)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _place_by_place(old: str, new: str) -> bool:
    same = sum(map(str.__eq__, old, new))
    return 2 * same >= len(old) and _alike(old, new)


def _alike(old: str, new: str) -> bool:
    """Whether each character of one can have become that of the other: both letters, both digits, and so on."""
    return all(
        a == b or unicodedata.category(a)[0] == unicodedata.category(b)[0] for a, b in zip(old, new, strict=True)
    )


def _equal_places(old: str, new: str) -> list[Run]:
    return _joined([(at, at, 1) for at, (a, b) in enumerate(zip(old, new, strict=True)) if a == b])


def _joined(runs: list[Run]) -> list[Run]:
    """The runs without empty ones, those that touch on both sides as one."""
    found: list[Run] = []
    for i, j, n in runs:
        if found and found[-1][0] + found[-1][2] == i and found[-1][1] + found[-1][2] == j:
            found[-1] = (*found[-1][:2], found[-1][2] + n)
        elif n:
            found.append((i, j, n))
    return found


def _spelt(one: list[str], other: list[str], head: int) -> list[Run]:
    """Runs of characters from the tokens that match, and from those that were replaced."""
    starts, others = _starts(one, head), _starts(other, head)
    runs: list[Run] = []
    a_end = b_end = 0
    for a, b in [*_matched(_keys(one), _keys(other)), (len(one), len(other))]:
        if a > a_end and b > b_end:
            left, right = "".join(one[a_end:a]), "".join(other[b_end:b])
            runs += [(starts[a_end] + i, others[b_end] + j, n) for i, j, n in _inside(left, right)]
        if a < len(one):
            alike = [(0, 0, len(one[a]))] if one[a] == other[b] else _inside(one[a], other[b])
            runs += [(starts[a] + i, others[b] + j, n) for i, j, n in alike]
        a_end, b_end = a + 1, b + 1
    return runs


def _keys(tokens: list[str]) -> list[str]:
    """What tokens are compared by: one run of spaces is as good as another."""
    return [" " if token.isspace() else token for token in tokens]


def _inside(old: str, new: str) -> list[Run]:
    """The runs of two stretches that do not match as tokens: all of the shorter one where characters were only taken
    out, or only put in; else what both begin and end with."""
    if len(old) * len(new) <= MOST:
        pairs = _longest(old, new)
        if len(pairs) == min(len(old), len(new)):
            return [(i, j, 1) for i, j in pairs]
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    return [(0, 0, head), (len(old) - tail, len(new) - tail, tail)]


def _starts(tokens: list[str], at: int) -> list[int]:
    found = [at]
    for token in tokens:
        found.append(found[-1] + len(token))
    return found


def _matched(one: list[str], other: list[str]) -> list[tuple[int, int]]:
    """Pairs of places of tokens that are the same, in order on both sides."""
    found: list[tuple[int, int]] = []
    waiting = [(0, len(one), 0, len(other))]
    while waiting:
        a, a_end, b, b_end = waiting.pop()
        while a < a_end and b < b_end and one[a] == other[b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and one[a_end - 1] == other[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
            found.append((a_end, b_end))
        pairs = (a_end - a) * (b_end - b)
        if not pairs:
            continue
        anchors = _anchors(one, other, (a, a_end, b, b_end)) if pairs > FEW else []
        if anchors:
            found += anchors
            ends = [*anchors, (a_end, b_end)]
            begins = [(a - 1, b - 1), *anchors]
            waiting += [(x + 1, i, y + 1, j) for (x, y), (i, j) in zip(begins, ends, strict=True)]
        elif pairs <= MOST:
            found += [(a + i, b + j) for i, j in _longest(one[a:a_end], other[b:b_end])]
    return sorted(found)


def _longest(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places: the weightiest series that both have in common. (The blocks of difflib match a word that is
    there again and again with its neighbour.)"""
    rows = [[0] * (len(other) + 1)]
    for word in reversed(one):
        below, row = rows[-1], [0] * (len(other) + 1)
        weight = 1 if word == " " else 3 if word.isalnum() else 2  # words before signs, and signs before spaces
        for j in range(len(other) - 1, -1, -1):
            row[j] = below[j + 1] + weight if word == other[j] else max(row[j + 1], below[j])
        rows.append(row)
    rows.reverse()
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        if one[i] == other[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif rows[i + 1][j] >= rows[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _anchors(one: list[str], other: list[str], part: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """Tokens that occur once on both sides of this part: the longest series of them in the same order."""
    a, a_end, b, b_end = part
    once = {token for token, n in Counter(one[a:a_end]).items() if n == 1}
    once &= {token for token, n in Counter(other[b:b_end]).items() if n == 1}
    place = {other[y]: y for y in range(b, b_end) if other[y] in once}
    return _rising([(x, place[one[x]]) for x in range(a, a_end) if one[x] in once])


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest series of the pairs in which the second numbers rise too."""
    tops: list[int] = []  # the least second number with which a series of each length ends
    ends: list[int] = []  # the pair it ends with
    before = [-1] * len(pairs)
    for at, (_, y) in enumerate(pairs):
        n = bisect_left(tops, y)
        before[at] = ends[n - 1] if n else -1
        tops[n : n + 1], ends[n : n + 1] = [y], [at]
    series = []
    at = ends[-1] if ends else -1
    while at >= 0:
        series.append(pairs[at])
        at = before[at]
    return series[::-1]
