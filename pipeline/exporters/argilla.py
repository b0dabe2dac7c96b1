"""Records of Argilla 2 as one JSON list, as `Dataset.records.to_json` writes them and `from_json` takes them, with the
status of each response, which `from_json` takes too.

Argilla knows people by ids of its own. A person whose id is not given gets one made of the name. Under `winnow`, which
Argilla leaves unread, stand the names, the kinds of the questions and the unit of offsets, for our importer.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pipeline.domain import WorkbenchError
from pipeline.exporters.base import Answers, Contents, Row, exporters
from pipeline.exporters.given import EACH, PEOPLE, PEOPLE_HELP, counted
from pipeline.exporters.voices import NO_FORM, asked, field_of, kind_of, voices
from pipeline.knobs import knob
from pipeline.questions import Question
from pipeline.units import CODE_POINTS, UTF16, offset

KINDS = ("choice", "choices", "rating", "ranking", "text", "spans")
STATES = {"submitted": "submitted", "draft": "draft", "skipped": "discarded"}
_MADE = uuid.UUID("6e1c7a52-3f0b-5d1e-9a54-0b6c2f7d8e11")  # the space of the ids that are made of names


@exporters.register
@dataclass(frozen=True, slots=True)
class Argilla:
    """Records of Argilla 2 (JSON, for Dataset.records.from_json): responses with their status, suggestions, metadata.
    The dataset there needs the same fields and questions."""

    name: ClassVar[str] = "argilla"
    suffix: ClassVar[str] = ".json"

    people: str = knob(EACH, PEOPLE_HELP, choices=PEOPLE)
    users: tuple[str, ...] = knob((), "The ids that people have in Argilla, as name=id.")
    unit: str = knob(
        UTF16, "The unit of offsets: Argilla's page counts UTF-16 units, its Python package code points.",
        choices=(UTF16, CODE_POINTS),
    )  # fmt: skip

    def __call__(self, contents: Contents, out: Path) -> Mapping[str, int]:
        lost: Counter[str] = Counter()
        questions, known = asked(contents), self._known()
        with out.open("w", encoding="utf-8", newline="\n") as file:
            between = "["
            for batch in contents.batches:
                for row in batch:
                    said = voices(row, contents, self.people, lost, drafts=True)
                    record = self._record(row, said, questions, known, lost)
                    file.write(f"{between}\n{json.dumps(record, ensure_ascii=False)}")
                    between = ","
            file.write("[]\n" if between == "[" else "\n]\n")
        return counted(lost)

    def _known(self) -> dict[str, str]:
        """The Argilla id of each person who is named. Raises WorkbenchError for what is no id."""
        found = {}
        for pair in self.users:
            name, _, number = pair.rpartition("=")
            try:
                found[name] = str(uuid.UUID(number))
            except ValueError:
                raise WorkbenchError(
                    f"'{pair[:80]}' names no id of Argilla. Write the person's name, = and the id."
                ) from None
        return found

    def _record(
        self, row: Row, said: list[Answers], questions: Mapping[str, Question], known: dict[str, str],
        lost: Counter[str],
    ) -> dict[str, Any]:  # fmt: skip
        meta = dict(row["meta"])
        own = meta.pop("argilla", {}) if isinstance(meta.get("argilla"), dict) else {}
        fields = {str(own.get("text") or "text"): row["text"], **(row.get("fields") or {})}
        nested = {key: value for key, value in meta.items() if isinstance(value, dict | list)}
        lost["metadata with parts, written as JSON text"] += len(nested)
        lost["parents and states of records"] += bool(row["parent"]) or row["status"] != "active"
        responses: dict[str, list[dict[str, Any]]] = {}
        people = {}
        for one in said:
            user = _user(one.annotator, known)
            people[user] = one.annotator
            lost["comments and reasons"] += bool(one.comment or one.reason)
            lost["times of answers"] += bool(one.created_at)
            for name, value in self._responses(row, one, questions, lost).items():
                said_so = {"value": value, "user_id": user, "status": STATES[one.state]}
                responses.setdefault(name, []).append(said_so)
        kinds = {name: question.kind for name, question in questions.items() if question.kind in KINDS}
        status = "completed" if any(one.state == "submitted" for one in said) else "pending"
        return {
            "id": row["id"], "fields": fields,
            "metadata": {**meta, **{key: json.dumps(value, ensure_ascii=False) for key, value in nested.items()}},
            "suggestions": self._suggestions(row, questions, lost), "responses": responses,
            "vectors": own.get("vectors") or {},
            "status": own.get("status") or status,
            "_server_id": own.get("_server_id"),
            "winnow": {"people": people, "unit": self.unit, "split": row["split"], "kinds": kinds},
        }  # fmt: skip

    def _responses(
        self, row: Row, one: Answers, questions: Mapping[str, Question], lost: Counter[str]
    ) -> dict[str, Any]:  # fmt: skip
        """One person's answers; a skip says of the first question that it has none."""
        found = {name: self._value(row, name, value, questions, lost) for name, value in one.values.items()}
        found = {name: value for name, value in found.items() if value is not None}
        if one.state == "submitted" or found:
            return found
        first = next((name for name, question in questions.items() if question.kind in KINDS), "label")
        return {first: None}

    def _value(
        self, row: Row, name: str, value: Any, questions: Mapping[str, Question], lost: Counter[str]
    ) -> Any:  # fmt: skip
        kind = kind_of(name, value, questions)
        if kind not in KINDS:
            lost[NO_FORM] += 1
            return None
        if kind != "spans":
            return value
        text = (
            row["text"] if field_of(name, questions) == "text" else row.get("fields", {}).get(field_of(name, questions))
        )
        return [
            {"label": span["label"], "start": offset(str(text), span["start"], self.unit),
             "end": offset(str(text), span["end"], self.unit)} for span in value
        ]  # fmt: skip

    def _suggestions(self, row: Row, questions: Mapping[str, Question], lost: Counter[str]) -> dict[str, Any]:
        """One a question: that with the best score."""
        found: dict[str, Any] = {}
        for hint in row.get("suggestions", ()):
            name, score = hint["question"], hint["score"]
            value = self._value(row, name, hint["value"], questions, lost)
            if value is None:
                continue
            before = found.get(name)
            lost["suggestions to a question that has a better one"] += before is not None
            if before is None or (score or 0) > (before["score"] or 0):
                found[name] = {"value": value, "score": score, "agent": hint["source"]}
        return found


def _user(name: str, known: Mapping[str, str]) -> str:
    if name in known:
        return known[name]
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid.uuid5(_MADE, name))
