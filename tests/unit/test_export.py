"""Exporting a project or a version: the right rows, a whole file or none, and an account of what is not in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import jobs
from pipeline.domain import Project, WorkbenchError
from pipeline.export import export_to
from pipeline.exporters import exporters
from pipeline.jobs import verbs
from pipeline.store import Store, exports, open_store, projects, records
from pipeline.store import jobs as job_store
from pipeline.tasks import tasks


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store, fill) -> Project:
    """Twelve records: r1 to r10 labelled, r11 skipped, r12 dropped; r1 also suggested and with a comment."""
    made: Project = fill([f"text {i} 文本 😀 is about number {i}" for i in range(1, 13)])
    definition = tasks.get("classification")().definition(["neg", "pos"])
    task = projects.save_task(store, made.id, name="t", kind="classification", definition=definition)
    ids = records.ids(store, made.id)

    def work(cursor) -> None:
        cursor.execute("INSERT INTO annotator (name, kind) VALUES ('bot', 'simulated')")
        event = (
            "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value, comment)"
            " VALUES (uuid(), ?, ?, ?, ?, ?, ?)"
        )
        for i, record in enumerate(ids[:10]):
            who, value = "bot" if i == 1 else "ana", {"label": "pos" if i % 2 else "neg"}
            cursor.execute(event, [record, task.id, who, "submitted", json.dumps(value), "sure" if i == 0 else ""])
        cursor.execute(event, [ids[10], task.id, "ana", "skipped", "{}", ""])
        cursor.execute(
            "INSERT INTO suggestion (record_id, task_id, source, question, value, score) VALUES (?, ?, 'm', 'label', ?, 0.25)",
            [ids[0], task.id, '"pos"'],
        )

    store.transact(work)
    job = job_store.open_job(store, "clean", made.id, {})
    verdict = "INSERT INTO verdict (record_id, job_id, step, kind) VALUES (?, ?, 's', 'drop')"
    store.transact(lambda cursor: cursor.execute(verdict, [ids[11], job]))
    job_store.close_job(store, job, "done", {})
    return made


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_project_leaves_with_every_answer(store, project, tmp_path):
    result = export_to(store, project="p", format="jsonl", out=tmp_path / "o.jsonl")
    assert result == {
        "records": 11,
        "path": str(tmp_path / "o.jsonl"),
        "format": "jsonl",
        "losses": {"dropped records": 1},
    }
    rows = lines(tmp_path / "o.jsonl")
    assert [row["id"] for row in rows] == [f"r{i}" for i in range(1, 12)]
    assert set(rows[0]) == {"id", "text", "meta", "split", "status", "parent", "annotations", "suggestions"}
    (answer,) = rows[0]["annotations"]
    assert answer.pop("created_at").endswith("Z")
    assert answer == {"annotator": "ana", "question": "label", "state": "submitted", "value": "neg", "comment": "sure"}
    assert rows[0]["suggestions"] == [{"source": "m", "question": "label", "value": "pos", "score": 0.25}]
    assert rows[1]["annotations"][0]["simulated"] is True
    assert rows[10]["annotations"][0]["state"] == "skipped"


def test_dropped_records_come_along_when_asked_for(store, project, tmp_path):
    result = export_to(store, project="p", format="jsonl", out=tmp_path / "o.jsonl", dropped=True)
    assert result["records"] == 12
    assert result["losses"] == {}
    assert [row["status"] for row in lines(tmp_path / "o.jsonl")] == ["active"] * 11 + ["dropped"]


def test_small_batches_give_the_same_rows(store, project):
    every = exports.Leaving(dropped=True)
    whole = [row for batch in exports.batches(store, project.id, every) for row in batch]
    parts = list(exports.batches(store, project.id, every, size=5))
    assert [len(part) for part in parts] == [5, 5, 2]
    assert [row for part in parts for row in part] == whole


WHOLE = ("csv", "jsonl", "parquet", "tsv", "xlsx")  # the formats that hold all of a version


@pytest.mark.parametrize("name", exporters.names())
def test_a_version_leaves_with_split_and_label(store, project, tmp_path, name):
    frozen = jobs.run(store, verbs.get("freeze")(), project.id).result
    seen = []
    out = tmp_path / f"o.{name}"
    result = export_to(
        store,
        version=frozen["version"],
        format=name,
        out=out,
        watcher=lambda done, total, _: seen.append((done, total)),
    )
    assert result["records"] == 10
    assert result["losses"] == {} or name not in WHOLE
    assert seen[-1] == (10, 10)
    if name == "jsonl":
        rows = lines(out)
        assert {row["split"] for row in rows} == {"train", "validation", "test"}
        labels = {row["id"]: row["label"] for row in rows}
        assert labels == {f"r{i + 1}": "pos" if i % 2 else "neg" for i in range(10)}
        assert [row.get("simulated") for row in rows if row["id"] == "r2"] == [True]


def test_a_failure_leaves_the_old_file(store, project, tmp_path, monkeypatch):
    out = tmp_path / "o.jsonl"
    out.write_text("old")

    def broken(*_: object, **__: object) -> Iterator[pa.ChunkedArray]:
        yield pa.chunked_array([['{"id": "a"}']])
        raise KeyboardInterrupt

    monkeypatch.setattr(exports, "lines", broken)
    with pytest.raises(KeyboardInterrupt):
        export_to(store, project="p", format="jsonl", out=out)
    assert out.read_text() == "old"
    assert sorted(p.name for p in tmp_path.glob("*o.jsonl*")) == ["o.jsonl"]


def test_what_cannot_be_written_says_why(store, project, tmp_path):
    with pytest.raises(WorkbenchError, match="no exporter named 'docx'; there are: "):
        export_to(store, project="p", format="docx", out=tmp_path / "o")
    with pytest.raises(WorkbenchError, match="is a folder"):
        export_to(store, project="p", out=tmp_path)
    with pytest.raises(WorkbenchError, match="does not exist"):
        export_to(store, project="p", out=tmp_path / "no" / "o.jsonl")
    os.mkfifo(tmp_path / "pipe")  # as little to be replaced by a file as /dev/null
    for taken in (tmp_path / "pipe", Path(store.path)):
        with pytest.raises(WorkbenchError, match="is a device or the database itself"):
            export_to(store, project="p", out=taken)
    with pytest.raises(WorkbenchError, match="no project named"):
        export_to(store, project="q", out=tmp_path / "o.jsonl")
    with pytest.raises(WorkbenchError, match="no version"):
        export_to(store, version="abc", out=tmp_path / "o.jsonl")
