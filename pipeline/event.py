"""What a page sent, as an answer that can be stored: every part of it may be anything at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pipeline.domain import AnswerState, Task, WorkbenchError
from pipeline.questions import Question, WrongAnswer, check_answers
from pipeline.store.annotations import Answer

VALUE_MOST = 4_000_000  # characters of an answer as JSON text
RECORD_MOST = 2**62  # what the database compares with a number
SECONDS_MOST = 10.0**9
DEEPEST = 50  # levels of an answer: a deeper one could be stored where it could not be read again


def id_of(event: Any) -> str:
    """The id that an event says it has, as far as one can be read: to tell its sender about it."""
    said = _said(event, "event_id")
    return clean(said)[:64] if isinstance(said, str) else ""


def answer_of(event: Mapping[str, Any], task: Task, questions: Sequence[Question]) -> tuple[Answer, bool]:
    """The event as an answer, in its canonical form if the task allows it, and whether it does. Raises WorkbenchError
    for what is no answer at all."""
    event_id, record, state = (_said(event, name) for name in ("event_id", "record_id", "state"))
    if not isinstance(event_id, str) or not 8 <= len(event_id) <= 64 or not event_id.isprintable():
        raise WorkbenchError("The answer has no id of its own.")
    if not isinstance(record, int) or isinstance(record, bool) or not 0 < record < RECORD_MOST:
        raise WorkbenchError("The answer names no record.")
    if state not in ("draft", "submitted", "skipped", "withdrawn"):
        raise WorkbenchError(f"An answer cannot be '{clean(state[:40]) if isinstance(state, str) else '…'}'.")
    value = _value(event.get("value"))
    if state == "submitted" and all(answer in ("", []) and not _says_nothing(questions, name, answer)
                                    for name, answer in value.items()):  # fmt: skip
        raise WorkbenchError("The answer is empty.")
    right = True
    if state == "submitted":
        try:
            value = check_answers(questions, value)
        except WrongAnswer:
            right = False
    return Answer(
        event_id, record, cast("AnswerState", state), value, _text(event, "comment", 10_000),
        _seconds(event.get("seconds")), _revision(event.get("guideline_revision"), task.guideline_revision),
        reason=_text(event, "reason", 500) if state == "skipped" else "", flagged=event.get("flagged") is True,
        task_revision=_revision(event.get("task_revision"), task.revision),
    ), right  # fmt: skip


def _says_nothing(questions: Sequence[Question], name: str, answer: Any) -> bool:
    """Whether this says on purpose that there is nothing, as an empty list may."""
    question = next((question for question in questions if question.name == name), None)
    try:
        if question is not None:
            question.check(answer)
    except WrongAnswer:
        return False
    return question is not None


def _value(value: Any) -> dict[str, Any]:
    """{question: answer} as it can be stored: no missing answers, no halves of characters, no NUL. Raises
    WorkbenchError."""
    if not isinstance(value, dict):
        raise WorkbenchError("The answer is empty.")
    given = {name: answer for name, answer in value.items() if answer is not None}
    try:
        written = json.dumps(given, ensure_ascii=False, allow_nan=False)
        plain = json.loads(clean(written))  # read again: so every name is a text, and none is there twice
    except (ValueError, TypeError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or _is_deep(plain):
        raise WorkbenchError("The answer cannot be stored: it is no plain data.")
    if len(written) > VALUE_MOST:
        raise WorkbenchError(f"The answer is too long to be stored: the most is {VALUE_MOST:,} characters.")
    return _without_nul(plain) if "\\u0000" in written else plain


def _without_nul(value: Any) -> Any:
    """The plain data with each NUL character replaced, as in `clean`: no file that it is exported to could hold it."""
    if isinstance(value, dict):
        return {clean(name): _without_nul(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return clean(value) if isinstance(value, str) else value


def _is_deep(value: Any, left: int = DEEPEST) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left == 0 or any(_is_deep(one, left - 1) for one in inner)


def _said(event: Any, name: str) -> Any:
    return event.get(name) if isinstance(event, Mapping) else None


def clean(text: str) -> str:
    """The text with each half of a character and each NUL, which files cannot hold, replaced by a question mark in a
    diamond."""
    text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _text(event: Mapping[str, Any], name: str, most: int) -> str:
    said = event.get(name)
    return clean(said[:most]) if isinstance(said, str) else ""


def _revision(value: Any, now: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else now


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < SECONDS_MOST:
        return None
    return float(value)
