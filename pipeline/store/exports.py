"""The records of a project as they leave: with every answer and suggestion, batch by batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.store.database import Store

SIZE = 8192  # records a batch: the most that is held in memory


def replaceable(store: Store, target: Path) -> bool:
    """Whether a new file may take this one's place: not that of a device (/dev/null) or of the open database."""
    if not target.exists():
        return True
    return target.is_file() and target.resolve() != Path(store.path).resolve()


def counts(store: Store, project_id: int) -> tuple[int, int]:
    """How many records the project has in its data set, and how many that were dropped."""
    row = store.row(
        "SELECT count(*) FILTER (NOT dropped) AS active, count(*) FILTER (dropped) AS dropped FROM record_now "
        "WHERE project_id = ?",
        [project_id],
    )
    return (row["active"], row["dropped"]) if row else (0, 0)


def simulated(store: Store) -> frozenset[str]:
    """The names of annotators whose answers a program made up."""
    return frozenset(row["name"] for row in store.rows("SELECT name FROM annotator WHERE kind = 'simulated'"))


def batches(store: Store, project_id: int, *, dropped: bool, size: int = SIZE) -> Iterator[list[dict[str, Any]]]:
    """Records in id order as rows of pipeline.exporters.Contents, the dropped ones too if asked for."""
    after = 0
    while True:
        found = store.rows(
            "SELECT r.id AS number, r.external_id AS id, r.text, r.fields, r.meta, r.split, r.dropped, "
            "p.external_id AS parent FROM record_now r LEFT JOIN record p ON p.id = r.parent_id "
            "WHERE r.project_id = $project AND r.id > $after AND ($dropped OR NOT r.dropped) ORDER BY r.id LIMIT $size",
            {"project": project_id, "after": after, "dropped": dropped, "size": size},
        )
        if not found:
            return
        bounds = {"low": found[0]["number"], "high": found[-1]["number"], "project": project_id}
        answers, hints = _annotations(store, bounds), _suggestions(store, bounds)
        after = bounds["high"]
        yield [_row(row, answers, hints) for row in found]


def _row(row: dict[str, Any], answers: dict[int, list[Any]], hints: dict[int, list[Any]]) -> dict[str, Any]:
    fields = _parsed(row["fields"])
    return {
        "id": row["id"], "text": row["text"], **({"fields": fields} if fields else {}), "meta": _parsed(row["meta"]),
        "split": row["split"], "status": "dropped" if row["dropped"] else "active", "parent": row["parent"],
        "annotations": answers.get(row["number"], []), "suggestions": hints.get(row["number"], []),
    }  # fmt: skip


def _parsed(text: str) -> Any:
    return {} if text == "{}" else json.loads(text)  # nearly all are empty, and parsing is a third of the time


def _annotations(store: Store, bounds: dict[str, int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in store.rows(
        "SELECT a.record_id, a.annotator, a.state, a.value, a.comment, a.reason, a.flagged, a.created_at, p.kind "
        "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator WHERE a.record_id BETWEEN $low AND $high "
        "AND a.task_id IN (SELECT id FROM task_revision WHERE project_id = $project) "
        "AND a.state IN ('submitted', 'skipped', 'draft') ORDER BY a.id",
        bounds,
    ):
        extra = {name: row[name] for name in ("comment", "reason", "flagged") if row[name]}
        if row["kind"] == "simulated":
            extra["simulated"] = True
        at = row["created_at"].isoformat() + "Z"
        for question, value in (json.loads(row["value"]) or {None: None}).items():
            answer = {"annotator": row["annotator"], "question": question, "state": row["state"], "value": value,
                      "created_at": at, **extra}  # fmt: skip
            found.setdefault(row["record_id"], []).append(answer)
    return found


def _suggestions(store: Store, bounds: dict[str, int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in store.rows(
        "SELECT record_id, source, question, value, score FROM suggestion_now "
        "WHERE record_id BETWEEN $low AND $high "
        "AND task_id IN (SELECT id FROM task_revision WHERE project_id = $project) ORDER BY id",
        bounds,
    ):
        row["value"] = json.loads(row["value"])
        found.setdefault(row.pop("record_id"), []).append(row)
    return found
