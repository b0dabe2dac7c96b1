"""spaCy's DocBin (.spacy), what its training reads: entities, groups of spans and categories of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import docbin
from pipeline.importers.base import importers
from pipeline.importers.docbin import Broken, Doc
from pipeline.importers.fit import LABELS
from pipeline.importers.foreign import Found, Said
from pipeline.importers.marked import in_order, is_place
from pipeline.importers.source import Source

ENTS, CATS = "ents", "cats"
IS_SO = 0.5  # the share from which spaCy's text classifier counts a category as given


@importers.register
@dataclass(frozen=True, slots=True)
class SpacyDocBin:
    """spaCy's DocBin (.spacy): entities (ents), groups of spans by their key, and categories (cats). Needs spaCy."""

    name: ClassVar[str] = "spacy"
    extensions: ClassVar[tuple[str, ...]] = ("spacy",)

    def claims(self, source: Source) -> float:
        return 1.0 if docbin.is_docbin(source) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        for number, doc in enumerate(docbin.docs(source), 1):
            yield Rejection(number, "", str(doc)) if isinstance(doc, Broken) else _found(number, doc)


def _found(number: int, doc: Doc) -> Found:
    note = doc.note
    found = Found(number, doc.text, _text(note.get("id")), lost=list(doc.lost))
    found.fields, found.meta = _mapping(note.get("fields")), _mapping(note.get("meta"))
    found.split = _text(note.get("split")) or None
    who, names = _text(note.get("annotator")), _mapping(note.get("questions"))
    groups: dict[str, Sequence[Any]] = {**doc.groups}
    if doc.ents is not None and note.get("grouped") is not True:  # which says that they are some of those in a group
        groups[ENTS] = doc.ents
    off = _mapping(note.get("off"))  # spans that spaCy could not hold
    for key, spans in groups.items():
        more = [one for one in off.get(key, ()) if _is_span(one, doc.text)] if isinstance(off.get(key), list) else []
        value = [
            {"start": start, "end": end, "label": label, "text": doc.text[start:end]}
            for start, end, label in (*spans, *more) if label and start < end
        ]  # fmt: skip
        found.answers.append(Said(who, _text(names.get(key)) or key, "spans", in_order(value)[0]))
    _categories(found, doc, who, _mapping(note.get("cats")), several=note.get("several") is True)
    return found


def _categories(found: Found, doc: Doc, who: str, asked: Mapping[str, Any], *, several: bool) -> None:
    """Categories that are given or not are an answer; shares between are what a model thought, and so a suggestion.
    Our own note says of which question each is, where there are several."""
    sure = all(share in (0.0, 1.0) for share in doc.cats.values())
    for question, kind in ((name, _text(kind)) for name, kind in (asked or {CATS: LABELS}).items()):
        start = f"{question}: " if several else ""
        shares = {name.removeprefix(start): share for name, share in doc.cats.items() if name.startswith(start)}
        given = sorted((name for name, share in shares.items() if share >= IS_SO), key=lambda name: -shares[name])
        could = {"labels": sorted(shares)}
        if kind == "choices" and shares:
            found.answers.append(Said(who, question, "choices", given, options=could))
        elif kind == "choice" and sure and len(given) == 1:
            found.answers.append(Said(who, question, "choice", given[0], options=could))
        elif given and sure:
            found.answers.append(Said(who, question, LABELS, given, options=could))
        elif given:
            score = min(1.0, shares[given[0]])
            found.suggestions.append(Said("spacy", question, LABELS, given, score=score, options=could))
        elif shares:
            found.lost.append("categories of which none is given")


def _is_span(value: Any, text: str) -> bool:
    return (
        isinstance(value, list) and len(value) == 3 and is_place(value[0], value[1]) and value[1] <= len(text)
        and isinstance(value[2], str)
    )  # fmt: skip


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
