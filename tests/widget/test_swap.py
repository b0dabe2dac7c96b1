"""A record is taken away under the hands: what they do next was meant for it, and decides nothing about the one that came."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, choice, item, items
from tests.widget.marking import spans

LABEL = {"questions": [choice()]}
WHY = {"kind": "text", "name": "why"}


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def freeze(page: Page) -> None:
    """The page's time stands still but for `wait`: a slow machine breaks no rhythm."""
    page.evaluate("(() => { const at = performance.now(); window.waited = 0; performance.now = () => at + waited; })()")


def wait(page: Page, ms: int) -> None:
    page.evaluate("ms => { waited += ms; }", ms)


def tap(page: Page, text: str, every: int) -> None:
    """Type at a rhythm of `every` ms."""
    for letter in text:
        page.keyboard.type(letter)
        wait(page, every)


def area(page: Page) -> str:
    return page.locator("textarea.writing-area").input_value()


def test_what_is_typed_into_the_new_field_stands_there_and_is_kept(page: Page) -> None:
    widget = Widget(page, {"questions": [WHY]}, items(2))
    widget.press("w")
    page.keyboard.type("ab")
    widget.give(window=["2"])
    assert area(page) == ""
    page.keyboard.type("cd")
    widget.give(window=["2"])  # any word from the server draws anew
    assert area(page) == "cd"
    assert widget.draft("2")["value"] == {"why": "cd"}
    assert widget.draft("1")["value"] == {"why": "ab"}


def test_a_rhythm_that_goes_on_submits_nothing_until_the_keys_have_rested(page: Page) -> None:
    widget = Widget(page, {"questions": [WHY]}, items(3))
    widget.press("w")
    page.keyboard.type("ab")
    freeze(page)
    widget.give(window=["2", "3"])
    tap(page, "cdef", 250)
    widget.press("Control+Enter")
    assert widget.answers() == []
    wait(page, 600)
    widget.press("Control+Enter")
    assert widget.answers() == [("r2", "submitted", {"why": "cdef"})]


@pytest.mark.parametrize("key", ["1", "s", "u", "f", "a"])
def test_keys_in_a_rhythm_decide_nothing_about_the_record_that_came(page: Page, key: str) -> None:
    says = {"label": {"value": "neutral", "score": 0.9, "source": "model"}}
    widget = Widget(page, LABEL, [item(1), item(2), item(3, suggestions=says)])
    widget.press("1")
    before = widget.events
    freeze(page)
    widget.give(window=["3"])
    tap(page, key * 5, 200)
    assert widget.events == before
    assert widget.draft("3") is None
    wait(page, 600)
    widget.press("2")
    assert widget.answers()[1:] == [("r3", "submitted", {"label": "negative"})]


def test_a_remark_that_is_being_written_becomes_no_keys(page: Page) -> None:
    widget = Widget(page, LABEL, items(3))
    widget.press("c")
    page.keyboard.type("not so")
    freeze(page)
    widget.give(window=["2", "3"])
    tap(page, " fine 1 s u 2 0", 60)
    assert widget.events == []
    widget.shows("r2")


def test_who_never_rests_is_not_shut_out(page: Page) -> None:
    widget = Widget(page, LABEL, items(2))
    freeze(page)
    widget.give(window=["2"])
    tap(page, "1" * 20, 200)
    assert widget.answers() == []
    tap(page, "1" * 10, 200)
    assert widget.answers() == [("r2", "submitted", {"label": "positive"})]


def test_it_is_told_once(page: Page) -> None:
    widget = Widget(page, LABEL, items(2))
    widget.give(window=["2"])
    widget.give(window=["2"])
    expect(widget.part("notices").locator("p")).to_have_count(1)


def test_a_drag_begun_on_the_old_text_marks_nothing_in_the_new(page: Page) -> None:
    widget = Widget(page, {"questions": [spans()]}, [item(1, "Anna met Bob there"), item(2, "nobody was ever here")])
    widget.press("1")  # in hand
    box = page.locator(".ink").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 40, box["y"] + 8, steps=4)
    widget.give(window=["2"])
    page.wait_for_timeout(700)
    page.mouse.move(box["x"] + 60, box["y"] + 8, steps=4)
    page.mouse.up()
    assert widget.draft("2") is None


def test_questions_that_change_under_the_hands_leave_them_on_the_text(page: Page) -> None:
    """The task is saved while somebody writes: the field is built anew, and the letters must not become keys."""
    widget = Widget(page, {"questions": [choice(), WHY]}, items(2))
    widget.press("1", "w")
    page.keyboard.type("be")
    widget.task = {**widget.task, "revision": 2, "questions": [choice(title="Tone"), WHY]}
    widget.give(window=["1", "2"])
    page.keyboard.type("cause")
    assert widget.answers() == []
    assert widget.draft("1")["value"] == {"label": "positive", "why": "because"}


def test_questions_that_leave_under_the_hands_turn_no_letter_into_a_key(page: Page) -> None:
    widget = Widget(page, {"questions": [choice(), WHY]}, items(2))
    widget.press("1", "w")
    page.keyboard.type("be")
    widget.task = {**widget.task, "revision": 2, "questions": [choice()]}
    freeze(page)
    widget.give(window=["1", "2"])
    tap(page, "s u 1 2", 60)
    assert widget.answers() == []
