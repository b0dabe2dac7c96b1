"""Hostile text in every place that a person or a file can fill, in a real browser: text everywhere, and nothing runs or loads."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pipeline.store import open_store
from pipeline.store.records import RecordFilter
from tests.injection import INLINE, line, lines, short, texts, whole
from tests.journeys import hostile
from tests.journeys.conftest import Workbench

LONG = 60_000
SECTIONS = ("questions", "fields", "guideline", "people", "file", "more")

# What no page may hold, also inside of the annotator: an element that a string of ours became.
FOUND = r"""() => {
  const found = [];
  const say = (why, element) => found.push(`${why}: ${element.outerHTML.slice(0, 300)}`);
  const own = (url) => !url || url.startsWith("blob:") || new URL(url, location.href).origin === location.origin;
  const DRAWN = "strong,b,em,i,del,s,code,pre,h1,h2,h3,h4,h5,h6,li,blockquote,td,th,sup,a,.stMarkdownColoredText,.stMarkdownBadge,"
    + "[data-testid=stIconMaterial],[role=img]";
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name)) say("a handler", element);
        if (/^(href|src|action|srcdoc|xlink:href|formaction|data|poster)$/i.test(name)) {
          if (/^\s*(javascript|data:text|vbscript)/i.test(value)) say("an address that runs", element);
          const { host, pathname } = new URL(value, location.href); // a guideline may have links
          if (host === "evil.test" && (element.tagName !== "A" || !/^\/guideline/.test(pathname))) say("an address of the corpus", element);
          if (element.tagName !== "A" && !own(value) && !value.startsWith("data:image")) say("something loaded", element);
        }
        if (name === "style" && /evil/.test(value)) say("a style", element);
      }
      if (element.matches(".planted, iframe, object, embed, marquee, base, .mermaid, [id^=mermaid]")) say("markup", element);
      if (element.matches(".katex") && /zq/.test(element.textContent)) say("a formula", element);
      if (element.tagName === "SCRIPT" && /__hit/.test(element.textContent)) say("a script", element);
      if (element.tagName === "STYLE" && /evil\.test/.test(element.textContent)) say("a style sheet", element);
      if (element.tagName === "IMG" && !own(element.src) && !element.src.startsWith("data:image")) say("a picture", element);
      const log = element.closest("[data-testid=stCode]") && !element.closest("[data-testid=stMarkdownContainer]"); // code is meant
      if (!log && element.role !== "gridcell" && element.matches(DRAWN) && /^zq/.test(element.textContent.trim())) say("Markdown", element);
    }
  };
  look(document);
  if (window.__hit !== undefined) found.push(`it ran: ${window.__hit}`);
  return [...new Set(found)];
}"""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder: Path = tmp_path_factory.mktemp("injection")
    made = Workbench(folder / "w.duckdb", folder / "server.log")
    store = open_store(made.database)
    hostile.fill(store, folder)
    store.close()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def watched(browser: Browser, filled: Workbench) -> Iterator[tuple[Page, list[str]]]:
    """One page, and what went wrong on it: what the browser has loaded once is there for the next test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
    made = context.new_page()
    wrong: list[str] = []
    made.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    made.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    made.on(
        "request", lambda request: None if own(request.url, filled) else wrong.append(f"request: {request.url[:200]}")
    )
    context.on("page", lambda other: None if other is made else wrong.append(f"window: {other.url}"))
    yield made, wrong
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def page(watched: tuple[Page, list[str]]) -> Iterator[Page]:
    """A page on which nothing may go wrong, run or be fetched from elsewhere, whatever a test does on it."""
    made, wrong = watched
    yield made
    found = "\n".join(wrong)
    wrong.clear()
    assert not found, found


def own(url: str, workbench: Workbench) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("blob", "data") or parts.port == workbench.port


def look(page: Page, workbench: Workbench, path: str, project: str = hostile.MAIN, /, **query: str) -> None:
    page.goto(f"{workbench.url}/{path}?{urlencode({'project': project, **query})}")
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page is drawn; see that it is whole and that no text became anything else."""
    found = findings(page)
    assert not found, "\n".join([page.url, *found])


def findings(page: Page) -> list[str]:
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    for _ in range(2):
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=LONG)
        page.wait_for_timeout(100)
    traces = page.locator("[data-testid=stException]").all_inner_texts()
    smiles = ["an emoji"] if "😄" in page.get_by_test_id("stMain").inner_text() else []
    return [*traces, *smiles, *page.evaluate(FOUND)]


def texts_of(place: Locator) -> list[str]:
    """What is written in each, as it is; neither trimmed nor folded."""
    return [str(one) for one in place.evaluate_all("(all) => all.map((element) => element.textContent)")]


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=pytest.mark.slow)])
def test_every_view(filled: Workbench, page: Page, language: str) -> None:
    for path in (
        "",
        "records",
        "clean",
        "duplicates",
        "leaks",
        "augment",
        "label",
        "task",
        "versions",
        "train",
        "errors",
    ):
        look(page, filled, path, lang=language, annotator=hostile.WHO)
    look(page, filled, "import", lang=language, job="1")


@pytest.mark.parametrize(
    ("path", "by"),
    [("duplicates", "wording"), pytest.param("duplicates", "meaning", marks=pytest.mark.slow), ("leaks", "")],
)
def test_every_text_beside_its_twin(filled: Workbench, page: Page, path: str, by: str) -> None:
    seen, number, last = "", 0, 1
    while number < last:
        number += 1
        look(page, filled, path, by=by, page=str(number))
        seen += page.get_by_test_id("stMain").inner_text()
        last = int(page.get_by_text(re.compile(r"^of \d+$")).first.inner_text().removeprefix("of "))
    shown = [name for name in INLINE if texts("text")[name].strip() in seen.replace("\xa0", " ")]
    assert len(shown) > len(INLINE) // 2, shown  # of what is held out itself no leak is looked for
    assert short("id")[:30] in seen


@pytest.mark.parametrize("section", SECTIONS[1:])
def test_every_part_of_the_task(filled: Workbench, page: Page, section: str) -> None:
    look(page, filled, "task", section=section)


def test_a_file_that_is_looked_at(filled: Workbench, page: Page) -> None:
    look(page, filled, "import")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["text", "label", *texts("column").values()])
    writer.writerows([[text, line("cell"), *texts("cell").values()] for text in texts("row").values()])
    name = short("file").replace("/", "") + ".csv"
    upload = {"name": name, "mimeType": "text/csv", "buffer": file.getvalue().encode()}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(upload)  # type: ignore[arg-type]
    expect(page.get_by_role("button", name=re.compile("^Import|Start", re.IGNORECASE)).last).to_be_visible(timeout=LONG)
    settled(page)


def test_a_record_in_full(filled: Workbench, page: Page) -> None:
    """The first record's text was changed by hand; a filter by a label says the label."""
    look(page, filled, "records", where="id=1")
    assert page.get_by_test_id("stMain").locator("h3").first.inner_text() == f"script {short('id')}"
    assert texts_of(page.get_by_test_id("stText"))[:2] == [whole("edited"), texts("text")["script"]]
    expect(page.get_by_test_id("stJson").first).to_be_visible(timeout=LONG)
    fields = texts_of(page.get_by_test_id("stJson"))[0]
    assert f'"{hostile.COLUMN}":"{line("field")}"' in fields.replace("\\\\", "\\").replace('\\"', '"')
    label = lines("label")[1]
    look(page, filled, "records", where=str(RecordFilter(label=label)))
    assert label in page.locator("input").evaluate_all("(all) => all.map((element) => element.value)")


def test_markdown_is_escaped_letter_by_letter(filled: Workbench, page: Page) -> None:
    """An address that names no run is quoted: the whole corpus through the one function that every page escapes with."""
    asked = " ".join(lines("address"))
    look(page, filled, "train", run=asked)
    assert any(asked in text for text in texts_of(page.get_by_test_id("stAlert")))
    look(page, filled, "")
    links = texts_of(page.get_by_test_id("stPageLink"))
    assert all(any(f"{label}: " in link for link in links) for label in lines("label")[: hostile.FEW])


USUAL = ("custom", "relations", "multilabel", "chat", "ranking", "question_answering", "translation")
FURTHER = [kind for kind in hostile.KINDS if kind not in (*USUAL, "sentiment")]  # ask the same questions again


@pytest.mark.parametrize("kind", [*USUAL, *(pytest.param(kind, marks=pytest.mark.slow) for kind in FURTHER)])
def test_a_kind_of_task(filled: Workbench, page: Page, kind: str) -> None:
    """Answered, taken back, remarked on and skipped; the keys, the guideline and what else is known of the record opened."""
    answer(page, filled, kind)


@pytest.mark.parametrize("kind", ["custom", "ranking"])
def test_a_task_with_its_preview(filled: Workbench, page: Page, kind: str) -> None:
    look(page, filled, "task", short(kind))
    expect(page.locator(".annotator .fields")).to_be_visible(timeout=LONG)
    shows(page.locator(".annotator"), kind)


def test_what_was_written_is_what_is_stored(filled: Workbench, page: Page) -> None:
    answer(page, filled, "sentiment")
    filled.stop()
    store = open_store(filled.database)
    found = store.rows(
        "SELECT a.state, a.value, a.comment, a.reason FROM annotation_event a JOIN record r ON r.id = a.record_id "
        "JOIN project p ON p.id = r.project_id WHERE p.name = ? ORDER BY a.id", [short("sentiment")],
    )  # fmt: skip
    store.close()
    labels = {"sentiment": lines("label")[0]}
    assert (found[0]["state"], json.loads(found[0]["value"]), found[1]["state"]) == ("submitted", labels, "withdrawn")
    last = found[-1]
    assert (last["state"], last["comment"], last["reason"]) == ("skipped", line("remark"), lines("skip reason")[0])


def answer(page: Page, workbench: Workbench, kind: str) -> None:
    look(page, workbench, "label", short(kind), annotator=hostile.WHO)
    widget = page.locator(".annotator")
    origin, first, second = widget.locator("[data-part=origin]"), f"0 {short('id')}", f"1 {short('id')}"
    expect(origin).to_have_text(first, timeout=LONG)
    shows(widget, kind)
    widget.locator("[data-act=accept]").click()
    if texts_of(origin) == [first]:  # more than one key to answer it
        widget.locator("[data-act=submit]").click()
    expect(origin).to_have_text(second)
    widget.locator("[data-act=undo]").click()
    expect(origin).to_contain_text(first)
    assert page.evaluate(FOUND) == []
    widget.locator("[data-act=note]").click()
    widget.locator("[data-part=comment]").fill(line("remark"))
    widget.locator("[data-act=keepNote]").click()
    assert line("remark") in texts_of(widget.locator("[data-part=remark]"))[0]
    widget.locator("[data-part=meta] > summary").click()
    expect(widget.locator("dt")).to_have_count(3)
    assert texts_of(widget.locator("dt")) == [short("key"), "__proto__", "constructor"]
    assert texts_of(widget.locator("dd"))[:2] == [line("value")] * 2
    widget.locator("[data-act=keys]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(FOUND) == []
    page.keyboard.press("Escape")
    widget.locator("[data-act=why]").click()
    reasons = widget.locator("[data-part=reasons] button > span")
    assert texts_of(reasons) == lines("skip reason")[:9]
    reasons.first.click()
    expect(origin).to_have_text(second)
    expect(widget.locator("[data-part=savedText]")).to_have_text("Saved", timeout=LONG)
    settled(page)


def shows(widget: Locator, kind: str) -> None:
    """What the annotator says of the first record is what was put there, letter by letter."""
    labels = lines("label")
    assert texts_of(widget.locator(".question-title"))[0].startswith(line(f"{kind} title"))
    assert texts_of(widget.locator(".question-help"))[0] == line(f"{kind} help")
    assert texts_of(widget.locator(".text-bar > span")).count(line(f"{kind} heading")) >= 1
    if kind != "chat":
        assert texts_of(widget.locator("[data-field=text] .ink").first) == [whole(kind)]
    if kind in ("classification", "sentiment", "entities", "relations", "custom"):
        assert texts_of(widget.locator("button.label > span"))[: hostile.FEW] == labels[: hostile.FEW]
    if kind == "multilabel":
        assert texts_of(widget.locator(".picker-row > span")) == labels
        assert texts_of(widget.locator(".picker-group > span")) == [line("multilabel parent")]
    if kind == "rating":
        assert texts_of(widget.locator("button.label small"))[::4] == [line("rating mark"), short("rating mark")]
    if kind == "chat":
        turns = hostile.conversation()
        assert texts_of(widget.locator(".turns .turn-body"))[: len(turns)] == [turn["content"] for turn in turns]
        assert texts_of(widget.locator(".turns .turn-role"))[2] == line("role")
    if kind == "ranking":
        assert texts_of(widget.locator(".candidate p")) == lines("candidate")[:5]
    if kind == "preference":
        assert texts_of(widget.locator(".candidate p")) == [line("better"), whole("worse")]
