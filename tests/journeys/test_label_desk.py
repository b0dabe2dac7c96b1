"""The Label page as a desk: a long guideline scrolls by itself beside the record, and keys reach it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from pipeline.store import open_store
from tests.journeys.conftest import Workbench
from tests.journeys.kinds import make_project

GUIDE = "\n\n".join(f"## Case {n}\n\nLabel it as its writer meant it." for n in range(40))
MAIN = "[data-testid=stMain]"


def test_a_long_guideline_scrolls_by_itself(workbench: Workbench, open_page: Callable[..., Page]) -> None:
    store = open_store(workbench.database)
    make_project(store, "classification", guideline=GUIDE)
    store.close()
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/label?project=classification&annotator=anna")
    expect(page.locator("[data-part=origin]")).to_have_text("r1", timeout=30_000)
    beside = page.get_by_role("region", name="Guideline")
    expect(beside).to_contain_text("Case 39")
    assert beside.evaluate("(one) => one.scrollHeight > 2 * one.clientHeight")
    assert page.locator(MAIN).evaluate("(one) => one.scrollHeight - one.clientHeight") < 150
    beside.focus()
    page.keyboard.press("End")
    expect(beside.get_by_text("Case 39")).to_be_in_viewport()
    expect(page.locator("[data-part=fields]")).to_be_in_viewport()


def test_on_a_narrow_screen_the_guideline_is_part_of_the_page(
    workbench: Workbench, open_page: Callable[..., Page]
) -> None:
    store = open_store(workbench.database)
    make_project(store, "entities", guideline=GUIDE)
    store.close()
    workbench.start()
    page = open_page(360, 740)
    page.goto(f"{workbench.url}/label?project=entities&annotator=anna")
    expect(page.locator("[data-part=origin]")).to_have_text("r1", timeout=30_000)
    expect(page.locator("[data-part=submit]")).to_be_in_viewport(ratio=1)
    expect(page.locator(".ink")).to_be_in_viewport()
    beside = page.get_by_role("region", name="Guideline")
    assert beside.evaluate("(one) => one.scrollHeight === one.clientHeight")
