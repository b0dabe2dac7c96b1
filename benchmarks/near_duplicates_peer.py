"""Near-duplicates: Winnow's verb from the store to the verdicts, and four libraries on the same texts in memory.

    python -m benchmarks.near_duplicates_peer [--sizes 50000,200000] [--large 2000000] [--skip-peers] [--dry]

Every turn is a process of its own: seconds without imports and compiling, and the most memory that it and its children
had at once. The truth is exact (near_duplicates_truth, held against a comparison of all with all first). The peers are
given the texts as a list, find candidate pairs and stop; Winnow reads its database, verifies each pair, makes families,
chooses what stays and writes it. Peers have an environment each under the user's cache. Linux only (memory by /proc).
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
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import corpora, table
from benchmarks import near_duplicates_truth as truths
from benchmarks import peers as peers_of

ROOT = Path(__file__).resolve().parent.parent
THRESHOLD = 0.7
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SHINGLE = {"en": "word:5", "zh": "char:5"}
CHECKED = 1000  # texts on which the truth is held against a comparison of all with all
NEW, TURNS = 1000, 5
MIB = 2**20
# The package itself without what it asks for, then what it needs for this: text-dedup asks for pyspark, Sphinx and an
# old urllib3 as well, over which pip searches for many minutes, and its minhash program imports none of them.
PACKAGES = {
    "datasketch": ("datasketch==2.0.0", "numpy", "scipy", "xxhash==4.1.0"),
    "rensa": ("rensa==0.5.0",), "gaoya": ("gaoya==0.2.2",),
    "text-dedup": ("text-dedup==0.4.0", "datasets==5.2.0", "click-option-group==0.5.9", "ftfy", "regex", "rich",
                   "scipy", "bitarray", "psutil", "xxhash", "zstandard"),
}  # fmt: skip
PEERS = {
    "datasketch": "datasketch 2.0.0, defaults",
    "datasketch-tuned": "datasketch 2.0.0, xxHash, 25 x 5",
    "rensa": "rensa 0.5.0, 16 x 8",
    "rensa-wide": "rensa 0.5.0, 32 x 4",
    "rensa-rho": "rensa 0.5.0, rho (scored by texts: it names no pairs)",
    "gaoya": "gaoya 0.2.2, 25 x 5 (not given the short texts)",
    "text-dedup": "text-dedup 0.4.0, xxh3, 2 processes (pairs inside its clusters)",
}


def main() -> None:
    """Check the truth, run every turn, write the three tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=_numbers, default=[50_000, 200_000], help="texts in English")
    parser.add_argument("--chinese", type=int, default=50_000, help="texts in Chinese, 0 for none")
    parser.add_argument("--large", type=int, default=2_000_000, help="texts for Winnow alone, 0 for none")
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--limit", type=int, default=3600, help="seconds for a turn")
    parser.add_argument("--dry", action="store_true", help="print the tables, leave BENCHMARKS.md as it is")
    parser.add_argument("--turn", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.turn:
        from benchmarks import near_duplicates_winnow

        near_duplicates_winnow.turn(options.turn)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options.folder = Path(folder)
        report(options, *measure(options))


def measure(options: argparse.Namespace) -> tuple[list[Any], list[Any], list[Any]]:
    """The rows of the three tables."""
    rows: list[Any] = []
    plan = [("en", size) for size in options.sizes] + ([("zh", options.chinese)] if options.chinese else [])
    made = {}
    for language, size in plan:
        corpus = made[language, size] = Corpus(language, size, options.folder)
        sys.stderr.write(f"{corpus.name}, mean {corpus.mean}: {len(corpus.codes):,} pairs of {truths.LEAST} or more\n")
        found, further = winnow(options, corpus.path, f"{language}-{size}"), again(options, f"{language}-{size}")
        rows.append(corpus.row(f"**Winnow**, {SHINGLE[language]}", found))
        rows.append(corpus.row(f"**Winnow**, {SHINGLE[language]}, further runs of one process", further))
        rows += [] if options.skip_peers else peers(options, corpus)
    if options.large:
        path = corpora.corpus("en", options.large)
        found = winnow(options, path, "large", times=1)
        rows.append(row(f"en, {options.large:,}", "**Winnow**, word:5", options.large, found))
        (options.folder / "large.duckdb").unlink()
    smallest, largest = min(options.sizes), max(options.sizes)
    return rows, measure_thresholds(options, made["en", smallest]), measure_new(options, largest)


class Corpus:
    """One corpus, its exact truth, and its texts as lines of JSON for the peers."""

    def __init__(self, language: str, size: int, folder: Path) -> None:
        self.language, self.size = language, size
        self.path = corpora.corpus(language, size)
        texts = pq.read_table(self.path)["text"]
        units = [len(text.split()) if language == "en" else len(text) for text in texts.to_pylist()]
        self.name = f"{language}, {size:,}"
        self.mean = f"{statistics.mean(units):.0f} {'words' if language == 'en' else 'characters'}"
        truths.check(texts.slice(0, CHECKED).to_pylist(), SHINGLE[language])
        cache = self.path.with_name(f"{self.path.stem}-truth.npz")
        self.codes, self.jaccard = truths.truth(texts, SHINGLE[language], cache)
        self.lines = folder / f"{language}-{size}.jsonl"
        with self.lines.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts.to_pylist())

    def row(self, tool: str, found: dict[str, Any], threshold: float = THRESHOLD, *, texts: bool = False) -> Any:
        """A row with the scores of the pairs found, or of the texts said to have a near-duplicate (`texts`)."""
        if "failed" in found:
            return row(self.name, tool, self.size, found)
        codes, jaccard = self.codes, self.jaccard
        if texts:
            near = codes[jaccard >= threshold]
            codes = np.unique(np.concatenate([near >> 32, near & 0xFFFFFFFF]))
            jaccard = np.ones(len(codes))
        return row(self.name, tool, self.size, found, truths.scores(found["pairs"], codes, jaccard, threshold))


def peers(options: argparse.Namespace, corpus: Corpus) -> list[dict[str, str]]:
    """A row for each peer on this corpus, with why where there is no figure."""
    rows = []
    for tool, label in PEERS.items():
        folder = options.folder / f"{tool}-{corpus.language}-{corpus.size}"
        folder.mkdir()
        package = next(name for name in PACKAGES if tool.startswith(name))
        if tool == "text-dedup" and corpus.language == "zh":
            found: dict[str, Any] = {"failed": "no character shingles"}
        else:
            try:
                python = peer_python(package)
            except subprocess.CalledProcessError as error:
                found = {"failed": f"does not install: {error.stderr.strip()[-200:]}"}
            else:
                program = [str(python), str(ROOT / "benchmarks" / "near_duplicates_tools.py"), tool]
                command = [*program, str(corpus.lines), str(folder), "--threshold", str(THRESHOLD)]
                found = turn([*command, "--shingle", SHINGLE[corpus.language]], folder, options.limit)
        rows.append(corpus.row(label, found, texts=tool == "rensa-rho"))
        sys.stderr.write(f"{' | '.join(rows[-1].values())}\n")
    return rows


def winnow(options: argparse.Namespace, texts: Path, name: str, times: int = 3, **settings: Any) -> dict[str, Any]:
    """Import the texts into a database of this name (if there is none yet), then the verb in a process of its own;
    without settings `times` times, each on a database where nothing is signed yet: the median of the seconds."""
    database = options.folder / f"{name}.duckdb"
    if not database.exists():
        _winnow(options, {"do": "fill", "database": str(database), "texts": str(texts), "first": 0})
    shingle = SHINGLE["zh" if name.startswith("zh") else "en"]
    plan = {"do": "dedupe", "threshold": THRESHOLD, "shingle": shingle, **settings}
    if not settings and times > 1:
        shutil.copy(database, options.folder / f"{name}-plain.duckdb")
    copies = [options.folder / f"{name}-{turn_}.duckdb" for turn_ in range(1, 1 if settings else times)]
    for copy in copies:
        shutil.copy(database, copy)
    turns = [_winnow(options, {**plan, "database": str(path)}) for path in (*copies, database)]
    for copy in copies:
        copy.unlink()
        shutil.rmtree(copy.with_suffix(".files"))
    seconds = [one["seconds"] for one in turns]
    sys.stderr.write(f"{name} {settings}: {seconds} s\n")
    return {**turns[-1], "seconds": statistics.median(seconds), "bytes": max(one["bytes"] for one in turns)}


def again(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """The verb TURNS times in one process, each on a database where nothing is signed: the median but for the first."""
    paths = [options.folder / f"{name}-again-{number}.duckdb" for number in range(TURNS)]
    for path in paths:
        shutil.copy(options.folder / f"{name}-plain.duckdb", path)
    shingle = SHINGLE["zh" if name.startswith("zh") else "en"]
    databases = [str(path) for path in paths]
    found = _winnow(options, {"do": "again", "databases": databases, "threshold": THRESHOLD, "shingle": shingle})
    for path in paths:
        path.unlink()
        shutil.rmtree(path.with_suffix(".files"))
    sys.stderr.write(f"{name} further: {found['all']} s\n")
    return {**found, "seconds": statistics.median(found["all"][1:])}


def _winnow(options: argparse.Namespace, plan: dict[str, Any]) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.near_duplicates_peer", "--turn", str(folder / "plan.json")]
    found = turn(command, folder, options.limit)
    if "failed" in found:
        raise SystemExit(f"Winnow's turn {plan} failed: {found['failed']}")
    return found


def turn(command: list[str], folder: Path, limit: float) -> dict[str, Any]:
    """Run a process that writes `result.json` and `pairs` into the folder: what it wrote, or why there is nothing."""
    environment = {**os.environ, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    seen = peers_of.watch(command, folder / "log", limit, ROOT, environment)
    if seen.failed:
        return {"failed": seen.failed}
    found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    found["bytes"] = max(seen.memory, found["bytes"])
    found["pairs"] = np.fromfile(folder / "pairs", np.int64)
    return found


def measure_thresholds(options: argparse.Namespace, corpus: Corpus) -> list[dict[str, str]]:
    """Winnow at each threshold, as a preview, on a database of its own."""
    rows = []
    for threshold in THRESHOLDS:
        found = winnow(options, corpus.path, "thresholds", threshold=threshold, dry_run=True)
        made = corpus.row("", found, threshold)
        rows.append({"threshold": f"{threshold:g}", **{key: made[key] for key in list(made)[2:]}})
    return rows


def measure_new(options: argparse.Namespace, size: int) -> list[dict[str, str]]:
    """What it costs to look at NEW more texts when `size` are stored and searched, TURNS times with other texts."""
    name = f"en-{size}"
    path = options.folder / "new.parquet"
    texts = corpora.new_texts("en", size, NEW * TURNS)
    pq.write_table(pa.table({"id": pa.array(range(len(texts)), pa.int64()), "text": texts}), path, row_group_size=NEW)
    plan = {"do": "new", "database": str(options.folder / f"{name}.duckdb"), "texts": str(path), "first": size}
    found = _winnow(options, {**plan, "threshold": THRESHOLD, "shingle": SHINGLE["en"], "size": NEW})
    return [
        {"stored": f"{size:,}", "new": f"{NEW:,}", "looking (median of 5)": f"{found['seconds'] * 1000:.0f} ms",
         "slowest": f"{max(found['all']) * 1000:.0f} ms", "peak memory": f"{found['bytes'] / MIB:,.0f} MiB",
         "pairs with a new text": f"{len(found['pairs']):,}"}
    ]  # fmt: skip


def row(corpus: str, tool: str, size: int, found: dict[str, Any], scores: dict[str, float] | None = None) -> Any:
    """One row; with dashes where there is no figure."""
    made = dict.fromkeys(
        ("texts", "", "seconds", "texts/s", "ms a text", "peak memory", "pairs found", "of true pairs", "precision",
         "recall", "F1", "remark"), "-",
    )  # fmt: skip
    made |= {"texts": corpus, "": tool, "remark": found.get("failed", found.get("remark", ""))}
    if "failed" in found:
        return made
    made |= {
        "seconds": f"{found['seconds']:.1f}", "texts/s": f"{size / found['seconds']:,.0f}",
        "ms a text": f"{found['seconds'] / size * 1000:.3f}", "peak memory": f"{found['bytes'] / MIB:,.0f} MiB",
        "pairs found": f"{len(found['pairs']):,}",
    }  # fmt: skip
    if scores:
        made |= {"of true pairs": f"{scores['true']:,}"}
        made |= {name: f"{scores[name.lower()]:.4f}" for name in ("precision", "recall", "F1")}
    return made


def report(options: argparse.Namespace, rows: list[Any], thresholds: list[Any], new: list[Any]) -> None:
    """Write the three sections, into a file that is thrown away if the run is dry."""
    target = options.folder / "dry.md" if options.dry else table.REPORT
    if options.dry:
        target.write_text("# Dry run\n", encoding="utf-8")
    mix = ", ".join(f"{share:.0%} {name}" for name, share in corpora.MIX.items())
    machine = table.machine("duckdb", "numba")
    intro = (
        f"{machine}. Texts (seed {corpora.SEED}; {mix}): en is {corpora.NOTE['en']}, zh {corpora.NOTE['zh']}. "
        f"Threshold {THRESHOLD}, 128 permutations for the peers; word:5 (zh: char:5). Winnow goes from the store to "
        "the verdicts written and verifies each pair; the peers have the texts as a list in memory and stop at "
        "candidate pairs, scored as they come out. Winnow's seconds are the median of three processes (2 million: "
        "one) and, as its server lives on, of four further runs in one process: memory that was used before is faster."
    )
    again = f"{machine}. Winnow on the same {min(options.sizes):,} English texts, word:5, a preview at each threshold."
    stored = (
        f"{machine}. {NEW:,} more texts imported after a search was carried out, then the verb with the scope `new`: "
        "signed, held against all that are in the data set, verified, written. Each turn has other texts."
    )
    for section, words, made in (
        ("Near-duplicates: Winnow and four libraries", intro, rows),
        ("Near-duplicates at other thresholds", again, thresholds),
        ("New texts against stored ones", stored, new),
    ):
        sys.stdout.write(table.write(section, "near_duplicates_peer", words, made, report=target) + "\n")


def peer_python(package: str) -> Path:
    """The Python of a peer's own environment, made at the first use. Raises CalledProcessError."""
    own, *needed = PACKAGES[package]
    return peers_of.python_of(corpora.home().parent / own, own, needed)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
