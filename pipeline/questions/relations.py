"""Labelled arrows between the spans of another question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from pipeline.questions.base import (
    NOTHING,
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_labels,
    check_list,
    check_name,
    is_int,
    kinds,
    known_labels,
    one_line,
    plain_of,
    shown,
)  # fmt: skip

LABELS = 500


@kinds.register
@dataclass(frozen=True, slots=True)
class Relations:
    """Arrows between the spans of the question `spans`: a list of {from, to, label}, sorted, none twice.

    from and to are places in the sorted list of that question's answer, from 0, and differ. The empty list says that
    there is no relation, where `none` allows it.
    """

    kind: ClassVar[str] = "relations"
    reads: ClassVar[tuple[str, ...]] = ()
    name: str
    labels: tuple[str, ...]
    spans: str
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    none: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)
        check_labels(self.name, self.labels, LABELS)
        if not self.spans.strip() or self.spans == self.name:
            raise BadQuestion(
                f"The question '{self.name}' must name, under 'spans', the question whose spans it joins."
            )

    def tidy(self, answer: Any) -> Any:
        return sorted(answer, key=_key) if sortable(answer) else answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:  # noqa: ARG002 - see check_ends
        check_list(self.name, answer, none=self.none)
        known = set(self.labels)
        for one in answer:
            if not isinstance(one, Mapping) or set(one) != {"from", "to", "label"}:
                raise WrongAnswer(f"{shown(one)} is no relation of '{self.name}': it has from, to and label.")
            if not (is_int(one["from"]) and is_int(one["to"])) or min(one["from"], one["to"]) < 0:
                raise WrongAnswer(f"A relation of '{self.name}' goes from and to places in the list of spans, from 0.")
            if one["from"] == one["to"]:
                raise WrongAnswer(f"A relation of '{self.name}' goes from span {one['from']} to itself.")
            if not isinstance(one["label"], str) or one["label"] not in known:
                said = f"{shown(one['label'])} is no label of '{self.name}'."
                raise WrongAnswer(f"{said} Its labels: {known_labels(self.labels)}.")
        keys = [_key(one) for one in answer]
        if any(one >= two for one, two in pairwise(keys)):
            raise WrongAnswer(f"The relations of '{self.name}' must stand in order of from, to and label, each once.")

    def check_ends(self, answer: Any, spans: Sequence[Any] | None) -> None:
        """Raise WrongAnswer if a relation goes to a span that the answer to the question `spans` does not have."""
        size = len(spans or ())
        far = next((one for one in answer if max(one["from"], one["to"]) >= size), None)
        if far is not None:
            end = max(far["from"], far["to"])
            raise WrongAnswer(f"A relation of '{self.name}' goes to span {end}; '{self.spans}' has {size} spans.")

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return tuple(one["label"] for one in answer)

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"relations": [dict(one) for one in answer]}

    def spoken(self, answer: Any) -> str:
        return one_line("; ".join(f"{r['from']} → {r['to']}: {r['label']}" for r in answer[:20]), 200) or NOTHING

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)


def sortable(answer: Any) -> bool:
    """Whether this is a list of relations that can be put in order."""
    return isinstance(answer, list) and all(
        isinstance(one, Mapping) and is_int(one.get("from")) and is_int(one.get("to"))
        and isinstance(one.get("label"), str) for one in answer
    )  # fmt: skip


def _key(one: Mapping[str, Any]) -> tuple[int, int, str]:
    return one["from"], one["to"], one["label"]
