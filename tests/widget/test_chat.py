"""Conversations: corrected, continued, marked; what nobody touched stays as the file had it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from pipeline.questions import Chat
from tests.widget.bare import bare, compose, mount, value

TALK = [
    {"role": "system", "content": "You help.\r\nBe brief."},
    {"role": "user", "content": "天气怎么样？ <b>now</b> 👩‍👩‍👧‍👦", "id": 7},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": "{}"}}]},
    {"role": "tool", "content": '{"sky": "clear"}', "tool_call_id": "c1", "name": "weather"},
    {"role": "assistant", "content": "It is clear.", "extra": {"deep": [1, None, "é"]}},
]  # fmt: skip
QUESTION = {"kind": "chat", "name": "chat", "title": "", "field": "messages", "edit": False, "write": "", "rate": 0}
EDIT, WRITE, RATE = {**QUESTION, "edit": True}, {**QUESTION, "write": "assistant"}, {**QUESTION, "rate": 5}
PLAIN = {"name": "chat", "field": "messages"}


def item(messages: Any = TALK, key: str = "1") -> dict[str, Any]:
    return {"key": key, "id": 1, "external": "r1", "fields": {"messages": messages}, "meta": {}}


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return bare(open_page())


def turns(page: Page) -> Locator:
    return page.locator(".turns > .turn")


def act(page: Page, name: str) -> bool:
    return bool(page.evaluate("name => bare.module.act(name)", name))


def current(page: Page) -> str | None:
    return page.locator(".turn[aria-current]").get_attribute("aria-label")


def allowed(question: dict[str, Any], answer: Any, given: Any = None) -> None:
    """The workbench takes this answer."""
    knobs = {key: question[key] for key in ("edit", "write", "rate")}
    Chat(**PLAIN, **knobs).check(answer, {"messages": TALK if given is None else given})


def test_turns_name_their_role_and_show_all_that_they_hold(page: Page) -> None:
    mount(page, "ChatQuestion", QUESTION, item())
    assert turns(page).evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))") == [
        "System, turn 1 of 5", "User, turn 2 of 5", "Assistant, turn 3 of 5", "Tool, turn 4 of 5", "Assistant, turn 5 of 5",
    ]  # fmt: skip
    expect(turns(page).nth(1).locator(".turn-body")).to_have_text(TALK[1]["content"])
    assert turns(page).locator("b").count() == 0
    expect(turns(page).nth(2).locator("pre")).to_contain_text('"name": "weather"')
    expect(turns(page).nth(3).locator(".mono")).to_have_text('{"sky": "clear"}')
    assert value(page) is None


def test_the_answer_is_written_at_the_end(page: Page) -> None:
    mount(page, "ChatQuestion", WRITE, item(TALK[:2]))
    assert page.evaluate("bare.module.lacks()") == "Write the answer at the end of the conversation."
    assert act(page, "write")
    box = page.get_by_role("textbox", name="Assistant, turn 3 of 3")
    expect(box).to_be_focused()
    page.keyboard.press("Control+Enter")
    assert page.evaluate("[bare.submits, bare.notices.length]") == [0, 1]
    compose(page, ["qing", "qing'lang"], "晴朗。")
    page.keyboard.press("Enter")
    page.keyboard.type("Bring 🕶️")
    assert value(page) == [*TALK[:2], {"role": "assistant", "content": "晴朗。\nBring 🕶️"}]
    allowed(WRITE, value(page), TALK[:2])
    page.keyboard.press("Control+Enter")
    assert page.evaluate("bare.submits") == 1
    page.evaluate("bare.next({key: '2', fields: {messages: [{role: 'user', content: 'next'}]}})")
    assert page.get_by_role("textbox").input_value() == ""


def test_a_composition_never_submits(page: Page) -> None:
    mount(page, "ChatQuestion", WRITE, item(TALK[:2]))
    act(page, "write")
    page.keyboard.type("x")
    page.evaluate(
        """() => {
          const enter = { key: "Enter", ctrlKey: true, bubbles: true, composed: true };
          const area = document.querySelector("textarea");
          area.dispatchEvent(new KeyboardEvent("keydown", { ...enter, isComposing: true }));
          area.dispatchEvent(new KeyboardEvent("keydown", { ...enter, keyCode: 229 }));
        }"""
    )
    assert page.evaluate("bare.submits") == 0


def test_a_draft_comes_back_where_it_was_written(page: Page) -> None:
    draft = [*TALK[:2], {"role": "assistant", "content": "half"}]
    mount(page, "ChatQuestion", WRITE, item(TALK[:2]))
    page.evaluate("([item, draft]) => bare.next(item, draft)", [item(TALK[:2], "2"), draft])
    assert turns(page).count() == 3
    act(page, "write")
    page.keyboard.press("End")
    page.keyboard.type(" done")
    assert value(page) == [*TALK[:2], {"role": "assistant", "content": "half done"}]
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    assert value(page) is None


def test_only_what_was_edited_changes(page: Page) -> None:
    mount(page, "ChatQuestion", EDIT, item())
    page.evaluate("bare.module.act('after'); bare.module.act('after')")
    assert current(page) == "Assistant, turn 3 of 5"
    assert act(page, "edit") is False  # a call of a tool is no text
    page.evaluate("bare.module.act('after'); bare.module.act('after')")
    assert act(page, "edit")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Enjoy.")
    assert value(page) == [*TALK[:4], {**TALK[4], "content": "It is clear. Enjoy."}]
    allowed(EDIT, value(page))
    for _ in " Enjoy.":
        page.keyboard.press("Backspace")
    assert value(page) is None
    page.keyboard.press("Escape")
    expect(page.get_by_role("textbox")).to_have_count(0)


def test_line_ends_stay(page: Page) -> None:
    mount(page, "ChatQuestion", EDIT, item())
    act(page, "edit")
    expect(page.get_by_role("textbox")).to_have_value("You help.\nBe brief.")
    page.keyboard.press("Control+End")
    page.keyboard.type("x")
    assert value(page)[0]["content"] == "You help.\r\nBe brief.x"
    page.keyboard.press("Backspace")
    assert value(page) is None


def test_turns_are_added_moved_and_removed(page: Page) -> None:
    mount(page, "ChatQuestion", EDIT, item(TALK[:2]))
    page.evaluate("bare.module.act('after')")
    act(page, "add")
    assert page.evaluate("bare.module.lacks()").startswith("A turn has no text.")
    page.keyboard.type("Sunny.")
    sunny = {"role": "assistant", "content": "Sunny."}
    assert value(page) == [*TALK[:2], sunny]
    page.get_by_role("combobox", name="Role of the turn").select_option("tool")
    assert value(page)[2]["role"] == "tool"
    page.get_by_role("combobox", name="Role of the turn").select_option("assistant")
    assert act(page, "up")
    assert value(page) == [TALK[0], sunny, TALK[1]]
    assert turns(page).evaluate_all("all => all.map((one) => one.dataset.role)") == ["system", "assistant", "user"]
    assert act(page, "down")
    assert act(page, "down") is False
    page.evaluate("bare.module.act('before')")
    page.get_by_role("button", name="Remove this turn").click()
    assert value(page) == [TALK[0], sunny]
    allowed(EDIT, value(page), TALK[:2])
    act(page, "remove")
    assert act(page, "remove") is False  # one turn is left
    page.get_by_role("button", name="Start again").click()
    assert value(page) is None
    assert turns(page).count() == 2


def test_nothing_is_changed_where_nothing_may_be(page: Page) -> None:
    mount(page, "ChatQuestion", WRITE, item(TALK[:2]))
    page.evaluate("bare.module.act('before')")
    assert [act(page, name) for name in ("edit", "add", "remove", "up", "down", "keep", "mark:1", "no such")] == [
        False
    ] * 8
    page.locator(".turn").first.dblclick()
    expect(page.get_by_role("textbox")).to_have_count(1)
    assert value(page) is None


def test_marks_by_digit_for_the_current_turn(page: Page) -> None:
    mount(page, "ChatQuestion", RATE, item())
    assert [action["keys"] for action in page.evaluate("bare.module.actions()")][:5] == [
        ["1"],
        ["2"],
        ["3"],
        ["4"],
        ["5"],
    ]
    assert current(page) == "Assistant, turn 3 of 5"
    act(page, "mark:4")
    page.evaluate("bare.module.act('after'); bare.module.act('after')")
    act(page, "mark:1")
    act(page, "mark:2")
    assert value(page) == [*TALK[:2], {**TALK[2], "rating": 4}, TALK[3], {**TALK[4], "rating": 2}]
    allowed(RATE, value(page))
    pressed = turns(page).nth(4).get_by_role("button", pressed=True)
    expect(pressed).to_have_attribute("aria-label", "Mark 2 of 5")
    act(page, "mark:2")
    turns(page).nth(2).get_by_role("button", name="Mark 4 of 5").click()
    assert value(page) is None
    page.evaluate("bare.module.act('before')")
    assert act(page, "mark:3") is False  # what a tool said has no mark


def test_arrows_walk_through_the_turns_and_not_in_a_text(page: Page) -> None:
    mount(page, "ChatQuestion", EDIT, item())
    page.evaluate("addEventListener('keydown', (event) => bare.module.key(event) && event.preventDefault())")
    page.locator("#other").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert current(page) == "User, turn 2 of 5"
    assert page.evaluate("bare.announced.at(-1)") == "User, turn 2 of 5"
    act(page, "edit")
    page.keyboard.press("ArrowDown")
    assert current(page) == "User, turn 2 of 5"


def test_right_as_it_is_must_be_said(page: Page) -> None:
    mount(page, "ChatQuestion", EDIT, item())
    assert [one["keys"] for one in page.evaluate("bare.module.actions()") if one["id"] == "keep"] == [["y"]]
    page.get_by_role("button", name="It is right as it is").click()
    assert value(page) == TALK
    allowed(EDIT, value(page))
    expect(page.get_by_text("You said that it is right as it is.")).to_be_visible()
    for question in (WRITE, RATE):
        mount(page, "ChatQuestion", question, item())
        assert act(page, "keep") is False
        expect(page.get_by_role("button", name="It is right as it is")).to_be_hidden()


@pytest.mark.parametrize("messages", [None, [], "", 7, [1, None, "x", {}]])
def test_no_conversation_at_all(page: Page, messages: Any) -> None:
    mount(page, "ChatQuestion", EDIT, item(messages))
    expect(page.get_by_text("This record holds no conversation.")).to_be_visible()
    assert [act(page, name) for name in ("keep", "edit", "add", "remove", "before", "mark:1")] == [False] * 6
    mount(page, "ChatQuestion", WRITE, item(messages))
    act(page, "write")
    page.keyboard.type("hello")
    assert value(page) == [{"role": "assistant", "content": "hello"}]
    page.evaluate("bare.next(null)")
    assert turns(page).count() == 0


def test_a_plain_text_is_what_the_user_said(page: Page) -> None:
    mount(page, "ChatQuestion", WRITE, item("Name three birds."))
    act(page, "write")
    page.keyboard.type("Owl")
    assert value(page) == [{"role": "user", "content": "Name three birds."}, {"role": "assistant", "content": "Owl"}]


def test_undo_from_outside_is_drawn(page: Page) -> None:
    mount(page, "ChatQuestion", RATE, item())
    act(page, "mark:4")
    page.evaluate("bare.value = undefined; bare.show()")
    expect(turns(page).get_by_role("button", pressed=True)).to_have_count(0)
    assert current(page) == "Assistant, turn 3 of 5"


def test_two_hundred_turns_stay_quick(page: Page) -> None:
    talk = [{"role": ("user", "assistant")[n % 2], "content": f"{n} " + "word " * 50} for n in range(200)]
    mount(page, "ChatQuestion", {**EDIT, "rate": 5}, item(talk))
    took = page.evaluate(
        """async () => {
          const acts = { step: "after", mark: "mark:3", move: "up", add: "add", remove: "remove", typed: null };
          const took = {};
          for (const [name, id] of Object.entries(acts)) {
            const all = [];
            for (let n = 0; n < 16; n++) {
              if (id === null && n === 0) bare.module.act("edit");
              const at = performance.now();
              if (id) bare.module.act(id);
              else document.execCommand("insertText", false, "x");
              document.body.offsetHeight;
              all.push(performance.now() - at);
            }
            took[name] = Math.round(all.sort((a, b) => a - b)[8] * 10) / 10;
          }
          return took;
        }"""
    )
    print(f"\n200 turns, 50,000 characters, ms: {took}")
    assert max(took.values()) < 150, took  # the goal is 50; a test machine under load gets room
    assert len(value(page)) == 200


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_a_narrow_screen(open_page: Callable[..., Page], language: str) -> None:
    page = bare(open_page(360, 700), language)
    talk = [*TALK, {"role": "w" * 80, "content": "v" * 300, "blob": "u" * 300}]
    mount(page, "ChatQuestion", {**EDIT, "rate": 10, "write": "assistant"}, item(talk))
    page.evaluate("bare.module.act('before')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
