"""Personal data: a hint for people, or masks in its place. By pattern; it finds not all, and no names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain import Drop, Edit, Flag
from pipeline.knobs import knob
from pipeline.steps.base import steps
from pipeline.steps.personal_data import KINDS, find, masked

NAMED = ("e-mail", "phone", "card", "iban", "identity", "ssn", "ip", "key")
MOST = 3  # kinds that a reason names


@steps.register
@dataclass(frozen=True, slots=True)
class Personal:
    """Flag, mask or drop records that hold personal data: e-mail addresses, phone numbers, payment cards, bank
    accounts, Chinese identity numbers, US social security numbers, network addresses, keys and tokens. Numbers are held
    against their check digits and ranges. Names and streets are not found."""

    name: ClassVar[str] = "personal"
    secret: ClassVar[str] = "key"  # noqa: S105 - the name of the setting
    kinds: tuple[str, ...] = knob(NAMED, "What to look for.", choices=NAMED)
    action: str = knob("flag", "What to do with a record that holds some.", choices=("flag", "mask", "drop"))
    key: str = knob("", "What masks are made with: equal data gets equal masks. Empty takes the project's own secret.")

    def judge(self, text: str) -> Drop | Edit | Flag | None:
        if self.action == "mask":
            clean, seen = masked(text, self.kinds, self.key)
            return Edit(clean, f"{_said(seen)} masked") if seen else None
        seen = [one.kind for one in find(text, self.kinds)]
        if not seen:
            return None
        return Drop(_said(seen)) if self.action == "drop" else Flag(_said(seen))


def _said(seen: Sequence[str]) -> str:
    """The kinds, in the order in which the form has them."""
    phrases = [KINDS[kind].phrase for kind in NAMED if kind in seen]
    if len(phrases) > MOST:
        return f"personal data of {len(phrases)} kinds"
    if len(phrases) == 1:
        return phrases[0]
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"
