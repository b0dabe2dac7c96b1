"""A chain of text steps over records: the one place where steps judge, in this process or in a worker.

What it gives is a pure function of the texts and the steps, so where the work is done changes nothing.
"""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import pyarrow as pa

from pipeline.domain import Drop, Edit, Verdict, WorkbenchError
from pipeline.knobs import build, values_of
from pipeline.steps.base import DeriveStep, OneText

VERDICTS = pa.schema(
    [("record_id", pa.int64()), ("step", pa.string()), ("kind", pa.string()), ("reason", pa.string()),
     ("text", pa.string())]
)  # fmt: skip
_KINDS = {Drop: "drop", Edit: "edit"}

Part = list[Any]  # [module, class, settings]: a step as plain data
Allow = Callable[[str, str], str]  # (text before, text after) -> why the edit must not be, or nothing


class Here(Protocol):
    """Two numbers that change as the work goes on: the id of the record, and the place of the step in the chain."""

    def __getitem__(self, at: int, /) -> int: ...

    def __setitem__(self, at: int, number: int, /) -> None: ...


class StepFailed(WorkbenchError):
    """A step raised an error on a text, which no step may: the sentence names both. `trace` is for the log."""

    def __init__(self, sentence: str, trace: str = "") -> None:
        super().__init__(sentence)
        self.trace = trace


def parts_of(chain: Sequence[OneText]) -> list[Part]:
    """The steps as plain data, which `chain_of` takes back in a process that imports no others."""
    return [[type(step).__module__, type(step).__qualname__, values_of(step)] for step in chain]


def chain_of(parts: Sequence[Part]) -> list[OneText]:
    return [build(getattr(importlib.import_module(module), name), settings) for module, name, settings in parts]


def judged(record_id: int, text: str, chain: Sequence[OneText], allow: Allow | None = None) -> list[Verdict]:
    """What the steps say of one record: each reads what the one before it left; a drop ends it.

    Where `allow` has a reason against an edit, the step flags the record with that reason and the text stays. Raises
    StepFailed.
    """
    here = [0, 0]
    try:
        return _judged(record_id, text, chain, here, allow)
    except Exception as error:  # see judge_batch
        raise _told(chain, here, error) from error


def judge_batch(
    ids: Sequence[int], texts: Sequence[str], chain: Sequence[OneText], here: Here | None = None
) -> pa.Table:
    """The verdicts on these records, in order, as columns of VERDICTS. `here` always says where the work is: it is what
    is known of a process that ends. Raises StepFailed."""
    here = [0, 0] if here is None else here
    said: list[Verdict] = []
    try:
        for record_id, text in zip(ids, texts, strict=True):
            said += _judged(record_id, text, chain, here)
    except Exception as error:  # steps are plug-ins: whatever one raises is told with its name and the record
        raise _told(chain, here, error) from error
    return _table(said)


def _told(chain: Sequence[OneText], here: Here, error: Exception) -> StepFailed:
    return failed(chain[here[1]].name, here[0], f"{type(error).__name__}: {error}", traceback.format_exc())


def failed(step: str, record_id: int, what: str, trace: str = "") -> StepFailed:
    return StepFailed(
        f"The step {step} failed on record id={record_id} ({what[:300]}). Take the step out of the recipe, or drop "
        "that record by hand.", trace,
    )  # fmt: skip


def _judged(
    record_id: int, text: str, chain: Sequence[OneText], here: Here, allow: Allow | None = None
) -> list[Verdict]:
    said = []
    derives = []
    here[0] = record_id
    for place, step in enumerate(chain):
        here[1] = place
        judge = getattr(step, "judge", None)
        if judge is None:  # asking by isinstance takes longer than many steps
            derives.append(place)
            continue
        judgement = judge(text)
        if judgement is None:
            continue
        edit = judgement.text if isinstance(judgement, Edit) else None
        kind, reason = _KINDS.get(type(judgement), "flag"), judgement.reason
        refusal = allow(text, edit) if allow is not None and edit is not None else ""
        if refusal:
            kind, reason, edit = "flag", refusal, None
        said.append(Verdict(record_id, step.name, kind, reason, edit))
        if kind == "drop":
            return said
        text = text if edit is None else edit
    for place in derives:  # of the text that is left in the end: columns of an earlier one would fit no text
        here[1] = place
        said += _columns(record_id, cast("DeriveStep", chain[place]), text)
    return said


def _columns(record_id: int, step: DeriveStep, text: str) -> list[Verdict]:
    """The columns that a step makes of a text: the name of each stands as the reason, its value as JSON as the text."""
    made = step.derive(text) or {}
    return [
        Verdict(record_id, step.name, "derive", name, json.dumps(value, ensure_ascii=False, allow_nan=False))
        for name, value in made.items()
    ]


def _table(said: Sequence[Verdict]) -> pa.Table:
    try:
        return table_of(said)
    except UnicodeEncodeError as error:
        one = next(one for one in said if not _storable(one))
        raise failed(one.step, one.record_id, "it made half a character, which cannot be stored") from error


def _storable(one: Verdict) -> bool:
    try:
        f"{one.reason}{one.text}".encode()
    except UnicodeEncodeError:
        return False
    return True


def table_of(said: Sequence[Verdict]) -> pa.Table:
    columns = [
        [v.record_id for v in said], [v.step for v in said], [v.kind for v in said], [v.reason for v in said],
        [v.text for v in said],
    ]  # fmt: skip
    return pa.table(columns, schema=VERDICTS)
