"""potato: the folder of a project, with its items, its schemes, and the state that potato keeps of each annotator."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from pipeline.displayed import Displayed
from pipeline.exporters.base import Answers, Contents, Row, answers_in, exporters
from pipeline.questions import Question, Rating, Relations

LIKERT = 10  # the most points of a scale that is drawn as points
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]|^\.+|\.+$')
_STATE = ("instance_id_to_label_to_value", "instance_id_to_span_to_value", "instance_id_to_link_to_value")
_TYPES = {"choice": "radio", "choices": "multiselect", "spans": "span", "answer": "span", "text": "text"}


@exporters.register
@dataclass(frozen=True, slots=True)
class Potato:
    """A zip of a potato project: config.yaml, data/items.jsonl, and under annotation_output the answers of each
    annotator as potato keeps them. Unpack it and start potato with its config.yaml."""

    name: ClassVar[str] = "potato"
    suffix: ClassVar[str] = ".zip"

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        asks = {question.name: question for question in contents.asks}
        with (
            tempfile.TemporaryDirectory(dir=out.absolute().parent) as folder,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            states = _States(Path(folder), lost)
            items = Path(folder) / "items.jsonl"
            with items.open("w", encoding="utf-8", newline="\n") as file:
                for batch in contents.batches:
                    for row in batch:
                        item = {**row.get("fields", {}), "id": row["id"], "text": row["text"]}
                        file.write(json.dumps(item, ensure_ascii=False) + "\n")
                        _take(row, answers_in(row, contents), asks, states, lost)
            archive.write(items, "data/items.jsonl")
            for name, path in states.closed():
                archive.write(path, f"annotation_output/{name}/user_state.json")
            plain = _config(contents)
            archive.writestr("config.yaml", yaml.safe_dump(plain, allow_unicode=True, sort_keys=False))
        return {reason: n for reason, n in lost.items() if n}


def _config(contents: Contents) -> dict[str, Any]:
    schemes = [scheme for question in contents.asks if (scheme := _scheme(question))]
    return {
        "annotation_task_name": contents.title or "winnow", "task_dir": ".",
        "output_annotation_dir": "annotation_output", "data_files": ["data/items.jsonl"],
        "item_properties": {"id_key": "id", "text_key": "text"}, "annotation_schemes": schemes,
    }  # fmt: skip


def _scheme(question: Question) -> dict[str, Any] | None:
    head = {"name": question.name, "description": question.title or question.name}
    if isinstance(question, Rating):
        if question.low == 1 and question.high <= LIKERT:
            ends = {"min_label": "1", "max_label": str(question.high), "size": question.high}
            return {"annotation_type": "likert", **head, **ends}
        return {"annotation_type": "number", **head, "min_value": question.low, "max_value": question.high}
    if isinstance(question, Relations):
        links = [{"name": label} for label in question.labels]
        return {"annotation_type": "span_link", **head, "span_schema": question.spans, "link_types": links}
    if question.kind not in _TYPES:
        return None
    labels = list(question.labels) or ([question.name] if question.kind == "answer" else [])
    return {"annotation_type": _TYPES[question.kind], **head, **({"labels": labels} if labels else {})}


def _take(row: Row, said: Sequence[Answers], asks: Mapping[str, Question], states: _States, lost: Counter[str]) -> None:
    lost["answers that are drafts or skips"] += sum(one.state != "submitted" for one in said)
    lost["comments"] += sum(bool(one.comment) for one in said)
    lost["suggestions"] += len(row.get("suggestions", ()))
    lost["metadata and splits of records"] += bool(row["meta"] or row["split"])
    lost["fields named like the id or the text"] += bool({"id", "text"} & row.get("fields", {}).keys())
    lost["that records are dropped"] += row["status"] == "dropped"
    lost["which records others were made from"] += row["parent"] is not None
    shown = Displayed.of(row["text"])
    for one in said:
        if one.state == "submitted":
            parts = _state_of(one, asks, shown, lost)
            if any(parts):
                states.add(one.annotator, row["id"], parts)


def _state_of(
    one: Answers, asks: Mapping[str, Question], shown: Displayed, lost: Counter[str]
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """A person's answers on an item: labels, marks and links as potato keeps them."""
    labels: list[Any] = []
    marks: list[Any] = []
    links: dict[str, Any] = {}
    for name, value in one.values.items():
        kind = asks[name].kind if name in asks else "choices" if isinstance(value, list) else "choice"
        there = len(labels) + len(marks) + len(links)
        if kind in ("choice", "choices"):
            chosen = value if isinstance(value, list) else [value]
            labels += [[{"schema": name, "name": label}, label] for label in chosen if isinstance(label, str)]
        elif kind == "rating":
            control = str(value) if _is_likert(asks[name]) else "number"
            labels.append([{"schema": name, "name": control}, str(value)])
        elif kind == "text":
            labels.append([{"schema": name, "name": "text_box"}, value])
        elif kind in ("spans", "answer") and getattr(asks[name], "field", "text") == "text":
            marks += [[span, "true"] for span in _spans(name, value, shown, lost)]
        elif kind == "relations":
            links |= _links(name, asks[name], value)
        lost["answers that potato has no place for"] += there == len(labels) + len(marks) + len(links)
    return labels, marks, links


def _is_likert(question: Question) -> bool:
    return isinstance(question, Rating) and question.low == 1 and question.high <= LIKERT


def _spans(name: str, value: Any, shown: Displayed, lost: Counter[str]) -> Iterator[dict[str, Any]]:
    for at, span in enumerate(value):
        label = span.get("label", name)
        start, end = shown.offset(span["start"]), shown.offset(span["end"], end=True)
        lost["marks of what potato does not display"] += start >= end
        yield {"schema": name, "name": label, "title": label, "start": start, "end": end, "id": f"{name}-{at}",
               "text": shown.text[start:end]}  # fmt: skip


def _links(name: str, question: Question, value: Any) -> dict[str, Any]:
    spans = question.spans if isinstance(question, Relations) else ""
    return {
        f"{name}-{at}": {
            "id": f"{name}-{at}", "schema": name, "link_type": one["label"], "direction": "directed", "properties": {},
            "span_ids": [f"{spans}-{one['from']}", f"{spans}-{one['to']}"],
        } for at, one in enumerate(value)
    }  # fmt: skip


class _States:
    """The states of the annotators while they are written: each of their three parts in a file of its own."""

    def __init__(self, folder: Path, lost: Counter[str]) -> None:
        self._folder = folder
        self._lost = lost
        self._names: dict[str, str] = {}

    def add(self, who: str, item: str, parts: Sequence[Any]) -> None:
        if who not in self._names:
            name = _UNSAFE.sub("_", who)[:60] or "_"
            while name.lower() in {one.lower() for one in self._names.values()}:
                name += "_"
            self._lost["names of annotators that no file can have, changed"] += name != who
            self._names[who] = name
        for number, part in enumerate(parts):
            if part:
                path = self._part(who, number)
                head = "," if path.exists() else ""
                with path.open("a", encoding="utf-8", newline="\n") as file:
                    file.write(
                        f"{head}\n{json.dumps(item, ensure_ascii=False)}: {json.dumps(part, ensure_ascii=False)}"
                    )

    def _part(self, who: str, number: int) -> Path:
        return self._folder / f"{list(self._names).index(who)}.{number}"

    def closed(self) -> Iterator[tuple[str, Path]]:
        """Each annotator's folder, and the file of their state."""
        for who, name in self._names.items():
            whole = self._folder / "whole.json"
            with whole.open("w", encoding="utf-8", newline="\n") as file:
                file.write('{"user_id": ' + json.dumps(who, ensure_ascii=False))
                for number, key in enumerate(_STATE):
                    file.write(f', "{key}": {{')
                    path = self._part(who, number)
                    if path.exists():
                        with path.open(encoding="utf-8", newline="\n") as part:
                            while piece := part.read(1 << 20):
                                file.write(piece)
                    file.write("}")
                file.write("}\n")
            yield name, whole
