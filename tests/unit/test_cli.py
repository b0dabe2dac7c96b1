"""The command line as other programs see it: one JSON object, exit codes, sentences on stderr. Real processes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.cli import app
from app.commands import terminal

VERBS = (
    "init", "projects", "serve", "import", "clean", "dedupe", "augment", "simulate", "freeze", "train", "runs", "errors",
    "undo", "redo", "resume", "jobs", "records", "export", "demo", "define",
    "cancel", "task", "leaks", "semantic", "recipe",
)  # fmt: skip


def winnow(*words, db, code=0, timeout=120):
    """Run a verb in a process of its own; gives (stdout, stderr)."""
    command = [sys.executable, "-m", "app.cli", "--db", str(db), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=timeout, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def told(*words, db):
    """What a verb says with --json: exactly one object."""
    out, _ = winnow(*words, "--json", db=db)
    assert out.count("\n") == 1
    return json.loads(out)


@pytest.fixture
def db(tmp_path):
    return tmp_path / "w.duckdb"


@pytest.fixture
def reviews(tmp_path):
    path = tmp_path / "reviews.csv"
    rows = [
        f"{i},{'good' if i % 2 else 'bad'} thing number {i} and more words so that it is long,{'pos' if i % 2 else 'neg'}"
        for i in range(40)
    ]
    rows.append('40,"<p>good thing &amp; a <b>bold</b> one, which is long enough</p>",pos')
    rows.append("41,,neg")
    path.write_text("id,text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_every_verb_has_help(db):
    out, _ = winnow("--help", db=db)
    assert "--dry-run" in winnow("dedupe", "--help", db=db)[0]
    for verb in VERBS:
        assert verb in out
        helped = CliRunner().invoke(app, [verb, "--help"])  # in this process: a second for each is long
        assert helped.exit_code == 0
        assert "--" in helped.output


def test_the_data_verbs_in_order(db, reviews, tmp_path):
    assert told("init", db=db)["projects"] == 0
    took = told("import", reviews, "--project", "p", "--labels-by", "ann", "--label-column", "label", db=db)
    assert {"project", "records", "rejected", "rejections", "annotations", "job"} <= set(took)
    assert took["records"] + took["rejected"] == 42
    before = told("records", "--project", "p", "--limit", 100, db=db)
    cleaned = told("clean", "--project", "p", db=db)
    assert {"job", "dropped", "edited", "flagged"} <= set(cleaned)
    assert sum(cleaned["edited"].values()) >= 1
    found = told("dedupe", "--project", "p", "--threshold", "0.7", "--pairs", tmp_path / "pairs.parquet", db=db)
    assert {"job", "pairs", "families", "dropped", "seconds"} <= set(found)
    frozen = told("freeze", "--project", "p", "--splits", "80/10/10", db=db)
    assert set(frozen["records"]) == {"train", "validation", "test"}
    assert Path(frozen["path"], "card.json").exists()
    written = told("export", "--version", frozen["version"], "--format", "csv", "--out", tmp_path / "v.csv", db=db)
    assert written["records"] == sum(frozen["records"].values())
    for job in (found["job"], cleaned["job"]):
        told("undo", "--job", job, db=db)
    assert told("records", "--project", "p", "--limit", 100, db=db) == before
    kinds = [job["kind"] for job in told("jobs", "--project", "p", db=db)["jobs"]]
    assert kinds == ["freeze", "dedupe", "clean", "import"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("clean", "--project", "none"), 1, "There is no project named 'none'"),
        (("undo", "--job", "77"), 1, "There is no job 77"),
        (("import", "nowhere.csv", "--project", "p"), 1, "nowhere.csv"),
        (("train", "--version", "abc"), 1, "abc"),
        (("errors", "--run", "abc"), 1, "abc"),
        (("export", "--out", "x"), 2, "--version or --project"),
        (("records", "--project", "p", "--where", "colour=red"), 1, "no project"),
        (("records", "--project", "p\udcff"), 2, "not UTF-8"),
        (("undo", "--job", "9" * 40), 1, "There is no job"),
        (("train", "--version", "abc", "--recipe", "magic"), 1, "There is no recipe named 'magic'"),
        (("train", "--version", "abc", "--seed", "-1"), 2, "--seed"),
        (("serve", "--port", "70000"), 2, "--port"),
        (("errors", "--run", "abc", "--limit", "-1"), 2, "--limit"),
        (("define", "--project", "p", "--guideline", "."), 1, "no guideline file"),
        (("frobnicate",), 2, "No such command"),
        (("clean",), 2, "--project"),
    ],
)
def test_errors_are_sentences_and_exit_codes(db, words, code, sentence):
    out, err = winnow(*words, db=db, code=code)
    assert out == ""
    assert sentence in " ".join(err.replace("│", " ").split())


def test_a_verb_says_which_process_holds_the_database(db):
    hold = "import sys; from pipeline.store import open_store; s = open_store(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        _, err = winnow("projects", db=db, code=1)
        assert f"in use by process {holder.pid}" in err
        assert "Stop that process" in err
        holder.stdin.close()


def test_a_file_named_like_markup_does_not_break_the_progress_bar(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr(terminal, "notes", Console(file=said, force_terminal=True))
    with terminal.watched() as watcher:
        watcher(1, 2, "a[/b].csv")
    assert "a[/b].csv" in said.getvalue()


def test_a_task_goes_out_and_in_as_a_file(db, reviews, tmp_path):
    told("import", reviews, "--project", "one", db=db)
    told("define", "--project", "one", "--label", "neg", "--label", "pos", db=db)
    out, _ = winnow("task", "show", "--project", "one", "--yaml", db=db)
    file = tmp_path / "task.yaml"
    file.write_text(out.replace("overlap: 1", "").rstrip() + "\noverlap: 2\n", encoding="utf-8")
    saved = told("task", "save", file, "--project", "one", db=db)
    assert saved["questions"] == [{"name": "label", "kind": "choice"}]
    shown = told("task", "show", "--project", "one", db=db)
    assert shown["overlap"] == 2
    assert shown["questions"][0]["labels"] == ["neg", "pos"]
    other = told("task", "save", file, "--project", "one", "--task", "second", db=db)
    assert (other["task"], other["kind"]) == ("second", "classification")  # the kind that the file names
    shown = told("task", "show", "--project", "one", "--task", "second", db=db)
    assert (shown["task"], shown["kind"]) == ("second", "classification")
    _, said = winnow("task", "show", "--project", "one", "--task", "third", db=db, code=1)
    assert "third" in said
    assert "second" in said
    file.write_text("questions: [{kind: chioce, name: label}]", encoding="utf-8")
    _, said = winnow("task", "save", file, "--project", "one", db=db, code=1)
    assert "chioce" in said


def test_the_templates_are_listed(db):
    rows = told("task", "templates", db=db)["templates"]
    assert {"classification", "entities", "custom"} <= {row["name"] for row in rows}
    assert all(row["about"] for row in rows)
