"""Large sets of labels, several labels, ratings and rankings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, choice, item, items

TREE = ["animal", "cat", "dog", "plant", "oak", "rose", "Übung"]
PARENTS = {"cat": "animal", "dog": "animal", "oak": "plant", "rose": "plant", "animal": "living", "plant": "living"}
MANY = [f"label {n}" for n in range(500)]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def choices(**more: object) -> dict[str, object]:
    return {"kind": "choices", "name": "topics", "labels": TREE, "parents": PARENTS, "required": True, **more}


def rows(page: Page) -> list[str]:
    found: list[str] = page.locator(".picker-list > *").evaluate_all(
        "(all) => all.filter((row) => !row.hidden).map((row) => row.querySelector('span').textContent)"
    )
    return found


def test_a_tree_of_labels_is_searched_and_chosen_by_keyboard(page: Page) -> None:
    widget = Widget(page, {"questions": [choices()]}, items(2))
    assert rows(page) == ["living", "animal", "cat", "dog", "plant", "oak", "rose", "Übung"]
    widget.press("/")
    page.keyboard.type("animal do")  # a path
    assert rows(page) == ["living", "animal", "dog"]
    widget.press("Enter")
    page.keyboard.type("ubu")  # letters without their marks
    assert rows(page) == ["Übung"]
    widget.press("Enter")
    page.keyboard.type("nothing like it")
    expect(page.locator(".picker-none")).to_be_visible()
    widget.press("Escape", "ArrowDown", " ")
    expect(page.locator(".chip")).to_have_count(3)
    assert widget.draft("1")["value"] == {"topics": ["animal", "dog", "Übung"]}
    page.get_by_role("button", name="Take out animal").click()
    widget.press("/", "Enter")  # nothing is searched: the answer is submitted
    widget.shows("r2")
    assert widget.answers() == [("r1", "submitted", {"topics": ["dog", "Übung"]})]


def test_no_more_labels_than_allowed(page: Page) -> None:
    widget = Widget(page, {"questions": [choices(parents={}, most=2)]}, items(1))
    widget.press("1", "2", "3")
    expect(widget.part("notices")).to_contain_text("At most 2")
    assert widget.draft("1")["value"] == {"topics": ["animal", "cat"]}
    widget.press("1", "2")
    assert widget.draft("1")["value"] == {}


def test_a_choice_of_five_hundred_labels_gets_the_search(page: Page) -> None:
    widget = Widget(page, {"questions": [choice(labels=MANY)]}, items(3))
    widget.press("2")  # the first ones have keys
    widget.shows("r2")
    widget.press("/")
    page.keyboard.type("487")
    widget.press("Enter")
    widget.shows("r3")
    assert [value["label"] for _, _, value in widget.answers()] == ["label 1", "label 487"]


def test_five_hundred_labels_stay_quick(page: Page) -> None:
    widget = Widget(page, {"questions": [{"kind": "choices", "name": "topics", "labels": MANY}]}, items(2))
    widget.shows("r1")
    took = page.evaluate(
        """() => {
          const search = root.querySelector(".picker-search"), took = {};
          const time = (name, act) => {
            const at = performance.now();
            act();
            root.querySelector(".picker-list").getBoundingClientRect();  // the layout is part of it
            took[name] = performance.now() - at;
          };
          const key = (key) => search.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true }));
          search.focus();
          const type = (text) => { search.value = text; search.dispatchEvent(new Event("input")); };
          time("filter", () => type("4"));
          time("down", () => key("ArrowDown"));
          time("pick", () => key("Enter"));
          time("all", () => type(""));
          time("submit", () => key("Enter"));
          return took;
        }"""
    )
    print(took)
    widget.shows("r2")
    assert max(took.values()) < 150  # the goal is 50; a test machine under load gets room


def test_a_rating_by_its_digit(page: Page) -> None:
    question = {"kind": "rating", "name": "stars", "low": 0, "high": 10, "titles": {"0": "awful", "10": "great"}}
    widget = Widget(page, {"questions": [question]}, items(4))
    expect(page.get_by_role("button", name="0 awful, key 0")).to_be_visible()
    widget.press("0", "7")
    page.get_by_role("button", name="10 great").click()
    assert [value["stars"] for _, _, value in widget.answers()] == [0, 7, 10]


def test_a_preference_by_one_key(page: Page) -> None:
    fields = [{"name": name, "title": "", "show": "main"} for name in ("text", "good", "bad")]
    records = [item(n, fields={"text": "q", "good": "answer one", "bad": "answer two"}) for n in (1, 2, 3)]
    question = {"kind": "ranking", "name": "better", "candidates": ["good", "bad"], "required": True}
    widget = Widget(page, {"questions": [question], "fields": fields}, records)
    assert widget.part("fields").inner_text().strip() == "q"  # the candidates stand on cards, without their names
    expect(page.locator(".candidate").first).to_contain_text("answer one")
    assert "good" not in page.locator(".ranking").inner_text()
    widget.press("2", "1")
    widget.shows("r3")
    assert [value["better"] for _, _, value in widget.answers()] == [["bad", "good"], ["good", "bad"]]


def test_a_ranking_by_digits_arrows_and_backspace(page: Page) -> None:
    question = {"kind": "ranking", "name": "order", "field": "answers", "required": True}
    records = [item(n, fields={"text": "q", "answers": ["one", {"text": "two"}, "three", "four"]}) for n in (1, 2)]
    widget = Widget(page, {"questions": [question]}, records)
    widget.press("3", "1", "Enter")
    expect(widget.part("lack")).to_contain_text("Put every candidate in its place")
    assert widget.draft("1")["value"] == {"order": ["3", "1"]}
    widget.press("Backspace", "4", "1")  # the last place fills itself
    assert widget.draft("1")["value"] == {"order": ["3", "4", "1", "2"]}
    page.locator(".candidate").nth(1).focus()  # "two", last
    widget.press("ArrowUp", "ArrowUp")
    assert widget.draft("1")["value"] == {"order": ["3", "2", "4", "1"]}
    page.locator(".candidate").nth(0).drag_to(page.locator(".candidate").nth(2))
    assert widget.draft("1")["value"] == {"order": ["1", "3", "2", "4"]}
    page.evaluate("root.activeElement.blur()")
    widget.press("Enter")
    assert widget.answers() == [("r1", "submitted", {"order": ["1", "3", "2", "4"]})]
