"""A database of the first schema, with data in it, opens as one of today's, also after its process was killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipeline import annotate
from pipeline.store import annotations as answer_store
from pipeline.store import database, open_store, projects

FILL = """
INSERT INTO project (name) VALUES ('p');
INSERT INTO job (kind, project_id, state) VALUES ('import', 1, 'done');
INSERT INTO record (project_id, job_id, external_id, text) VALUES (1, 1, 'a', 'one'), (1, 1, 'b', 'two');
INSERT INTO task_revision (id, project_id, revision, name, kind, definition, guideline) VALUES (nextval('task_id'), 1, 1,
  'label', 'classification', '{"questions": [{"kind": "choice", "name": "label", "labels": ["yes", "no"]}]}', 'g');
INSERT INTO annotator (name) VALUES ('anna');
INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value)
  VALUES ('an-old-event', 1, 1, 'anna', 'submitted', '{"label": "yes"}');
INSERT INTO suggestion (record_id, task_id, source, question, value) VALUES (1, 1, 'm', 'label', '"yes"');
INSERT INTO relabel_request (record_id, task_id, reason, job_id) VALUES (1, 1, 'look', 1);
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path, first = tmp_path / "old.duckdb", tmp_path / "first"
    first.mkdir()
    shutil.copy(database.MIGRATIONS / "001_initial.sql", first)
    monkeypatch.setattr(database, "MIGRATIONS", first)
    open_store(path).close()
    monkeypatch.undo()
    with duckdb.connect(path) as connection:
        connection.execute(FILL)
    return path


def test_old_answers_and_tasks_read_as_before(old: Path) -> None:
    store = open_store(old)
    (project,) = projects.all_projects(store)
    task = annotate.labelling_task(store, project)
    assert task is not None
    assert (annotate.labels_of(task), task.guideline, task.revision) == (("yes", "no"), "g", 1)
    (row,) = answer_store.current(store, task.id)
    assert (row["value"], row["flagged"]) == ({"label": "yes"}, False)
    assert len(store.rows("SELECT * FROM suggestion_now")) == len(store.rows("SELECT * FROM relabel_open")) == 1
    event = {"event_id": "a-new-event", "record_id": 2, "state": "skipped", "value": {}, "reason": "why"}
    assert annotate.submit(store, task, "anna", [event])[0].ok
    grown = annotate.define(store, project, labels=["yes", "no", "more"], guideline="g")
    assert (grown.id, grown.revision, grown.guideline_revision) == (task.id, 2, 1)
    store.close()


def test_a_migration_that_was_never_written_out_is_found_again(old: Path) -> None:
    code = f"import os; from pipeline.store import open_store; open_store({str(old)!r}); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    store = open_store(old)
    assert [row["reason"] for row in store.rows("SELECT * FROM annotation_now")] == [None]
    assert store.scalar("SELECT max(number) FROM schema_migration") == len(list(database.MIGRATIONS.glob("*.sql")))
    store.close()
