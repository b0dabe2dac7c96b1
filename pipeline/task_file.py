"""A task as a YAML file that can be read, kept beside the data, and brought back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from pipeline.domain import Task, WorkbenchError
from pipeline.tasks import check_definition, tasks

CHARACTERS_MOST = 2_000_000
DEEPEST = 20


class BadTaskFile(WorkbenchError):
    """A file that is no task."""


def dump(task: Task) -> str:
    """The task as YAML: its name, its kind, its guideline and its definition, in that order."""
    definition = json.loads(json.dumps(task.definition, default=str))
    plain = {"name": task.name, "kind": task.kind, "guideline": task.guideline, **definition}
    return yaml.dump(plain, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=110)


def load(text: str) -> tuple[dict[str, Any], str, str, str]:
    """The definition, the guideline, the name and the kind ("" where there is none) of a task's YAML file.

    Everything in it is checked; nothing in it is ever run. Raises WorkbenchError with what is wrong and where.
    """
    if len(text) > CHARACTERS_MOST:
        raise BadTaskFile(f"A task's file has at most {CHARACTERS_MOST:,} characters; this one has {len(text):,}.")
    try:
        found = yaml.load(text, Loader=_Reader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise BadTaskFile(f"This is no YAML file of a task: {_where(error)}.") from None
    except (RecursionError, ValueError, LookupError, AttributeError) as error:  # brackets without end; no date; no bool
        raise BadTaskFile(f"This is no YAML file of a task: {type(error).__name__} while reading it.") from None
    if not isinstance(found, dict):
        raise BadTaskFile("A task's file begins with its name, guideline and questions, each as 'name: value'.")
    _check_plain(found)
    name, guideline, kind = (found.pop(head, None) or "" for head in ("name", "guideline", "kind"))
    if not isinstance(name, str) or not isinstance(guideline, str) or len(name) > 80:
        raise BadTaskFile("The name and the guideline of a task are texts; the name has at most 80 characters.")
    if kind:
        tasks.get(str(kind))  # a kind that there is
    check_definition(found)
    return found, guideline.strip(), name.strip(), str(kind)


class _Reader(yaml.SafeLoader):
    """Plain data only. No aliases, with which a small file can grow without end, and no key twice in a mapping."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(None, None, "it refers with * to another place; write the value out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(None, None, f"'{key.value}' is there twice", key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


# "no", "on" and dates are labels as often as not: only true, false, null and numbers are taken for what they look like.
_Reader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in pairs
        if tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null")
    ]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}  # fmt: skip
_Reader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


class _Writer(yaml.SafeDumper):
    """Long texts as they read, lists indented under their key; repeated values are written out."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
        return super().increase_indent(flow, False)


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # of the line ends that YAML knows, only this one survives outside of double quotation marks
    style = '"' if re.search("[\r\x85\u2028\u2029]", text) else "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)


def _check_plain(value: Any, depth: int = 0) -> None:
    """Refuse what JSON has no form for: keys that are no text, and what lies too deep."""
    if depth > DEEPEST:
        raise BadTaskFile(f"A task's file is at most {DEEPEST} levels deep.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise BadTaskFile(f"'{key}' is a name in this file, so it must be a text. Write it in quotation marks.")
            _check_plain(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, depth + 1)
    elif not isinstance(value, str | int | float | bool | None) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise BadTaskFile(f"'{value}' in this file is no text, number, true, false or list.")
