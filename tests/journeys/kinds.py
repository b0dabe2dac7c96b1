"""One small project of every kind of task, with texts in English and Chinese that are hard to count and to mark."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import annotate
from pipeline.domain import Project, Task
from pipeline.store import Store, jobs, open_store, projects, records
from pipeline.tasks import tasks

ENGLISH = "  Anna Mu\u0308ller left Acme 🇫🇷\r\nfor Paris 👩‍👩‍👧‍👦 in May; her re\u0301sume\u0301 is here.\r\n"
CHINESE = "  张伟在腾讯🇨🇳工作。\r\n他的家人👨‍👩‍👧住在北京，cafe\u0301 很好。"
TEXTS = (ENGLISH, CHINESE, "Bob Stone works for Initech in Berlin.", "李娜在上海教书。")
ANSWERS = ("It is open till nine 🕘.", "九点关门，周日休息。", "I do not know.")
LABELS = {"classification": ("good", "bad", "一般"), "multilabel": ("food", "service", "价格"), "sentiment": ()}


def messages(text: str) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": "Answer in one sentence."},
        {"role": "user", "content": text},
        {"role": "assistant", "content": ANSWERS[0]},
    ]


def fields_of(kind: str, text: str) -> dict[str, Any]:
    """The further fields of a record that a task of this kind shows."""
    return {
        "question_answering": {"question": "Where? 在哪里？"},
        "chat": {"messages": messages(text)},
        "preference": {"a": ANSWERS[0], "b": ANSWERS[1]},
        "ranking": {"candidates": list(ANSWERS)},
    }.get(kind, {})


def make_project(
    store: Store, kind: str, texts: Sequence[str] = TEXTS, name: str = "", guideline: str = "**good**: would come again.",
    definition: Mapping[str, Any] | None = None,
) -> tuple[Project, Task]:  # fmt: skip
    """A project named after the kind with these records (r1, r2, …) and its task, as the kind's template makes it."""
    project = projects.create(store, name or kind)
    plain = definition or tasks.get(kind)().definition(LABELS.get(kind, ()))
    job = jobs.open_job(store, "import", project.id, {})
    rows = pa.table(
        {
            "project_id": pa.array([project.id] * len(texts), pa.int32()),
            "job_id": pa.array([job] * len(texts), pa.int32()),
            "external_id": [f"r{i}" for i in range(1, len(texts) + 1)],
            "text": list(texts),
            "fields": [json.dumps(fields_of(kind, text), ensure_ascii=False) for text in texts],
        }
    )
    store.transact(lambda cursor: records.append(store, cursor, rows))
    jobs.close_job(store, job, "done", {"records": len(texts)})
    return project, annotate.save_definition(store, project, plain, guideline)


def answers_of(database: Path, project: str) -> dict[str, Any]:
    """{external id: {question: answer}} of the submitted answers that stand, by anybody."""
    store = open_store(database)
    rows = store.rows(
        "SELECT r.external_id, a.value FROM annotation_now a JOIN record r ON r.id = a.record_id "
        "JOIN project p ON p.id = r.project_id WHERE p.name = ? AND a.state = 'submitted' ORDER BY r.id",
        [project],
    )
    store.close()
    return {row["external_id"]: json.loads(row["value"]) for row in rows}
