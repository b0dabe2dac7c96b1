"""CoNLL-U: a word a line in ten columns, a blank line between two texts; spans as tags in the last column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pipeline.exporters.base import Contents, exporters
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP, counted
from pipeline.exporters.tagged_tokens import (
    HOW,
    HOW_HELP,
    QUESTION_HELP,
    WORDS,
    Token,
    heading,
    marked,
    tags_of,
    tokens_of,
)
from pipeline.knobs import knob

_ESCAPED = {" ": "\\s", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


@exporters.register
@dataclass(frozen=True, slots=True)
class Conllu:
    """Words in ten columns, as Universal Dependencies have them, with tags NER=B-… of spans in the last. Spans that
    overlap, or do not begin and end with words, cannot be written."""

    name: ClassVar[str] = "conllu"
    suffix: ClassVar[str] = ".conllu"

    tokens: str = knob(WORDS, HOW_HELP, choices=HOW)
    question: str = knob("", QUESTION_HELP)
    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        with out.open("w", encoding="utf-8", newline="\n") as file:
            for row, who, text, spans in marked(contents, self.question, self.people, lost):
                found = tokens_of(text, self.tokens)
                if not found:
                    lost["texts without a word"] += 1
                    continue
                tags = tags_of(found, spans, "iob2", lost)
                lost["labels that hold a bar, written with /"] += sum("|" in tag for tag in tags)
                file.write(heading(row, who, text, "sent_id"))
                file.writelines(_lines(text, found, tags))
                file.write("\n")
        return counted(lost)


def _lines(text: str, found: Sequence[Token], tags: Sequence[str]) -> Iterator[str]:
    nexts = [start for start, _ in found[1:]] + [found[-1][1]]
    for number, ((start, end), tag, then) in enumerate(zip(found, tags, nexts, strict=True), 1):
        between = text[end:then]
        misc = [] if between == " " or number == len(found) else [_between(between)]
        misc.append(f"NER={tag.replace('|', '/')}")
        yield "\t".join([str(number), text[start:end], *"_" * 7, "|".join(misc)]) + "\n"


def _between(white: str) -> str:
    return f"SpacesAfter={''.join(_ESCAPED.get(one, one) for one in white)}" if white else "SpaceAfter=No"
