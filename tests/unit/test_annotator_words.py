"""No string that the annotator's HTML and JavaScript show is outside the message catalogue."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.unit.test_words import APP, SECTIONS, letters

ANNOTATOR = APP / "widgets" / "annotator"
SCRIPTS = sorted(ANNOTATOR.rglob("*.js"))
READ = {"title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext"}
_JS = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r"|(?P<q>[\"'])(?P<text>(?:\\.|(?!(?P=q))[^\\\n])*)(?P=q)"
    r"|`(?P<long>(?:\\.|[^`\\])*)`"
    r"|(?<=[=(,:!&|?{};\n])\s*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n\[])+/[a-z]*",
    re.DOTALL,
)


def js_strings(source: str) -> list[tuple[str, str]]:
    """The string literals of JavaScript, each with the code before it on its line; of a template its fixed parts."""
    found = []
    for match in _JS.finditer(source):
        before = source[source.rfind("\n", 0, match.start()) + 1 : match.start()]
        if match["text"] is not None:
            found.append((match["text"], before))
        elif match["long"] is not None:
            found += [(part, before) for part in re.split(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", match["long"])]
    return found


def js_shown(source: str) -> list[str]:
    """The literals that people would read: put into the page's text or into an attribute that is read out, or prose."""
    found = []
    for text, before in js_strings(source):
        set_here = re.search(r"\.(textContent|innerText|title|placeholder|alt|ariaLabel)\s*=[^=;]*$", before)
        given = re.search(r"\b(textContent|innerText|title|placeholder|alt)\s*:\s*$", before)
        named = re.search(r"setAttribute\(\s*[\"']([a-z-]+)[\"']\s*,[^;]*$", before)
        told = re.search(r"\b(notice|announce|alert|confirm|prompt)\??\.?\($", before)
        if re.search(r"\b(say|keyOf)\([^()]*$|[=!]==\s*$", before):  # the key of a message, or what is compared with
            continue
        prose = re.search(r"[\u4e00-\u9fff]|^[A-Z][a-z]+ [a-z]+ ", text) and "Error(" not in before
        if prose or (letters(text) and (set_here or given or told or (named and named[1] in READ)) and "." not in text):
            found.append(text)
    return found


def test_no_string_of_the_annotator_is_outside_the_catalogue():
    found = [(script.name, text) for script in SCRIPTS for text in js_shown(script.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('element.textContent = "Saved";', ["Saved"]),
        ("button.title = on ? `Hide ${n}` : say('a.b');", ["Hide "]),
        ('part.setAttribute("aria-label", "Close");', ["Close"]),
        ('host.notice("gone");', ["gone"]),
        ('const words = "Nothing is left here.";', ["Nothing is left here."]),
        ('const words = "没有了";', ["没有了"]),
        ('// element.textContent = "Saved"', []),
        ('element.textContent = say("annotator.saved");', []),
        ('element.className = "label chosen"; part.setAttribute("role", "group");', []),
        ('throw new Error("No box for it was given.");', []),
    ],
)
def test_a_string_of_the_annotator_would_be_found(source, found):
    assert js_shown(source) == found


def test_every_key_that_the_annotator_names_is_in_the_catalogue():
    keys = {f"{section}.{key}" for section in SECTIONS for key in SECTIONS[section]}
    named = {
        (script.name, text)
        for script in SCRIPTS
        for text, before in js_strings(script.read_text(encoding="utf-8"))
        if re.fullmatch(r"(annotator|marks|writing)\.[a-z_0-9]+", text) and not re.search(r"\$\{[^}]*$", before)
    }
    assert {(name, key) for name, key in named if key not in keys and not key.endswith("_")} == set()


def test_the_annotators_page_holds_no_words_of_its_own():
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.own: list[str] = []
            self.keys: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.own += [f"{name}={value}" for name, value in attrs if name in READ and letters(value or "")]
            self.keys += [value or "" for name, value in attrs if name in ("data-word", "data-aria")]

        def handle_data(self, data: str) -> None:
            self.own += [data.strip()] if letters(data) else []

    reader = Reader()
    reader.feed((ANNOTATOR / "annotator.html").read_text(encoding="utf-8"))
    assert reader.own == []
    assert reader.keys
    assert [key for key in reader.keys if key not in SECTIONS["annotator"]] == []
