"""Compile the kernels once, at install, so that the first search for duplicates does not wait for it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from pipeline.dedup import moved
from pipeline.dedup.bands import choose
from pipeline.dedup.contain import Containment
from pipeline.dedup.index import Index
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signatures import Signatures
from pipeline.dedup.signer import Signer


def main() -> None:
    _forget()
    sys.stderr.write("Compiling the near-duplicate kernels (about ten seconds, once) …\n")
    base = "one two three four five six seven eight nine ten eleven twelve"
    texts = [base, base + " thirteen", base, "", "short", "字" * 30, "字" * 31, *(f"{base} {n}" for n in range(40))]
    column = pa.array(texts, pa.large_string())
    for shingle in ("word:2", "char:3"):
        with Signer(Shingle.parse(shingle)) as signer:
            for fresh in (None, np.arange(len(texts)) > 2):
                Containment(
                    len(texts), 0.7, lambda which: signer.cut(column.take(pa.array(which))), signer, fresh
                ).found()
        with Index(Shingle.parse(shingle), 0.7) as index:
            index.add(column)
            found = index.found()
            index.similarities(found.x, found.y)
            index.found(fresh=np.arange(len(texts)) > 2)
    _keep(column)
    none, two = np.zeros(0, np.int64), np.array([0, 1], np.int32)
    pair = (two[:1], two[1:], np.ones(1))
    moved.outlook(0.8, pair, pair, np.zeros(2), none)


def _keep(column: pa.Array) -> None:
    """What keeps signatures on disk and finds them again."""
    bands, numbers = choose(0.7), np.arange(len(column))
    with tempfile.TemporaryDirectory() as folder, Signer(Shingle.parse("word:2")) as signer:
        signatures = Signatures(Path(folder), 1, signer.shingle)
        signatures.sign(bands, numbers, numbers, signer.sign(column, bands))
        for threshold in (0.7, 0.5):
            signatures.place(choose(threshold), signer.spread, numbers, numbers)


def _forget() -> None:
    """Take away machine code that is older than a source of this package.

    A kernel may have others inside it, from other files, and numba looks only at a kernel's own file to see whether
    what it has kept is stale.
    """
    folder = cast("Any", moved.stars).stats.cache_path  # None if nothing is kept
    newest = max(path.stat().st_mtime for path in Path(__file__).parent.glob("*.py"))
    for path in Path(folder).glob("*.nb[ci]") if folder else ():
        if path.stat().st_mtime < newest:
            path.unlink(missing_ok=True)


main()
