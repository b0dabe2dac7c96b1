"""Which split each record goes to: by family, stratified by label, and stable when records are added.

Pure: it takes members and gives an allotment. It reads nothing, stores nothing, and does not find families itself.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.domain import SPLITS, WorkbenchError

_RANK = {"test": 2, "validation": 1, "train": 0}  # what a score is measured on is protected first


class BadRatios(WorkbenchError):
    """Ratios that are not three numbers summing to 100."""


@dataclass(frozen=True, slots=True)
class Member:
    """A record to be allotted. `given` is the split that its file said, `earlier` the one of an earlier version."""

    id: int
    family: int
    label: str
    given: str | None = None
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class Allotment:
    """`splits`: record -> split. `excluded`: record -> why it is left out. `leaks`: families that span two splits."""

    splits: Mapping[int, str]
    excluded: Mapping[int, str]
    leaks: tuple[int, ...]


def parse_ratios(words: str) -> dict[str, float]:
    """Read '80/10/10' (train/validation/test, in percent). Raises BadRatios with a sentence."""
    parts = words.split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or not abs(sum(numbers) - 100) < 0.001 or min(numbers) < 0 or not numbers[0]:
        raise BadRatios(
            f"The splits '{words}' cannot be used. Write three percentages that sum to 100 for train, validation and "
            "test, such as 80/10/10; only validation and test may be 0."
        )
    return dict(zip(SPLITS, numbers, strict=True))


def allot(members: Iterable[Member], ratios: Mapping[str, float], seed: int) -> Allotment:
    """Give each member a split; the order of the members does not matter.

    A given split and an earlier one are always kept. New members of a family that has a split join it; new families
    go whole to the split that is furthest under its share of their label. Where a family has come to span two splits,
    its earlier members outside the most protected one (test, then validation) are left out, and given ones stay.
    """
    families: dict[int, list[Member]] = defaultdict(list)
    for member in sorted(members, key=lambda m: m.id):
        families[member.family].append(member)
    splits: dict[int, str] = {}
    excluded: dict[int, str] = {}
    fresh: dict[int, list[Member]] = {}
    for family, own in families.items():
        settled = [m.given or m.earlier for m in own if m.given or m.earlier]
        if not settled:
            fresh[family] = own
            continue
        home = max((s for s in settled if s), key=_RANK.__getitem__)
        for member in own:
            split = member.given or member.earlier or home
            if split != home and not member.given and _RANK[split] < _RANK[home]:
                excluded[member.id] = f"{split} record in a family with {home} records"
            else:
                splits[member.id] = split
    labels = {m.id: m.label for own in families.values() for m in own}
    _place(fresh, splits, labels, ratios, seed)
    _fill_empty(fresh, splits, ratios, seed)
    leaks = tuple(f for f, own in sorted(families.items()) if len({splits[m.id] for m in own if m.id in splits}) > 1)
    return Allotment(splits, excluded, leaks)


def _place(
    fresh: Mapping[int, Sequence[Member]], splits: dict[int, str], labels: Mapping[int, str],
    ratios: Mapping[str, float], seed: int,
) -> None:  # fmt: skip
    """Add the new families to `splits`, label by label; what a small label cannot share out is owed to the next one."""
    wanted = [s for s in SPLITS if ratios[s] > 0]
    have: dict[str, Counter[str]] = defaultdict(Counter)
    for record, split in splits.items():
        have[labels[record]][split] += 1
    totals = Counter({label: sum(counts.values()) for label, counts in have.items()})
    strata: dict[str, list[int]] = defaultdict(list)
    for family, own in fresh.items():
        strata[_main_label(own)].append(family)
        totals.update(member.label for member in own)
    share = {label: {s: ratios[s] / 100 * total for s in wanted} for label, total in totals.items()}
    owed: dict[str, float] = dict.fromkeys(wanted, 0.0)

    def fit(split: str, counts: Counter[str], main: str) -> float:
        """How much nearer to its shares the family would bring the split: the fall in chi-square, over all labels."""
        fall = 0.0
        for label, n in counts.items():
            lacking = share[label][split] - have[label][split] + (owed[split] if label == main else 0.0)
            fall += n * (2 * lacking - n) / share[label][split]
        return fall

    for main in sorted(strata, key=lambda name: (-len(strata[name]), name)):
        for family in sorted(strata[main], key=lambda f: _shuffled(seed, f)):
            counts = Counter(member.label for member in fresh[family])
            best = max(wanted, key=lambda s: fit(s, counts, main))
            for label, n in counts.items():
                have[label][best] += n
            splits.update((member.id, best) for member in fresh[family])
        owed = {s: max(-1.0, min(1.0, owed[s] + share[main][s] - have[main][s])) for s in wanted}


def _fill_empty(
    fresh: Mapping[int, Sequence[Member]], splits: dict[int, str], ratios: Mapping[str, float], seed: int
) -> None:
    """With three families or more, no wanted split stays empty if a label can spare a new family for it."""
    for empty in ("train", "test", "validation"):
        sizes = Counter(splits.values())
        if ratios[empty] <= 0 or sizes[empty] or len(fresh) < 3:
            continue
        at = {family: splits[own[0].id] for family, own in fresh.items()}
        spare = Counter((split, _main_label(fresh[family])) for family, split in at.items())
        donors = [f for f, split in at.items() if spare[split, _main_label(fresh[f])] > 1]
        if not donors:
            continue
        family = min(
            donors, key=lambda f: (-spare[at[f], _main_label(fresh[f])], len(fresh[f]), _shuffled(seed, f))
        )  # fmt: skip
        splits.update((member.id, empty) for member in fresh[family])


def _main_label(own: Sequence[Member]) -> str:
    counts = Counter(member.label for member in own)
    return min(counts, key=lambda label: (-counts[label], label))


def _shuffled(seed: int, family: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{family}".encode(), digest_size=8).digest()


def families(ids: Iterable[int], links: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Join linked records into families, each numbered by its least member. Links may pass through other records."""
    above: dict[int, int] = {}

    def root(record: int) -> int:
        top = record
        while (higher := above.get(top, top)) != top:
            top = higher
        while (higher := above.get(record, record)) != top:
            above[record], record = top, higher
        return top

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        above[high] = low
    least: dict[int, int] = {}
    wanted = sorted(ids)
    for record in wanted:
        least.setdefault(root(record), record)
    return {record: least[root(record)] for record in wanted}
