"""A person cleans: chooses a recipe, looks what it would do, moves a cut, applies it, opens a number, takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pipeline.store import open_store, projects, records
from pipeline.store.records import RecordFilter
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.pages import LONG, picture, press, settle

TEXTS = [
    *("word " * n for n in range(1, 31)), "<p>Great film &amp; music</p>", "n/a", "这家酒店的位置非常好。",
    "<script>document.title='hit'</script> **bold** [x](javascript:alert(1)) and a few words more",
]  # fmt: skip
NARROW = {"width": 360, "height": 800}
WIDER = "document.querySelector('[data-testid=stMain]').scrollWidth > innerWidth"

pytestmark = pytest.mark.timeout(420)


def view(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).click()
    settle(page)


def move_a_cut(page: Page) -> None:
    """By the keys, then typed: the recipe has it, and the page says how many records lie beyond it."""
    view(page, "Cuts")
    slider = page.get_by_role("slider").first
    expect(page.get_by_text("below 2")).to_be_visible(timeout=LONG)
    slider.focus()
    for _ in range(10):
        slider.press("ArrowRight")
    settle(page)
    expect(page.get_by_text("below 2 (")).to_have_count(0)
    assert int(slider.get_attribute("aria-valuetext") or 0) > 10
    typed = page.get_by_role("spinbutton").first
    typed.fill("50")
    typed.press("Enter")
    expect(page.get_by_text(re.compile(r"below 50 \("))).to_be_visible(timeout=LONG)
    expect(page.get_by_text("At least: 50")).to_be_visible()
    picture(page, "clean-cuts")
    for width in (NARROW, page.viewport_size):
        page.set_viewport_size(width)  # type: ignore[arg-type]
        page.wait_for_function(f"!({WIDER})")


def open_a_number(page: Page, words: str) -> int:
    """Press the number beside these words, see as many records, and come back."""
    line = page.get_by_text(words).first
    expect(line).to_be_visible(timeout=LONG)
    number = page.get_by_test_id("stHorizontalBlock").filter(has=line).last.get_by_role("link")
    counted = int(number.inner_text().split()[0])
    number.click()
    expect(page.get_by_role("heading", name="Records", exact=True, level=1)).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Records found:")).to_have_text(f"Records found: {counted}", timeout=LONG)
    settle(page)
    page.go_back()
    return counted


def test_a_recipe_is_previewed_its_cut_moved_applied_looked_into_and_undone(
    workbench: Workbench, open_page: Callable[..., Page]
) -> None:
    store = open_store(workbench.database)
    project = projects.create(store, "mine")
    add_records(store, project, TEXTS)
    store.close()
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/clean?project=mine")
    settle(page)
    expect(page.get_by_text("Start a preview")).to_be_visible(timeout=LONG)
    page.get_by_role("combobox", name="Start from").click()
    page.get_by_role("option", name="Reviews and comments").click()
    settle(page)
    press(page, "Preview on 34 records")
    expect(page.get_by_role("heading", name=re.compile("What it would do"))).to_be_visible(timeout=LONG)
    picture(page, "clean-result")
    move_a_cut(page)
    press(page, "Preview on 34 records")
    expect(page.get_by_role("heading", name="What it would do (preview #3)")).to_be_visible(timeout=LONG)
    settle(page)
    press(page, "Apply")
    expect(page.get_by_role("heading", name="What it did (#3)")).to_be_visible(timeout=LONG)
    settle(page)
    assert open_a_number(page, "too few characters") >= 10
    expect(page.get_by_role("heading", name="What it did (#3)")).to_be_visible(timeout=LONG)
    settle(page)
    assert page.title() != "hit"
    press(page, "Undo")
    expect(page.get_by_role("button", name="Redo").first).to_be_visible(timeout=LONG)
    settle(page)
    workbench.stop()
    store = open_store(workbench.database)
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 0
    assert records.count(store, project.id, RecordFilter(state="active")) == len(TEXTS)
    store.close()
