"""The loader: whatever calls Streamlit makes, in whatever order they end, there is one annotator in a place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.widgets.annotator.bundle import bundle
from tests.widget.harness import ADDRESS, FIELDS, choice, items, keys, serve, strings

CALL = """async ([data, kit]) => {
  const { default: loader } = await import("/loader.js");
  (window.ends ??= []).push(loader({
    data: { ...data, kit }, parentElement: root, setStateValue: (name, value) => sent.push(structuredClone(value)),
  }));
}"""
STARTED = "[...root.querySelectorAll('.label')].some((one) => !one.disabled)"


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    page = open_page()
    page.route(f"{ADDRESS}**", serve)
    page.goto(ADDRESS)
    page.wait_for_function("window.ready")
    return page


def call(page: Page, kit: str, *, language: str = "en", whole: bool = True) -> None:
    data = {
        "box": "winnow.test", "turn": None, "preview": False, "window": keys(3), "items": items(3), "recent": [],
        "task": {"revision": 1, "guideline_revision": 1, "fields": FIELDS, "skip_reasons": [], "questions": [choice()]},
        "acks": [], "empty": "", "counts": {"stamp": 1, "mine": 0, "today": 0, "left": 3, "total": 3},
    }  # fmt: skip
    parts = {"script": bundle() + f"// {kit}", "style": "", "strings": strings(language)} if whole else {}
    page.evaluate(CALL, [data, {"id": kit, **parts}])


def answered(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "() => Object.entries(localStorage).filter(([name]) => name.startsWith('winnow.test.'))"
        ".map(([, text]) => JSON.parse(text)).sort((a, b) => a.order - b.order).map((event) => event.external)"
    )
    return found


def test_a_kit_that_is_known_comes_without_its_contents(page: Page) -> None:
    call(page, "one")
    page.wait_for_function(STARTED)
    call(page, "one", whole=False)
    page.keyboard.press("1")
    assert answered(page) == ["r1"]
    assert page.evaluate("sent.every((message) => message.kit === 'one')")


def test_a_kit_that_nobody_has_is_asked_for(page: Page) -> None:
    call(page, "one", whole=False)
    assert page.evaluate("sent") == [{"turn": None, "have": None, "events": [], "kit": None}]


def test_another_kit_takes_the_place_of_the_first(page: Page) -> None:
    """The reader chooses another language, or the server comes back as a younger one: one press is one answer."""
    call(page, "one")
    page.wait_for_function(STARTED)
    call(page, "two", language="zh")
    expect(page.locator("[data-part=skip]")).to_contain_text("跳过")
    page.keyboard.press("1")
    assert answered(page) == ["r1"]
    page.get_by_role("button", name="negative").click()
    assert answered(page) == ["r1", "r2"]
    page.locator("[data-part=undo]").click()
    assert answered(page) == ["r1", "r2", "r2"]
    assert page.locator("dialog").count() == 1


def test_the_late_end_of_an_older_call_ends_nothing(page: Page) -> None:
    """Streamlit ends a call that was overtaken while it was still loading, after the younger one has begun."""
    call(page, "one")
    call(page, "one")
    page.evaluate("ends[0]()")
    page.wait_for_function(STARTED)
    page.keyboard.press("1")
    assert answered(page) == ["r1"]


def test_what_has_ended_hears_no_key_and_sends_nothing(page: Page) -> None:
    call(page, "one")
    page.wait_for_function(STARTED)
    page.keyboard.press("1")
    page.evaluate("ends.at(-1)()")
    page.wait_for_timeout(300)
    n = page.evaluate("sent.length")
    page.keyboard.press("1")
    page.locator("[data-part=skip]").dispatch_event("click")
    page.wait_for_timeout(1300)
    assert answered(page) == ["r1"]
    assert page.evaluate("sent.length") == n
    assert page.locator("dialog").count() == 0
