"""Relations follow their marks, whatever happens to the list of marks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, item
from tests.widget.marking import drag, marks, point, span, spans

TEXT = "Anna lives in Paris and knows Bob."
ANNA, PARIS, BOB = span(TEXT, "Anna", "PER"), span(TEXT, "Paris", "LOC"), span(TEXT, "Bob", "PER")


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def opened(page: Page, *given: dict[str, Any], rel: list[dict[str, Any]] | None = None) -> Widget:
    draft: dict[str, Any] = {"marks": list(given or (ANNA, PARIS, BOB))}
    if rel is not None:
        draft["rel"] = rel
    questions = [spans(), {"kind": "relations", "name": "rel", "spans": "marks", "labels": ["lives in", "knows"]}]
    widget = Widget(page, {"questions": questions}, [item(1, TEXT, draft=draft)])
    widget.question("rel").click(position={"x": 5, "y": 5})
    return widget


def to(first: int, second: int, label: str) -> dict[str, Any]:
    return {"from": first, "to": second, "label": label}


def click(widget: Widget, surface: str) -> None:
    widget.page.mouse.click(*point(widget, TEXT.index(surface) + 1))


def test_by_mouse_head_label_tail(page: Page) -> None:
    widget = opened(page)
    click(widget, "Anna")
    widget.question("rel").locator("button", has_text="lives in").click()
    click(widget, "Paris")
    assert marks(widget, "rel") == [to(0, 1, "lives in")]
    expect(widget.question("rel").locator(".mark-list").first).to_contain_text("Anna—lives in→2 LOCParis")


def test_by_keys_and_a_label_in_hand_serves_for_several(page: Page) -> None:
    widget = opened(page)
    widget.press("n", "2", "n", "n", "Enter")
    assert marks(widget, "rel") == [to(0, 2, "knows")]
    widget.press("Escape", "1")
    for surface in ("Bob", "Paris", "Anna", "Paris"):
        click(widget, surface)
    assert marks(widget, "rel") == [to(0, 1, "lives in"), to(0, 2, "knows"), to(2, 1, "lives in")]


def test_a_relation_to_itself_and_the_same_twice_are_refused(page: Page) -> None:
    widget = opened(page, rel=[to(0, 1, "lives in")])
    widget.press("1")
    click(widget, "Anna")
    click(widget, "Anna")
    expect(widget.part("notices")).to_contain_text("cannot be related to itself")
    click(widget, "Anna")
    click(widget, "Paris")
    expect(widget.part("notices")).to_contain_text("already")
    click(widget, "Paris")
    click(widget, "Bob")
    assert marks(widget, "rel") == [to(0, 1, "lives in"), to(1, 2, "lives in")]


def test_a_new_mark_before_the_others_moves_their_places(page: Page) -> None:
    widget = opened(page, PARIS, BOB, rel=[to(1, 0, "lives in")])
    widget.question("marks").click(position={"x": 5, "y": 5})
    drag(widget, 0, 4)
    widget.press("1")
    assert marks(widget) == [ANNA, PARIS, BOB]
    assert marks(widget, "rel") == [to(2, 1, "lives in")]


def test_a_deleted_mark_takes_its_relations_with_it(page: Page) -> None:
    widget = opened(page, rel=[to(0, 1, "lives in"), to(0, 2, "knows"), to(2, 1, "lives in")])
    widget.question("marks").locator(".drop").first.click()
    expect(widget.part("notices")).to_contain_text("2 relations went with their mark")
    assert marks(widget) == [PARIS, BOB]
    assert marks(widget, "rel") == [to(1, 0, "lives in")]
    widget.press("u")
    assert marks(widget) == [ANNA, PARIS, BOB]
    assert marks(widget, "rel") == [to(0, 1, "lives in"), to(0, 2, "knows"), to(2, 1, "lives in")]


def test_a_relabelled_or_moved_mark_keeps_its_relations(page: Page) -> None:
    widget = opened(page, rel=[to(0, 1, "lives in")])
    widget.question("marks").locator(".go").first.click()
    widget.press("2")
    assert marks(widget)[0] == {**ANNA, "label": "LOC"}
    assert marks(widget, "rel") in (None, [to(0, 1, "lives in")])
    widget.press("Shift+ArrowRight")
    assert marks(widget)[0]["text"] == "Anna lives"
    assert marks(widget, "rel") == [to(0, 1, "lives in")]


def test_relations_are_deleted_and_none_is_said(page: Page) -> None:
    widget = opened(page, rel=[to(0, 1, "lives in")])
    widget.question("rel").locator(".drop").click()
    widget.press("x", "Enter")
    assert widget.answers()[-1][2] == {"marks": [ANNA, PARIS, BOB], "rel": []}


def test_the_keys_walk_through_the_relations_and_delete_one(page: Page) -> None:
    widget = opened(page, rel=[to(0, 1, "lives in"), to(0, 2, "knows"), to(2, 1, "lives in")])
    widget.press("j", "j")
    expect(widget.part("announce")).to_have_text("Anna, knows, Bob")
    widget.press("Delete")
    assert marks(widget, "rel") == [to(0, 1, "lives in"), to(2, 1, "lives in")]
