"""What the finders of personal data give, and the edges that they share. Registers no step."""

from __future__ import annotations

import re
from typing import NamedTuple

_BEFORE = re.compile(r"[A-Za-z0-9_]\Z|[0-9][,:]\Z|(?<![A-Za-z])\.\Z|[A-Za-z0-9][/-]\Z|[#$¥￥€£+]\Z")
_AFTER = re.compile(r"[A-Za-z0-9_%％]|[.:/][0-9]|-[A-Za-z0-9]|,[0-9]{3}(?![0-9])")
_NO_NUMBER = re.compile(  # what a number is called that is nobody's
    r"(?:(?<![A-Za-z])(?:order|invoice|tracking|serial|isbn|issn|part|model|item|ref|reference|ticket|case|id|sku|upc|ean|imei|uid|"
    r"barcode|version|build|commit|timestamp|status|receipt|transaction|batch|lot|no|nr|number)"
    r"|订单|单|编|流水|条形码|条码|货号|型号|学号|工号|群号|书号|代码|批次|时间戳|版本)"
    r"(?:[ _-]?(?:number|num|no|id|code))?[号码]{0,2}[\s.:：=#为是]{0,4}\Z",
    re.IGNORECASE,
)


class Span(NamedTuple):
    """A find: [start, end) in code points, and its value in the one form in which equal data is equal."""

    start: int
    end: int
    value: str


def apart(text: str, start: int, end: int) -> bool:
    """Whether no ASCII letter, digit or underscore touches the span: Chinese stands beside numbers without a space."""
    return not _wordy(text[start - 1 : start]) and not _wordy(text[end : end + 1])


def _wordy(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def whole(text: str, start: int, end: int) -> bool:
    """Whether a run of digits is a number by itself: no part of a longer one, of a date, a sum, a word or a path."""
    return not _BEFORE.search(text[max(0, start - 2) : start]) and not _AFTER.match(text, end)


def unnamed(text: str, start: int) -> bool:
    """Whether a number is not said to be an order's, a book's or a version's right before it."""
    return not _NO_NUMBER.search(text[max(0, start - 24) : start])
