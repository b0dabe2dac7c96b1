"""The plan in a task's definition: what it says when nothing is said, and what cannot be followed."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.domain import WorkbenchError
from pipeline.plan import Assignment, BadPlan, Plan, plan_from
from pipeline.store.queue import checked_plan


def test_a_definition_that_says_nothing() -> None:
    assert plan_from({}) == Plan()
    assert plan_from({"overlap": 2, "queue": {}}) == Plan(overlap=2)


def test_everything_is_read() -> None:
    queue = {
        "order": "random", "seed": 7, "relabel_first": False, "limit_each": 50, "groups": {"staff": ["bob", "carl"]},
        "assignments": [
            {"people": ["anna", " anna "], "group": "staff", "filter": {"text": "late"}, "limit": 5},
            {"people": ["dora"]},
            {"people": ["emil"], "filter": {"text": "x"}, "exclusive": False},
        ],
    }  # fmt: skip
    plan = plan_from({"queue": queue})
    assert (plan.order, plan.seed, plan.relabel_first, plan.limit_each) == ("random", 7, False, 50)
    assert plan.assignments == (
        Assignment(("anna", "bob", "carl"), {"text": "late"}, 5, True),
        Assignment(("dora",), {}, None, False),
        Assignment(("emil",), {"text": "x"}, None, False),
    )
    assert plan.of("carl") == plan.assignments[:1]
    assert plan.of("nobody") == ()


@pytest.mark.parametrize(
    ("queue", "word"),
    [
        (["order"], "settings"),
        ({"ordre": "random"}, "ordre"),
        ({"order": "shuffled"}, "shuffled"),
        ({"order": ["random"]}, "random"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"relabel_first": "no"}, "relabel_first"),
        ({"limit_each": -3}, "limit_each"),
        ({"groups": ["a"]}, "groups"),
        ({"groups": {"a": "anna"}}, "'a'"),
        ({"assignments": "anna"}, "assignments"),
        ({"assignments": ["anna"]}, "people"),
        ({"assignments": [{"people": []}]}, "nobody"),
        ({"assignments": [{"people": "anna"}]}, "people"),
        ({"assignments": [{"people": ["anna"], "group": "none"}]}, "none"),
        ({"assignments": [{"people": ["anna"], "group": ["staff"]}]}, "There is no group"),
        ({"assignments": [{"people": ["anna"], "who": 1}]}, "who"),
        ({"assignments": [{"people": ["anna"], "filter": "text=late"}]}, "filter"),
        ({"assignments": [{"people": ["anna"], "limit": "5"}]}, "limit"),
    ],
)
def test_what_cannot_be_followed_is_said(queue: Any, word: str) -> None:
    with pytest.raises(BadPlan, match=word):
        plan_from({"queue": queue})


@pytest.mark.parametrize("overlap", [0, -1, 1.5, "2", True, 10**6, None])
def test_an_overlap_is_a_whole_number(overlap: Any) -> None:
    with pytest.raises(BadPlan, match="overlap"):
        plan_from({"overlap": overlap})


def test_the_arrangement_changes_with_order_and_filters_only() -> None:
    one = plan_from({"queue": {"assignments": [{"people": ["anna"], "filter": {"text": "a"}}]}})
    same = plan_from({
        "overlap": 3, "queue": {"limit_each": 4, "assignments": [{"people": ["bob"], "filter": {"text": "a"}}]},
    })  # fmt: skip
    other = plan_from({"queue": {"assignments": [{"people": ["anna"], "filter": {"text": "b"}}]}})
    assert one.arrangement == same.arrangement != other.arrangement
    assert plan_from({"queue": {"seed": 3}}).arrangement == Plan().arrangement
    assert plan_from({"queue": {"order": "random", "seed": 3}}).arrangement != Plan(order="random").arrangement


@pytest.mark.parametrize("words", [{"colour": "red"}, {"state": "sleepy"}, {"job": "two"}, {"meta": "city"}])
def test_a_filter_is_checked_before_it_is_saved(words: dict[str, Any]) -> None:
    with pytest.raises(WorkbenchError):
        checked_plan({"queue": {"assignments": [{"people": ["anna"], "filter": words}]}})
    assert checked_plan({"queue": {"assignments": [{"people": ["anna"], "filter": {"text": "a b", "meta": {"c": 1}}}]}})
