"""Many annotators at once on one server: how long a claim takes there, and an answer's acknowledgement takes for them.

    python -m benchmarks.labelling_load [--records 1000000] [--people 30] [--seconds 120] [--answered 0.3] [--overlap 1]

A server of its own on a new project; each person is a real Streamlit session (a websocket that speaks its messages and
the annotator's: no browser) which answers about once a second and keeps what is unacknowledged, as the browser does.
The sessions run on the machine of the server and take their part of its processors. Afterwards the file is opened and
counted: answers that were acknowledged and are not there, and records answered beyond their overlap.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import logging
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pyarrow as pa
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks import table
from pipeline.store import Store, jobs, open_store, projects, records

ROOT = Path(__file__).resolve().parent.parent
LABELS = ["positive", "negative", "neutral"]
BATCH = 100_000
JOIN_SECONDS = 20  # over which the people arrive
REST = 5.0  # seconds that the last answers get to be acknowledged
SENTENCE = "Record number {i}: the soup was warm, the service slow, and we would come again all the same. "


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--records", type=int, default=1_000_000)
    given.add_argument("--people", type=int, default=30)
    given.add_argument("--seconds", type=float, default=120)
    given.add_argument("--answered", type=float, default=0.3, help="part of the records that is answered already")
    given.add_argument("--overlap", type=int, default=1)
    given.add_argument("--order", default="import")
    given.add_argument("--serve", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given.add_argument("--dry", action="store_true", help="print the figures and leave BENCHMARKS.md as it is")
    asked = given.parse_args()
    if asked.serve is not None:
        serve(asked.serve)
        return
    with tempfile.TemporaryDirectory(prefix="winnow-load-") as folder:
        row = measure(Path(folder), asked)
    intro = (
        f"{asked.people} people, each about one answer a second for {asked.seconds:.0f} s, on {asked.records:,} "
        f"records; sessions and server on one machine. {table.machine('streamlit', 'duckdb')}"
    )
    for name, value in row.items():
        sys.stdout.write(f"{name}: {value}\n")
    if not asked.dry:
        table.write("Many annotators at once", "labelling_load", intro, [row])


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Fill a project, let the people label in it, and count afterwards."""
    database = folder / "load.duckdb"
    fill(database, asked.records, asked.answered, asked.overlap, asked.order)
    log = folder / "claims.log"
    with served(database, log) as (port, process):
        people = [Person(port, f"person {i:02}") for i in range(asked.people)]
        before = sum(process.cpu_times()[:2])
        began = time.monotonic()
        asyncio.run(label(people, asked.seconds))
        took = time.monotonic() - began
        busy, memory = (sum(process.cpu_times()[:2]) - before) / took, process.memory_info().rss
    return figures(database, log, people, asked, took) | {
        "server's processors": f"{busy:.2f}", "server's memory": f"{memory / 2**20:.0f} MiB",
    }  # fmt: skip


def fill(database: Path, n: int, answered: float, overlap: int, order: str) -> None:
    """A project of n records with one choice to make; the first part of them is answered, by thirty people in turn."""
    store = open_store(database)
    project = projects.create(store, "load")
    definition = {
        "questions": [{"kind": "choice", "name": "label", "labels": LABELS}], "overlap": overlap,
        "queue": {"order": order},
    }  # fmt: skip
    task = projects.save_task(
        store, project.id, name="label", kind="classification", definition=definition, guideline="Choose the tone."
    )
    job = jobs.open_job(store, "import", project.id, {})
    for first in range(0, n, BATCH):
        _fill_batch(store, project.id, job, first, min(BATCH, n - first))
    jobs.close_job(store, job, "done", {"records": n})
    before = store.scalar("SELECT min(id) FROM record")
    store.transact(lambda cursor: cursor.execute(
        "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value) "
        "SELECT 'before-' || i, ? + i // ?, ?, 'earlier ' || (i % 30), 'submitted', '{\"label\": \"neutral\"}' "
        "FROM range(?) t(i)", [before, overlap, task.id, int(n * answered) * overlap]))  # fmt: skip
    store.close()


def _fill_batch(store: Store, project: int, job: int, first: int, n: int) -> None:
    numbers = range(first + 1, first + n + 1)
    rows = pa.table({
        "project_id": pa.array([project] * n, pa.int32()), "job_id": pa.array([job] * n, pa.int32()),
        "external_id": [f"r{i}" for i in numbers], "text": [SENTENCE.format(i=i) for i in numbers],
    })  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))


@contextmanager
def served(database: Path, log: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A workbench in a process of its own, which writes each claim's time to `log`."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.labelling_load", "--serve", str(log), str(port)]
    environment = {**os.environ, "WINNOW_DB": str(database), "WINNOW_LOCKS": str(database.parent)}
    with (database.parent / "server.log").open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        _until_healthy(port, process)
        yield port, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until_healthy(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


def serve(arguments: Sequence[str]) -> None:
    """Be the server: Streamlit, with the queue's own log written to a file."""
    from streamlit.web import cli

    log, port = arguments
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.Formatter("%(created).3f %(message)s"))
    logging.getLogger("winnow.queue").addHandler(handler)
    logging.getLogger("winnow.queue").setLevel(logging.DEBUG)
    sys.argv = [
        "streamlit", "run", str(ROOT / "app" / "main.py"), "--server.port", port, "--server.address", "127.0.0.1",
        "--server.headless", "true", "--server.fileWatcherType", "none",
    ]  # fmt: skip
    cli.main()


@dataclass
class Person:
    """One annotator's session: the messages of Streamlit's page, and those of the annotator in it."""

    port: int
    name: str
    acks: list[float] = field(default_factory=list)  # seconds from an answer to its acknowledgement
    acked: dict[str, int] = field(default_factory=dict)  # event: record
    bytes: int = 0
    starved: int = 0  # times at which there was nothing to answer
    refused: list[str] = field(default_factory=list)
    outbox: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    window: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    given: dict[str, float] = field(default_factory=dict)
    kit: str = ""  # the id of the script that a browser would have by now
    widget: str = ""
    fragment: str = ""
    page: str = ""
    turn: int = 0
    flight: int | None = None
    revision: tuple[int, int] = (1, 1)
    _emptied: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def query(self) -> str:
        return urlencode({"project": "load", "annotator": self.name})

    async def label(self, start: float, until: float) -> None:
        await asyncio.sleep(max(0.0, start - time.monotonic()))
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        async with connect(address, subprotocols=["streamlit"], max_size=None, compression=None) as socket_:  # type: ignore[list-item]
            reader = asyncio.create_task(self._read(socket_))
            await socket_.send(self._message(None))
            rest = random.Random(self.name)
            while time.monotonic() < until:
                await asyncio.sleep(rest.uniform(0.5, 1.5))
                await self._answer(socket_, rest)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), REST)
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    async def _answer(self, socket_: ClientConnection, rest: random.Random) -> None:
        key = next((key for key in self.window if key in self.items and key not in self.done), None)
        if key is None:
            self.starved += 1
            return
        event = {
            "event_id": uuid.uuid4().hex, "record_id": self.items[key]["id"], "key": key, "state": "submitted",
            "value": {"label": rest.choice(LABELS)}, "comment": "", "seconds": 1.0,
            "guideline_revision": self.revision[1], "task_revision": self.revision[0],
        }  # fmt: skip
        self.done.add(key)
        self.outbox[event["event_id"]] = event
        self._emptied.clear()
        self.given[event["event_id"]] = time.monotonic()
        await self._send(socket_)

    async def _send(self, socket_: ClientConnection) -> None:
        if self.flight is not None or not self.outbox:
            return
        self.turn += 1
        self.flight = self.turn
        have = [key for key in self.window if key in self.items]
        await socket_.send(self._message({
            "turn": self.turn, "have": have, "kit": self.kit, "guideline": self.revision[1],
            "events": list(self.outbox.values()),
        }))  # fmt: skip

    def _message(self, outbox: dict[str, Any] | None) -> bytes:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = "" if self.page else "label"
        message.rerun_script.page_script_hash = self.page
        message.rerun_script.context_info.timezone = "UTC"
        if outbox is not None:
            message.rerun_script.fragment_id = self.fragment
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.json_value = self.widget, json.dumps({"outbox": outbox})
        return message.SerializeToString()

    async def _read(self, socket_: ClientConnection) -> None:
        async for raw in socket_:
            self.bytes += len(raw)
            message = ForwardMsg()
            message.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page = message.new_session.page_script_hash
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "bidi_component":
                component = message.delta.new_element.bidi_component
                if component.component_name == "winnow_annotator":
                    self.widget, self.fragment = component.id, message.delta.fragment_id
                    self._take(json.loads(component.json))
                    await self._send(socket_)
            elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                self.refused.append(message.delta.new_element.exception.message[:200])

    def _take(self, data: dict[str, Any]) -> None:
        """What the annotator's data says, as its code in the browser takes it."""
        if self.flight is not None and data["turn"] is not None and data["turn"] >= self.flight:
            self.flight = None
        self.revision = (data["task"]["revision"], data["task"]["guideline_revision"])
        self.kit = data["kit"]["id"]
        now = time.monotonic()
        for ack in data["acks"]:
            event = self.outbox.pop(ack["event_id"], None)
            if event is not None:
                self.acks.append(now - self.given[ack["event_id"]])
                self.acked[ack["event_id"]] = event["record_id"]
                if not ack["ok"] or ack["conflict"]:
                    self.refused.append(ack["reason"] or ack["conflict"])
        if not self.outbox:
            self._emptied.set()
        self.window = data["window"]
        self.items = {key: item for key, item in self.items.items() if key in set(self.window)}
        self.items |= {item["key"]: item for item in data["items"]}


async def label(people: Sequence[Person], seconds: float) -> None:
    """Let everybody arrive, one after the other, and label until the time is over."""
    began = time.monotonic()
    starts = [began + JOIN_SECONDS * i / len(people) for i in range(len(people))]
    await asyncio.gather(
        *(p.label(start, began + JOIN_SECONDS + seconds) for p, start in zip(people, starts, strict=True))
    )


def figures(
    database: Path, log: Path, people: Sequence[Person], asked: argparse.Namespace, took: float
) -> dict[str, Any]:
    """What was measured, and what the file holds afterwards."""
    text = log.read_text(encoding="utf-8")
    claims = [float(s) * 1000 for s in re.findall(r"^\S+ claim (\S+)", text, re.MULTILINE)]
    builds = [float(s) for s in re.findall(r"^\S+ line (\S+)", text, re.MULTILINE)]
    acks = [1000 * seconds for person in people for seconds in person.acks]
    store = open_store(database)
    stored = {row["event_id"] for row in store.rows("SELECT event_id FROM annotation_event WHERE id > ?", [0])}
    beyond = store.scalar(
        "SELECT count(*) FROM (SELECT record_id FROM annotation_now WHERE state = 'submitted' "
        "GROUP BY record_id HAVING count(DISTINCT annotator) > ?)", [asked.overlap],
    )  # fmt: skip
    store.close()
    acked = {event for person in people for event in person.acked}
    sent = acked | {event for person in people for event in person.outbox}
    said = sorted({reason for person in people for reason in person.refused})
    if said:
        sys.stderr.write(f"said by the server: {said[:5]}\n")
    return {
        "claims": len(claims), "claim p50": _ms(claims, 0.5), "claim p95": _ms(claims, 0.95),
        "claim max": _ms(claims, 1), "line built in": f"{max(builds):.2f} s", "ack p50": _ms(acks, 0.5),
        "ack p95": _ms(acks, 0.95), "ack max": _ms(acks, 1), "answers/s": f"{len(acks) / took:.1f}",
        "beyond overlap": beyond, "answers lost": len(acked - stored), "never acknowledged": len(sent - acked),
        "nothing to answer": sum(person.starved for person in people),
        "KB an answer": f"{statistics.mean(p.bytes for p in people) / 1000 / max(1, len(acks) / len(people)):.0f}",
    }  # fmt: skip


def _ms(values: Sequence[float], part: float) -> str:
    if not values:
        return "none"
    return f"{sorted(values)[min(len(values) - 1, int(len(values) * part))]:.0f} ms"


if __name__ == "__main__":
    main()
