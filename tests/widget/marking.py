"""Marking in a text as a person does it: where on the screen a stretch stands, and what the browser keeps of the marks."""

from __future__ import annotations

from typing import Any

from tests.widget.harness import Widget

# Where a stretch (code points) stands: the middle of its first and of its last character, for a mouse.
POINTS = """([start, end]) => {
  const ink = root.querySelector(".ink");
  const text = Array.from(ink.textContent);
  const units = (n) => text.slice(0, n).join("").length;
  const place = (unit) => {
    const walker = document.createTreeWalker(ink, NodeFilter.SHOW_TEXT);
    let node = walker.nextNode(), seen = 0;
    while (node && seen + node.length <= unit) { seen += node.length; node = walker.nextNode(); }
    return [node, unit - seen];
  };
  const box = (from, to) => {
    const range = document.createRange();
    range.setStart(...place(from));
    const [node, offset] = place(to - 1);
    range.setEnd(node, offset + 1);
    const rects = [...range.getClientRects()].filter((rect) => rect.width);
    return rects.at(-1) ?? range.getBoundingClientRect();
  };
  ink.scrollIntoView({ block: "nearest" });
  const glyphs = [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text.slice(start, end).join(""))];
  const from = units(start), last = glyphs.at(-1);
  const one = box(from, from + glyphs[0].segment.length);
  const two = box(from + last.index, from + last.index + last.segment.length);
  return [one, two].map(({ left, right, top, bottom }) => ({ left, right, x: (left + right) / 2, y: (top + bottom) / 2 }));
}"""


def spans(*labels: str, **more: Any) -> dict[str, Any]:
    return {"kind": "spans", "name": "marks", "labels": list(labels or ("PER", "LOC")), **more}


def span(text: str, surface: str, label: str, nth: int = 0) -> dict[str, Any]:
    """The mark of the nth place of the surface in the text, as it should be stored."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(surface, start + 1)
    return {"start": start, "end": start + len(surface), "label": label, "text": surface}


def drag(widget: Widget, start: int, end: int, *, backwards: bool = False, rtl: bool = False) -> None:
    """Drag the mouse over a stretch, from just inside one edge to just inside the other."""
    first, last = widget.page.evaluate(POINTS, [start, end])
    points = [
        (first["right"] - 1 if rtl else first["left"] + 1, first["y"]),
        (last["left"] + 1 if rtl else last["right"] - 1, last["y"]),
    ]
    if backwards:
        points.reverse()
    mouse = widget.page.mouse
    mouse.move(*points[0])
    mouse.down()
    mouse.move((points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2)
    mouse.move(*points[1])
    mouse.up()


def point(widget: Widget, start: int) -> tuple[float, float]:
    """The middle of one character on the screen."""
    first = widget.page.evaluate(POINTS, [start, start + 1])[0]
    return first["x"], first["y"]


def marks(widget: Widget, name: str = "marks") -> Any:
    """The question's answer as the browser keeps it; None: not answered."""
    widget.rest(60)
    draft = widget.draft("1") or {}
    return draft.get("value", {}).get(name)
