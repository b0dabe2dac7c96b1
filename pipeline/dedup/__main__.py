"""Compile the kernels once, at install, so that the first search for duplicates does not wait for it."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa

from pipeline.dedup.contain import Containment
from pipeline.dedup.index import Index
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signer import Signer


def main() -> None:
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


main()
