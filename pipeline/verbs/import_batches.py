"""The work of an import: it takes the rows of a file batch by batch, writes what can be taken, and keeps count."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from pipeline.domain import Rejection, WorkbenchError
from pipeline.importers import Source
from pipeline.importers.answers import Given
from pipeline.importers.base import Batch
from pipeline.importers.rows import Reading, Taken, take
from pipeline.jobs import Handle
from pipeline.store import Store, imports
from pipeline.store.annotations import SIMULATED
from pipeline.verbs.import_join import Joining, is_another, join, merged, with_texts

LISTED = 1000  # rejections that a result lists; all are counted
MOST_LABELS = 200  # labels of one question that a file may bring
_EVENTS = pa.schema(
    [("row", pa.int64()), ("event_id", pa.string()), ("task_id", pa.int32()), ("annotator", pa.string()),
     ("state", pa.string()), ("value", pa.string()), ("comment", pa.string()), ("reason", pa.string()),
     ("flagged", pa.bool_()), ("guideline_revision", pa.int32()), ("created_at", pa.timestamp("us"))]
)  # fmt: skip
_SUGGESTIONS = pa.schema(
    [("row", pa.int64()), ("task_id", pa.int32()), ("source", pa.string()), ("question", pa.string()),
     ("value", pa.string()), ("score", pa.float64())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the answers of a file go: to a task, those of its label column to `annotator` or, as suggestions, to
    `source`."""

    task_id: int
    guideline_revision: int
    annotator: str = ""
    source: str = ""


@dataclass(slots=True)
class Work:
    """An import under way."""

    store: Store
    job: Handle
    project_id: int
    source: Source
    reading: Reading
    goal: Goal
    records: int = 0
    rejected: int = 0
    annotations: int = 0
    suggestions: int = 0
    joined: int = 0  # rows whose answers came to records that were there
    there: int = 0  # answers that the records had already
    same: int = 0  # rows of records that were there, which bring nothing new
    files: int = 1  # read so far, the one under way among them
    several: bool = False  # whether there are more
    line: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)  # who answered in the file, and of what kind they are
    _prefix: str = ""
    _prefixes: set[str] = field(default_factory=set)

    def at(self, source: Source, reading: Reading) -> Work:
        """The same work at its next file."""
        self.source, self.reading = source, reading
        self.files += 1
        self.line, self._prefix = 0, ""
        return self

    def take(self, batch: Batch) -> None:
        """Write the rows of a batch that can be taken and note the others."""
        refused = list(batch.rejections)
        taken: dict[str, Taken] = {}
        texts: dict[str, str] = {}  # of the rows without an id -> the record
        for row, line in zip(*self._completed(batch, refused), strict=True):
            one = take(row, line, self.reading, id_prefix=self.prefix)
            refusal = one if isinstance(one, Rejection) else self._strange(one)
            if isinstance(one, Taken) and refusal is None:
                refusal = self._among(one, taken, texts)
            if refusal is not None:
                refused.append(refusal)
        joining = self._joining(taken)
        refused += joining.refused
        self.same += joining.same
        self.there += joining.there
        parents = self._numbers([one.parent for one in taken.values() if one.parent is not None])
        refused += _orphans(taken, parents)
        self._write(list(taken.values()), parents, joining)
        self._note(refused)
        self.line = max([self.line, *batch.lines[-1:], *(one.line for one in batch.rejections[-1:])])

    def _among(self, one: Taken, taken: dict[str, Taken], texts: dict[str, str]) -> Rejection | None:
        """Put a row among those of its batch: it is a record of its own, or brings answers to one of them."""
        name = one.external_id
        if not one.named and (one.given or one.hinted):
            before = taken.get(texts.setdefault(one.text, name))
            said = {given.annotator for given in before.given} if before else set()
            hinted = {(hint.source, hint.question) for hint in before.hinted} if before else set()
            name = before.external_id if before and not is_another(one, said, hinted) else name
        if name not in taken:
            taken[name] = one
            return None
        both = merged(taken[name], one, told=self.reading.own)
        if both is None:
            return self._repeated(one)
        taken[name] = both[0]
        self.there += both[1]
        self.joined += 1
        return None

    @property
    def prefix(self) -> str:
        """What the ids of rows without an id begin with: the file's name, made new if an earlier import or an earlier
        file of this one used it."""
        if not self._prefix:
            name = prefix = f"{self.source.name}:"
            if imports.has_prefix(self.store, self.project_id, prefix):
                name = prefix = f"{self.source.name}@{self.job.id}:"
            if name in self._prefixes:
                prefix = f"{self.source.name}@{self.job.id}-{self.files}:"
            self._prefixes.add(prefix)
            self._prefix = prefix
        return self._prefix

    def _numbers(self, ids: list[str]) -> dict[str, int]:
        return imports.numbers(self.store, self.project_id, self.job.id, ids) if ids else {}

    def _completed(self, batch: Batch, refused: list[Rejection]) -> tuple[list[dict[str, Any]], list[int]]:
        """The rows and their lines; those without a text have that of the record whose id they name."""
        if not self.reading.own:
            return batch.rows, batch.lines
        rows, missing = with_texts(batch.rows, self.store, self.project_id, self.job.id)
        refused += [Rejection(batch.lines[at], "id", reason) for at, reason in missing.items()]
        here = [at for at in range(len(rows)) if at not in missing]
        return [rows[at] for at in here], [batch.lines[at] for at in here]

    def _joining(self, taken: dict[str, Taken]) -> Joining:
        """Take out the rows of records that are in the project already: by their id, or by their text if they have no
        id and bring answers."""
        where = (self.store, self.project_id, self.job.id)
        named = [name for name, one in taken.items() if one.named]
        known = imports.known(*where, named)
        texts = {one.text: name for name, one in taken.items() if not one.named and (one.given or one.hinted)}
        alike = {texts[text]: one for text, one in imports.with_text(*where, list(texts)).items()} if texts else {}
        said = imports.answered(self.store, self.job.id, self.goal.task_id, [one.id for one in alike.values()])
        hinted = imports.suggested(self.store, self.job.id, self.goal.task_id, [one.id for one in alike.values()])
        people: dict[int, set[str]] = {}
        sources: dict[int, set[tuple[str, str]]] = {}
        for number, who in said:
            people.setdefault(number, set()).add(who)
        for number, source, question in hinted:
            sources.setdefault(number, set()).add((source, question))
        known |= {
            name: there for name, there in alike.items()
            if not is_another(taken[name], people.get(there.id, ()), sources.get(there.id, ()))
        }  # fmt: skip
        column = self.reading.columns.id or "id"
        return join(
            self.store, self.job.id, self.goal.task_id, taken, known, told=self.reading.own, column=column
        )  # fmt: skip

    def _strange(self, one: Taken) -> Rejection | None:
        """Why a row's answers cannot be taken from those who gave them: a person is no program, and a program none."""
        for given in one.given:
            kind = "simulated" if given.simulated else "imported"
            if given.annotator not in self.people:
                known = imports.annotator_kind(self.store, given.annotator)
                self.people[given.annotator] = known or ("simulated" if given.annotator == SIMULATED else kind)
            if (self.people[given.annotator] == "simulated") != given.simulated:
                stands = "simulated labels" if not given.simulated else "a person"
                reason = f"The name '{given.annotator}' stands for {stands} here. Rename the annotator in the file."
                return Rejection(one.line, "annotations", reason)
        return None

    def _write(self, taken: list[Taken], parents: dict[str, int], joining: Joining) -> None:
        if not taken and not joining.rows:
            return
        names = ("external_id", "text", "fields", "meta", "split", "parent")
        columns = {name: pa.array([getattr(one, name) for one in taken], pa.string()) for name in names}
        rows = pa.table({**columns, "dropped": pa.array([one.dropped for one in taken], pa.bool_())})
        everybody = [*taken, *(one for _, one in joining.rows)]
        events, suggestions = self._events(everybody), self._suggestions(everybody)
        there = [number for number, _ in joining.rows]
        imports.write(self.store, self.project_id, self.job.id, rows, events, suggestions, parents, there)
        self.records += len(taken)
        self.joined += len(joining.rows)
        self.annotations += events.num_rows
        self.suggestions += suggestions.num_rows
        for question, labels in self.reading.answering.labels.items():
            if len(labels) > MOST_LABELS:
                raise too_many(self.source.name, self.reading.columns.label, question)

    def _events(self, taken: list[Taken]) -> pa.Table:
        said: list[tuple[int, str, Given]] = []
        question, annotator = self.reading.answers, self.goal.annotator
        for at, one in enumerate(taken):
            name = f"import-{self.job.id}-{self.files}-{one.line}"
            if annotator and one.answer is not None:
                said.append((at, name, Given(annotator, {question: one.answer})))
            said += [(at, f"{name}-{n}", given) for n, given in enumerate(one.given)]
        now, text = datetime.now(UTC).replace(tzinfo=None), _writer()
        columns = [
            [at for at, _, _ in said], [name for _, name, _ in said], [self.goal.task_id] * len(said),
            [given.annotator for _, _, given in said], [given.state for _, _, given in said],
            [text(given.value) for _, _, given in said], [given.comment for _, _, given in said],
            [given.reason or None for _, _, given in said], [given.flagged or None for _, _, given in said],
            [self.goal.guideline_revision] * len(said), [given.created_at or now for _, _, given in said],
        ]  # fmt: skip
        return pa.table(columns, schema=_EVENTS)

    def _suggestions(self, taken: list[Taken]) -> pa.Table:
        said: list[tuple[int, str, str, Any, float | None]] = []
        for at, one in enumerate(taken):
            if self.goal.source and one.answer is not None:
                said.append((at, self.goal.source, self.reading.answers, one.answer, None))
            said += [(at, hint.source, hint.question, hint.value, hint.score) for hint in one.hinted]
        columns = [
            [at for at, *_ in said], [self.goal.task_id] * len(said), [row[1] for row in said],
            [row[2] for row in said], [json.dumps(row[3], ensure_ascii=False) for row in said],
            [row[4] for row in said],
        ]  # fmt: skip
        return pa.table(columns, schema=_SUGGESTIONS)

    def _note(self, refused: list[Rejection]) -> None:
        self.rejected += len(refused)
        room = LISTED - len(self.rejections)
        listed = sorted(refused, key=lambda one: one.line)[:room]
        self.rejections += [replace(one, file=self.source.name) for one in listed] if self.several else listed

    def _repeated(self, one: Taken) -> Rejection:
        column = self.reading.columns.id
        return Rejection(one.line, column, f"The id '{one.external_id[:80]}' is in this project already.")


def _orphans(taken: dict[str, Taken], parents: dict[str, int]) -> list[Rejection]:
    """Take out the records whose original is neither before them nor known, and say so."""
    known, refused = set(parents), []
    for name, one in list(taken.items()):
        if one.parent is None or one.parent in known:
            known.add(name)
            continue
        del taken[name]
        reason = f"The record it was made from, '{one.parent[:80]}', is neither before it nor in this project."
        refused.append(Rejection(one.line, "parent", reason))
    return refused


def _writer() -> Callable[[Any], str]:
    """Writes answers as JSON; one that is alike in many rows only once."""
    known: dict[tuple[str, str], str] = {}

    def write(value: Any) -> str:
        pair = next(iter(value.items())) if len(value) == 1 else None
        if pair is None or not isinstance(pair[1], str):
            return json.dumps(value, ensure_ascii=False)
        if pair not in known:
            known[pair] = json.dumps(value, ensure_ascii=False)
        return known[pair]

    return write


def too_many(name: str, column: str, question: str) -> WorkbenchError:
    """The refusal of a file whose column, or else whose answers to a question, have too many different labels."""
    if not column:
        return WorkbenchError(
            f"The answers to '{question}' in {name} have more than {MOST_LABELS} different labels. Leave the question "
            "out, or map its labels to fewer."
        )
    return WorkbenchError(
        f"The column '{column}' of {name} has more than {MOST_LABELS} different labels. Name another label column."
    )
