"""Prodigy's JSON lines, as `prodigy db-in` takes them: a task for each question that somebody answered of a record.

What Prodigy has no key for (our id, the names of questions, fields, comments) stands under the key `winnow`, which it
keeps and our importer reads. A record that nobody answered is a task to ignore.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from pipeline.exporters.base import Answers, Contents, Row, exporters
from pipeline.exporters.given import EACH, PEOPLE, PEOPLE_HELP, counted
from pipeline.exporters.text_tokens import by_border, tokens
from pipeline.exporters.voices import NO_FORM, asked, field_of, kind_of, labels_of, spans_of, voices
from pipeline.knobs import knob
from pipeline.questions import Question

VERDICTS = ("accept", "reject")
_HASH = re.compile(r"-?\d{1,18}")  # an id that Prodigy made


@exporters.register
@dataclass(frozen=True, slots=True)
class Prodigy:
    """Prodigy's JSON lines (for db-in): a task for each question that somebody answered, skips as ignored tasks."""

    name: ClassVar[str] = "prodigy"
    suffix: ClassVar[str] = ".jsonl"

    people: str = knob(EACH, PEOPLE_HELP, choices=PEOPLE)

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        questions = asked(contents)
        with out.open("w", encoding="utf-8", newline="\n") as file:
            for batch in contents.batches:
                for row in batch:
                    lost["suggestions"] += len(row.get("suggestions", ()))
                    lost["parents and states of records"] += bool(row["parent"]) or row["status"] != "active"
                    said = voices(row, contents, self.people, lost)
                    written = [task for one in said for task in _tasks(row, one, questions, lost)]
                    for task in written or [_unanswered(row)]:
                        file.write(json.dumps(task, ensure_ascii=False) + "\n")
        return counted(lost)


def _tasks(row: Row, said: Answers, questions: Mapping[str, Question], lost: Counter[str]) -> Iterator[dict[str, Any]]:
    """The tasks of what one person said of a record."""
    if said.state == "skipped":
        more = {"reason": said.reason} if said.reason else {}
        yield _task(row, said, {"answer": "ignore", "_view_id": "text"}, more)
        return
    by_kind = {name: kind_of(name, value, questions) for name, value in said.values.items()}
    joined = {
        spans_of(name, said.values, questions): name for name, kind in reversed(by_kind.items()) if kind == "relations"
    }
    for name, kind in by_kind.items():
        value = said.values[name]
        if kind == "spans" and field_of(name, questions) == "text":
            other = joined.get(name, "")
            parts = _marked(row["text"], value, said.values[other] if other else None)
            yield _task(row, said, parts, {"question": name, **({"relations": other} if other else {})})
        elif kind in ("choice", "choices", "rating"):
            marks = [str(one) for one in (value if isinstance(value, list) else [value])]
            yield _task(row, said, *_chosen(name, kind, marks, questions))
        elif kind == "text":
            yield _task(row, said, {"user_input": value, "_view_id": "text_input"}, {"question": name})
        else:
            lost[NO_FORM] += kind != "relations" or joined.get(spans_of(name, said.values, questions)) != name


def _chosen(
    name: str, kind: str, marks: list[str], questions: Mapping[str, Question]
) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """A choice among labels or marks; one between accept and reject is the answer itself."""
    labels = labels_of(name, marks, questions)
    if kind == "choice" and set(labels) <= set(VERDICTS):
        view = {"_view_id": "text"} if name == "answer" else {"label": name, "_view_id": "classification"}
        return {**view, "answer": marks[0]}, {"question": name}
    if kind == "rating" and name in questions:
        labels = [str(mark) for mark in range(questions[name].low, questions[name].high + 1)]  # type: ignore[attr-defined]  # a rating has both
    options = [{"id": label, "text": label} for label in labels]
    style = "multiple" if kind == "choices" else "single"
    own = {"question": name} | ({"kind": "rating"} if kind == "rating" else {})
    return {"options": options, "accept": marks, "config": {"choice_style": style}, "_view_id": "choice"}, own


def _marked(text: str, spans: list[dict[str, Any]], relations: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Spans over tokens, `token_end` inclusive; head and child of a relation are the last tokens of its spans."""
    found = tokens(text, [(one["start"], one["end"]) for one in spans])
    first, last = by_border(found)
    marks = [
        {"start": one["start"], "end": one["end"], "token_start": first[one["start"]], "token_end": last[one["end"]],
         "label": one["label"], "text": one["text"]} for one in spans
    ]  # fmt: skip
    crossing = any(two["start"] < one["end"] for one, two in pairwise(spans))
    view = "relations" if relations is not None else "spans_manual" if crossing else "ner_manual"
    words = [
        {"text": text[one.start : one.end], "start": one.start, "end": one.end, "id": at, "ws": one.space}
        for at, one in enumerate(found)
    ]
    arrows = [
        {"head": marks[one["from"]]["token_end"], "child": marks[one["to"]]["token_end"], "label": one["label"],
         "head_span": _bare(marks[one["from"]]), "child_span": _bare(marks[one["to"]])} for one in relations or ()
    ]  # fmt: skip
    return {"tokens": words, "spans": marks, "_view_id": view} | ({} if relations is None else {"relations": arrows})


def _bare(mark: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mark.items() if key != "text"}


def _task(row: Row, said: Answers, parts: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    fields, comment = row.get("fields") or {}, {"comment": said.comment} if said.comment else {}
    ours = {"id": row["id"], **({"fields": fields} if fields else {}), **own, **comment}
    ours |= {"split": row["split"]} if row["split"] else {}
    whole = {"text": row["text"], "meta": row["meta"], "answer": "accept", **parts}
    whole["_input_hash"] = int(row["id"]) if _HASH.fullmatch(row["id"]) else _hash(row["id"], row["text"])
    whole["_task_hash"] = _hash(row["id"], str(own.get("question", "")), parts.get("_view_id", ""))
    if said.created_at:
        whole["_timestamp"] = int(datetime.fromisoformat(said.created_at).timestamp())
    if said.annotator:
        whole |= {"_session_id": said.annotator, "_annotator_id": said.annotator}
    return {**whole, "winnow": ours}


def _unanswered(row: Row) -> dict[str, Any]:
    """A record that nobody answered: db-in takes a task without an answer for accepted."""
    return _task(row, Answers("", "skipped", {}), {"answer": "ignore", "_view_id": "text"}, {"unanswered": True})


def _hash(*parts: str) -> int:
    """A number of 32 bits with a sign, as Prodigy's own are, the same for the same parts."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big", signed=True)
