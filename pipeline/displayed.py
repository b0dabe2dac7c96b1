"""Marks that count the text as potato displays it: without tags, with entities read, CRLF as LF, spaces in a row as
one, none at the ends. Here they are turned into places of the text as it is, and back.
"""

from __future__ import annotations

import bisect
import html
import re
from dataclasses import dataclass

_TAGS = (  # those that a page of potato keeps; others are shown as they are
    "span b i u strong em mark s del ins br hr wbr div p ul ol li dl dt dd h1 h2 h3 h4 h5 h6 table thead tbody tr th "
    "td caption sub sup small code pre blockquote abbr cite kbd samp var details summary a img figure figcaption video "
    "audio source track ruby rt rp"
)
_PART = re.compile(
    rf"(?P<tag></?(?:{'|'.join(_TAGS.split())})\b[^>]*>)|(?P<space> +)|(?P<control>[\x00-\x09\x0b-\x1f\x7f])"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Displayed:
    """What a page displays of a text, and for each of its characters from where to where it stands in the text."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, raw: str) -> Displayed:
        shown: list[tuple[str, int, int]] = []  # a tag stands with no character
        at = 0
        for match in _PART.finditer(raw):
            shown += [(char, at + n, at + n + 1) for n, char in enumerate(raw[at : match.start()])]
            whole = match.span()
            if match["tag"]:
                shown.append(("", *whole))
            elif match["entity"]:
                shown += [("", *whole), *((char, *whole) for char in html.unescape(match["entity"])), ("", *whole)]
            elif match["space"] and not (shown and shown[-1][0] == " "):
                shown.append((" ", *whole))
            at = match.end()
        shown += [(char, at + n, at + n + 1) for n, char in enumerate(raw[at:])]
        first = next((n for n, one in enumerate(shown) if not one[0].isspace()), len(shown))
        last = next((n for n in range(len(shown), 0, -1) if not shown[n - 1][0].isspace()), first)
        kept = [one for one in shown[first:last] if one[0]]
        return cls("".join(one[0] for one in kept), tuple(one[1] for one in kept), tuple(one[2] for one in kept))

    def place(self, raw: str, start: int, end: int, surface: str | None) -> tuple[int, int] | None:
        """Where a mark stands in the text; if its offsets do not fit, at the nearest place that reads like it."""
        if 0 <= start < end <= len(self.text) and surface in (None, self.text[start:end]):
            return self.starts[start], self.ends[end - 1]
        if not surface or not surface.strip():
            return None
        words = r"\s+".join(map(re.escape, surface.split()))
        found = [match.span() for match in re.finditer(words, raw)]
        wanted = self.starts[start] if 0 <= start < len(self.starts) else start
        return min(found, key=lambda span: abs(span[0] - wanted), default=None)

    def offset(self, at: int, *, end: bool = False) -> int:
        """Where a place of the text is on the page; one that is not shown counts as what is shown behind it, or before
        it for the end of a mark."""
        if end:
            return bisect.bisect_right(self.ends, at)
        return bisect.bisect_left(self.starts, at)
