"""Labelling in a real browser: Winnow on 1,000,000 records and Label Studio beside it, measured in one run.

    python -m benchmarks.labelling_peer [--records 1000000] [--peer-records 10000] [--rounds 60]

Two figures of each: how long from the keydown that ends a decision to the first animation frame that holds the next
text (the next key is sent after a rest), and how many decisions are stored as meant when keys are sent at a fixed
rhythm without waiting for the page. Label Studio takes two key presses a decision (the label, then Ctrl+Enter): at a
rhythm of 50 ms a decision of it takes 100 ms here, one of Winnow 50 ms. Label Studio is installed into an environment
of its own under the user's cache and runs on SQLite, as its quick start says.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from playwright.async_api import Page, async_playwright

from benchmarks import table
from pipeline.annotate import define
from pipeline.store import jobs, open_store, projects, records
from tests.browser import find
from tests.journeys.conftest import Workbench

PEER = "label-studio==1.23.2"
LABELS = ("positive", "negative", "neutral")
RHYTHMS = (30, 50, 100, 250)  # ms between two keys
DECISIONS = 40  # at each rhythm
SENTENCE = (
    "Record number {i} of the benchmark: the soup was warm, the service slow, and we would come again all the same. "
)

# Writes down every keydown, and every text with the frame that first holds it.
RECORDER = """(find) => {
  const look = new Function("return (" + find + ")()");
  window.__log = [];
  window.__text = look();
  window.addEventListener("keydown", (event) => {
    if (!["Control", "Shift"].includes(event.key)) window.__log.push(["key", event.timeStamp]);
  }, { capture: true });
  const frame = () => {
    const now = look();
    if (now && now !== window.__text) { window.__text = now; window.__log.push(["text", performance.now()]); }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


class Bench(Protocol):
    """One of the two: a server with a project whose record i says so, a page that labels it, and what it stored."""

    name: str
    text: str  # JavaScript: the text on the screen, or null
    chords: int  # key presses a decision

    async def open(self, page: Page, turn: int) -> None:
        """Show the first open record of an untouched project (or of the next stretch of one)."""

    async def decide(self, keys: Keyboard, label: int, rest: float) -> None:
        """Send the keys of one decision, `rest` seconds after each of them."""

    async def saved(self, page: Page) -> None:
        """Wait until the page has nothing more to send."""

    def stored(self, turn: int) -> list[Any]:
        """What is stored for the records of this turn, in order: a label, None for nothing, "" for an empty answer."""


@dataclass(slots=True)
class Keyboard:
    """Trusted key events, sent without waiting for the page to take them."""

    session: Any
    sent: list[asyncio.Task[Any]] = field(default_factory=list)

    def press(self, key: str, code: str, number: int, modifiers: int = 0) -> None:
        same = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        text = {"text": key} if len(key) == 1 else {"text": "\r"}
        for body in ({"type": "keyDown", **same, **text}, {"type": "keyUp", **same}):
            self.sent.append(asyncio.ensure_future(self.session.send("Input.dispatchKeyEvent", body)))

    def digit(self, n: int) -> None:
        self.press(str(n), f"Digit{n}", 48 + n)

    async def done(self) -> None:
        await asyncio.gather(*self.sent)
        self.sent.clear()


class Winnow:
    """This workbench, on one large project; each turn goes on where the last one ended."""

    name = "Winnow"
    chords = 1
    text = """() => {
      const root = document.querySelector("[data-testid=stBidiComponentIsolated]")?.shadowRoot;
      return root?.querySelector(".fields")?.textContent || null;
    }"""

    def __init__(self, folder: Path, size: int) -> None:
        self.workbench = Workbench(folder / "winnow.duckdb", folder / "winnow.log")
        started = time.perf_counter()
        fill(self.workbench.database, size)
        self.size = f"{size:,} records (made in {time.perf_counter() - started:.0f} s)"
        self.workbench.start()
        self.begun: dict[int, int] = {}

    async def open(self, page: Page, turn: int) -> None:
        await page.goto(f"{self.workbench.url}/label?project=reviews&annotator=anna")
        await page.wait_for_function(f"() => ({self.text})()?.startsWith('Record number')", timeout=120_000)
        await asyncio.sleep(2)
        shown = await page.evaluate(self.text)
        self.begun[turn] = int(shown.split()[2])

    async def decide(self, keys: Keyboard, label: int, rest: float) -> None:
        keys.digit(label + 1)
        await asyncio.sleep(rest)

    async def saved(self, page: Page) -> None:
        await page.wait_for_function(
            """() => document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot
              .querySelector("[data-part=saved]").dataset.kind === "saved" """,
            timeout=60_000,
        )

    def stop(self) -> None:
        self.workbench.stop()
        store = open_store(self.workbench.database)
        rows = store.rows(
            "SELECT r.external_id, a.value->>'label' AS label FROM annotation_now a "
            "JOIN record r ON r.id = a.record_id WHERE a.state = 'submitted'"
        )
        store.close()
        self.labels = {int(row["external_id"]): row["label"] or "" for row in rows}

    def stored(self, turn: int) -> list[Any]:
        first = self.begun[turn]
        return [self.labels.get(i) for i in range(first, first + DECISIONS)]


class LabelStudio:
    """Label Studio's label stream, a project a turn."""

    name = "Label Studio"
    chords = 2
    text = """() => document.querySelector(".lsf-richtext__line")?.textContent || null"""

    def __init__(self, folder: Path, size: int, port: int = 8698) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.token = secrets.token_hex(20)  # of a server that lives for this run alone
        self.login = ("a@example.com", secrets.token_hex(8))
        self.tasks = size
        self.size = f"{size:,} records"
        self.projects: dict[int, int] = {}
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "label-studio"),
            "LABEL_STUDIO_USERNAME": self.login[0], "LABEL_STUDIO_PASSWORD": self.login[1],
            "LABEL_STUDIO_USER_TOKEN": self.token, "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false",
        }  # fmt: skip
        program = str(peer_python().with_name("label-studio"))
        command = [program, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
        (folder / "label-studio").mkdir()
        self.log = (folder / "label-studio.log").open("wb")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 240
        while not self._up():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"Label Studio did not start; see {folder / 'label-studio.log'}")
            time.sleep(0.5)

    def _up(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (http.client.HTTPException, OSError):
            return False

    def _call(self, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        if answer.status >= 300:
            raise RuntimeError(f"Label Studio answered {answer.status} to {path}: {answer.read()[:300]!r}")
        return json.load(answer)

    def make(self, turn: int) -> None:
        choices = "".join(f'<Choice value="{label}"/>' for label in LABELS)
        config = (
            '<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="single">'
            f"{choices}</Choices></View>"
        )
        made = self._call(
            "/api/projects/", {"title": f"turn {turn}", "label_config": config, "sampling": "Sequential sampling"}
        )
        self.projects[turn] = made["id"]
        texts = [SENTENCE.format(i=i) for i in range(self.tasks)]
        for at in range(0, self.tasks, 5000):
            body = [{"text": text} for text in texts[at : at + 5000]]
            self._call(f"/api/projects/{made['id']}/import", body)

    async def open(self, page: Page, turn: int) -> None:
        self.make(turn)
        await page.goto(self.url + "/user/login/")
        if "login" in page.url:
            await page.fill("input[name=email]", self.login[0])
            await page.fill("input[name=password]", self.login[1])
            await page.press("input[name=password]", "Enter")
            await page.wait_for_url(lambda url: "login" not in url)
        await page.goto(f"{self.url}/projects/{self.projects[turn]}/data?labeling=1")
        await page.wait_for_function(f"() => ({self.text})()?.startsWith('Record number')", timeout=120_000)
        await asyncio.sleep(3)

    async def decide(self, keys: Keyboard, label: int, rest: float) -> None:
        keys.digit(label + 1)
        await asyncio.sleep(min(rest, 0.25))
        keys.press("Enter", "Enter", 13, modifiers=2)
        await asyncio.sleep(rest)

    async def saved(self, page: Page) -> None:
        await page.wait_for_timeout(4000)

    def stop(self) -> None:
        self.answers = {turn: self._answers(project) for turn, project in self.projects.items()}
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def _answers(self, project: int) -> list[Any]:
        found = self._call(f"/api/tasks?project={project}&page_size={DECISIONS * 2}&fields=all")["tasks"]
        stored = []
        for task in sorted(found, key=lambda one: one["id"]):
            results = [a["result"] for a in task["annotations"] if not a["was_cancelled"]]
            labels = [result[0]["value"]["choices"][0] if result else "" for result in results]
            stored.append(labels[0] if labels else None)
        return stored

    def stored(self, turn: int) -> list[Any]:
        return self.answers[turn][:DECISIONS]


def main() -> None:
    """Run both and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--peer-records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        benches: list[Any] = [
            Winnow(Path(folder), options.records), LabelStudio(Path(folder), options.peer_records)
        ]  # fmt: skip
        try:
            found = asyncio.run(measure(benches, options.rounds))
        finally:
            for bench in benches:
                bench.stop()
        rows = [row(bench, found[bench.name]) for bench in benches]
    intro = (
        f"{table.machine('streamlit', 'duckdb', 'playwright')}, {PEER.replace('==', ' ')}. Latency: {options.rounds} "
        f"decisions with a rest after each. Kept: of {DECISIONS} decisions at each rhythm, those stored with the label "
        "that was meant for that record; in brackets, wrong or empty ones stored."
    )
    sys.stdout.write(table.write("Labelling: Winnow and Label Studio", "labelling_peer", intro, rows))


async def measure(benches: Sequence[Any], rounds: int) -> dict[str, list[float]]:
    """Latencies in ms by name; the decisions at each rhythm are left in the stores."""
    took: dict[str, list[float]] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        for bench in benches:
            context = await browser.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
            page = await context.new_page()
            keys = Keyboard(await context.new_cdp_session(page))
            await bench.open(page, 0)
            await page.evaluate(RECORDER, bench.text)
            for i in range(rounds):
                await bench.decide(keys, i % 3, 0.8 if bench.chords == 2 else 0.25)
            await keys.done()
            took[bench.name] = latencies(await page.evaluate("window.__log"), bench.chords)
            await bench.saved(page)
            for turn, rhythm in enumerate(RHYTHMS, 1):
                await bench.open(page, turn)
                for i in range(DECISIONS):
                    await bench.decide(keys, i % 3, rhythm / 1000)
                await keys.done()
                await bench.saved(page)
            await context.close()
        await browser.close()
    return took


def latencies(log: list[tuple[str, float]], chords: int) -> list[float]:
    """ms from the keydown that ends each decision to the frame with the next text."""
    times = [at for what, at in log if what == "key"][chords - 1 :: chords]
    texts = [at for what, at in log if what == "text"]
    found = []
    for n, at in enumerate(times):
        end = times[n + 1] if n + 1 < len(times) else float("inf")
        shown = next((t for t in texts if at <= t < end), None)
        found.append(float("inf") if shown is None else shown - at)
    return found


def row(bench: Any, took: list[float]) -> dict[str, str]:
    ordered = sorted(took)
    made = {
        "": bench.name, "project": bench.size, "keys a decision": str(bench.chords),
        "key to next text, median": f"{statistics.median(took):.1f} ms",
        "p95": f"{ordered[int(len(ordered) * 0.95)]:.1f} ms",
    }  # fmt: skip
    for turn, rhythm in enumerate(RHYTHMS, 1):
        stored = bench.stored(turn)
        right = sum(label == LABELS[i % 3] for i, label in enumerate(stored))
        wrong = sum(label is not None and label != LABELS[i % 3] for i, label in enumerate(stored))
        made[f"kept at {rhythm} ms"] = f"{right} of {DECISIONS}" + (f" ({wrong})" if wrong else "")
    return made


def fill(database: Path, size: int) -> None:
    """A project of `size` short texts, put in as an import does it."""
    store = open_store(database)
    project = projects.create(store, "reviews")
    define(store, project, labels=list(LABELS), guideline="**positive**: the writer would come again.")
    job = jobs.open_job(store, "import", project.id, {})
    for at in range(0, size, 100_000):
        numbers = range(at, min(size, at + 100_000))
        rows = pa.table(
            {
                "project_id": pa.array([project.id] * len(numbers), pa.int32()),
                "job_id": pa.array([job] * len(numbers), pa.int32()),
                "external_id": [str(i) for i in numbers],
                "text": [SENTENCE.format(i=i) for i in numbers],
            }
        )
        store.transact(lambda cursor, rows=rows: records.append(store, cursor, rows))
    jobs.close_job(store, job, "done", {"records": size})
    store.close()


def peer_python() -> Path:
    """The Python of Label Studio's own environment, made at the first use."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "winnow-benchmarks" / PEER
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
        (home / "ready").touch()
    return python


if __name__ == "__main__":
    main()
