"""The browser's storage refused, full, or shared with another tab; a clock that is set; an answer that is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.widget.harness import ADDRESS, Widget, choice, item, items, keys

NO_STORAGE = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); },
})"""
FULL = """() => {
  window.realSet = Storage.prototype.setItem;
  Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""
LABEL = {"questions": [choice()]}


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def labels(widget: Widget) -> list[tuple[str, str]]:
    """(record, label) of the answers in the last message, in its order."""
    return [(event["external"], event["value"].get("label")) for event in widget.sent[-1]["events"]]


def test_a_browser_that_forbids_storage_labels_all_the_same_and_says_so(page: Page) -> None:
    page.add_init_script(NO_STORAGE)
    widget = Widget(page, LABEL, items(3))
    widget.press("1", "2")
    widget.shows("r3")
    expect(widget.part("savedText")).to_contain_text("this browser keeps nothing")
    assert labels(widget)[0] == ("r1", "positive")
    widget.acknowledge(["2", "3"])
    widget.acknowledge(["3"])
    expect(widget.part("savedText")).to_have_text("Saved")


def test_a_storage_that_has_room_again_is_safe_again(page: Page) -> None:
    widget = Widget(page, LABEL, items(3))
    page.evaluate(FULL)
    widget.press("1")
    expect(widget.part("saved")).to_have_attribute("data-kind", "unsafe")
    page.evaluate("() => { Storage.prototype.setItem = realSet; }")
    widget.press("2")
    expect(widget.part("saved")).to_have_attribute("data-kind", "saving")
    assert [external for external, _, _ in widget.answers()] == ["r1", "r2"]


def test_what_another_tab_left_unsent_goes_before_the_next_answer(page: Page) -> None:
    """A tab is closed with an answer on its way; the same record is answered again in this one: this is the last word."""
    widget = Widget(page, LABEL, items(2))
    event = {
        "key": "1", "record_id": 1, "external": "r1", "state": "submitted", "value": {"label": "negative"}, "comment": "",
        "reason": "", "flagged": False, "guideline_revision": 1, "task_revision": 1, "seconds": 1, "event_id": "elsewhere",
        "order": 5, "delta": {"done": 1, "today": 1, "left": -1},
    }  # fmt: skip
    page.evaluate("event => localStorage.setItem('winnow.test.elsewhere', JSON.stringify(event))", event)
    widget.press("1")
    assert labels(widget) == [("r1", "negative"), ("r1", "positive")]
    widget.acknowledge(["2"])
    assert widget.events == []
    expect(widget.part("savedText")).to_have_text("Saved")


def test_a_refused_answer_is_there_when_its_record_comes_back(page: Page) -> None:
    widget = Widget(page, {"questions": [{"kind": "text", "name": "why"}]}, items(2))
    widget.press("w")
    page.keyboard.type("long work")
    widget.press("Control+Enter")
    widget.shows("r2")
    refusal = {"event_id": widget.sent[-1]["events"][0]["event_id"], "ok": False, "conflict": "", "again": False}
    widget.give([item(1)], window=["2", "1"], acks=[{**refusal, "reason": "No."}], turn=widget.sent[-1]["turn"])
    expect(widget.part("notices")).to_contain_text("could not be stored: No.")
    page.keyboard.type("second")
    widget.press("Control+Enter")
    widget.shows("r1")
    expect(page.locator("textarea.writing-area")).to_have_value("long work")
    page.keyboard.type(", mended")
    widget.press("Control+Enter")
    assert widget.answers()[-1] == ("r1", "submitted", {"why": "long work, mended"})


def test_a_clock_that_is_set_back_does_not_stop_the_sending(page: Page) -> None:
    widget = Widget(page, LABEL, items(2))
    page.evaluate("addEventListener('winnow:rerun', () => (window.asked = (window.asked ?? 0) + 1))")
    widget.press("1")
    assert labels(widget) == [("r1", "positive")]
    page.evaluate("(() => { const now = Date.now; Date.now = () => now() - 3_600_000; })()")
    page.wait_for_function("window.asked > 0", timeout=6000)


def test_a_reply_while_we_look_for_the_server_is_no_lost_connection(page: Page) -> None:
    widget = Widget(page, LABEL, items(2))
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(f"{ADDRESS}_stcore/health", hold)
    widget.press("1")
    page.wait_for_timeout(3800)
    assert waiting
    widget.acknowledge(["2"])
    for route in waiting:
        route.abort()
    page.wait_for_timeout(200)
    expect(widget.part("savedText")).to_have_text("Saved")
    widget.press("1")
    expect(widget.part("saved")).to_have_attribute("data-kind", "saving")


def test_the_next_record_is_begun_where_the_last_was_written(page: Page) -> None:
    """The window ran dry: the hands are still on the text, so the field has the focus when a record comes."""
    widget = Widget(page, {"questions": [{"kind": "text", "name": "why"}]}, items(1))
    widget.press("w")
    page.keyboard.type("one")
    widget.press("Control+Enter")
    expect(widget.part("empty")).to_be_visible()
    widget.acknowledge(["2"], [item(2)])
    page.keyboard.type("sure")  # s would skip, u would undo
    assert widget.answers() == []
    assert widget.draft("2")["value"] == {"why": "sure"}


def test_looking_back_and_undoing_a_change_leaves_the_answer_as_it_is(page: Page) -> None:
    widget = Widget(page, {"questions": [choice(), {"kind": "rating", "name": "stars"}]}, items(2))
    widget.press("1", "4", "ArrowLeft", "2")
    expect(widget.part("remark")).to_have_text("Changed, not submitted yet")
    widget.press("u")
    expect(widget.part("remark")).to_be_hidden()
    assert widget.draft("1") is None
    widget.press("r")
    assert widget.draft("1")["value"] == {"label": "negative", "stars": 4}


def test_answers_given_before_the_server_told_the_earlier_ones_can_be_looked_back_at(page: Page) -> None:
    widget = Widget(page, LABEL, [], window=[])
    widget.open()
    widget.give([item(7)], window=["1", "7"])
    widget.press("1")
    earlier = {"state": "submitted", "value": {"label": "neutral"}, "comment": "", "reason": "", "flagged": False}
    widget.give(items(1), window=keys(1), recent=[{**item(5), "answer": earlier}], turn=widget.sent[-1]["turn"])
    widget.press("ArrowLeft")
    widget.shows("r7")
    widget.press("ArrowLeft")
    widget.shows("r5")
