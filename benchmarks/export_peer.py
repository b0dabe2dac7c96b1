"""Exporting a project: Winnow's export, and DuckDB's COPY of a table of the same content.

    python -m benchmarks.export_peer [--rows 1000000] [--turns 5] [--dry]

The table is Winnow's own file read back by DuckDB, so it has the same columns and the same nested lists. Every turn is
a process of its own, the two by turns: seconds without Python's imports, from the opened database to the finished file,
and the most memory that the process had (Linux). Winnow joins records, edits, answers and suggestions, leaves out what
was dropped, decides on one answer where a cell has room for one, makes cells harmless, and counts what it loses.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks import import_peer, table

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = (0, 3)  # answers of each record
READERS = {"jsonl": "read_json", "csv": "read_csv", "parquet": "read_parquet"}
CELLS = """, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', parallel = false"""
READ = {"jsonl": "", "csv": CELLS, "parquet": ""}
COPIED = {"jsonl": "FORMAT json", "csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd"}
META = ("source", "stars", "score", "checked")
MIB = 2**20


def main() -> None:
    """Make the projects, run the turns, write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print the table, leave BENCHMARKS.md as it is")
    parser.add_argument("--turn", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn:
        print(json.dumps(turn(*options.turn)))
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        report = folder / "dry.md" if options.dry else table.REPORT
        if options.dry:
            report.write_text("# Dry run\n", encoding="utf-8")
        rows: list[dict[str, str]] = []
        for people in PEOPLE:
            database = folder / f"{people}.duckdb"
            make(database, options.rows, people)
            for kind in READERS:
                rows += compare(database, kind, people, options)
        text = table.write("Exporting: Winnow and DuckDB's COPY", "export_peer", intro(options), rows, report=report)
        sys.stdout.write(text + "\n")


def intro(options: argparse.Namespace) -> str:
    return (
        f"{table.machine('duckdb', 'pyarrow')}. {options.rows:,} records (the texts of import_peer, with id and four "
        f"values as metadata), without answers and with those of three annotators each. Median of {options.turns} "
        "processes each, by turns. DuckDB copies a table that it read from Winnow's own file."
    )


def make(database: Path, size: int, people: int) -> None:
    """A database with one project of so many records, each answered by so many people."""
    from pipeline.store import Store, jobs, open_store, projects, records
    from pipeline.store.database import Cursor
    from pipeline.tasks import tasks

    store: Store = open_store(database)
    project = projects.create(store, "export")
    definition = tasks.get("classification")().definition(list(import_peer.LABELS))
    task = projects.save_task(store, project.id, name="t", kind="classification", definition=definition)
    job = jobs.open_job(store, "import", project.id, {})
    for block in import_peer.rows(size):
        rows = pa.table({
            "project_id": pa.array([project.id] * len(block), pa.int32()),
            "job_id": pa.array([job] * len(block), pa.int32()),
            "external_id": [row["id"] for row in block], "text": [row["text"] for row in block],
            "meta": [json.dumps({name: row[name] for name in META}) for row in block],
        })  # fmt: skip
        store.transact(lambda cursor, rows=rows: records.append(store, cursor, rows))  # type: ignore[misc]

    def answer(cursor: Cursor) -> None:
        for who in range(people):
            cursor.execute(
                "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value, job_id) "
                "SELECT ? || id, id, ?, ?, 'submitted', "
                "json_object('label', list_extract(?, (1 + hash(id, ?) % 3)::BIGINT)), ? FROM record",
                [f"{who}-", task.id, f"annotator {who}", list(import_peer.LABELS), who, job],
            )

    store.transact(answer)
    jobs.close_job(store, job, "done", {"records": size})
    store.close()


def compare(database: Path, kind: str, people: int, options: argparse.Namespace) -> list[dict[str, str]]:
    """Winnow and DuckDB on one project and one format."""
    process("winnow", database, kind)
    peer = database.with_name("peer.duckdb")
    with duckdb.connect(str(peer)) as connection:
        source = f"{READERS[kind]}(?{READ[kind]})"
        connection.execute(f"CREATE TABLE t AS SELECT * FROM {source}", [str(written("winnow", database, kind))])
        ((count,),) = connection.execute("SELECT count(*) FROM t").fetchall()
    if count != options.rows:
        raise SystemExit(f"{count} of {options.rows} records are in Winnow's {kind}.")
    found: dict[str, list[dict[str, float]]] = {"duckdb": [], "winnow": []}
    for number in range(options.turns):
        for who, turns in found.items():
            sys.stderr.write(f"{kind}, {people} answers, {who}, turn {number + 1}\n")
            turns.append(process(who, peer if who == "duckdb" else database, kind))
    peer.unlink()
    base = statistics.median(one["seconds"] for one in found["duckdb"])
    names = {"duckdb": "DuckDB, COPY", "winnow": "**Winnow**"}
    return [row(f"{kind}, {people} answers each", names[who], turns, base, options) for who, turns in found.items()]


def row(
    what: str, name: str, turns: list[dict[str, float]], base: float, options: argparse.Namespace
) -> dict[str, str]:  # fmt: skip
    seconds = statistics.median(one["seconds"] for one in turns)
    return {
        "export": what, "": name, "file": f"{turns[0]['size'] / 1e6:,.0f} MB", "seconds": f"{seconds:.1f}",
        "slowest": f"{max(one['seconds'] for one in turns):.1f}", "records/s": f"{options.rows / seconds:,.0f}",
        "times DuckDB": f"{seconds / base:.2f}",
        "peak memory": f"{statistics.median(one['bytes'] for one in turns) / MIB:,.0f} MiB",
    }  # fmt: skip


def written(who: str, database: Path, kind: str) -> Path:
    return database.with_name(f"{who}.{kind}")


def process(who: str, database: Path, kind: str) -> dict[str, float]:
    """One turn in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.export_peer", "--turn", who, str(database), kind]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"The turn {command} failed: {said.stderr[-2000:]}")
    return {**json.loads(said.stdout), "size": written(who, database, kind).stat().st_size}


def turn(who: str, database: str, kind: str) -> dict[str, float]:
    """Seconds and bytes of one turn, in this process."""
    out = written(who, Path(database), kind)
    out.unlink(missing_ok=True)
    seconds = copied(database, kind, out) if who == "duckdb" else exported(database, kind, out)
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage has the most of the parent's, too
    return {"seconds": seconds, "bytes": int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024}


def copied(database: str, kind: str, out: Path) -> float:
    with duckdb.connect(database, read_only=True) as connection:
        began = time.perf_counter()
        connection.execute(f"COPY t TO '{out}' ({COPIED[kind]})")
        return time.perf_counter() - began


def exported(database: str, kind: str, out: Path) -> float:
    from pipeline.export import export_to
    from pipeline.exporters import exporters
    from pipeline.store import open_store

    exporters.names()
    store = open_store(database)
    began = time.perf_counter()
    export_to(store, project="export", format=kind, out=out)
    seconds = time.perf_counter() - began
    store.close()
    return seconds


if __name__ == "__main__":
    main()
