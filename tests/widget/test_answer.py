"""The answer in a passage: one stretch, or that there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, item
from tests.widget.marking import POINTS, marks

PASSAGE = "Marie Curie was born in Warsaw.\r\n她出生于1867年。👩‍🔬 She won two prizes."
FIELDS = [
    {"name": "question", "title": "Question", "show": "context"},
    {"name": "passage", "title": "", "show": "main"},
]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def opened(page: Page, **more: Any) -> Widget:
    question = {"kind": "answer", "name": "marks", "field": "passage", **more.pop("question", {})}
    one = item(1, fields={"question": "Where was she born?", "passage": PASSAGE}, **more)
    return Widget(page, {"fields": FIELDS, "questions": [question]}, [one])


def place(page: Page, surface: str) -> tuple[float, float]:
    """The middle of the surface's second character, in the passage."""
    script = POINTS.replace('root.querySelector(".ink")', 'root.querySelectorAll(".ink")[1]')
    at = PASSAGE.index(surface) + 1
    first = page.evaluate(script, [at, at + 1])[0]
    return first["x"], first["y"]


def stretch(surface: str) -> list[dict[str, Any]]:
    start = PASSAGE.index(surface)
    return [{"start": start, "end": start + len(surface), "text": surface}]


def test_a_double_click_or_a_drag_gives_the_one_answer(page: Page) -> None:
    widget = opened(page)
    page.mouse.dblclick(*place(page, "Warsaw"))
    assert marks(widget) == stretch("Warsaw")
    expect(page.locator(".answer-shown")).to_have_text("Warsaw")
    page.mouse.move(*place(page, "two"))
    page.mouse.down()
    page.mouse.move(*place(page, "prizes"), steps=3)
    page.mouse.up()
    assert marks(widget) == stretch("two prizes")
    expect(page.locator(".mark")).to_have_count(1)
    widget.press("Enter")
    assert widget.answers() == [("r1", "submitted", {"marks": stretch("two prizes")})]


def test_by_keys(page: Page) -> None:
    widget = opened(page)
    widget.press("ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight")
    assert marks(widget) is None
    widget.press("1")
    assert marks(widget) == stretch("Marie Curie")
    widget.press("d")
    assert marks(widget) is None


def test_unanswerable_is_one_key_and_nothing_is_no_answer(page: Page) -> None:
    widget = opened(page)
    widget.press("Enter")
    assert widget.answers() == []
    widget.press("x", "Enter")
    assert widget.answers() == [("r1", "submitted", {"marks": []})]


def test_where_an_answer_must_be_there_unanswerable_is_not_offered(page: Page) -> None:
    widget = opened(page, question={"none": False})
    expect(page.get_by_role("button", name="No answer in the text")).to_have_count(0)
    widget.press("x")
    assert marks(widget) is None


def test_a_suggested_answer_is_taken_by_a_click(page: Page) -> None:
    widget = opened(page, suggestions={"marks": {"value": stretch("Warsaw"), "score": 0.5, "source": "m"}})
    expect(page.locator(".answer-shown")).to_be_empty()
    page.mouse.click(*place(page, "Warsaw"))
    assert marks(widget) == stretch("Warsaw")
