"""A key held down is one decision, a key that ends a composition is none, and a key with Ctrl is the browser's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.widget.harness import Widget, choice, item, items

MANY = [f"label {n}" for n in range(500)]
TREE = {"labels": [f"n{n:02}" for n in range(30)], "parents": {f"n{n:02}": "n29" for n in range(24)}}


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def hold(page: Page, key: str, times: int = 4) -> None:
    for _ in range(times):
        page.keyboard.down(key)
        page.wait_for_timeout(60)
    page.keyboard.up(key)


def end_of_composition(place: Locator, key: str) -> bool:
    """The key that ends a composition where the browser says so only by its number; whether it did anything."""
    return bool(place.evaluate(
        "(part, key) => !part.dispatchEvent(new KeyboardEvent('keydown',"
        " { key, keyCode: 229, bubbles: true, composed: true, cancelable: true }))", key
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("part", "state"), [("button[data-label=negative]", "submitted"), ("[data-part=skip]", "skipped")]
)
def test_enter_held_on_a_button_is_one_decision(page: Page, part: str, state: str) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(5))
    page.locator(part).focus()
    hold(page, "Enter")
    assert [(external, became) for external, became, _ in widget.answers()] == [("r1", state)]


def test_enter_held_in_the_search_submits_no_draft_of_the_next(page: Page) -> None:
    topics = {"kind": "choices", "name": "topics", "labels": MANY, "required": True}
    widget = Widget(page, {"questions": [topics]}, [item(1), item(2, draft={"topics": ["label 9"]}), item(3)])
    widget.press("1", "/")
    hold(page, "Enter")
    assert [external for external, _, _ in widget.answers()] == ["r1"]


def test_space_held_on_a_label_of_a_list_chooses_it_once(page: Page) -> None:
    widget = Widget(page, {"questions": [{"kind": "choices", "name": "topics", "labels": MANY}]}, items(2))
    widget.press("ArrowDown")
    hold(page, " ", times=2)
    assert widget.draft("1") is not None
    assert widget.draft("1")["value"] == {"topics": ["label 0"]}


def test_who_searches_goes_on_searching_on_the_next_record(page: Page) -> None:
    widget = Widget(page, {"questions": [choice(labels=MANY)]}, items(4))
    widget.press("/")
    page.keyboard.type("487")
    widget.press("Enter")
    page.keyboard.type("12")
    widget.press("Enter")
    values = [value["label"] for _, _, value in widget.answers()]
    assert values == ["label 487", "label 12"]


def test_the_end_of_a_composition_keeps_no_remark_and_takes_no_label(page: Page) -> None:
    widget = Widget(page, {"questions": [choice(labels=MANY)], "skip_reasons": ["unclear"]}, items(3))
    widget.press("c")
    comment = widget.part("comment")
    assert not end_of_composition(comment, "Enter")
    assert not end_of_composition(comment, "Escape")
    expect(comment).to_be_visible()
    widget.press("Escape", "Shift+s")
    reason = widget.part("reason")
    reason.focus()
    assert not end_of_composition(reason, "Escape")
    expect(reason).to_be_visible()
    widget.press("Escape", "/")
    page.keyboard.type("48")
    assert not end_of_composition(page.locator(".picker-search"), "Enter")
    assert not end_of_composition(page.locator(".picker-search"), "Tab")
    assert widget.answers() == []


def test_the_end_of_a_composition_takes_no_mark_label_and_leaves_the_keys_open(page: Page) -> None:
    widget = Widget(page, {"questions": [{"kind": "spans", "name": "marks", "labels": MANY[:30]}]}, items(2))
    widget.press("/")
    page.keyboard.type("label 2")
    assert not end_of_composition(page.locator(".marking input"), "Enter")
    widget.press("Escape", "?")
    assert not end_of_composition(page.locator("dialog input[type=search]"), "Escape")
    expect(page.locator("dialog")).to_be_visible()


def test_a_digit_with_ctrl_gives_no_reason(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()], "skip_reasons": ["unclear", "spam"]}, items(2))
    widget.press("Shift+s", "Control+1", "Alt+2")
    assert widget.answers() == []
    widget.press("2")
    assert [event["reason"] for event in widget.events] == ["spam"]


def test_every_label_with_a_key_shows_it_in_a_tree(page: Page) -> None:
    widget = Widget(page, {"questions": [choice(**TREE)]}, items(2))
    shown = page.locator(".picker-list kbd:not([hidden])")
    expect(shown).to_have_count(24)
    row = page.locator(".picker-row", has_text="n05")
    widget.press(row.locator("kbd").inner_text().lower())
    assert widget.answers() == [("r1", "submitted", {"label": "n05"})]


def test_the_keys_of_the_tools_are_named_as_a_screen_reader_knows_them(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(2))
    named = {tool: widget.part(tool).get_attribute("aria-keyshortcuts") for tool in ("back", "forward", "skip", "keys")}
    assert named == {"back": "ArrowLeft", "forward": "ArrowRight", "skip": "s", "keys": "?"}
    expect(widget.part("back").locator("kbd")).to_have_text("←")
