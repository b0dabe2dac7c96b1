"""Is my test set in my training data? A person uploads a benchmark, looks at what leaks, drops it and takes it back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pipeline.store import open_store, projects, records
from pipeline.store.records import RecordFilter
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.pages import LONG, picture, press, settle

A = "the quick brown fox jumps over the lazy dog near the river bank today"
Z = "这家酒店的位置非常好，离地铁站只有五分钟，房间也很干净，下次还会再来住。"
EVIL = (
    "<script>document.title='hit'</script> <b class=planted>x</b> [y](javascript:alert(1)) one two three four five six"
)

pytestmark = pytest.mark.timeout(420)


def test_a_benchmark_is_found_in_the_training_data_dropped_and_brought_back(
    workbench: Workbench, open_page: Callable[..., Page]
) -> None:
    store = open_store(workbench.database)
    project = projects.create(store, "mine")
    add_records(store, project, [A, Z, EVIL, "alone among all the texts of this project, and not in any benchmark"])
    store.close()
    items = [A.upper(), Z[:-2] + "呢。", EVIL, "a question that nobody has ever put into any training data before"]
    bench = "\n".join(json.dumps({"id": f"q{n}", "question": text}, ensure_ascii=False) for n, text in enumerate(items))
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/leaks?project=mine")
    settle(page)
    upload = {"name": "bench.jsonl", "mimeType": "application/json", "buffer": bench.encode()}
    page.locator("input[type=file]").set_input_files(upload)  # type: ignore[arg-type]
    expect(page.get_by_text("Text column")).to_be_visible(timeout=LONG)
    press(page, "Check")
    expect(page.get_by_text("3 of 4 items (75.0 %) are in the training data: 2 identical, 1 near.")).to_be_visible(
        timeout=LONG
    )
    settle(page)
    assert page.title() != "hit"
    assert page.locator(".planted, [data-testid=stMain] a[href^=javascript]").count() == 0
    expect(page.get_by_text("<b class=planted>x</b>").first).to_be_visible()
    picture(page, "leaks")
    press(page, "Drop 3 training records")
    expect(page.get_by_text("None of these training texts is in the data set any more.")).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("button", name="Drop 3 training records")).to_be_visible(timeout=LONG)
    settle(page)
    workbench.stop()
    store = open_store(workbench.database)
    assert records.count(store, project.id, RecordFilter(state="dropped")) == 0
    assert store.rows("SELECT kind, state FROM job WHERE kind LIKE '%leaks' ORDER BY id") == [
        {"kind": "leaks", "state": "done"}, {"kind": "drop-leaks", "state": "undone"},
    ]  # fmt: skip
    store.close()
