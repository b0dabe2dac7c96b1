"""Spans: marking, relabelling, moving, deleting, suggestions, and saying that there is nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, item
from tests.widget.marking import drag, marks, point, span, spans

TEXT = "Anna Smith met Bob in Paris, 北京 and Rome."


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def opened(
    page: Page, *given: dict[str, object], suggested: list[dict[str, object]] | None = None, **question: object
) -> Widget:
    more = {"suggestions": {"marks": {"value": suggested, "score": 0.9, "source": "m"}}} if suggested else {}
    if given:
        more["draft"] = {"marks": list(given)}
    return Widget(page, {"questions": [spans("PER", "LOC", "ORG", **question)]}, [item(1, TEXT, **more), item(2)])


def test_a_label_in_hand_marks_what_is_dragged_or_double_clicked(page: Page) -> None:
    widget = opened(page)
    widget.press("2")
    expect(page.locator("button.label", has_text="LOC")).to_have_attribute("aria-pressed", "true")
    drag(widget, TEXT.index("Paris"), TEXT.index("Paris") + 5)
    page.mouse.dblclick(*point(widget, TEXT.index("Rome") + 1))
    assert marks(widget) == [span(TEXT, "Paris", "LOC"), span(TEXT, "Rome", "LOC")]
    widget.press("Escape", "Escape")
    drag(widget, 0, 4)
    assert len(marks(widget)) == 2
    page.locator("button.label", has_text="PER").click()
    assert marks(widget)[0] == span(TEXT, "Anna", "PER")


def test_marks_nest_and_stay_sorted(page: Page) -> None:
    widget = opened(page)
    for surface, key in (("Bob", "1"), ("Anna Smith", "1"), ("Smith met Bob", "3"), ("Anna", "2"), ("Anna Smith", "3")):
        drag(widget, TEXT.index(surface), TEXT.index(surface) + len(surface))
        widget.press(key)
    assert marks(widget) == [
        span(TEXT, "Anna", "LOC"), span(TEXT, "Anna Smith", "ORG"), span(TEXT, "Anna Smith", "PER"),
        span(TEXT, "Smith met Bob", "ORG"), span(TEXT, "Bob", "PER"),
    ]  # fmt: skip
    assert page.evaluate("root.querySelector('.ink').textContent") == TEXT
    lines = page.evaluate(
        "[...root.querySelectorAll('.mark')].map((part) => part.style.backgroundSize.split('3px').length - 1)"
    )
    assert lines == [3, 2, 3, 1, 2]  # "Anna", " ", "Smith", " met ", "Bob": a line for each mark over it
    widget.press("Enter")
    assert widget.answers()[-1][1] == "submitted"


def test_a_picked_mark_is_relabelled_moved_and_deleted(page: Page) -> None:
    widget = opened(page, span(TEXT, "Anna", "PER"))
    page.mouse.click(*point(widget, 1))
    expect(page.locator(".handle")).to_have_count(2)
    widget.press("2")
    assert marks(widget) == [span(TEXT, "Anna", "LOC")]
    widget.press("Shift+ArrowRight", "Shift+ArrowRight")
    assert marks(widget) == [span(TEXT, "Anna Smith met", "LOC")]
    widget.press("Shift+ArrowLeft", "Alt+ArrowRight")
    assert marks(widget) == [span(TEXT, "Smith", "LOC")]
    widget.press("Delete")
    assert marks(widget) is None
    widget.press("u")
    assert marks(widget) == [span(TEXT, "Smith", "LOC")]


def test_an_edge_is_dragged_by_its_handle(page: Page) -> None:
    widget = opened(page, span(TEXT, "Bob", "PER"))
    page.mouse.click(*point(widget, TEXT.index("Bob") + 1))
    handle = page.locator(".handle[data-edge=end]").bounding_box()
    assert handle
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(*point(widget, TEXT.index("Paris") + 2), steps=4)
    page.mouse.up()
    assert marks(widget) == [span(TEXT, "Bob in Paris", "PER")]


def test_clicks_and_keys_cycle_through_marks_at_one_place(page: Page) -> None:
    widget = opened(page, span(TEXT, "Anna", "LOC"), span(TEXT, "Anna Smith", "PER"))
    where = point(widget, 1)
    page.mouse.click(*where)
    page.wait_for_timeout(600)
    page.mouse.click(*where)
    widget.press("3")
    assert marks(widget) == [span(TEXT, "Anna", "LOC"), span(TEXT, "Anna Smith", "ORG")]
    widget.press("Escape", "n", "Backspace")
    assert len(marks(widget)) == 1
    widget.press("n", "Delete")
    assert marks(widget) is None


def test_nothing_is_said_by_one_key_and_only_on_purpose(page: Page) -> None:
    widget = opened(page)
    widget.press("Enter")
    assert widget.answers() == []
    widget.press("x")
    assert marks(widget) == []
    expect(page.locator("button", has_text="Nothing to mark")).to_have_attribute("aria-pressed", "true")
    widget.press("Enter")
    assert widget.answers() == [("r1", "submitted", {"marks": []})]
    widget.shows("r2")


def test_nothing_is_refused_beside_marks_and_deleting_the_last_says_nothing(page: Page) -> None:
    widget = opened(page, span(TEXT, "Bob", "PER"))
    widget.press("x")
    expect(widget.part("notices")).to_contain_text("Delete them before")
    assert marks(widget) in (None, [span(TEXT, "Bob", "PER")])  # None: untouched, so no draft is kept
    page.locator(".mark-list .drop").click()
    widget.press("Enter")
    assert widget.answers() == []


def test_overlap_is_refused_with_a_sentence_where_it_is_forbidden(page: Page) -> None:
    widget = opened(page, overlap=False)
    drag(widget, 0, 10)
    widget.press("1")
    drag(widget, 5, 14)
    widget.press("2")
    expect(widget.part("notices")).to_contain_text("Marks must not overlap")
    assert marks(widget) == [span(TEXT, "Anna Smith", "PER")]
    drag(widget, 0, 10)
    widget.press("2")
    assert marks(widget) == [span(TEXT, "Anna Smith", "LOC")]


def test_suggestions_are_dotted_and_taken_one_by_one_or_all(page: Page) -> None:
    suggested = [span(TEXT, "Anna Smith", "PER"), span(TEXT, "Bob", "PER"), span(TEXT, "Paris", "LOC")]
    widget = opened(page, suggested=suggested)
    expect(page.locator(".tag.dotted")).to_have_count(3)
    assert marks(widget) is None
    page.mouse.click(*point(widget, TEXT.index("Bob") + 1))
    assert marks(widget) == [suggested[1]]
    widget.press("n", "Enter")
    assert marks(widget) == suggested[:2]
    page.locator(".mark-list .go .dotted").click()
    assert marks(widget) == suggested
    expect(page.locator(".tag.dotted")).to_have_count(0)


def test_a_suggestion_is_turned_down_and_the_rest_is_accepted_by_a(page: Page) -> None:
    suggested = [span(TEXT, "Anna Smith", "PER"), span(TEXT, "Bob", "PER")]
    widget = opened(page, suggested=suggested)
    page.locator(".mark-list .drop").first.click()
    expect(page.locator(".tag.dotted")).to_have_count(1)
    widget.press("a", "Enter")
    assert widget.answers()[-1][2] == {"marks": suggested}


def test_broken_suggestions_are_not_drawn(page: Page) -> None:
    bad = [
        {"start": -1, "end": 3, "label": "PER"},
        {"start": 3, "end": 900, "label": "PER"},
        {"start": "0", "end": 2, "label": "PER"},
    ]
    opened(page, suggested=[*bad, {"start": 5, "end": 5, "label": "PER", "text": ""}, span(TEXT, "Bob", "PER")])
    expect(page.locator(".tag.dotted")).to_have_count(1)


def test_many_labels_are_searched(page: Page) -> None:
    labels = [f"label {n}" for n in range(60)]
    widget = Widget(page, {"questions": [spans(*labels)]}, [item(1, TEXT)])
    drag(widget, 0, 4)
    widget.press("/")
    page.keyboard.type("label 57")
    expect(page.locator(".marking button.label:visible")).to_have_count(1)
    widget.press("Enter")
    assert marks(widget) == [span(TEXT, "Anna", "label 57")]


def test_many_marks_are_listed_shortly_until_all_are_asked_for(page: Page) -> None:
    text = " ".join(f"w{n}" for n in range(120))
    given = [span(text, f"w{n} ", "PER") for n in range(119)]
    given = [{**one, "end": one["end"] - 1, "text": one["text"][:-1]} for one in given]
    Widget(page, {"questions": [spans()]}, [item(1, text, draft={"marks": given})])
    expect(page.locator(".mark-list li")).to_have_count(30)
    page.get_by_role("button", name="Show all 119").click()
    expect(page.locator(".mark-list li")).to_have_count(119)


def test_what_was_done_is_announced(page: Page) -> None:
    widget = opened(page)
    drag(widget, 5, 10)
    widget.press("1")
    expect(widget.part("announce")).to_have_text("Marked “Smith” as PER, characters 6 to 10")
    row = page.locator(".mark-list .go")
    assert row.get_attribute("aria-label") == "PER: Smith, characters 6 to 10"
    row.focus()
    widget.press("Enter")
    expect(row).to_have_attribute("aria-current", "true")


def test_another_record_starts_clean(page: Page) -> None:
    widget = opened(page)
    drag(widget, 0, 4)
    widget.press("1", "Enter")
    widget.shows("r2")
    expect(page.locator(".mark")).to_have_count(0)
    expect(page.locator(".chosen")).to_have_count(0)


def test_the_words_are_there_in_chinese(page: Page) -> None:
    widget = Widget(page, {"questions": [spans()]}, [item(1, TEXT)], language="zh")
    widget.press("x")
    expect(page.locator("button", has_text="没有可标的内容")).to_have_attribute("aria-pressed", "true")
