"""Finds personal data in a text and puts marks in its place. Registers no step.

The kinds are tried in the order of KINDS, and where two finds overlap the earlier kind has it. Everything is a pattern
with a check behind it: what no pattern knows, such as a name or a street, is not found.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pipeline.steps.personal_addresses import machines, mails
from pipeline.steps.personal_keys import keys
from pipeline.steps.personal_numbers import accounts, cards, identities, securities
from pipeline.steps.personal_phones import phones
from pipeline.steps.personal_spans import Span

_SEVEN = re.compile(r"[0-9](?:[^0-9\n]{0,2}[0-9]){6}")
_DOTTED = re.compile(r"[0-9][.．][0-9]{1,3}[.．][0-9]")
_HEX = re.compile(r"[23][0-9A-Fa-f]{3}[:：]")  # how a network address of version 6 begins
# Every key has so many of these in a row, but for a block and a login; the wide ones are narrowed before it is read.
_RUN = re.compile(r"[A-Za-z0-9_+/=.~\-＿＋／＝．～－]{15}")
_WIDE_WORD = re.compile("[＠０-９Ａ-Ｚａ-ｚ]")
_WIDE = re.compile("[！-～]")
_NARROW = {chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)}  # one for one, so that offsets stay
MARK = re.compile(r"<(?:EMAIL|PHONE|CARD|IBAN|ID|SSN|IP|KEY)_[0-9a-f]{8}>")


class Kind(NamedTuple):
    """A kind of personal data: how a mark and a sentence call it, and what finds it."""

    mark: str
    phrase: str
    find: Callable[[str], Iterator[Span]]


KINDS = {
    "key": Kind("KEY", "key or token", keys),
    "e-mail": Kind("EMAIL", "e-mail address", mails),
    "iban": Kind("IBAN", "bank account", accounts),
    "identity": Kind("ID", "identity number", identities),
    "card": Kind("CARD", "payment card", cards),
    "ssn": Kind("SSN", "social security number", securities),
    "phone": Kind("PHONE", "phone number", phones),
    "ip": Kind("IP", "network address", machines),
}
_NUMBERS = ("iban", "identity", "card", "ssn", "phone")


class Find(NamedTuple):
    """Personal data at [start, end), in code points; equal data has an equal value, however it is written."""

    start: int
    end: int
    kind: str
    value: str


def find(text: str, kinds: Sequence[str]) -> list[Find]:
    """What a text holds of these kinds, in its order and without overlaps. Marks are never found again."""
    wide = not text.isascii() and _WIDE_WORD.search(text) is not None
    read = _narrow(text) if wide else text
    worth = _worth(read)
    if worth.isdisjoint(kinds):
        return []
    if not wide and not text.isascii():  # it takes so long that it is not done for punctuation alone
        read = _narrow(text)
    found: list[Find] = []
    taken = bytearray()
    for kind, known in KINDS.items():
        for span in known.find(read) if kind in kinds and kind in worth else ():
            taken = taken or _marked(text)
            if not any(taken[span.start : span.end]):
                taken[span.start : span.end] = b"x" * (span.end - span.start)
                found.append(Find(span.start, span.end, kind, span.value))
    return sorted(found)


def _narrow(text: str) -> str:
    return _WIDE.sub(lambda found: _NARROW[found[0]], text)


def _marked(text: str) -> bytearray:
    """Which characters of a text are a mark's."""
    taken = bytearray(len(text))
    for mark in MARK.finditer(text):
        taken[mark.start() : mark.end()] = b"x" * len(mark[0])
    return taken


def _worth(text: str) -> set[str]:
    """The kinds that a text can hold at all, by what is quick to see; wide punctuation may stand in it."""
    worth: set[str] = set()
    if "@" in text:
        worth.update(("e-mail", "key"))
    elif "PRIVATE KEY" in text or _RUN.search(text):
        worth.add("key")
    if any(digit in text for digit in "0123456789"):
        if _SEVEN.search(text):
            worth.update(_NUMBERS)
        if _DOTTED.search(text) or _HEX.search(text):
            worth.add("ip")
    return worth


def masked(text: str, kinds: Sequence[str], key: str) -> tuple[str, list[str]]:
    """The text with a mark in place of each find, and the kinds that were found. Equal data has equal marks under one
    key (HMAC, RFC 2104); without the key a mark does not tell what it stands for. Nothing is found in what is given."""
    seen: set[str] = set()
    while finds := find(text, kinds):  # a mark can uncover what stood too close to be told apart; each round has less
        seen.update(one.kind for one in finds)
        edges = [0, *(one.end for one in finds)]
        pieces = [text[edge : one.start] + _mark(one, key) for edge, one in zip(edges, finds, strict=False)]
        text = "".join(pieces) + text[edges[-1] :]
    return text, [kind for kind in KINDS if kind in seen]


def _mark(one: Find, key: str) -> str:
    data = f"{one.kind}\0{one.value}".encode("utf-8", "surrogatepass")
    secret = key.encode("utf-8", "surrogatepass")
    return f"<{KINDS[one.kind].mark}_{hmac.new(secret, data, hashlib.sha256).hexdigest()[:8]}>"
