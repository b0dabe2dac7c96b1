"""The commands on recipes and on two cleanings, as a script would call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from pipeline.domain import WorkbenchError
from pipeline.store import jobs as job_store
from pipeline.store import open_store, projects
from tests.cleaning import labelled
from tests.conftest import add_records

SMALL = "steps:\n- html\n- length: {min: 4}\n"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "w.duckdb")
    add_records(store, projects.create(store, "项目"), ["<b>bold words</b>", "ok", "很好", "a longer  sentence"])
    store.close()
    return tmp_path / "w.duckdb"


def told(db: Path, *words: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["--db", str(db), *words, "-p", "项目", "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_recipe_is_saved_shown_run_and_removed(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(SMALL, encoding="utf-8")
    assert told(db, "recipe", "save", str(file), "--note", "begun") == {"name": "short", "revision": 1, "new": True}
    assert told(db, "recipe", "save", str(file)) == {"name": "short", "revision": 1, "new": False}
    file.write_text(SMALL.replace("4", "3"), encoding="utf-8")
    assert told(db, "recipe", "save", str(file), "--author", "安娜")["revision"] == 2
    listed = told(db, "recipe", "list")
    assert [(one["name"], one["revision"], one["steps"], one["author"]) for one in listed["own"]] == [
        ("short", 2, 2, "安娜")
    ]
    assert "default" in listed["shipped"]
    shown = CliRunner().invoke(app, ["--db", str(db), "recipe", "show", "short", "-p", "项目", "--revision", "1"])
    assert "min: 4" in shown.stdout
    assert [one["revision"] for one in told(db, "recipe", "show", "short")["revisions"]] == [2, 1]
    job = told(db, "clean", "--recipe", "short", "--revision", "1")
    assert job["dropped"] == {"length": 2}
    removed = told(db, "recipe", "remove", "short")
    assert told(db, "recipe", "list")["own"] == []
    store = open_store(db)
    ran = job_store.get(store, job["job"])
    assert (ran.params["recipe"], ran.params["revision"]) == ("short", 1)
    job_store.undo(store, removed["job"])
    store.close()
    assert told(db, "recipe", "list")["own"][0]["revision"] == 2
    assert told(db, "recipe", "save", "default", "--name", "ours")["name"] == "ours"


def test_two_recipes_or_jobs_are_compared(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(SMALL, encoding="utf-8")
    preview = told(db, "clean", "--recipe", str(file), "--dry-run")["job"]
    found = told(db, "clean", "--compare", str(preview), "chinese")
    assert found["a"] == preview
    assert found["only_a"]["drop"] == 2
    (row,) = [row for row in found["rows_a"] if row["kind"] == "drop"]
    assert row == {
        "step": "length",
        "kind": "drop",
        "reason": "too few characters",
        "records": 2,
        "where": row["where"],
    }
    assert told(db, "records", "--where", row["where"])["total"] == 2
    assert told(db, "records", "--where", "state=dropped")["total"] == 0  # nothing was applied
    with pytest.raises(WorkbenchError, match="no recipe file"):
        CliRunner().invoke(
            app, ["--db", str(db), "clean", "-p", "项目", "--compare", "1", "nosuch"], catch_exceptions=False
        )


def test_labels_in_two_spellings_are_listed_and_merged(db: Path) -> None:
    store = open_store(db)
    labelled(
        store, projects.get(store, "项目"), {"anna": {"r1": "好", "r2": "pos"}}, labels=["POS", "pos", "好", "NEG"]
    )
    store.close()
    merge = [{"question": "label", "merge": {"pos": ["POS"]}, "task": "label"}]
    assert told(db, "task", "merges")["merges"] == merge
    found = told(db, "task", "merges", "--synonym", "好=pos", "--apply")
    assert found["merges"][0]["merge"] == {"pos": ["POS", "好"]}
    assert found["applied"][0]["answers"] == 1
    assert told(db, "task", "merges") == {"merges": [], "applied": []}
    assert told(db, "records", "--where", "label=pos")["total"] == 2


def test_a_text_is_corrected_by_a_command(db: Path) -> None:
    job = told(db, "correct", "--id", "r3", "--text", "很好吃", "--by", "安娜", "--why", "少了一个字")
    store = open_store(db)
    made = job_store.get(store, job["job"])
    assert (made.kind, made.params["author"]) == ("edit", "安娜")
    assert store.scalar("SELECT text FROM record_now WHERE external_id = 'r3'") == "很好吃"
    job_store.undo(store, made.id)
    store.close()
    done = CliRunner().invoke(
        app, ["--db", str(db), "correct", "-p", "项目", "--id", "r3", "--text", "-", "--json"], input="两行\n文字"
    )
    assert done.exit_code == 0
    store = open_store(db)
    assert store.scalar("SELECT text FROM record_now WHERE external_id = 'r3'") == "两行\n文字"
    store.close()
    with pytest.raises(WorkbenchError, match="The project '项目' has no record with the id 'r9'"):
        told(db, "correct", "--id", "r9", "--text", "x")


def test_how_many_processes_work_is_asked_for(db: Path) -> None:
    job = told(db, "clean", "--processes", "1")
    store = open_store(db)
    assert job_store.get(store, job["job"]).params["processes"] == 1
    store.close()
    with pytest.raises(WorkbenchError, match="999 processes cannot be used"):
        told(db, "clean", "--processes", "999")
