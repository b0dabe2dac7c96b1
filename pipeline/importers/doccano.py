"""doccano's exports: JSON lines of all its kinds of project, JSON, CSV, and the shapes of its older versions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Rejection, split_named
from pipeline.importers import delimited, json_values, marked, training_rows
from pipeline.importers.base import importers
from pipeline.importers.fit import LABELS
from pipeline.importers.foreign import Found, Said
from pipeline.importers.source import Source
from pipeline.knobs import knob
from pipeline.units import GRAPHEMES, UNITS, UTF16, places

FIRST = 1000  # rows by which labels and written texts are told apart
ANSWERS = ("label", "labels", "annotations", "cats", "entities", "relations")
USED = frozenset({*ANSWERS, "id", "text", "data", "Comments", "comments", "meta", "fields", "split"})
EVERYBODY = "all"  # the name of the one file of a project in which all label together
SOME, LONG = 5, 20  # so many different texts, so long on average (a Chinese letter counts two), are written ones
NO_TEXT = "The row has no text."
NO_SPAN = "A span is neither [start, end, label] nor an object with start_offset, end_offset and label."
NO_PLACE = "A span begins or ends inside a character, or outside of the text."
NO_LABEL = "A label is neither a text nor a number."
NO_END = "A relation joins a span that the row does not have."
MORE_TEXTS = "further texts of one answer, kept with the record"
NUMBERED = "labels that the file names only by number"


class _Refused(ValueError):
    """A row that cannot be read; `field` is the part that cannot."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@importers.register
@dataclass(frozen=True, slots=True)
class Doccano:
    """What doccano exports: classes, marks with or without relations, intents with slots, or texts, as JSON lines, JSON
    or CSV. In an archive of one file a member, each file's name is the annotator. Other columns become metadata."""

    name: ClassVar[str] = "doccano"
    extensions: ClassVar[tuple[str, ...]] = ("jsonl", "json", "csv")
    units: ClassVar[tuple[str, ...]] = (UTF16, GRAPHEMES)  # by a setting of the project, which the file does not say

    labels: str = knob(
        "auto", "Whether a list of texts holds labels or written answers.", choices=("auto", "labels", "texts")
    )

    def claims(self, source: Source) -> float:
        if not source.encoding:
            return 0.0
        if _is_table(source):
            first = next(iter(source.beginning().lstrip("\ufeff").splitlines()), "")
            head = first.replace('"', "").split(",")
            return 0.96 if {"id", "text", "label", "Comments"} <= set(head) else 0.0
        rows = training_rows.first(source)
        return 0.97 if rows and "text" in rows[0] and any(map(_is_doccano, rows)) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        written = self.labels == "texts"
        if self.labels == "auto":
            first = itertools.islice(_rows(source), FIRST)
            written = _are_written(row for _, row in first if not isinstance(row, Rejection))
        stem = source.name.rpartition("/")[2].rpartition(".")[0]
        who = stem if source.member and stem != EVERYBODY else ""
        for line, row in _rows(source):
            if isinstance(row, Rejection):
                yield row
                continue
            try:
                yield _record(line, _plain(row, source, written=written), who, written=written)
            except _Refused as error:
                yield Rejection(line, error.field, str(error))


def _is_table(source: Source) -> bool:
    return not delimited.is_json(source)


def _is_doccano(row: Mapping[str, Any]) -> bool:
    """Whether no other tool writes such a row."""
    cats, entities, given = row.get("cats"), row.get("entities"), row.get("annotations")
    lists = [row[key] for key in ("label", "labels", "entities") if isinstance(row.get(key), list)]
    marks = [one for part in lists for one in part[:1]]
    return (
        (isinstance(row.get("Comments"), list) and "id" in row)
        or "annotation_approver" in row
        or (isinstance(cats, list) and isinstance(entities, list))
        or any(isinstance(one, Mapping) and "start_offset" in one for one in marks)
        or any(_is_triple(one) for part in lists if part is not entities for one in part[:1])
        or (isinstance(given, list) and any(isinstance(one, Mapping) and "user" in one for one in given))
    )


def _is_triple(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 3 and marked.is_whole(one[0]) and marked.is_whole(one[1])


def _rows(source: Source) -> Iterator[tuple[int, dict[str, Any] | Rejection]]:
    for batch in delimited.read(source, ",") if _is_table(source) else json_values.read(source):
        yield from zip(batch.lines, batch.rows, strict=True)
        yield from ((one.line, one) for one in batch.rejections)


def _plain(row: dict[str, Any], source: Source, *, written: bool) -> dict[str, Any]:
    """A row of a table, where labels and comments stand in one cell with # between, as one of JSON."""
    if not _is_table(source):
        return row
    label = row.get("label") or ""
    labels = [label] if written else label.split("#")
    return {
        **row,
        "label": [one for one in labels if one],
        "Comments": [c for c in row.get("Comments", "").split("#") if c],
    }


def _are_written(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the texts under `label` are written and no labels: hardly one comes twice, and they are long."""
    found = [
        one for row in rows for key in ("label", "labels") if isinstance(row.get(key), list)
        for one in row[key] if isinstance(one, str)
    ]  # fmt: skip
    if any(len(one) > 100 or "\n" in one for one in found):
        return True
    size = sum(2 if char > "\u2e7f" else 1 for one in found for char in one)
    return len(found) >= SOME and len(set(found)) >= 0.8 * len(found) and size > LONG * len(found)


def _record(line: int, row: Mapping[str, Any], who: str, *, written: bool) -> Found:
    text = row.get("text", row.get("data"))
    if not isinstance(text, str):
        raise _Refused("text", NO_TEXT)
    split, fields, meta = row.get("split"), row.get("fields"), row.get("meta")
    found = Found(line, text, marked.label_of(row.get("id")))
    found.meta = {key: value for key, value in row.items() if key not in USED}
    found.meta |= meta if isinstance(meta, dict) else {} if meta in (None, "") else {"meta": meta}
    found.fields |= fields if isinstance(fields, dict) else {} if fields in (None, "") else {"fields": fields}
    found.split = split_named(split) if isinstance(split, str) else None
    if row.get("unit") in UNITS:  # an export of Winnow's says in what its offsets count
        del found.meta["unit"]
    if split not in (None, "") and found.split is None:
        found.meta["split"] = split
    given = row.get("annotations")
    if isinstance(given, list):
        _take_annotations(found, given, who)
    for key in ("label", "labels", "cats"):
        if isinstance(row.get(key), list):
            _take_labels(found, key, row[key], who, written=written)
    if isinstance(row.get("entities"), list):
        _take_spans(found, "entities", row["entities"], who, row.get("relations"))
    if row.get("unit") in UNITS:
        _place(found, row["unit"])
    _take_comments(found, row.get("Comments", row.get("comments")))
    return found


def _take_labels(found: Found, key: str, given: list[Any], who: str, *, written: bool) -> None:
    if given and all(isinstance(one, list | dict) for one in given):
        _take_spans(found, key, given, who, None)
    elif written and key != "cats":
        _take_texts(found, [one for one in given if isinstance(one, str) and one.strip()], who)
    else:
        labels = [marked.label_of(one) for one in given]
        if not all(labels):
            raise _Refused(key, NO_LABEL)
        if labels:
            found.answers.append(Said(who, "label", LABELS, list(dict.fromkeys(labels))))


def _take_texts(found: Found, texts: list[str], who: str) -> None:
    if texts:
        found.answers.append(Said(who, "text", "text", texts[0]))
    if len(texts) > 1:
        found.lost.append(MORE_TEXTS)
        found.meta.setdefault("label", []).extend(texts[1:])


def _take_spans(found: Found, key: str, given: list[Any], who: str, relations: Any) -> None:
    spans = [_span(key, one) for one in given]
    ordered, now = marked.in_order(spans)
    if ordered:
        found.answers.append(Said(who, "spans", "spans", ordered))
    places = {marked.label_of(one.get("id")): now[at] for at, one in enumerate(given) if isinstance(one, dict)}
    arrows = []
    for one in relations if isinstance(relations, list) else []:
        plain = one if isinstance(one, Mapping) else {}
        ends = [places.get(marked.label_of(plain.get(name))) for name in ("from_id", "to_id")]
        label = marked.label_of(plain.get("type"))
        if ends[0] is None or ends[1] is None or not label:
            raise _Refused("relations", NO_END)
        arrows.append((ends[0], ends[1], label))
    joined = marked.arrows(arrows)
    if joined:
        found.answers.append(Said(who, "relations", "relations", joined, options={"spans": "spans"}))


def _place(found: Found, unit: str) -> None:
    """Turn the offsets, whose unit is known, into code points, and say what is there."""
    place = places(found.text or "", unit)
    for said in found.answers:
        if said.kind == "spans":
            said.value = [
                _placed(found.text or "", span, place(span["start"]), place(span["end"])) for span in said.value
            ]


def _placed(text: str, span: Mapping[str, Any], start: int | None, end: int | None) -> dict[str, Any]:
    if start is None or end is None:
        raise _Refused("label", NO_PLACE)
    return {**span, "start": start, "end": end, "text": text[start:end]}


def _span(key: str, one: Any) -> dict[str, Any]:
    if _is_triple(one):
        start, end, label = one
    else:
        plain = one if isinstance(one, Mapping) else {}
        start, end, label = (plain.get(name) for name in ("start_offset", "end_offset", "label"))
    name = marked.label_of(label)
    if not marked.is_place(start, end) or not name:
        raise _Refused(key, NO_SPAN)
    return {"start": start, "end": end, "label": name}


def _take_annotations(found: Found, given: list[Any], who: str) -> None:
    """The annotations of the first versions, each with its user, the labels often only as numbers."""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for one in given:
        if not isinstance(one, Mapping):
            raise _Refused("annotations", NO_SPAN)
        by.setdefault(marked.label_of(one.get("user")) or who, []).append(one)
    for user, said in by.items():
        marks = [one for one in said if "start_offset" in one]
        if marks:
            _take_spans(found, "annotations", marks, user, None)
        _take_texts(found, [one["text"] for one in said if isinstance(one.get("text"), str)], user)
        labels = [label for one in said if "start_offset" not in one and (label := marked.label_of(one.get("label")))]
        if labels:
            found.answers.append(Said(user, "label", LABELS, list(dict.fromkeys(labels))))
    found.lost += [NUMBERED] * sum(marked.is_whole(one.get("label")) for one in given)


def _take_comments(found: Found, given: Any) -> None:
    """Comments go with the answers; they do not say whose they are."""
    parts = given if isinstance(given, list) else []
    said = [one.get("comment") if isinstance(one, Mapping) else one for one in parts]
    comments = [one for one in said if isinstance(one, str) and one.strip()]
    if comments and found.answers and len({answer.annotator for answer in found.answers}) == 1:
        for answer in found.answers:
            answer.comment = "\n".join(comments)
    elif comments:
        found.meta["Comments"] = comments
