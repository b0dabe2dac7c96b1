"""How fast marking is: from a key to the frame that shows what it did, in a real browser, over one long record.

`python -m benchmarks.spans_speed` writes the table; `--dry` prints it alone.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.table import machine, write
from tests.browser import find
from tests.widget.harness import Widget, item

CHARACTERS = 10_000
LABELS = ["person", "place", "organisation", "date", "product"]
ROUNDS = 25
# name of the action, the keys of one round; the one that is timed is the last
ACTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("caret by a word", ("ArrowRight",)),
    ("caret by a line", ("ArrowDown",)),
    ("select a word more", ("Shift+ArrowRight",)),
    ("mark", ("ArrowRight", "1")),
    ("undo of a mark", ("Escape", "u")),
    ("pick the next mark", ("n",)),
    ("relabel", ("n", "2")),
    ("move an edge", ("n", "Shift+ArrowRight")),
    ("delete", ("n", "Delete")),
)
WATCH = """() => {
  window.times = [];
  window.addEventListener("keydown", (event) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => times.push(performance.now() - event.timeStamp);
    port2.postMessage(0);  // comes when the frame has been drawn
  }), { capture: true });
}"""


def text_of(characters: int, seed: int, lines: bool) -> str:
    """Words, as one paragraph or in lines."""
    chance = random.Random(seed)
    words: list[str] = []
    while sum(map(len, words)) + len(words) < characters:
        words.append("".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(chance.randint(2, 9))))
        if lines and chance.random() < 0.08:
            words[-1] += "\n"
    return " ".join(words)[:characters]


def spans_of(text: str, n: int, seed: int) -> list[dict[str, Any]]:
    """n different marks of one to four words, many of them over each other."""
    chance = random.Random(seed)
    starts = [0, *(at + 1 for at, letter in enumerate(text) if letter == " ")]
    found: dict[tuple[int, int, str], dict[str, Any]] = {}
    while len(found) < n:
        first = chance.randrange(len(starts) - 4)
        start, end = starts[first], starts[first + chance.randint(1, 4)] - 1
        label = chance.choice(LABELS)
        found[start, end, label] = {"start": start, "end": end, "label": label, "text": text[start:end]}
    return [found[key] for key in sorted(found)]


def measure(page: Page, lines: bool, n: int) -> dict[str, list[float]]:
    """The milliseconds of each action, round after round."""
    text = text_of(CHARACTERS, 7, lines)
    draft = {"marks": spans_of(text, n, 11)}
    widget = Widget(
        page, {"questions": [{"kind": "spans", "name": "marks", "labels": LABELS}]}, [item(1, text, draft=draft)]
    )
    page.route("**/_stcore/health", lambda route: route.abort())  # nobody acknowledges here: no reason to load again
    page.wait_for_function("() => root.querySelectorAll('.mark').length > 100")
    page.evaluate(WATCH)
    widget.press("ArrowDown")
    times: dict[str, list[float]] = {}
    for name, keys in ACTIONS:
        widget.press("Escape", "Escape", "ArrowDown")
        for _ in range(ROUNDS):
            for key in keys:
                before = page.evaluate("times.length")
                page.keyboard.press(key)
                page.wait_for_function("n => times.length > n", arg=before)
            times.setdefault(name, []).append(page.evaluate("times.at(-1)"))
    return times


def row(name: str, times: Sequence[float], text: str, n: int) -> dict[str, Any]:
    p95 = statistics.quantiles(times, n=20)[18]
    return {
        "text": text,
        "marks": n,
        "action": name,
        "median ms": f"{statistics.median(times):.0f}",
        "p95 ms": f"{p95:.0f}",
    }


def main() -> None:
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        for text, lines in (("one paragraph", False), ("lines", True)):
            for n in (500, 2000):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.on("pageerror", lambda error: sys.exit(f"The page failed: {error}"))
                rows += [row(name, times, text, n) for name, times in measure(page, lines, n).items()]
                page.close()
        browser.close()
    for one in rows:
        print(" | ".join(str(value) for value in one.values()))
    if "--dry" not in sys.argv:
        intro = f"A record of {CHARACTERS:,} characters; from the key to the frame. {machine('playwright')}."
        write("Marking in a long text", "spans_speed", intro, rows)


if __name__ == "__main__":
    main()
