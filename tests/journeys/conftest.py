"""The real thing for the journeys: the workbench as a process of its own on a database file, and a page in a browser."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page

from pipeline.store import open_store
from tests.browser import find, launched
from tests.journeys.cases import fill

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60


class Workbench:
    """A workbench on a free port; it can be stopped, killed and started again on the same port and file."""

    def __init__(self, database: Path, log: Path) -> None:
        self.database = database
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        command = [
            sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "main.py"), "--server.port", str(self.port),
            "--server.address", "127.0.0.1", "--server.headless", "true", "--server.fileWatcherType", "none", *options,
        ]  # fmt: skip
        environment = {
            **os.environ,
            "WINNOW_DB": str(self.database),
            "PYTHONPATH": str(ROOT),
            "WINNOW_LOCKS": str(self.database.parent),
        }  # never behind a run of the person's own
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"The workbench did not start:\n{self.log()}")
            time.sleep(0.05)

    def pid(self) -> int:
        """The number of the server's process."""
        assert self._process is not None
        return self._process.pid

    def mapped(self) -> str:
        """Names of the files that the server's memory maps, the libraries among them."""
        maps = Path(f"/proc/{self.pid()}/maps")
        return maps.read_text(encoding="utf-8") if maps.exists() else str(psutil.Process(self.pid()).memory_maps())

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would: no clean-up of any kind."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)

    def _healthy(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except (http.client.HTTPException, OSError):
            return False


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench that is not started yet: fill `workbench.database` first."""
    made = Workbench(tmp_path / "journey.duckdb", tmp_path / "server.log")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A running workbench with a project for each case of `cases.py`."""
    folder = tmp_path_factory.mktemp("kinds")
    made = Workbench(folder / "journey.duckdb", folder / "server.log")
    fill(made.database)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def labelling(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A running workbench with a project to label for each of the module's PROJECTS, {name: its texts}."""
    from tests.journeys.reviews import fill as fill_reviews

    folder = tmp_path_factory.mktemp("labelling")
    made = Workbench(folder / "journey.duckdb", folder / "server.log")
    store = open_store(made.database)
    for name, texts in request.module.PROJECTS.items():
        fill_reviews(store, texts, name)
    store.close()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def one_page(browser: Browser) -> Iterator[Page]:
    """One page for a module: what the browser has loaded once is there for the next test. A script error fails the last."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-US")
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, errors


@pytest.fixture(scope="session")
def browser() -> Browser:
    if find() is None:
        pytest.fail("The browser journeys need a chromium: install one, or name one in WINNOW_CHROMIUM.", pytrace=False)
    return launched()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Make a page of a fresh browser profile. A script error in it fails the test."""
    errors: list[str] = []
    contexts = []

    def make(width: int = 1400, height: int = 900) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not errors, errors


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
