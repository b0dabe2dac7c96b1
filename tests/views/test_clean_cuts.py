"""The cuts on the clean page: a measured number drawn, its cut moved by hand, and what lies beyond it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1.element_tree import NumberInput

from app.widgets.clean_cut_chart import shape_of
from app.widgets.clean_cut_stops import STOPS, stops
from pipeline.knobs import Knob
from pipeline.verbs.clean_measure import Measured, _by_log, _evenly
from tests.clean_pages import CleanPage, clean_page

TEXTS = ["one word " * n for n in range(1, 41)]  # of 8 to 359 characters


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CleanPage]:
    with clean_page(tmp_path, monkeypatch, TEXTS) as made:
        made.run()
        made.view("cuts")
        yield made


def cut(page: CleanPage, knob: str) -> str:
    """The keys of the cut of a length begin so."""
    row = next(str(toggle.key) for toggle in page.app.toggle if toggle.label == "Length").split(".")[1]
    return f"clean.move.{row}.{knob}"


def typed(page: CleanPage, knob: str) -> NumberInput:
    """The field beside the slider."""
    return next(field for field in page.app.number_input if str(field.key).startswith(f"{cut(page, knob)}.type."))


def test_a_typed_cut_sets_the_knob_and_says_how_many_lie_beyond(page: CleanPage) -> None:
    assert "**0** below 3 (0.0%)" in page.words()
    typed(page, "min").set_value(90).run()
    assert not page.app.exception
    assert "**10** below 90 (25.0%)" in page.words()
    assert any("At least: 90" in one.value for one in page.app.caption)
    page.view("result")
    page.click("clean.preview")
    page.wait()
    assert dict(map(tuple, page.job().params["steps"]))["length"]["min"] == 90
    assert page.job().result["dropped"]["length"] == 10


def test_a_moved_slider_sets_the_knob_and_the_open_form_follows(page: CleanPage) -> None:
    page.open_step("Length")
    slider = page.app.select_slider(key=f"{cut(page, 'max')}.slide")
    chosen = next(
        option for option in slider.options if option != "off" and 100 <= float(option.replace(",", "")) <= 120
    )
    slider.set_value(int(chosen)).run()
    assert not page.app.exception
    assert next(n for n in page.app.number_input if str(n.key).endswith("length.max")).value == int(chosen)
    assert typed(page, "max").value == int(chosen)
    beyond = sum(len(text.strip()) > int(chosen) for text in TEXTS)
    assert f"**{beyond}** above {chosen}" in page.words()


def test_the_form_moves_the_cut_too(page: CleanPage) -> None:
    page.open_step("Length")
    next(n for n in page.app.number_input if str(n.key).endswith("length.min")).set_value(50).run()
    assert typed(page, "min").value == 50
    assert "below 50" in page.words()


def test_what_was_measured_before_a_change_says_so(page: CleanPage) -> None:
    assert "have changed since" not in page.words()
    next(toggle for toggle in page.app.toggle if toggle.label == "HTML to text").set_value(False).run()
    assert "have changed since" in page.words()
    page.click("clean.measure")
    assert "have changed since" not in page.words()


def test_a_sample_is_scaled_and_said(page: CleanPage, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.widgets import clean_cuts

    monkeypatch.setattr(clean_cuts, "TRY", 20)
    page.click("clean.measure")
    assert "random sample of 20 of 40 records" in page.words()
    typed(page, "min").set_value(10_000).run()
    assert "**≈ 40** below 10,000 (100.0%; 20 in the sample)" in page.words()


def test_a_recipe_that_measures_nothing_says_what_to_do(page: CleanPage) -> None:
    for toggle in page.app.toggle:
        if str(toggle.key).endswith(".on") and toggle.label != "White space":
            toggle.set_value(False)
    page.run()
    assert any("No step of this recipe measures" in one.value for one in page.app.info)


def measured(numbers: list[float], bound: str, value: float) -> Measured:
    found = np.sort(np.array(numbers, np.float64))
    return Measured(0, "s", "k", bound, value, found, {}, _evenly(found), _by_log(found))


NUMBERS = st.lists(st.one_of(st.integers(0, 30), st.floats(0, 1), st.floats(0, 1e6)), min_size=1, max_size=60)


@given(NUMBERS, st.sampled_from(["least", "most"]), st.one_of(st.integers(0, 40), st.floats(0, 2e6)))
def test_the_bars_hold_every_number_and_part_at_the_cut(numbers: list[float], bound: str, value: float) -> None:
    one = measured(numbers, bound, value)
    shape = shape_of(one, value)
    low, high = shape.domain
    assert low <= min(numbers)
    assert high >= max(numbers)
    assert all(bar["low"] < bar["high"] for bar in shape.bars)
    beyond = [bar for bar in shape.bars if bar["beyond"]]
    if not value:
        assert not beyond
    elif one.cut(value) == len(numbers):
        assert all(bar["beyond"] for bar in shape.bars if bar["texts"] and _held(bar, numbers))
    elif not one.cut(value):
        assert not any(_held(bar, numbers) for bar in beyond if bar["texts"])


def _held(bar: dict[str, float], numbers: list[float]) -> bool:
    return any(bar["low"] < number < bar["high"] for number in numbers)


@given(NUMBERS, st.sampled_from([int, float]), st.floats(0, 100))
def test_the_slider_has_the_value_no_bound_and_nothing_outside(numbers: list[float], kind: type, value: float) -> None:
    knob = Knob("k", kind, kind(5), "", 0, 100)
    places = stops(measured(numbers, "most", value), knob, kind(value))
    assert places == sorted(set(places))
    assert len(places) <= STOPS
    assert {kind(0), kind(value), kind(5)} <= set(places)
    assert all(isinstance(place, kind) and 0 <= place <= 100 and math.isfinite(place) for place in places)
