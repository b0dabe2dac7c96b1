"""Compile the readers once, at install, so that the first import of a large file does not wait for it."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.importers import Columns, choose, open_source
from pipeline.importers.base import Batch
from pipeline.importers.quick import seen
from pipeline.importers.quick.block import Block
from pipeline.importers.quick.compiled import forget

ROWS = [{"id": f"r{n}", "text": "a text", "label": "pos", "split": "train", "n": {"of": [n, "more"]}} for n in range(3)]
COLUMNS = Columns("text", "label", "id", "split")


def main() -> None:
    forget()
    sys.stderr.write("Compiling the readers of large files (about ten seconds, once) …\n")
    with tempfile.TemporaryDirectory() as folder:
        for path, columns in _files(Path(folder)):
            source = open_source(path)
            blocks: Iterator[Block | Batch] = choose(source).blocks(source, columns)  # type: ignore[attr-defined]
            known = seen.Seen()
            for block in blocks:
                if isinstance(block, Block):
                    known.add(block.ids)
    seen.grow(known.places, known.places.copy())


def _files(folder: Path) -> Iterator[tuple[Path, Columns]]:
    """A small file of each format."""
    flat = [{**row, "n": str(row["n"])} for row in ROWS]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    table = "id,text,label,split,n\nr1,a text,,,n\nr2,a text,pos,train,n\nodd\n"
    (folder / "a.csv").write_text(table, encoding="utf-8")
    (folder / "a.txt").write_text("a text\nanother\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(flat), folder / "a.parquet")
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        yield folder / name, COLUMNS
    yield folder / "a.txt", Columns("text")


main()
