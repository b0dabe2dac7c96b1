"""Record text on a page: it is untrusted, so it never reaches the Markdown renderer unescaped."""

from __future__ import annotations

import re

_INDENT = re.compile(r"^(?: {4}| {0,3}\t)[ \t]*", re.MULTILINE)  # would make the line a block of code
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")


def plain(text: str, limit: int | None = None) -> str:
    """Text as Markdown that shows just that text: every mark escaped, line breaks kept, cut to `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    escaped = _INDENT.sub(lambda found: "\xa0" * len(found[0].expandtabs(4)), _MARKS.sub(r"\\\1", text))
    return escaped.replace("\n", "  \n")
