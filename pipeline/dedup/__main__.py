"""Compile the kernels once, at install, so that the first search for duplicates does not wait for it."""

from __future__ import annotations

import sys

from pipeline.dedup.index import find


def main() -> None:
    sys.stderr.write("Compiling the near-duplicate kernels (about ten seconds, once) …\n")
    base = "one two three four five six seven eight nine ten eleven twelve"
    texts = [base, base + " thirteen", base, "", "short", "字" * 30, "字" * 31, *(f"{base} {n}" for n in range(40))]
    for shingle in ("word:2", "char:3"):
        find(texts, 0.7, shingle)


main()
