"""Candidates to put in order; two of them make a preference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions.base import (
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_name,
    kinds,
    one_line,
    plain_of,
    shown,
)  # fmt: skip

CANDIDATES = 50


@kinds.register
@dataclass(frozen=True, slots=True)
class Ranking:
    """The ids of all candidates, the best first.

    The candidates are the fields that `candidates` names, and their names the ids; or else the items of the list in
    `field`, and their places "1", "2", … the ids.
    """

    kind: ClassVar[str] = "ranking"
    labels: ClassVar[tuple[str, ...]] = ()
    name: str
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    candidates: tuple[str, ...] = ()
    field: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        wrong = any(not isinstance(one, str) or not one.strip() for one in self.candidates)
        if wrong or len(set(self.candidates)) < len(self.candidates):
            raise BadQuestion(f"The candidates of the question '{self.name}' must be names of different fields.")
        if bool(self.candidates) == bool(self.field):
            raise BadQuestion(f"The question '{self.name}' needs either 'candidates', a list of fields, or 'field'.")
        if self.candidates and not 2 <= len(self.candidates) <= CANDIDATES:
            raise BadQuestion(
                f"The question '{self.name}' has {len(self.candidates)} candidates; use 2 to {CANDIDATES}."
            )

    @property
    def reads(self) -> tuple[str, ...]:
        return self.candidates or (self.field,)

    def tidy(self, answer: Any) -> Any:
        return answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:
        if not isinstance(answer, list) or not all(isinstance(one, str) for one in answer):
            raise WrongAnswer(f"{shown(answer)} is no answer to '{self.name}': it takes a list of candidates.")
        given = fields.get(self.field) if fields is not None and self.field else None
        size = len(given) if isinstance(given, list) else len(answer)
        ids = self.candidates or tuple(str(n + 1) for n in range(min(size, CANDIDATES)))
        if len(ids) < 2 or sorted(answer) != sorted(ids):
            raise WrongAnswer(f"'{self.name}' needs every candidate once, the best first: {', '.join(ids[:20])}.")

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return (answer[0],)

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:
        """prompt, chosen and rejected for two candidates; prompt and ranked, the best first, for more."""
        own = set(self.reads)
        texts = {name: value for name, value in fields.items() if name not in own and isinstance(value, str | list)}
        prompt = texts.get("prompt", next(iter(texts.values()), ""))
        ranked = [self._candidate(fields, one) for one in answer]
        if len(ranked) == 2:
            return {"prompt": prompt, "chosen": ranked[0], "rejected": ranked[1]}
        return {"prompt": prompt, "ranked": ranked}

    def _candidate(self, fields: Fields, one: str) -> Any:
        if self.candidates:
            return text_of(fields.get(one, ""))
        given = fields.get(self.field)
        return text_of(given[int(one) - 1]) if isinstance(given, list) and int(one) <= len(given) else ""

    def spoken(self, answer: Any) -> str:
        return one_line(" > ".join(answer), 200)

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)


def text_of(candidate: Any) -> str:
    """The text of a candidate: itself, or what it has under text or content."""
    if isinstance(candidate, Mapping):
        candidate = candidate.get("text", candidate.get("content", ""))
    return candidate if isinstance(candidate, str) else str(candidate)
