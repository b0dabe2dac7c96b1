"""The whole loop by mouse and keyboard, as a person walks it the first time; then what a kill in the middle leaves."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from pipeline.annotate import define
from pipeline.store import jobs as job_store
from pipeline.store import open_store, overview, projects, records
from tests.conftest import add_records
from tests.journeys.conftest import ROOT, Workbench

OpenPage = Callable[..., Page]
PICTURES = ROOT / "test-results"
PAGES = ("", "records", "import", "clean", "duplicates", "augment", "label", "task", "versions", "train", "errors")
LONG = 90_000

pytestmark = pytest.mark.timeout(420)


def settle(page: Page) -> None:
    """Wait until the script has run to its end and the page shows no trace of a bug."""
    for _ in range(2):  # a run may start another one; twice quiet in a row is quiet
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=LONG)
        page.wait_for_timeout(300)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def press(page: Page, name: str | re.Pattern[str]) -> None:
    button = page.get_by_role("button", name=name).first
    expect(button).to_be_enabled(timeout=LONG)
    button.click()


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True, level=1)).to_be_visible(timeout=LONG)
    settle(page)


def picture(page: Page, name: str) -> None:
    """Keep the whole page as an image, for a person to look at."""
    PICTURES.mkdir(exist_ok=True)
    settle(page)
    size = page.viewport_size
    height = page.get_by_test_id("stMain").evaluate("(main) => main.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(int(height) + 20, 4000)})
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.set_viewport_size(size)


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
    no_model_library_in(workbench)
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
    page.get_by_label(re.compile("name", re.IGNORECASE)).first.fill("anna")
    page.get_by_label(re.compile("name", re.IGNORECASE)).first.press("Enter")
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=LONG)
    good = re.compile(r"good|great|love|perfect|excellent|easy|nice|happy|best|amazing|like|well|fine|recommend")
    for _ in range(n):
        text = page.locator(".annotator .fields").evaluate("(part) => part.textContent")
        page.keyboard.press("2" if good.search(text) else "1")
    expect(page.locator("[data-part=savedText]")).to_have_text("Saved", timeout=LONG)


def no_model_library_in(workbench: Workbench) -> None:
    """After every page was opened, the server's memory maps no model library."""
    pid = workbench.pid()
    maps = Path(f"/proc/{pid}/maps")
    names = maps.read_text(encoding="utf-8") if maps.exists() else str(psutil.Process(pid).memory_maps())
    assert "libtorch" not in names


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


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=pytest.mark.slow)])
def test_every_page_opens_on_every_kind_of_project(workbench: Workbench, open_page: OpenPage, language: str) -> None:
    """No project, an empty one and one with hostile text: each page says something and shows no trace."""
    store = open_store(workbench.database)
    store.close()
    hostile = [
        "<script>document.title='hit'</script>",
        "**bold** [x](javascript:alert(1)) `code` $x^2$ :red[y]",
        "普通的中文",
    ]
    workbench.start()
    page = open_page()
    for fill in (None, [], hostile):
        if fill is not None:
            workbench.stop()
            store = open_store(workbench.database)
            project = projects.create(store, f"project {len(fill)}")
            add_records(store, project, fill)
            store.close()
            workbench.start()
        name = "" if fill is None else f"&project=project%20{len(fill)}"
        for url in PAGES:
            page.goto(f"{workbench.url}/{url}?lang={language}{name}")
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
            settle(page)
            body = page.get_by_test_id("stMain").inner_text()
            assert len(body) > 40, (url, fill)
            assert page.title() != "hit"
            assert page.locator("[data-testid=stMain] a[href^=javascript]").count() == 0
    no_model_library_in(workbench)


def test_a_job_killed_with_its_server_says_where_it_stopped_and_goes_on(
    workbench: Workbench, open_page: OpenPage
) -> None:
    store = open_store(workbench.database)
    project = projects.create(store, "big")
    add_records(
        store, project, [f"text  number {i} of <b>many</b> &amp; more words, so that it is work" for i in range(60_000)]
    )
    store.close()
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/clean?project=big")
    press(page, re.compile("Preview on"))
    expect(page.get_by_role("progressbar").first).to_be_visible(timeout=LONG)
    page.wait_for_timeout(1500)
    workbench.kill()
    workbench.start()
    page.goto(f"{workbench.url}/clean?project=big")
    expect(page.get_by_text(re.compile(r"Clean #\d+ stopped at [\d,]+ of"))).to_be_visible(timeout=LONG)
    picture(page, "killed-job")
    press(page, "Continue")
    press(page, re.compile("Apply"))
    expect(page.get_by_text(re.compile(r"Clean #\d+ is done")).first).to_be_visible(timeout=LONG)
    workbench.stop()
    store = open_store(workbench.database)
    texts = [row["text"] for row in records.page(store, project.id, limit=3)]
    assert texts == [f"text number {i} of many & more words, so that it is work" for i in range(3)]
    assert records.count(store, project.id, records.RecordFilter(state="edited")) == 60_000
    store.close()


def test_a_run_outlives_a_killed_server(workbench: Workbench, open_page: OpenPage) -> None:
    store = open_store(workbench.database)
    project = projects.create(store, "small")
    good, bad = "the {} works very well and i like it", "the {} broke at once and i hate it"
    things = ["radio", "lamp", "phone", "chair", "watch", "printer", "kettle", "camera", "mouse", "desk"]
    ids = [f"{kind}{i}" for i in range(len(things)) for kind in ("g", "b")]
    add_records(store, project, [text.format(thing) for thing in things for text in (good, bad)], ids=ids)
    define(store, project, labels=["good", "bad"], guideline="")
    truth = workbench.database.with_name("truth.csv")
    truth.write_text("id,label\n" + "".join(f"{i},{'good' if i[0] == 'g' else 'bad'}\n" for i in ids), encoding="utf-8")
    store.close()
    made = cli(workbench, "simulate", "--project", "small", "--truth", str(truth))
    assert made["annotations"] == 20
    version = cli(workbench, "freeze", "--project", "small", "--splits", "60/20/20")["version"]
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/train?project=small&version={version}")
    press(page, re.compile("Start"))
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=LONG)
    workbench.kill()
    workbench.start()
    page.goto(f"{workbench.url}/train?project=small")
    expect(page.get_by_test_id("stMetric").filter(has_text="Accuracy").first).to_be_visible(timeout=240_000)
    workbench.stop()
    runs = cli(workbench, "runs")["runs"]
    assert [run["state"] for run in runs] == ["done"]


def cli(workbench: Workbench, *words: str) -> dict:
    command = [sys.executable, "-m", "app.cli", "--db", str(workbench.database), *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
