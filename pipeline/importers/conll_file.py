"""CoNLL: a token a line with its tag in a column, a blank line between two texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import tagged_tokens
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found, Said
from pipeline.importers.source import Source
from pipeline.importers.tagged_tokens import SCHEMES, TAG, Block, Irregular, cells
from pipeline.knobs import knob

START = "-DOCSTART-"
LOOKED = 20_000  # texts by which the scheme is told
SPANS = "spans"
JOINERS = {"auto": None, "space": " ", "none": ""}


@importers.register
@dataclass(frozen=True, slots=True)
class Conll:
    """Tokens with tags of spans, as CoNLL-2003 has them, in IOB1, IOB2, BILOU, IOBES or BMES. The text is put together
    from the tokens, unless a comment `# text = …` gives it. Columns between token and tag go to the metadata."""

    name: ClassVar[str] = "conll"
    extensions: ClassVar[tuple[str, ...]] = ("conll", "iob", "iob2", "bio", "bmes", "bioes")

    column: int = knob(0, "The column of the tag, from 1; 0 is the last.", low=0, high=100)
    scheme: str = knob("auto", "How tags say where a span begins; auto: told by the tags.", choices=("auto", *SCHEMES))
    joiner: str = knob(
        "auto", "What stands between two tokens of a text; auto: a space, but nothing beside Chinese and Japanese.",
        choices=tuple(JOINERS),
    )  # fmt: skip
    inside: str = knob(
        "begin", "What a tag does that goes on with a span that did not begin: begin one, or reject its text.",
        choices=("begin", "reject"),
    )  # fmt: skip
    untagged: bool = knob(True, "A text without a tag is one that somebody saw, and found nothing to mark in.")

    def claims(self, source: Source) -> float:
        if not source.encoding:
            return 0.0
        rows = [cells(line) for line in tagged_tokens.first_lines(source)]
        if rows and rows[0][0] == START:
            return 0.95
        width = _width(source)
        tags = [row[-1] for row in rows if len(row) == width > 1 and (row[-1] == "O" or TAG.fullmatch(row[-1]))]
        return 0.95 if len(tags) >= 0.95 * len(rows) > 0 and len({"O", *tags}) > 1 and "O" in tags else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        width = _width(source)
        scheme = self.scheme if self.scheme != "auto" else tagged_tokens.scheme_of(self._tags(source, width))
        document = 0
        for block in tagged_tokens.blocks(source, width):
            if isinstance(block, Rejection):
                yield block
                continue
            if block.rows and not block.comments and cells(block.rows[0][1])[0] == START:
                document += 1
                del block.rows[0]
                if not block.rows:
                    continue
            yield self._record(block, scheme, document)

    def _tags(self, source: Source, width: int) -> Iterator[list[str]]:
        for block in islice(tagged_tokens.blocks(source, width), LOOKED):
            if isinstance(block, Block):
                rows = [cells(text) for _, text in block.rows]
                yield [row[self.column - 1] for row in rows if len(row) >= max(2, self.column) and row[0] != START]

    def _record(self, block: Block, scheme: str, document: int) -> Found | Rejection:
        rows = [cells(text) for _, text in block.rows]
        short = next((at for at, row in enumerate(rows) if len(row) < max(2, self.column) or not row[0]), None)
        if short is not None:
            return Rejection(block.rows[short][0], "", "The line has no token, or no tag in its column.")
        try:
            tags = [row[self.column - 1] for row in rows]
            spans = tagged_tokens.spans_of(tags, scheme, strict=self.inside == "reject")
        except Irregular as error:
            return Rejection(block.rows[error.at][0], "", str(error))
        tokens = [row[0] for row in rows]
        given = tagged_tokens.text_in(block.comments)
        starts = None if given is None else tagged_tokens.aligned(tokens, given)
        text = given or ""
        if starts is None:
            text, starts = tagged_tokens.joined(tokens, JOINERS[self.joiner])
        value = [_span(text, starts[one], starts[end - 1] + len(tokens[end - 1]), label) for one, end, label in spans]
        found = Found(block.line, text, block.comments.get("id", block.comments.get("sent_id", "")))
        found.meta = _meta(block, rows, self.column, document)
        if value or self.untagged:
            found.answers.append(Said(block.comments.get("annotator", ""), SPANS, "spans", value))
        return found


def _span(text: str, start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "text": text[start:end]}


def _meta(block: Block, rows: list[list[str]], column: int, document: int) -> dict[str, Any]:
    rest = {key: said for key, said in block.comments.items() if key not in tagged_tokens.OURS}
    width = min((len(row) for row in rows), default=0)
    between = [at for at in range(1, width) if at != (column or width) - 1]
    found: dict[str, Any] = {"document": document} if document else {}
    found |= {f"column {at + 1}": [row[at] for row in rows] for at in between}
    found |= {"comments": rest} if rest else {}
    return {"conll": found} if found else {}


def _width(source: Source) -> int:
    """How many cells most of the first lines have."""
    widths = Counter(len(cells(line)) for line in tagged_tokens.first_lines(source))
    return widths.most_common(1)[0][0] if widths else 0
