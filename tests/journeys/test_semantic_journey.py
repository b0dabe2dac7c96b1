"""Which records say the same? A person searches by meaning, the server dies meanwhile, and each pair is judged by hand."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import psutil
import pytest
from playwright.sync_api import Page, expect

from pipeline.store import open_store, projects, records
from pipeline.store.records import RecordFilter
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.pages import LONG, picture, press, settle
from tests.meanings import OPPOSITE, SAME

EVIL = "<script>document.title='hit'</script> <b class=planted>x</b> [y](javascript:alert(1)) the parcel came two days late"
TEXTS = [*SAME[5], *OPPOSITE[0], EVIL, f"{EVIL} again", "Heavy rain flooded the streets of the city.", ""]
WARNING = "A model of meaning cannot tell a statement from its opposite"

pytestmark = pytest.mark.timeout(420)


def worker_of(workbench: Workbench) -> psutil.Process:
    """The process that embeds, as soon as there is one."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for child in psutil.Process(workbench.pid()).children(recursive=True):
            if "training.embed" in child.cmdline():
                return child
        time.sleep(0.02)
    raise AssertionError("no worker was started")


def test_pairs_are_found_after_a_kill_and_judged_one_by_one(
    workbench: Workbench, open_page: Callable[..., Page]
) -> None:
    store = open_store(workbench.database)
    project = projects.create(store, "mine")
    add_records(store, project, TEXTS)
    store.close()
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/duplicates?project=mine")
    settle(page)
    page.get_by_role("radio", name="By meaning").click()
    expect(page.get_by_text(WARNING)).to_be_visible(timeout=LONG)
    press(page, "Preview")
    worker = worker_of(workbench)
    workbench.kill()
    assert worker.wait(10) is None  # no child of this process: all that is known is that it has ended
    workbench.start()
    page.goto(f"{workbench.url}/duplicates?project=mine&by=meaning")
    expect(page.get_by_text(re.compile(r"Same meaning #\d+ stopped at \d+ of"))).to_be_visible(timeout=LONG)
    press(page, "Continue")
    expect(page.get_by_text("Records that are flagged when you apply it: 3. None is dropped.")).to_be_visible(
        timeout=LONG
    )
    settle(page)
    expect(page.get_by_text(WARNING)).to_be_visible()
    expect(page.get_by_text("would be flagged")).to_have_count(3)
    for text in (*SAME[5], *OPPOSITE[0]):
        expect(page.get_by_text(text)).to_be_visible()
    assert page.title() != "hit"
    assert page.locator(".planted, [data-testid=stMain] a[href^=javascript]").count() == 0
    picture(page, "semantic")
    press(page, "Apply")
    expect(page.get_by_text(re.compile(r"Same meaning #\d+ is done"))).to_be_visible(timeout=LONG)
    settle(page)
    judge(page)
    press(page, "Undo")  # of the search, which stands above its families
    expect(page.get_by_text("No search yet.")).to_be_visible(timeout=LONG)
    settle(page)
    workbench.stop()
    store = open_store(workbench.database)
    assert [row["external_id"] for row in records.page(store, project.id, RecordFilter(state="dropped"))] == ["r2"]
    assert store.scalar("SELECT count(*) FROM record_now WHERE flags IS NOT NULL") == 0
    assert store.rows("SELECT kind, state FROM job WHERE kind <> 'import' ORDER BY id") == [
        {"kind": "semantic", "state": "undone"}, {"kind": "keep", "state": "done"}, {"kind": "keep", "state": "undone"},
    ]  # fmt: skip
    store.close()


def judge(page: Page) -> None:
    """Drop the one that says the same; drop the one that says the opposite too, and take that back."""
    for at, dropped in ((1, 1), (2, 2)):  # r2 of six, then r4 of the five that are left
        page.get_by_role("button", name="Drop", exact=True).nth(at).click()
        expect(page.get_by_text("dropped by hand")).to_have_count(dropped, timeout=LONG)
        settle(page)
    page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(page.get_by_text("dropped by hand")).to_have_count(1, timeout=LONG)
    settle(page)
