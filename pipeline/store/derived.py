"""Derived columns: what steps worked out of a record beside its text. Added, never changed; live by their job, and
those of a text for as long as no later job edits it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.store.database import Cursor, Store, to_json

SIZE = 10_000  # records looked up at a time
SCHEMA = pa.schema(
    [("record_id", pa.int64()), ("job_id", pa.int32()), ("step", pa.string()), ("name", pa.string()),
     ("value", pa.string())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Derived:
    """One value of one derived column: which record, by which step, under which name. `value` is plain data."""

    record_id: int
    step: str
    name: str
    value: Any


def append(store: Store, cursor: Cursor, job_id: int, rows: Sequence[Derived]) -> None:
    """Inside a transaction: add derived values under their job, in order (the last of a record and a name wins)."""
    columns = [
        [row.record_id for row in rows], [job_id] * len(rows), [row.step for row in rows], [row.name for row in rows],
        [to_json(row.value) for row in rows],
    ]  # fmt: skip
    store.insert("derived", pa.table(columns, schema=SCHEMA), cursor)


def add(store: Store, cursor: Cursor, job_id: int, rows: pa.Table) -> None:
    """As `append`, of values that were made of texts and are columns already: all of SCHEMA but the job, `value` as
    JSON text."""
    jobs_of = pa.repeat(pa.scalar(job_id, pa.int32()), rows.num_rows)
    made = rows.append_column("job_id", jobs_of).append_column("of_text", pa.repeat(True, rows.num_rows))
    store.insert("derived", made, cursor)


def forget(cursor: Cursor, job_id: int, record_ids: Sequence[int]) -> None:
    """Inside a transaction: a running job edits these texts, so what it made of them before is of no worth."""
    cursor.execute(
        "DELETE FROM derived WHERE job_id = ? AND of_text AND record_id IN (SELECT unnest(?::BIGINT[]))",
        [job_id, list(record_ids)],
    )


def of(store: Store, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """{record: {name: value}} of the live derived columns of these records, the names by the alphabet."""
    found: dict[int, dict[str, Any]] = {}
    if not record_ids:
        return found
    bounds = {"low": min(record_ids), "high": max(record_ids), "ids": list(record_ids)}
    for row in store.rows(
        "SELECT * FROM derived_now WHERE record_id BETWEEN $low AND $high "
        "AND record_id IN (SELECT unnest($ids::BIGINT[])) ORDER BY record_id, name",
        bounds,
    ):
        found.setdefault(row["record_id"], {})[row["name"]] = json.loads(row["value"])
    return found


def into(store: Store, rows: pa.Table) -> pa.Table:
    """The table of records (`id`, `meta` as JSON text), in each meta also the record's live derived columns."""
    metas = rows["meta"].to_pylist()
    at = 0
    for batch in rows.select(["id"]).to_batches(max_chunksize=SIZE):
        ids = batch["id"].to_pylist()
        own = of(store, ids)
        for place, record in enumerate(ids, at):
            if record in own:
                metas[place] = to_json(joined(json.loads(metas[place]), own[record]))
        at += len(ids)
    return rows.set_column(rows.column_names.index("meta"), "meta", pa.array(metas, pa.string()))


def names(store: Store, project_id: int) -> list[str]:
    """The names of the project's live derived columns, by the alphabet."""
    found = store.rows(
        "SELECT DISTINCT d.name FROM derived d JOIN job_live j ON j.id = d.job_id WHERE j.project_id = ? ORDER BY ALL",
        [project_id],
    )
    return [row["name"] for row in found]


def joined(meta: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What the file said of a record, and its derived columns `own` behind: one of a name that the file has too becomes
    `name (derived)`, so that nothing that the file said is lost."""
    found = dict(meta)
    for name, value in own.items():
        free = name
        while free in found:
            free += " (derived)"
        found[free] = value
    return found
