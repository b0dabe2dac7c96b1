"""The annotator's bundle on a bare page: Streamlit's part is played by a host that records what was sent, and answers when
the test says so."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from app.widgets.annotator.bundle import FOLDER, bundle, styles

ADDRESS = "http://widget.test/"
MESSAGES = FOLDER.parent.parent / "messages"
SECTIONS = ("annotator", "marks", "writing")
COLORS = {
    "text": "#31333f", "background": "#ffffff", "secondary-background": "#f0f2f6", "primary": "#0b6e4f",
    "green": "#21c354", "blue": "#1c83e1", "orange": "#ffa421", "orange-text": "#b36200",
    "orange-background": "#ffa4211a", "yellow-background": "#faca2b1a",
}  # fmt: skip
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>widget</title>
<meta name="viewport" content="width=device-width"><style>:root {{ {colors} }} body {{ margin: 8px }}</style></head>
<body><div id="host"></div>
<script type="module">
import annotator from "/bundle.js";
const root = document.querySelector("#host").attachShadow({{ mode: "open" }});
root.innerHTML = `<style>{style}</style>` + {html};
window.sent = [];  // every state that the widget has sent
window.root = root;
window.give = (data) => {{
  window.data = data;
  annotator({{ data, parentElement: root, setStateValue: (name, value) => window.sent.push(structuredClone(value)) }});
}};
window.reloads = 0;
window.ready = true;
</script></body></html>"""


class Widget:
    """The annotator in a page. It is given data as the server would give it, and what it sent is read back."""

    def __init__(self, page: Page, task: Mapping[str, Any], items: Sequence[Mapping[str, Any]], **more: Any) -> None:
        self.page = page
        self.task = {"revision": 1, "guideline_revision": 1, "fields": FIELDS, "skip_reasons": [], **task}
        self.strings = strings(more.pop("language", "en"))
        page.route(f"{ADDRESS}**", serve)
        self.open()
        self.give(items, recent=[], **more)

    def open(self) -> None:
        """Open the page, or open it again: what the browser keeps is still there."""
        self.page.goto(ADDRESS)
        self.page.wait_for_function("window.ready")

    def give(
        self, items: Sequence[Mapping[str, Any]] = (), *, window: Sequence[str] | None = None,
        acks: Sequence[Mapping[str, Any]] = (), turn: Any = None, recent: Sequence[Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> None:  # fmt: skip
        """Let the server say: these records are yours (`window`, their keys), these of them you lack (`items`)."""
        data = {
            "box": "winnow.test", "turn": turn, "preview": False, "task": self.task,
            "window": [one["key"] for one in items] if window is None else list(window), "items": list(items),
            "recent": None if recent is None else list(recent), "acks": list(acks), "empty": "",
            "counts": {"stamp": 1, "mine": 0, "today": 0, "left": 10, "total": 10}, "strings": self.strings, **more,
        }  # fmt: skip
        self.page.evaluate("data => give(data)", data)

    def acknowledge(self, window: Sequence[str], items: Sequence[Mapping[str, Any]] = (), conflict: str = "") -> None:
        """Answer the last message: everything in it is stored."""
        last = self.sent[-1]
        acks = [
            {"event_id": event["event_id"], "ok": True, "conflict": conflict, "reason": "", "again": False}
            for event in last["events"]
        ]
        self.give(items, window=window, acks=acks, turn=last["turn"])

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Every message so far, {turn, have, events}; waits for one that is due."""
        self.rest(200)
        found: list[dict[str, Any]] = self.page.evaluate("sent")
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that the browser keeps until they are acknowledged, in their order."""
        kept = self.page.evaluate(
            "() => Object.entries(localStorage).filter(([key]) => key.startsWith('winnow.test.')"
            " && !key.endsWith('.keys')).map(([, text]) => JSON.parse(text)).sort((a, b) => a.order - b.order)"
        )
        return [event for event in kept if "event_id" in event]

    def answers(self) -> list[tuple[str, str, Any]]:
        """(record, state, value) of each event kept."""
        return [(event["external"], event["state"], event["value"]) for event in self.events]

    def draft(self, key: str) -> dict[str, Any] | None:
        text = self.page.evaluate("key => localStorage.getItem(`winnow.test/draft/${key}`)", key)
        return json.loads(text) if text else None

    def rest(self, milliseconds: int) -> None:
        """Let this much of the page's own time go by: whatever it had put off for less has happened, however slow it is."""
        self.page.evaluate("time => new Promise((go) => setTimeout(go, time))", milliseconds)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-part={name}]")

    def question(self, name: str) -> Locator:
        return self.page.locator(f"[data-question={name}]")

    def shows(self, external: str) -> None:
        """The record with this external id is on the screen."""
        expect(self.part("origin")).to_contain_text(external)


FIELDS = [{"name": "text", "title": "", "show": "main"}]


def item(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    """A record as the server gives it."""
    fields = more.pop("fields", {"text": text or f"text number {number}"})
    return {
        "key": str(number), "id": number, "external": f"r{number}", "fields": fields, "meta": {}, "relabel": None,
        "suggestions": {}, "draft": None, **more,
    }  # fmt: skip


def items(n: int) -> list[dict[str, Any]]:
    return [item(number) for number in range(1, n + 1)]


def keys(n: int) -> list[str]:
    return [str(number) for number in range(1, n + 1)]


def choice(
    name: str = "label", labels: Sequence[str] = ("positive", "negative", "neutral"), **more: Any
) -> dict[str, Any]:
    return {"kind": "choice", "name": name, "labels": list(labels), "required": True, **more}


def strings(language: str = "en") -> dict[str, str]:
    """The widget's words in a language."""
    found = {}
    for section in SECTIONS:
        for key, words in tomllib.loads((MESSAGES / f"{section}.toml").read_text(encoding="utf-8")).items():
            found[f"{section}.{key}"] = words[language]
    return found


def serve(route: Route) -> None:
    name = route.request.url.removeprefix(ADDRESS).partition("?")[0]
    if name == "bundle.js":
        route.fulfill(body=bundle(), content_type="text/javascript; charset=utf-8")
    elif name == "loader.js":
        route.fulfill(body=(FOLDER / name).read_text(encoding="utf-8"), content_type="text/javascript; charset=utf-8")
    elif name == "_stcore/health":
        route.fulfill(body="ok")
    else:
        colors = "".join(f"--st-{color}-color: {value};" for color, value in COLORS.items())
        html = json.dumps((FOLDER / "annotator.html").read_text(encoding="utf-8")).replace("</", "<\\/")
        body = PAGE.format(colors=colors, style=styles().replace("\\", "\\\\").replace("`", "\\`"), html=html)
        route.fulfill(body=body, content_type="text/html; charset=utf-8")
