"""The promises that every corpus step keeps, whatever its settings, held against every registered one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipeline.knobs import KnobError, build, knobs_of
from pipeline.steps.base import CorpusStep, steps
from pipeline.store import Store, records
from tests.cleaning import apply, labelled
from tests.conftest import Fill

NAMES = [name for name in steps.names() if isinstance(build(steps.get(name), {}), CorpusStep)]
TEXTS = [
    "", " ", "\u3000", "n/a", "同样的话", "同样的话", "SAME words", "same  words", "<b>x</b> 'quoted' \"too\" $name %s {a}; --",
    "👨‍👩‍👧‍👦", "e\u0301", "é", "a\x00b", "\u202e", "Ａ", "A", "é: colon: twice", "x" * 5000,
]  # fmt: skip


def settings_of(name: str) -> list[dict[str, Any]]:
    """The step as it comes, and with each switch thrown and each choice made."""
    found: list[dict[str, Any]] = [{}]
    for knob in knobs_of(steps.get(name)):
        values = [not knob.default] if knob.type is bool else knob.choices
        found += [{knob.name: value} for value in values]
    return [values for values in found if can_be(name, values)]


def can_be(name: str, values: dict[str, Any]) -> bool:
    try:
        build(steps.get(name), values)
    except KnobError:
        return False
    return True


CASES = [(name, values) for name in NAMES for values in settings_of(name)]


def effects(store: Store, job: int) -> list[tuple[Any, ...]]:
    rows = store.rows("SELECT record_id, kind, step, reason FROM effect WHERE job_id = ? ORDER BY ALL", [job])
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize(("name", "knobs"), CASES, ids=str)
def test_it_names_records_of_its_project_and_a_reason_to_count(
    store: Store, fill: Fill, name: str, knobs: dict[str, Any]
) -> None:
    fill(TEXTS, "other")
    project = fill(TEXTS)
    labelled(store, project, {"anna": {f"r{n}": ("POS", "pos", "NEG")[n % 3] for n in range(1, len(TEXTS) + 1)},
                              "博": {"r5": "NEG", "r7": "POS"}}, labels=["POS", "pos", "NEG"])  # fmt: skip
    select, params = build(steps.get(name), knobs).select()
    first = effects(store, apply(store, project, select, dict(params), end="preview"))
    own = set(records.ids(store, project.id))
    for record, kind, step, reason in first:
        assert record in own
        assert kind in ("drop", "flag", "review", "derive")
        assert step == "s"
        assert kind == "derive" or re.fullmatch(r"[a-z][^.\n:]{3,60}(: .*)?", reason, re.DOTALL), reason
    assert effects(store, apply(store, project, select, dict(params), end="preview")) == first  # the same again


@pytest.mark.parametrize(("name", "knobs"), CASES, ids=str)
def test_of_nothing_it_says_nothing(store: Store, fill: Fill, name: str, knobs: dict[str, Any]) -> None:
    fill(TEXTS, "other")
    select, params = build(steps.get(name), knobs).select()
    assert effects(store, apply(store, fill([]), select, dict(params))) == []


def test_they_are_found() -> None:
    assert {"exact_duplicates", "missing_values", "label_normalisation", "contradictory_labels", "outliers"} <= set(
        NAMES
    )
