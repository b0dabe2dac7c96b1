"""Signature files that were torn, overwritten or filled with anything: what is found in them is what was written."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedup.bands import MOST, choose
from pipeline.dedup.kernels_text import band_keys
from pipeline.dedup.rows import NAME, wholes
from pipeline.dedup.shingles import Shingle
from pipeline.dedup.signatures import Signatures
from pipeline.dedup.signer import Signed

TEXTS = 12
kinds = st.sampled_from(["cut", "zeros", "garbage", "flip", "more", "gone", "swap"])


def rows_of(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    records, edits = np.arange(1, TEXTS + 1) * 3, rng.integers(0, 2, TEXTS) * 1000
    return records, edits, rng.integers(0, 90, TEXTS), rng.integers(0, 1 << 16, (TEXTS, MOST), dtype=np.uint16)


BANDS = choose(0.7)
ROW = {".names": NAME.itemsize, ".least": 2 * MOST, f".{BANDS.rows}x{BANDS.bands}": 4 * (BANDS.bands + 2)}


def spread(work: Callable[[Any], Any], parts: list[Any]) -> list[Any]:
    return [work(part) for part in parts]


def damage(path: Path, kind: str, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    row = ROW[path.suffix]
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.choice([1, 4, 8, 100, 512, 4096]))
    if kind == "cut":
        del data[start:]
    elif kind == "zeros":
        data[start:end] = bytes(end - start)
    elif kind == "garbage":
        data[start:end] = chance.randbytes(end - start)
    elif kind == "flip":
        data[start] ^= 1 << chance.randrange(8)
    elif kind == "more":
        data += chance.randbytes(end - start)
    elif kind == "swap":
        one, two = (chance.randrange(max(1, len(data) // row)) * row for _ in range(2))
        data[one : one + row], data[two : two + row] = data[two : two + row], data[one : one + row]
    path.unlink() if kind == "gone" else path.write_bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(ROW)), kinds), min_size=1, max_size=3), st.integers(0, 2**32))
def test_no_damage_to_the_files_is_taken_for_a_signature(damages: list[tuple[str, str]], seed: int) -> None:
    chance = random.Random(seed)
    records, edits, counts, least = rows_of(seed)
    whole, keys = wholes(least), np.empty((TEXTS, BANDS.bands), np.uint32)
    band_keys(least, BANDS.rows, keys)

    def add(own: Any) -> None:
        signed = Signed([], counts[own], least[own], keys[own], whole[own])
        signatures.sign(BANDS, records[own], edits[own], signed)

    def known() -> np.ndarray:
        at, wholes_, counts_ = signatures.place(BANDS, spread, records, edits)
        good = at >= 0
        assert (counts_[good] == counts[good]).all()
        assert (wholes_[good] == whole[good]).all()
        assert (signatures.keys(BANDS)[at[good], 2:] == keys[good]).all()
        return good

    with tempfile.TemporaryDirectory() as folder:
        signatures = Signatures(Path(folder), 1, Shingle("word", 5))
        half = TEXTS // 2
        for own in (slice(0, half), slice(half, TEXTS)):
            add(own)
        files = {path.suffix: path for path in Path(folder).iterdir()}
        for part, kind in damages:
            if files[part].exists() and files[part].stat().st_size:
                damage(files[part], kind, chance)
        good = known()
        add(~good)
        assert known().all()
        assert known().all()
        files[f".{BANDS.rows}x{BANDS.bands}"].unlink()  # now of the minima, where these are what they were
        good = known()
        add(~good)
        assert known().all()
