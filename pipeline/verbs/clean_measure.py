"""What the steps of a recipe measure in a sample of the records: how the numbers lie, and what a knob would cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.domain import Drop, Edit
from pipeline.recipe import Recipe
from pipeline.steps.base import MeasuredStep, TextStep
from pipeline.steps.chain import failed
from pipeline.store import Store, passes
from pipeline.verbs.clean import SEED, built

SAMPLE = 10_000
BINS = 40
WIDE = 100.0  # the largest number is so many times the least above 0: then equal steps of the logarithm are drawn too
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """counts[i] numbers lie in edges[i] <= number < edges[i + 1]; the last bin has its upper edge too."""

    counts: npt.NDArray[np.int64]
    edges: Numbers


@dataclass(frozen=True, slots=True)
class Measured:
    """One knob of one step. `place` is the step's in the recipe; `bound` says whether the knob's `value` is the least
    or the most allowed. `numbers` are those of the texts of the sample that reach the step and can be measured, sorted;
    `by_log` is there where they spread widely.
    """

    place: int
    step: str
    knob: str
    bound: str
    value: float
    numbers: Numbers
    quantiles: Mapping[float, float]
    even: Histogram
    by_log: Histogram | None

    def cut(self, value: float | None = None) -> int:
        """How many of the numbers lie beyond the knob at its value, or at this one. A knob at 0 cuts nothing."""
        at = self.value if value is None else value
        if not at:
            return 0
        if self.bound == "least":
            return int(np.searchsorted(self.numbers, at, side="left"))
        return len(self.numbers) - int(np.searchsorted(self.numbers, at, side="right"))


@dataclass(frozen=True, slots=True)
class Measures:
    """Of `sampled` records of `records`. `judged` is, for each place in the recipe with a text step, how many texts of
    the sample it drops, edits or flags."""

    records: int
    sampled: int
    knobs: Sequence[Measured]
    judged: Mapping[int, int]


@dataclass(slots=True)
class _Tally:
    """What one step has measured and judged so far."""

    place: int
    step: TextStep
    numbers: dict[str, list[float]] = field(default_factory=dict)
    judged: int = 0

    def measured(self) -> list[Measured]:
        return [self._knob(knob, bound) for knob, bound in self.step.cuts.items()] \
            if isinstance(self.step, MeasuredStep) else []  # fmt: skip

    def _knob(self, knob: str, bound: str) -> Measured:
        found = np.array(self.numbers.get(knob, ()), np.float64)
        numbers = np.sort(found[np.isfinite(found)])
        quantiles = dict(zip(SHARES, np.quantile(numbers, SHARES).tolist(), strict=True)) if len(numbers) else {}
        value = float(getattr(self.step, knob))
        return Measured(
            self.place, self.step.name, knob, bound, value, numbers, quantiles, _evenly(numbers), _by_log(numbers)
        )


def measure(store: Store, project_id: int, recipe: Recipe, sample: int = SAMPLE, seed: int = SEED) -> Measures:
    """Let the text steps of a recipe measure a sample of the project's records as they read now, each step the texts as
    those before it leave them. Corpus steps, which see all records at once, are passed over. Raises StepFailed."""
    table, records = passes.sample(store, project_id, sample, seed)
    tallies = [_Tally(n, step) for n, step in enumerate(built(store, recipe)) if isinstance(step, TextStep)]
    for record, text in zip(table.column("id").to_pylist(), table.column("text").to_pylist(), strict=True):
        _follow(record, text, tallies)
    knobs = [one for tally in tallies for one in tally.measured()]
    return Measures(records, table.num_rows, knobs, {tally.place: tally.judged for tally in tallies})


def _follow(record: int, text: str, tallies: Sequence[_Tally]) -> None:
    for tally in tallies:
        try:
            if isinstance(tally.step, MeasuredStep):
                for knob, number in tally.step.measures(text).items():
                    tally.numbers.setdefault(knob, []).append(number)
            judgement = tally.step.judge(text)
        except Exception as error:  # steps are plug-ins: whatever one raises is told with its name and the record
            raise failed(tally.step.name, record, f"{type(error).__name__}: {error}") from error
        tally.judged += judgement is not None
        if isinstance(judgement, Drop):
            return
        if isinstance(judgement, Edit):
            text = judgement.text


def _evenly(numbers: Numbers) -> Histogram:
    """Bins of the same width; a whole number has a bin of its own where there are few."""
    low, high = (numbers[0], numbers[-1]) if len(numbers) else (0.0, 1.0)
    whole = bool(np.all(numbers == np.round(numbers))) and high - low < BINS
    edges = np.arange(low, high + 2) if whole else np.linspace(low, high if high > low else low + 1, BINS + 1)
    return _histogram(numbers, edges)


def _by_log(numbers: Numbers) -> Histogram | None:
    above = numbers[numbers > 0]
    if not len(above) or numbers[0] < 0 or above[-1] < WIDE * above[0]:
        return None
    edges = np.geomspace(above[0], above[-1], BINS + 1)
    edges[0], edges[-1] = above[0], above[-1]  # not what rounding made of them
    return _histogram(numbers, edges if numbers[0] > 0 else np.concatenate([[0.0], edges]))


def _histogram(numbers: Numbers, edges: Numbers) -> Histogram:
    counts, _ = np.histogram(numbers, edges)
    return Histogram(counts.astype(np.int64), edges.astype(np.float64))
