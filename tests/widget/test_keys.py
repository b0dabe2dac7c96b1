"""Keys: no two actions share one, a person's own come first, and a key is a key on every keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.widget.bare import bare

TOOLS = [
    {"id": "tool/submit", "title": "Submit", "keys": ["Enter"], "group": "tools"},
    {"id": "tool/undo", "title": "Undo", "keys": ["u", "Backspace"], "group": "tools"},
    {"id": "tool/skip", "title": "Skip", "keys": ["s", "0"], "group": "tools"},
    {"id": "tool/keys", "title": "Keys", "keys": ["?"], "group": "tools"},
    {"id": "tool/next", "title": "Next question", "keys": ["Tab"], "group": "tools"},
]


def labels(n: int, scope: str = "label") -> list[dict[str, Any]]:
    return [{"id": f"{scope}/{i}", "title": f"Label {i}", "group": "Labels", "scope": scope} for i in range(1, n + 1)]


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    page = bare(open_page())
    page.evaluate(
        """() => {
          window.map = new KeyMap(localStorage, "box");
          window.assign = (actions) => Object.fromEntries(map.assign(actions));
          window.press = (event, scope = "") => map.actionOf(new KeyboardEvent("keydown", event), scope) ?? null;
        }"""
    )
    return page


def assign(page: Page, actions: list[dict[str, Any]]) -> dict[str, str]:
    return page.evaluate("actions => assign(actions)", actions)


def press(page: Page, scope: str = "label", **event: Any) -> str | None:
    return page.evaluate("([event, scope]) => press(event, scope)", [event, scope])


def test_the_left_hand_first_and_the_tools_keep_theirs(page: Page) -> None:
    keys = assign(page, [*labels(40), *TOOLS])
    given = [keys[f"label/{i}"] for i in range(1, 41) if f"label/{i}" in keys]
    assert "".join(given) == "12345qwetdgzxvb6789yiophjklnm"
    assert keys["tool/skip"] == "s"
    assert not set(given) & set("ursfca0")


def test_two_thousand_labels_are_dealt_out_at_once(page: Page) -> None:
    took = page.evaluate("actions => { const at = performance.now(); assign(actions); return performance.now() - at; }",
                         [*TOOLS, *labels(2000)])  # fmt: skip
    print(f"\n2,000 labels: {took:.0f} ms")
    assert took < 300


def test_preferred_keys_and_their_clashes(page: Page) -> None:
    wanted = [
        {"id": "a", "title": "A", "keys": ["p", "q"]},
        {"id": "b", "title": "B", "keys": ["p", "q"]},
        {"id": "c", "title": "C", "keys": ["s", "u"]},  # for the tools alone
        {"id": "d", "title": "D", "keys": None},
    ]
    assert assign(page, [*wanted, *TOOLS[:3]]) == {
        "a": "p", "b": "q", "c": "1", "tool/submit": "Enter", "tool/undo": "u", "tool/skip": "s",
    }  # fmt: skip
    assert press(page, key="d") is None


def test_two_questions_may_use_the_same_keys_each_in_its_turn(page: Page) -> None:
    keys = assign(page, [*TOOLS, *labels(2, "one"), *labels(2, "two")])
    assert (keys["one/1"], keys["two/1"]) == ("1", "1")
    assert press(page, "one", key="1") == "one/1"
    assert press(page, "two", key="1") == "two/1"
    assert press(page, "", key="1") is None
    assert press(page, "two", key="s") == "tool/skip"


def test_a_tool_answers_to_all_its_keys_until_somebody_else_has_them(page: Page) -> None:
    assign(page, [*TOOLS, *labels(2)])
    assert [press(page, key="0"), press(page, key="Backspace")] == ["tool/skip", "tool/undo"]
    assert page.evaluate("map.change('label/1', '0').id") == "tool/skip"
    page.evaluate("map.exchange('label/1', 'tool/skip', '0')")
    assert press(page, key="0") == "label/1"
    assert press(page, key="s") == "tool/skip"


def test_a_change_moves_no_other_key_and_lasts(page: Page) -> None:
    before = assign(page, [*TOOLS, *labels(5)])
    assert page.evaluate("map.change('label/2', '8')") is None
    after = page.evaluate("Object.fromEntries(map.shown)")
    assert {**before, "label/2": "8"} == after
    page.evaluate("map = new KeyMap(localStorage, 'box')")
    assert assign(page, [*TOOLS, *labels(5)]) == after
    page.evaluate("map = new KeyMap(localStorage, 'another box')")
    assert assign(page, [*TOOLS, *labels(5)]) == before
    page.evaluate("() => { map = new KeyMap(localStorage, 'box'); }")
    assign(page, [*TOOLS, *labels(5)])
    page.evaluate("map.reset()")
    assert page.evaluate("Object.fromEntries(map.shown)") == before
    assert page.evaluate("localStorage.getItem('box.keys')") is None


def test_a_clash_is_named_and_changes_nothing(page: Page) -> None:
    before = assign(page, [*TOOLS, *labels(3)])
    assert page.evaluate("map.change('label/1', 's').title") == "Skip"
    assert page.evaluate("map.change('label/1', '2').title") == "Label 2"
    assert page.evaluate("Object.fromEntries(map.shown)") == before
    page.evaluate("map.exchange('label/1', 'label/2', '2')")
    now = page.evaluate("Object.fromEntries(map.shown)")
    assert (now["label/1"], now["label/2"], now["label/3"]) == ("2", "1", "3")


@pytest.mark.parametrize(
    "key", ["Tab", "Shift+Tab", "Escape", "F5", "Ctrl+c", "Ctrl+w", "Alt+d", "Alt+ArrowLeft", "Ctrl+Alt+q", "Ctrl+1", "",
            "two words"],
)  # fmt: skip
def test_keys_of_the_browser_are_refused(page: Page, key: str) -> None:
    assign(page, [*TOOLS, *labels(1)])
    refused = page.evaluate("key => map.change('label/1', key)", key)
    assert refused["id"] == ""
    assert page.evaluate("word => say(word, {key: 'X'})", refused["refused"])
    assert press(page, key="1") == "label/1"


@pytest.mark.parametrize("key", ["Ctrl+Enter", "Shift+a", "Shift+ArrowUp", "ö", "好", " ", "ArrowDown", ";", "+"])
def test_other_keys_are_allowed(page: Page, key: str) -> None:
    assign(page, [*TOOLS, *labels(1)])
    assert page.evaluate("key => map.change('label/1', key)", key) is None


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ({"key": "ф", "code": "KeyA"}, "label/q"),  # Cyrillic
        ({"key": "Process", "code": "KeyA"}, "label/q"),  # an input method that swallowed the letter
        ({"key": "Dead", "code": "KeyA"}, "label/q"),
        ({"key": "ａ", "code": "KeyQ"}, "label/q"),  # full width: what is written counts, not the place
        ({"key": "a", "code": "KeyQ"}, "label/q"),  # a French keyboard
        ({"key": "A", "code": "KeyA"}, "label/q"),  # caps lock
        ({"key": "A", "code": "KeyA", "shiftKey": True}, None),
        ({"key": "&", "code": "Digit1"}, "label/1"),  # a French digit
        ({"key": "é", "code": "Digit2"}, "label/2"),
        ({"key": "١", "code": "Digit1"}, "label/1"),
        ({"key": "！", "code": "Digit1", "shiftKey": True}, None),
        ({"key": "1", "code": "Numpad1"}, "label/1"),
        ({"key": "End", "code": "Numpad1"}, None),  # the number pad as arrows
        ({"key": "Enter", "code": "NumpadEnter"}, "tool/submit"),
        ({"key": "？", "code": "Slash", "shiftKey": True}, "tool/keys"),
        ({"key": ",", "code": "Slash", "shiftKey": True}, None),
        ({"key": "1", "code": "Digit1", "ctrlKey": True}, None),
        ({"key": "1", "code": "Digit1", "metaKey": True}, None),
        ({"key": "1", "code": "Digit1", "altKey": True}, None),
        ({"key": "1", "code": "Digit1", "isComposing": True}, None),
        ({"key": "1"}, "label/1"),
        ({"key": "Shift", "code": "ShiftLeft", "shiftKey": True}, None),
    ],
)  # fmt: skip
def test_a_key_is_a_key_on_every_keyboard(page: Page, event: dict[str, Any], action: str | None) -> None:
    named = [{"id": f"label/{key}", "title": key, "keys": [key], "scope": "label"} for key in "12"]
    assign(page, [*TOOLS, *named, {"id": "label/q", "title": "q", "keys": ["z"], "scope": "label"}])
    page.evaluate("map.change('label/q', 'a')")
    assert press(page, **event) == action


def test_keys_travel_as_text(page: Page) -> None:
    assign(page, [*TOOLS, *labels(3)])
    page.evaluate("map.change('label/1', '9'); map.change('tool/skip', 'k')")
    text = page.evaluate("map.text")
    page.evaluate("() => { localStorage.clear(); map = new KeyMap(localStorage, 'box'); }")
    assign(page, [*TOOLS, *labels(3)])
    assert page.evaluate("text => map.take(text)", text) == 2
    assert [press(page, key="9"), press(page, key="k"), press(page, key="s")] == ["label/1", "tool/skip", None]


@pytest.mark.parametrize("text", ["", "no", "[]", "{}", '{"keys": []}', '{"keys": {"a": 1}}', "9" * 30_000, "null"])
def test_a_text_that_is_none_changes_nothing(page: Page, text: str) -> None:
    assign(page, [*TOOLS, *labels(3)])
    page.evaluate("map.change('label/1', '9')")
    assert page.evaluate("text => map.take(text)", text) == -1
    assert press(page, key="9") == "label/1"


def test_a_text_from_elsewhere_cannot_take_the_browsers_keys_or_give_one_key_twice(page: Page) -> None:
    assign(page, [*TOOLS, *labels(3)])
    keys = {"label/1": "F5", "label/2": "s", "label/3": "s", "tool/skip": "s", "__proto__": "x"}
    page.evaluate("text => map.take(text)", json.dumps({"keys": keys}))
    shown = page.evaluate("Object.fromEntries(map.shown)")
    assert len(set(shown.values())) == len(shown)
    assert "F5" not in shown.values()


def test_a_browser_that_keeps_nothing_has_keys_all_the_same(page: Page) -> None:
    page.evaluate(
        """() => {
          const refuse = () => { throw new DOMException("no", "SecurityError"); };
          map = new KeyMap({ getItem: refuse, setItem: refuse, removeItem: refuse }, "box");
        }"""
    )
    assign(page, [*TOOLS, *labels(2)])
    assert page.evaluate("map.change('label/1', '7')") is None
    assert press(page, key="7") == "label/1"


@pytest.fixture
def dialog(page: Page) -> Page:
    assign(page, [*TOOLS, *labels(3)])
    page.evaluate(
        """() => {
          window.changes = 0;
          window.panel = new KeyDialog(map, say, () => { changes += 1; });
          document.querySelector("main").append(panel.element);
          document.querySelector("#other").focus();
          window.heard = [];
          document.addEventListener("keydown", (event) => heard.push(event.key));
          panel.open();
        }"""
    )
    return page


def test_the_panel_changes_a_key_with_the_keyboard_alone(dialog: Page) -> None:
    expect(dialog.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    assert press(dialog, key="1") is None  # while it is open, keys are for it
    dialog.keyboard.type("label 2")
    expect(dialog.locator(".keypanel-row:visible")).to_have_count(1)
    for _ in range(10):
        dialog.keyboard.press("Tab")
        if dialog.evaluate("document.activeElement.className") == "keypanel-row":
            break
    dialog.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("Press the new key for “Label 2”. Escape leaves it as it is.")
    dialog.keyboard.press("s")
    expect(dialog.get_by_role("status")).to_have_text(
        "S is the key of “Skip”. Press another one, or exchange the two."
    )  # fmt: skip
    dialog.keyboard.press("F8")
    expect(dialog.get_by_role("status")).to_contain_text("needed by the browser")
    dialog.keyboard.press("Escape")  # of this change only
    expect(dialog.get_by_role("dialog")).to_be_visible()
    dialog.keyboard.press("Enter")
    dialog.keyboard.press("k")
    expect(dialog.get_by_role("status")).to_have_text("K is now the key of “Label 2”.")
    assert dialog.evaluate("changes") == 1
    dialog.keyboard.press("Escape")
    expect(dialog.get_by_role("dialog")).to_be_hidden()
    expect(dialog.locator("#other")).to_be_focused()
    assert press(dialog, key="k") == "label/2"
    assert dialog.evaluate("heard") == []  # the page's own shortcuts heard nothing of it


def test_the_panel_exchanges_two_keys(dialog: Page) -> None:
    dialog.get_by_role("button", name="Label 1").click()
    dialog.keyboard.press("3")
    exchange = dialog.get_by_role("button", name="Exchange the two keys")
    exchange.click()
    expect(exchange).to_be_hidden()
    expect(dialog.get_by_role("button", name="Label 3: key 1")).to_be_visible()
    assert dialog.evaluate("Object.fromEntries(map.shown)")["label/1"] == "3"
    dialog.get_by_role("button", name="Back to the usual keys").click()
    assert dialog.evaluate("Object.fromEntries(map.shown)")["label/1"] == "1"


def test_the_panel_takes_and_gives_text(dialog: Page) -> None:
    dialog.get_by_text("Take your keys to another browser").click()
    box = dialog.get_by_role("textbox", name="Your keys as text")
    box.fill("nothing")
    dialog.get_by_role("button", name="Use the keys in this text").click()
    expect(dialog.get_by_role("status")).to_contain_text("holds no keys")
    box.fill('{"keys": {"label/1": "p"}}')
    dialog.get_by_role("button", name="Use the keys in this text").click()
    expect(dialog.get_by_role("button", name="Label 1: key P")).to_be_visible()
    assert json.loads(box.input_value())["keys"] == {"label/1": "p"}


def test_hostile_titles_stay_text(page: Page) -> None:
    assign(page, [{"id": "x", "title": "<img src=x onerror=document.title='hit'>", "keys": ["q"], "group": "<b>g</b>"}])
    page.evaluate("() => { const p = new KeyDialog(map, say); document.body.append(p.element); p.open(); }")
    expect(page.get_by_text("<img src=x")).to_be_visible()
    assert page.locator(".keypanel img, .keypanel b").count() == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_panel_fits_a_narrow_screen(open_page: Callable[..., Page], language: str) -> None:
    page = bare(open_page(360, 640), language)
    page.evaluate(
        """actions => {
          const map = new KeyMap(localStorage, "box"); map.assign(actions);
          const p = new KeyDialog(map, say); document.querySelector("main").append(p.element); p.open();
        }""",
        [*TOOLS, *labels(60), {"id": "w", "title": "w" * 80, "group": "v" * 90}],
    )
    assert page.locator(".keypanel").evaluate("(panel) => panel.scrollWidth - panel.clientWidth") <= 0
