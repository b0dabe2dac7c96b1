"""The index of runs (their directories are the truth), and requests to label again what a run got wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.domain import WorkbenchError
from pipeline.store.database import Cursor, Store, to_json


class NoSuchRun(WorkbenchError):
    """A run that the database does not hold."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it was last seen."""

    id: str
    project_id: int
    version_id: str
    path: Path
    config: Mapping[str, Any]
    state: str
    metrics: Mapping[str, Any]
    created_at: datetime
    finished_at: datetime | None


_COLUMNS = "id, project_id, version_id, path, config, state, metrics, created_at, finished_at"


def add(store: Store, run_id: str, project_id: int, version_id: str, path: Path, config: Mapping[str, Any]) -> None:
    """Index a new run. Its path is kept relative to the store's own folder, so that both can be moved together."""

    def work(cursor: Cursor) -> None:
        cursor.execute(
            "INSERT INTO run (id, project_id, version_id, path, config, state) VALUES (?, ?, ?, ?, ?, 'queued')",
            [run_id, project_id, version_id, str(path.relative_to(store.folder)), to_json(dict(config))],
        )

    store.transact(work)


def note(store: Store, run_id: str, state: str, metrics: Mapping[str, Any], *, ended: bool) -> None:
    """Write down what a run's directory says now."""

    def work(cursor: Cursor) -> None:
        cursor.execute(
            "UPDATE run SET state = ?, metrics = ?, "
            "finished_at = CASE WHEN ? THEN get_current_timestamp() AT TIME ZONE 'UTC' END WHERE id = ?",
            [state, to_json(dict(metrics)), ended, run_id],
        )

    store.transact(work)


def all_runs(store: Store, project_id: int | None = None) -> list[RunRow]:
    """The runs of one project (or of all), newest first, as last noted."""
    found = store.rows(
        f"SELECT {_COLUMNS} FROM run WHERE $project IS NULL OR project_id = $project ORDER BY created_at DESC, id DESC",
        {"project": project_id},
    )
    return [_run(store, row) for row in found]


def find(store: Store, run_id: str) -> RunRow:
    """The run of this id, or of the one id that begins so. Raises NoSuchRun."""
    found = store.rows(
        f"SELECT {_COLUMNS} FROM run WHERE id = $id OR starts_with(id, $id) ORDER BY id = $id DESC, id LIMIT 2",
        {"id": run_id},
    )
    if not run_id or not found:
        raise NoSuchRun(f"There is no run '{run_id}'. The command 'winnow runs' and the train page list them.")
    if len(found) > 1 and found[0]["id"] != run_id:
        raise NoSuchRun(f"Several runs begin with '{run_id}'. Write more of the id.")
    return _run(store, found[0])


def answers(store: Store, record_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Who labelled these records: {record: [{"annotator", "simulated", "value"}]}; value is {question: answer}."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in store.rows(
        "SELECT a.record_id, a.annotator, coalesce(p.kind = 'simulated', false) AS simulated, a.value "
        "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator "
        "WHERE a.record_id IN (SELECT unnest($ids::BIGINT[])) AND a.state = 'submitted' ORDER BY a.id",
        {"ids": list(record_ids)},
    ):
        row["value"] = json.loads(row["value"])
        found.setdefault(row.pop("record_id"), []).append(row)
    return found


def waiting_for_relabel(store: Store, task_id: int) -> set[int]:
    """The records that are asked to be labelled again and have not been."""
    return {row["record_id"] for row in store.rows("SELECT record_id FROM relabel_open WHERE task_id = ?", [task_id])}


def ask_relabel(
    store: Store, cursor: Cursor, *, job_id: int, task_id: int, run_id: str | None, reasons: Mapping[int, str]
) -> None:
    """Inside a transaction: ask for records to be labelled again, each with its reason."""
    n = len(reasons)
    columns = {
        "record_id": pa.array(list(reasons), pa.int64()), "task_id": pa.array([task_id] * n, pa.int32()),
        "reason": pa.array(list(reasons.values()), pa.string()), "run_id": pa.array([run_id] * n, pa.string()),
        "job_id": pa.array([job_id] * n, pa.int32()),
    }  # fmt: skip
    store.insert("relabel_request", pa.table(columns), cursor)


def _run(store: Store, row: Mapping[str, Any]) -> RunRow:
    parsed = {name: json.loads(row[name]) for name in ("config", "metrics")}
    return RunRow(**{**row, **parsed, "path": store.folder / row["path"]})
