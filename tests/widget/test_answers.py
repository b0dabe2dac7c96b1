"""Answering: one question by one key, several on a card, conditions, and what cannot be submitted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, choice, item, items

SPAM = choice("spam", ["yes", "no"])
WHY = choice("why", ["advert", "scam"], when={"question": "spam", "is": ["yes"]})
TOPICS = {"kind": "choices", "name": "topics", "labels": ["food", "staff", "room"], "required": True}
STARS = {"kind": "rating", "name": "stars", "low": 1, "high": 5, "required": True}
HOSTILE = "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script> & 👩‍👩‍👧‍👦\r\n\té"


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def test_one_key_answers_one_instant_question(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(3))
    widget.shows("r1")
    expect(widget.part("submit")).to_be_hidden()
    widget.press("1", "3")
    widget.shows("r3")
    assert widget.answers() == [("r1", "submitted", {"label": "positive"}), ("r2", "submitted", {"label": "neutral"})]
    assert widget.sent[-1]["events"][0] == widget.events[0]


def test_the_last_of_several_instant_answers_submits(page: Page) -> None:
    widget = Widget(page, {"questions": [choice("tone", ["good", "bad"]), STARS]}, items(2))
    widget.press("2")
    expect(widget.question("stars")).to_have_attribute("aria-current", "true")
    widget.press("4")
    widget.shows("r2")
    assert widget.answers() == [("r1", "submitted", {"tone": "bad", "stars": 4})]


def test_a_question_is_asked_only_under_its_condition_and_unasked_answers_are_left_out(page: Page) -> None:
    widget = Widget(page, {"questions": [SPAM, WHY, TOPICS]}, items(2))
    expect(widget.question("why")).to_be_hidden()
    widget.press("1")
    expect(widget.question("why")).to_be_visible()
    widget.press("2")
    expect(widget.question("topics")).to_have_attribute("aria-current", "true")
    widget.press("1", "Shift+Tab", "Shift+Tab", "2")  # no spam after all
    expect(widget.question("why")).to_be_hidden()
    widget.press("Enter")
    widget.shows("r2")
    assert widget.answers() == [("r1", "submitted", {"spam": "no", "topics": ["food"]})]


def test_an_incomplete_answer_cannot_be_submitted_and_says_what_is_missing(page: Page) -> None:
    widget = Widget(page, {"questions": [{**SPAM, "title": "Is it spam?"}, {**TOPICS, "least": 2}]}, items(2))
    widget.press("Enter")
    expect(widget.part("lack")).to_have_text("“Is it spam?” has no answer yet.")
    widget.press("2", "Enter")
    expect(widget.part("lack")).to_have_text("“topics” has no answer yet.")
    expect(widget.question("topics")).to_have_attribute("aria-current", "true")
    widget.press("1", "Enter")
    expect(widget.part("lack")).to_have_text("At least 2 must be chosen.")
    widget.press("3", "Enter")
    widget.shows("r2")
    assert [state for _, state, _ in widget.answers()] == ["submitted"]


def test_nothing_at_all_is_no_answer_even_where_nothing_is_required(page: Page) -> None:
    widget = Widget(page, {"questions": [{**TOPICS, "required": False}]}, items(2))
    widget.press("Enter")
    expect(widget.part("lack")).to_contain_text("Nothing is answered yet")
    assert widget.events == []
    widget.press("x", "Enter")  # none of these is an answer
    assert widget.answers() == [("r1", "submitted", {"topics": []})]


def test_tab_goes_from_question_to_question_and_out_at_the_end(page: Page) -> None:
    widget = Widget(page, {"questions": [SPAM, TOPICS]}, items(1))
    widget.press("Tab")
    expect(widget.question("topics")).to_have_attribute("aria-current", "true")
    widget.press("Tab", "Tab", "Tab", "Tab", "Tab")  # its buttons, and on to what follows the questions
    assert page.evaluate("!root.querySelector('[data-part=questions]').contains(root.activeElement)")
    expect(widget.question("topics")).to_have_attribute("aria-current", "true")


def test_a_suggestion_is_marked_not_chosen_and_taken_by_one_key(page: Page) -> None:
    says = {"label": {"value": "negative", "score": 0.934, "source": "minilm"}}
    widget = Widget(page, {"questions": [choice()]}, [item(1, suggestions=says), item(2)])
    expect(widget.question("label")).to_contain_text("negative · 93 % minilm")
    button = page.get_by_role("button", name="negative")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(button).to_contain_text("machine 93 %")
    expect(button).to_have_accessible_name("negative, key 2, machine 93 %")
    widget.press("a")
    widget.shows("r2")
    expect(widget.part("accept")).to_be_hidden()
    widget.press("a")  # nothing to take
    assert widget.answers() == [("r1", "submitted", {"label": "negative"})]


def test_suggestions_of_several_questions_fill_what_is_open_and_wait(page: Page) -> None:
    says = {
        "spam": {"value": "no", "score": 0.9, "source": "m"},
        "topics": {"value": ["room"], "score": 0.5, "source": "m"},
        "why": {"value": "scam", "score": 0.5, "source": "m"},
    }
    widget = Widget(page, {"questions": [SPAM, WHY, TOPICS]}, [item(1, suggestions=says), item(2)])
    widget.press("1")  # the person's own word stays
    widget.press("a")
    widget.shows("r1")
    widget.press("Enter")
    assert widget.answers() == [("r1", "submitted", {"spam": "yes", "why": "scam", "topics": ["room"]})]


def test_a_suggested_label_that_is_gone_is_not_offered(page: Page) -> None:
    says = {"label": {"value": "mixed", "score": 0.9, "source": "m"}}
    widget = Widget(page, {"questions": [choice()]}, [item(1, suggestions=says)])
    widget.shows("r1")
    expect(widget.part("accept")).to_be_hidden()
    widget.press("a")
    assert widget.events == []


def test_skip_with_a_reason_of_the_list_or_ones_own(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()], "skip_reasons": ["wrong language", "cut off"]}, items(4))
    widget.press("s", "Shift+S")
    expect(page.get_by_role("button", name="cut off")).to_be_visible()
    widget.press("2")
    widget.shows("r3")
    widget.press("Shift+S", "Escape")
    expect(widget.part("reasonRow")).to_be_hidden()
    widget.part("why").click()
    widget.part("reason").fill("1 too many readings")
    widget.press("Enter")
    widget.shows("r4")
    assert [(e["external"], e["state"], e["reason"], e["value"]) for e in widget.events] == [
        ("r1", "skipped", "", {}), ("r2", "skipped", "cut off", {}), ("r3", "skipped", "1 too many readings", {}),
    ]  # fmt: skip


def test_a_flag_and_a_comment_travel_with_the_answer(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(3))
    widget.press("f", "c")
    page.keyboard.type("1 odd one")
    widget.press("Enter")
    expect(widget.part("flagged")).to_be_visible()
    expect(widget.part("remark")).to_have_text("Comment: 1 odd one")
    widget.press("1", "2")
    assert [(e["flagged"], e["comment"]) for e in widget.events] == [(True, "1 odd one"), (False, "")]
    widget.press("ArrowLeft", "ArrowLeft", "f")  # an answer that stands is given again without its flag
    widget.shows("r1")
    last = widget.events[-1]
    assert (last["external"], last["state"], last["value"], last["flagged"], last["comment"]) == (
        "r1", "submitted", {"label": "positive"}, False, "1 odd one",
    )  # fmt: skip


def test_hostile_text_stays_text(page: Page) -> None:
    questions = [choice("label", [HOSTILE[:60], "b"], title=HOSTILE, help=HOSTILE)]
    fields = [{"name": "text", "title": HOSTILE, "show": "main"}, {"name": "turns", "title": "", "show": "context"}]
    record = item(
        1, fields={"text": HOSTILE, "turns": [{"role": HOSTILE, "content": HOSTILE}]}, meta={HOSTILE: HOSTILE}
    )
    widget = Widget(page, {"questions": questions, "fields": fields}, [record], empty=HOSTILE)
    widget.press("m")
    assert widget.part("fields").locator(".passage").evaluate("(part) => part.textContent") == HOSTILE
    expect(widget.part("metaList")).to_contain_text("<script>")
    widget.press("1")
    expect(widget.part("empty")).to_contain_text("<script>")
    assert page.locator("#host img, #host script").count() == 0
    assert page.title() == "widget"


def test_fields_lie_by_their_show_and_more_is_folded(page: Page) -> None:
    fields = [
        {"name": "passage", "title": "Passage", "show": "source"}, {"name": "text", "title": "Question", "show": "main"},
    ]  # fmt: skip
    record = item(1, fields={"passage": "a long passage", "text": "what?"}, meta={"author": "ann", "n": 3})
    widget = Widget(page, {"questions": [TOPICS], "fields": fields}, [record])
    card, answer = widget.part("card").bounding_box(), widget.part("questions").bounding_box()
    assert card is not None
    assert answer is not None
    assert card["x"] + card["width"] <= answer["x"]
    expect(widget.part("metaList")).to_be_hidden()
    widget.press("m")
    expect(widget.part("metaList")).to_contain_text("author")
    page.set_viewport_size({"width": 360, "height": 700})
    card, answer = widget.part("card").bounding_box(), widget.part("questions").bounding_box()
    assert card is not None
    assert answer is not None
    assert card["y"] + card["height"] <= answer["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= 360")


def test_a_preview_takes_the_keys_and_keeps_nothing(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, [item(1)], preview=True)
    expect(widget.part("preview")).to_be_visible()
    page.get_by_role("button", name="negative").click()
    expect(widget.part("last")).to_contain_text("negative")
    widget.shows("r1")
    widget.press("1")  # after a click the keys are the preview's
    expect(widget.part("last")).to_contain_text("positive")
    widget.give([item(1, "another text")], window=["1"], preview=True)
    expect(widget.part("fields")).to_contain_text("another text")
    assert widget.sent == []
    assert page.evaluate("localStorage.length") == 0


def test_the_next_text_is_there_when_the_key_has_been_handled(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(100))
    widget.shows("r1")
    took = page.evaluate(
        """() => {
          const fields = root.querySelector("[data-part=fields]"), took = [];
          for (let i = 0; i < 90; i++) {
            const before = fields.textContent, at = performance.now();
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true, composed: true }));
            if (fields.textContent === before) throw new Error("the text has not changed");
            took.push(performance.now() - at);
          }
          return took.sort((a, b) => a - b);
        }"""
    )
    print(f"\nkeydown handled: median {took[45]:.2f} ms, p95 {took[85]:.2f} ms")
    assert took[45] < 10
    assert len(widget.events) == 90


def test_a_list_of_candidates_is_ranked_by_keys(page: Page) -> None:
    """As the server says it: with every key of the question, the empty ones too."""
    ranking = {"kind": "ranking", "name": "order", "field": "list", "candidates": [], "required": True, "help": ""}
    widget = Widget(page, {"questions": [ranking]}, [item(1, fields={"text": "x", "list": ["a", "b", "c", "d"]})])
    expect(widget.question("order")).to_contain_text("From the best to the worst")
    widget.press("3", "1", "4", "Backspace", "2", "Enter")
    assert widget.answers() == [("r1", "submitted", {"order": ["3", "1", "2", "4"]})]


def test_a_suggested_text_stands_there_once_until_it_is_taken(page: Page) -> None:
    machine = {"value": "A summary.", "score": 0.5, "source": "model:7"}
    question = {"kind": "text", "name": "summary", "required": True}
    widget = Widget(page, {"questions": [question]}, [item(1, suggestions={"summary": machine})])
    expect(page.get_by_text("A summary.")).to_have_count(1)
    expect(widget.question("summary")).to_contain_text("50 % · model:7")
    widget.press("a")
    expect(page.locator(".writing-offer")).to_be_hidden()
    widget.press("Enter")
    assert widget.answers() == [("r1", "submitted", {"summary": "A summary."})]


def test_a_talk_with_the_call_of_a_tool_is_read_as_a_talk(page: Page) -> None:
    talk = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "content": "clear", "tool_call_id": "c1"},
        {"role": "assistant", "content": None},
    ]
    Widget(page, {"questions": [choice()]}, [item(1, fields={"text": talk})])
    turns = page.locator(".talk > .talk-turn")
    expect(turns).to_have_count(4)
    expect(turns.nth(0)).to_have_text("UserWeather?")
    expect(turns.nth(1).locator("pre")).to_contain_text('"name": "weather"')
    expect(turns.nth(1).locator("p")).to_have_count(0)
    expect(turns.nth(2).locator("p")).to_have_text("clear")
