"""Files of other tools: an importer of one says what it found, record by record, and all else is done here.

The file is read twice. The first time for what it says as a whole: which questions were answered, with which labels, by
whom, and in which unit its offsets count. The second time each record becomes a row of Winnow's own format, which is
checked and stored as one that Winnow wrote. So a foreign importer is one file with one method, `parse`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

from pipeline.domain import Rejection
from pipeline.importers.base import BATCH, Batch
from pipeline.importers.fit import LABELLED, LABELS, Fit, is_like
from pipeline.importers.source import Source
from pipeline.units import UNITS, Units, places

MARKS = ("spans", "answer")  # kinds of questions whose answers are places in a text
FIELDS = 50  # that a task shows, at most
LOOKED = 1000  # records between two reports of how far a look is
OTHER_KIND = "answers to a question of one name and another kind"
BAD_PLACE = "A span from {start} to {end} does not read '{text}' there, by {unit}."


@dataclass(slots=True)
class Said:
    """One answer to one question, as the file has it: a person's, or (with `score`, perhaps) a machine's.

    `annotator` is empty where the file does not say who; of a suggestion it is the source. `kind` is a kind of
    question, or LABELS with a list of labels as the value. A value is as Winnow has it (pipeline/questions), but
    offsets are in the file's own unit, and a span's `text` may be missing. A skip has the value None. `options` are
    settings of the question besides its labels, for a project that does not ask it yet, as {"field": "context"}.
    """

    annotator: str
    question: str
    kind: str
    value: Any
    state: str = "submitted"
    created_at: str | None = None
    score: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""
    reason: str = ""
    flagged: bool = False


@dataclass(slots=True)
class Found:
    """One record of a foreign file at its line or place. `id` is empty where the file has none. Without a text it is
    the record of that id that is there already; its spans are looked for in that text (pipeline.importers.displayed).
    """

    line: int
    text: str | None
    id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    split: str | None = None
    answers: list[Said] = field(default_factory=list)
    suggestions: list[Said] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # what of the record cannot be taken: a reason each


@runtime_checkable
class ForeignImporter(Protocol):
    """The format of another tool. A record that cannot be read is a Rejection; nothing is dropped in silence: what has
    no place in Winnow goes to `meta`, or is named in `Found.lost`."""

    name: ClassVar[str]
    extensions: ClassVar[tuple[str, ...]]

    def claims(self, source: Source) -> float:
        """As of every importer; base.SURE_FOREIGN or more where the file's beginning can be of no other tool."""

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        """The file's records, in order. Called twice; the same both times."""


@dataclass(slots=True)
class Survey:
    """What a foreign file holds as a whole. `questions` are plain definitions, in the order in which they came up."""

    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    fields: dict[str, None] = field(default_factory=dict)  # their names, in order
    people: Counter[str] = field(default_factory=Counter)
    records: int = 0
    suggestions: int = 0
    skips: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    units: Units = field(default_factory=Units)  # of the format read last
    formats: dict[str, Units] = field(default_factory=dict)  # of each: files of one tool count alike
    one_each: dict[str, bool] = field(default_factory=dict)  # of a question of LABELS: every answer is one label
    marks: dict[str, tuple[int, int]] = field(default_factory=dict)  # of a rating: the least and the greatest

    def unsure(self) -> Units | None:
        """Of the formats that do not say in which unit they count, the first; None if all say it."""
        return next((units for units in self.formats.values() if not units.is_sure()), None)

    def definition(self) -> dict[str, Any] | None:
        """The task that asks what the file answers; None if nothing in it is answered."""
        questions = [self._question(name, plain) for name, plain in self.questions.items()]
        if not questions:
            return None
        read = {plain[key] for plain in questions for key in ("field",) if plain.get(key)}
        read |= {name for plain in questions for name in plain.get("candidates", ())}
        names = [*self.fields, *sorted(read - set(self.fields))]
        if len(names) > FIELDS:
            names = sorted(names, key=lambda name: name != "text" and name not in read)[:FIELDS]
        fields = [{"name": n, "title": "", "show": "main" if n == "text" or n in read else "context"} for n in names]
        return {"fields": fields, "questions": questions}

    def _question(self, name: str, plain: Mapping[str, Any]) -> dict[str, Any]:
        kind = plain["kind"]
        if kind == LABELS:
            kind = "choice" if self.one_each[name] else "choices"
        found = {"kind": kind, "name": name, **{k: v for k, v in plain.items() if k != "kind"}}
        if kind in LABELLED:
            counts, could = self.labels[name], plain.get("labels", ())
            given = sorted(counts, key=lambda label: (-counts[label], label))
            found["labels"] = [*given, *(label for label in could if label not in counts)]
        if kind == "rating":
            low, high = self.marks.get(name, (1, 5))
            found |= {"low": min(low, plain.get("low", 1)), "high": max(high, plain.get("high", 5))}
        return found


def survey(
    importer: ForeignImporter, source: Source, found: Survey | None = None, watch: Callable[[], None] | None = None
) -> Survey:  # fmt: skip
    """Read the whole file once, for what it holds, with what files before it held in `found`. Memory does not grow
    with the file. `watch` is called now and then; what it raises ends the look."""
    found = found or Survey()
    found.units = found.formats.setdefault(importer.name, Units(getattr(importer, "units", UNITS)))
    for number, one in enumerate(importer.parse(source)):
        if watch is not None and number % LOOKED == 0:
            watch()
        if isinstance(one, Found):
            _note(found, one)
    return found


def rows(importer: ForeignImporter, source: Source, fit: Fit) -> Iterator[Batch]:
    """The file's records as rows of Winnow's own format, offsets turned into code points, names and labels as `fit`
    says."""
    batch = Batch()
    for one in importer.parse(source):
        if isinstance(one, Rejection):
            batch.rejections.append(one)
        else:
            try:
                batch.take(one.line, _row(one, fit))
            except _Misplaced as error:
                batch.reject(one.line, "annotations", str(error))
        if len(batch) >= BATCH:
            yield batch
            batch = Batch()
    yield batch


class _Misplaced(ValueError):
    """A span that is not where it says."""


def _note(found: Survey, one: Found) -> None:
    found.records += 1
    found.suggestions += len(one.suggestions)
    found.lost.update(one.lost)
    if len(found.fields) <= FIELDS * FIELDS:
        found.fields |= dict.fromkeys([] if one.text is None else ["text"]) | dict.fromkeys(one.fields)
    for said in (*one.answers, *one.suggestions):
        if said.value is None:
            found.skips += said.state == "skipped"
        else:
            _note_answer(found, one, said)
    found.people.update({said.annotator for said in one.answers})


def _note_answer(found: Survey, one: Found, said: Said) -> None:
    name, value = said.question, said.value
    known = found.questions.setdefault(name, {"kind": said.kind, **said.options})
    if not is_like(said.kind, known["kind"]):
        found.lost[OTHER_KIND] += 1
        return
    if said.kind == LABELS:
        if known["kind"] == LABELS:
            found.one_each[name] = found.one_each.get(name, True) and len(value) == 1
        found.labels.setdefault(name, Counter()).update(value)
    elif said.kind in LABELLED:
        parts = value if isinstance(value, list) else [value]
        named = (part.get("label") if isinstance(part, Mapping) else part for part in parts)
        found.labels.setdefault(name, Counter()).update(label for label in named if isinstance(label, str))
    elif said.kind == "rating" and isinstance(value, int):
        low, high = found.marks.get(name, (value, value))
        found.marks[name] = min(low, value), max(high, value)
    if said.kind in MARKS and one.text is not None:
        text = _text_of(one, said)
        found.units.look(text, [(span["start"], span["end"], span.get("text")) for span in value])


def _row(one: Found, fit: Fit) -> dict[str, Any]:
    answers, own = ([] if fit.leave else _relabelled(given, fit) for given in (one.answers, one.suggestions))
    said = [] if fit.source else [_answer(one, answer, fit) for answer in answers]
    theirs = [replace(answer, annotator=_as_source(answer, fit)) for answer in answers] if fit.source else []
    row: dict[str, Any] = {
        "id": one.id or None, "meta": one.meta, "split": one.split, "status": "active", "parent": None,
        "annotations": [answer for answer in said if answer], "suggestions": _hints(one, [*own, *theirs], fit),
    }  # fmt: skip
    return row | ({} if one.text is None else {"text": one.text}) | ({"fields": one.fields} if one.fields else {})


def _answer(one: Found, said: Said, fit: Fit) -> dict[str, Any] | None:
    """The answer as a row has it; None if its question, or all of it, is left out. A skip has no question."""
    found = {"annotator": said.annotator or fit.by, "state": said.state, "created_at": said.created_at,
             "comment": said.comment, "reason": said.reason, "flagged": said.flagged}  # fmt: skip
    if said.value is None:
        return {**found, "question": None, "value": None}
    value = _value(one, said, fit)
    return None if value is None else {**found, "question": fit.question(said.question), "value": value}


def _hints(one: Found, hints: list[Said], fit: Fit) -> list[dict[str, Any]]:
    found = []
    for hint in hints:
        value = None if hint.value is None else _value(one, hint, fit)
        if value is not None:
            plain = {"source": hint.annotator or fit.by, "question": fit.question(hint.question)}
            found.append({**plain, "value": value, "score": hint.score})
    return found


def _as_source(said: Said, fit: Fit) -> str:
    """What somebody's answers are called as suggestions: those of several people stay apart."""
    return f"{fit.source} ({said.annotator})" if said.annotator else fit.source


def _relabelled(given: Sequence[Said], fit: Fit) -> Sequence[Said]:
    """Spans and relations under the labels of `fit`: where spans are left out or change places, so do the ends of
    relations. Of answers that come to nothing the value is None."""
    if not fit.labels:
        return given
    moved: dict[tuple[str, str], dict[int, int]] = {}
    found: dict[int, Any] = {}
    for at, said in enumerate(given):
        if said.kind == "spans" and said.value:
            found[at], moved[said.annotator, said.question] = fit.spans(said.value)
    for at, said in enumerate(given):
        if said.kind == "relations" and said.value:
            ends = moved.get((said.annotator, said.options.get("spans", "")))
            found[at] = fit.relations(said.value, ends)
    kept = [at for at in range(len(given)) if found.get(at, True)]
    return [replace(given[at], value=found[at]) if at in found else given[at] for at in kept]


def _value(one: Found, said: Said, fit: Fit) -> Any:
    """The answer as a row has it; None if its question, or all of it, is left out."""
    if not fit.asks(said.question, said.kind):
        return None
    value = said.value
    if said.kind in MARKS and one.text is not None:
        text = _text_of(one, said)
        place = places(text, fit.unit)
        value = [_placed(text, span, place(span["start"]), place(span["end"]), fit.unit) for span in value]
    return fit.value(said.question, said.kind, value)


def _placed(text: str, span: Mapping[str, Any], start: int | None, end: int | None, unit: str) -> dict[str, Any]:
    inside = start is not None and end is not None and start < end
    read = text[start:end] if inside else None
    if read is None or span.get("text") not in (None, read):
        shown = str(span.get("text") or "")[:40]
        raise _Misplaced(BAD_PLACE.format(start=span["start"], end=span["end"], text=shown, unit=unit))
    return {**span, "start": start, "end": end, "text": read}


def _text_of(one: Found, said: Said) -> str:
    name = said.options.get("field", "text")
    text = one.text if name == "text" else one.fields.get(name)
    return text if isinstance(text, str) else ""
