"""Record text on a page: it is untrusted, so it never reaches the Markdown renderer unescaped."""

from __future__ import annotations

import re

_INDENT = re.compile(r"^(?: {4}| {0,3}\t)[ \t]*", re.MULTILINE)  # would make the line a block of code
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
# What Streamlit still looks for once all marks are read, whatever was escaped: icons, emoji, addresses, arrows.
_TURNED = re.compile(
    r"(?<=:)(?=//|material/|[\w+-]+:)|(?<=www)(?=\.)|(?<=@)(?=[-\w])|(?<=(?<!\S)[-<>~])(?=(?:->|[->=])(?!\S))",
    re.IGNORECASE,
)
_APART = ":small[]"  # an empty span: it shows nothing, and what it stands between is no longer one text to look in

_DIAGRAM = re.compile(
    r"(?:`{3,}|~{3,})(?=[ \t]*\S*(?:mermaid|[&\\]))", re.IGNORECASE
)  # also if its name is written in signs
_NOTHING = "\u200b"  # takes no room, and makes two of what it stands in; hides well in code, where it is shown


def plain(text: str, limit: int | None = None) -> str:
    """Text as Markdown that shows just that text: every mark escaped, line breaks kept, cut to `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _APART.join(map(_escaped, _TURNED.split(text)))


def _escaped(text: str) -> str:
    escaped = _INDENT.sub(lambda found: "\xa0" * len(found[0].expandtabs(4)), _MARKS.sub(r"\\\1", text))
    return escaped.replace("\n", "  \n")


def harmless(markdown: str) -> str:
    """A person's own Markdown that fetches nothing: a picture is drawn as a link to it, a diagram as its source."""
    return _DIAGRAM.sub(f"\\g<0>{_NOTHING}", markdown).replace("![", f"!{_NOTHING}[")
