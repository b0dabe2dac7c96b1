"""The English sentences that the pipeline and the training make, in other languages: app/messages/sentences/*.toml.

    [[sentence]]
    en = "{name} has no column '{column}'. Its columns: {columns}."
    zh = "{name} 没有列“{column}”。现有的列：{columns}。"

A hole named in `inside` may itself hold a sentence, or a `[[part]]` of one; a hole named in `words` holds a `[[word]]`.
All others hold data, which stays as it is. Pure: knows no page; what is in no entry comes back unchanged.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "messages" / "sentences"
LONGEST = 20_000  # characters of a sentence that is looked up: more is no sentence of ours
DEEP = 4  # parts within parts
FEW = 10  # an entry with fewer letters of its own counts only if the parts inside of it are known
JOINED = 8  # sentences one behind the other in one text
SENTENCE, PART, WORD = "sentence", "part", "word"
SETTINGS = ("en", "inside", "words", "as_is")  # what an entry has beside its text in other languages
READINGS = 32  # ways to cut one sentence that are tried
_SEAM = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One template: `pieces` are its literals, one more than `names`, which stand between them."""

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    said: Mapping[str, str]
    table: str = SENTENCE  # sentence, part or word
    inside: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    weight: int = 0  # characters of literal text
    letters: int = 0  # letters among them

    @classmethod
    def of(cls, plain: Mapping[str, Any], table: str = SENTENCE) -> Entry:
        pieces, names = cut(plain["en"])
        said = {language: text for language, text in plain.items() if language not in SETTINGS}
        own = "".join(pieces)
        letters = sum(map(str.isalpha, own))
        inside, words = frozenset(plain.get("inside", ())), frozenset(plain.get("words", ()))
        return cls(pieces, names, said, table, inside, words, len(own), letters)

    def readings(self, sentence: str) -> Iterator[dict[str, str]]:
        """What the holes may hold if the sentence is of this template: the earlier holes as short as may be first."""
        head, tail = self.pieces[0], self.pieces[-1]
        if not self.names:
            if sentence == head:
                yield {}
            return
        end = len(sentence) - len(tail)
        if end >= len(head) and sentence.startswith(head) and sentence.endswith(tail):
            for values in islice(self._from(sentence, 0, len(head), end), READINGS):
                yield dict(zip(self.names, values, strict=True))

    def _from(self, sentence: str, hole: int, at: int, end: int) -> Iterator[tuple[str, ...]]:
        if hole == len(self.names) - 1:
            yield (sentence[at:end],)
            return
        piece = self.pieces[hole + 1]
        place = sentence.find(piece, at, end)
        while place >= 0:
            for rest in self._from(sentence, hole + 1, place + len(piece), end):
                yield (sentence[at:place], *rest)
            place = sentence.find(piece, place + 1, end)


class Catalogue:
    """All entries, found by how a sentence begins; of those that fit, the one with the most literal text."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_start: dict[str, list[Entry]] = {}
        for entry in sorted(entries, key=lambda e: -e.weight):
            self._by_start.setdefault(entry.pieces[0][:1], []).append(entry)

    def said(self, sentence: str, language: str) -> str:
        """The sentence (or several, one behind the other) in this language; what is unknown as it is."""
        if len(sentence) > LONGEST:
            return sentence
        found = self._found(sentence, language, DEEP, (SENTENCE,))
        return self._joined(sentence, language) if found is None else found

    def entry(self, sentence: str) -> Entry | None:
        """The entry that the sentence is of, whether or not it stands only inside of others."""
        found = self._read(sentence, "", DEEP, (SENTENCE, PART, WORD))
        return found and found[0]

    def _found(self, sentence: str, language: str, deep: int, tables: tuple[str, ...]) -> str | None:
        found = self._read(sentence, language, deep, tables) if deep else None
        text = found and found[0].said.get(language)
        return filled(text, found[1]) if found and text else None

    def _read(
        self, sentence: str, language: str, deep: int, tables: tuple[str, ...]
    ) -> tuple[Entry, dict[str, str]] | None:  # fmt: skip
        """The entry that fits best and what its holes say: all that is inside of it known, then most literal text."""
        second = None
        starting = merge(*(self._by_start.get(start, ()) for start in (sentence[:1], "")), key=lambda e: -e.weight)
        for entry in starting:
            if entry.table not in tables:
                continue
            for values in entry.readings(sentence):
                inner = {name: self._found(values[name], language, deep - 1, (SENTENCE, PART)) for name in entry.inside}
                inner |= {name: self._found(values[name], language, deep - 1, (WORD,)) for name in entry.words}
                shown = {name: inner.get(name) or value for name, value in values.items()}
                if None not in inner.values():
                    return entry, shown
                if second is None and entry.letters >= (FEW if entry.table == SENTENCE else 1):
                    second = entry, shown
        return second

    def _joined(self, sentence: str, language: str) -> str:
        """Several sentences that stand one behind the other, each in this language."""
        ends = [at + 1 for at in range(len(sentence) - 2) if sentence.startswith(". ", at)][: JOINED * 2]
        for end in reversed(ends):
            first = self._found(sentence[:end], language, DEEP, (SENTENCE,))
            if first is not None:
                return first + self.said(sentence[end + 1 :], language)
        return sentence


def cut(template: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The literal pieces of a template with {holes}, and the holes' names."""
    pieces, names = [""], []
    for literal, name, _, _ in string.Formatter().parse(template):
        pieces[-1] += literal
        if name is not None:
            names.append(name)
            pieces.append("")
    return tuple(pieces), tuple(names)


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its holes filled. The values are put in as they are, whatever they hold; between a hanzi and a
    Latin letter or a digit comes a space."""
    pieces, names = cut(template)
    text = pieces[0]
    for name, piece in zip(names, pieces[1:], strict=True):
        for part in (values[name], piece):
            text += (" " if _SEAM.fullmatch(text[-1:] + part[:1]) else "") + part
    return text


@lru_cache
def catalogue() -> Catalogue:
    """The entries of all files, read once."""
    entries = []
    for file in sorted(FOLDER.glob("*.toml")):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        entries += [Entry.of(one, table) for table in (SENTENCE, PART, WORD) for one in tables.get(table, ())]
    return Catalogue(entries)


@lru_cache(maxsize=4096)
def translated(sentence: str, language: str) -> str:
    """The sentence in this language. English is what the sentences are made in."""
    return sentence if language == "en" else catalogue().said(sentence, language)
