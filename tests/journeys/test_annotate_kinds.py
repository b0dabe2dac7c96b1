"""A card of several questions in a real browser against a real server: what was pressed is what the file holds, also over
a reload and a killed server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pipeline.annotate import save_definition
from pipeline.store import open_store, projects
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.reviews import label_page, saved

OpenPage = Callable[..., Page]
DEFINITION = {
    "questions": [
        {"kind": "choice", "name": "spam", "labels": ["yes", "no"], "title": "Is it spam?"},
        {"kind": "choice", "name": "why", "labels": ["advert", "scam"], "when": {"question": "spam", "is": ["yes"]}},
        {"kind": "choices", "name": "topics", "labels": ["food", "staff", "room"]},
        {"kind": "rating", "name": "stars", "low": 1, "high": 5, "required": False},
    ],
    "skip_reasons": ["wrong language", "cut off"],
}
# The browser keeps an event that is a draft with what was pressed last.
DRAFTED = "Object.values(localStorage).some((kept) => kept.includes('draft') && kept.includes('event_id') && kept.includes('room'))"

pytestmark = pytest.mark.timeout(180)


def fill(database: Path, n: int) -> None:
    store = open_store(database)
    project = projects.create(store, "reviews")
    save_definition(store, project, DEFINITION, "Spam is what nobody asked for.")
    add_records(store, project, [f"text number {i}" for i in range(1, n + 1)])
    store.close()


def events(database: Path) -> list[dict[str, Any]]:
    store = open_store(database)
    found = store.rows(
        "SELECT r.external_id AS record, a.state, a.value, a.comment, a.reason, a.flagged, a.task_revision "
        "FROM annotation_event a JOIN record r ON r.id = a.record_id ORDER BY a.id"
    )
    store.close()
    return found


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_card_of_several_questions_by_keyboard(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 10)
    workbench.start()
    page = label_page(open_page(), workbench)
    press(page, "1", "2", "1", "3", "Tab", "4", "f", "Enter")  # r1: spam, scam, food and room, four stars, flagged
    press(page, "Enter")
    expect(page.locator("[data-part=lack]")).to_have_text("“Is it spam?” has no answer yet.")
    press(page, "Shift+S", "2")  # r2
    press(page, "2", "x", "Enter")  # r3: no spam, none of the topics
    press(page, "u", "Shift+Tab", "Shift+Tab", "1", "1", "Enter")  # r3 is spam after all, an advert
    saved(page)
    workbench.stop()
    rows = events(workbench.database)
    assert [(row["record"], row["state"]) for row in rows if row["state"] != "draft"] == [
        ("r1", "submitted"), ("r2", "skipped"), ("r3", "submitted"), ("r3", "withdrawn"), ("r3", "submitted"),
    ]  # fmt: skip
    last = {row["record"]: row for row in rows}
    assert json.loads(last["r1"]["value"]) == {"spam": "yes", "why": "scam", "topics": ["food", "room"], "stars": 4}
    assert (last["r1"]["flagged"], last["r1"]["task_revision"]) == (True, 1)
    assert last["r2"]["reason"] == "cut off"
    assert json.loads(last["r3"]["value"]) == {"spam": "yes", "why": "advert", "topics": []}


def test_what_is_begun_survives_a_reload_a_killed_server_and_another_browser(
    workbench: Workbench, open_page: OpenPage
) -> None:
    fill(workbench.database, 10)
    workbench.start()
    page = label_page(open_page(), workbench)
    press(page, "2", "1", "Enter", "1")  # r1 answered, r2 begun
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    expect(page.get_by_role("button", name="yes, key 1")).to_have_attribute("aria-pressed", "true")
    workbench.kill()
    press(page, "2", "3")  # r2: scam, room
    page.wait_for_function(DRAFTED)  # after a rest the draft is to be sent
    workbench.start()
    saved(page, 60)
    other = label_page(open_page(), workbench)  # a browser that knows nothing
    expect(other.get_by_role("button", name="room, key 3")).to_have_attribute("aria-pressed", "true", timeout=20_000)
    press(other, "Enter")
    saved(other)
    workbench.stop()
    rows = events(workbench.database)
    assert {row["record"] for row in rows if row["state"] == "draft"} == {"r2"}
    final = {row["record"]: json.loads(row["value"]) for row in rows if row["state"] == "submitted"}
    assert final == {
        "r1": {"spam": "no", "topics": ["food"]}, "r2": {"spam": "yes", "why": "scam", "topics": ["room"]},
    }  # fmt: skip
