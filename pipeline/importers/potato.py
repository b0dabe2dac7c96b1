"""What potato's annotators said: its exports as JSON lines, CSV and TSV, those of its first version, and the state that
it keeps of each annotator. Most of them hold no texts, so the records must be there: import the items file first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import delimited, json_values, marked
from pipeline.importers.base import importers
from pipeline.importers.fit import LABELS
from pipeline.importers.foreign import Found, Said
from pipeline.importers.json_whole import whole
from pipeline.importers.source import Source

IDS = ("instance_id", "id")
FIRST = ("label_annotations", "span_annotations")  # how the first version names labels and spans
STATE = ("instance_id_to_label_to_value", "instance_id_to_span_to_value")
UNCHECKED = ("false", "0", "off", "no", "")
TICKED = ("true", "1", "on", "yes")
FIELDS = ("slider", "number", "range")  # names under which a control keeps a number
HIGHEST = 100
OTHER = "answers that are no labels, texts, numbers or marks"
NO_PLACE = "marks without offsets or label"
NO_PAIR = "links that do not join two marks of one scheme"
NO_ID = "The row names no item: it has no instance_id."


@importers.register
@dataclass(frozen=True, slots=True)
class Potato:
    """What potato exports as JSON lines, CSV or TSV, or keeps in user_state.json. Its files have the items' ids and no
    texts: import the items first, the answers then join the records of these ids. Marks are put where their text is."""

    name: ClassVar[str] = "potato"
    extensions: ClassVar[tuple[str, ...]] = ("jsonl", "csv", "tsv", "json")

    def claims(self, source: Source) -> float:
        if not source.encoding:
            return 0.0
        first = marked.first_object(source)
        if {"instance_id", "user_id", "labels"} <= first.keys() or _is_first(first):
            return 0.97
        if first or delimited.is_json(source):
            return 0.97 if any(f'"{key}"' in source.beginning() for key in STATE) else 0.0
        head = source.beginning().lstrip("\ufeff").partition("\n")[0]
        return 0.96 if head.startswith(("instance_id,user_id", "instance_id\tuser_id")) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        if not delimited.is_json(source):
            yield from _table(source)
            return
        state = whole(source)
        if state is not None and any(key in state for key in STATE):
            yield from _state(state)
            return
        for batch in json_values.read(source):
            for line, row in zip(batch.lines, batch.rows, strict=True):
                yield _record(line, row)
            yield from batch.rejections


def _is_first(row: Mapping[str, Any]) -> bool:
    return "label_annotations" in row and any(key in row for key in IDS)


def _record(line: int, row: Mapping[str, Any]) -> Found | Rejection:
    name = next((marked.label_of(row[key]) for key in IDS if key in row), "")
    if not name:
        return Rejection(line, "instance_id", NO_ID)
    shown = row.get("displayed_text")
    found = Found(line, shown if isinstance(shown, str) else None, name)
    who = marked.label_of(row.get("user_id", row.get("user", "")))
    said = _Said(found)
    labels, spans = row.get("labels", row.get(FIRST[0])), row.get("spans", row.get(FIRST[1]))
    for scheme, given in (labels if isinstance(labels, Mapping) else {}).items():
        said.scheme(scheme, given)
    for scheme, given in _by_scheme(spans).items():
        said.spans(scheme, given)
    for given in _by_scheme(row.get("links")).values():
        said.links(given)
    for answer in said.answers.values():
        answer.annotator = who
    found.answers = list(said.answers.values())
    return found


def _by_scheme(given: Any) -> dict[str, list[Any]]:
    """Marks or links by their scheme: as they are, or in one list where each says it."""
    if isinstance(given, Mapping):
        return {name: _listed(one) for name, one in given.items()}
    found: dict[str, list[Any]] = {}
    for one in given if isinstance(given, list) else []:
        inner = one[0] if isinstance(one, list) and one else one
        scheme = inner.get("schema", "") if isinstance(inner, Mapping) else ""
        found.setdefault(marked.label_of(scheme) or "spans", []).append(inner)
    return found


def _listed(one: Any) -> list[Any]:
    if isinstance(one, str):
        try:
            one = json.loads(one)
        except (ValueError, RecursionError):
            return [one]
    return list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else [one]


@dataclass(slots=True)
class _Said:
    """The answers of one person on one item, as they are read."""

    record: Found
    answers: dict[str, Said] = field(default_factory=dict)
    ids: dict[str, tuple[str, int]] = field(default_factory=dict)  # of a mark: its question and place

    def add(self, question: str, kind: str, value: Any, **options: Any) -> None:
        self.answers[question] = Said("", question, kind, value, options=options)

    def scheme(self, name: str, given: Any) -> None:
        """What was said in one scheme: {label: whether it was chosen, or the number or text that was given}."""
        pairs = given if isinstance(given, Mapping) else {"": given}
        chosen: list[str] = []
        for label, value in pairs.items():
            if isinstance(value, Mapping | list):
                self.record.lost.append(OTHER)
            elif label in FIELDS:
                self._number(name, value)
            elif _is_ticked(label, value):
                chosen.append(label)
            elif label in ("select-one", "") and marked.label_of(value):
                chosen.append(marked.label_of(value))
            elif marked.label_of(value).lower() not in UNCHECKED:
                alone = len(pairs) == 1
                self.add(name if alone else f"{name} {label}", "text", marked.label_of(value))
        if len(chosen) == 1 and chosen[0].isascii() and chosen[0].isdigit() and int(chosen[0][:9]) <= HIGHEST:
            self.add(name, "rating", int(chosen[0]))
        elif chosen:
            self.add(name, LABELS, chosen)

    def _number(self, name: str, value: Any) -> None:
        text = marked.label_of(value)
        if text.isascii() and text.isdigit() and int(text[:9]) <= HIGHEST:
            self.add(name, "rating", int(text))
        elif text:
            self.add(name, "text", text)

    def spans(self, name: str, given: Sequence[Any]) -> None:
        found, ids = [], []
        for one in given:
            span = one if isinstance(one, Mapping) else {}
            names = (span.get(key) for key in ("name", "label", "annotation", "title"))
            label = next((word for each in names if (word := marked.label_of(each))), "")
            start, end = span.get("start"), span.get("end")
            if not label or not marked.is_place(start, end):
                self.record.lost.append(NO_PLACE)
                continue
            text = next((t for key in ("text", "span", "value") if isinstance(t := span.get(key), str) and t), None)
            place = {"start": start, "end": end, "label": label}
            found.append(place if text in (None, "true") else {**place, "text": text})
            ids.append(marked.label_of(span.get("id")))
        if found:
            ordered, now = marked.in_order(found)
            self.add(name, "spans", ordered, field="text")
            self.ids |= {key: (name, now[at]) for at, key in enumerate(ids) if key}

    def links(self, given: Sequence[Any]) -> None:
        found: dict[str, list[tuple[int, int, str]]] = {}
        for one in given:
            link = one if isinstance(one, Mapping) else {}
            joined = link.get("span_ids")
            ends = [self.ids.get(marked.label_of(key)) for key in joined] if isinstance(joined, list) else []
            label = marked.label_of(link.get("link_type")) or marked.label_of(link.get("schema"))
            if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0][0] != ends[1][0] or not label:
                self.record.lost.append(NO_PAIR)
                continue
            found.setdefault(ends[0][0], []).append((ends[0][1], ends[1][1], label))
        for spans, arrows in found.items():
            ordered = marked.arrows(arrows)
            if ordered:
                self.add("relations" if len(found) == 1 else f"relations of {spans}", "relations", ordered, spans=spans)


def _is_ticked(label: str, value: Any) -> bool:
    if isinstance(value, bool) or value == 1:
        return bool(value)
    return isinstance(value, str) and bool(label) and (value == label or value.lower() in TICKED)


def _table(source: Source) -> Iterator[Found | Rejection]:
    """A row a person and item; a column a label, named `scheme.label` or, in the first version, `scheme:::label`."""
    head = source.beginning().partition("\n")[0]
    for batch in delimited.read(source, "\t" if "\t" in head else ","):
        for line, row in zip(batch.lines, batch.rows, strict=True):
            labels: dict[str, dict[str, Any]] = {}
            spans: dict[str, Any] = {}
            for column, cell in row.items():
                scheme, _, label = column.partition(":::" if ":::" in column else ".")
                if column in ("user_id", "user", "displayed_text", *IDS) or not cell or label.startswith("_room"):
                    continue
                if label == "_spans":
                    spans[scheme] = cell
                else:
                    labels.setdefault(scheme, {})[label] = cell
            yield _record(line, {**row, "labels": labels, "spans": spans})
        yield from batch.rejections


def _state(state: Mapping[str, Any]) -> Iterator[Found | Rejection]:
    """What potato keeps of one annotator: labels and spans by item."""
    labels, spans = (one if isinstance(one := state.get(key), Mapping) else {} for key in STATE)
    for number, item in enumerate(dict.fromkeys([*labels, *spans]), 1):
        given: dict[str, dict[str, Any]] = {}
        said = labels.get(item)
        for pair in said if isinstance(said, list) else []:
            if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], Mapping):
                given.setdefault(str(pair[0].get("schema", "")), {})[str(pair[0].get("name", ""))] = pair[1]
        plain = given if isinstance(said, list) else said
        row = {"instance_id": item, "user_id": state.get("user_id"), "labels": plain, "spans": spans.get(item)}
        links = state.get("instance_id_to_link_to_value")
        joined = links.get(item) if isinstance(links, Mapping) else None
        yield _record(number, row | {"links": list(joined.values()) if isinstance(joined, Mapping) else None})
