"""Labelling reviews by one question: the projects, what a hand does to the page, and what the file holds of it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from pipeline.annotate import define
from pipeline.store import Store, open_store, projects
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.hands import snapshot

LABELS = ["positive", "negative", "neutral"]


def numbered(n: int) -> list[str]:
    return [f"text number {i}" for i in range(1, n + 1)]


def fill(store: Store, texts: list[str], name: str = "reviews") -> None:
    project = projects.create(store, name)
    define(store, project, labels=LABELS, guideline="**positive**: the writer would come again.")
    add_records(store, project, texts)


def answers(workbench: Workbench, project: str = "reviews") -> list[dict[str, Any]]:
    """The events of a project in the order of their storing, with the record's external id, of a running workbench too."""
    copy = workbench.database.with_name("copy.duckdb")
    snapshot(workbench.database, copy)
    store = open_store(copy)
    rows = store.rows(
        "SELECT a.event_id, r.external_id, a.state, a.value->>'label' AS label, a.comment, a.annotator "
        "FROM annotation_event a JOIN record r ON r.id = a.record_id JOIN project p ON p.id = r.project_id "
        "WHERE p.name = ? ORDER BY a.id",
        [project],
    )
    store.close()
    return rows


def in_store(workbench: Workbench, project: str = "reviews") -> list[tuple[str, str]]:
    return [(row["external_id"], row["label"]) for row in answers(workbench, project) if row["state"] == "submitted"]


def label_page(page: Page, workbench: Workbench, who: str = "anna", project: str = "reviews") -> Page:
    page.goto(f"{workbench.url}/label?project={project}&annotator={who}")
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    return page


def saved(page: Page, seconds: float = 20) -> None:
    expect(page.locator("[data-part=savedText]")).to_have_text("Saved", timeout=seconds * 1000)


def press_all(page: Page, keys: list[str], every_ms: float) -> None:
    """Press keys at a fixed rhythm without waiting for the page, as real key events would come."""
    page.evaluate(
        """async ([keys, every]) => {
          const start = performance.now();
          for (let i = 0; i < keys.length; i++) {
            while (performance.now() < start + i * every) await new Promise((go) => setTimeout(go, 0));
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: keys[i], bubbles: true, composed: true }));
          }
        }""",
        [keys, every_ms],
    )


def shown(page: Page) -> str:
    return page.locator(".fields").evaluate("(part) => part.textContent")
