"""Importing plain files: Winnow's verb, and DuckDB's own reader making a table of the same file.

    python -m benchmarks.import_peer [--rows 1000000] [--large 5] [--turns 5] [--dry]

Every turn is a process of its own with a database file of its own, the two by turns: seconds without Python's imports,
from the opened database to the committed rows, and the most memory that the process had (Linux). DuckDB reads, finds
the types and writes one table. Winnow looks at the file, hashes it, validates every row, holds its id against all
others, keeps what has no role as metadata, and can be undone; with labels it also writes an answer for each record.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import corpora, table

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 450  # characters of a text; corpora has longer ones
CHINESE = 5  # every fifth text is Chinese
LABELS, SOURCES = ("positive", "negative", "neutral"), ("web", "app", "shop")
READERS = {"jsonl": "read_json", "csv": "read_csv", "parquet": "read_parquet"}
MIB = 2**20


def main() -> None:
    """Make the files, run the turns, write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--large", type=float, default=0, help="GB of JSON lines that Winnow imports besides, 0 for none"
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print the tables, leave BENCHMARKS.md as it is")
    parser.add_argument("--turn", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn:
        print(json.dumps(turn(*options.turn)))
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        files(folder, options.rows)
        report = folder / "dry.md" if options.dry else table.REPORT
        if options.dry:
            report.write_text("# Dry run\n", encoding="utf-8")
        rows = [row for kind in READERS for row in compare(folder, kind, options)]
        write("Importing plain files: Winnow and DuckDB's readers", intro(options), rows, report)
        if options.large:
            rows = [large(folder, options)]
            words = f"{table.machine('duckdb', 'numba', 'pyarrow')}. One turn; the same rows again and again, ids new."
            write("Importing a large file", words, rows, report)


def intro(options: argparse.Namespace) -> str:
    return (
        f"{table.machine('duckdb', 'numba', 'pyarrow')}. {options.rows:,} rows of text (en is {corpora.NOTE['en']}; "
        f"every fifth zh, {corpora.NOTE['zh']}; at most {LONGEST} characters), id, label, source, stars, score and "
        f"checked. Median of {options.turns} processes each, by turns, into a new database file."
    )


def rows(size: int) -> Iterator[list[dict[str, Any]]]:
    """Blocks of rows, always the same ones."""
    rng, number = np.random.default_rng(corpora.SEED), 0
    chinese = (text for block in corpora.blocks("zh", size) for text in block.to_pylist())
    for block in corpora.blocks("en", size):
        found = []
        for text in block.to_pylist():
            own = next(chinese) if number % CHINESE == 0 else text
            found.append({
                "id": f"doc-{number:08d}", "text": own[:LONGEST], "label": LABELS[number % 3],
                "source": SOURCES[int(rng.integers(3))], "stars": int(rng.integers(1, 6)),
                "score": round(float(rng.random()), 4), "checked": bool(rng.integers(2)),
            })  # fmt: skip
            number += 1
        yield found


def files(folder: Path, size: int) -> None:
    """The rows as a.jsonl, a.csv and a.parquet."""
    writer: Any = None
    with (
        (folder / "a.jsonl").open("w", encoding="utf-8") as lines,
        (folder / "a.csv").open("w", encoding="utf-8", newline="") as sheet,
    ):
        for block in rows(size):
            lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in block)
            cells = csv.DictWriter(sheet, list(block[0]))
            if writer is None:
                cells.writeheader()
            cells.writerows(block)
            made = pa.Table.from_pylist(block)
            writer = writer or pq.ParquetWriter(folder / "a.parquet", made.schema)
            writer.write_table(made)
    writer.close()


def compare(folder: Path, kind: str, options: argparse.Namespace) -> list[dict[str, str]]:
    """DuckDB and Winnow on one file, without and with its labels."""
    path = folder / f"a.{kind}"
    found: dict[str, list[dict[str, float]]] = {"duckdb": [], "winnow": [], "labels": []}
    for number in range(options.turns):
        for who, turns in found.items():
            sys.stderr.write(f"{kind}, {who}, turn {number + 1}\n")
            turns.append(process(who, path, folder))
    peer = statistics.median(one["seconds"] for one in found["duckdb"])
    names = {"duckdb": f"DuckDB, {READERS[kind]}", "winnow": "**Winnow**", "labels": "**Winnow**, labels as answers"}
    return [row(kind, path, names[who], turns, peer, options.rows) for who, turns in found.items()]


def row(
    kind: str, path: Path, name: str, turns: list[dict[str, float]], peer: float, size: int
) -> dict[str, str]:  # fmt: skip
    seconds = statistics.median(one["seconds"] for one in turns)
    return {
        "file": f"{kind}, {path.stat().st_size / 1e6:,.0f} MB", "": name, "seconds": f"{seconds:.1f}",
        "slowest": f"{max(one['seconds'] for one in turns):.1f}", "rows/s": f"{size / seconds:,.0f}",
        "times DuckDB": f"{seconds / peer:.2f}",
        "peak memory": f"{statistics.median(one['bytes'] for one in turns) / MIB:,.0f} MiB",
        "database": f"{turns[0]['size'] / MIB:,.0f} MiB",
    }  # fmt: skip


def large(folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """Winnow on JSON lines of the wanted size."""
    path, copies = folder / "large.jsonl", 0
    with path.open("wb") as out:
        while out.tell() < options.large * 1e9:
            with (folder / "a.jsonl").open("rb") as lines:
                out.writelines(line.replace(b'"doc-', b'"d%02d-' % copies, 1) for line in lines)
            copies += 1
    found = process("winnow", path, folder)
    return {
        "file": f"jsonl, {path.stat().st_size / 1e9:.1f} GB", "rows": f"{copies * options.rows:,}",
        "seconds": f"{found['seconds']:.0f}", "rows/s": f"{copies * options.rows / found['seconds']:,.0f}",
        "peak memory": f"{found['bytes'] / MIB:,.0f} MiB",
    }  # fmt: skip


def process(who: str, path: Path, folder: Path) -> dict[str, float]:
    """One turn in a process of its own."""
    database = folder / "turn.duckdb"
    command = [sys.executable, "-m", "benchmarks.import_peer", "--turn", who, str(path), str(database)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"The turn {command} failed: {said.stderr[-2000:]}")
    found = json.loads(said.stdout)
    found["size"] = database.stat().st_size
    for left in folder.glob("turn.*"):
        if left.is_file():
            left.unlink()
    return found


def turn(who: str, path: str, database: str) -> dict[str, float]:
    """Seconds and bytes of one turn, in this process."""
    seconds = duckdb_reads(path, database) if who == "duckdb" else winnow_imports(path, database, who == "labels")
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage has the most of the parent's, too
    return {"seconds": seconds, "bytes": int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024}


def duckdb_reads(path: str, database: str) -> float:
    connection = duckdb.connect(database)
    began = time.perf_counter()
    reader = READERS[path.rpartition(".")[2]]
    connection.execute(f"CREATE TABLE t AS SELECT * FROM {reader}(?)", [path])
    seconds = time.perf_counter() - began
    connection.close()
    return seconds


def winnow_imports(path: str, database: str, labels: bool) -> float:
    from pipeline import jobs
    from pipeline.importers import importers
    from pipeline.store import open_store, projects
    from pipeline.verbs.import_file import Import

    for module in ("lines", "tables", "parquet"):
        importlib.import_module(f"pipeline.importers.quick.{module}")
    importers.names()
    store = open_store(database)
    project = projects.create(store, "import")
    verb = Import(path, labels_by="anna" if labels else "", max_mb=1_000_000)
    began = time.perf_counter()
    job = jobs.run(store, verb, project.id)
    seconds = time.perf_counter() - began
    if job.result["rejected"] or job.result["annotations"] != (job.result["records"] if labels else 0):
        raise SystemExit(f"not all was taken: {job.result}")
    store.close()
    return seconds


def write(section: str, words: str, rows: list[dict[str, str]], report: Path) -> None:
    sys.stdout.write(table.write(section, "import_peer", words, rows, report=report) + "\n")


if __name__ == "__main__":
    main()
