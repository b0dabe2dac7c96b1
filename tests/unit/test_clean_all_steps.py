"""Every registered step in one recipe: in processes as here, in any order of the records, and undo leaves nothing."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from pipeline import annotate, jobs
from pipeline.domain import Project, Task
from pipeline.knobs import build, knobs_of
from pipeline.questions import Choice, Spans
from pipeline.steps.base import CorpusStep, steps
from pipeline.steps.chain import judge_batch, judged
from pipeline.store import Store, records
from pipeline.store import jobs as job_store
from pipeline.tasks.base import defined, field
from pipeline.verbs import clean_texts
from pipeline.verbs.clean import Clean
from tests.conftest import Fill
from tests.unit.test_clean_idempotent import REAL
from tests.unit.test_ready_recipes import HANZI, PROSE

LOUD = ("convert", "mask", "shorten", "fill", "ask", "flag")  # the action that shows most of what a step does
TEXTS = [*REAL, PROSE, HANZI, f"<p>{PROSE}</p>", "哈" * 60, "好" * 3, "a@b.cn and 13800138000", "ｎ/ａ", "same", "same"]


def everything() -> list[list[Any]]:
    """All steps, those that edit before those that look, each with its own louder action where it has one."""
    found = []
    for name in steps.names():
        step = steps.get(name)
        choices = next((knob.choices for knob in knobs_of(step) if knob.name == "action"), ())
        action = next((word for word in LOUD if word in (choices or ())), None)
        knobs: dict[str, Any] = {} if action is None else {"action": action}
        if name == "missing_values":
            knobs |= {"column": "colour", "fill": "7"}
        if name == "word_list":
            knobs["words"] = "harbour, bridge, 老桥"
        found.append([name, knobs])
    return sorted(found, key=lambda one: (isinstance(build(steps.get(one[0]), one[1]), CorpusStep), one[0]))


def told(store: Store, job: int) -> list[tuple[Any, ...]]:
    """All that a job wrote, without its number."""
    sql = """
      SELECT 'verdict' AS what, record_id, step, kind AS a, reason AS b, text AS c FROM verdict WHERE job_id = $job
      UNION ALL SELECT 'derived', record_id, step, name, CAST(value AS VARCHAR), CAST(of_text AS VARCHAR) FROM derived WHERE job_id = $job
      UNION ALL SELECT 'asked', record_id, step, reason, NULL, NULL FROM relabel_request WHERE job_id = $job
      UNION ALL SELECT 'answer', record_id, annotator, state, CAST(value AS VARCHAR), NULL FROM annotation_event WHERE job_id = $job
      UNION ALL SELECT 'suggestion', record_id, source, question, CAST(value AS VARCHAR), NULL FROM suggestion WHERE job_id = $job
    """
    rows = [tuple(row.values()) for row in store.rows(sql, {"job": job})]
    return sorted(rows, key=repr)


def seen(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All that the data reads as now."""
    views = ("record_now", "annotation_now", "suggestion_now", "derived_now", "relabel_open", "recipe_now")
    rows = {view: store.rows(f"SELECT * FROM {view}") for view in views}
    for row in rows["record_now"]:
        row["flags"] = sorted(row["flags"] or ())  # they have no order
    return {view: sorted(found, key=repr) for view, found in rows.items()}


def asked(store: Store, project: Project) -> Task:
    """A task with marks and labels, answers of two people, and what a machine suggests."""
    task = annotate.save_definition(
        store,
        project,
        {**defined([Spans("s", ("X",)), Choice("c", ("POS", "pos"))], [field("text")]), "overlap": 5},
        "",
    )
    for n, row in enumerate(records.page(store, project.id, limit=1000)):
        text = row["text"]
        if text in ("same", PROSE, f"<p>{PROSE}</p>", "a@b.cn and 13800138000"):
            start = text.find("and")
            marks = [] if start < 0 else [{"start": start, "end": start + 3, "label": "X", "text": "and"}]
            value = {"s": marks, "c": "POS" if n % 2 else "pos"}
            event = {"event_id": f"event-{n:04d}", "record_id": row["id"], "state": "submitted", "value": value}
            (ack,) = annotate.submit(store, task, "anna", [event])
            assert ack.ok
            store.transact(lambda cursor, row=row, marks=marks: cursor.execute(
                "INSERT INTO suggestion (record_id, task_id, source, question, value) VALUES (?, ?, 'm', 's', ?)",
                [row["id"], task.id, json.dumps(marks)],
            ))  # fmt: skip
    return task


def test_processes_do_what_one_thread_does_and_undo_leaves_nothing(
    store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_texts, "POOL_FROM", 1)
    monkeypatch.setattr(clean_texts, "PIECE", (7, 1000))
    project = fill([text.encode(errors="replace").decode() for text in TEXTS])
    asked(store, project)
    before = seen(store)
    one = jobs.run(store, Clean(everything(), processes=1), project.id)
    after, said = seen(store), told(store, one.id)
    assert {what for what, *_ in said} == {"verdict", "derived", "asked", "answer", "suggestion"}
    job_store.undo(store, one.id)
    assert seen(store) == before
    two = jobs.run(store, Clean(everything(), processes=2), project.id)
    assert [replaced(row, one.id) for row in told(store, two.id)] == [replaced(row, one.id) for row in said]
    job_store.undo(store, two.id)
    job_store.redo(store, two.id)
    assert texts_of(seen(store)) == texts_of(after)
    job_store.undo(store, two.id)
    assert seen(store) == before


def replaced(row: tuple[Any, ...], job: int) -> str:
    return repr(row).replace(f"job {job}", "job")


def texts_of(data: dict[str, list[dict[str, Any]]]) -> list[tuple[Any, ...]]:
    return [(row["id"], row["text"], row["dropped"], row["flags"]) for row in data["record_now"]]


def test_a_step_judges_nothing_but_the_text_it_is_given() -> None:
    chain = [build(steps.get(name), knobs) for name, knobs in everything()]
    chain = [step for step in chain if not isinstance(step, CorpusStep)]
    chain = [replace(step, key="k") if step.name == "personal" else step for step in chain]
    ids = list(range(len(TEXTS)))
    alone = {n: judged(n, TEXTS[n], chain) for n in ids}
    for seed in (1, 2, 3):
        random.Random(seed).shuffle(ids)
        said = judge_batch(ids, [TEXTS[n] for n in ids], chain).to_pylist()
        whole = {n: [row for row in said if row["record_id"] == n] for n in ids}
        for n in ids:
            assert [(row["step"], row["kind"], row["reason"], row["text"]) for row in whole[n]] == [
                (one.step, one.kind, one.reason, one.text) for one in alone[n]
            ]
