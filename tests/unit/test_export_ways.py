"""The quick ways of an export (lines and columns made by the database) say what the rows say, whatever is in the project."""

from __future__ import annotations

import csv
import json
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st

from pipeline import export, jobs
from pipeline.domain import WorkbenchError
from pipeline.exporters import Contents, exporters
from pipeline.exporters.base import answers_in
from pipeline.jobs import verbs
from pipeline.store import (
    Store,
    export_columns,
    export_frozen,
    export_parts,
    exports,
    open_store,
    projects,
    records,
    versions,
)
from pipeline.store.exports import Leaving
from tests.leaving import LABELS, PEOPLE, QUESTIONS, project_of, rows_of, word


def plain(cell: Any) -> Any:
    """A cell; if it is JSON, what it says."""
    try:
        found = json.loads(cell) if isinstance(cell, str) else cell
    except ValueError:
        return cell
    return found if isinstance(found, dict | list) else cell if not isinstance(found, float) else found


def read(name: str, out: Path) -> Any:
    if name == "jsonl":
        lines = out.read_bytes().decode().split("\n")
        assert lines.pop() == ""
        return [json.loads(line) for line in lines]
    if name == "parquet":
        table = pq.read_table(out)
        rows = [{key: plain(cell) for key, cell in row.items()} for row in table.to_pylist()]
        for row in rows:
            for one in [*row.get("annotations", []), *row.get("suggestions", [])]:
                one["value"] = plain(one["value"])
        return table.schema, rows
    with out.open(encoding="utf-8", newline="") as file:
        return [[plain(cell) for cell in row] for row in csv.reader(file, delimiter="\t" if name == "tsv" else ",")]


FORMATS = ("jsonl", "csv", "tsv", "parquet")


def held(contents: Contents, rows: list[Any], formats: Iterable[str] = FORMATS) -> None:
    """Write the contents the quick way, and these rows the plain way, and hold both files and losses against each other."""
    with tempfile.TemporaryDirectory() as folder:
        for name in formats:
            quick, slow = Path(folder, f"quick.{name}"), Path(folder, f"slow.{name}")
            losses = exporters.get(name)()(contents, quick)
            expected = exporters.get(name)()(replace(contents, batches=[rows], lines=None, tables=None), slow)
            assert read(name, quick) == read(name, slow)
            assert losses == expected


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))  # a project shrinks too slowly
@given(
    seed=st.integers(0, 2**32), words=st.lists(word, min_size=2, max_size=8), size=st.sampled_from([1, 5, 1000]),
    dropped=st.booleans(), people=st.booleans(), skips=st.booleans(), suggestions=st.booleans(), history=st.booleans(),
    where=st.sampled_from(["", "", "state=labelled", "state=dropped", "state=original label=pos", "text=a", "split=train"]),
)  # fmt: skip
def test_lines_and_columns_say_what_the_rows_say(seed, words, size, where, **parts):
    store = open_store(":memory:")
    try:
        project = project_of(store, Random(seed), words)
        leaving = Leaving(records.RecordFilter.parse(where) if where else None, **parts)
        rows = rows_of(store, project, leaving)
        contents, total, left = export._project(store, "p", leaving)
        assert (total, left) == (len(rows), len(rows_of(store, project, replace(leaving, dropped=True))) - len(rows))
        assert [row for part in exports.batches(store, project, leaving, size) for row in part] == rows

        def tables(lists: bool) -> Iterator[pa.Table]:
            return export_columns.tables(store, project, leaving, contents.questions, lists=lists, size=size)

        held(replace(contents, lines=exports.lines(store, project, leaving, size), tables=tables), rows)
    finally:
        store.close()


@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    seed=st.integers(0, 2**32),
    words=st.lists(word, min_size=2, max_size=8),
    several=st.booleans(),
    size=st.sampled_from([1, 7, 1000]),
)
def test_a_version_leaves_the_quick_way_as_its_rows_say(seed, words, several, size):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_frozen, "SIZE", size)
        store = open_store(Path(folder, "w.duckdb"))
        try:
            version = frozen(store, Random(seed), words, several=several)
            contents, total = export._version(store, version)
            rows = frozen_rows(version)
            assert total == len(rows)
            assert [row for part in contents.batches for row in part] == rows
            held(contents, rows)
            assert [one.name for one in contents.asks] == [one["name"] for one in QUESTIONS[: 4 if several else 1]]
            assert [
                set(one.values) <= {q.name for q in contents.asks} for row in rows for one in answers_in(row, contents)
            ]
        finally:
            store.close()


def frozen(store: Store, rng: Random, words: list[str], *, several: bool) -> versions.Version:
    """A version of a small project, some records of which were made from others."""
    project = project_of(store, rng, words, size=20)
    questions = list(QUESTIONS) if several else [QUESTIONS[0]]
    (task,) = projects.tasks(store, project)
    with_task = {"questions": questions, "fields": [{"name": "text"}]}
    now = projects.save_task(store, project, name=task.name, kind="custom", definition=with_task)
    left = records.ids(store, project, records.RecordFilter(state="original"))
    for at, number in enumerate(left):
        value = {
            "label": LABELS[at % 2],
            **({} if not several else {'=said "it"': rng.choice(words) or "x", "a/b~c": 5}),
        }
        store.transact(lambda cursor, number=number, value=value: cursor.execute(
            "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value) VALUES (uuid(), ?, ?, ?, 'submitted', ?)",
            [number, now.id, rng.choice(PEOPLE), json.dumps(value)],
        ))  # fmt: skip
    try:
        return versions.get(store, jobs.run(store, verbs.get("freeze")(), project).result["version"])
    except WorkbenchError:  # all of one label: there is nothing to freeze
        reject()


def frozen_rows(version: versions.Version) -> list[dict[str, Any]]:
    """What must leave of a version, put together from its files one row at a time."""
    found = []
    for split in ("train", "validation", "test"):
        rows = pq.read_table(version.path / f"{split}.parquet").to_pylist()
        names = {row["id"]: row["external_id"] for row in rows}
        for row in rows:
            fields = json.loads(row.get("fields") or "{}")
            found.append({
                "id": row["external_id"], "text": row["text"], **({"fields": fields} if fields else {}),
                "meta": json.loads(row["meta"]), "split": row["split"], "status": "active", "parent": names.get(row["parent_id"]),
                "label": row["label"], **({"answers": json.loads(row["answers"])} if "answers" in row else {}),
                "annotators": row["annotators"], **({"simulated": True} if PEOPLE[2] in row["annotators"] else {}),
            })  # fmt: skip
    return found


def test_a_part_has_no_more_records_or_bytes_than_it_may(monkeypatch):
    monkeypatch.setattr(export_parts, "BYTES", 10)
    lengths = [3, 3, 3, 3, 30, 0, 0, 0, 0, 9, 2]
    cuts = list(export_parts._cuts(np.cumsum(lengths), 4))
    assert cuts == [(0, 3), (3, 4), (4, 5), (5, 9), (9, 10), (10, 11)]
    assert list(export_parts._cuts(np.cumsum([1] * 9), 4)) == [(0, 4), (4, 8), (8, 9)]
    assert list(export_parts._cuts(np.cumsum([]), 4)) == []


def test_the_readers_end_with_an_export_that_is_broken_off(store, fill):
    project = fill([f"text {i}" for i in range(40)])
    parts = exports.lines(store, project.id, Leaving(), 1)
    assert len(next(parts)) == 1
    parts.close()
    assert [one.name for one in threading.enumerate() if one.name.startswith("export")] == []
