"""A knob is a dataclass field with a help text and bounds. From the one declaration come the form, the command-line
option and the validation. Reads no files and draws nothing.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.domain import WorkbenchError

T = TypeVar("T")


class KnobError(WorkbenchError):
    """A setting has a name that does not exist, or a value outside its type or bounds."""


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting of a plug-in: `type` is bool, int, float, str or tuple (of str)."""

    name: str
    type: type
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    multiline: bool = False


def knob(
    default: Any,
    help: str,  # noqa: A002 - the word a reader expects beside a setting
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    multiline: bool = False,
) -> Any:
    """Declare a dataclass field as a setting with its help text and bounds."""
    extra = {"help": help, "low": low, "high": high, "choices": choices, "multiline": multiline}
    return dataclasses.field(default=default, metadata={"knob": extra})


def knobs_of(plugin: type) -> list[Knob]:
    """The settings of a plug-in class, in the order of their declaration."""
    hints = typing.get_type_hints(plugin)
    found = []
    for field in dataclasses.fields(plugin):
        if "knob" in field.metadata:
            kind = typing.get_origin(hints[field.name]) or hints[field.name]
            found.append(Knob(field.name, kind, field.default, **field.metadata["knob"]))
    return found


def build(plugin: type[T], values: Mapping[str, Any]) -> T:
    """Make the plug-in with these settings, the rest at their defaults. Raises KnobError with a sentence."""
    known = {k.name: k for k in knobs_of(plugin)}
    name = getattr(plugin, "name", plugin.__name__)
    for key in values:
        if key not in known:
            raise KnobError(f"{name} has no setting '{key}'; it has: {', '.join(known) or 'none'}.")
    return plugin(**{key: _checked(known[key], value, name) for key, value in values.items()})


def values_of(plugin: Any) -> dict[str, Any]:
    """The settings of a plug-in instance as plain data that `build` takes back."""
    values = {k.name: getattr(plugin, k.name) for k in knobs_of(type(plugin))}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _checked(knob: Knob, value: Any, owner: str) -> Any:
    where = f"The setting '{knob.name}' of {owner}"
    value = _converted(knob, value, where)
    if knob.choices:
        for one in value if isinstance(value, tuple) else (value,):
            if one not in knob.choices:
                raise KnobError(f"{where} is '{one}'; choose one of: {', '.join(knob.choices)}.")
    if knob.low is not None and value < knob.low:
        raise KnobError(f"{where} is {value}; the least it takes is {knob.low:g}.")
    if knob.high is not None and value > knob.high:
        raise KnobError(f"{where} is {value}; the most it takes is {knob.high:g}.")
    return value


def _converted(knob: Knob, value: Any, where: str) -> Any:
    if knob.type is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if isinstance(value, str) and value.lower() in words:
            return words[value.lower()]
        if not isinstance(value, bool):
            raise KnobError(f"{where} is '{value}'; write true or false.")
        return value
    if knob.type is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if knob.type is str and not isinstance(value, str):
        raise KnobError(f"{where} must be text, not {type(value).__name__}.")
    word = {int: "a whole number", float: "a number"}.get(knob.type, "text")
    wrong = KnobError(f"{where} is '{value}'; it must be {word}.")
    if isinstance(value, bool):
        raise wrong
    try:
        number = knob.type(value)
        whole = knob.type is not int or float(value) == number
    except (TypeError, ValueError, OverflowError):
        raise wrong from None
    if not whole or number != number:  # not-a-number is a number to Python only  # noqa: PLR0124
        raise wrong
    return number
