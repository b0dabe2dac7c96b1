"""What an annotator does to a page, whichever hand does it, and one journey through four records of any kind."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pipeline.store import open_store
from tests.journeys.cases import REASONS, REMARK, Case, Value
from tests.journeys.conftest import Workbench
from tests.journeys.kinds import TEXTS
from tests.widget.marking import POINTS

ROOT = (
    "[...document.querySelectorAll('*')].map((one) => one.shadowRoot).find((one) => one?.querySelector('.annotator'))"
)
HERE = f"(given) => {{ const root = {ROOT}.querySelector('.passage[data-field=text]'); return ({POINTS})(given); }}"
GLYPHS = "(text) => [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)].length"


class Hands(ABC):
    """One way to work: by keys alone, or by the mouse alone. Texts are typed in either case."""

    def __init__(self, page: Page, workbench: Workbench, case: Case) -> None:
        self.page, self.workbench, self.case = page, workbench, case
        self.record = ""  # the text on the screen

    def open(self) -> None:
        self.page.goto(f"{self.workbench.url}/label?project={self.case.name}&annotator=anna")
        self.shows("r1")

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-part={name}]")

    def question(self, name: str) -> Locator:
        return self.page.locator(f"section.question[data-question={name}]")

    def shows(self, external: str) -> None:
        self.record = TEXTS[int(external[1:]) - 1]
        expect(self.part("origin")).to_have_text(external, timeout=30_000)

    def looks_back_at(self, external: str) -> None:
        self.record = TEXTS[int(external[1:]) - 1]
        expect(self.part("origin")).to_have_text(f"Your own earlier answer · {external}")

    def reload(self) -> None:
        self.page.reload()
        self.shows("r1")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def give(self, now: Value, wanted: Value) -> None:
        """Bring the answers on the card from what they are to what they are to be."""
        for plain in self.case.definition["questions"]:
            name = plain["name"]
            if name in wanted and now.get(name) != wanted[name]:
                getattr(self, plain["kind"])(plain, now.get(name), wanted[name])

    @abstractmethod
    def tool(self, name: str) -> None:
        """Use one of the tools below the card."""

    @abstractmethod
    def comment(self, text: str) -> None: ...

    @abstractmethod
    def skip_for(self, at: int) -> None: ...

    @abstractmethod
    def nothing(self) -> bool:
        """Submit what is not answered; False where this cannot even be tried."""

    def given(self, text: str) -> bool:
        """Whether it is the text on the screen as it came."""
        return text == self.record.replace("\r\n", "\n")

    def submit(self) -> None:
        if not self.case.one_key:
            self.tool("submit")

    def type(self, text: str) -> None:
        """Type into what has the focus; a line break is the Enter key."""
        for at, line in enumerate(text.split("\n")):
            if at:
                self.press("Enter")
            self.page.keyboard.insert_text(line)

    def retype(self, now: str | None, wanted: str) -> None:
        """Type on at the end of what was typed, or instead of what is there."""
        goes_on = now is not None and wanted.startswith(now)
        self.press("Control+End" if goes_on else "Control+A")
        self.type(wanted[len(now) :] if now is not None and goes_on else wanted)


def journey(hands: Hands) -> None:
    """Every record once, as `Case` says; at the end all is saved."""
    case = hands.case
    hands.open()
    refused(hands)
    hands.tool("flag")
    hands.comment(REMARK)
    hands.give({}, case.begun)
    hands.reload()
    expect(hands.part("flagged")).to_be_visible()
    expect(hands.part("remark")).to_have_text(f"Comment: {REMARK}")
    hands.give(case.begun, case.first)
    hands.submit()
    hands.shows("r2")
    hands.give({}, case.second)
    hands.submit()
    hands.shows("r3")
    hands.tool("undo")
    hands.shows("r2")
    hands.tool("redo")
    hands.shows("r3")
    hands.tool("accept")
    hands.submit()
    hands.shows("r4")
    hands.skip_for(1)
    expect(hands.part("empty")).to_contain_text("All done")
    for external in ("r4", "r3", "r2", "r1"):
        hands.tool("back")
        hands.looks_back_at(external)
    hands.give(case.first, case.corrected)
    hands.submit()
    hands.looks_back_at("r2")
    expect(hands.part("savedText")).to_have_text("Saved", timeout=20_000)


def refused(hands: Hands) -> None:
    """Nothing answered is nothing submitted, and a sentence says why."""
    if hands.nothing():
        expect(hands.part("lack")).to_contain_text("no answer yet")
    hands.shows("r1")


def told(found: list[dict[str, Any]]) -> list[tuple[str, str, Value, bool, str, str]]:
    """(record, state, answers, flagged, comment, reason) of each event that is no draft."""
    return [
        (one["record"], one["state"], one["value"], bool(one["flagged"]), one["comment"], one["reason"] or "")
        for one in found if one["state"] != "draft"
    ]  # fmt: skip


def expected(case: Case) -> list[tuple[str, str, Value, bool, str, str]]:
    """What the file must hold of a journey, in the order of its storing."""
    return [
        ("r1", "submitted", case.first, True, REMARK, ""),
        ("r2", "submitted", case.second, False, "", ""),
        ("r2", "withdrawn", {}, False, "", ""),
        ("r2", "submitted", case.second, False, "", ""),
        ("r3", "submitted", case.suggested, False, "", ""),
        ("r4", "skipped", {}, False, "", REASONS[1]),
        ("r1", "submitted", case.corrected, True, REMARK, ""),
    ]


def untrue(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stretches in answers that are not what the record's text holds at their place."""
    return [
        stretch for one in found for stretch in surfaces(one["value"])
        if one["text"][stretch["start"] : stretch["end"]] != stretch["text"]
    ]  # fmt: skip


def texts_kept(found: list[dict[str, Any]]) -> bool:
    """Whether every text is as it came, byte for byte."""
    texts = {one["record"]: one["text"].encode() for one in found}
    return texts == {f"r{at}": text.encode() for at, text in enumerate(TEXTS, 1)}


def surfaces(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every stretch in an annotation."""
    answers = [one for one in value.values() if isinstance(one, list)]
    return [stretch for one in answers for stretch in one if isinstance(stretch, dict) and "start" in stretch]


def stored(workbench: Workbench, project: str, copy: Path) -> list[dict[str, Any]]:
    """The events of a project in the order of their storing, from a copy of the running workbench's file."""
    snapshot(workbench.database, copy)
    store = open_store(copy)
    rows = store.rows(
        "SELECT r.external_id AS record, r.text, a.state, a.value, a.comment, a.reason, a.flagged FROM annotation_event a "
        "JOIN record r ON r.id = a.record_id JOIN project p ON p.id = r.project_id WHERE p.name = ? ORDER BY a.id",
        [project],
    )
    store.close()
    return [{**row, "value": json.loads(row["value"])} for row in rows]


def snapshot(database: Path, copy: Path) -> None:
    """Copy a database file with its log as they are at one moment: again, if they changed under the copying."""
    log, log_copy = (Path(f"{path}.wal") for path in (database, copy))
    while True:
        before = marks(database, log)
        shutil.copy(database, copy)
        log_copy.unlink(missing_ok=True)
        if log.exists():
            shutil.copy(log, log_copy)
        if marks(database, log) == before:
            return


def marks(*paths: Path) -> list[tuple[int, int] | None]:
    return [(path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None for path in paths]
