"""What a person does on the workbench's pages, and when a page is done with it."""

from __future__ import annotations

import os
import re
import time

from playwright.sync_api import Page, expect

from tests.journeys.conftest import ROOT

PICTURES = ROOT / "test-results"
LONG = 90_000
QUIET_MS = 250
# The script has not run for a while: a run may start another one, so one look is not enough. `look` names this wait.
QUIET = """([ms, look]) => {
  const state = document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-script-state");
  if (state !== "notRunning") return (window.__quiet = undefined, false);
  if (window.__quiet?.look !== look) window.__quiet = { look, since: performance.now() };
  return performance.now() - window.__quiet.since >= ms;
}"""


def settle(page: Page) -> None:
    """Wait until the script has run to its end and the page shows no trace of a bug."""
    page.wait_for_function(QUIET, arg=[QUIET_MS, time.monotonic()], polling=50, timeout=LONG)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def press(page: Page, name: str | re.Pattern[str], timeout: float = LONG) -> None:
    button = page.get_by_role("button", name=name).first
    expect(button).to_be_enabled(timeout=timeout)
    button.click()


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible(timeout=LONG)
    settle(page)


def picture(page: Page, name: str) -> None:
    """Keep the whole page as an image, for a person to look at, if WINNOW_PICTURES is set: it takes a second or two."""
    settle(page)
    if "WINNOW_PICTURES" not in os.environ:
        return
    PICTURES.mkdir(exist_ok=True)
    size = page.viewport_size
    height = page.get_by_test_id("stMain").evaluate("(main) => main.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(int(height) + 20, 4000)})
    page.wait_for_timeout(400)  # nothing is checked here: time for the picture to be drawn
    page.screenshot(path=PICTURES / f"{name}.png")
    page.set_viewport_size(size)
