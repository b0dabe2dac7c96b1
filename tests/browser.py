"""See to it that a browser is there for the journeys: one on the PATH, else the test runner's own, else the system's.

Run by `make test`; ends with a sentence and exit code 1 where none can be had.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """The path of a chromium: the environment variable WINNOW_CHROMIUM, the PATH, then the test runner's download."""
    named = os.environ.get("WINNOW_CHROMIUM")
    if named:
        return named
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    if on_path:
        return on_path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@functools.cache
def launched() -> Browser:
    """The one browser of a test process: a second start of the driver in one process is refused."""
    from playwright.sync_api import sync_playwright

    path = find()
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def main() -> int:
    if find():
        return 0
    sys.stderr.write("No chromium on the PATH; trying the test runner's own download.\n")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=600)
    if not find() and shutil.which("apt-get"):
        sys.stderr.write("Trying the system's package.\n")
        admin = [] if os.geteuid() == 0 else ["sudo", "-n"]
        subprocess.run([*admin, "apt-get", "update", "-qq"], check=False)
        subprocess.run([*admin, "apt-get", "install", "-y", "-qq", "chromium"], check=False)
    if find():
        return 0
    sys.stderr.write("The browser journeys need a chromium: install one, or name one in WINNOW_CHROMIUM.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
