"""Every kind of task with the keyboard alone, in a real browser against a real server: what was meant is what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.cases import CASES, Case, Span
from tests.journeys.conftest import Workbench
from tests.journeys.hands import GLYPHS, Hands, expected, journey, stored, texts_kept, told, untrue
from tests.journeys.kinds import messages

TOOLS = {"submit": "Enter", "undo": "u", "redo": "r", "accept": "a", "back": ",", "flag": "f"}

pytestmark = pytest.mark.timeout(300)


class Keys(Hands):
    """The keyboard alone."""

    def tool(self, name: str) -> None:
        self.leave()
        self.press(TOOLS[name])

    def leave(self) -> None:
        """Out of a text that is written, so that the keys are keys."""
        if self.written():
            self.press("Escape")

    def written(self) -> bool:
        return bool(self.page.evaluate("document.activeElement.shadowRoot?.activeElement?.matches('textarea, input')"))

    def nothing(self) -> bool:
        self.press("Enter")
        return True

    def comment(self, text: str) -> None:
        self.leave()
        self.press("c")
        self.type(text)
        self.press("Enter")

    def skip_for(self, at: int) -> None:
        self.leave()
        self.press("Shift+S", str(at + 1))

    def to(self, plain: dict[str, Any]) -> None:
        """Make a question the active one."""
        names = [one["name"] for one in self.case.definition["questions"]]
        if len(names) == 1:
            self.leave()
            return
        for _ in names:
            at = names.index(self.page.locator("section.question.active").get_attribute("data-question") or "")
            if names[at] == plain["name"]:
                return
            self.press("Tab" if at < names.index(plain["name"]) else "Shift+Tab")
        expect(self.question(plain["name"])).to_have_attribute("aria-current", "true")

    def choice(self, plain: dict[str, Any], now: Any, wanted: str) -> None:
        self.to(plain)
        self.press(str(plain["labels"].index(wanted) + 1))

    def choices(self, plain: dict[str, Any], now: Any, wanted: list[str]) -> None:
        self.to(plain)
        changed = set(now or []) ^ set(wanted)
        self.press(*(str(at) for at, label in enumerate(plain["labels"], 1) if label in changed))
        if not wanted:
            self.press("x")

    def rating(self, plain: dict[str, Any], now: Any, wanted: int) -> None:
        self.to(plain)
        self.press(str(wanted))

    def ranking(self, plain: dict[str, Any], now: Any, wanted: list[str]) -> None:
        self.to(plain)
        ids = plain.get("candidates") or ["1", "2", "3"]
        if len(ids) == 2:
            self.press(str(ids.index(wanted[0]) + 1))
            return
        kept = next((n for n in range(len(wanted), 0, -1) if (now or [])[:n] == wanted[:n]), 0)
        kept = min(kept, len(ids) - 2)
        while now and len(now) > kept:
            self.press("Backspace")  # the last place filled itself, and goes with the one before
            now = now[: -2 if len(now) == len(ids) else -1]
        for one in wanted[kept : max(kept + 1, len(ids) - 1)]:
            self.press(str(ids.index(one) + 1))

    def spans(self, plain: dict[str, Any], now: list[Span] | None, wanted: list[Span]) -> None:
        self.to(plain)
        for one in now or []:
            if one not in wanted:
                self.walk_to(one)
                self.press("Delete")
        for one in wanted:
            if one not in (now or []):
                self.select(one)
                self.press(str(plain["labels"].index(one["label"]) + 1))

    def walk_to(self, mark: Span) -> None:
        """Walk through the marks until this one is picked."""
        picked = self.page.locator(".spans .go[aria-current=true]")
        name = f"{mark['label']}: {' '.join(mark['text'].split())}, characters {mark['start'] + 1} to {mark['end']}"
        for _ in range(9):
            self.press("n")
            if picked.get_attribute("aria-label") == name:
                return
        raise AssertionError(f"There is no mark {name}")

    def select(self, stretch: Span) -> None:
        """Take the caret to a stretch by single characters, and select it."""
        unit = self.page.locator(".text-field .unit:visible")
        for _ in range(3):
            if unit.text_content() != "Marks: single characters":
                self.press("Shift+U")
        before = self.page.evaluate(GLYPHS, self.record[: stretch["start"]])
        inside = self.page.evaluate(GLYPHS, stretch["text"])
        self.press("Escape", "ArrowDown", "Control+Home", *["ArrowRight"] * before, *["Shift+ArrowRight"] * inside)

    def answer(self, plain: dict[str, Any], now: Any, wanted: list[Span]) -> None:
        self.to(plain)
        if not wanted:
            self.press("x")
            return
        self.select(wanted[0])
        self.press("1")

    def relations(self, plain: dict[str, Any], now: Any, wanted: list[dict[str, Any]]) -> None:
        self.to(plain)
        n = 3  # marks, in the records where relations change
        for at, one in reversed(list(enumerate(now or []))):
            if one not in wanted:
                self.press("Escape", *["j"] * (at + 1), "Delete")
        for one in wanted:
            if one not in (now or []):
                self.press("Escape", *["n"] * (one["from"] + 1), str(plain["labels"].index(one["label"]) + 1))
                self.press(*["n"] * ((one["to"] - one["from"]) % n), "Enter")

    def text(self, plain: dict[str, Any], now: Any, wanted: str) -> None:
        self.to(plain)
        if self.given(wanted):
            self.press("y")  # right as it is
            return
        if not self.written():
            self.press("w")
        self.retype(now, wanted)

    def chat(self, plain: dict[str, Any], now: Any, wanted: list[dict[str, Any]]) -> None:
        self.to(plain)
        now = now or messages(self.record)
        for at, message in enumerate(wanted):
            was = now[at] if at < len(now) else None
            if message == was:
                continue
            if plain.get("write") and at == 3:
                self.press("w")
                self.retype((was or {}).get("content"), message["content"])
                continue
            self.leave()
            self.press(*["ArrowUp"] * 4, *["ArrowDown"] * at)
            if message.get("rating"):
                self.press(str(message["rating"]))
            elif plain.get("edit", True):
                self.press("e")
                self.retype(None, message["content"])
        self.leave()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kind_with_the_keyboard_alone(case: Case, every_kind: Workbench, one_page: Page, tmp_path: Path) -> None:
    journey(Keys(one_page, every_kind, case))
    found = stored(every_kind, case.name, tmp_path / "copy.duckdb")
    assert told(found) == expected(case)
    assert not untrue(found)
    assert texts_kept(found)
