"""The pairs that a search found, whole, as numbers: for what is counted over all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.store.database import Store

Array = NDArray[Any]


def listed(store: Store, job_id: int) -> tuple[Array, Array, Array]:
    """All pairs of a job: the ids of both records, and their similarity."""
    found = store.arrow("SELECT a, b, jaccard FROM pair WHERE job_id = $job", {"job": job_id})
    return _numbers(found, "a"), _numbers(found, "b"), _numbers(found, "jaccard")


def members(store: Store, job_id: int) -> tuple[Array, Array, Array]:
    """Every record in a family of the job, by ascending id; the record that its family keeps; its similarity to it."""
    found = store.arrow(
        "SELECT m.record_id, k.record_id AS keeper, m.similarity FROM family_member m "
        "JOIN family_member k ON k.family_id = m.family_id AND k.job_id = m.job_id AND k.kept "
        "WHERE m.job_id = $job ORDER BY m.record_id",
        {"job": job_id},
    )
    return _numbers(found, "record_id"), _numbers(found, "keeper"), _numbers(found, "similarity")


def asked_again(store: Store, job_id: int) -> Array:
    """The ids of the records that the job would have labelled again, because their families contradict themselves."""
    found = store.arrow(
        "SELECT DISTINCT record_id FROM relabel_request WHERE job_id = $job "
        "AND record_id IN (SELECT record_id FROM family_member WHERE job_id = $job)",
        {"job": job_id},
    )
    return _numbers(found, "record_id")


def lengths(store: Store, job_id: int) -> Array:
    """How many characters the text of each record in a family of the job has now, by ascending id of the record."""
    found = store.arrow(
        """
        WITH own AS (SELECT DISTINCT record_id AS id FROM family_member WHERE job_id = $job),
        edits AS (SELECT record_id, arg_max(text, id) AS text FROM verdict
          WHERE kind = 'edit' AND job_id IN (SELECT id FROM job_live) GROUP BY record_id)
        SELECT length(coalesce(e.text, r.text)) AS n FROM own JOIN record r ON r.id = own.id
        LEFT JOIN edits e ON e.record_id = own.id ORDER BY own.id
        """,
        {"job": job_id},
    )
    return _numbers(found, "n")


def last_search(store: Store, project_id: int, shingle: str, threshold: float, mode: str) -> int | None:
    """The project's last live search in this mode that cut texts like this and found all that this threshold finds:
    what came after it is what is new."""
    found = store.scalar(
        "SELECT max(id) FROM job WHERE project_id = $project AND state = 'done' AND kind = 'dedupe' "
        "AND params->>'shingle' = $shingle AND (params->>'threshold')::DOUBLE <= $threshold "
        "AND coalesce(params->>'mode', 'near') = $mode AND id IN (SELECT job_id FROM looked_at)",
        {"project": project_id, "shingle": shingle, "threshold": threshold, "mode": mode},
    )
    return None if found is None else int(found)


def imported_since(store: Store, project_id: int, job_id: int) -> int:
    """How many records were imported into the project after a job began and are still there."""
    found = store.scalar(
        "SELECT count(*) FROM record WHERE project_id = $project AND job_id > $job AND parent_id IS NULL "
        "AND job_id IN (SELECT id FROM job_live WHERE project_id = $project)",
        {"project": project_id, "job": job_id},
    )
    return int(found)


def _numbers(table: pa.Table, name: str) -> Array:
    return np.asarray(table.column(name).to_numpy())
