"""What measured steps say of a sample: each on the texts as the steps before it leave them."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import jobs, recipe
from pipeline.recipe import Recipe
from pipeline.steps.base import MeasuredStep, steps
from pipeline.steps.chain import StepFailed
from pipeline.store import Store
from pipeline.verbs.clean import Clean
from pipeline.verbs.clean_measure import Measured, _by_log, _evenly, measure
from tests.conftest import Fill
from tests.odd_steps import Odd


def only(store: Store, project_id: int, knob: str, *plain: list) -> Measured:
    (found,) = [one for one in measure(store, project_id, Recipe.of(plain)).knobs if one.knob == knob]
    return found


def test_a_step_is_measured_on_what_those_before_it_leave(store: Store, fill: Fill) -> None:
    project = fill(["<p>abc</p>", "ab", "n/a", "a" * 50])
    alone = only(store, project.id, "min", ["length", {"min": 3}])
    assert alone.numbers.tolist() == [2, 3, 10, 50]
    assert (alone.place, alone.step, alone.bound, alone.value, alone.cut()) == (0, "length", "least", 3, 1)
    behind = only(store, project.id, "min", ["html", {}], ["empty", {}], ["length", {"min": 3}])
    assert behind.numbers.tolist() == [2, 3, 50]
    assert [behind.cut(at) for at in (0, 2, 3, 4, 51)] == [0, 0, 1, 2, 3]
    most = only(store, project.id, "max", ["length", {"min": 0, "max": 3}])
    assert (most.bound, most.cut(), most.cut(0), most.cut(2), most.cut(49)) == ("most", 2, 0, 3, 1)


def test_what_would_be_cut_is_what_a_run_cuts(store: Store, fill: Fill) -> None:
    project = fill(["x" * n for n in range(60)])
    plain = [["length", {"min": 7, "max": 40}]]
    found = measure(store, project.id, Recipe.of(plain))
    job = jobs.run(store, Clean(plain), project.id)
    assert sum(one.cut() for one in found.knobs) == found.judged[0] == job.result["dropped"]["length"] == 26


def test_a_sample_is_drawn_by_its_seed(store: Store, fill: Fill) -> None:
    project = fill(["x" * n for n in range(300)])
    one, other = (measure(store, project.id, Recipe.of([["length", {}]]), sample=50) for _ in range(2))
    third = measure(store, project.id, Recipe.of([["length", {}]]), sample=50, seed=1)
    assert (one.records, one.sampled, len(one.knobs[0].numbers)) == (300, 50, 50)
    assert one.knobs[0].numbers.tolist() == other.knobs[0].numbers.tolist() != third.knobs[0].numbers.tolist()


def test_nothing_can_be_measured(store: Store, fill: Fill) -> None:
    found = measure(store, fill([]).id, Recipe.of([["length", {}], ["exact_duplicates", {}]]))
    assert (found.records, found.sampled, [len(one.numbers) for one in found.knobs]) == (0, 0, [0, 0])
    assert [one.even.counts.sum() for one in found.knobs] == [0, 0]
    assert [one.cut() for one in found.knobs] == [0, 0]


@settings(max_examples=200, deadline=None)
@given(numbers=st.lists(st.one_of(st.integers(0, 10**7).map(float), st.floats(0, 1e9)), max_size=60))
def test_every_number_is_in_a_bin(numbers: list[float]) -> None:
    array = np.sort(np.array(numbers, np.float64))
    for drawn in (_evenly(array), _by_log(array)):
        if drawn is not None:
            assert drawn.counts.sum() == len(numbers)
            assert len(drawn.edges) == len(drawn.counts) + 1
            assert (np.diff(drawn.edges) >= 0).all()


def test_wide_numbers_are_drawn_by_their_logarithms_too() -> None:
    assert _by_log(np.array([1.0, 2, 50])) is None
    wide = _by_log(np.array([0.0, 0, 1, 10, 10_000]))
    assert wide is not None
    assert (wide.counts[0], wide.edges[0], wide.edges[1]) == (2, 0, 1)


def test_a_step_that_fails_is_told_with_its_record(store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.names()
    monkeypatch.setitem(steps._known, "odd", Odd)
    with pytest.raises(StepFailed, match="The step odd failed on record id=2"):
        measure(store, fill(["a", "raise"]).id, Recipe.of([["odd", {}]]))


def test_ten_thousand_records_are_measured_in_little_time(store: Store, fill: Fill) -> None:
    draw = random.Random(1)
    words = ["the", "film", "was", "a", "very", "good", "story", "of", "people", "who", "never", "met", "before", "in"]
    project = fill([" ".join(draw.choices(words, k=draw.randint(5, 60))) for _ in range(10_000)])
    began = time.process_time()
    found = measure(store, project.id, recipe.named("default"))
    assert time.process_time() - began < 6  # 1.5 s on a machine with nothing else to do
    measured = [step.name for step in recipe.named("default").built() if isinstance(step, MeasuredStep)]
    assert {one.step for one in found.knobs} == set(measured)
