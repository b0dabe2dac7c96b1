"""Questions on paragraphs as SQuAD 1.1 and 2.0 have them, a record a question: the paragraph is its text, the question
a field, and the answer a place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import json_values
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found, Said
from pipeline.importers.source import Source

QUESTION = "answer"
USED = ("id", "question", "answers", "is_impossible")


class _Refused(ValueError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@importers.register
@dataclass(frozen=True, slots=True)
class Squad:
    """Questions on paragraphs as in SQuAD 1.1 and 2.0: each question is a record. Several answers to one, as in the
    development sets, are by `answer 1`, `answer 2` and so on; that there is none is an answer too."""

    name: ClassVar[str] = "squad"
    extensions: ClassVar[tuple[str, ...]] = ()

    def claims(self, source: Source) -> float:
        if not json_values.shape(source):
            return 0.0
        start = source.beginning()
        listed = re.match(r"\ufeff?\s*\{", start) and re.search(r'"data"\s*:\s*\[\s*\{', start)
        return 0.95 if listed and all(f'"{key}"' in start for key in ("paragraphs", "qas", "question")) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        number = 0
        for article in json_values.read_under(source, "data"):
            for title, context, plain in _questions(article):
                number += 1
                try:
                    yield _record(number, title, context, plain)
                except _Refused as error:
                    yield Rejection(number, error.field, str(error))


def _questions(article: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Title, paragraph and question, none of them checked; a paragraph without questions gives none."""
    title = article.get("title") if isinstance(article, Mapping) else None
    for paragraph in _list(article, "paragraphs"):
        context = paragraph.get("context") if isinstance(paragraph, Mapping) else None
        for plain in _list(paragraph, "qas"):
            yield title, context, plain


def _list(value: Any, key: str) -> list[Any]:
    """The list under `key`; one that is missing is a single value that will be refused."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else [None]


def _record(number: int, title: Any, context: Any, plain: Any) -> Found:
    if not isinstance(plain, Mapping):
        raise _Refused("qas", "The value is not an object with named values.")
    for name, value in (("context", context), ("question", plain.get("question"))):
        if not isinstance(value, str):
            raise _Refused(name, "The value is not a text.")
    given = plain.get("id")
    found = Found(number, context, str(given) if isinstance(given, str | int) else "")
    found.fields["question"] = plain["question"]
    found.meta |= {"title": title} if isinstance(title, str) else {}
    rest = {key: value for key, value in plain.items() if key not in USED}
    found.meta |= {"squad": rest} if rest else {}
    answers = plain.get("answers") or []
    if not isinstance(answers, list):
        raise _Refused("answers", "The value is not a list.")
    places = [] if plain.get("is_impossible") else [_place(one) for one in answers]
    for at, place in enumerate(places, 1):
        who = f"answer {at}" if len(places) > 1 else ""
        found.answers.append(Said(who, QUESTION, "answer", [place]))
    if plain.get("is_impossible"):
        found.answers.append(Said("", QUESTION, "answer", []))
    return found


def _place(one: Any) -> dict[str, Any]:
    start, text = (one.get("answer_start"), one.get("text")) if isinstance(one, Mapping) else (None, None)
    if isinstance(start, bool) or not isinstance(start, int) or not isinstance(text, str):
        raise _Refused("answers", "An answer needs its text, and answer_start as a whole number.")
    return {"start": start, "end": start + len(text), "text": text}
