"""Labelling in a real browser against a real server: what the page promised is what the database file holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pipeline.annotate import define
from pipeline.store import annotations as answer_store
from pipeline.store import open_store, projects
from tests.conftest import add_records
from tests.journeys.conftest import Workbench

LABELS = ["positive", "negative", "neutral"]
STRANGE = "<script>document.title='hit'</script> & <b>bold</b> 👩‍👩‍👧‍👦🇨🇳\r\n  第二行：服务员很热情。\té"
OpenPage = Callable[..., Page]

pytestmark = pytest.mark.timeout(180)


def fill(database: Path, n: int, texts: list[str] | None = None) -> None:
    store = open_store(database)
    project = projects.create(store, "reviews")
    define(store, project, labels=LABELS, guideline="**positive**: the writer would come again.")
    add_records(store, project, texts or [f"text number {i}" for i in range(1, n + 1)])
    store.close()


def answers(database: Path) -> list[dict[str, Any]]:
    """The events of the file in the order of their storing, with the record's external id."""
    store = open_store(database)
    rows = store.rows(
        "SELECT a.event_id, r.external_id, a.state, a.value->>'label' AS label, a.comment, a.annotator "
        "FROM annotation_event a JOIN record r ON r.id = a.record_id ORDER BY a.id"
    )
    store.close()
    return rows


def label_page(page: Page, workbench: Workbench, who: str = "anna") -> Page:
    page.goto(f"{workbench.url}/label?project=reviews&annotator={who}")
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


def in_store(workbench: Workbench) -> list[tuple[str, str]]:
    return [(row["external_id"], row["label"]) for row in answers(workbench.database) if row["state"] == "submitted"]


@pytest.mark.parametrize(("n", "every_ms"), [(30, 10), (80, 5)])
def test_fast_keys_are_all_stored_in_order(workbench: Workbench, open_page: OpenPage, n: int, every_ms: int) -> None:
    fill(workbench.database, 200)
    workbench.start()
    page = label_page(open_page(), workbench)
    keys = [str(1 + i % 3) for i in range(n)]
    press_all(page, keys, every_ms)
    saved(page)
    expect(page.locator("[data-part=counters]")).to_have_text(f"{n} today  ·  {n} by you  ·  {200 - n} left")
    workbench.stop()
    assert in_store(workbench) == [(f"r{i + 1}", LABELS[int(key) - 1]) for i, key in enumerate(keys)]


def test_a_label_with_a_dollar_sign_is_shown_as_it_is(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 3, ["costs $& more", "two", "three"])
    workbench.start()
    page = label_page(open_page(), workbench)
    page.keyboard.press("1")
    expect(page.locator("[data-part=last]")).to_contain_text("costs $& more")


def test_the_window_is_refilled_before_it_runs_dry(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 400)
    workbench.start()
    page = label_page(open_page(), workbench)
    for _ in range(6):
        press_all(page, ["1"] * 50, 15)
        saved(page)
    workbench.stop()
    assert [record for record, _ in in_store(workbench)] == [f"r{i}" for i in range(1, 301)]


def test_a_reload_in_the_middle_keeps_what_was_not_sent(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 100)
    workbench.start()
    page = label_page(open_page(), workbench)
    press_all(page, ["1"] * 12 + ["2"] * 8, 5)
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    saved(page)
    expect(page.locator("[data-part=counters]")).to_have_text("20 today  ·  20 by you  ·  80 left")
    assert shown(page) == "text number 21"
    workbench.stop()
    expected = [(f"r{i}", "positive" if i <= 12 else "negative") for i in range(1, 21)]
    assert in_store(workbench) == expected


def test_a_killed_server_loses_nothing(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 200)
    workbench.start()
    page = label_page(open_page(), workbench)
    press_all(page, ["1"] * 10, 40)
    press_all(page, ["2"] * 5, 5)
    workbench.kill()
    press_all(page, ["3"] * 15, 20)
    assert shown(page) == "text number 31"
    expect(page.locator("[data-part=savedText]")).to_contain_text("kept in this browser", timeout=20_000)
    workbench.start()
    saved(page, 60)
    press_all(page, ["1"] * 3, 20)
    saved(page)
    workbench.stop()
    labels = ["positive"] * 10 + ["negative"] * 5 + ["neutral"] * 15 + ["positive"] * 3
    assert in_store(workbench) == [(f"r{i + 1}", label) for i, label in enumerate(labels)]


def test_labelling_by_mouse_undo_redo_skip_and_comment(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 20)
    workbench.start()
    page = label_page(open_page(), workbench)
    page.locator(".label", has_text="negative").click()  # r1
    page.keyboard.press("s")  # r2
    page.keyboard.press("c")
    page.keyboard.type("1 not sure, 2 readings")  # the digits are text here
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=remark]")).to_have_text("Comment: 1 not sure, 2 readings")
    page.keyboard.press("3")  # r3, with the comment
    page.keyboard.press("1")  # r4, taken back below
    page.keyboard.press("u")
    assert shown(page) == "text number 4"
    page.keyboard.press("2")  # r4
    page.keyboard.press("1")  # r5
    page.keyboard.press("Backspace")
    page.keyboard.press("r")  # redo: r5 is positive after all
    assert shown(page) == "text number 6"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert shown(page) == "text number 4"
    expect(page.locator(".label", has_text="negative")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("3")  # r4 corrected
    saved(page)
    workbench.stop()
    rows = answers(workbench.database)
    last = {row["external_id"]: (row["state"], row["label"], row["comment"]) for row in rows}
    assert last == {
        "r1": ("submitted", "negative", ""), "r2": ("skipped", None, ""),
        "r3": ("submitted", "neutral", "1 not sure, 2 readings"), "r4": ("submitted", "neutral", ""),
        "r5": ("submitted", "positive", ""),
    }  # fmt: skip
    assert [row["state"] for row in rows if row["external_id"] == "r4"] == ["submitted", "withdrawn"] + [
        "submitted"
    ] * 2


def test_undo_reaches_answers_of_before_a_reload(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 20)
    workbench.start()
    page = label_page(open_page(), workbench)
    press_all(page, ["1", "2"], 30)
    saved(page)
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    page.keyboard.press("u")
    assert shown(page) == "text number 2"
    saved(page)
    page.keyboard.press("3")
    saved(page)
    workbench.stop()
    assert in_store(workbench)[-1] == ("r2", "neutral")


def test_a_text_shows_as_it_is(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 0, [STRANGE, "x" * 10_000, "last"])
    workbench.start()
    page = label_page(open_page(), workbench)
    assert shown(page) == STRANGE
    assert page.locator(".fields .passage script, .fields .passage b").count() == 0
    assert page.title() != "hit"
    page.keyboard.press("1")
    assert page.locator(".fields").evaluate("(part) => part.scrollHeight > part.clientHeight")
    page.keyboard.press("2")
    page.keyboard.press("3")
    expect(page.locator("[data-part=empty]")).to_contain_text("All done")
    saved(page)
    page.keyboard.press("1")  # nothing is on the screen: no empty answer can come of it
    expect(page.get_by_text("Freeze a version")).to_be_visible()
    workbench.stop()
    assert len(answers(workbench.database)) == 3


def test_two_people_never_hold_the_same_record(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 300)
    workbench.start()
    anna, bob = label_page(open_page(), workbench, "anna"), label_page(open_page(), workbench, "bob")
    for _ in range(4):
        press_all(anna, ["1"] * 10, 30)
        press_all(bob, ["2"] * 10, 30)
        saved(anna)
        saved(bob)
    workbench.stop()
    records = [record for record, _ in in_store(workbench)]
    assert len(records) == 80
    assert len(set(records)) == 80


def test_a_record_that_left_the_queue_leaves_the_screen(workbench: Workbench, open_page: OpenPage) -> None:
    """Two windows of one person: what is answered in one is not asked again in the other, and no key hits a swapped text."""
    fill(workbench.database, 30)
    workbench.start()
    context = open_page().context
    one, two = label_page(context.new_page(), workbench), label_page(context.new_page(), workbench)
    press_all(one, ["1", "1"], 30)
    saved(one)
    two.evaluate("() => window.dispatchEvent(new CustomEvent('winnow:rerun'))")
    expect(two.locator(".fields")).to_have_text("text number 3", timeout=10_000)
    expect(two.locator("[data-part=notices]")).to_contain_text("left your queue")
    two.wait_for_timeout(600)
    press_all(two, ["2"], 1)
    saved(two)
    workbench.stop()
    assert in_store(workbench) == [("r1", "positive"), ("r2", "positive"), ("r3", "negative")]


def test_the_next_text_is_there_within_a_frame_or_two(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 200)
    workbench.start()
    page = label_page(open_page(), workbench)
    page.wait_for_timeout(500)
    took = page.evaluate(
        """async () => {
          const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
          const text = root.querySelector(".fields");
          const took = [];
          for (let i = 0; i < 100; i++) {
            const before = text.textContent, at = performance.now();
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true, composed: true }));
            await new Promise((done) => {
              const look = () => (text.textContent !== before ? done() : requestAnimationFrame(look));
              requestAnimationFrame(look);
            });
            took.push(performance.now() - at);
            await new Promise((go) => setTimeout(go, 60));
          }
          return took.sort((a, b) => a - b);
        }"""
    )
    saved(page)
    print(f"\nkeydown to the frame with the next text: median {took[50]:.1f} ms, p95 {took[95]:.1f} ms")
    assert took[50] < 60  # the goal is 10; a test machine under load gets room
    workbench.stop()
    assert len(in_store(workbench)) == 100


def test_a_slow_store_is_not_taken_for_a_lost_one(workbench: Workbench, open_page: OpenPage) -> None:
    """What is stored is stored once, also when the page sends it again because no answer came in time."""
    fill(workbench.database, 50)
    workbench.start()
    page = label_page(open_page(), workbench)
    page.context.set_offline(True)
    press_all(page, ["1"] * 10, 10)
    page.wait_for_timeout(5000)
    page.context.set_offline(False)
    saved(page, 60)
    workbench.stop()
    rows = answers(workbench.database)
    assert len(rows) == 10
    assert len({row["event_id"] for row in rows}) == 10


def test_first_time_a_person_comes(workbench: Workbench, open_page: OpenPage) -> None:
    fill(workbench.database, 2)
    workbench.start()
    page = open_page()
    page.goto(f"{workbench.url}/label?project=reviews")
    page.get_by_role("textbox", name="Your name").fill("Anna Lee")
    page.get_by_role("button", name="Start labelling").click()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    assert "annotator=Anna" in page.url
    page.locator("body").press("2")
    saved(page)
    workbench.stop()
    store = open_store(workbench.database)
    task = projects.tasks(store, 1)[0]
    assert answer_store.label_counts(store, task.id) == {"negative": 1}
    store.close()


def test_an_answer_does_not_bring_the_whole_widget_again(workbench: Workbench, open_page: OpenPage) -> None:
    """The script, its styles and words come once; what an answer brings is small, also in another language."""
    fill(workbench.database, 100)
    workbench.start()
    page = open_page()
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda body: frames.append(len(body))))
    label_page(page, workbench)
    assert max(frames) > 100_000  # the kit
    page.wait_for_timeout(1500)
    frames.clear()
    for key in "123":
        page.keyboard.press(key)
        saved(page)
    assert frames
    assert max(frames) < 30_000
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    assert shown(page) == "text number 4"
