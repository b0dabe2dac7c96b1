"""Names that mean something to JavaScript, or to the sentences that they are put into, are names like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, choice, items

NAMES = ["constructor", "toString", "__proto__", "hasOwnProperty"]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.mark.parametrize("name", NAMES)
def test_a_question_that_every_object_knows_is_not_answered_yet(page: Page, name: str) -> None:
    questions = [choice(name, ["yes", "no"]), choice("other", ["a", "b"], when={"question": name, "is": ["no"]})]
    widget = Widget(page, {"questions": questions}, items(2))
    widget.press("Enter")
    expect(widget.part("lack")).to_contain_text(name)
    widget.press("2")
    expect(widget.question("other")).to_be_visible()
    widget.press("1")
    widget.shows("r2")
    page.wait_for_function("sent.at(-1)?.events.length")
    sent = json.loads(
        page.evaluate("JSON.stringify(sent.at(-1))")
    )  # not as an object: the test's own bridge loses __proto__
    assert sent["events"][-1]["value"] == {name: "no", "other": "a"}


def test_labels_that_every_object_knows_stand_in_a_tree(page: Page) -> None:
    labels = [*NAMES, *map(str, range(20))]
    questions: list[dict[str, Any]] = [
        {"kind": "choices", "name": "label", "labels": labels, "parents": {"1": "valueOf", "2": "constructor"}}
    ]
    widget = Widget(page, {"questions": questions}, items(2))
    rows = widget.question("label").locator(".picker-row > span, .picker-group > span")
    expect(rows).to_have_count(len(labels) + 1)
    widget.press("1", "3", "Enter")
    widget.shows("r2")
    assert widget.events[-1]["value"] == {"label": ["constructor", "__proto__"]}


def test_what_is_put_into_a_sentence_is_not_looked_into(page: Page) -> None:
    widget = Widget(page, {"questions": [choice("label", ["{text} $& {n}", "b"])]}, items(2))
    widget.press("1")
    expect(widget.part("last")).to_contain_text("{text} $& {n}")
