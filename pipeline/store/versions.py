"""Frozen versions, and the queries with which one is made. The folder of a version holds its rows; here is its card."""

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

SHORT = 12  # digits of a version's id that people and folders use
ROWS = pa.schema(
    [("id", pa.int64()), ("external_id", pa.string()), ("text", pa.string()), ("label", pa.string()),
     ("parent_id", pa.int64()), ("family", pa.int64()), ("split", pa.string()), ("annotators", pa.list_(pa.string())),
     ("meta", pa.string())]
)  # fmt: skip
# what a version has besides where its task asks for more than one label: both are JSON text
ANSWERED = pa.schema([*ROWS, ("answers", pa.string()), ("fields", pa.string())])


class NoSuchVersion(WorkbenchError):
    """A version id that names no version, or more than one."""


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen data set: {train,validation,test}.parquet (schema ROWS or ANSWERED) and card.json in the folder."""

    id: str
    project_id: int
    job_id: int
    path: Path
    card: Mapping[str, Any]
    created_at: datetime

    @property
    def short(self) -> str:
        return self.id[:SHORT]


def folder(store: Store) -> Path:
    """Where the versions of this database live, one folder each."""
    return store.folder / "versions"


def all_versions(store: Store, project_id: int | None = None) -> list[Version]:
    """The versions that were not undone, newest first: of one project, or of all."""
    found = store.rows(
        "SELECT v.* FROM version v JOIN job_live j ON j.id = v.job_id "
        "WHERE ($project IS NULL OR v.project_id = $project) "
        "QUALIFY row_number() OVER (PARTITION BY v.project_id, v.id ORDER BY v.job_id DESC) = 1 "
        "ORDER BY v.created_at DESC, v.job_id DESC",
        {"project": project_id},
    )
    return [_version(store, row) for row in found]


def get(store: Store, prefix: str) -> Version:
    """The version whose id starts so. Raises NoSuchVersion if there is none, or more than one."""
    known = all_versions(store)
    found = [v for v in known if prefix and v.id.startswith(prefix.strip().lower())]
    if len({v.id for v in found}) > 1:
        raise NoSuchVersion(
            f"'{prefix}' begins {len(found)} versions: {', '.join(v.short for v in found[:5])}. Write more of the id."
        )
    if found:
        return found[0]
    undone = store.row(
        "SELECT v.job_id FROM version v JOIN job j ON j.id = v.job_id "
        "WHERE starts_with(v.id, ?) AND j.state = 'undone' ORDER BY v.job_id DESC LIMIT 1",
        [prefix or "?"],
    )
    if undone is not None:
        raise NoSuchVersion(f"Version '{prefix}' was undone. Redo job {undone['job_id']} to have it back.")
    names = ", ".join(v.short for v in known[:10]) or "none yet: freeze a project to make one"
    raise NoSuchVersion(f"There is no version '{prefix}'. Versions: {names}.")


def candidates(store: Store, project_id: int, task_id: int, question: str, labels: Sequence[str]) -> pa.Table:
    """What a version can be made of: every labelled original in the data set and its augmented children.

    Columns of ROWS but family and split, and `given` (the file's split), `simulated` (the label is a simulated
    annotator's alone), `disputed` (annotators disagree), `reopened` (a relabel request is open). A label is the
    majority of the submitted answers, the latest of the leading ones where they tie; a child has its parent's. Only
    answers among `labels` count.
    """
    return store.arrow(
        _LABELLED
        + """
        , originals AS (
          SELECT r.id, r.external_id, r.text, l.label, r.parent_id, l.annotators, r.meta::VARCHAR AS meta,
            r.split AS given, l.simulated, l.disputed,
            r.id IN (SELECT q.record_id FROM relabel_open q WHERE q.task_id = $task) AS reopened
          FROM live r JOIN labelled l ON l.record_id = r.id WHERE r.parent_id IS NULL
        )
        SELECT * FROM originals
        UNION ALL
        SELECT r.id, r.external_id, r.text, p.label, r.parent_id, p.annotators, r.meta::VARCHAR, NULL,
          p.simulated, false, false
        FROM live r JOIN originals p ON p.id = r.parent_id
        ORDER BY id
        """,
        {"project": project_id, "task": task_id, "question": _pointer(question), "labels": list(labels)},
    )


def not_among(store: Store, project_id: int, task_id: int, question: str, labels: Sequence[str]) -> int:
    """How many submitted answers on originals in the data set are a label that is not among `labels`."""
    found = store.scalar(
        _LABELLED + "SELECT count(*) FROM answers a JOIN live r ON r.id = a.record_id WHERE r.parent_id IS NULL "
        "AND a.label <> '' AND NOT list_contains($labels::VARCHAR[], a.label)",
        {"project": project_id, "task": task_id, "question": _pointer(question), "labels": list(labels)},
    )
    return int(found or 0)


def forecast(
    store: Store, project_id: int, task_id: int, question: str, labels: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    """What a version would be made of now, counted: `labels` {label: {"originals", "augmented"}}, `disputed`,
    `reopened`, `simulated`."""  # fmt: skip
    found = store.rows(
        _LABELLED
        + """
        , children AS (SELECT parent_id, count(*) AS n FROM live WHERE parent_id IS NOT NULL GROUP BY parent_id)
        SELECT l.label, count(*) AS originals, coalesce(sum(c.n), 0)::BIGINT AS augmented,
          count(*) FILTER (l.disputed) AS disputed, count(*) FILTER (l.simulated) AS simulated,
          count(*) FILTER (r.id IN (SELECT q.record_id FROM relabel_open q WHERE q.task_id = $task)) AS reopened
        FROM live r JOIN labelled l ON l.record_id = r.id LEFT JOIN children c ON c.parent_id = r.id
        WHERE r.parent_id IS NULL GROUP BY l.label ORDER BY originals DESC, l.label
        """,
        {"project": project_id, "task": task_id, "question": _pointer(question), "labels": list(labels)},
    )
    totals = {key: sum(row[key] for row in found) for key in ("disputed", "simulated", "reopened")}
    by_label = {row["label"]: {"originals": row["originals"], "augmented": row["augmented"]} for row in found}
    return {"labels": by_label, **totals}


def family_links(store: Store, project_id: int) -> list[tuple[int, int]]:
    """Pairs of records that the live dedupe jobs of the project put into one family."""
    found = store.arrow(
        "SELECT min(m.record_id) OVER (PARTITION BY m.job_id, m.family_id) AS a, m.record_id AS b "
        "FROM family_member m JOIN job_live j ON j.id = m.job_id WHERE j.project_id = ? QUALIFY a <> b",
        [project_id],
    )
    return list(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True))


def assignments(store: Store, project_id: int) -> dict[int, str]:
    """The split that each record was first frozen into. A freeze that was undone counts only if a model has seen it."""
    found = store.arrow(
        "SELECT record_id, arg_min(split, job_id) AS split FROM split_assignment WHERE project_id = ? AND "
        "(job_id IN (SELECT id FROM job_live) OR job_id IN "
        "(SELECT v.job_id FROM version v JOIN run u ON starts_with(v.id, u.version_id))) GROUP BY record_id",
        [project_id],
    )
    return dict(zip(found["record_id"].to_pylist(), found["split"].to_pylist(), strict=True))


def shaped_by(store: Store, project_id: int) -> list[dict[str, Any]]:
    """The live jobs that made the project's data what it is, oldest first: id, kind, params."""
    found = store.rows(
        "SELECT id, kind, params FROM job WHERE project_id = ? AND state = 'done' AND kind <> 'freeze' ORDER BY id",
        [project_id],
    )
    return [{**row, "params": json.loads(row["params"])} for row in found]


def save(
    store: Store, job_id: int, project_id: int, version_id: str, card: Mapping[str, Any], splits: Mapping[int, str]
) -> None:
    """Note a version and the split of each of its original records, in one transaction.

    All of them, also where an earlier version has them: that one may be undone while this one stays. A second try of
    the job replaces what its first left.
    """
    rows = pa.table(
        [[project_id] * len(splits), list(splits), list(splits.values()), [job_id] * len(splits)],
        schema=pa.schema(
            [("project_id", pa.int32()), ("record_id", pa.int64()), ("split", pa.string()), ("job_id", pa.int32())]
        ),
    )

    def work(cursor: Cursor) -> None:
        cursor.execute("DELETE FROM version WHERE job_id = ?", [job_id])
        cursor.execute("DELETE FROM split_assignment WHERE job_id = ?", [job_id])
        cursor.execute(
            "INSERT INTO version (id, project_id, job_id, path, card) VALUES (?, ?, ?, ?, ?)",
            [version_id, project_id, job_id, f"versions/{version_id[:SHORT]}", to_json(dict(card))],
        )
        store.insert("split_assignment", rows, cursor)

    store.transact(work)


def _version(store: Store, row: Mapping[str, Any]) -> Version:
    path = store.folder / row["path"]  # stored relative, so that a moved database finds its versions
    return Version(row["id"], row["project_id"], row["job_id"], path, json.loads(row["card"]), row["created_at"])


def _pointer(question: str) -> str:
    return "/" + question.replace("~", "~0").replace("/", "~1")


# `live`: the records in the data set. `labelled`: each record's label and who gave it.
_LABELLED = """
WITH live AS (SELECT * FROM record_now WHERE project_id = $project AND NOT dropped),
answers AS (
  SELECT a.record_id, a.annotator, coalesce(p.kind = 'simulated', false) AS simulated,
    {'at': a.created_at, 'id': a.id} AS given,  -- a changed label writes an answer anew, as old as it was
    json_extract_string(a.value, $question) AS label
  FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator
  WHERE a.task_id = $task AND a.state = 'submitted'
),
tallies AS (
  SELECT record_id, label, count(*) AS votes, max(given) AS latest, bool_and(simulated) AS simulated
  FROM answers WHERE list_contains($labels::VARCHAR[], label) GROUP BY record_id, label
),
winners AS (
  SELECT record_id, arg_max({'label': label, 'simulated': simulated}, {'votes': votes, 'latest': latest}) AS best,
    count(*) > 1 AS disputed
  FROM tallies GROUP BY record_id
),
voters AS (
  SELECT record_id, list(annotator ORDER BY annotator) AS annotators FROM answers
  WHERE list_contains($labels::VARCHAR[], label) GROUP BY record_id
),
labelled AS (
  SELECT l.record_id, l.best.label AS label, l.best.simulated AS simulated, l.disputed, v.annotators
  FROM winners l JOIN voters v ON v.record_id = l.record_id
)
"""
