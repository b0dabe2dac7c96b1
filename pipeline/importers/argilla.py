"""Records of Argilla 2: what `Dataset.records.to_json`, `to_list(flatten=True)` and `to_datasets` give, as a JSON list,
JSON lines or Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Rejection
from pipeline.importers import arrow_values, json_values
from pipeline.importers.argilla_record import ANSWERED, FLAT, NESTED, Plan, Record, mapping, order_of, record_of
from pipeline.importers.base import Batch, importers
from pipeline.importers.conversation import is_conversation
from pipeline.importers.foreign import Found, Said
from pipeline.importers.marked import first_object, in_order, is_place, is_whole, label_of, score_of
from pipeline.importers.source import FileRefused, Source
from pipeline.knobs import knob
from pipeline.units import CODE_POINTS, UNITS, UTF16, places

STATES = {"submitted": "submitted", "draft": "draft", "discarded": "skipped"}
UNSAID = {
    "answer": ("submitted", "responses without a status, taken as answers"),
    "draft": ("draft", "responses without a status, taken as drafts"),
}


@importers.register
@dataclass(frozen=True, slots=True)
class Argilla:
    """Records of Argilla 2, nested or flat (JSON, JSON lines, Parquet): submitted responses are answers, discarded ones
    skips, drafts drafts, and suggestions suggestions. People have the ids that Argilla gave them."""

    name: ClassVar[str] = "argilla"
    extensions: ClassVar[tuple[str, ...]] = ()
    units: ClassVar[tuple[str, ...]] = (CODE_POINTS, UTF16)  # of its Python package, and of its page in the browser

    fields: tuple[str, ...] = knob(
        (), "The names of the fields; the first is the text, in which spans are. Empty: the field text, or the first."
    )  # fmt: skip
    texts: tuple[str, ...] = knob(
        (), "The questions that are answered with a written text, if the file does not show it."
    )
    unsaid: str = knob(
        "answer", "What a response counts as whose status is not in the file: Argilla's own JSON leaves it out.",
        choices=tuple(UNSAID),
    )  # fmt: skip

    def claims(self, source: Source) -> float:
        if arrow_values.is_parquet(source):
            try:
                with arrow_values.opened(source) as file:
                    names = set(file.schema_arrow.names)
            except FileRefused:
                return 0.0
        else:
            first = first_object(source)
            names = set(first)
            if names >= NESTED:
                return 0.98 if all(isinstance(first[key], Mapping) for key in NESTED - {"id"}) else 0.0
        flat = names >= FLAT or any(name.endswith((".responses.status", ".responses.users")) for name in names)
        return 0.97 if flat and (names >= FLAT or any(map(ANSWERED.fullmatch, names))) else 0.0

    def parse(self, source: Source) -> Iterator[Found | Rejection]:
        plan = Plan(written=self.texts)
        for batch in _batches(source):
            for row in batch.rows:
                plan.note(record_of(row))
        text = plan.text(self.fields)
        for batch in _batches(source):
            yield from batch.rejections
            for line, row in zip(batch.lines, batch.rows, strict=True):
                yield self._found(line, record_of(row), plan, text)

    def _found(self, line: int, one: Record, plan: Plan, text: str) -> Found | Rejection:
        fields, meta = plan.beside(one, text, self.fields)
        words = one.fields.get(text, one.columns.get(text))
        found = Found(line, words if isinstance(words, str) else None, one.id, fields, meta)
        split = one.ours.get("split")
        found.split = split if isinstance(split, str) else None
        if found.text is None and not _spoken(found):
            return Rejection(line, text or "fields", "The record has no text.")
        kept = one.kept | ({"text": text} if text not in ("text", "") else {})
        if kept:
            found.meta["argilla"] = kept
        for user in dict.fromkeys(given.user for said in one.responses.values() for given in said):
            self._answer(found, one, user, plan)
        for question, hint in one.suggestions.items():
            value = _value(question, hint["value"], plan, found, one)
            score, who = hint.get("score"), label_of(hint.get("agent")) or "argilla"
            if isinstance(score, list):
                found.lost.append("scores of the parts of a suggestion")
            if value is not None:
                found.suggestions.append(_said(who, question, value, plan, score=score_of(score)))
        return found

    def _answer(self, found: Found, one: Record, user: str, plan: Plan) -> None:
        """All responses of one user, which have one status; of several, Argilla itself makes a draft."""
        given = {name: said for name, every in one.responses.items() for said in every if said.user == user}
        states = {STATES.get(said.status, "") for said in given.values()}
        if "" in states:
            found.lost.append(UNSAID[self.unsaid][1])
        states = {state or UNSAID[self.unsaid][0] for state in states}
        state = next(iter(states)) if len(states) == 1 else "draft"
        who = label_of(mapping(one.ours.get("people")).get(user, user))
        if state == "skipped":
            found.answers.append(Said(who, "", "", None, "skipped"))
            found.lost += ["values of discarded responses"] * any(said.value is not None for said in given.values())
            return
        for name, said in given.items():
            value = None if said.value is None else _value(name, said.value, plan, found, one)
            if value is not None:
                found.answers.append(_said(who, name, value, plan, state=state))


def _batches(source: Source) -> Iterator[Batch]:
    return arrow_values.parquet_rows(source) if arrow_values.is_parquet(source) else json_values.read(source)


def _spoken(found: Found) -> bool:
    """Whether the record is a conversation: the first one is then what its text is made of."""
    name = next((name for name, value in found.fields.items() if is_conversation(value)), None)
    if name is not None:
        found.fields["messages"] = found.fields.pop(name)
    return name is not None


def _said(who: str, question: str, value: Any, plan: Plan, **more: Any) -> Said:
    kind = plan.kind(question)
    options = {"candidates": plan.options(question)} if kind == "ranking" else {}
    return Said(who, question, kind, value, options=options, **more)


def _value(question: str, value: Any, plan: Plan, found: Found, one: Record) -> Any:
    """A value as its kind of question has it; None, and said to be lost, if it is none."""
    kind = plan.kind(question)
    taken: Any = None
    if kind in ("choice", "text"):
        taken = (value if kind == "text" else value.strip()) if isinstance(value, str) and value.strip() else None
    elif kind == "rating":
        taken = value if is_whole(value) else None
    elif isinstance(value, list) and kind == "spans":
        taken = _spans(value, found, one.ours.get("unit"))
    elif isinstance(value, list):
        taken = list(dict.fromkeys(order_of(value)))
        if kind == "ranking":
            taken = taken if sorted(taken) == plan.options(question) else None
            found.lost += ["ties in a ranking"] * (len({_rank(one) for one in value} - {None}) not in (0, len(value)))
        elif len(taken) < len(value):
            taken = None
    if taken is None:
        found.lost.append("responses or suggestions that do not fit their question")
    return taken


def _spans(value: list[Any], found: Found, unit: Any) -> list[dict[str, Any]]:
    """The spans; where Winnow wrote their unit beside them, in code points and with their texts."""
    right = [
        {"start": one["start"], "end": one["end"], "label": label_of(one.get("label"))} for one in value
        if isinstance(one, Mapping) and is_place(one.get("start"), one.get("end")) and label_of(one.get("label"))
    ]  # fmt: skip
    found.lost += ["spans without a label or a place"] * (len(value) - len(right))
    if unit in UNITS and found.text is not None:
        place = places(found.text, unit)
        seen = [(one, place(one["start"]), place(one["end"])) for one in right]
        if all(start is not None and end is not None for _, start, end in seen):
            right = [{**one, "start": start, "end": end, "text": found.text[start:end]} for one, start, end in seen]
    spans, _ = in_order(right)
    return spans


def _rank(one: Any) -> Any:
    return one.get("rank") if isinstance(one, Mapping) and is_whole(one.get("rank")) else None
