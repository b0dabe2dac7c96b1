"""What corpus steps and the cleaning page ask of the store: a step's SELECT run inside its job, and its tally.

pipeline/steps/base.py says which relations and columns a SELECT may name, and what it gives.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.store.database import Cursor, Store

KINDS = ("drop", "flag", "review", "derive")
SIZE = 10_000  # texts folded at a time
GIVEN = pa.schema(
    [("record_id", pa.int64()), ("reason", pa.string()), ("kind", pa.string()), ("name", pa.string()),
     ("value", pa.string()), ("task_id", pa.int32())]
)  # fmt: skip
_BASE = ("id", "external_id", "text", "parent_id")
_WIDER = {"fields": "r.fields", "meta": "r.meta", "derived": "coalesce(d.columns, '{}'::JSON) AS derived"}
_DERIVED = """
LEFT JOIN (SELECT record_id, json_group_object(name, value) AS columns FROM derived_seen($own_job) GROUP BY record_id) d
  ON d.record_id = r.id
"""
# `answers`: what a version would count. `families`: those of searches for texts that are nearly the same as a whole.
_ANSWERS = """
asked AS (
  SELECT task_id, q ->> 'name' AS question, q ->> 'kind' AS kind FROM (
    SELECT id AS task_id, unnest(CAST(json_extract(definition, '$.questions') AS JSON[])) AS q
    FROM task WHERE project_id = $own_project)),
answers AS MATERIALIZED (
  SELECT e.record_id, e.task_id, e.annotator, e.simulated, e.key AS question, k.kind, e.value,
    CASE WHEN k.kind IN ('choice', 'rating') THEN e.value ->> '$' END AS label
  FROM (
    SELECT a.record_id, a.task_id, a.annotator, coalesce(p.kind = 'simulated', false) AS simulated,
      unnest(map_entries(CAST(a.value AS MAP(VARCHAR, JSON))), recursive := true)
    FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator
    WHERE a.state = 'submitted' AND a.task_id IN (SELECT task_id FROM asked)) e
  JOIN asked k ON k.task_id = e.task_id AND k.question = e.key
  WHERE e.record_id IN (SELECT id FROM corpus))
"""
_FAMILIES = """
families AS (
  SELECT m.job_id, m.family_id, m.record_id FROM family_member m JOIN job j ON j.id = m.job_id
  WHERE j.project_id = $own_project AND j.state = 'done' AND j.kind = 'dedupe'
    AND coalesce(j.params ->> 'mode', 'near') = 'near' AND m.record_id IN (SELECT id FROM corpus))
"""
# Nobody is asked what is asked already, nor again for a reason that somebody has looked into: the labels that a reason
# names are part of it, so new ones are asked of.
_REVIEW = """
INSERT INTO relabel_request (record_id, task_id, reason, job_id, step)
SELECT record_id, task, min(reason), $own_job, $own_step FROM (
  SELECT record_id, reason, coalesce(task_id, (SELECT min(id) FROM task WHERE project_id = $own_project)) AS task
  FROM _found WHERE kind = 'review') f
WHERE NOT EXISTS (SELECT 1 FROM relabel_open q WHERE q.record_id = f.record_id AND q.task_id = f.task)
  AND NOT EXISTS (SELECT 1 FROM relabel_request q WHERE q.record_id = f.record_id AND q.task_id = f.task
    AND (q.job_id = $own_job OR q.reason = f.reason AND q.job_id IN (SELECT id FROM job_live)))
GROUP BY record_id, task ORDER BY record_id
"""


def apply_selected(
    cursor: Cursor, *, job_id: int, project_id: int, step: str, select: str, params: Mapping[str, Any]
) -> int:  # fmt: skip
    """Inside a transaction: do with each record what a row of `select` says (drop, flag, review, derive). Returns how
    many rows there were.

    Its relations show the records with the effects of the running job `job_id`. Raises ValueError for a kind that does
    not exist.
    """
    own = {"own_job": job_id, "own_project": project_id}
    relations = _relations(cursor, select, own)
    used = {name: value for name, value in own.items() if f"${name}" in relations}
    found = cursor.sql(f"{relations} SELECT * FROM ({select}) s", params={**params, **used}).to_arrow_table()
    cursor.register("_found", _as_given(found))
    try:
        _check(cursor, step)
        asked = cursor.execute("SELECT count(*) FROM task WHERE project_id = ?", [project_id]).fetchone()
        _write(cursor, {**own, "own_step": step}, asked=bool(asked and asked[0]))
    finally:
        cursor.unregister("_found")
        if _names(select, "folded"):
            cursor.unregister("_folded")
    return found.num_rows


def keep_only(cursor: Cursor, job_id: int, record_ids: Sequence[int]) -> None:
    """Inside a transaction: forget what a preview said of all records but these."""
    for table in ("verdict", "derived", "relabel_request"):
        cursor.execute(
            f"DELETE FROM {table} WHERE job_id = ? AND record_id NOT IN (SELECT unnest(?::BIGINT[]))",
            [job_id, list(record_ids)],
        )


def _write(cursor: Cursor, own: Mapping[str, Any], *, asked: bool) -> None:
    job = {name: own[name] for name in ("own_job", "own_step")}
    cursor.execute(
        "INSERT INTO verdict (record_id, job_id, step, kind, reason) SELECT record_id, $own_job, $own_step, "
        "CASE WHEN kind = 'review' THEN 'flag' ELSE kind END, reason FROM _found "
        "WHERE kind IN ('drop', 'flag') OR kind = 'review' AND NOT $asked ORDER BY record_id",
        {**job, "asked": asked},
    )
    cursor.execute(
        "INSERT INTO derived (record_id, job_id, step, name, value) SELECT record_id, $own_job, $own_step, name, value "
        "FROM _found WHERE kind = 'derive' ORDER BY record_id",
        job,
    )
    if asked:
        cursor.execute(_REVIEW, own)


def _check(cursor: Cursor, step: str) -> None:
    strange = cursor.execute("SELECT kind FROM _found WHERE kind NOT IN (SELECT unnest(?)) LIMIT 1", [list(KINDS)])
    for (kind,) in strange.fetchall():
        raise ValueError(f"the step {step} gives a row of the kind {kind!r}; there are: {', '.join(KINDS)}")


def _as_given(found: pa.Table) -> pa.Table:
    """The rows with all columns of GIVEN; what was left out is null, and a kind that was left out is a drop."""
    columns = {field.name: found[field.name].cast(field.type) if field.name in found.column_names
               else pa.nulls(found.num_rows, field.type) for field in GIVEN}  # fmt: skip
    columns["kind"] = columns["kind"].fill_null("drop")
    columns["reason"] = columns["reason"].fill_null("")
    return pa.table(columns, schema=GIVEN)


def _names(select: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", select) is not None


def _relations(cursor: Cursor, select: str, own: Mapping[str, Any]) -> str:
    """The WITH clause that defines what the SELECT names, and no more: what it does not name costs nothing."""
    wider = [name for name in _WIDER if _names(select, name)]
    columns = ", ".join([*(f"r.{name}" for name in _BASE), *(_WIDER[name] for name in wider)])
    join = _DERIVED if "derived" in wider else ""
    corpus = (
        f"WITH corpus AS MATERIALIZED (SELECT {columns} FROM records_seen($own_job) r {join} "
        "WHERE r.project_id = $own_project AND NOT r.dropped)"
    )
    parts = [corpus]
    if _names(select, "answers"):
        parts.append(_ANSWERS)
    if _names(select, "families"):
        parts.append(_FAMILIES)
    if _names(select, "folded"):
        cursor.register("_folded", _folded(cursor, corpus, own))
        parts.append("folded AS (SELECT record_id, key FROM _folded)")
    return ", ".join(parts)


def _folded(cursor: Cursor, corpus: str, own: Mapping[str, Any]) -> pa.Table:
    """record_id and key of all records that have something to read. The database folds no widths, and keys of 16 bytes
    take less room than the texts."""
    reader = cursor.sql(f"{corpus} SELECT id, text FROM corpus", params=own).to_arrow_reader(SIZE)
    schema = pa.schema([("record_id", pa.int64()), ("key", pa.binary(16))])
    return pa.Table.from_batches(_keys(reader, schema), schema)


def _keys(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        texts = (fold(text) for text in batch.column("text").to_pylist())
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() if text else None for text in texts]
        whole = pa.record_batch([batch.column("id"), pa.array(keys, pa.binary(16))], schema=schema)
        yield whole.filter(whole.column("key").is_valid())


def fold(text: str) -> str:
    """The text without what makes no other text of it: case, width (NFKC) and white space at the ends or in runs."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def touched(store: Store, job_id: int) -> dict[str, int]:
    """{kind of effect: different records} of one job, whatever its state; drop, edit and flag are always there."""
    found = {"drop": 0, "edit": 0, "flag": 0}
    for row in store.rows(
        "SELECT kind, count(DISTINCT record_id) AS n FROM effect WHERE job_id = ? GROUP BY kind", [job_id]
    ):
        found[row["kind"]] = row["n"]
    return found


def effects(store: Store, job_id: int) -> dict[str, dict[str, int]]:
    """{kind: {step: different records}} of one job, whatever its state: drop, edit, flag, review and derive."""
    found: dict[str, dict[str, int]] = {kind: {} for kind in ("drop", "edit", "flag", "review", "derive")}
    for row in store.rows(
        "SELECT kind, step, count(DISTINCT record_id) AS n FROM effect WHERE job_id = ? AND kind <> 'keep' "
        "GROUP BY ALL ORDER BY ALL",
        [job_id],
    ):
        found[row["kind"]][row["step"]] = row["n"]
    return found
