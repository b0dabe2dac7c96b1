"""The bytes of a spaCy DocBin (.spacy) as plain texts and marks. No document of spaCy is made of them, and nothing in
them is run: they are MessagePack inside zlib (spacy.tokens.DocBin.to_bytes), and every number is held against the size
of what it counts in before it is used. Registers nothing.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.importers.source import FileRefused, Source

MAGIC = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
BEGINNING = 1 << 12  # bytes of the unpacked file in which its first keys stand
ORTH, ENT_IOB, ENT_TYPE = 65, 77, 78  # numbers of attributes, as in spacy.attrs
LEMMA, POS, TAG, DEP, ENT_KB_ID = 73, 74, 75, 76, 452
_SPAN = struct.Struct(">QQQllll")  # id, kb_id, label, start, end, start_char, end_char, as in spacy SpanGroup.to_bytes


@dataclass(slots=True)
class Doc:
    """One document. Spans are (start, end, label) in code points of the text; `ents` is None where nobody looked."""

    text: str
    ents: list[tuple[int, int, str]] | None = None
    groups: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    cats: dict[str, float] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)  # what Winnow wrote beside it
    lost: list[str] = field(default_factory=list)


class Broken(ValueError):
    """A document whose parts do not fit together, and why."""


def is_docbin(source: Source) -> bool:
    """Whether the bytes begin as those of a DocBin."""
    if not source.head.startswith(MAGIC):
        return False
    try:
        start = zlib.decompressobj().decompress(source.head, BEGINNING)
    except zlib.error:
        return False
    return b"\xa5attrs" in start and start[:1] in map(bytes, ([one] for one in range(0x80, 0x90)))


def docs(source: Source) -> Iterator[Doc | Broken]:
    """The documents of a file. Raises FileRefused if it is damaged, too large, or spaCy is not there."""
    try:
        from spacy.strings import StringStore
        from srsly import msgpack  # type: ignore[import-untyped]
    except ImportError:
        raise FileRefused(
            f"{source.name} is a file of spaCy, which is not installed here. Install it: pip install spacy"
        ) from None
    message = _unpacked(source, msgpack)
    try:
        columns = [int(one) for one in message["attrs"]]
        tokens, spaces = _table(message["tokens"], len(columns)), message["spaces"]
        lengths = struct.unpack(f"<{len(message['lengths']) // 4}i", message["lengths"])
        strings = StringStore([one for one in message["strings"] if isinstance(one, str)])
        size = sum(lengths)
        fits = size * len(columns) == len(tokens) and size == len(spaces) and min(lengths, default=0) >= 0
        if not fits or columns[0] != ORTH:
            raise FileRefused(_damaged(source))
    except (KeyError, TypeError, ValueError, IndexError, struct.error, OverflowError):
        raise FileRefused(_damaged(source)) from None
    at = 0
    for number, length in enumerate(lengths):
        part = tokens[at * len(columns) : (at + length) * len(columns)]
        try:
            yield _doc(message, number, _Words(part, columns, spaces[at : at + length], strings), msgpack)
        except Broken as error:
            yield error
        at += length


@dataclass(slots=True)
class _Words:
    """The tokens of one document: `flat` holds the numbers of each token's attributes, one token behind the other."""

    flat: Sequence[int]
    columns: list[int]
    spaces: bytes
    strings: Any

    def column(self, attribute: int) -> Sequence[int] | None:
        return self.flat[self.columns.index(attribute) :: len(self.columns)] if attribute in self.columns else None

    def said(self, number: int) -> str:
        """The text that a number stands for. Raises Broken if the file does not hold it."""
        try:
            return self.strings[number] if number else ""
        except (KeyError, OverflowError, TypeError):
            raise Broken("A word or a label is missing from the file's own list of strings.") from None


def _doc(message: Mapping[str, Any], number: int, words: _Words, msgpack: Any) -> Doc:
    texts = [words.said(one) for one in words.column(ORTH) or ()]
    flags = _at(message.get("flags"), number)
    unknown = isinstance(flags, Mapping) and bool(flags.get("has_unknown_spaces"))
    starts, at, pieces = [], 0, []
    for place, text in enumerate(texts):
        follows = " " if (place + 1 < len(texts) if unknown else words.spaces[place]) else ""
        starts.append((at, at + len(text)))
        pieces.append(text + follows)
        at += len(text) + len(follows)
    found = Doc("".join(pieces))
    found.lost += ["texts whose spaces the file does not know, written between all words"] * unknown
    if any(any(words.column(one) or ()) for one in (LEMMA, POS, TAG, DEP)):
        found.lost.append("lemmas, tags and trees of words")
    found.lost += ["entities' ids in a knowledge base"] * any(words.column(ENT_KB_ID) or ())
    found.ents = _ents(words, starts)
    found.groups = _groups(_at(message.get("span_groups"), number), words, starts, msgpack, found.lost)
    cats = _at(message.get("cats"), number)
    cats = cats if isinstance(cats, Mapping) else {}
    found.cats = {name: float(one) for name, one in cats.items() if isinstance(name, str) and _is_number(one)}
    found.note = _note(_at(message.get("user_data"), number), msgpack, found.lost)
    return found


def _ents(words: _Words, places: list[tuple[int, int]]) -> list[tuple[int, int, str]] | None:
    """The entities: 3 begins one, 1 goes on in it, 2 is outside, and 0 says that nobody looked."""
    iob, types = words.column(ENT_IOB), words.column(ENT_TYPE)
    if iob is None or types is None or not any(iob):
        return None
    found: list[tuple[int, int, str]] = []
    for (start, end), mark, kind in zip(places, iob, types, strict=True):
        if mark == 1 and found and found[-1][1] <= start and kind:
            found[-1] = (found[-1][0], end, found[-1][2])
        elif mark in (1, 3) and kind:
            found.append((start, end, words.said(kind)))
    return found


def _groups(
    data: Any, words: _Words, places: list[tuple[int, int]], msgpack: Any, lost: list[str]
) -> dict[str, list[tuple[int, int, str]]]:  # fmt: skip
    """The span groups by their key: {bytes of a group: its keys}, or in older files a list of the bytes."""
    if not isinstance(data, bytes) or not data:
        return {}
    said = _mapping_or_list(_loaded(data, msgpack))
    keyed = said.items() if isinstance(said, Mapping) else ((one, None) for one in said or () if isinstance(one, bytes))
    found = {}
    for group, keys in keyed:
        plain = _loaded(group, msgpack) if isinstance(group, bytes) else None
        if not isinstance(plain, Mapping) or not isinstance(plain.get("spans"), list):
            raise Broken("A group of spans cannot be read.")
        spans = [_span(one, words, places) for one in plain["spans"]]
        named = [one for one in spans if one[2]]
        lost += ["spans without a label or a place"] * (len(spans) - len(named))
        for key in keys if isinstance(keys, list) else [plain.get("name")]:
            found[str(key)] = named
    return found


def _mapping_or_list(value: Any) -> Any:
    return value if isinstance(value, Mapping | list) else []


def _span(data: Any, words: _Words, places: list[tuple[int, int]]) -> tuple[int, int, str]:
    if not isinstance(data, bytes) or len(data) != _SPAN.size:
        raise Broken("A group of spans cannot be read.")
    _, _, label, start, end, _, _ = _SPAN.unpack(data)
    if not 0 <= start < end <= len(places):
        raise Broken("A span lies outside of its text.")
    return places[start][0], places[end - 1][1], words.said(label)


def _note(data: Any, msgpack: Any, lost: list[str]) -> Mapping[str, Any]:
    """What Winnow wrote beside a document, as JSON text. All else that programs kept there is not looked into."""
    if not isinstance(data, bytes):
        return {}
    said = _loaded(data, msgpack, use_list=False)
    if not isinstance(said, Mapping) or not said:
        return {}
    try:
        found = json.loads(said["winnow"])
    except (KeyError, TypeError, ValueError, RecursionError):
        found = None
    lost += ["data of programs (user_data)"] * (set(said) != {"winnow"})
    return found if isinstance(found, Mapping) else {}


def _unpacked(source: Source, msgpack: Any) -> Mapping[str, Any]:
    most = source.limits.file_mb * 1_000_000
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(source.path.read_bytes(), most)
        if unpacker.unconsumed_tail:
            size = f"{source.limits.file_mb:,} MB"
            raise FileRefused(f"{source.name} unpacks to more than {size}, the most that is imported. Split it.")
        message = msgpack.unpackb(data, raw=False, object_pairs_hook=dict, strict_map_key=False)
    except (zlib.error, ValueError, TypeError, msgpack.UnpackException, RecursionError, UnicodeDecodeError):
        raise FileRefused(_damaged(source)) from None
    if not unpacker.eof or not isinstance(message, dict):
        raise FileRefused(_damaged(source))
    return message


def _loaded(data: bytes, msgpack: Any, *, use_list: bool = True) -> Any:
    try:
        return msgpack.unpackb(data, raw=False, use_list=use_list, object_pairs_hook=dict, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError):
        raise Broken("A part of the document cannot be read.") from None


def _table(data: bytes, width: int) -> Sequence[int]:
    if width < 1 or len(data) % (8 * width):
        raise ValueError
    return memoryview(data).cast("Q")


def _at(values: Any, place: int) -> Any:
    return values[place] if isinstance(values, Sequence) and place < len(values) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300


def _damaged(source: Source) -> str:
    return f"{source.name} is no whole DocBin of spaCy: parts of it are missing or do not fit. Copy it again."
