"""A text that is changed on the server while its record is here: what was begun goes over to the new text, or is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, choice, item, items, keys
from tests.widget.marking import drag, marks, span, spans

OLD = "  Anna 👩‍👩‍👧‍👦 met Bob in  Paris, then Bob left"
NEW = "Anna 👩‍👩‍👧‍👦 met Bob in Paris, then Bob left"
RELATED = [spans(), {"kind": "relations", "name": "rel", "spans": "marks", "labels": ["lives in", "knows"]}]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def news(key: str, text: str) -> dict[str, Any]:
    return {"key": key, "external": f"r{key}", "fields": {"text": text}, "meta": {}}


def test_marks_go_where_their_text_went_and_relations_with_them(page: Page) -> None:
    given = {
        "marks": [span(OLD, "Anna", "PER"), span(OLD, "Bob in  Paris", "LOC"), span(OLD, "Paris", "LOC")],
        "rel": [{"from": 0, "to": 1, "label": "knows"}, {"from": 0, "to": 2, "label": "lives in"}],
    }
    widget = Widget(page, {"questions": RELATED}, [item(1, OLD, draft=given), item(2)])
    widget.give(window=keys(2), changed=[news("1", NEW)], edition="2")
    expect(widget.part("notices")).to_contain_text("1 of your marks have no place")
    assert page.evaluate("root.querySelector('.ink').textContent") == NEW
    assert marks(widget) == [span(NEW, "Anna", "PER"), span(NEW, "Paris", "LOC")]
    assert marks(widget, "rel") == [{"from": 0, "to": 1, "label": "lives in"}]
    expect(widget.question("rel").locator(".mark-list").first.locator("li")).to_have_count(1)
    drag(widget, NEW.index("left"), len(NEW))
    widget.press("2", "Enter")
    assert widget.answers()[-1][2] == {
        "marks": [span(NEW, "Anna", "PER"), span(NEW, "Paris", "LOC"), span(NEW, "left", "LOC")],
        "rel": [{"from": 0, "to": 1, "label": "lives in"}],
    }


def test_a_mark_whose_text_stands_twice_is_taken_out_but_at_its_old_place(page: Page) -> None:
    given = {"marks": [span(OLD, "Bob", "PER"), span(OLD, "Bob", "PER", 1)]}
    widget = Widget(page, {"questions": [spans()]}, [item(1, OLD, draft=given)])
    widget.give(window=["1"], changed=[news("1", OLD.replace("left", "stayed"))], edition="2")
    assert marks(widget) == given["marks"]
    widget.give(window=["1"], changed=[news("1", NEW)], edition="3")
    expect(widget.part("notices")).to_contain_text("2 of your marks")
    assert marks(widget) is None
    widget.press("Enter")
    assert widget.answers() == []


def test_what_is_written_and_chosen_stays(page: Page) -> None:
    questions = [choice(), {"kind": "text", "name": "why"}]
    widget = Widget(page, {"questions": questions}, [item(1, OLD), item(2)])
    widget.press("2", "w")
    page.keyboard.type("because")
    widget.give(window=keys(2), changed=[news("1", NEW), news("2", "other")], edition="2")
    expect(widget.part("notices")).to_contain_text("What you began is kept")
    page.keyboard.type(" of it")
    widget.press("Control+Enter")
    assert widget.answers()[-1][2] == {"label": "negative", "why": "because of it"}
    assert page.evaluate("root.querySelector('.ink').textContent") == "other"


def test_a_text_to_be_corrected_starts_from_the_new_one_while_it_is_not_begun(page: Page) -> None:
    widget = Widget(page, {"questions": [{"kind": "text", "name": "clean", "field": "text"}]}, [item(1, OLD)])
    widget.give(window=["1"], changed=[news("1", NEW)], edition="2")
    widget.press("y", "Enter")
    assert widget.answers() == [("r1", "submitted", {"clean": NEW})]


def test_the_edition_is_told_to_the_server_and_the_same_texts_are_no_news(page: Page) -> None:
    widget = Widget(page, {"questions": [choice()]}, items(2), edition="1")
    widget.give(window=keys(2), changed=[news("1", "text number 1")], edition="2")
    expect(widget.part("notices")).to_be_empty()
    widget.press("1")
    assert [message["edition"] for message in widget.sent][-1] == "2"


def test_a_talk_that_is_not_begun_reads_as_it_reads_now(page: Page) -> None:
    chat = {"kind": "chat", "name": "chat", "field": "messages", "edit": True, "write": "", "rate": 0}
    fields = [{"name": "messages", "title": "", "show": "main"}]
    old, new = ({"messages": [{"role": "user", "content": words}]} for words in ("Hi  there", "Hi there"))
    widget = Widget(page, {"questions": [chat], "fields": fields}, [item(1, fields=old)])
    widget.give(window=["1"], changed=[{**news("1", ""), "fields": new}], edition="2")
    expect(page.locator(".turn-body")).to_have_text("Hi there")
    widget.press("y", "Enter")
    assert widget.answers() == [("r1", "submitted", {"chat": new["messages"]})]


def test_what_a_machine_marked_goes_where_its_text_went_or_is_not_offered(page: Page) -> None:
    says = [
        {"start": start, "end": end, "label": "PER"}
        for start, end in ((2, 6), (OLD.index("Bob"), OLD.index("Bob") + 3))
    ]
    suggestions = {"marks": {"value": says, "score": 0.9, "source": "model"}}
    widget = Widget(page, {"questions": [spans()]}, [item(1, OLD, suggestions=suggestions)])
    expect(page.locator(".mark-list li")).to_have_count(2)
    widget.give(window=["1"], changed=[news("1", NEW)], edition="2")
    expect(page.locator(".mark-list li")).to_have_count(1)
    widget.press("a", "Enter")
    assert widget.answers()[-1][2] == {"marks": [span(NEW, "Anna", "PER")]}


def test_a_machines_mark_that_does_not_read_as_it_says_is_not_offered(page: Page) -> None:
    marks = [span(NEW, "Anna", "PER"), {**span(NEW, "Paris", "LOC"), "text": "London"}]
    widget = Widget(
        page, {"questions": [spans()]}, [item(1, NEW, suggestions={"marks": {"value": marks, "score": 0.9}})]
    )
    expect(page.locator(".mark-list li")).to_have_count(1)
    widget.press("a", "Enter")
    assert widget.answers()[-1][2] == {"marks": [span(NEW, "Anna", "PER")]}


def test_an_answer_whose_text_changed_is_looked_at_in_the_new_text(page: Page) -> None:
    given = {"marks": [span(OLD, "Anna", "PER"), span(OLD, "Bob in  Paris", "LOC")]}
    widget = Widget(page, {"questions": [spans()]}, [item(1, OLD, draft=given), item(2), item(3)])
    widget.press("Enter")
    last = widget.sent[-1]
    acks = [{"event_id": last["events"][-1]["event_id"], "ok": True, "conflict": "text", "reason": "", "again": False}]
    changed = [{**news("1", NEW), "id": 1}]
    widget.give(window=["2", "3"], acks=acks, turn=last["turn"], changed=changed, edition="2")
    widget.part("notices").get_by_role("button").first.click()
    widget.shows("r1")
    assert page.evaluate("root.querySelector('.ink').textContent") == NEW
    expect(page.locator(".mark-list li")).to_have_count(1)
    drag(widget, NEW.index("left"), len(NEW))
    widget.press("2", "Enter")
    assert widget.answers()[-1][2] == {"marks": [span(NEW, "Anna", "PER"), span(NEW, "left", "LOC")]}


def test_undo_of_an_answer_whose_text_changed_leads_to_the_new_text(page: Page) -> None:
    given = {"marks": [span(OLD, "Anna", "PER")]}
    widget = Widget(page, {"questions": [spans()]}, [item(1, OLD, draft=given), item(2)])
    widget.press("Enter")
    widget.give(window=["2"], changed=[{**news("1", NEW), "id": 1}], edition="2")
    widget.press("u")
    widget.shows("r1")
    assert page.evaluate("root.querySelector('.ink').textContent") == NEW
    assert marks(widget) == [span(NEW, "Anna", "PER")]


def test_an_answer_of_an_earlier_page_shows_its_marks_where_they_lie_now(page: Page) -> None:
    answer = {"state": "submitted", "value": {"marks": [span(OLD, "Anna", "PER")]}, "comment": "", "reason": ""}
    widget = Widget(page, {"questions": [spans()]}, [])
    widget.open()
    widget.give([item(2)], recent=[{**item(1, NEW), "answer": answer}])
    widget.press("ArrowLeft")
    widget.shows("r1")
    widget.press("f")
    assert widget.answers()[-1][2] == {"marks": [span(NEW, "Anna", "PER")]}


def test_relations_of_a_machine_join_the_marks_that_still_fit(page: Page) -> None:
    says = [{**span(NEW, "Anna", "PER"), "text": "Ann"}, span(NEW, "Bob", "PER"), span(NEW, "Paris", "LOC")]
    related = [{"from": 0, "to": 2, "label": "lives in"}, {"from": 1, "to": 2, "label": "lives in"}]
    suggestions = {"marks": {"value": says, "score": 0.9}, "rel": {"value": related, "score": 0.9}}
    widget = Widget(page, {"questions": RELATED}, [item(1, NEW, suggestions=suggestions), item(2)])
    widget.press("a")
    assert marks(widget) == [span(NEW, "Bob", "PER"), span(NEW, "Paris", "LOC")]
    assert marks(widget, "rel") == [{"from": 0, "to": 1, "label": "lives in"}]
