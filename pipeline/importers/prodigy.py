"""Prodigy's JSON lines, as `prodigy db-out` writes them: one task a line, with the answer that somebody gave to it.

A task that was only accepted or rejected for one label (textcat.teach, mark) says one fact, "it is" or "it is not": it
becomes a choice between accept and reject, named by the label. Lines of one `_input_hash` are one record, given out
when the last of them was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import json_values
from pipeline.importers.base import importers
from pipeline.importers.foreign import Found, Said
from pipeline.importers.marked import first_object, in_order, is_whole, label_of
from pipeline.importers.prodigy_task import (
    ONE_SPAN,
    VERDICTS,
    Part,
    is_binary,
    keep_rejected,
    kept,
    moment,
    name_of,
    ours,
    parts,
    score,
    text_of,
)
from pipeline.importers.source import Source
from pipeline.knobs import knob

_USED = frozenset({
    "text", "meta", "tokens", "spans", "relations", "options", "accept", "config", "label", "answer", "winnow",
    "_input_hash", "_timestamp", "_session_id", "_annotator_id", "_view_id", "_is_binary", "field_id",
})  # fmt: skip


@dataclass(slots=True)
class _Group:
    """The tasks of one input, and what they came to: answers by person and question, and who only skipped."""

    found: Found
    said: dict[str, dict[str, Said]] = field(default_factory=dict)
    skips: dict[str, Said] = field(default_factory=dict)


@importers.register
@dataclass(frozen=True, slots=True)
class Prodigy:
    """Prodigy's JSON lines (db-out): spans, relations, choices, text categories and typed text, with ignored tasks as
    skips. The `_input_hash` is the id of a record, the annotator or session id the name of who answered."""

    name: ClassVar[str] = "prodigy"
    extensions: ClassVar[tuple[str, ...]] = ()

    inputs: tuple[str, ...] = knob((), "Further fields that text was typed into, by their field_id.")

    def claims(self, source: Source) -> float:
        return 0.98 if {"_input_hash", "_task_hash"} <= first_object(source).keys() else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        left = _lines_by_input(source)
        waiting: dict[Any, _Group] = {}
        for batch in json_values.read(source):
            yield from batch.rejections
            for line, row in zip(batch.lines, batch.rows, strict=True):
                key = _key(row)
                left[key] -= 1
                if not isinstance(row.get("text"), str):
                    yield Rejection(line, "text", "The task has no text.")
                else:
                    group = waiting.get(key)
                    if group is None or group.found.text != row["text"]:
                        yield from [_whole(group)] if group is not None else []
                        group = waiting[key] = _Group(_started(line, row, self.inputs))
                    self._take(group, row)
                if key in waiting and (key is None or left[key] <= 0):
                    yield _whole(waiting.pop(key))

    def _take(self, group: _Group, row: Mapping[str, Any]) -> None:
        found, who, answer = group.found, name_of(row), row.get("answer")
        held = parts(row, found, self.inputs)
        if answer is None:
            found.suggestions += [
                Said("prodigy", one.question, one.kind, one.value, score=score(row), options=one.options)
                for one in held
            ]
        elif answer == "ignore" or (answer == "reject" and not is_binary(row) and row.get("_view_id") not in ONE_SPAN):
            if answer == "reject":
                found.lost.append("rejected tasks, taken as skips")
                keep_rejected(found, row)
            reason = text_of(ours(row).get("reason")) or ("rejected in Prodigy" if answer == "reject" else "")
            if ours(row).get("unanswered") is not True:
                group.skips[who] = Said(who, "", "", None, "skipped", moment(row), reason=reason)
        elif answer not in VERDICTS:
            found.lost.append("answers that are neither accept, reject nor ignore")
        elif row.get("_view_id") in ONE_SPAN:
            _one_span(found, who, row, held)
        else:
            _answered(group, row, held)


def _answered(group: _Group, row: Mapping[str, Any], held: list[Part]) -> None:
    who, before = name_of(row), group.said.setdefault(name_of(row), {})
    comment = text_of(ours(row).get("comment"))
    now = {
        one.question: Said(who, one.question, one.kind, one.value, created_at=moment(row), options=one.options,
                           comment=comment) for one in held
    }  # fmt: skip
    moved = [name for name, one in before.items() if one.options.get("spans") in now and name not in now]
    for name in (*(name for name in now if name in before), *moved):
        group.found.lost.append("earlier answers of a person to the same question")
        before.pop(name)
    before |= now


def _lines_by_input(source: Source) -> Counter[Any]:
    """How many tasks each input has."""
    return Counter(_key(row) for batch in json_values.read(source) for row in batch.rows)


def _key(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """What the tasks of one record have in common: the hash of its input, and the id that Winnow wrote beside it, since
    a hash of 32 bits may stand for two texts."""
    key = row.get("_input_hash")
    return (str(key), text_of(ours(row).get("id"))) if isinstance(key, str) or is_whole(key) else None


def _started(line: int, row: Mapping[str, Any], inputs: tuple[str, ...]) -> Found:
    own, meta = ours(row), row.get("meta")
    found = Found(line, row["text"], text_of(own.get("id")) or label_of(row.get("_input_hash")))
    found.meta = dict(meta) if isinstance(meta, dict) else {} if meta is None else {"meta": meta}
    found.fields = dict(own["fields"]) if isinstance(own.get("fields"), dict) else {}
    found.split = text_of(own.get("split")) or None
    used = _USED | {text_of(row.get("field_id")) or "user_input", *inputs} | ({"_task_hash"} if own else set())
    rest = {key: value for key, value in row.items() if key not in used}
    if rest:
        kept(found).update(rest)
    return found


def _whole(group: _Group) -> Found:
    """The record with all answers; a person who answered in one task and skipped another has answered."""
    found = group.found
    for who, said in group.said.items():
        found.answers += said.values()
        if said and group.skips.pop(who, None) is not None:
            found.lost.append("skips of a person who answered the same text")
    found.answers += group.skips.values()
    return found


def _one_span(found: Found, who: str, row: Mapping[str, Any], held: list[Part]) -> None:
    """Spans that a person said to be right, or wrong, one by one: all of them are not known, so they only suggest."""
    if row["answer"] == "reject":
        found.lost.append("spans that were rejected, kept in the metadata")
        keep_rejected(found, row)
        return
    found.lost.append("spans that were accepted one by one, taken as a suggestion")
    source = who or "prodigy"
    before = next((one for one in found.suggestions if (one.annotator, one.kind) == (source, "spans")), None)
    for one in held:
        if one.kind == "spans" and before is not None:
            before.value, _ = in_order([*before.value, *one.value])
        elif one.kind == "spans" and one.value:
            found.suggestions.append(Said(source, one.question, "spans", one.value, score=score(row)))
