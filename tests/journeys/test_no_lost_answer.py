"""Many people at once, a server that is killed again and again, connections that are cut: every answer is there, once.

Each page keeps its own log of what was decided, apart from the annotator's storage: the text that was on the screen and
the key that took it away. At the end the file holds exactly that.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from pipeline.annotate import define
from pipeline.store import open_store, projects
from tests.conftest import add_records
from tests.journeys.conftest import Workbench

LABELS = ("positive", "negative", "neutral")
OpenPage = Callable[..., Page]

# Decides at a rhythm until `wanted` decisions are in the log. A key that changes nothing (no record on the screen, or one
# that was just swapped) is no decision. Runs in the page's own time, so all pages work at once.
WORKER = """([wanted, every]) => {
  const log = JSON.parse(localStorage.getItem("test.log") || "[]");
  const shown = () => {
    const root = document.querySelector("[data-testid=stBidiComponentIsolated]")?.shadowRoot;
    return root?.querySelector(".fields, [data-part=text]")?.textContent || "";
  };
  window.__work = setInterval(() => {
    if (log.length >= wanted) return clearInterval(window.__work);
    const before = shown(), key = 1 + Math.floor(Math.random() * 3);
    if (!before.startsWith("text number")) return;
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: String(key), bubbles: true, composed: true }));
    if (shown() === before) return;
    log.push([before, key]);
    localStorage.setItem("test.log", JSON.stringify(log));
  }, every);
}"""


def work(page: Page, workbench: Workbench, who: str, wanted: int, every_ms: int) -> None:
    """Open the page of a person and let it work; it goes on by itself after a reload."""
    page.add_init_script(f"setTimeout(() => ({WORKER})([{wanted}, {every_ms}]), 3000)")
    page.goto(f"{workbench.url}/label?project=reviews&annotator={who}")


def logged(page: Page) -> list[tuple[str, int]]:
    try:
        return [(text, key) for text, key in page.evaluate("JSON.parse(localStorage.getItem('test.log') || '[]')")]
    except Error:  # the page is just being loaded again
        return []


def disturb(workbench: Workbench, pages: list[Page], kills: int, seconds: float, seed: int) -> None:
    """Kill and start the server `kills` times over `seconds`, and cut a page off from time to time."""
    chance = random.Random(seed)
    for _ in range(kills):
        time.sleep(chance.uniform(0.3, 1) * seconds / kills)
        cut = chance.choice(pages)
        cut.context.set_offline(True)
        workbench.kill()
        time.sleep(chance.uniform(0, 1.5))
        workbench.start()
        time.sleep(chance.uniform(0, 1))
        cut.context.set_offline(False)


def finished(pages: list[Page], each: int, seconds: float) -> list[list[tuple[str, int]]]:
    """Wait until every page has decided and sent everything; returns their logs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        logs = [logged(page) for page in pages]
        if all(len(log) >= each for log in logs):
            for page in pages:
                expect(page.locator("[data-part=saved]")).to_have_attribute("data-kind", "saved", timeout=120_000)
            return logs
        time.sleep(1)
    raise AssertionError(f"decided so far: {[len(logged(page)) for page in pages]}")


def stored(database: Path) -> list[dict[str, Any]]:
    store = open_store(database)
    rows = store.rows(
        "SELECT a.event_id, a.annotator, r.text, a.value->>'label' AS label, a.state FROM annotation_event a "
        "JOIN record r ON r.id = a.record_id ORDER BY a.id"
    )
    store.close()
    return rows


@pytest.mark.parametrize(
    ("people", "each", "kills", "every_ms"),
    [
        pytest.param(2, 60, 2, 100, marks=pytest.mark.timeout(300)),
        pytest.param(10, 500, 20, 400, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_no_answer_is_lost(
    workbench: Workbench, open_page: OpenPage, people: int, each: int, kills: int, every_ms: int
) -> None:
    store = open_store(workbench.database)
    project = projects.create(store, "reviews")
    define(store, project, labels=list(LABELS), guideline="")
    add_records(store, project, [f"text number {i}" for i in range(people * each + 1000)])
    store.close()
    workbench.start()
    pages = [open_page(900, 700) for _ in range(people)]
    for n, page in enumerate(pages):
        work(page, workbench, f"person{n}", each, every_ms)
    disturb(workbench, pages, kills, 0.7 * each * every_ms / 1000, seed=people)
    logs = finished(pages, each, 600)
    workbench.stop()
    rows = stored(workbench.database)
    expected = Counter(
        (f"person{n}", text, LABELS[key - 1], "submitted") for n, log in enumerate(logs) for text, key in log
    )
    assert sum(expected.values()) == people * each
    assert Counter((row["annotator"], row["text"], row["label"], row["state"]) for row in rows) == expected
    assert max(Counter(row["text"] for row in rows).values()) == 1  # overlap 1: nobody got another's record
