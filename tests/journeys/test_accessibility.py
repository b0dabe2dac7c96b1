"""Every page under axe-core, in both languages and both themes: no finding that keeps anybody out."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline import annotate, jobs
from pipeline.jobs import verbs
from pipeline.store import Store, open_store, projects, records
from pipeline.store import jobs as job_store
from pipeline.tasks import tasks
from tests.conftest import add_records
from tests.journeys.conftest import Workbench
from tests.journeys.pages import settle
from tests.views.test_train import TEXTS, finish, freeze

AXE = importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
LONG = 60_000
PAGES = (
    "overview", "records", "import", "clean", "duplicates", "leaks", "augment", "label", "task", "versions", "train",
    "errors",
)  # fmt: skip
USUAL = (("en", "light"), ("zh", "dark"))
ASPECTS = [*USUAL, *(pytest.param(aspect, marks=pytest.mark.slow) for aspect in (("en", "dark"), ("zh", "light")))]
MESSAGES = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "It is *there*."}]
KINDS = tuple(sorted(tasks.names()))

# What Streamlit's own parts do, which nothing of ours can change: (rule, where, why).
EXCUSED = (
    ("list", "[data-testid=stSidebarNavItems]", "The menu's sections are not items of its list."),
    ("listitem", "[data-testid=stSidebarNavItems]", "The menu's sections are not items of its list."),
)
FIND = """async (excused) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], elementRef: true });
  const ours = (rule, node) => !excused.some(([name, where]) => name === rule && node.element?.closest(where));
  return violations.flatMap(({ id, nodes }) => nodes.filter((node) => ours(id, node)).map((node) => ({
    id, impact: node.impact, target: node.target, html: node.html, summary: node.failureSummary,
  })));
}"""

pytestmark = pytest.mark.timeout(600)


def fill(store: Store) -> None:
    """One project with something on every page, and one of each kind of task."""
    project = projects.create(store, "films")
    add_records(store, project, [*TEXTS, "a fine film indeed", "a fine film  indeed!", "plain"])
    annotate.define(
        store, project, labels=["good", "bad"], guideline="**good**: worth the evening.\n\n1. first\n2. then"
    )
    jobs.run(store, verbs.get("clean")(steps=[["whitespace", {}]]), project.id)
    jobs.run(store, verbs.get("dedupe")(shingle="word:1", threshold=0.6), project.id)
    freeze(store, project)
    finish(store, project)
    frozen(store)
    for kind in KINDS:
        made = projects.create(store, kind)
        with_fields(store, made)
        annotate.save_definition(store, made, definition_of(kind), "How to answer.", kind=kind)


def definition_of(kind: str) -> dict[str, Any]:
    """What the template asks, with labels where it leaves them to a person."""
    template = tasks.get(kind)()
    plain = template.definition()
    return plain if all(one.get("labels", True) for one in plain["questions"]) else template.definition(["good", "bad"])


def frozen(store: Store) -> None:
    """A project with answers by two people who disagree, and a version of them."""
    project = projects.create(store, "frozen")
    add_records(store, project, [f"text number {i} tells of {i * i} different things" for i in range(20)])
    task = annotate.define(store, project, labels=["good", "bad"], guideline="")
    ids = records.ids(store, project.id, records.RecordFilter())
    for shift, who in enumerate(("anna", "bob")):
        events = [
            {"event_id": f"{who}-answer-{at}", "record_id": one, "state": "submitted", "seconds": 1.5,
             "value": {"label": ("good", "bad")[(at + shift * (at == 3)) % 2]}, "guideline_revision": 1}
            for at, one in enumerate(ids)
        ]  # fmt: skip
        assert all(ack.ok for ack in annotate.submit(store, task, who, events))
    jobs.run(store, verbs.get("freeze")(), project.id)


def with_fields(store: Store, project: Any) -> None:
    """Records that have whatever any kind of task shows."""
    fields = {
        "question": "Who came?", "context": "Anna came late.", "instruction": "Say it shortly.", "messages": MESSAGES,
        "response_a": "Yes.", "response_b": "No.", "candidates": ["one", "two", "three"], "target": "spät",
        "title": "Evening", "passage": "Anna came late. Bob did not.",
    }  # fmt: skip
    job = job_store.open_job(store, "import", project.id, {})
    rows = pa.table({
        "project_id": pa.array([project.id] * 3, pa.int32()), "job_id": pa.array([job] * 3, pa.int32()),
        "external_id": ["r1", "r2", "r3"], "text": ["Anna came late.", "Bob went home.", "第三条记录。"],
        "fields": [json.dumps(fields)] * 3,
    })  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))
    job_store.close_job(store, job, "done", {"records": 3})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder: Path = tmp_path_factory.mktemp("accessibility")
    made = Workbench(folder / "w.duckdb", folder / "server.log")
    store = open_store(made.database)
    fill(store)
    store.close()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module", params=ASPECTS, ids="-".join)
def aspect(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A language and a theme."""
    return request.param


@pytest.fixture(scope="module")
def seen(browser: Browser, aspect: tuple[str, str]) -> Iterator[Page]:
    """A page in one language and theme."""
    language, theme = aspect
    context = browser.new_context(
        viewport={"width": 1400, "height": 900}, color_scheme=theme, locale={"en": "en-US", "zh": "zh-CN"}[language]
    )
    yield context.new_page()
    context.close()


def findings(page: Page) -> list[str]:
    """What axe-core finds to be serious or critical, a line each: rule, selector, the element."""
    page.evaluate(f"window.axe ? null : (() => {{ {AXE} }})()")
    found = page.evaluate(FIND, [[rule, where] for rule, where, _ in EXCUSED])
    return [
        f"{node['id']} ({node['impact']}): {json.dumps(node['target'])} {node['html'][:160]} {node['summary'][:300]}"
        for node in found if node["impact"] in GRAVE
    ]  # fmt: skip


def look(page: Page, workbench: Workbench, path: str, project: str) -> None:
    page.goto(f"{workbench.url}/{path}?project={project}&annotator=anna")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    settle(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_keeps_nobody_out(filled: Workbench, seen: Page, name: str) -> None:
    look(seen, filled, "" if name == "overview" else name, "frozen" if name == "versions" else "films")
    assert findings(seen) == []


def test_kinds_of_tasks_keep_nobody_out(filled: Workbench, seen: Page, aspect: tuple[str, str]) -> None:
    """Half of them in each of the usual aspects, as what they are made of is the same; all in the others."""
    found = {}
    for kind in KINDS[USUAL.index(aspect) :: 2] if aspect in USUAL else KINDS:
        look(seen, filled, "label", kind)
        expect(seen.locator("[data-part=origin]")).to_have_text("r1", timeout=LONG)
        found[kind] = findings(seen)
    assert {kind: wrong for kind, wrong in found.items() if wrong} == {}


def test_the_keys_keep_nobody_out(filled: Workbench, seen: Page) -> None:
    look(seen, filled, "label", "films")
    seen.keyboard.press("?")
    expect(seen.get_by_role("dialog")).to_be_visible()
    assert findings(seen) == []


def test_an_empty_workbench_keeps_nobody_out(workbench: Workbench, open_page: Callable[..., Page]) -> None:
    workbench.start()
    page = open_page()
    page.goto(workbench.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    settle(page)
    assert findings(page) == []
