"""A spreadsheet runs nothing of what an export holds: names of questions, answers of every kind, names of people, all else."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipeline import annotate, jobs
from pipeline.export import export_to
from pipeline.jobs import verbs
from pipeline.store import Store, open_store, projects, records
from tests.conftest import add_records
from tests.injection import texts

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
RUNS = [begin + "HYPERLINK(1)" for begin in BEGINNINGS]
LABELS = [
    *(text for text in RUNS if text == text.strip()),
    *(texts("label")[n] for n in ("formula", "formula_at", "image")),
]


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    """A project with a question of the kinds choice, choices, text and rating, each named like a formula and answered."""
    store = open_store(tmp_path / "w.duckdb")
    project = projects.create(store, "p")
    names = ["=choice()", "@choices()", "+text()", "-rating()"]
    questions = [
        {"kind": "choice", "name": names[0], "labels": LABELS}, {"kind": "choices", "name": names[1], "labels": LABELS},
        {"kind": "text", "name": names[2]}, {"kind": "rating", "name": names[3], "low": -5, "high": 5},
    ]  # fmt: skip
    task = annotate.save_definition(store, project, {"questions": questions, "overlap": 2}, "")
    said = [*RUNS, *texts("text").values()]
    add_records(store, project, [text.replace("\0", "") for text in said], ids=[f"={at}()" for at in range(len(said))])
    for who in ("=anna()", "@bob"):
        events = [
            {"event_id": f"event-of-{who}-{one}", "record_id": one, "state": "submitted", "comment": "=comment()",
             "value": {names[0]: LABELS[one % len(LABELS)], names[1]: LABELS[:2], names[2]: said[at], names[3]: -5}}
            for at, one in enumerate(records.ids(store, project.id, records.RecordFilter()))
        ]  # fmt: skip
        acks = annotate.submit(store, task, who, events)
        assert [ack for ack in acks if not ack.ok or ack.conflict] == []
    yield store
    store.close()


@pytest.mark.parametrize("frozen", [False, True])
def test_no_cell_of_a_csv_begins_like_a_formula(filled: Store, tmp_path: Path, frozen: bool) -> None:
    out = tmp_path / "out.csv"
    version = ""
    if frozen:
        version = jobs.run(filled, verbs.get("freeze")(), projects.get(filled, "p").id).result["version"]
    written = export_to(filled, out=out, format="csv", version=version, project="" if version else "p")
    with out.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head[2:6] == ["'=choice()", "'@choices()", "'+text()", "'-rating()"]
    assert len(rows) == written["records"] > len(RUNS)
    assert {label.removeprefix("'") for label in (row[2] for row in rows)} == set(LABELS)
    assert {row[5] for row in rows} == {"-5"}  # a number is no formula, and is to come back as it was
    cells = [cell for row in [head, *rows] for cell in row if cell != "-5"]
    assert [cell for cell in cells if cell.startswith(BEGINNINGS)] == []
