"""Telephone numbers inside a text, of people and of firms. Registers no step.

A number counts by its own form (mainland Chinese and North American ones, those with a plus and a country), or because
it is called a telephone number. What is written with a plus is held against the numbering plans that the package
phonenumbers knows (ITU E.164 and the plan of each country).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.steps.personal_spans import Span, unnamed, whole

_MOBILE = re.compile(r"1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])([- ]?)[0-9]{4}\1[0-9]{4}")
_CHINA = re.compile(r"(?:\+|00)?86[- ]?\Z")
_AMERICAN = re.compile(r"[2-9][0-9]{2}(?:(\)) ?|[-.])[0-9]{3}[-.][0-9]{4}")
_ONE = re.compile(r"(?<![0-9A-Za-z])\+?1[-. ]\Z")
_AREA = re.compile(  # mainland landlines, Taiwan's mobiles, and any area code in brackets
    r"0(?:(?:10|2[0-57-9]|[3-9][0-9]{2})[- ]?[- ][2-8][0-9]{2,3}[- ]?[0-9]{4}(?:-[0-9]{1,5}(?![0-9]))?"
    r"|9[0-9]{2}-[0-9]{3}-[0-9]{3}|[0-9]{1,4}\) ?[0-9]{3,4}[ -]?[0-9]{3,4})"
)
_HOTLINE = re.compile(r"[48]00-[0-9]{3,4}-[0-9]{3,4}")
_ABROAD = re.compile(r"(?:\+|00(?=[1-9][0-9]{0,2}[ .(-]))[1-9][0-9]{0,3}(?:[ .()-]{0,2}[0-9]){5,14}")
_NANP = re.compile(r"\+1[ .-]?\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}")
_RUN = re.compile(r"[0-9](?:[ ()-]{0,2}[0-9]){6,14}")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[- ][01]?[0-9][- ][0-3]?[0-9]")
_CALLED = re.compile(
    r"(?:(?<![A-Za-z])(?:tel|telephone|phone|mobile|cell|fax|call|calls|ring|text|sms|whatsapp|office|home|dial|contact"
    r"|landline|direct line)|电话|手机|座机|固话|热线|传真|拨打|致电|短信|微信)"
    r"(?:[\s:：.,=#(]{0,3}(?:number|no|is|me|us|at|on|from|to|号码|号|是|为|请|机)){0,3}[\s:：.,=#(]{0,3}\Z",
    re.IGNORECASE,
)
_MEASURE = frozenset("元人次块美个条字")


def phones(text: str) -> Iterator[Span]:
    """The spans of telephone numbers, which may overlap; the longest of those at one place first."""
    found = [*_mobiles(text), *_american(text), *_area(text), *_called(text)]
    if "+" in text or "00" in text:
        found += _abroad(text)
    yield from sorted(found, key=lambda span: span.start - span.end)


def _mobiles(text: str) -> Iterator[Span]:
    for found in _MOBILE.finditer(text):
        start, end = found.span()
        before = _CHINA.search(text[max(0, start - 5) : start])
        begin = start - len(before[0]) if before else start
        goes_on = found[1] and re.match(rf"{found[1]}[0-9]{{3}}", text[end:])
        alone = whole(text, begin, end) and not goes_on and text[end : end + 1] not in _MEASURE
        if alone and (before or unnamed(text, begin)):
            yield Span(begin, end, f"+86{_digits(found[0])}")


def _american(text: str) -> Iterator[Span]:
    for found in _AMERICAN.finditer(text):
        start, end = found.span()
        if found[1] and text[start - 1 : start] != "(":
            continue
        start -= 1 if found[1] else 0
        before = _ONE.search(text, max(0, start - 3), start)
        begin = before.start() if before else start
        if whole(text, begin, end) and unnamed(text, begin):
            yield Span(begin, end, f"+1{_digits(found[0])}")


def _area(text: str) -> Iterator[Span]:
    for pattern in (_AREA, _HOTLINE):
        for found in pattern.finditer(text):
            start, end = found.span()
            bracket = ")" in found[0]
            if bracket != (text[start - 1 : start] == "("):
                continue
            start -= bracket
            if whole(text, start, end) and unnamed(text, start):
                yield Span(start, end, _digits(found[0]))


def _called(text: str) -> Iterator[Span]:
    """Seven to fifteen digits that are called a telephone number right before them."""
    for found in _RUN.finditer(text):
        start, end = found.span()
        start -= text[start - 1 : start] == "("
        if _CALLED.search(text[max(0, start - 32) : start]) and not _DATE.match(found[0]) and whole(text, start, end):
            yield Span(start, end, _digits(found[0]))


def _abroad(text: str) -> Iterator[Span]:
    """Numbers with a plus that are in their country's plan; what follows one behind a space is cut off again."""
    for found in _ABROAD.finditer(text):
        start, end = found.span()
        while end > start and not (_planned(text[start:end]) and whole(text, start, end)):
            end = max((text.rfind(gap, start, end) for gap in " -."), default=-1)
        if end > start:
            yield Span(start, end, f"+{_digits(text[start:end]).removeprefix('00')}")


def _planned(written: str) -> bool:
    import phonenumbers  # its plans are read when a number is met: only for those who use the step

    if _NANP.fullmatch(written):
        return True  # 555 is no area code, but stands in many a text
    try:
        number = phonenumbers.parse(f"+{_digits(written).removeprefix('00')}", None)
        return phonenumbers.is_valid_number(number)
    except phonenumbers.NumberParseException:
        return False


def _digits(written: str) -> str:
    return "".join(filter(str.isdigit, written))
