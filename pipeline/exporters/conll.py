"""CoNLL: a token a line with its tag, a blank line between two texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pipeline.exporters.base import Contents, exporters
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP, counted
from pipeline.exporters.tagged_tokens import (
    HOW,
    HOW_HELP,
    QUESTION_HELP,
    SCHEMES,
    WORDS,
    heading,
    marked,
    tags_of,
    tokens_of,
)
from pipeline.knobs import knob


@exporters.register
@dataclass(frozen=True, slots=True)
class Conll:
    """Tokens with tags of spans, as CoNLL-2003 has them. Each text has its id and itself in comments, so that it comes
    back as it was. Spans that overlap, or do not begin and end with tokens, cannot be written."""

    name: ClassVar[str] = "conll"
    suffix: ClassVar[str] = ".conll"

    tokens: str = knob(WORDS, HOW_HELP, choices=HOW)
    scheme: str = knob("iob2", "How tags say where a span begins and ends.", choices=tuple(SCHEMES))
    question: str = knob("", QUESTION_HELP)
    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    separator: str = knob("space", "What stands between a token and its tag.", choices=("space", "tab"))
    comments: bool = knob(True, "Write id and text of each record as comments; some tools take no comments.")

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        between = "\t" if self.separator == "tab" else " "
        with out.open("w", encoding="utf-8", newline="\n") as file:
            for row, who, text, spans in marked(contents, self.question, self.people, lost):
                found = tokens_of(text, self.tokens)
                tags = tags_of(found, spans, self.scheme, lost)
                if self.comments:
                    file.write(heading(row, who, text, "id"))
                lost["ids"] += not self.comments
                lost["names of annotators"] += bool(who) and not self.comments
                lost["texts, of which only the tokens are written"] += not self.comments
                file.writelines(
                    f"{text[start:end]}{between}{tag}\n" for (start, end), tag in zip(found, tags, strict=True)
                )
                file.write("\n")
        return counted(lost)
