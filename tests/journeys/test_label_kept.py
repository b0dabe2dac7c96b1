"""Fast keys, a reload, a killed server, a line that is cut: what the page promised is what the database file holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pipeline.store import open_store
from tests.journeys.conftest import Workbench
from tests.journeys.reviews import LABELS, answers, fill, in_store, label_page, numbered, press_all, saved, shown

OpenPage = Callable[..., Page]
PROJECTS = {
    "fast 30": numbered(200), "fast 80": numbered(200), "long": numbered(400), "reloaded": numbered(100), "slow": numbered(50),
}  # fmt: skip

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(("n", "every_ms"), [(30, 10), (80, 5)])
def test_fast_keys_are_all_stored_in_order(labelling: Workbench, one_page: Page, n: int, every_ms: int) -> None:
    page = label_page(one_page, labelling, project=f"fast {n}")
    keys = [str(1 + i % 3) for i in range(n)]
    press_all(page, keys, every_ms)
    saved(page)
    expect(page.locator("[data-part=counters]")).to_have_text(f"{n} today  ·  {n} by you  ·  {200 - n} left")
    assert in_store(labelling, f"fast {n}") == [(f"r{i + 1}", LABELS[int(key) - 1]) for i, key in enumerate(keys)]


def test_the_window_is_refilled_before_it_runs_dry(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="long")
    for _ in range(6):
        press_all(page, ["1"] * 50, 15)
        saved(page)
    assert [record for record, _ in in_store(labelling, "long")] == [f"r{i}" for i in range(1, 301)]


def test_a_reload_in_the_middle_keeps_what_was_not_sent(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="reloaded")
    press_all(page, ["1"] * 12 + ["2"] * 8, 5)
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    saved(page)
    expect(page.locator("[data-part=counters]")).to_have_text("20 today  ·  20 by you  ·  80 left")
    assert shown(page) == "text number 21"
    expected = [(f"r{i}", "positive" if i <= 12 else "negative") for i in range(1, 21)]
    assert in_store(labelling, "reloaded") == expected


def test_a_killed_server_loses_nothing(workbench: Workbench, open_page: OpenPage) -> None:
    store = open_store(workbench.database)
    fill(store, numbered(200))
    store.close()
    workbench.start()
    page = label_page(open_page(), workbench)
    press_all(page, ["1"] * 10, 40)
    press_all(page, ["2"] * 5, 5)
    workbench.kill()
    press_all(page, ["3"] * 15, 20)
    assert shown(page) == "text number 31"
    expect(page.locator("[data-part=savedText]")).to_contain_text("kept in this browser", timeout=20_000)
    workbench.start()
    saved(page, 60)
    press_all(page, ["1"] * 3, 20)
    saved(page)
    workbench.stop()
    labels = ["positive"] * 10 + ["negative"] * 5 + ["neutral"] * 15 + ["positive"] * 3
    assert in_store(workbench) == [(f"r{i + 1}", label) for i, label in enumerate(labels)]


def test_a_slow_store_is_not_taken_for_a_lost_one(labelling: Workbench, open_page: OpenPage) -> None:
    """What is stored is stored once, also when the page sends it again because no answer came in time."""
    page = label_page(open_page(), labelling, project="slow")
    page.context.set_offline(True)
    press_all(page, ["1"] * 10, 10)
    expect(page.locator("[data-part=savedText]")).to_contain_text("kept in this browser", timeout=20_000)
    page.context.set_offline(False)
    saved(page, 60)
    rows = answers(labelling, "slow")
    assert len(rows) == 10
    assert len({row["event_id"] for row in rows}) == 10
