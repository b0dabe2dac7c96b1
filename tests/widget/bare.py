"""One question, or the keys, on a bare page: the modules as they are, in a browser, with the smallest host that keeps what
is written."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from app.widgets.annotator.bundle import FOLDER, styles

ADDRESS = "http://bare.test/"
MESSAGES = FOLDER.parent.parent / "messages" / "writing.toml"
THEME = {
    "light": {"text": "#31333f", "background": "#ffffff", "secondary-background": "#f0f2f6"},
    "dark": {"text": "#fafafa", "background": "#0e1117", "secondary-background": "#262730"},
}
TYPES = {".js": "text/javascript", ".css": "text/css"}

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>bare</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body><main class="annotator"><h1>One question</h1><div id="place"></div><button id="other" type="button">another</button></main>
<script type="module">
import {{ KeyDialog, KeyMap }} from "/keys.js";
import {{ TextQuestion }} from "/questions/text.js";
import {{ ChatQuestion }} from "/questions/chat.js";
const strings = {strings};
const say = (key, values = {{}}) => {{
  if (!(key in strings)) throw new Error("no words for " + key);
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{{${{name}}}}`, () => value), strings[key]);
}};
Object.assign(window, {{ KeyDialog, KeyMap, TextQuestion, ChatQuestion, say }});

// Mounts a question; `bare` is what happened to it.
window.mount = (Kind, question, item, suggestion) => {{
  const bare = {{ values: [], submits: 0, notices: [], announced: [], value: undefined, item, suggestion }};
  const host = {{
    say, locale: "en", keyOf: () => "", field: () => null, value: () => bare.value, activate: () => {{}},
    notice: (text) => bare.notices.push(text), announce: (text) => bare.announced.push(text),
    submit: () => {{ bare.submits += 1; }},
    change: (value) => {{ bare.value = value; bare.values.push(value); bare.show(); }},
    get item() {{ return bare.item; }},
  }};
  bare.module = new Kind(question, host);
  bare.show = () => bare.module.show(bare.item, bare.value, bare.suggestion);
  bare.next = (following, value) => {{ bare.item = following; bare.value = value; bare.show(); }};
  document.querySelector("#place").replaceChildren(bare.module.element);
  bare.show();
  window.bare = bare;
}};
window.ready = true;
</script></body></html>"""


def bare(page: Page, language: str = "en", theme: str = "light") -> Page:
    """Open the page; the modules' classes are on `window`, and `mount` puts a question on it."""
    with MESSAGES.open("rb") as file:
        strings = {f"writing.{key}": words[language] for key, words in tomllib.load(file).items()}
    colors = "".join(f"--st-{name}-color: {value};" for name, value in THEME[theme].items())
    for name, (light, dark, ground) in {
        "red": ("#bd4043", "#ff6c6c", "#ff2b2b22"),
        "green": ("#177233", "#3dd56d", "#21c35422"),
        "orange": ("#b36200", "#ffbd45", "#ffa42122"),
    }.items():
        colors += (
            f"--st-{name}-text-color: {light if theme == 'light' else dark}; --st-{name}-background-color: {ground};"
        )
    style = f":root {{ {colors} --st-primary-color: #0b6e4f; }} body {{ background: var(--st-background-color); }}\n{styles()}"
    html = PAGE.format(style=style, strings=json.dumps(strings, ensure_ascii=False))

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS)
        file = FOLDER / name
        if name and file.is_file():
            route.fulfill(body=file.read_text(encoding="utf-8"), content_type=TYPES[Path(name).suffix])
        else:
            route.fulfill(body=html if not name else "", content_type="text/html; charset=utf-8")

    page.route(f"{ADDRESS}**", serve)
    page.goto(ADDRESS)
    page.wait_for_function("window.ready")
    return page


def mount(page: Page, kind: str, question: dict[str, Any], item: dict[str, Any], suggestion: Any = None) -> None:
    """Put a question of this kind ('TextQuestion') on the page, showing this item."""
    page.evaluate(
        "([kind, question, item, suggestion]) => mount(window[kind], question, item, suggestion ?? undefined)",
        [kind, question, item, suggestion],
    )


def value(page: Page) -> Any:
    """The answer as the host has it now; None for no answer."""
    return page.evaluate("bare.value")


def compose(page: Page, steps: list[str], commit: str) -> None:
    """Type as an input method does: `steps` are what it shows while it composes, `commit` what it leaves."""
    session = page.context.new_cdp_session(page)
    for step in steps:
        session.send("Input.imeSetComposition", {"text": step, "selectionStart": len(step), "selectionEnd": len(step)})
    session.send("Input.insertText", {"text": commit})
    session.detach()
