"""Lines that pages carry along: notices, buttons, menus. Does not touch a text that holds nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from pipeline.domain import Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.furniture import ALWAYS, MENU, UNENDED
from pipeline.steps.lines_in import without

LONGEST = 300  # characters of a line that is looked at: what is longer says something of its own
_SHORT = 20  # characters of a line that may stand in a menu
_RUN = 3  # lines, or parts of one line, that a menu has at least
_EDGES = " \t\r\u3000«»›>→▶►▼|·[]【】()（）…"
_MARKS = "-*•●– "  # lists of advice have them too, so only menus are read without them
_BETWEEN = re.compile(r"\s*[|｜·•»›>/]\s*")
_SENTENCE = re.compile(r"[.!?。！？…,，;；:：]")


@steps.register
@dataclass(frozen=True, slots=True)
class Boilerplate:
    """Remove lines that pages carry along: cookie notices, "read more", share buttons, login prompts, copyright and
    menus, in English and Chinese. A text of nothing else stays and is flagged."""

    name: ClassVar[str] = "boilerplate"
    notices: bool = knob(True, "Remove notices, prompts and buttons, by their wording.")
    menus: bool = knob(True, "Remove menus: three or more short lines, or parts of a line, mostly words of menus.")
    lines: str = knob("", "Lines of your own to remove, one a line; * at the end stands for any rest.", multiline=True)

    def judge(self, text: str) -> Edit | Flag | None:
        lines = text.split("\n")
        bare = [line.strip(_EDGES).lower() if len(line) <= LONGEST else None for line in lines]
        gone = {at for at, line in enumerate(bare) if line and self._noticed(line, lines[at])}
        if self.menus and len(lines) >= _RUN:
            gone |= _menus(bare, gone)
        if not gone:
            return None
        if all(at in gone or not line.strip() for at, line in enumerate(lines)):
            return Flag("nothing but boilerplate")
        return Edit(without(lines, gone.__contains__), "boilerplate lines removed")

    def _noticed(self, bare: str, line: str) -> bool:
        whole, starts = _own(self.lines)
        if line.strip().lower() in whole or (starts and line.strip().lower().startswith(starts)):
            return True
        if self.menus and _is_bar(bare):
            return True
        return self.notices and bool(
            ALWAYS.fullmatch(bare) or (not line.rstrip().endswith((".", "。", "?", "？")) and UNENDED.fullmatch(bare))
        )


def _menus(bare: list[str | None], gone: set[int]) -> set[int]:
    """The lines of menus among those that are not gone. Runs reach as far as they can, so that none is left."""
    found: set[int] = set()
    run: list[int] = []
    for at, line in enumerate([*bare, None]):
        if at in gone or line == "":
            continue
        if line is not None and len(line) <= _SHORT and not _SENTENCE.search(line):
            run.append(at)
            continue
        known = sum((bare[one] or "").strip(_MARKS) in MENU for one in run)
        if len(run) >= _RUN and 2 * known >= len(run):
            found.update(run)
        run = []
    return found


def _is_bar(line: str) -> bool:
    """Whether this line is a menu by itself, such as "Home | About | Contact"."""
    if "|" not in line and not _BETWEEN.search(line):
        return False
    parts = [part.strip(_MARKS) for part in _BETWEEN.split(line) if part.strip(_MARKS)]
    known = sum(part in MENU for part in parts)
    return len(parts) >= _RUN and 2 * known >= len(parts) and all(len(part) <= _SHORT for part in parts)


@lru_cache
def _own(lines: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The reader's own lines: (whole ones, how others begin)."""
    own = [line.strip().lower() for line in lines.split("\n") if line.strip()]
    starts = tuple(line[:-1] for line in own if line.endswith("*") and len(line) > 1)
    return frozenset(line for line in own if not line.endswith("*")), starts
