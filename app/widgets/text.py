"""Record text on a page: it is untrusted, so it never reaches the Markdown renderer unescaped."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")


def plain(text: str, limit: int | None = None) -> str:
    """Text as Markdown that shows just that text: every mark escaped, line breaks kept, cut to `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _MARKS.sub(r"\\\1", text).replace("\n", "  \n")
