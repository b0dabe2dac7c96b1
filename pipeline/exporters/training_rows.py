"""What a model is trained on, read off the answers of a record: a conversation, a completion, a pair, a mark.

Each of the formats for training takes some of these, in its own words. Registers nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeGuard

from pipeline.exporters.base import Contents, Row
from pipeline.exporters.given import counted, given, questions_of
from pipeline.questions import Question, Ranking, Rating

KINDS = ("chat", "text", "ranking", "rating")
COMPLETIONS = ("completion", "response", "answer", "output")  # fields that hold what a mark is given to
ROWS_HELP = "Write id and split beside each row, and who answered where each does; trainers pass over them."
CHAT_HELP = "Write prompts and completions always as conversations, also those that are texts."
SYSTEM_HELP = "A system message for conversations that begin without one; empty for none."

Turn = Mapping[str, Any]
Side = str | list[Turn]


@dataclass(frozen=True, slots=True)
class Example:
    """One answer as something to train on. `prompt` and the others are texts or turns. `kind` is the question's: of a
    ranking `completion` is the best candidate and `rejected` the worst, of a rating `good` says what it comes to; the
    completion of a conversation is empty where the assistant does not have the last word."""

    kind: str
    prompt: Side
    completion: Side
    rejected: Side = ""
    good: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)  # of the record
    who: str = ""  # empty where it is not one person's


Maker = Callable[[Example], Sequence[Mapping[str, Any]]]


def write(
    contents: Contents, out: Path, make: Maker, kinds: Sequence[str], *, people: str, rows: bool, threshold: float = 0
) -> dict[str, int]:  # fmt: skip
    """Write what `make` gives for each example of these kinds, a line each. Returns the losses."""
    lost: Counter[str] = Counter()
    questions = questions_of(contents, kinds)
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for batch in contents.batches:
            for row in batch:
                lines = [
                    {**line, **(_beside(row, one) if rows else {})}
                    for one in _examples(row, contents, questions, people, rows, threshold, lost) for line in make(one)
                ]  # fmt: skip
                lost["records without an answer that the format can hold"] += not lines
                lost["metadata"] += bool(row["meta"]) and bool(lines)
                lost["splits"] += bool(row["split"]) and not rows and bool(lines)
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return counted(lost)


def _beside(row: Row, one: Example) -> dict[str, Any]:
    beside = {"id": row["id"], "split": row["split"], "annotator": one.who}
    return {key: value for key, value in beside.items() if value}


def _examples(
    row: Row, contents: Contents, questions: Mapping[str, Question], people: str, named: bool, threshold: float,
    lost: Counter[str],
) -> Iterator[Example]:  # fmt: skip
    fields = {"text": row["text"], **row.get("fields", {})}
    for who, answers in given(row, contents, questions, people, lost, named=named):
        for name, value in answers.items():
            for one in _of_answer(questions[name], fields, value, threshold, lost):
                yield replace(one, who=who)


def _of_answer(
    question: Question, fields: Mapping[str, Any], value: Any, threshold: float, lost: Counter[str]
) -> Iterator[Example]:  # fmt: skip
    if question.kind == "chat":
        yield _chat(fields, value)
    elif question.kind == "text":
        yield Example("text", prompt_of(fields), value, fields=fields)
    elif isinstance(question, Ranking):
        chosen, rejected = (_candidate(question, fields, one) for one in (value[0], value[-1]))
        lost["candidates between the best and the worst"] += len(value) - 2
        yield Example("ranking", prompt_of(fields), chosen, rejected, fields=fields)
    elif isinstance(question, Rating):
        yield from _rated(question, fields, value, threshold, lost)


def prompt_of(fields: Mapping[str, Any]) -> Side:
    """What is asked of a record: its conversation, its prompt or its text, behind the fields `system` and `history`."""
    own = next((fields[name] for name in ("messages", "prompt") if _is_side(fields.get(name))), fields["text"])
    system, history = fields.get("system"), fields.get("history")
    before: list[Turn] = [{"role": "system", "content": system}] if system and isinstance(system, str) else []
    before += history if is_turns(history) else []
    return own if not before else [*before, *turns(own, "user")]


def _is_side(value: Any) -> bool:
    return (isinstance(value, str) and bool(value)) or is_turns(value)


def is_turns(value: Any) -> TypeGuard[list[Turn]]:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "role" in one for one in value)


def turns(side: Side, role: str) -> list[Turn]:
    """The side as turns; a text is one turn of `role`, an empty one none."""
    if isinstance(side, str):
        return [{"role": role, "content": side}] if side else []
    return list(side)


def with_system(turns: list[Turn], system: str) -> list[Turn]:
    """The turns behind a system message, unless they begin with one."""
    begun = bool(turns) and turns[0]["role"] in ("system", "developer")
    return turns if begun or not system else [{"role": "system", "content": system}, *turns]


def sides(one: Example, system: str, *, chat: bool) -> tuple[Side, Side, Side]:
    """Prompt, completion and rejected: all texts, or all turns if one of them is, there is a system message, or `chat`
    asks for turns."""
    texts = isinstance(one.prompt, str) and isinstance(one.completion, str) and isinstance(one.rejected, str)
    if texts and not system and not chat:
        return one.prompt, one.completion, one.rejected
    prompt = with_system(turns(one.prompt, "user"), system)
    return prompt, turns(one.completion, "assistant"), turns(one.rejected, "assistant")


def tools_of(one: Example) -> dict[str, Any]:
    """The tools of the record, as it has them."""
    return {"tools": one.fields["tools"]} if one.fields.get("tools") else {}


def _chat(fields: Mapping[str, Any], value: list[Turn]) -> Example:
    """The answer is what goes on from the record's own conversation, else the last turn of the assistant."""
    own = fields.get("messages")
    size = len(own) if isinstance(own, list) else 0
    if not 0 < size < len(value) or value[:size] != own:
        size = len(value) - (value[-1]["role"] == "assistant")
    return Example("chat", value[:size], value[size:], fields=fields)


def _candidate(question: Ranking, fields: Mapping[str, Any], one: str) -> Side:
    """A candidate's text, or its turns; one of a list is known by its place from 1."""
    given = fields.get(one) if question.candidates else fields.get(question.field)
    if not question.candidates:
        given = given[int(one) - 1] if isinstance(given, list) and int(one) <= len(given) else ""
    if isinstance(given, Mapping):
        given = given.get("text", given.get("content", ""))
    return _side(given)


def _rated(
    question: Rating, fields: Mapping[str, Any], mark: int, threshold: float, lost: Counter[str]
) -> Iterator[Example]:  # fmt: skip
    middle = (question.low + question.high) / 2
    if not threshold and mark == middle:
        lost["marks in the middle of their scale, neither good nor bad"] += 1
        return
    good = mark >= threshold if threshold else mark > middle
    prompt, name = prompt_of(fields), next((name for name in COMPLETIONS if fields.get(name)), None)
    if name is not None:
        yield Example("rating", prompt, _side(fields[name]), good=good, fields=fields)
    elif isinstance(prompt, list) and prompt[-1]["role"] == "assistant":
        yield Example("rating", prompt[:-1], prompt[-1:], good=good, fields=fields)
    else:
        yield Example("rating", "", prompt, good=good, fields=fields)


def _side(value: Any) -> Side:
    return value if isinstance(value, str) or is_turns(value) else json.dumps(value, ensure_ascii=False)
