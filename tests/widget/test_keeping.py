"""What is kept: drafts, the records in the browser, lost and repeated replies, undo and redo, conflicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, choice, item, items, keys

TONE = choice("tone", ["good", "bad"])
TOPICS = {"kind": "choices", "name": "topics", "labels": ["food", "staff", "room"], "required": True}
TWO = {"questions": [TONE, TOPICS]}
# an event with this in it
KEPT = """part => Object.entries(localStorage).some(
  ([key, text]) => key.startsWith("winnow.test.") && text.includes("event_id") && text.includes(part))"""


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def answered(number: int, label: str) -> dict[str, object]:
    answer = {"state": "submitted", "value": {"label": label}, "comment": "", "reason": "", "flagged": False}
    return {**item(number), "answer": answer}


def test_a_begun_answer_survives_a_reload_and_is_sent_after_a_rest(page: Page) -> None:
    widget = Widget(page, TWO, items(2))
    widget.press("2", "3")
    assert widget.draft("1") == {
        "value": {"tone": "bad", "topics": ["room"]},
        "comment": "",
        "flagged": False,
        "sent": False,
    }
    widget.open()
    widget.give(items(2), recent=[])
    expect(page.get_by_role("button", name="room")).to_have_attribute("aria-pressed", "true")
    widget.press("Tab", "1")
    page.wait_for_function(KEPT, arg="food")
    assert widget.answers() == [("r1", "draft", {"tone": "bad", "topics": ["food", "room"]})]
    widget.press("Enter")
    assert widget.draft("1") is None
    assert widget.answers() == [("r1", "submitted", {"tone": "bad", "topics": ["food", "room"]})]


def test_a_draft_is_sent_when_the_record_is_left_but_never_over_an_answer(page: Page) -> None:
    widget = Widget(page, TWO, items(3))
    widget.press("1", "1", "Enter")  # r1
    widget.press("2")  # r2 begun
    widget.press("ArrowLeft")
    assert widget.answers()[1:] == [("r2", "draft", {"tone": "bad"})]
    widget.shows("r1")
    widget.press("2")  # r1 changed, not submitted
    expect(widget.part("remark")).to_have_text("Changed, not submitted yet")
    widget.press("ArrowRight")
    widget.shows("r2")
    expect(page.get_by_role("button", name="bad")).to_have_attribute("aria-pressed", "true")
    assert [state for _, state, _ in widget.answers()] == ["submitted", "draft"]
    widget.press("ArrowLeft", "Enter")
    assert widget.answers()[-1] == ("r1", "submitted", {"tone": "bad", "topics": ["food"]})


def test_the_servers_draft_is_shown_when_there_is_none_here(page: Page) -> None:
    widget = Widget(page, TWO, [item(1, draft={"tone": "good"})])
    expect(page.get_by_role("button", name="good")).to_have_attribute("aria-pressed", "true")
    expect(widget.question("topics")).to_have_attribute("aria-current", "true")
    widget.press("2", "Enter")
    assert widget.answers() == [("r1", "submitted", {"tone": "good", "topics": ["staff"]})]


def test_the_servers_draft_brings_its_comment_and_flag(page: Page) -> None:
    widget = Widget(page, TWO, [item(1, draft={"tone": "good"}, comment="hm", flagged=True)])
    expect(widget.part("flagged")).to_be_visible()
    expect(widget.part("remark")).to_have_text("Comment: hm")
    widget.press("2", "Enter")
    assert [(event["comment"], event["flagged"]) for event in widget.events] == [("hm", True)]


def test_a_flag_without_an_answer_is_a_draft(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(2))
    widget.press("f")
    page.wait_for_function(KEPT, arg='"flagged":true')
    (event,) = widget.events
    assert (event["state"], event["flagged"], event["value"]) == ("draft", True, {})


def test_undo_and_redo_over_changes_answers_skips_flags_and_comments(page: Page) -> None:
    widget = Widget(page, TWO, items(4))
    widget.press("1", "1", "f", "Enter")  # r1
    widget.press("s")  # r2
    widget.press("2", "2")  # r3 begun
    widget.press("u")
    assert widget.draft("3")["value"] == {"tone": "bad"}
    widget.press("r")
    assert widget.draft("3")["value"] == {"tone": "bad", "topics": ["staff"]}
    widget.press("u", "u", "u")  # the begun answer, then the skip
    widget.shows("r2")
    widget.press("u")
    widget.shows("r1")
    expect(widget.part("flagged")).to_be_visible()
    expect(page.get_by_role("button", name="food")).to_have_attribute("aria-pressed", "true")
    widget.press("r", "r")
    widget.shows("r3")
    states = [(external, state) for external, state, _ in widget.answers() if state != "draft"]
    assert states == [
        ("r1", "submitted"), ("r2", "skipped"), ("r2", "withdrawn"), ("r1", "withdrawn"), ("r1", "submitted"),
        ("r2", "skipped"),
    ]  # fmt: skip
    assert [event["flagged"] for event in widget.events if event["state"] == "submitted"] == [True, True]


def test_undo_of_the_last_instant_answer_leaves_the_others(page: Page) -> None:
    stars = {"kind": "rating", "name": "stars", "low": 1, "high": 5, "required": True}
    widget = Widget(page, {"questions": [TONE, stars]}, items(2))
    widget.press("1", "5", "u", "4")
    assert widget.answers() == [
        ("r1", "submitted", {"tone": "good", "stars": 5}), ("r1", "withdrawn", {}),
        ("r1", "submitted", {"tone": "good", "stars": 4}),
    ]  # fmt: skip


def test_only_records_that_are_lacking_are_asked_for_and_kept_in_order(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(3))
    widget.press("1")
    last = widget.sent[-1]
    assert (last["have"], len(last["events"])) == (["2", "3"], 1)
    widget.acknowledge(["2", "3", "4"], [item(4)])
    assert widget.events == []
    widget.press("2", "2")
    widget.shows("r4")


def test_a_lost_reply_is_asked_for_again_and_a_repeated_one_changes_nothing(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(2))
    widget.press("1")
    first = widget.sent[-1]
    # the reply with record 3 was lost; the next one takes it for known
    widget.give([], window=["2", "3"], turn=first["turn"], acks=[])
    assert [event["external"] for event in widget.events] == ["r1"]
    page.wait_for_function("turn => sent.at(-1).turn > turn", arg=first["turn"])
    again = widget.sent[-1]
    assert again["turn"] > first["turn"]
    assert again["have"] == ["2"]
    assert [event["event_id"] for event in again["events"]] == [event["event_id"] for event in first["events"]]
    widget.acknowledge(["2", "3"], [item(3)])
    widget.acknowledge(["2", "3"], [item(3)])
    widget.press("2", "2")
    assert [record for record, _, _ in widget.answers()] == ["r2", "r3"]
    expect(widget.part("empty")).to_be_visible()


def test_a_new_page_asks_for_everything(page: Page) -> None:
    """The server's state outlived the page: it takes the records for known, and must be told that they are not."""
    widget = Widget(page, {"questions": [choice()]}, items(3))
    widget.press("1")
    widget.open()
    widget.give([], window=["2", "3"], turn=None)
    assert widget.sent[-1]["have"] is None
    widget.acknowledge(["2", "3"], [item(2), item(3)])
    widget.give([item(2), item(3)], recent=[answered(1, "positive")], turn=widget.sent[-1]["turn"])
    widget.shows("r2")
    widget.press("ArrowLeft")
    widget.shows("r1")


def test_two_hundred_answers_can_be_looked_back_at_and_changed(page: Page) -> None:
    recent = [answered(number, "neutral") for number in range(1, 201)]
    widget = Widget(page, {"questions": [choice()]}, [], window=[])
    widget.open()
    widget.give([item(201)], recent=recent)
    widget.shows("r201")
    widget.press(*["ArrowLeft"] * 200)
    widget.shows("Your own earlier answer · r1")
    expect(widget.part("back")).to_be_disabled()
    widget.press("2")
    widget.shows("r2")
    assert widget.answers() == [("r1", "submitted", {"label": "negative"})]


def test_answers_on_their_way_can_be_looked_back_at_after_a_reload(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(3))
    widget.press("2")
    widget.open()
    widget.give(items(3), recent=[])
    widget.shows("r2")
    widget.press("ArrowLeft")
    expect(page.get_by_role("button", name="negative")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("conflict", "words", "leads"),
    [("dropped", "was dropped", False), ("gone", "not in the project", False), ("label", "label set", True),
     ("guideline", "guideline has changed", True), ("lease", "answered by others", False),
     ("text", "text of record r1 has changed", True)],
)  # fmt: skip
def test_a_conflict_is_a_sentence_and_leads_to_its_record(page: Page, conflict: str, words: str, leads: bool) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(3))
    widget.press("1")
    widget.acknowledge(keys(3)[1:], conflict=conflict)
    expect(widget.part("notices")).to_contain_text(words)
    go = widget.part("notices").get_by_role("button", name="Go to it").first
    expect(go).to_be_visible() if leads else expect(go).to_have_count(0)
    if leads:
        go.click()
        widget.shows("Your own earlier answer · r1")
        widget.press("3")
        assert widget.answers() == [("r1", "submitted", {"label": "neutral"})]
