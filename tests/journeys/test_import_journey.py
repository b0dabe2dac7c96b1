"""A Label Studio export comes in through the page, its records are there, and they leave for other tools."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from pipeline.export import export_to
from pipeline.store import open_store, projects, records
from tests.journeys.conftest import Workbench
from tests.journeys.pages import LONG, go, picture, press, settle

TEXTS = ["😀 Anna met Tom in Rome.", "王小明在北京。", "Nothing to see here."]


def choice(who: int, label: str, at: int) -> dict[str, Any]:
    result = [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
    time = f"2026-01-0{at}T10:00:00.000000Z"
    return {"id": 10 * who + at, "completed_by": {"id": who, "email": f"{who}@example.org"}, "result": result,
            "was_cancelled": False, "created_at": time, "updated_at": time}  # fmt: skip


def label_studio(path: Path) -> Path:
    """Three tasks, two annotators, a skip, and a model's predictions."""
    tasks: list[dict[str, Any]] = []
    for n, text in enumerate(TEXTS, 1):
        given = [choice(1, "calm", n), choice(2, "glad", n)] if n < 3 else []
        guess = [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["glad"]}}]
        tasks.append({
            "id": n, "data": {"text": text}, "annotations": given,
            "predictions": [{"id": n, "model_version": "v1", "score": 0.9, "result": guess}],
        })  # fmt: skip
    tasks[1]["annotations"][1] |= {"was_cancelled": True, "result": []}
    path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_label_studio_export_comes_in_and_leaves(workbench: Workbench, browser: Browser, tmp_path: Path) -> None:
    path = label_studio(tmp_path / "tasks.json")
    open_store(workbench.database).close()
    workbench.start()
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-US")
    page = context.new_page()
    page.goto(f"{workbench.url}/import")
    settle(page)
    picture(page, "import-01-empty")
    page.locator("input[type=file]").first.set_input_files(str(path))
    expect(page.get_by_text("label studio", exact=False).first).to_be_visible(timeout=LONG)
    settle(page)
    picture(page, "import-02-held")
    press(page, re.compile("^(upload)? ?Import$"))
    expect(page.get_by_text("was imported into the project").first).to_be_visible(timeout=LONG)
    picture(page, "import-03-done")
    go(page, "Records")
    expect(page.get_by_text("Anna met Tom").first).to_be_attached(timeout=LONG)
    picture(page, "import-04-records")
    context.close()
    workbench.stop()
    store = open_store(workbench.database)
    project = projects.get(store, "tasks")
    assert records.count(store, project.id) == len(TEXTS)
    for tool in ("label_studio", "doccano"):
        out = tmp_path / f"{tool}.out"
        export_to(store, project="tasks", format=tool, out=out, without=["suggestions"])
        said = out.read_bytes()
        if zipfile.is_zipfile(out):
            with zipfile.ZipFile(out) as packed:
                said = b"".join(packed.read(name) for name in packed.namelist())
        assert "王小明".encode() in said or b"\\u738b" in said
    store.close()
