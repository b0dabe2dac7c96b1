"""What one annotation or prediction of Label Studio says, as answers to Winnow's questions. Registers nothing.

A result names the control that gave it (`from_name`) and the text it is of (`to_name`). Only the labelling
configuration, which no export holds, says which text that is: see label_studio_plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.importers import marked
from pipeline.importers.fit import LABELS
from pipeline.importers.foreign import Found, Said
from pipeline.importers.label_studio_plan import Plan
from pipeline.units import UNITS, places

PATH = " / "  # between the steps of a taxonomy
MARKS = ("labels", "hypertextlabels", "paragraphlabels")
UNNAMED = "related"  # the label of an arrow that has none
HIGHEST = 100  # a number up to this is a mark on a scale
NOT_TEXT = "results that are not about text, kept with the record"
OF_A_MARK = "answers about one mark, kept with the record"
MORE_TEXTS = "further texts of one answer, kept with the record"
NO_SCALE = "numbers that are no whole marks from 0 to 100, kept with the record"
NO_ORDER = "rankings that are no order of all items, kept with the record"
NO_PLACE = "marks that do not say where they are, kept with the record"
FOUND_AGAIN = "marks found by their text, since their offsets did not fit"
BARE_ARROW = "relations without a label, taken as 'related'"
ACROSS = "relations between marks of different questions"

Result = Mapping[str, Any]


@dataclass(slots=True)
class Reading:
    """The answers of one annotation or prediction, as they are read. `marks` gives (question, place among its marks) of
    each mark by the result's id."""

    plan: Plan
    record: Found
    said: dict[str, Said] = field(default_factory=dict)
    spans: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    marks: dict[str, tuple[str, int]] = field(default_factory=dict)
    kept: list[Result] = field(default_factory=list)

    def keep(self, result: Result, why: str) -> None:
        self.kept.append(result)
        self.record.lost.append(why)

    def add(self, question: str, kind: str, value: Any, **options: Any) -> None:
        labels = self.plan.asked(question, "labels")
        told = {"labels": labels} if isinstance(labels, list) else {}
        self.said[question] = Said("", question, kind, value, options=options | told)


def read(results: Any, plan: Plan, record: Found) -> tuple[list[Said], list[Result]]:
    """The answers of a list of results, and those results that have no place; why they have none goes to the record's
    losses."""
    whole = [one for one in results if isinstance(one, Mapping)] if isinstance(results, list) else []
    reading = Reading(plan, record)
    for result in whole:
        if result.get("type") in MARKS:
            _mark(reading, result)
    _order(reading)
    for result in whole:
        kind, value = result.get("type"), result.get("value")
        if kind in MARKS or kind == "relation":
            continue
        if not isinstance(value, Mapping):
            reading.keep(result, NOT_TEXT)
        elif "start" in value or str(result.get("id")) in reading.marks or "item_index" in result:
            reading.keep(result, OF_A_MARK)
        else:
            _READ.get(str(kind), _strange)(reading, result, value)
    _arrows(reading, [one for one in whole if one.get("type") == "relation"])
    return list(reading.said.values()), reading.kept


def _name(result: Result, otherwise: str) -> str:
    name = result.get("from_name")
    return name if isinstance(name, str) and name.strip() else otherwise


def _choices(reading: Reading, result: Result, value: Result) -> None:
    given = value.get("choices", value.get("taxonomy"))
    parts = given if isinstance(given, list) else [given]
    labels = [_label(one) for one in parts]
    name = _name(result, "label")
    before = reading.said[name].value if name in reading.said else []
    before = before if isinstance(before, list) else [before]
    found = [label for label in dict.fromkeys([*before, *labels]) if label]
    kind = reading.plan.asked(name, "kind")
    if kind == "choice" and len(found) == 1:
        reading.add(name, kind, found[0])
    elif found:
        reading.add(name, "choices" if kind == "choices" else LABELS, found)


def _label(one: Any) -> str:
    steps = one if isinstance(one, list) else [one]
    return PATH.join(label for step in steps if (label := marked.label_of(step)))


def _textarea(reading: Reading, result: Result, value: Result) -> None:
    given = value.get("text")
    texts = [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str) and one.strip()]
    name = _name(result, "text")
    if name in reading.said or len(texts) > 1:
        reading.keep(result, MORE_TEXTS)
    if texts and name not in reading.said:
        reading.add(name, "text", texts[0])


def _number(reading: Reading, result: Result, value: Result) -> None:
    given = value.get("rating", value.get("number"))
    whole = isinstance(given, int | float) and not isinstance(given, bool) and given == given // 1
    name = _name(result, "rating")
    if whole and (reading.plan.asked(name, "kind") == "rating" or 0 <= given <= HIGHEST):  # type: ignore[operator]
        ends = {key: end for key in ("low", "high") if marked.is_whole(end := reading.plan.asked(name, key))}
        reading.add(name, "rating", int(given), **ends)  # type: ignore[arg-type]  # a number, as was asked
    else:
        reading.keep(result, NO_SCALE)


def _pairwise(reading: Reading, result: Result, value: Result) -> None:
    side, own = value.get("selected"), reading.plan.asked(_name(result, "preference"), "candidates")
    pair = own if isinstance(own, list) else reading.plan.pair
    if side not in ("left", "right"):
        reading.keep(result, NO_ORDER)
    elif len(pair) == 2:
        order = list(pair) if side == "left" else list(reversed(pair))
        reading.add(_name(result, "preference"), "ranking", order, candidates=list(pair))
    else:
        reading.add(_name(result, "preference"), LABELS, [side])


def _ranker(reading: Reading, result: Result, value: Result) -> None:
    ranker = value.get("ranker", value)
    lists = [one for one in ranker.values() if isinstance(one, list)] if isinstance(ranker, Mapping) else []
    ids = [marked.label_of(one) for one in lists[0]] if len(lists) == 1 else []
    name = _name(result, "ranking")
    own = reading.plan.asked(name, "candidates")
    candidates = [one for one in (own if isinstance(own, list) else reading.plan.fields) if one in ids]
    items = reading.plan.items(reading.record, ids)
    if len(ids) > 1 and sorted(candidates) == sorted(ids):
        reading.add(name, "ranking", ids, candidates=candidates)
    elif len(ids) > 1 and items is not None:
        where, order = items
        reading.add(name, "ranking", order, field=where)
    else:
        reading.keep(result, NO_ORDER)


def _datetime(reading: Reading, result: Result, value: Result) -> None:
    reading.record.meta.setdefault(_name(result, "datetime"), value.get("datetime"))


def _strange(reading: Reading, result: Result, value: Result) -> None:  # noqa: ARG001 - as its neighbours
    reading.keep(result, NOT_TEXT)


_READ: Mapping[str, Callable[[Reading, Result, Result], None]] = {
    "choices": _choices, "taxonomy": _choices, "textarea": _textarea, "rating": _number, "number": _number,
    "pairwise": _pairwise, "ranker": _ranker, "datetime": _datetime,
}  # fmt: skip


def _mark(reading: Reading, result: Result) -> None:
    """A marked place with one label or several: a span each."""
    value = result.get("value")
    value = value if isinstance(value, Mapping) else {}
    labels = [label for one in _labels_of(value, str(result["type"])) if (label := marked.label_of(one))]
    where = reading.plan.field_of(result)
    place = _place(value, reading.plan.text_of(reading.record, where), reading)
    if place is None or not labels:
        reading.keep(result, NO_PLACE)
        return
    name = reading.plan.question_of(_name(result, "spans"), where)
    found = reading.spans.setdefault(name, [])
    if isinstance(result.get("id"), str):
        reading.marks[result["id"]] = name, len(found)
    found += [{**place, "label": label} for label in dict.fromkeys(labels)]
    if name not in reading.said:
        reading.add(name, "spans", found, **({} if where == "text" else {"field": where}))


def _labels_of(value: Result, kind: str) -> list[Any]:
    given = value.get(kind, value.get("labels"))
    return given if isinstance(given, list) else [given]


def _place(value: Result, text: str, reading: Reading) -> dict[str, Any] | None:
    """Where a mark is, with its text if the file says it: in code points where the text tells, else in the file's own
    unit. None for a mark that says neither offsets nor a text that stands there once."""
    shown = value.get("text")
    surface = shown if isinstance(shown, str) and shown else None
    overall = value.get("globalOffsets")
    first, last = (overall if isinstance(overall, Mapping) else value).get("start"), None
    last = (overall if isinstance(overall, Mapping) else value).get("end")
    lines = reading.plan.lines_of(reading.record)
    if lines is not None:
        return lines.place(value)
    start, end = _whole(first), _whole(last)
    if start is not None and end is not None and 0 <= start < end:
        if surface is None:
            return {"start": start, "end": end}
        for unit in UNITS:
            place = places(text, unit)
            at, to = place(start), place(end)
            if at is not None and to is not None and at < to and _alike(text[at:to], surface):
                return {"start": at, "end": to, "text": text[at:to]}
    if surface is not None and text.count(surface) == 1:
        reading.record.lost.append(FOUND_AGAIN)
        at = text.index(surface)
        return {"start": at, "end": at + len(surface), "text": surface}
    return None if start is None or end is None or not 0 <= start < end else {"start": start, "end": end, "text": shown}


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if marked.is_whole(value) else None


def _alike(read: str, said: str) -> bool:
    """Whether a text is what the file says, which may have its line ends and spaces as they are shown."""
    return read == said or read.split() == said.replace("\\n", "\n").split()


def _order(reading: Reading) -> None:
    """Put the marks in order, and what their ids stand for with them."""
    for name, spans in reading.spans.items():
        ordered, now = marked.in_order(spans)
        reading.said[name].value = ordered
        for key, (question, at) in reading.marks.items():
            if question == name:
                reading.marks[key] = name, now[at]
        if reading.plan.asked(name, "kind") == "answer":
            reading.said[name].kind = "answer"
            reading.said[name].value = [{k: v for k, v in span.items() if k != "label"} for span in ordered]


def _arrows(reading: Reading, results: list[Result]) -> None:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for result in results:
        ends = [reading.marks.get(str(result.get(key))) for key in ("from_id", "to_id")]
        if ends[0] is None or ends[1] is None or ends[0][0] != ends[1][0]:
            reading.keep(result, ACROSS)
            continue
        (name, one), (_, two) = ends[0], ends[1]
        found.setdefault(name, []).extend(_directed(reading, result, one, two))
    for name, given in found.items():
        arrows = marked.arrows(given)
        if arrows:
            question = reading.plan.relations_of(name)
            reading.add(question, "relations", arrows, spans=name)


def _directed(reading: Reading, result: Result, one: int, two: int) -> Iterator[tuple[int, int, str]]:
    """An arrow by its direction; one that goes both ways is two."""
    given = result.get("labels")
    labels = [label for part in (given if isinstance(given, list) else [given]) if (label := marked.label_of(part))]
    if not labels:
        labels = [UNNAMED]
        reading.record.lost.append(BARE_ARROW)
    way = result.get("direction")
    for label in labels:
        if way != "left":
            yield one, two, label
        if way in ("left", "bi"):
            yield two, one, label
