"""Labelling in a real browser against a real server: what the page shows, and what the database file holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Workbench
from tests.journeys.pages import settle
from tests.journeys.reviews import answers, in_store, label_page, numbered, press_all, saved, shown

STRANGE = "<script>document.title='hit'</script> & <b>bold</b> 👩‍👩‍👧‍👦🇨🇳\r\n  第二行：服务员很热情。\té"
OpenPage = Callable[..., Page]
PROJECTS = {
    "dollar": ["costs $& more", "two", "three"], "mouse": numbered(20), "undone": numbered(20),
    "strange": [STRANGE, "x" * 10_000, "last"], "shared": numbered(300), "windows": numbered(30), "quick": numbered(200),
    "first": numbered(2), "small": numbered(100),
}  # fmt: skip

pytestmark = pytest.mark.timeout(180)


def test_a_label_with_a_dollar_sign_is_shown_as_it_is(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="dollar")
    page.keyboard.press("1")
    expect(page.locator("[data-part=last]")).to_contain_text("costs $& more")


def test_labelling_by_mouse_undo_redo_skip_and_comment(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="mouse")
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
    rows = answers(labelling, "mouse")
    last = {row["external_id"]: (row["state"], row["label"], row["comment"]) for row in rows}
    assert last == {
        "r1": ("submitted", "negative", ""), "r2": ("skipped", None, ""),
        "r3": ("submitted", "neutral", "1 not sure, 2 readings"), "r4": ("submitted", "neutral", ""),
        "r5": ("submitted", "positive", ""),
    }  # fmt: skip
    assert [row["state"] for row in rows if row["external_id"] == "r4"] == ["submitted", "withdrawn"] + [
        "submitted"
    ] * 2


def test_undo_reaches_answers_of_before_a_reload(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="undone")
    press_all(page, ["1", "2"], 30)
    saved(page)
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    page.keyboard.press("u")
    assert shown(page) == "text number 2"
    saved(page)
    page.keyboard.press("3")
    saved(page)
    assert in_store(labelling, "undone")[-1] == ("r2", "neutral")


def test_a_text_shows_as_it_is(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="strange")
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
    assert len(answers(labelling, "strange")) == 3


def test_two_people_never_hold_the_same_record(labelling: Workbench, open_page: OpenPage) -> None:
    anna, bob = (label_page(open_page(), labelling, who, project="shared") for who in ("anna", "bob"))
    for _ in range(4):
        press_all(anna, ["1"] * 10, 30)
        press_all(bob, ["2"] * 10, 30)
        saved(anna)
        saved(bob)
    records = [record for record, _ in in_store(labelling, "shared")]
    assert len(records) == 80
    assert len(set(records)) == 80


def test_a_record_that_left_the_queue_leaves_the_screen(labelling: Workbench, open_page: OpenPage) -> None:
    """Two windows of one person: what is answered in one is not asked again in the other, and no key hits a swapped text."""
    context = open_page().context
    one, two = (label_page(context.new_page(), labelling, project="windows") for _ in range(2))
    press_all(one, ["1", "1"], 30)
    saved(one)
    two.evaluate("() => window.dispatchEvent(new CustomEvent('winnow:rerun'))")
    expect(two.locator(".fields")).to_have_text("text number 3", timeout=10_000)
    expect(two.locator("[data-part=notices]")).to_contain_text("left your queue")
    two.wait_for_timeout(600)  # keys count again half a second after the swap
    press_all(two, ["2"], 1)
    saved(two)
    assert in_store(labelling, "windows") == [("r1", "positive"), ("r2", "positive"), ("r3", "negative")]


def test_the_next_text_is_there_within_a_frame_or_two(labelling: Workbench, one_page: Page) -> None:
    page = label_page(one_page, labelling, project="quick")
    settle(page)
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
    assert len(in_store(labelling, "quick")) == 100


def test_first_time_a_person_comes(labelling: Workbench, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{labelling.url}/label?project=first")
    page.get_by_role("textbox", name="Your name").fill("Anna Lee")
    page.get_by_role("button", name="Start labelling").click()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    assert "annotator=Anna" in page.url
    page.locator("body").press("2")
    saved(page)
    assert [(row["annotator"], row["label"]) for row in answers(labelling, "first")] == [("Anna Lee", "negative")]


def test_an_answer_does_not_bring_the_whole_widget_again(labelling: Workbench, open_page: OpenPage) -> None:
    """The script, its styles and words come once; what an answer brings is small, also in another language."""
    page = open_page()
    frames: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda body: frames.append(len(body))))
    label_page(page, labelling, project="small")
    assert max(frames) > 100_000  # the kit
    settle(page)
    frames.clear()
    for key in "123":
        page.keyboard.press(key)
        saved(page)
    assert frames
    assert max(frames) < 30_000
    page.reload()
    expect(page.locator(".annotator .label").first).to_be_enabled(timeout=30_000)
    assert shown(page) == "text number 4"
