"""The whole loop by mouse and keyboard, as a person walks it the first time."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.store import jobs as job_store
from pipeline.store import open_store, overview, projects, records
from tests.journeys.conftest import ROOT, Workbench
from tests.journeys.pages import LONG, go, picture, press, settle

OpenPage = Callable[..., Page]

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """The first rows of the sample, dirt and all, with two planted near-duplicates."""
    with (ROOT / "data" / "sample" / "reviews-en.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:170]
    twin = "this little player has never let me down and i would buy it again without a second thought about it"
    rows += [{**rows[0], "id": "x1", "text": twin}, {**rows[0], "id": "x2", "text": twin + " really"}]
    path = tmp_path / "first reviews.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_person_walks_the_loop_without_a_command_line(workbench: Workbench, open_page: OpenPage, raw: Path) -> None:
    workbench.start()
    page = open_page()
    page.goto(workbench.url)
    expect(page.get_by_text("There is no project here yet.")).to_be_visible(timeout=LONG)
    picture(page, "loop-00-empty")

    go(page, "Import")
    page.locator("input[type=file]").set_input_files(raw)
    expect(page.get_by_text("first reviews").first).to_be_visible(timeout=LONG)
    picture(page, "loop-01-import")
    press(page, re.compile("^(upload_file )?Import"))
    expect(page.get_by_text(re.compile(r"Import #\d+ is done"))).to_be_visible(timeout=LONG)
    picture(page, "loop-02-imported")

    go(page, "Clean")
    press(page, re.compile("Preview on"))
    press(page, re.compile("Apply"))
    expect(page.get_by_text(re.compile(r"Clean #\d+ is done")).first).to_be_visible(timeout=LONG)
    picture(page, "loop-03-cleaned")

    go(page, "Duplicates")
    press(page, re.compile("Preview"))
    press(page, re.compile("Apply"))
    expect(page.get_by_text(re.compile(r"Deduplicate #\d+ is done")).first).to_be_visible(timeout=LONG)
    picture(page, "loop-04-duplicates")

    label_by_keys(page, 60)
    picture(page, "loop-05-label")

    go(page, "Augment")
    press(page, re.compile("Augment all|Augment"))
    expect(page.get_by_text(re.compile(r"Augment #\d+ is done")).first).to_be_visible(timeout=LONG)
    picture(page, "loop-06-augment")

    go(page, "Versions")
    press(page, re.compile("Freeze"))
    expect(page.get_by_text(re.compile(r"Freeze #\d+ is done")).first).to_be_visible(timeout=LONG)
    picture(page, "loop-07-version")

    go(page, "Train")
    press(page, re.compile("Start"))
    expect(page.get_by_test_id("stMetric").filter(has_text="Accuracy").first).to_be_visible(timeout=240_000)
    picture(page, "loop-08-trained")

    go(page, "Errors")
    press(page, re.compile("Send all"))
    expect(page.get_by_text(re.compile("sent back|relabel", re.IGNORECASE)).first).to_be_visible(timeout=LONG)
    picture(page, "loop-09-errors")

    go(page, "Label")  # what was sent back comes before the records in hand
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=LONG)
    expect(page.locator(".annotator")).to_contain_text("predicted", timeout=LONG)
    picture(page, "loop-10-relabel")

    go(page, "Overview")
    picture(page, "loop-11-overview")
    assert "libtorch" not in workbench.mapped()
    workbench.stop()
    the_store_agrees(workbench)


def label_by_keys(page: Page, n: int) -> None:
    go(page, "Label")
    page.get_by_role("link", name=re.compile("To the Task page")).click()
    press(page, re.compile("Classification"))
    labels = page.get_by_label(re.compile("^Labels"))
    expect(labels).to_be_visible(timeout=LONG)
    labels.fill("negative\npositive")
    labels.press("Tab")
    settle(page)
    picture(page, "loop-05-task")
    press(page, re.compile("Save"))
    page.get_by_role("link", name=re.compile("To labelling")).click()
    page.get_by_label("Your name", exact=True).fill("anna")
    page.get_by_label("Your name", exact=True).press("Enter")
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=LONG)
    good = re.compile(r"good|great|love|perfect|excellent|easy|nice|happy|best|amazing|like|well|fine|recommend")
    for _ in range(n):
        text = page.locator(".annotator .fields").evaluate("(part) => part.textContent")
        page.keyboard.press("2" if good.search(text) else "1")
    expect(page.locator("[data-part=savedText]")).to_have_text("Saved", timeout=LONG)


def the_store_agrees(workbench: Workbench) -> None:
    store = open_store(workbench.database)
    project = projects.get(store, "first reviews")
    counts = overview.states(store, project.id)
    assert counts["original"] >= 165
    assert counts["dropped"] >= 2
    assert counts["labelled"] == 60
    assert counts["relabel"] >= 1
    assert counts["augmented"] >= 10
    kinds = [job.kind for job in job_store.recent(store, project.id, 100) if job.state == "done"]
    assert {"import", "clean", "dedupe", "augment", "freeze", "relabel"} <= set(kinds)
    x2 = records.page(store, project.id, records.RecordFilter(external="x2"))
    assert [row["dropped_by"] for row in x2] == ["dedupe"]
    store.close()
