"""Records of Argilla 2 in the one shape behind its two: nested (`records.to_json`) and flat (`to_list(flatten=True)`,
`to_datasets`), and what a file says of its questions. Registers nothing.

The nested shape leaves the status of a response out. Neither says of which kind a question is: a rating is a number,
spans have places, a ranking is an order of one and the same options, and words are a written text where they are long
or hardly ever the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.importers.conversation import is_conversation
from pipeline.importers.marked import is_whole

NESTED = frozenset({"id", "fields", "metadata", "suggestions", "responses", "vectors"})
FLAT = frozenset({"id", "status", "_server_id"})
ANSWERED = re.compile(r"(.+)\.(responses|suggestion)(?:\.(users|status|score|agent))?", re.DOTALL)
KINDS = ("choice", "choices", "rating", "ranking", "text", "spans")
LABEL_LONGEST = 80  # characters; longer words were written
FEW = 20  # different words that may always be labels; of more, half of the answers must repeat one
MOST = 2000  # different words that are counted


@dataclass(frozen=True, slots=True)
class Response:
    value: Any
    user: str
    status: str


@dataclass(slots=True)
class Record:
    """A record of either shape. `columns` are those of a flat one of which it is not known what they are."""

    id: str
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)  # what only Argilla knows
    responses: dict[str, list[Response]] = field(default_factory=dict)
    suggestions: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # {"value", "score", "agent"}
    ours: Mapping[str, Any] = field(default_factory=dict)  # what Winnow wrote: {"people", "kinds", "unit"}


@dataclass(slots=True)
class Words:
    """The values of one question, as far as they tell of which kind it is."""

    different: set[str] = field(default_factory=set)
    count: int = 0
    written: bool = False  # a value that is no label
    kinds: set[str] = field(default_factory=set)
    options: set[str] = field(default_factory=set)
    orders: set[tuple[str, ...]] = field(default_factory=set)
    whole: bool = True  # every list had all options

    def note(self, value: Any) -> None:
        if isinstance(value, str):
            self.kinds.add("word")
            self.count += 1
            self.written |= len(value) > LABEL_LONGEST or "\n" in value or "\r" in value
            if len(self.different) <= MOST:
                self.different.add(value)
        elif is_whole(value):
            self.kinds.add("rating")
        elif isinstance(value, list) and value:
            self._note_list(value)

    def _note_list(self, value: list[Any]) -> None:
        if all(isinstance(one, Mapping) and "start" in one for one in value):
            self.kinds.add("spans")
        elif names := order_of(value):
            self.kinds.add("ranking" if isinstance(value[0], Mapping) else "list")
            self.whole &= not self.options or self.options == set(names)
            self.options |= set(names)
            if len(self.orders) < 2:
                self.orders.add(tuple(names))

    def kind(self, name: str, texts: Iterable[str]) -> str:
        """The kind of question that these are answers to."""
        if name in texts:
            return "text"
        for kind in ("spans", "ranking", "rating"):
            if kind in self.kinds:
                return kind
        if "list" in self.kinds:
            return "ranking" if self.whole and len(self.options) > 1 and len(self.orders) > 1 else "choices"
        rare = len(self.different) > max(FEW, self.count / 2)
        return "text" if self.written or rare else "choice"


def order_of(value: list[Any]) -> list[str]:
    """The options of a ranking, the best first, or the labels of a list; empty where there are none."""
    if all(isinstance(one, Mapping) and isinstance(one.get("value"), str) for one in value):
        ranks = [one.get("rank") for one in value]
        ordered = sorted(value, key=lambda one: one["rank"]) if all(map(is_whole, ranks)) else value
        return [one["value"] for one in ordered]
    return list(value) if all(isinstance(one, str) for one in value) else []


def record_of(row: Mapping[str, Any]) -> Record:
    """The row of a file as a record."""
    number = row.get("id")
    name = number if isinstance(number, str) else str(number) if is_whole(number) else ""
    found = Record(name)
    found.kept = {key: row[key] for key in ("status", "_server_id") if row.get(key) is not None}
    return _nested(found, row) if isinstance(row.get("fields"), Mapping) else _flat(found, row)


def _nested(found: Record, row: Mapping[str, Any]) -> Record:
    found.fields = dict(row["fields"])
    found.metadata = dict(mapping(row.get("metadata")))
    found.ours = mapping(row.get("winnow"))
    if mapping(row.get("vectors")):
        found.kept["vectors"] = row["vectors"]
    for question, given in mapping(row.get("responses")).items():
        found.responses[question] = [
            Response(one.get("value"), _user(one.get("user_id")), str(one.get("status") or ""))
            for one in (given if isinstance(given, list) else []) if isinstance(one, Mapping)
        ]  # fmt: skip
    for question, hint in mapping(row.get("suggestions")).items():
        if isinstance(hint, Mapping) and hint.get("value") is not None:
            found.suggestions[question] = hint
    return found


def _flat(found: Record, row: Mapping[str, Any]) -> Record:
    for key, value in row.items():
        answered = ANSWERED.fullmatch(key)
        if value is None or key in FLAT:
            continue
        if answered is None:
            vector = isinstance(value, list) and value and all(isinstance(one, float) for one in value)
            (found.kept.setdefault("vectors", {}) if vector else found.columns)[key] = value
        elif answered[2] == "responses" and answered[3] is None and isinstance(value, list):
            users, states = row.get(f"{key}.users"), row.get(f"{key}.status")
            found.responses[answered[1]] = [
                Response(one, _user(_at(users, at)), str(_at(states, at) or "")) for at, one in enumerate(value)
            ]
        elif answered[2] == "suggestion" and answered[3] is None:
            found.suggestions[answered[1]] = {
                "value": value, "score": row.get(f"{key}.score"), "agent": row.get(f"{key}.agent")
            }  # fmt: skip
    return found


@dataclass(slots=True)
class Plan:
    """What the records of a file are like: each question's kind, and which field is the text."""

    words: dict[str, Words] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)  # fields with words, in the order in which they came up
    written: tuple[str, ...] = ()  # questions that are said to be answered with written text
    kinds: dict[str, str] = field(default_factory=dict)  # of a file that Winnow wrote

    def note(self, one: Record) -> None:
        for key, value in (*one.fields.items(), *one.columns.items()):
            if isinstance(value, str) and key not in self.texts and len(self.texts) < MOST:
                self.texts.append(key)
        for name, kind in mapping(one.ours.get("kinds")).items():
            if kind in KINDS:
                self.kinds.setdefault(name, kind)
        said = [(name, one.value) for name, given in one.responses.items() for one in given]
        for name, value in (*said, *((name, hint["value"]) for name, hint in one.suggestions.items())):
            self.words.setdefault(name, Words()).note(value)

    def kind(self, question: str) -> str:
        return self.kinds.get(question) or self.words[question].kind(question, self.written)

    def options(self, question: str) -> list[str]:
        return sorted(self.words[question].options)

    def text(self, named: tuple[str, ...]) -> str:
        """The name of the field that is the record's text; empty if there is none."""
        ranked = {one for name in self.words if self.kind(name) == "ranking" for one in self.options(name)}
        plain = [name for name in self.texts if name not in ranked] or self.texts
        return named[0] if named else "text" if "text" in plain else next(iter(plain), "")

    def beside(self, one: Record, text: str, named: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The fields of a record but its text, and its metadata: of a flat one what is named, ranked or spoken is a
        field."""
        ranked = {option for name in self.words if self.kind(name) == "ranking" for option in self.options(name)}
        fields, meta = dict(one.fields), dict(one.metadata)
        for key, value in one.columns.items():
            is_field = key in named or key in ranked or key == text or is_conversation(value)
            (fields if is_field else meta)[key] = value
        fields.pop(text, None)
        return fields, meta


def _user(value: Any) -> str:
    """Who gave a response; "None" is how Argilla writes that nobody is known."""
    return "" if value in (None, "None") else str(value)


def _at(value: Any, place: int) -> Any:
    return value[place] if isinstance(value, list) and place < len(value) else None


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
