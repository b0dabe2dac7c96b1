"""Texts as tokens with tags, a token a line: what the importers of CoNLL and CoNLL-U share. Registers nothing.

Tags say by a letter where in a span a token stands: IOB1, IOB2, BILOU, IOBES and BMES do so in their own ways.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.domain import Rejection
from pipeline.importers.encoding import BROKEN
from pipeline.importers.source import Source, too_long, undecodable

IOB1, IOB2, BILOU, IOBES, BMES, IO = "iob1", "iob2", "bilou", "iobes", "bmes", "io"
SCHEMES = (IOB1, IOB2, BILOU, IOBES, BMES, IO)
OURS = ("id", "sent_id", "annotator", "text", "text_json")  # comments that are read
OUTSIDE = ("O", "o", "_", "")
NAMELESS = "span"  # the label of tags that are a letter alone
TOKENS_MOST = 100_000  # of one text; more is a file without blank lines
TAG = re.compile(r"([BIELSUMW])(?:[-_](.+))?", re.DOTALL)
_LETTERS = {"L": "E", "U": "S", "W": "S", "M": "I"}  # of the other schemes, as IOBES has them
_COMMENT = re.compile(r"#\s*([\w.:-]+(?: id)?)\s*=[ \t]?(.*)", re.DOTALL)
# Han, kana, and the punctuation that is set with them: written without spaces
_DENSE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff]")

Span = tuple[int, int, str]  # first token, the one behind the last, label


class Irregular(ValueError):
    """A tag that goes on with a span where none began; `at` is its token."""

    def __init__(self, at: int) -> None:
        super().__init__(f"A tag goes on with a span that did not begin, at token {at + 1}.")
        self.at = at


@dataclass(slots=True)
class Block:
    """What stands between two blank lines: its first line, its comments {name: text}, its lines with their numbers."""

    line: int
    comments: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, str]] = field(default_factory=list)


def blocks(source: Source, width: int = 0) -> Iterator[Block | Rejection]:
    """The file's blocks. A `#` at the beginning of a block is a comment, unless its line has `width` cells, of which
    the last is a tag. A line that cannot be read makes its whole block a rejection."""
    block, wrong = Block(0), ""
    for number, line in source.lines():
        text = (line or "").strip("\r\n")
        text = text.removeprefix("\ufeff") if number == 1 else text
        if line is not None and not text.strip(" \t"):
            yield from _ended(block, wrong)
            block, wrong = Block(0), ""
            continue
        block.line = block.line or number
        if line is None or BROKEN in text:
            block.line, wrong = (block.line, wrong) if wrong else (number, _unreadable(source, line))
        elif not block.rows and text.startswith("#") and not _is_token(text, width):
            name, said = _comment(text)
            block.comments.setdefault(name, said)
        elif len(block.rows) < TOKENS_MOST:
            block.rows.append((number, text))
        else:
            wrong = wrong or f"More than {TOKENS_MOST:,} tokens stand without a blank line between them."
    yield from _ended(block, wrong)


def _ended(block: Block, wrong: str) -> Iterator[Block | Rejection]:
    if wrong:
        yield Rejection(block.line, "", wrong)
    elif block.line:
        yield block


def _unreadable(source: Source, line: str | None) -> str:
    return too_long(source) if line is None else undecodable(source)


def _is_token(text: str, width: int) -> bool:
    parts = cells(text)
    return len(parts) == width > 1 and bool(parts[-1] == "O" or TAG.fullmatch(parts[-1])) and not _COMMENT.match(text)


def _comment(text: str) -> tuple[str, str]:
    match = _COMMENT.fullmatch(text)
    return (match[1], match[2]) if match else ("comment", text.lstrip("# "))


def first_lines(source: Source) -> list[str]:
    """The lines at the beginning of the file, without those that it cuts, blank ones and comments."""
    lines = source.beginning().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    whole = lines[:-1] if len(lines) > 2 else lines
    return [line for line in whole if line.strip() and not line.startswith("#")]


def cells(line: str) -> list[str]:
    """The cells of a line, between tabs if it has any, else between spaces."""
    return line.split("\t") if "\t" in line else [cell for cell in line.split(" ") if cell]


def scheme_of(sequences: Iterable[Sequence[str]]) -> str:
    """The scheme that these tags are in, told by their letters. IOB1 and IOB2 have the same: in IOB1 a span begins with
    I-, and with B- only right behind another of its label."""
    letters: Counter[str] = Counter()
    bare = began_inside = began = 0
    for tags in sequences:
        before = ""
        for tag in tags:
            letter, label = _parted(tag)
            bare += not letter and bool(label)
            letters[letter] += 1
            began_inside += letter == "I" and label != before
            began += letter == "B" and label != before
            before = label
    if letters["M"] or letters["W"]:
        return BMES
    if letters["L"] or letters["U"]:
        return BILOU
    if letters["E"] or letters["S"]:
        return IOBES
    if bare > sum(letters[one] for one in "BI"):
        return IO
    return IOB1 if began_inside and not began else IOB2


def spans_of(tags: Sequence[str], scheme: str, *, strict: bool = False) -> list[Span]:
    """The spans that the tags make. A tag inside of a span that did not begin begins it, or with `strict` raises
    Irregular; so does a span that should have an end and has none."""
    found: list[Span] = []
    start, label = 0, ""  # of the span that is open; no label is no span
    ends = scheme in (BILOU, IOBES, BMES)
    for at, tag in enumerate([*tags, "O"]):
        letter, now = _parted(tag) if scheme != IO else ("I" if tag not in OUTSIDE else "", _whole(tag))
        letter = _LETTERS.get(letter, letter)
        goes_on = letter in ("I", "E") and bool(label) and now == label
        if label and not goes_on:
            if strict and ends:
                raise Irregular(at - 1)
            found.append((start, at, label))
            label = ""
        if now and not goes_on:
            if strict and letter in ("I", "E") and scheme not in (IOB1, IO):
                raise Irregular(at)
            start, label = at, now
        if now and letter in ("E", "S"):
            found.append((start, at + 1, label))
            label = ""
    return found


def _parted(tag: str) -> tuple[str, str]:
    """The letter and the label of a tag; both empty outside of any span, no letter where it has none."""
    if tag in OUTSIDE:
        return "", ""
    match = TAG.fullmatch(tag)
    return (match[1], match[2] or NAMELESS) if match else ("", tag)


def _whole(tag: str) -> str:
    return "" if tag in OUTSIDE else tag


def joined(tokens: Sequence[str], joiner: str | None) -> tuple[str, list[int]]:
    """The text of the tokens, and where each begins. Without a `joiner` a space stands between two of them, but not
    beside Han, kana and their punctuation."""
    parts: list[str] = []
    starts: list[int] = []
    size = 0
    for at, token in enumerate(tokens):
        dense = joiner is None and at and (_DENSE.match(token) or _DENSE.search(tokens[at - 1][-1:]))
        between = "" if not at or dense else " " if joiner is None else joiner
        starts.append(size + len(between))
        parts += [between, token]
        size += len(between) + len(token)
    return "".join(parts), starts


def text_in(comments: dict[str, str]) -> str | None:
    """The text that the comments give; as JSON where it has more than one line."""
    plain = comments.get("text_json")
    if plain is not None:
        try:
            found = json.loads(plain)
        except (ValueError, RecursionError):
            found = None
        return found if isinstance(found, str) else None
    return comments.get("text")


def aligned(tokens: Sequence[str], text: str) -> list[int] | None:
    """Where each token begins in the text, if nothing but white space is between them; else None."""
    starts, at = [], 0
    for token in tokens:
        place = text.find(token, at)
        if place < 0 or text[at:place].strip():
            return None
        starts.append(place)
        at = place + len(token)
    return None if text[at:].strip() else starts
