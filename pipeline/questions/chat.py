"""A conversation to correct, to go on with, or to rate turn by turn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.questions.base import (
    CHARACTERS_MOST,
    BadQuestion,
    Fields,
    When,
    WrongAnswer,
    check_field,
    check_list,
    check_name,
    is_int,
    kinds,
    one_line,
    plain_of,
    shown,
)  # fmt: skip

MESSAGES = 2000
CALLS = ("tool_calls", "function_call")  # a message with one of these may have no content at all


@kinds.register
@dataclass(frozen=True, slots=True)
class Chat:
    """The conversation of `field`, a list of {role, content, …}, as it should read; all other keys of a message stay.

    `edit` allows messages to be changed, `write` names the role of one message to add at the end ("" is none), and
    `rate` is the highest mark that a message can be given as `rating`, from 1 (0 is none).
    """

    kind: ClassVar[str] = "chat"
    labels: ClassVar[tuple[str, ...]] = ()
    name: str
    title: str = ""
    help: str = ""
    required: bool = True
    when: When | None = None
    field: str = "messages"
    edit: bool = True
    write: str = ""
    rate: int = 0

    def __post_init__(self) -> None:
        check_name(self.name)
        check_field(self.name, self.field)
        if not 0 <= self.rate <= 10:
            raise BadQuestion(f"The question '{self.name}' rates up to {self.rate}; use 0 (no rating) to 10.")
        if self.rate == 1:
            raise BadQuestion(f"The question '{self.name}' rates with one mark only. Use 2 or more, or 0 for none.")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.field,)

    def tidy(self, answer: Any) -> Any:
        return answer

    def check(self, answer: Any, fields: Fields | None = None) -> None:
        check_list(self.name, answer, none=False)
        if len(answer) > MESSAGES:
            raise WrongAnswer(f"The conversation of '{self.name}' has {len(answer)} messages; the most is {MESSAGES}.")
        for message in answer:
            self._check_message(message)
        if sum(len(_said(message)) for message in answer) > CHARACTERS_MOST:
            raise WrongAnswer(f"The conversation of '{self.name}' has more than {CHARACTERS_MOST} characters.")
        if self.write and (answer[-1]["role"] != self.write or not _said(answer[-1]).strip()):
            raise WrongAnswer(f"The conversation of '{self.name}' must end with a message of '{self.write}'.")
        if fields is not None:
            self._check_given(answer, fields.get(self.field))

    def _check_message(self, message: Any) -> None:
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str) or not message["role"].strip():
            raise WrongAnswer(f"{shown(message)} is no message of '{self.name}': it has a role and a content.")
        # A message that calls a tool has no content, and one with pictures a list: these stay as the file had them.
        if not has_content(message) or not isinstance(message.get("content"), str | list | None):
            raise WrongAnswer(f"A message of '{self.name}' by '{one_line(message['role'])}' has no content.")
        rating = message.get("rating")
        if self.rate and rating is not None and not (is_int(rating) and 1 <= rating <= self.rate):
            raise WrongAnswer(f"{shown(rating)} is no rating of '{self.name}': use 1 to {self.rate}.")

    def _check_given(self, answer: list[Any], given: Any) -> None:
        """Hold the answer against the record's own messages, unless these may be changed."""
        if self.edit or not isinstance(given, list):
            return
        size = len(given) + bool(self.write)
        if len(answer) != size or [self._bare(m) for m in answer[: len(given)]] != [self._bare(m) for m in given]:
            raise WrongAnswer(f"The messages of '{self.name}' are not those of the record, and it allows no changes.")

    def _bare(self, message: Any) -> Any:
        if not self.rate or not isinstance(message, Mapping):
            return message
        return {key: value for key, value in message.items() if key != "rating"}

    def held(self, answer: Any) -> tuple[str | int, ...]:
        return tuple(m["rating"] for m in answer if is_int(m.get("rating"))) if self.rate else ()

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"messages": [dict(message) for message in answer]}

    def spoken(self, answer: Any) -> str:
        last = answer[-1]
        return one_line(f"{last['role']}: {_said(last)}", 200)

    def to_plain(self) -> dict[str, Any]:
        return plain_of(self)


def has_content(message: Mapping[str, Any], key: str = "content") -> bool:
    """Whether a message says something: a content under `key`, be it null, or the call of a tool without one."""
    return key in message or any(message.get(call) for call in CALLS)


def _said(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) if content else ""
