"""Conversations as they are found in files: lists of turns, in the two shapes that are common.

{"role", "content"} is the shape that is kept; {"from", "value"} (ShareGPT) is read as it. A turn that calls a tool may
have no content, as null or not at all. Knows no file and no column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.questions.chat import has_content

_KEYS = (("role", "content"), ("from", "value"))
_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant"}


def is_conversation(value: Any) -> bool:
    """Whether this is a list of turns, none of them checked yet."""
    turns = isinstance(value, list) and bool(value) and all(isinstance(turn, dict) for turn in value)
    return turns and any(_is_in(value, who, what) for who, what in _KEYS)


def messages(value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The turns as {"role", "content"}, with whatever else each of them says; a content that is no text (null where a
    turn only calls a tool, a list where it has pictures) stays as it is.

    Raises ValueError, with a sentence, for a turn that does not say in a text who speaks, or has no content at all.
    """
    who, what = next(keys for keys in _KEYS if _is_in(value, *keys))
    found = []
    for number, turn in enumerate(value, 1):
        role, content = turn[who], turn.get(what)
        if not isinstance(role, str) or not role.strip():
            raise ValueError(f"Turn {number} of the conversation does not say in a word who speaks.")
        if content is not None and not isinstance(content, str | list):
            raise ValueError(f"The content of turn {number} of the conversation is not a text.")
        rest = {key: one for key, one in turn.items() if key not in (who, what)}
        said = {"content": content} if what in turn else {}
        found.append({"role": _ROLES.get(role, role) if who == "from" else role, **said, **rest})
    return found


def in_lines(turns: Sequence[Mapping[str, Any]]) -> str:
    """The conversation as one text: a turn a line or more, who speaks in front."""
    return "\n".join(f"{turn['role']}: {_said(turn.get('content'))}" for turn in turns)


def _is_in(value: Sequence[Mapping[str, Any]], who: str, what: str) -> bool:
    return all(who in turn and has_content(turn, what) for turn in value)


def _said(content: Any) -> str:
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        return " ".join(part for part in parts if isinstance(part, str))
    return content or ""
