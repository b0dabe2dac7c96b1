"""What is needed lies in sight: the tools on a narrow screen, what was opened, and nothing where there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.widget.harness import Widget, choice, item
from tests.widget.marking import span, spans

TALK = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "There."}]
GUIDE = "## What to do\n- **bold** and *slanted*, `code`\n2 * 3 * 4 <b>plain</b> **open"
LONG = "Anna met Bob in Paris. " * 60


@pytest.fixture
def wide(open_page: Callable[..., Page]) -> Page:
    return open_page(1000, 600)


@pytest.fixture
def narrow(open_page: Callable[..., Page]) -> Page:
    return open_page(360, 740)


def box(part: Locator) -> dict[str, float]:
    found = part.bounding_box()
    assert found is not None
    return {**found, "bottom": found["y"] + found["height"], "right": found["x"] + found["width"]}


def in_sight(part: Locator, height: int) -> bool:
    """Whether the whole of it is on the screen, and on top there."""
    place = box(part)
    over = part.evaluate(
        "(one) => { const { left, right, bottom } = one.getBoundingClientRect();"
        " return one.contains(one.getRootNode().elementFromPoint((left + right) / 2, bottom - 3)); }"
    )
    return bool(place["y"] >= 0 and place["bottom"] <= height and over)


def test_submit_is_in_sight_below_a_long_list_of_marks(narrow: Page) -> None:
    marks = [{**span(LONG, "Anna", "PER"), "start": at * 23, "end": at * 23 + 4} for at in range(30)]
    widget = Widget(narrow, {"questions": [spans()]}, [item(1, LONG, draft={"marks": marks})])
    expect(widget.page.locator(".mark-list li")).to_have_count(30)
    assert widget.page.evaluate("document.documentElement.scrollHeight > 1400 && scrollY === 0")
    assert in_sight(widget.part("submit"), 740)
    assert in_sight(widget.part("skip"), 740)
    widget.part("submit").click()
    assert widget.answers()[0][1] == "submitted"


def test_what_is_lacking_is_said_where_submit_is(narrow: Page) -> None:
    labels = [f"label {n}" for n in range(20)]
    widget = Widget(narrow, {"questions": [{**choice(labels=labels), "kind": "choices"}]}, [item(1, LONG)])
    widget.part("submit").click()
    assert in_sight(widget.part("lack"), 740)


@pytest.mark.parametrize("key", ["Shift+s", "c", "g"])
def test_what_was_opened_comes_out_from_under_the_tools(wide: Page, key: str) -> None:
    reasons = [f"a reason that takes some room, number {n}" for n in range(6)]
    labels = [f"label {n}" for n in range(24)]
    task = {"questions": [choice(labels=labels)], "skip_reasons": reasons, "guideline": "One\n\n" * 6}
    widget = Widget(wide, task, [item(1, LONG)])
    wide.add_style_tag(content="html { scroll-padding-bottom: 7rem; }")  # as the page has it
    widget.press(key)
    part = {"Shift+s": "reasonRow", "c": "noteRow", "g": "guideRow"}[key]
    assert in_sight(widget.part(part), 600)


def test_a_machines_mark_does_not_break_a_label(wide: Page) -> None:
    labels = ["negative", "positive", *(f"label {n}" for n in range(6))]
    said = {"label": {"value": "negative", "score": 0.83, "source": "model:x"}}
    Widget(wide, {"questions": [choice(labels=labels)]}, [item(1, suggestions=said)])
    lines = "(one) => { const all = document.createRange(); all.selectNodeContents(one); return all.getClientRects().length; }"
    assert wide.locator(".label.machine-says span").evaluate(lines) == 1


@pytest.mark.parametrize("fields", [["messages"], ["text", "messages"]])
def test_a_record_without_a_text_has_no_empty_box(wide: Page, fields: list[str]) -> None:
    task: dict[str, Any] = {
        "fields": [{"name": name, "title": "", "show": "main"} for name in fields],
        "questions": [{"kind": "chat", "name": "talk", "field": "messages", "edit": True, "write": "", "rate": 0}],
    }
    widget = Widget(wide, task, [item(1, fields={"text": "", "messages": TALK})])
    expect(widget.question("talk")).to_contain_text("Where is it?")
    assert box(widget.part("card"))["height"] < 50
    widget.shows("r1")


def test_a_guideline_opens_as_it_reads_and_stays_text(wide: Page) -> None:
    widget = Widget(wide, {"questions": [choice()], "guideline": GUIDE}, [item(1)])
    widget.press("g")
    shown = widget.part("guideRow")
    assert shown.evaluate("(one) => [...one.querySelectorAll('*')].map((part) => `${part.tagName} ${part.textContent}`)") == [
        "STRONG What to do", "STRONG bold", "EM slanted", "CODE code",
    ]  # fmt: skip
    assert shown.text_content() == "What to do\n• bold and slanted, code\n2 * 3 * 4 <b>plain</b> **open"


def test_a_machines_relations_are_named_before_its_marks_are_taken(wide: Page) -> None:
    questions = [spans(), {"kind": "relations", "name": "rel", "spans": "marks", "labels": ["knows"]}]
    said = {"rel": {"value": [{"from": 0, "to": 1, "label": "knows"}], "score": 0.5, "source": "model:x"}}
    widget = Widget(wide, {"questions": questions}, [item(1, LONG, suggestions=said)])
    expect(widget.question("rel").locator(".machine")).to_have_text("Suggested by a machine: knows · 50 % model:x")
