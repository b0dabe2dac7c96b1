"""What is marked on the screen is the stretch of the text as stored, in code points, whatever the script and the hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.widget.harness import Widget, item
from tests.widget.marking import POINTS, drag, marks, point, span, spans


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


FAMILY = "👩‍👩‍👧‍👦"
# text, what is marked by characters, whether it runs from right to left
STRANGE = {
    "family": (f"We are {FAMILY} here", FAMILY, False),
    "flags": ("Flags 🇨🇳🇫🇷🇩🇪 in a row", "🇫🇷", False),
    "behind emoji": (f"{FAMILY}🇨🇳😀 and Anna", "Anna", False),
    "accent": ("In cafe\u0301 de\u0301ja\u0300", "cafe\u0301", False),
    "decomposed": ("Zu\u0308rich und Mu\u0308nchen", "Mu\u0308nchen", False),
    "line ends": ("One\r\nTwo words\r\nThree", "Two", False),
    "across line ends": ("One\r\nTwo words\r\nThree", "words\r\nThree", False),
    "leading spaces": ("   three spaces\t\ttabs", "three", False),
    "behind tabs": ("   three spaces\t\ttabs", "tabs", False),
    "hebrew": ("שלום עולם טוב", "עולם", True),
    "arabic": ("مرحبا بالعالم الجديد", "بالعالم", True),
    "chinese": ("我住在北京市海淀区。", "北京市", False),
    "beyond the plane": ("𠮷野家で牛丼を食べた", "野家", False),
    "markup": ("a <b>bold</b> & <script>x</script>", "<b>bold", False),
    "thai": ("ฉันรักกรุงเทพมหานคร", "กรุงเทพ", False),
}  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("case", STRANGE)
def test_a_drag_by_characters_marks_the_surface(page: Page, case: str, backwards: bool) -> None:
    text, surface, rtl = STRANGE[case]
    widget = Widget(page, {"questions": [spans(unit="character")]}, [item(1, text)])
    wanted = span(text, surface, "PER")
    drag(widget, wanted["start"], wanted["end"], backwards=backwards, rtl=rtl)
    widget.press("1")
    assert marks(widget) == [wanted]
    assert text[wanted["start"] : wanted["end"]] == surface
    assert page.evaluate("root.querySelector('.ink').textContent") == text


@pytest.mark.parametrize(
    ("text", "dragged", "marked"),
    [
        ("Anna Smith went home.", "na Smi", "Anna Smith"),
        ("Anna Smith went home.", "Smith ", "Smith"),
        ("It is hers, truly.", "hers,", "hers,"),
        ("It is hers, truly.", "er", "hers"),
        ("He can't go", "an'", "can't"),
        ("cafe\u0301 noir", "cafe", "cafe\u0301"),
        ("In 北京市 today", "京", "京"),
        ("Привет мир", "рив", "Привет"),
    ],
)
def test_a_drag_grows_to_words(page: Page, text: str, dragged: str, marked: str) -> None:
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    start = text.index(dragged)
    drag(widget, start, start + len(dragged))
    widget.press("1")
    assert marks(widget) == [span(text, marked, "PER")]


def test_a_drag_goes_across_visual_lines(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    text = "word " * 40 + "Anna Maria von Smith-Jones zu Berg and " + "more " * 20
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    wanted = span(text, "word word Anna Maria von Smith-Jones zu Berg", "PER")
    drag(widget, wanted["start"], wanted["end"])
    widget.press("1")
    assert marks(widget) == [wanted]
    assert page.evaluate("document.documentElement.scrollWidth <= 360")


@pytest.mark.parametrize(
    ("text", "at", "marked", "unit"),
    [
        ("Anna met (Bob).", "ob", "Bob", "auto"),
        ("我住在北京市。", "京", "北京市", "auto"),
        ("我住在北京市。", "京", "京", "character"),
        (f"go {FAMILY} go", FAMILY, FAMILY, "auto"),
    ],
)
def test_a_double_click_takes_the_word(page: Page, text: str, at: str, marked: str, unit: str) -> None:
    widget = Widget(page, {"questions": [spans(unit=unit)]}, [item(1, text)])
    if at == FAMILY:
        first = page.evaluate(POINTS, [text.index(at), text.index(at) + len(at)])[0]
        page.mouse.dblclick(first["x"], first["y"])
    else:
        page.mouse.dblclick(*point(widget, text.index(at)))
    widget.press("2")
    [made] = marks(widget)
    # a dictionary may know 北京市 as one word or as two
    assert made["text"] in (marked, marked[:2])
    assert made["label"] == "LOC"
    assert text[made["start"] : made["end"]] == made["text"]


def test_the_unit_is_toggled_by_button_and_key(page: Page) -> None:
    text = "Anna Smith"
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    widget.press("Shift+u")
    expect(page.locator(".unit")).to_have_text("Marks: whole words")
    page.locator(".unit").click()
    expect(page.locator(".unit")).to_have_text("Marks: single characters")
    drag(widget, 1, 3)
    widget.press("1")
    assert marks(widget) == [span(text, "nn", "PER")]


def test_keys_move_the_caret_and_select(page: Page) -> None:
    text = "Anna Smith met 北京 people.\nSecond line"
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    widget.press("ArrowDown")
    expect(page.locator(".caret")).to_have_count(1)
    widget.press("Shift+ArrowRight", "Shift+ArrowRight", "1")  # and the caret goes on to "met"
    widget.press("2", "1", "1")
    widget.press("ArrowDown", "Home", "Shift+End", "2")
    assert marks(widget) == [
        span(text, "Anna Smith", "PER"), span(text, "met", "LOC"), span(text, "北", "PER"), span(text, "京", "PER"),
        span(text, "Second line", "LOC"),
    ]  # fmt: skip


def test_shift_shrinks_a_selection_and_escape_leaves_it(page: Page) -> None:
    text = "one two three four"
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    widget.press("ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft", "1")
    assert marks(widget) == [span(text, "one two", "PER")]
    widget.press("Escape", "Escape")
    expect(page.locator(".caret")).to_have_count(0)


def test_arrows_follow_the_direction_of_the_text(page: Page) -> None:
    text = "שלום עולם טוב"
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    widget.press("ArrowDown", "ArrowLeft", "1")
    assert marks(widget) == [span(text, "עולם", "PER")]


def test_names_are_in_no_copy_and_no_text(page: Page) -> None:
    text = "Anna met Bob"
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    widget.press("ArrowDown", "1", "2", "Home", "Shift+End")
    expect(page.locator(".tag")).to_have_count(2)
    assert page.evaluate("root.querySelector('.ink').innerText") == text
    copied = page.evaluate(
        "() => { const data = new DataTransfer(); root.querySelector('.passage').dispatchEvent("
        "new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));"
        " return data.getData('text/plain'); }"
    )
    assert copied == text


def test_a_long_press_selects_with_the_browsers_own_handles(page: Page) -> None:
    """What a touch selects is the browser's selection: here it is made as the browser makes it."""
    text = f"{FAMILY} Anna Smith went"
    widget = Widget(page, {"questions": [spans()]}, [item(1, text)])
    start = len(f"{FAMILY} Anna ".encode("utf-16-le")) // 2
    page.evaluate(
        """start => {
          const passage = root.querySelector(".passage");
          passage.dispatchEvent(new PointerEvent("pointerdown", { pointerType: "touch", bubbles: true, button: 0 }));
          const node = root.querySelector(".ink span").firstChild;
          document.getSelection().setBaseAndExtent(node, start + 1, node, start + 3);
        }""",
        start,
    )
    widget.rest(150)
    page.locator("button.label", has_text="LOC").click()
    assert marks(widget) == [span(text, "Smith", "LOC")]


def contrast(page: Page, selector: str) -> list[float]:
    """The contrast of text with what is painted behind it, for each element: a tint lies in the background image."""
    found: list[float] = page.evaluate(
        """(selector) => {
          const paint = (color) => {
            const canvas = new OffscreenCanvas(1, 1).getContext("2d");
            canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
          };
          const light = (color) => paint(color).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          return [...root.querySelectorAll(selector)].map((part) => {
            const style = getComputedStyle(part);
            const tint = style.backgroundImage.match(/color\\(srgb [^)]*\\)|rgb\\([^)]*\\)/g)?.at(-1) ?? style.backgroundColor;
            const [one, two] = [light(style.color), light(tint)].sort((a, b) => b - a);
            return (one + 0.05) / (two + 0.05);
          });
        }""",
        selector,
    )
    return found


@pytest.mark.parametrize(("ink", "paper"), [("#31333f", "#ffffff"), ("#fafafa", "#0e1117")])
def test_every_colour_is_legible_in_both_themes(page: Page, ink: str, paper: str) -> None:
    labels = [f"label{n}" for n in range(16)]
    text = " ".join(f"word{n}" for n in range(16))
    value = [span(text, f"word{n}", labels[n]) for n in range(16) if n != 1] + [span(text, "word1", "label1")]
    value.sort(key=lambda one: (one["start"], one["end"]))
    widget = Widget(page, {"questions": [spans(*labels)]}, [item(1, text, draft={"marks": value})])
    page.evaluate(
        "([ink, paper]) => { document.documentElement.style.setProperty('--st-text-color', ink);"
        " document.documentElement.style.setProperty('--st-background-color', paper); }",
        [ink, paper],
    )
    for selector in (".mark", ".tag"):
        found = contrast(page, selector)
        assert len(found) == 16
        assert min(found) >= 4.5, (selector, found)
    widget.press("n")
    assert min(contrast(page, ".mark")) >= 4.5
    tints = page.evaluate("[...root.querySelectorAll('.tag')].map((part) => getComputedStyle(part).backgroundColor)")
    assert len(set(tints)) >= 12


def test_a_field_that_nobody_marks_in_is_plain_text(page: Page) -> None:
    widget = Widget(
        page,
        {"questions": [{"kind": "choice", "name": "label", "labels": ["a", "b"], "required": True}]},
        [item(1, "x\r\ny")],
    )
    expect(page.locator(".unit")).to_be_hidden()
    assert page.evaluate("root.querySelector('.ink').textContent") == "x\r\ny"
    widget.press("1")
    assert widget.answers() == [("r1", "submitted", {"label": "a"})]
