"""The peers of near_duplicates_peer, each run by the Python of its own environment, where Winnow is not installed.

    python benchmarks/near_duplicates_tools.py TOOL TEXTS.jsonl FOLDER --shingle word:5 --threshold 0.7

Writes FOLDER/pairs (unsigned 64-bit x << 32 | y of the pairs found) and FOLDER/result.json (seconds, bytes, note). The
texts are in memory before the clock starts and the tool is imported; only the standard library is needed beside it.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

PERMUTATIONS = 128
BATCH = 10_000


def shingles(text: str, shingle: str) -> set[str]:
    """What all peers but gaoya and text-dedup are given: a short text is one shingle of all that it has."""
    unit, size = shingle.split(":")
    n = int(size)
    if unit == "word":
        words = text.lower().split()
        return {" ".join(words[i : i + n]) for i in range(max(1, len(words) - n + 1))} if words else set()
    lowered = " ".join(text.lower().split())
    return {lowered[i : i + n] for i in range(max(1, len(lowered) - n + 1))} if lowered else set()


def datasketch(options: argparse.Namespace, texts: Sequence[str]) -> Iterator[int]:
    """datasketch as its documentation begins: SHA-1, the bands that it chooses for the threshold."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=options.threshold, num_perm=PERMUTATIONS)
    return _datasketch(MinHash, index, options, texts)


def datasketch_tuned(options: argparse.Namespace, texts: Sequence[str]) -> Iterator[int]:
    """datasketch with xxHash instead of SHA-1 and 25 bands of 5 rows, which miss less."""
    import xxhash
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=options.threshold, num_perm=PERMUTATIONS, params=(25, 5))
    return _datasketch(MinHash, index, options, texts, hashfunc=xxhash.xxh32_intdigest)


def _datasketch(kind: Any, index: Any, options: argparse.Namespace, texts: Sequence[str], **how: Any) -> Iterator[int]:
    sets = ([s.encode() for s in shingles(text, options.shingle)] for text in texts)
    yield -1
    signed = kind.bulk(sets, num_perm=PERMUTATIONS, **how)
    with index.insertion_session() as session:
        for i, one in enumerate(signed):
            session.insert(i, one, check_duplication=False)
    for i, one in enumerate(signed):
        for other in index.query(one):
            if i < other:
                yield i << 32 | other


def rensa(options: argparse.Namespace, texts: Sequence[str], bands: int = 16) -> Iterator[int]:
    """rensa's full-set R-MinHash: candidates of its index, 16 bands of 8 rows (a chance of a half at 0.7)."""
    from rensa import RMinHash, RMinHashLSH

    yield -1
    index = RMinHashLSH(threshold=options.threshold, num_perm=PERMUTATIONS, num_bands=bands)
    signed = []
    for some in _batches(texts):
        sets = [list(shingles(text, options.shingle)) for text in some]
        signed += RMinHash.from_token_sets(sets, num_perm=PERMUTATIONS, seed=42)
    index.insert_many(signed)
    for first in range(0, len(signed), BATCH):
        for i, others in enumerate(index.query_all(signed[first : first + BATCH]), first):
            for other in others:
                if i < other:
                    yield i << 32 | other


def rensa_wide(options: argparse.Namespace, texts: Sequence[str]) -> Iterator[int]:
    """The same with 32 bands of 4 rows, which miss less."""
    return rensa(options, texts, bands=32)


def rensa_rho(options: argparse.Namespace, texts: Sequence[str]) -> Iterator[int]:
    """rensa's fastest: its rho pipeline, 8 bands, says of each text whether it has a near-duplicate, and not which."""
    from rensa import RMinHash, RMinHashLSH

    yield -1
    index = RMinHashLSH(threshold=options.threshold, num_perm=PERMUTATIONS, num_bands=8)
    matrix = RMinHash.digest_matrix_from_token_sets_rho(
        [list(shingles(text, options.shingle)) for text in texts], num_perm=PERMUTATIONS, seed=42
    )
    for i, flag in enumerate(index.query_duplicate_flags_matrix_one_shot(matrix)):
        if flag:
            yield i


def gaoya(options: argparse.Namespace, texts: Sequence[str]) -> Iterator[int]:
    """gaoya's index of strings with its own n-grams, 25 bands of 5 rows; it keeps what it estimates over the threshold.

    A text of fewer than n words has no n-gram for it, and all such texts are equal: they are not given to it.
    """
    from gaoya.minhash import MinHashStringIndex

    yield -1
    unit, size = options.shingle.split(":")
    n = int(size)
    index = MinHashStringIndex(
        hash_size=32, jaccard_threshold=options.threshold, num_bands=25, band_size=5, analyzer=unit, lowercase=True,
        ngram_range=(n, n), id_container="smallvec",
    )  # fmt: skip
    ids = [i for i, text in enumerate(texts) if (len(text.split()) if unit == "word" else len(text)) >= n]
    kept = [texts[i] for i in ids]
    index.par_bulk_insert_docs(ids, kept)
    for i, others in zip(ids, index.par_bulk_query(kept), strict=True):
        for other in others:
            if i < other:
                yield i << 32 | other


def text_dedup(options: argparse.Namespace, _: Sequence[str]) -> Iterator[int]:
    """text-dedup's minhash program on the file, two processes: it writes clusters, and all pairs in one are counted.

    It splits words where \\W stands and knows no character shingles. Its shingles of short texts are its own.
    """
    from text_dedup import minhash

    yield -1
    folder = options.folder / "text-dedup"
    arguments = {
        "path": "json", "data_files": options.texts, "split": "train", "column": "text", "output": folder / "out",
        "cache_dir": folder / "cache", "num_proc": 2, "ngram": 5, "num_perm": PERMUTATIONS, "min_length": 1,
        "threshold": options.threshold, "hash_func": "xxh3",
    }  # fmt: skip
    minhash.main([f"--{name}={value}" for name, value in arguments.items()], standalone_mode=False)
    clusters = defaultdict(list)
    for one in list(minhash.uf.parent):
        clusters[minhash.uf.find(one)].append(one)
    for members in clusters.values():
        for x, y in combinations(sorted(members), 2):
            yield x << 32 | y


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(texts), BATCH):
        yield texts[first : first + BATCH]


TOOLS: dict[str, Callable[[argparse.Namespace, Sequence[str]], Iterator[int]]] = {
    "datasketch": datasketch, "datasketch-tuned": datasketch_tuned, "rensa": rensa, "rensa-wide": rensa_wide,
    "rensa-rho": rensa_rho, "gaoya": gaoya, "text-dedup": text_dedup,
}  # fmt: skip


def run() -> None:
    """One tool on one file. Each tool yields -1 when it is imported, then what it finds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("texts", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shingle", default="word:5")
    parser.add_argument("--threshold", type=float, default=0.7)
    options = parser.parse_args()
    with options.texts.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    found = TOOLS[options.tool](options, texts)
    next(found)
    began = time.perf_counter()
    pairs = array("Q", found)
    seconds = time.perf_counter() - began
    with (options.folder / "pairs").open("wb") as out:
        pairs.tofile(out)
    # Linux's own mark, as getrusage's starts from the memory of the process that started this one.
    peak = int(re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))[0]) * 1024
    result = {"seconds": seconds, "bytes": peak}
    (options.folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    run()
