"""brat's standoff format: a zip archive with a .txt and an .ann file for each document, and the annotation.conf that
brat needs to show them. Offsets are code points, as brat counts them.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pipeline.exporters.base import Answers, Contents, Row, exporters
from pipeline.exporters.given import EACH, MOST, PEOPLE, counted
from pipeline.exporters.voices import NO_FORM, asked, field_of, kind_of, spans_of, voices
from pipeline.knobs import knob
from pipeline.questions import Question

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_BEFORE_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same rows make the same bytes


@exporters.register
@dataclass(frozen=True, slots=True)
class Brat:
    """brat's standoff format (.zip): spans and relations of each record as .txt and .ann, with the annotation.conf."""

    name: ClassVar[str] = "brat"
    suffix: ClassVar[str] = ".zip"

    people: str = knob(
        MOST, "One answer a record, that of most annotators (the latest where they tie), or a folder for each of them.",
        choices=PEOPLE,
    )  # fmt: skip

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            documents = _Documents(asked(contents))
            for batch in contents.batches:
                for row in batch:
                    _count(row, documents.lost)
                    stem = documents.file(row["id"])
                    for said in voices(row, contents, self.people, documents.lost) or [Answers("", "submitted", {})]:
                        by = said.annotator if self.people == EACH and not contents.frozen else ""
                        name = documents.folder(by) + stem
                        _write(archive, f"{name}.txt", row["text"])
                        _write(archive, f"{name}.ann", "".join(f"{line}\n" for line in documents.lines(said)))
            _write(archive, "annotation.conf", documents.conf())
        return counted(documents.lost)


@dataclass(slots=True)
class _Documents:
    """What is called how in the archive, and which labels it has."""

    questions: Mapping[str, Question]
    lost: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)  # names of files, in small letters: some disks hold no other alike
    folders: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    entities: dict[str, None] = field(default_factory=dict)
    relations: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for question in self.questions.values():
            known = {"spans": self.entities, "relations": self.relations}.get(question.kind)
            if known is not None:
                known.update({self.label(label): None for label in question.labels})

    def file(self, name: str) -> str:
        """A name that no other file has, on any disk."""
        wanted = name if _NAME.fullmatch(name) else re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:60].strip("_") or "_"
        found, number = wanted, 1
        while found.lower() in self.taken:
            number += 1
            found = f"{wanted}_{number}"
        self.taken.add(found.lower())
        self.lost["ids and names that a file cannot have, written otherwise"] += found != name
        return found

    def folder(self, annotator: str) -> str:
        if annotator and annotator not in self.folders:
            self.folders[annotator] = self.file(annotator) + "/"
        return self.folders.get(annotator, "")

    def label(self, label: str) -> str:
        """A label without what ends one in an .ann file."""
        if label not in self.labels:
            self.labels[label] = re.sub(r"[^\w-]+", "_", label)
            self.lost["labels written with underscores"] += self.labels[label] != label
        return self.labels[label]

    def lines(self, said: Answers) -> Iterator[str]:
        """The lines of an .ann file: spans, relations, and the comment as a note on the first span."""
        kinds = {name: kind_of(name, value, self.questions) for name, value in said.values.items()}
        marked = [name for name, kind in kinds.items() if kind == "spans" and field_of(name, self.questions) == "text"]
        first: dict[str, int] = {}  # of each question: the number of its first span
        spans = arrows = 0
        for name in marked:
            first[name] = spans + 1
            for span in said.values[name]:
                spans += 1
                label = self.label(span["label"])
                self.entities[label] = None
                yield f"T{spans}\t{label} {span['start']} {span['end']}\t{_one_line(span['text'])}"
        for name, kind in kinds.items():
            other = spans_of(name, said.values, self.questions) if kind == "relations" else ""
            self.lost[NO_FORM] += name not in marked and other not in marked
            for arrow in said.values[name] if other in marked else ():
                arrows += 1
                label = self.label(arrow["label"])
                self.relations[label] = None
                yield f"R{arrows}\t{label} Arg1:T{first[other] + arrow['from']} Arg2:T{first[other] + arrow['to']}"
        if said.comment and spans:
            yield f"#1\tComment T1\t{_one_line(said.comment)}"
        self.lost["comments"] += bool(said.comment) and not spans
        self.lost["skips"] += said.state == "skipped"
        self.lost["texts in which nobody found a span, written as if nobody had looked"] += bool(marked) and not spans

    def conf(self) -> str:
        """What may be annotated, for brat. All its sections have to be there."""
        between = [f"{label}\tArg1:<ENTITY>, Arg2:<ENTITY>" for label in self.relations]
        parts = ["[entities]", *self.entities, "", "[relations]", *between, "", "[events]", "", "[attributes]", ""]
        return "\n".join(parts)


def _one_line(text: str) -> str:
    """As brat writes what a span holds: a line end as a space."""
    return re.sub(r"[\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text)


def _count(row: Row, lost: Counter[str]) -> None:
    lost["suggestions"] += len(row.get("suggestions", ()))
    lost["metadata"] += bool(row["meta"])
    lost["further fields"] += bool(row.get("fields"))
    lost["splits"] += bool(row["split"])
    lost["parents and states of records"] += bool(row["parent"]) or row["status"] != "active"


def _write(archive: zipfile.ZipFile, name: str, text: str) -> None:
    made = zipfile.ZipInfo(name, _BEFORE_ZIP_TIME)
    made.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(made, text.encode())
