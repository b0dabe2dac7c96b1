"""Every kind of task with the mouse alone, in a real browser against a real server: what was meant is what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from tests.journeys.cases import CASES, REASONS, Case, Span
from tests.journeys.conftest import Workbench
from tests.journeys.hands import HERE, Hands, expected, journey, stored, texts_kept, told, untrue
from tests.journeys.kinds import messages

pytestmark = pytest.mark.timeout(300)


class Mouse(Hands):
    """The mouse alone; the keyboard only to type texts."""

    def tool(self, name: str) -> None:
        self.part(name).click()

    def nothing(self) -> bool:
        if self.case.one_key:
            return False  # there is nothing to submit with
        self.part("submit").click()
        return True

    def comment(self, text: str) -> None:
        self.part("note").click()
        self.type(text)
        self.page.locator("[data-act=keepNote]").click()

    def skip_for(self, at: int) -> None:
        self.part("why").click()
        self.part("reasons").get_by_role("button", name=REASONS[at]).click()

    def label(self, plain: dict[str, Any], name: Any) -> Locator:
        return self.question(plain["name"]).locator("button.label", has=self.page.get_by_text(str(name), exact=True))

    def choice(self, plain: dict[str, Any], now: Any, wanted: Any) -> None:
        self.label(plain, wanted).click()

    rating = choice

    def choices(self, plain: dict[str, Any], now: Any, wanted: list[str]) -> None:
        for label in plain["labels"]:
            if (label in wanted) != (label in (now or [])):
                self.label(plain, label).click()
        if not wanted:
            self.question(plain["name"]).locator(".nothing").click()

    def ranking(self, plain: dict[str, Any], now: list[str] | None, wanted: list[str]) -> None:
        cards = self.question(plain["name"]).locator(".candidate")
        ids = plain.get("candidates") or ["1", "2", "3"]
        if len(now or []) == len(ids) > 2:  # all have a place: drag the last to where it belongs
            moved = (now or [])[-1]
            cards.nth(ids.index(moved)).drag_to(cards.nth(ids.index((now or [])[wanted.index(moved)])))
            return
        for one in wanted[0 if len(ids) == 2 else len(now or []) : len(ids) - 1]:
            cards.nth(ids.index(one)).click()

    def drag(self, stretch: Span) -> None:
        """From just inside a stretch's one end to just inside the other."""
        first, last = self.page.evaluate(HERE, [stretch["start"], stretch["end"]])
        mouse = self.page.mouse
        mouse.move(first["left"] + 1, first["y"])
        mouse.down()
        mouse.move((first["x"] + last["x"]) / 2, (first["y"] + last["y"]) / 2)
        mouse.move(last["right"] - 1, last["y"])
        mouse.up()

    def click_in(self, stretch: Span) -> None:
        first, _ = self.page.evaluate(HERE, [stretch["start"], stretch["end"]])
        self.page.mouse.click(first["x"], first["y"])

    def spans(self, plain: dict[str, Any], now: list[Span] | None, wanted: list[Span]) -> None:
        rows = self.question(plain["name"]).locator(".mark-list").first
        for at, one in reversed(list(enumerate(now or []))):
            if one not in wanted:
                rows.locator(".drop").nth(at).click()
        for one in wanted:
            if one not in (now or []):
                self.drag(one)
                self.label(plain, one["label"]).click()

    def answer(self, plain: dict[str, Any], now: Any, wanted: list[Span]) -> None:
        if not wanted:
            self.question(plain["name"]).get_by_role("button", name="No answer in the text").click()
            return
        self.question(plain["name"]).click(position={"x": 3, "y": 3})
        self.drag(wanted[0])

    def relations(self, plain: dict[str, Any], now: Any, wanted: list[dict[str, Any]]) -> None:
        part = self.question(plain["name"])
        part.click(position={"x": 3, "y": 3})
        for at, one in reversed(list(enumerate(now or []))):
            if one not in wanted:
                part.locator(".drop").nth(at).click()
        for one in wanted:
            if one not in (now or []):
                self.click_in(self.marked[one["from"]])
                self.label(plain, one["label"]).click()
                self.click_in(self.marked[one["to"]])

    def give(self, now: dict[str, Any], wanted: dict[str, Any]) -> None:
        self.marked: list[Span] = wanted.get("entities", [])
        super().give(now, wanted)

    def text(self, plain: dict[str, Any], now: Any, wanted: str) -> None:
        part = self.question(plain["name"])
        if self.given(wanted):
            part.get_by_role("button", name="It is right as it is").click()
            return
        part.locator("textarea").click()
        self.retype(now, wanted)

    def chat(self, plain: dict[str, Any], now: Any, wanted: list[dict[str, Any]]) -> None:
        now = now or messages(self.record)
        for at, message in enumerate(wanted):
            was = now[at] if at < len(now) else None
            if message == was:
                continue
            turn = self.question(plain["name"]).locator(".turn").nth(at)
            if plain.get("write") and at == 3:
                turn.locator("textarea").click()
                self.retype((was or {}).get("content"), message["content"])
            elif message.get("rating"):
                turn.get_by_role("button", name=f"{message['rating']} of {plain['rate']}").click()
            else:
                turn.click(position={"x": 10, "y": 10})
                turn.get_by_role("button", name="Edit").click()
                self.retype(None, message["content"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kind_with_the_mouse_alone(case: Case, every_kind: Workbench, one_page: Page, tmp_path: Path) -> None:
    journey(Mouse(one_page, every_kind, case))
    found = stored(every_kind, case.name, tmp_path / "copy.duckdb")
    assert told(found) == expected(case)
    assert not untrue(found)
    assert texts_kept(found)
