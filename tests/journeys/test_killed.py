"""What a kill in the middle leaves: a job says where it stopped and goes on, a run is done as if nothing had been."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pipeline.annotate import define
from pipeline.store import open_store, projects, records
from tests.conftest import add_records
from tests.journeys.conftest import ROOT, Workbench
from tests.journeys.pages import LONG, picture, press

OpenPage = Callable[..., Page]

pytestmark = pytest.mark.timeout(420)


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
    expect(page.get_by_text(re.compile(r"[1-9][\d,]* / \d[\d,]+")).first).to_be_visible(timeout=LONG)  # it is at work
    workbench.kill()
    workbench.start()
    page.goto(f"{workbench.url}/clean?project=big")
    expect(page.get_by_text(re.compile(r"Clean #\d+ stopped at [\d,]+ of"))).to_be_visible(timeout=LONG)
    picture(page, "killed-job")
    press(page, "Continue")
    press(page, re.compile("Apply"), timeout=240_000)
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
