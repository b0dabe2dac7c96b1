"""The labelling configuration of Label Studio that a project's questions call for. Registers nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from pipeline.exporters.base import Contents
from pipeline.questions import AnswerSpan, Question, Ranking, Rating, Relations
from pipeline.questions.ranking import text_of

TEXT = "text"
_UNSAFE = re.compile(r"[^A-Za-z0-9_]")  # what a variable of a configuration cannot hold
_UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
_SETTINGS = ("kind", "field", "candidates", "spans", "low", "high")


@dataclass(slots=True)
class Config:
    """What was seen of a project while its tasks were written: `kinds` and `labels` by question, `objects` by field."""

    questions: dict[str, Question]
    kinds: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[str, None]] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)  # field -> its key in a task's data
    always: dict[str, bool] = field(default_factory=dict)  # field -> whether every task has it as a text
    talks: set[str] = field(default_factory=set)  # fields that are conversations
    wanted: tuple[str, ...] = (TEXT,)  # fields that every task has, since questions are asked of them
    names: frozenset[str] = frozenset()  # of the controls
    labels_told: bool = False

    @classmethod
    def of(cls, contents: Contents) -> Config:
        questions = {question.name: question for question in contents.asks}
        read = [name for question in contents.asks for name in question.reads]
        config = cls(questions, wanted=tuple(dict.fromkeys([TEXT, *read])), names=frozenset(contents.questions))
        for name, question in questions.items():
            config.kinds[name] = question.kind
            config.labels[name] = dict.fromkeys(question.labels)
        for name in config.wanted:
            config.key(name)
        return config

    def note(self, values: Mapping[str, Any]) -> None:
        """Look at answers for kinds and labels that nobody told."""
        for name, value in values.items():
            kind = self.kinds.setdefault(name, _kind(value))
            if kind in ("choice", "choices", "spans", "relations"):
                parts = value if isinstance(value, list) else [value]
                labels = [part.get("label") if isinstance(part, Mapping) else part for part in parts]
                self.labels.setdefault(name, {}).update(dict.fromkeys(str(one) for one in labels))

    def key(self, name: str) -> str:
        """The key of a field in a task's data, which a configuration can name."""
        if name not in self.objects:
            safe = _UNSAFE.sub("_", name) or "field"
            while safe in self.objects.values():
                safe += "_"
            self.objects[name] = safe
        return self.objects[name]

    def keys(self, fields: Mapping[str, Any]) -> dict[str, str]:
        return {self.key(name): name for name in fields}

    def data(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A task's data: the fields, and the items of each ranking as Label Studio lists them."""
        first = not self.always
        for name in {*fields, *self.always}:
            self.always[name] = self.always.get(name, first) and isinstance(fields.get(name), str)
        self.talks |= {name for name, value in fields.items() if _is_talk(value)}
        found = {self.key(name): value for name, value in fields.items()}
        found |= {self.key(name): "" for name in self.wanted if name not in fields}
        for name, question in self.questions.items():
            if isinstance(question, Ranking) and not self.pair(name):
                found[self._items(name)] = _listed(question, fields)
        return found

    def kind(self, question: str) -> str:
        return self.kinds.get(question, "")

    def scale(self, question: str) -> str:
        """Stars count from 1; a scale that begins elsewhere takes numbers."""
        asked = self.questions.get(question)
        return "rating" if isinstance(asked, Rating) and asked.low == 1 else "number"

    def pair(self, question: str) -> tuple[str, ...]:
        asked = self.questions.get(question)
        return asked.candidates if isinstance(asked, Ranking) and len(asked.candidates) == 2 else ()

    def spans(self, question: str) -> str:
        asked = self.questions.get(question)
        return asked.spans if isinstance(asked, Relations) else ""

    def shown(self, question: str) -> str:
        """The name of the object that a question is asked of."""
        asked = self.questions.get(question)
        if isinstance(asked, Ranking) and not self.pair(question):
            return self._object(self._items(question))
        return self._object(self.key(asked.reads[0] if asked is not None and asked.reads else TEXT))

    def targets(self) -> dict[str, str]:
        return {self._object(key): name for name, key in self.objects.items() if name in self.wanted}

    def asks(self) -> dict[str, Any]:
        """The questions with what an import here must know of them."""
        found = {}
        for name, question in self.questions.items():
            plain = question.to_plain()
            found[name] = {key: plain[key] for key in _SETTINGS if key in plain}
        return found

    def labels_once(self) -> dict[str, list[str]]:
        """All labels of the questions, for the first task; then nothing."""
        told, self.labels_told = self.labels_told, True
        return (
            {}
            if told
            else {name: list(question.labels) for name, question in self.questions.items() if question.labels}
        )

    def _object(self, key: str) -> str:
        """An object's name; no control has the same."""
        return f"{key}_shown" if key in self.names else key

    def _items(self, question: str) -> str:
        return self.key(f"{question} items")

    def xml(self) -> str:
        view = ET.Element("View")
        shown = [*self.wanted, *(name for name, every in self.always.items() if every and name not in self.wanted)]
        for name in shown:
            how = {"layout": "dialogue", "nameKey": "role", "textKey": "content"} if name in self.talks else {}
            self._add(
                view, "Paragraphs" if how else "Text", self._object(self.key(name)), value=f"${self.key(name)}", **how
            )
        for name, kind in self.kinds.items():
            self._control(view, name, kind)
        ET.indent(view)
        return ET.tostring(view, "unicode") + "\n"

    def _control(self, view: ET.Element, name: str, kind: str) -> None:
        to, question = self.shown(name), self.questions.get(name)
        if kind in ("choice", "choices"):
            many = "multiple" if kind == "choices" else "single"
            self._values(self._add(view, "Choices", name, toName=to, choice=many), "Choice", self.labels.get(name, ()))
        elif kind == "spans":
            self._values(self._add(view, "Labels", name, toName=to), "Label", self.labels.get(name, ()))
        elif isinstance(question, AnswerSpan):
            self._values(self._add(view, "Labels", name, toName=to), "Label", [name])
        elif kind == "relations":
            self._values(ET.SubElement(view, "Relations"), "Relation", self.labels.get(name, ()))
        elif kind == "text":
            self._add(view, "TextArea", name, toName=to, maxSubmissions="1", editable="true")
        elif isinstance(question, Rating) and self.scale(name) == "rating":
            self._add(view, "Rating", name, toName=to, maxRating=str(question.high))
        elif kind == "rating":
            ends = {"min": str(question.low), "max": str(question.high)} if isinstance(question, Rating) else {}
            self._add(view, "Number", name, toName=to, **ends)
        elif self.pair(name):
            self._add(view, "Pairwise", name, toName=",".join(self._object(self.key(one)) for one in self.pair(name)))
        elif isinstance(question, Ranking):
            self._add(view, "List", to, value=f"${self._items(name)}")
            self._add(view, "Ranker", name, toName=to)

    def _add(self, view: ET.Element, tag: str, name: str, **attributes: str) -> ET.Element:
        return ET.SubElement(view, tag, {"name": _plain(name), **{k: _plain(v) for k, v in attributes.items()}})

    def _values(self, parent: ET.Element, tag: str, labels: Iterable[str]) -> None:
        for label in labels:
            ET.SubElement(parent, tag, {"value": _plain(label)})


def is_order(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(one, str) for one in value)


def _is_talk(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "role" in one for one in value)


def _listed(question: Ranking, fields: Mapping[str, Any]) -> list[dict[str, str]]:
    if question.candidates:
        return [{"id": name, "title": name, "body": text_of(fields.get(name, ""))} for name in question.candidates]
    given = fields.get(question.field)
    items = given if isinstance(given, list) else []
    return [{"id": str(at), "title": str(at), "body": text_of(one)} for at, one in enumerate(items, 1)]


def _kind(value: Any) -> str:
    """The kind of a question that nobody told, by an answer to it."""
    if isinstance(value, str):
        return "choice"
    if isinstance(value, int):
        return "rating"
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, Mapping):
        return "spans" if {"start", "label"} <= first.keys() else "relations" if "from" in first else ""
    return "choices"


def _plain(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
