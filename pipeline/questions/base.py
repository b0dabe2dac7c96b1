"""What a kind of question promises, the registry of the kinds, and what they share: names, labels, plain data.

A new kind is one file with one registered class here, and one module that asks it in the browser.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pipeline.domain import WorkbenchError
from pipeline.registry import Registry

Fields = Mapping[str, Any]  # what is shown of a record: {name: text, or a list of messages or candidates}

LABELS_MOST = 2000
ITEMS_MOST = 10_000  # spans or relations in one answer
CHARACTERS_MOST = 1_000_000  # in one answer
NOTHING = "–"  # an answer that says "nothing", in one line


class BadQuestion(WorkbenchError):
    """A question that cannot be asked: no name, two labels alike, an unknown kind."""


class WrongAnswer(WorkbenchError):
    """An answer that its question does not allow."""


@dataclass(frozen=True, slots=True)
class When:
    """Asked only if the answer to the earlier question `question` is, or holds, one of `values`."""

    question: str
    values: tuple[Any, ...]


class Question(Protocol):
    """One question of a task. `name` is its key in an answer {name: answer} and unique in its task.

    An answer has one canonical form, which `tidy` makes and `check` demands, so equal answers are equal data.
    """

    kind: ClassVar[str]

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def help(self) -> str: ...

    @property
    def required(self) -> bool: ...

    @property
    def when(self) -> When | None: ...

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels to choose from; none where the kind has no such set."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The names of the fields of a record that the question works on."""

    def tidy(self, answer: Any) -> Any:
        """The answer in its canonical form; what is no answer comes back as it is."""

    def check(self, answer: Any, fields: Fields | None = None) -> None:
        """Raise WrongAnswer, with what is allowed, if this is no answer; held against `fields` where they are given."""

    def held(self, answer: Any) -> tuple[str | int, ...]:
        """The labels or marks in a checked answer, once for each time: what is counted and what `when` asks about."""

    def example(self, fields: Fields, answer: Any) -> dict[str, Any]:
        """The columns that a checked answer gives to its row of training data."""

    def spoken(self, answer: Any) -> str:
        """A checked answer in one line, for tables."""

    def to_plain(self) -> dict[str, Any]:
        """The question as plain data, from which `question_from` makes it again. What is left out is as by default."""


kinds: Registry[Question] = Registry("kind of question", "pipeline.questions", key="kind")


class _Kinds(Mapping[str, type[Question]]):
    """The registry as a mapping by kind."""

    def __getitem__(self, kind: str) -> type[Question]:
        if kind not in kinds.names():
            raise KeyError(kind)
        return kinds.get(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(kinds.names())

    def __len__(self) -> int:
        return len(kinds.names())


KINDS: Mapping[str, type[Question]] = _Kinds()


def question_from(plain: Mapping[str, Any]) -> Question:
    """The question that this plain data stands for. Raises BadQuestion with a sentence."""
    if not isinstance(plain, Mapping):
        raise BadQuestion(f"A question is a mapping with a kind and a name, not {shown(plain)}.")
    kind = plain.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadQuestion(f"There is no kind of question named {shown(kind)}; there are: {', '.join(KINDS)}.")
    return _read(kinds.get(kind), plain)


def in_full(question: Question) -> dict[str, Any]:
    """The question as plain data with every setting said, for those who know no defaults."""
    return {"kind": question.kind, **{name: _plain(getattr(question, name)) for name in _types(question.kind)}}


def plain_of(question: Any) -> dict[str, Any]:
    """The question as plain data; settings at their defaults are left out, but for a set of labels."""
    plain = {"kind": question.kind, "name": question.name}
    for field in dataclasses.fields(question):
        value = getattr(question, field.name)
        factory = field.default_factory
        default = field.default if factory is dataclasses.MISSING else factory()
        if default is dataclasses.MISSING or value != default:
            plain[field.name] = _plain(value)
    return plain


def check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BadQuestion("A question needs a name.")


def check_labels(name: str, labels: Sequence[str], most: int = LABELS_MOST) -> None:
    """Refuse empty labels, two alike and too many, with the question named."""
    strange = next((label for label in labels if not isinstance(label, str)), None)
    if strange is not None:
        raise BadQuestion(f"The label {strange!r} of the question '{name}' must be a text: put it in quotation marks.")
    if any(not label.strip() for label in labels):
        raise BadQuestion(f"The question '{name}' has an empty label. Give every label a name.")
    if len(labels) > most:
        raise BadQuestion(f"The question '{name}' has {len(labels)} labels; the most that it takes is {most}.")
    if len(set(labels)) < len(labels):
        twice = next(label for at, label in enumerate(labels) if label in labels[:at])
        raise BadQuestion(f"The question '{name}' has the label '{twice}' twice. Remove one of them.")


def check_parents(name: str, labels: Sequence[str], parents: Mapping[str, str]) -> None:
    """`parents` gives a label the label, or the name of a group, that it stands under. Refuses circles."""
    known = set(labels)
    for label in parents:
        if label not in known:
            raise BadQuestion(f"The question '{name}' has no label '{label}' to put under '{parents[label]}'.")
        seen, at = {label}, parents[label]
        if not at.strip():
            raise BadQuestion(f"The label '{label}' of the question '{name}' stands under a group without a name.")
        while at in parents:
            if at in seen:
                raise BadQuestion(
                    f"The label '{label}' of the question '{name}' stands under itself. Break the circle."
                )
            seen.add(at)
            at = parents[at]


def check_field(name: str, field: str) -> None:
    if not field.strip():
        raise BadQuestion(f"The question '{name}' names no field of the record. Name the field that it works on.")


def known_labels(labels: Sequence[str]) -> str:
    more = f", and {len(labels) - 20} more" if len(labels) > 20 else ""
    return (", ".join(labels[:20]) or "none yet") + more


def check_list(name: str, answer: Any, *, none: bool) -> None:
    """A list of at most ITEMS_MOST items; empty only where `none` says that nothing is an answer."""
    if not isinstance(answer, list):
        raise WrongAnswer(f"{shown(answer)} is no answer to '{name}': it takes a list.")
    if len(answer) > ITEMS_MOST:
        raise WrongAnswer(f"The answer to '{name}' has {len(answer)} items; the most that it takes is {ITEMS_MOST}.")
    if not answer and not none:
        raise WrongAnswer(f"'{name}' must not be answered with nothing.")


def check_place(name: str, item: Any, fields: Fields | None, field: str) -> None:
    """An item {start, end, text} marks a place in a text: code points, end exclusive, not empty."""
    start, end, text = (item.get(key) for key in ("start", "end", "text"))
    if not is_int(start) or not is_int(end) or not isinstance(text, str):
        raise WrongAnswer(f"A place in '{name}' needs start and end as whole numbers, and its text.")
    if not 0 <= start < end:
        raise WrongAnswer(f"A place in '{name}' from {start} to {end} marks nothing.")
    if len(text) != end - start:
        raise WrongAnswer(f"A place in '{name}' from {start} to {end} has a text of {len(text)} characters.")
    if fields is None:
        return
    whole = fields.get(field)
    if not isinstance(whole, str):
        raise WrongAnswer(f"The record has no text in the field '{field}', of which '{name}' is asked.")
    if end > len(whole):
        raise TextMoved(f"A place in '{name}' ends at {end}; the text has {len(whole)} characters.")
    if whole[start:end] != text:
        raise TextMoved(f"A place in '{name}' from {start} to {end} no longer reads {shown(text)}.")


class TextMoved(WrongAnswer):
    """A marked place does not read in the text what it read when it was marked."""


def is_int(value: Any) -> typing.TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def one_line(text: str, most: int = 80) -> str:
    line = " ".join(text[: most * 4].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def shown(value: Any) -> str:
    return one_line(repr(value))


def _plain(value: Any) -> Any:
    if isinstance(value, When):
        return {"question": value.question, "is": list(value.values)}
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


@functools.cache
def _types(kind: str) -> dict[str, Any]:
    cls: Any = kinds.get(kind)
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _read(cls: type[Any], plain: Mapping[str, Any]) -> Any:
    """Make the question, each setting held against the type of its field. Raises BadQuestion."""
    types = _types(cls.kind)
    name = plain.get("name", "")
    check_name(name)
    for key in plain:
        if key != "kind" and key not in types:
            raise BadQuestion(f"The question '{name}' has no setting '{key}'; it has: {', '.join(types)}.")
    given = {key: _converted(name, key, types[key], plain[key]) for key in types if key in plain}
    missing = [
        f.name for f in dataclasses.fields(cls)  # type: ignore[arg-type]  # every kind of question is a dataclass
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING and f.name not in given
    ]  # fmt: skip
    if missing == ["labels"]:
        given["labels"], missing = (), []
    if missing:
        raise BadQuestion(f"The question '{name}' needs the setting '{missing[0]}'.")
    return cls(**given)


def _converted(name: str, key: str, wanted: Any, value: Any) -> Any:
    where = f"'{key}' of the question '{name}'"
    if wanted in (str, bool) and not isinstance(value, wanted):
        raise BadQuestion(f"{where} must be {'text' if wanted is str else 'true or false'}, not {shown(value)}.")
    if wanted is int and not is_int(value):
        raise BadQuestion(f"{where} must be a whole number, not {shown(value)}.")
    if typing.get_origin(wanted) is tuple:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise BadQuestion(f"The {key} of the question '{name}' must be a list of texts.")
        return tuple(value)
    if typing.get_origin(wanted) is Mapping:
        if not isinstance(value, Mapping) or not all(isinstance(x, str) for pair in value.items() for x in pair):
            raise BadQuestion(f"{where} must give a text to each of its texts.")
        return dict(value)
    if wanted == When | None:
        return _when(where, value)
    return value


def _when(where: str, value: Any) -> When | None:
    if value is None:
        return None
    given = value.get("is") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or set(value) != {"question", "is"} or not isinstance(value["question"], str):
        raise BadQuestion(f"{where} must have 'question', the name of an earlier one, and 'is', a list of its answers.")
    one = [given] if isinstance(given, str) or is_int(given) else given
    if not isinstance(one, Sequence) or not one or not all(isinstance(x, str) or is_int(x) for x in one):
        raise BadQuestion(f"{where} names no answer under 'is'. Give a list of labels or marks.")
    return When(value["question"], tuple(one))
