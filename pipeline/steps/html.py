"""Markup to text. Only what is surely HTML counts: known elements with well-formed attributes, and named or numbered
entities that end in a semicolon. So "a < b and c > d", "<3", "List<String>" and "?a=1&copy=2" stay as they are. A bare
tag whose name is also a word ("cp <source> <dest>", "Optional<Data>", "the <title> tag") counts if it is closed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from html.entities import html5
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser

from pipeline.domain import Edit
from pipeline.knobs import knob
from pipeline.steps.base import steps

ROUNDS = 8  # text that was escaped twice or more; deeper nesting is not text that anyone wrote

_BREAKS = (
    "address|article|aside|blockquote|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h1|h2|h3|h4|"
    "h5|h6|header|hr|legend|li|main|nav|ol|option|p|pre|section|summary|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|area|audio|b|base|basefont|bdi|bdo|big|body|button|canvas|cite|code|col|colgroup|data|datalist|del|"
    "details|dfn|dialog|dir|em|embed|font|frame|frameset|head|hgroup|html|i|img|input|ins|kbd|label|link|map|mark|"
    "marquee|menu|meta|meter|nobr|noframes|object|optgroup|output|param|picture|progress|q|rp|rt|ruby|s|samp|search|"
    "select|slot|small|source|span|strike|strong|sub|sup|textarea|time|track|tt|u|var|video|wbr"
)
_SURE = frozenset(  # bare, these are markup even where nothing closes them
    """br p hr li td th tr dd dt div span strong em font center blockquote h1 h2 h3 h4 h5 h6 ul ol dl tbody thead pre
    code tt small big sub sup strike del ins nobr wbr""".split()  # noqa: SIM905
)
_UNSEEN = "script|style|noscript|template|iframe|svg"  # their content is not text
_BARE = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|controls|default|defer|disabled|formnovalidate|hidden|"
    "ismap|itemscope|loop|multiple|muted|nomodule|noshade|novalidate|nowrap|open|playsinline|readonly|required|reversed|"
    "selected"
)
_S = r"[\s\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]"  # pages that went through an editor have all kinds of spaces
_VALUED = rf"""[A-Za-z_:@][\w:.@-]*{_S}*={_S}*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>=`]+|(?={_S}*/?>))"""
_ATTRIBUTES = rf"(?:{_S}+(?:{_VALUED}|(?:{_BARE})(?![\w-])))*{_S}*/?"
_MARKUP = re.compile(
    r"<!--(?:(?!<!--).)*?-->|<!doctype[^<>]*>"
    rf"|<(?P<unseen>{_UNSEEN}){_ATTRIBUTES}>(?:(?!<(?P=unseen)\b).)*?</(?P=unseen)\s*>"
    rf"|</?(?P<tag>{_BREAKS}|{_INLINE}){_ATTRIBUTES}>"
    rf"|</?(?:o|w|v|m|st1):[a-z]+{_ATTRIBUTES}>|<!\[(?:end)?if[^<>]*\]>",  # what Word leaves
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_BREAK_TAGS = frozenset(_BREAKS.split("|"))
_CLOSING = re.compile(r"</([A-Za-z][A-Za-z0-9]*)")
_PAGE = re.compile(r"<!doctype html|<(?:html|body)(?:\s[^<>]*)?>", re.IGNORECASE | re.ASCII)
_PAGE_END = re.compile(r"<!doctype html|</(?:html|body)\s*>", re.IGNORECASE | re.ASCII)
_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);)+")  # "&amp;amp;lt;" at one go
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@steps.register
@dataclass(frozen=True, slots=True)
class Html:
    """Turn HTML into text: tags go, <br> and <p> become line breaks, entities become characters, scripts and styles go
    with all they hold. A text without real tags or entities stays as it is."""

    name: ClassVar[str] = "html"
    entities: bool = knob(True, "Also turn entities such as &amp; and &#39; into characters.")

    def judge(self, text: str) -> Edit | None:
        if "<" not in text and "&" not in text:
            return None
        now, had_tags = text, False
        for _ in range(ROUNDS):
            stripped = _stripped(now)
            had_tags |= stripped != now
            plain = _decoded(stripped) if self.entities else stripped
            if plain == now:
                reason = "markup removed" if had_tags else "entities decoded"
                return None if now == text else Edit(now, reason)
            now = plain
        return None  # no fixed point within reason: leave the riddle as it is


def _stripped(text: str) -> str:
    if ">" not in text or "<" not in text:
        return text
    if _PAGE.search(text) and _PAGE_END.search(text):
        return _page_text(text)
    closed = frozenset(name.lower() for name in _CLOSING.findall(text))
    return _MARKUP.sub(lambda found: _replacement(found, closed), text)


def _replacement(found: re.Match[str], closed: frozenset[str]) -> str:
    tag = (found["tag"] or "").lower()
    bare = tag and len(found[0]) == len(tag) + 2
    if bare and tag not in _SURE and tag not in closed:
        return found[0]
    return "\n" if tag in _BREAK_TAGS else ""


def _page_text(text: str) -> str:
    """The text of a whole page, for which a parser is better than a pattern: unclosed elements, tables, the head."""
    page = LexborHTMLParser(text)
    page.strip_tags([*_UNSEEN.split("|"), "head"])
    for node in page.css(_BREAKS.replace("|", ",")):
        node.insert_before("\n")
    body = page.body
    return body.text() if body is not None else ""


def _decoded(text: str) -> str:
    return _ENTITY.sub(_character, _AMPERSANDS.sub("&", text)) if "&" in text and ";" in text else text


def _character(found: re.Match[str]) -> str:
    token = found[0]
    character = unescape(token) if token[1] == "#" or token[1:] in html5 else token
    return token if character == "\ufffd" else character  # the number of no character
