"""What a version of a task with other questions than one choice is made of: the answers that stand, by record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.ballot import Vote, decide, stratum, why_not
from pipeline.domain import SPLITS, Task
from pipeline.questions import Choice, Question, fields_of
from pipeline.store import Store, ballots, versions
from pipeline.tasks import fields_wanted, questions_of

NOT_OF_CHILD = "augmented records that the answers of their original do not fit"
FOUND = pa.schema(
    [*(field for field in versions.ANSWERED if field.name not in ("family", "split")), ("given", pa.string()),
     ("simulated", pa.bool_()), ("disputed", pa.bool_()), ("reopened", pa.bool_()), ("stratum", pa.string())]
)  # fmt: skip


def is_single_choice(task: Task) -> bool:
    """Whether all that is asked is one label for a text: then a version is of the columns that it always had."""
    asked = questions_of(task)
    return len(asked) == 1 and isinstance(asked[0], Choice) and fields_wanted(task.definition) == ["text"]


def forecast(store: Store, project_id: int, task: Task) -> dict[str, Any]:
    """What a version would be made of now, counted without making it.

    Of a single choice: `labels` as versions.forecast has it. Else `originals` and `questions` {name: records answered}.
    Both: simulated, disputed and reopened, as far as they are known without reading every answer.
    """
    if is_single_choice(task):
        (asked,) = questions_of(task)
        return versions.forecast(store, project_id, task.id, asked.name, asked.labels)
    return ballots.forecast(store, project_id, task.id)


def agreed(store: Store, project_id: int, task: Task, tick: Callable[[], None]) -> tuple[pa.Table, Counter[str]]:
    """The answered originals and their augmented children (schema FOUND, in id order), and what was left out.

    `answers` is what the annotators say together. A child has the answers of its original where they fit its text.
    """
    questions, wanted = questions_of(task), fields_wanted(task.definition)
    left_out: Counter[str] = Counter()
    rows: dict[int, dict[str, Any]] = {}
    values: dict[int, Mapping[str, Any]] = {}
    for batch in ballots.originals(store, project_id, task.id):
        tick()
        for one in batch:
            shown = _shown(one, wanted)
            outcome = decide(questions, [Vote(**vote) for vote in one.pop("votes")], shown)
            left_out.update(outcome.left_out)
            if outcome.value:
                values[one["id"]] = outcome.value
                said = _said(questions, outcome.value)
                rows[one["id"]] = {
                    **one, **said, "parent_id": None, "annotators": list(outcome.annotators),
                    "simulated": outcome.simulated, "disputed": outcome.disputed, "fields": _fields(one, shown),
                }  # fmt: skip
    for child in ballots.children(store, project_id):
        parent = child["parent_id"]
        if parent not in values:
            continue
        shown = _shown(child, wanted)
        if any(why_not(question, values[parent][question.name], shown) for question in questions
               if question.name in values[parent]):  # fmt: skip
            left_out[NOT_OF_CHILD] += 1
            continue
        above = {name: rows[parent][name] for name in ("label", "answers", "annotators", "simulated", "stratum")}
        own = {"given": None, "disputed": False, "reopened": False, "fields": _fields(child, shown)}
        rows[child["id"]] = {**child, **above, **own}
    return pa.Table.from_pylist([rows[record] for record in sorted(rows)], schema=FOUND), left_out


def by_label(questions: Sequence[Question], rows: pa.Table) -> dict[str, dict[str, int]]:
    """How often each label of the first question that has labels, or marks, is in each split."""
    first = next((q for q in questions if q.labels or q.kind == "rating"), None)
    found: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    if first is not None:
        for batch in rows.select(["answers", "split"]).to_batches():
            for row in batch.to_pylist():
                answers = json.loads(row["answers"])
                if first.name in answers:
                    found[row["split"]].update(str(label) for label in first.held(answers[first.name]))
    return {split: dict(sorted(counts.items())) for split, counts in found.items()}


def by_question(questions: Sequence[Question], rows: pa.Table) -> list[dict[str, Any]]:
    """For each question its name, kind, and how many records of each split answer it."""
    counts: dict[str, Counter[str]] = {question.name: Counter() for question in questions}
    for batch in rows.select(["answers", "split"]).to_batches():
        for row in batch.to_pylist():
            for name in json.loads(row["answers"]):
                counts[name][row["split"]] += 1
    return [
        {"name": question.name, "kind": question.kind, "records": {s: counts[question.name][s] for s in SPLITS}}
        for question in questions
    ]


def _said(questions: Sequence[Question], value: Mapping[str, Any]) -> dict[str, Any]:
    first = next((question.name for question in questions if isinstance(question, Choice)), None)
    answers = json.dumps(value, ensure_ascii=False)
    return {"label": value.get(first or ""), "answers": answers, "stratum": stratum(questions, value)}


def _shown(row: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    return fields_of(row["text"], json.loads(row["fields"]), json.loads(row["meta"]), wanted)


def _fields(row: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    """The record's fields, and what else the task shows of it but the text."""
    more = {name: value for name, value in shown.items() if name != "text" and value != ""}
    return json.dumps({**json.loads(row["fields"]), **more}, ensure_ascii=False)
