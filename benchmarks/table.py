"""Write a benchmark's table into BENCHMARKS.md, in the place of the one it wrote before."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

REPORT = Path(__file__).parent.parent / "BENCHMARKS.md"


def machine(*packages: str) -> str:
    """One line on where and with what a table was measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def write(section: str, script: str, intro: str, rows: Sequence[Mapping[str, Any]], report: Path = REPORT) -> str:
    """Put a section with one table into the report; returns its Markdown."""
    names = list(rows[0])
    lines = [" | ".join(names), " | ".join("---" for _ in names)]
    lines += [" | ".join(str(row[name]) for name in names) for row in rows]
    body = "\n".join(f"| {line} |" for line in lines)
    text = f"## {section}\n`python -m benchmarks.{script}`. {intro}\n\n{body}\n"
    old = report.read_text(encoding="utf-8")
    pattern = re.compile(rf"^## {re.escape(section)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    new = pattern.sub(lambda _: text + "\n", old) if pattern.search(old) else old.rstrip("\n") + "\n\n" + text
    report.write_text(new.rstrip("\n") + "\n", encoding="utf-8")
    return text
