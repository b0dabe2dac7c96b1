"""Where the workbench finds its database and its own files. Environment first, then the defaults of a checkout."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
PORT = 8501


def database_path() -> Path:
    """The database file: the environment variable WINNOW_DB, else data/workbench.duckdb."""
    return Path(os.environ.get("WINNOW_DB") or ROOT / "data" / "workbench.duckdb")
