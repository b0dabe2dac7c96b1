"""A set of labels as lines of text: one label a line, a deeper line belongs to the one above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

INDENT = "  "
COLONS = (":", "：")


def to_text(labels: Sequence[str], parents: Mapping[str, str]) -> str:
    """The lines that `from_text` reads again. A parent that is no label itself is a heading and ends with a colon."""
    children: dict[str, list[str]] = {}
    top: list[str] = []
    known = set(labels)
    for label in labels:
        above = parents.get(label)
        if above is None:
            top.append(label)
            continue
        if above not in known and above not in children:
            top.append(above)
        children.setdefault(above, []).append(label)
    lines: list[str] = []
    written: set[str] = set()

    def write(name: str, depth: int) -> None:
        if name in written:  # a circle of parents: nothing is written twice
            return
        written.add(name)
        lines.append(INDENT * depth + name + ("" if name in known else ":"))
        for child in children.get(name, ()):
            write(child, depth + 1)

    for name in [*top, *labels]:
        write(name, 0)
    return "\n".join(lines)


def from_text(text: str) -> tuple[list[str], dict[str, str]]:
    """(labels, parents) of the lines. A line that ends with a colon and has deeper lines below it is a heading: it is
    no label, and what it stands under itself is not kept."""
    rows = [(_depth(line), line.strip()) for line in text.splitlines() if line.strip()]
    labels: list[str] = []
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for at, (depth, name) in enumerate(rows):
        deeper = at + 1 < len(rows) and rows[at + 1][0] > depth
        heading = deeper and name.endswith(COLONS) and len(name) > 1
        while above and above[-1][0] >= depth:
            above.pop()
        if not heading:
            labels.append(name)
            if above and name != above[-1][1]:
                parents[name] = above[-1][1]
        above.append((depth, name[:-1].rstrip() if heading else name))
    return labels, parents


def _depth(line: str) -> int:
    even = line.expandtabs(4).replace("\u3000", INDENT)
    return len(even) - len(even.lstrip())
