"""Addresses of pages in texts. Does not look for bare domains: "e.g.this" and "3.5.com" are too alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.cuts import ACTIONS, MOST, judgement, shown

# ASCII only: a Han character that touches an address is the sentence going on
_BODY = r"[A-Za-z0-9](?:[!#-;=?-\[\]_a-z|~]*[A-Za-z0-9/#=&_~+%-])?"
_URL = rf"(?<![A-Za-z0-9_@./-])(?:(?:https?|ftp)://{_BODY}|www\.{_BODY})"
_FOUND = re.compile(_URL, re.IGNORECASE)
_LINK = re.compile(rf"!?\[([^\[\]\n]{{0,300}})\]\({_URL}\)", re.IGNORECASE)
_WITH_SPACE = re.compile(rf"(?m)^[ \t]*<?{_URL}>?[ \t]*|[ \t]?<?{_URL}>?", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z]+://)?(?:[^/?#@]*@)?([^/?#]*)", re.IGNORECASE)
ROUNDS = 8  # taking an address out can leave another one


@steps.register
@dataclass(frozen=True, slots=True)
class Urls:
    """Flag or drop texts that are mostly web addresses; and if wanted remove the addresses, put <url> in their place,
    or leave only their hosts."""

    name: ClassVar[str] = "urls"
    cuts: ClassVar[Mapping[str, Literal["least", "most"]]] = {"share": MOST}
    share: float = knob(0.5, "The largest share of a text's characters in addresses; 0 for no limit.", low=0, high=1)
    mostly: str = knob(
        "flag", "What becomes of a text of more addresses; a flag only where they stay.", choices=ACTIONS
    )
    action: str = knob(
        "keep",
        "What becomes of them; a text of nothing else stays.",
        choices=("keep", "mask", "host", "remove"),
    )

    def judge(self, text: str) -> Drop | Edit | Flag | None:
        if not _may_have(text):
            return None
        share = self._share(text)
        if not share:
            return None
        after = None if self.action == "keep" else self._after(text)
        if self.share and share > self.share and (after is None or self.mostly == "drop"):
            return judgement(self.mostly, f"mostly web addresses: {shown(share)}")
        return None if after is None else Edit(after, "web addresses replaced")

    def measures(self, text: str) -> Mapping[str, float]:
        return {"share": self._share(text)}

    def _share(self, text: str) -> float:
        size = len(text.strip())
        return sum(len(found[0]) for found in _FOUND.finditer(text)) / size if size and _may_have(text) else 0.0

    def _after(self, text: str) -> str | None:
        """The text without its addresses; None if it would be as it was, or empty."""
        now = text
        for _ in range(ROUNDS):
            last, now = now, self._without(now)
            if now == last:
                return None if now == text or not now.strip() else now
        return None

    def _without(self, text: str) -> str:
        if self.action == "mask":
            return _FOUND.sub("<url>", text)
        if self.action == "host":
            return _FOUND.sub(lambda found: _host(found[0]), text)
        return _WITH_SPACE.sub("", _LINK.sub(r"\1", text))


def _may_have(text: str) -> bool:
    return "://" in text or "www." in text or "WWW." in text


def _host(url: str) -> str:
    """The host alone, without "www.", so that it is no address that would be found again."""
    found = _HOST.match(url)
    return found[1].removeprefix("www.").removeprefix("WWW.") if found else url
