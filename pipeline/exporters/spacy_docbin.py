"""spaCy's DocBin (.spacy), as its training reads it: spans as a group, those that do not overlap as entities too, and
labels as categories of the text. What spaCy has no place for, and spans that are no whole words of its tokenizer, stand
as JSON under `winnow` in the documents' user_data.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pipeline.domain import WorkbenchError
from pipeline.exporters.base import Answers, Contents, Row, exporters
from pipeline.exporters.given import MOST, PEOPLE, PEOPLE_HELP, counted
from pipeline.exporters.text_tokens import ALONE, tokens
from pipeline.exporters.voices import NO_FORM, asked, field_of, kind_of, labels_of, voices
from pipeline.knobs import knob
from pipeline.questions import Question

KEY = "sc"  # the group that spaCy's span categorizer reads by default
_ALONE = re.compile(f"[{ALONE}]")
Tokenizer = Callable[[str], Any]


@exporters.register
@dataclass(frozen=True, slots=True)
class SpacyDocBin:
    """spaCy's DocBin (.spacy), for `spacy train`: spans as the group sc (of several questions by their names), those of
    the first that do not overlap as entities, labels as categories. Needs spaCy."""

    name: ClassVar[str] = "spacy"
    suffix: ClassVar[str] = ".spacy"

    people: str = knob(MOST, PEOPLE_HELP, choices=PEOPLE)
    tokens: str = knob(
        "auto", "How texts are cut into words: as spaCy does for a language, or words, and Chinese by characters.",
        choices=("auto", "en", "zh", "xx"),
    )  # fmt: skip

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        try:
            from spacy.tokens import DocBin
        except ImportError:
            raise WorkbenchError("spaCy is not installed here. Install it: pip install spacy") from None
        documents = _Documents(asked(contents), _tokenizer(self.tokens))
        found = DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True)
        for batch in contents.batches:
            for row in batch:
                documents.lost["suggestions"] += len(row.get("suggestions", ()))
                documents.lost["parents and states of records"] += bool(row["parent"]) or row["status"] != "active"
                for said in voices(row, contents, self.people, documents.lost) or [Answers("", "submitted", {})]:
                    found.add(documents.doc(row, said))
        found.to_disk(out)
        return counted(documents.lost)


@dataclass(slots=True)
class _Documents:
    """Rows as documents of spaCy."""

    questions: Mapping[str, Question]
    tokenizer: Tokenizer
    lost: Counter[str] = field(default_factory=Counter)

    def doc(self, row: Row, said: Answers) -> Any:
        doc = self.tokenizer(row["text"])
        kinds = {name: kind_of(name, value, self.questions) for name, value in said.values.items()}
        marked = [name for name, kind in kinds.items() if kind == "spans" and field_of(name, self.questions) == "text"]
        chosen = [name for name, kind in kinds.items() if kind in ("choice", "choices")]
        self.lost[NO_FORM] += len(kinds) - len(marked) - len(chosen)
        self.lost["skips"] += said.state == "skipped"
        self.lost["comments"] += bool(said.comment)
        self.lost["times of answers"] += bool(said.created_at) and bool(said.values)
        note: dict[str, Any] = {
            "id": row["id"],
            "annotator": said.annotator,
            "meta": row["meta"],
            "split": row["split"],
        }
        note |= {"fields": row["fields"]} if row.get("fields") else {}
        self._mark(doc, said, marked, note)
        self._choose(doc, said, chosen, kinds, note)
        doc.user_data["winnow"] = json.dumps(note, ensure_ascii=False)
        return doc

    def _mark(self, doc: Any, said: Answers, marked: list[str], note: dict[str, Any]) -> None:
        one_question = sum(question.kind == "spans" for question in self.questions.values()) <= 1
        keys = {name: KEY if one_question else name for name in marked}
        off: dict[str, list[Any]] = {}
        for at, name in enumerate(marked):
            spans = []
            for one in said.values[name]:
                span = doc.char_span(one["start"], one["end"], label=one["label"])
                if span is None:
                    off.setdefault(keys[name], []).append([one["start"], one["end"], one["label"]])
                else:
                    spans.append(span)
            doc.spans[keys[name]] = spans
            if at == 0:
                apart = _apart(spans)
                self.lost["spans that overlap others, which are no entities but only in the group"] += len(spans) - len(
                    apart
                )
                doc.set_ents(apart, default="outside")
        self.lost["spans that are no whole words of the tokenizer"] += sum(map(len, off.values()))
        if marked:
            note |= {"questions": {key: name for name, key in keys.items()}, "grouped": True}
        if off:
            note["off"] = off

    def _choose(
        self, doc: Any, said: Answers, chosen: list[str], kinds: Mapping[str, str], note: dict[str, Any]
    ) -> None:  # fmt: skip
        several = sum(question.kind in ("choice", "choices") for question in self.questions.values()) > 1
        for name in chosen:
            value = said.values[name]
            given = value if isinstance(value, list) else [value]
            start = f"{name}: " if several else ""
            for label in labels_of(name, given, self.questions):
                doc.cats[start + label] = float(label in given)
        if chosen:
            note |= {"cats": {name: kinds[name] for name in chosen}, "several": several}


def _apart(spans: list[Any]) -> list[Any]:
    """The spans without those that overlap a longer one, or an earlier one as long: entities may not."""
    found: list[Any] = []
    taken: set[int] = set()
    for span in sorted(spans, key=lambda one: (one.start - one.end, one.start)):
        if taken.isdisjoint(range(span.start, span.end)):
            found.append(span)
            taken.update(range(span.start, span.end))
    return sorted(found, key=lambda one: one.start)


def _tokenizer(language: str) -> Tokenizer:
    """A function from a text to a document of its words, which read together as the text."""
    import spacy
    from spacy.tokens import Doc

    blank = spacy.blank("en" if language == "auto" else language)

    def made(text: str) -> Any:
        doc = None if language == "auto" and _ALONE.search(text) else blank.tokenizer(text)
        if doc is not None and doc.text == text:
            return doc
        found = tokens(text)
        return Doc(blank.vocab, [text[one.start : one.end] for one in found], [one.space for one in found])

    return made
