"""The message catalogue is whole: both languages, the same placeholders, no string of the interface outside it."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
SECTIONS = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in (APP / "messages").glob("*.toml")}
SOURCES = sorted([APP / "main.py", *(APP / "views").glob("*.py"), *(APP / "widgets").rglob("*.py")])
SHOWN = {
    "title", "header", "subheader", "caption", "markdown", "text", "write", "info", "warning", "error", "success",
    "button", "selectbox", "radio", "text_input", "text_area", "checkbox", "toggle", "metric", "expander", "tabs",
    "page_link", "download_button", "file_uploader", "slider", "number_input", "multiselect", "segmented_control",
    "toast", "badge", "popover", "status", "spinner", "link_button", "pills", "form_submit_button", "progress",
    "select_slider", "date_input",
}  # fmt: skip
WORDED = {"label", "help", "placeholder", "text", "caption", "body"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_every_message_is_in_both_languages_with_the_same_placeholders(section):
    for name, message in SECTIONS[section].items():
        assert set(message) == {"en", "zh"}, f"{section}.{name}"
        assert all(text.strip() for text in message.values()), f"{section}.{name}"
        assert placeholders(message["en"]) == placeholders(message["zh"]), f"{section}.{name}"


def literal_keys(source: Path) -> list[str]:
    calls = (node for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return [
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "t" and call.args
        and isinstance(call.args[0], ast.Constant)
    ]  # fmt: skip


def test_every_key_that_the_code_names_is_in_the_catalogue():
    named = [(source.name, key) for source in SOURCES for key in literal_keys(source)]
    assert len(named) > 100
    missing = [
        (name, key) for name, key in named if key.partition(".")[2] not in SECTIONS.get(key.partition(".")[0], {})
    ]
    assert missing == []


def words_in(node: ast.expr) -> str:
    """The letters of a literal (or of an f-string's fixed parts), without icons and Markdown colours."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = " ".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    else:
        return ""
    return re.sub(r":[a-z]+/[a-z_0-9]+:|:[a-z-]+\[|[^\W\d_]{1}\b(?<=\b.)", "", text)


def test_no_string_of_the_interface_is_outside_the_catalogue():
    found = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHOWN):
                continue
            shown = [*node.args[:1], *(word.value for word in node.keywords if word.arg in WORDED)]
            found += [
                f"{source.name}:{node.lineno} {words_in(arg)!r}"
                for arg in shown
                if re.search(r"[^\W\d_]{2,}", words_in(arg))
            ]
    assert found == []
