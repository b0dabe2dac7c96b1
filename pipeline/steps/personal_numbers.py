"""Numbers that are given to people, inside a text: payment cards, bank accounts, identity numbers. Registers no step.

Each is held against its own check digits and ranges; who names a number an order's or a book's is believed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from pipeline.steps.personal_spans import Span, apart, unnamed, whole

_CARD = re.compile(
    r"[2-6][0-9]{3}(?:[0-9]{10,15}|([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{3})?|([ -])[0-9]{6}\2[0-9]{4,5}"
    r"|[0-9]{2}[ -][0-9]{13})"
)
# Issuers' ranges and lengths (ISO/IEC 7812). Numbers of 13 digits are left out: they are the barcodes of goods.
_ISSUED = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?"  # Visa
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}"  # American Express, Diners Club
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|62[0-9]{14}(?:[0-9]{3})?"  # Discover, UnionPay
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}|220[0-4][0-9]{12}"  # JCB, Mir
    r"|(?:5018|5020|5038|6304|6759|676[1-3])[0-9]{10,15}"  # Maestro
)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{3}")
_IBAN_LENGTHS = {  # the registry of SWIFT, release 99
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV",
    29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_LONG = {country: size for size, countries in _IBAN_LENGTHS.items() for country in countries.split()}
_IDENTITY = re.compile(r"[1-8][0-9]{5}[ -]?(?:19|20)[0-9]{6}[ -]?[0-9]{3}[0-9Xx]")
_OLD_IDENTITY = re.compile(r"[1-8][0-9]{14}")
_REGIONS = frozenset(  # GB/T 2260: provinces; 83 is for residents from Taiwan
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()  # noqa: SIM905
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999: ISO 7064, MOD 11-2
_SECURITY = re.compile(r"[0-8][0-9]{2}([- ]?)[0-9]{2}\1[0-9]{4}")
_SECURITY_WORD = re.compile(r"(?:\bssn|social security)[\w\s:#.'\"]{0,20}\Z", re.IGNORECASE)


def cards(text: str) -> Iterator[Span]:
    """Payment cards: an issuer's range, its length, Luhn's check digit, and no grouping but the usual ones."""
    for found in _CARD.finditer(text):
        start, end = found.span()
        digits = _bare(found[0])
        if not _ISSUED.fullmatch(digits) and found[1] and len(digits) > 16:  # three digits behind it: the card's code
            end = start + 19
            digits = digits[:16]
        if _ISSUED.fullmatch(digits) and luhn(digits) and whole(text, start, end) and unnamed(text, start):
            yield Span(start, end, digits)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(two - 9 if two > 9 else two for two in doubled)) % 10 == 0


def accounts(text: str) -> Iterator[Span]:
    """Bank accounts by their IBAN: the country's length and the remainder by 97 (ISO 13616)."""
    for found in _IBAN.finditer(text):
        size = _LONG.get(found[0][:2])
        end = _reach(text, found.start(), size) if size else 0
        if end and apart(text, found.start(), end):
            value = _bare(text[found.start() : end])
            if int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1:
                yield Span(found.start(), end, value)


def _reach(text: str, start: int, size: int) -> int:
    """Where so many capitals and digits end that have at most one space or dash between them; 0 if they do not."""
    found = re.compile(rf"(?:[A-Z0-9][ -]?){{{size - 1}}}[A-Z0-9]").match(text, start)
    return found.end() if found else 0


def identities(text: str) -> Iterator[Span]:
    """Chinese resident identity numbers: region, date and check digit (GB 11643-1999). The old ones of 15 digits have
    no check digit and count only where they are called so."""
    for found in _IDENTITY.finditer(text):
        value = _bare(found[0]).upper()
        if apart(text, *found.span()) and _resident(value, value[6:14]) and value[17] == _check(value):
            yield Span(*found.span(), value)
    for found in _OLD_IDENTITY.finditer(text):
        named = "身份证" in text[max(0, found.start() - 12) : found.start()]
        if named and apart(text, *found.span()) and _resident(found[0], f"19{found[0][6:12]}"):
            yield Span(*found.span(), found[0])


def _check(value: str) -> str:
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(value, _WEIGHTS, strict=False)) % 11]


def _resident(value: str, born: str) -> bool:
    try:
        dt.date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return False
    return value[:2] in _REGIONS


def securities(text: str) -> Iterator[Span]:
    """Social security numbers of the United States, without the ranges that are never given out (20 CFR 422.103):
    written 3-2-4, or called so."""
    for found in _SECURITY.finditer(text):
        start, end = found.span()
        digits = _bare(found[0])
        if digits[:3] in ("000", "666") or digits[3:5] == "00" or digits[5:] == "0000" or not whole(text, start, end):
            continue
        named = _SECURITY_WORD.search(text[max(0, start - 40) : start])
        if named or (found[1] == "-" and unnamed(text, start)):
            yield Span(start, end, digits)


def _bare(written: str) -> str:
    return written.replace(" ", "").replace("-", "")
