"""What `make run` does: loads the sample into an empty database, serves this machine only, and says where."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import ROOT, Workbench

pytestmark = pytest.mark.timeout(180)


def serve(database: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app.cli", "--db", str(database), "serve", "--sample", "--port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def until_healthy(port: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, process.stdout.read()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer in a minute")


def test_serve_loads_the_sample_once_and_listens_on_this_machine_only(
    workbench: Workbench, open_page: Callable[..., Page]
) -> None:
    for kill in (signal.SIGKILL, signal.SIGTERM):
        process = serve(workbench.database, workbench.port)
        until_healthy(workbench.port, process)
        page = open_page()
        page.goto(f"{workbench.url}/?project=reviews-zh")
        expect(page.get_by_test_id("stMetric").filter(has_text="Imported")).to_contain_text("2,020", timeout=60_000)
        places = {c.laddr.ip for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN}
        assert places == {"127.0.0.1"}
        page.close()
        process.send_signal(kill)
        said, _ = process.communicate(timeout=30)
        assert f"http://127.0.0.1:{workbench.port}" in said
        assert "Traceback" not in said


def test_a_taken_port_is_a_sentence(workbench: Workbench) -> None:
    workbench.start()
    process = serve(workbench.database.with_name("other.duckdb"), workbench.port)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(rf"Port {workbench.port} on 127.0.0.1 is taken.*--port", said)
