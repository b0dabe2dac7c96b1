"""Marks records that seem to hold personal data: a hint for people, by pattern; finds not all and removes none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps

KINDS = ("e-mail", "phone")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_DIGITS = re.compile(r"[0-9]{3}")
# mainland mobiles; international numbers with their plus (ITU E.164: at most 15 digits); North American ones
_PHONE = re.compile(
    r"(?<![\w.])(?:(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}"
    r"|\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{2,4}\)?){2,5}"
    r"|(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-.][0-9]{4})(?!\w)"
)


@steps.register
@dataclass(frozen=True, slots=True)
class Personal:
    """Flag records that seem to hold an e-mail address or a phone number, for a person to look at; removes nothing."""

    name: ClassVar[str] = "personal"
    kinds: tuple[str, ...] = knob(KINDS, "What to look for.", choices=KINDS)

    def judge(self, text: str) -> Flag | None:
        found = []
        if "e-mail" in self.kinds and "@" in text and _MAIL.search(text):
            found.append("e-mail address")
        if "phone" in self.kinds and _DIGITS.search(text) and _PHONE.search(text):
            found.append("phone number")
        return Flag(" and ".join(found)) if found else None
