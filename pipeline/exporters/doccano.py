"""doccano: JSON lines of one kind of project, in a zip as doccano itself exports them."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from pipeline.exporters.base import Answers, Contents, Row, answers_in, exporters
from pipeline.knobs import knob
from pipeline.questions import Relations
from pipeline.units import CODE_POINTS, GRAPHEMES, UTF16, offset

ALL = "all"  # the file of what all say together
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]|^\.+|\.+$')


@dataclass(frozen=True, slots=True)
class Layout:
    """The questions that the project's kind has a place for; empty where there is none."""

    labels: str = ""
    spans: str = ""
    relations: str = ""
    text: str = ""

    @classmethod
    def of(cls, contents: Contents, only: str = "") -> Layout:
        asked = [one for one in contents.asks if not only or one.name == only]
        if not contents.asks:
            return cls(labels=only or next(iter(contents.questions), "label"))
        by = {kind: next((q.name for q in asked if q.kind in kinds), "") for kind, kinds in _KINDS.items()}
        spans, arrows = by["spans"], [q for q in contents.asks if isinstance(q, Relations)]
        relations = next((q.name for q in arrows if q.spans == spans or q.name == only), "")
        if relations and not spans:
            spans = next(q.spans for q in arrows if q.name == relations)
        labels = by["labels"] if not relations else ""
        return cls(labels, spans, relations, "" if spans or labels else by["text"])

    def names(self) -> set[str]:
        return {self.labels, self.spans, self.relations, self.text} - {""}


_KINDS = {"labels": ("choice", "choices"), "spans": ("spans",), "text": ("text",)}


@exporters.register
@dataclass(frozen=True, slots=True)
class Doccano:
    """A zip of JSON lines as doccano takes and exports them: all.jsonl with the answer of most, or a file an annotator.
    A doccano project has one kind: marks (with their relations, or with labels as intents), labels, or texts."""

    name: ClassVar[str] = "doccano"
    suffix: ClassVar[str] = ".zip"

    people: str = knob(
        "most", "One file with the answer of most, or a file for each annotator.", choices=("most", "each")
    )
    question: str = knob(
        "", "The question whose answers are written. Empty takes the first that doccano has a place for."
    )
    unit: str = knob(
        UTF16, "What offsets count: grapheme clusters if the project's setting for them is on.",
        choices=(UTF16, GRAPHEMES, CODE_POINTS),
    )  # fmt: skip

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        layout = Layout.of(contents, self.question)
        with (
            tempfile.TemporaryDirectory(dir=out.absolute().parent) as folder,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            files = _Files(Path(folder), lost)
            try:
                for batch in contents.batches:
                    for row in batch:
                        for who, values, comment in self._said(row, contents, layout, lost):
                            line = self._line(row, values, layout, lost) | _beside(row, comment)
                            line |= {"unit": self.unit} if layout.spans else {}
                            files.of(who).write(json.dumps(line, ensure_ascii=False) + "\n")
            finally:
                files.close()
            for path in files.paths():
                archive.write(path, path.name)
        return {reason: n for reason, n in lost.items() if n}

    def _said(
        self, row: Row, contents: Contents, layout: Layout, lost: Counter[str]
    ) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        """Who said what, and their comment."""
        said = answers_in(row, contents)
        _count(row, said, layout, lost)
        given = [one for one in said if one.state == "submitted"]
        if self.people == "each" and given:
            lost["comments, which doccano takes as metadata"] += sum(bool(one.comment) for one in given)
            yield from ((one.annotator, one.values, one.comment) for one in given)
            return
        lost["comments"] += sum(bool(one.comment) for one in given)
        values, disputed = _verdict(given, layout)
        lost["records whose annotators disagree, written with one label"] += disputed
        yield "", values, ""

    def _line(self, row: Row, values: Mapping[str, Any], layout: Layout, lost: Counter[str]) -> dict[str, Any]:
        text = row["text"]
        lost["records without a text, which doccano refuses"] += not text
        found: dict[str, Any] = {"id": row["id"], "text": text}
        labels = values.get(layout.labels, [])
        labels = labels if isinstance(labels, list) else [str(labels)]
        spans = self._spans(text, values.get(layout.spans, []), lost)
        if layout.relations:
            found["entities"] = [
                {"id": at, "start_offset": start, "end_offset": end, "label": label}
                for at, (start, end, label) in enumerate(spans)
            ]
            found["relations"] = [
                {"id": at, "from_id": one["from"], "to_id": one["to"], "type": one["label"]}
                for at, one in enumerate(values.get(layout.relations, []))
            ]
        elif layout.spans and layout.labels:
            found |= {"entities": spans, "cats": labels}
        elif layout.spans:
            found["label"] = spans
        else:
            written = values.get(layout.text) if layout.text else None
            found["label"] = labels if written is None else [written]
        return found

    def _spans(self, text: str, spans: Sequence[Mapping[str, Any]], lost: Counter[str]) -> list[list[Any]]:
        found = []
        for span in spans:
            ends = [offset(text, span[end], self.unit) for end in ("start", "end")]
            cut = self.unit == GRAPHEMES and offset(text[: span["end"]], span["end"], GRAPHEMES) != ends[1]
            lost["marks that end inside a character that the reader sees"] += cut
            found.append([*ends, span["label"]])
        return found


def _beside(row: Row, comment: str) -> dict[str, Any]:
    """What doccano keeps as metadata. Every row has the same columns, or doccano fills the others with no numbers."""
    comments = [comment] if comment else []
    return {"fields": row.get("fields", {}), "meta": row["meta"], "split": row["split"], "Comments": comments}


def _count(row: Row, said: Sequence[Answers], layout: Layout, lost: Counter[str]) -> None:
    known = layout.names()
    lost["answers to questions that doccano has no place for"] += sum(
        name not in known for one in said if one.state == "submitted" for name in one.values
    )
    lost["answers that are drafts or skips"] += sum(one.state != "submitted" for one in said)
    lost["suggestions"] += len(row.get("suggestions", ()))
    lost["that records are dropped"] += row["status"] == "dropped"
    lost["which records others were made from"] += row["parent"] is not None


def _verdict(given: Sequence[Answers], layout: Layout) -> tuple[dict[str, Any], bool]:
    """The answer of most to each question, and whether any disagreed. Relations count with the marks that they join."""
    found: dict[str, Any] = {}
    disputed = False
    for name in (layout.labels, layout.text, layout.spans, layout.relations):
        those = given
        if name == layout.relations:
            those = [one for one in given if one.values.get(layout.spans) == found.get(layout.spans)]
        values = [one.values[name] for one in those if name and name in one.values]
        keys = [json.dumps(value, ensure_ascii=False, sort_keys=True) for value in values]
        votes = Counter(keys)
        disputed |= len(votes) > 1
        if votes:
            most = max(votes.values())
            at = max(n for n, key in enumerate(keys) if votes[key] == most)
            found[name] = values[at]
    return found, disputed


class _Files:
    """The files of a zip while they are written, one a person; all.jsonl for what names nobody."""

    def __init__(self, folder: Path, lost: Counter[str]) -> None:
        self._folder = folder
        self._lost = lost
        self._open: dict[str, IO[str]] = {}
        self._names: dict[str, str] = {}
        self.of("")

    def of(self, who: str) -> IO[str]:
        if who not in self._open:
            name = _UNSAFE.sub("_", who)[:60] or ALL
            while name.lower() in {one.lower() for one in self._names.values()} or (who and name.lower() == ALL):
                name += "_"
            self._lost["names of annotators that no file can have, changed"] += bool(who) and name != who
            self._names[who] = name
            path = self._folder / f"{name}.jsonl"
            self._open[who] = path.open("w", encoding="utf-8", newline="\n")
        return self._open[who]

    def close(self) -> None:
        for file in self._open.values():
            file.close()

    def paths(self) -> list[Path]:
        """all.jsonl, which is there even if nothing is in it only where nothing else is; then the others."""
        every = sorted(self._folder.iterdir(), key=lambda path: (path.stem != ALL, path.name))
        return [path for path in every if path.stat().st_size or len(every) == 1]
