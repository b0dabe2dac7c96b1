"""Augmented records: the originals that they can be made of, and what is already made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.store import records
from pipeline.store.database import Cursor, Store, to_json

_LIVE = "(r.job_id IN (SELECT id FROM job_live) OR r.job_id = $own)"


def originals(store: Store, project_id: int) -> pa.Table:
    """The originals in the data set, in id order: id, external_id and split (the file's own word)."""
    return store.arrow(
        "SELECT id, external_id, split FROM record_now "
        "WHERE project_id = ? AND parent_id IS NULL AND NOT dropped ORDER BY id",
        [project_id],
    )


def sources(store: Store, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What a variant takes from its original: id, external_id, text, fields and meta (both JSON), in id order."""
    return store.rows(
        "SELECT id, external_id, text, fields::VARCHAR AS fields, meta::VARCHAR AS meta FROM record_now "
        "WHERE id IN (SELECT unnest(?::BIGINT[])) ORDER BY id",
        [list(ids)],
    )


def taken(store: Store, project_id: int, own_job: int | None, names: Sequence[str]) -> set[str]:
    """Those of these external ids that live records, or records of the job at work, have."""
    found = store.rows(
        "SELECT r.external_id FROM record r WHERE r.project_id = $project "
        f"AND r.external_id IN (SELECT unnest($names::VARCHAR[])) AND {_LIVE}",
        {"project": project_id, "names": list(names), "own": own_job},
    )
    return {row["external_id"] for row in found}


def children(store: Store, own_job: int | None, parents: Sequence[int]) -> list[tuple[int, str]]:
    """(parent, text as it was made) of the augmented records that these originals have."""
    found = store.rows(
        "SELECT r.parent_id, r.text FROM record r "
        f"WHERE r.parent_id IN (SELECT unnest($parents::BIGINT[])) AND {_LIVE}",
        {"parents": list(parents), "own": own_job},
    )
    return [(row["parent_id"], row["text"]) for row in found]


def append(store: Store, cursor: Cursor, project_id: int, job_id: int, made: Sequence[dict[str, Any]]) -> None:
    """Inside a transaction: add variants, given as rows of external_id, text, fields, meta, parent_id and operation."""
    rows = [
        {**row, "project_id": project_id, "job_id": job_id, "split": None, "operation": to_json(row["operation"])}
        for row in made
    ]
    records.append(store, cursor, pa.Table.from_pylist(rows, schema=records.SCHEMA))


def examples(store: Store, job_id: int, limit: int = 10) -> list[dict[str, Any]]:
    """Some variants that a job made, whatever its state: external_id (of the original), original, variant."""
    return store.rows(
        "SELECT p.external_id, p.text AS original, r.text AS variant FROM record r "
        "JOIN records_seen(NULL) p ON p.id = r.parent_id WHERE r.job_id = ? ORDER BY hash(r.id) LIMIT ?",
        [job_id, limit],
    )


def count(store: Store, project_id: int) -> dict[str, int]:
    """How many `originals` and `augmented` records are in the data set."""
    found = store.row(
        "SELECT count(*) FILTER (parent_id IS NULL) AS originals, count(*) FILTER (parent_id IS NOT NULL) AS augmented "
        "FROM record_now WHERE project_id = ? AND NOT dropped",
        [project_id],
    )
    return found or {"originals": 0, "augmented": 0}


def sample(store: Store, project_id: int, size: int = 50) -> list[str]:
    """The texts of some originals in the data set, always the same ones."""
    found = store.rows(
        "SELECT text FROM record_now WHERE project_id = ? AND parent_id IS NULL AND NOT dropped "
        "ORDER BY hash(id) LIMIT ?",
        [project_id, size],
    )
    return [row["text"] for row in found]
