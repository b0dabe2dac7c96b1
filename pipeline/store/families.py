"""Near-duplicate pairs and families, by the job that found them; read a page at a time, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.store.database import Cursor, Store
from pipeline.store.family_labels import last_words

PAIRS = pa.schema([("job_id", pa.int32()), ("a", pa.int64()), ("b", pa.int64()), ("jaccard", pa.float64())])
MEMBERS = pa.schema(
    [("job_id", pa.int32()), ("family_id", pa.int64()), ("record_id", pa.int64()), ("kept", pa.bool_()),
     ("similarity", pa.float64())]
)  # fmt: skip
SHOWN = 10  # members of one family that a page reads beside the kept one
ORDERS = {
    "largest": "n DESC, family_id",
    "doubtful": "low, family_id",
    "import": "family_id",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A record in a family. `kept` is the one that the others are held against; `similarity` is to that one. `decision`
    is the job by which a person kept or dropped it, if one did: that outranks the search."""

    record_id: int
    external_id: str
    text: str
    kept: bool
    similarity: float
    dropped: bool
    labelled: bool
    decision: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A near-duplicate family: the kept record, then up to SHOWN others, the least similar first; `size` counts all.
    `contradictory`: its answers differ, so its records were to be looked at again and none was dropped."""

    id: int
    size: int
    kept: Member
    others: tuple[Member, ...]
    contradictory: bool = False


@dataclass(frozen=True, slots=True)
class FamilyFilter:
    """Which families of a job: of at least and at most so many records, with this text in one of them, or only those
    where a record stays that is unlike the kept one (`chains`), or that contradict themselves (`contradictory`)."""

    least: int = 2
    most: int | None = None
    text: str = ""
    chains: bool = False
    contradictory: bool = False


def waiting(store: Store, project_id: int) -> int:
    """How many records a search for near-duplicates would look at: in the data set, and not made from others."""
    return int(
        store.scalar(
            "WITH live AS (SELECT id FROM job_live), "
            "said AS (SELECT record_id, arg_max(kind, id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 "
            "END) AS kind FROM verdict WHERE kind IN ('drop', 'keep') AND job_id IN (SELECT id FROM live) "
            "GROUP BY record_id) "
            "SELECT count(*) FROM record WHERE project_id = ? AND parent_id IS NULL "
            "AND job_id IN (SELECT id FROM live) AND id NOT IN (SELECT record_id FROM said WHERE kind = 'drop')",
            [project_id],
        )
    )


def labelled(store: Store, project_id: int) -> pa.Array:
    """The ids of the project's records that have a submitted answer."""
    return (
        store.arrow(
            # what was submitted stands, but for records of which something else was said too: there it may not
            "WITH other AS (SELECT DISTINCT record_id FROM annotation_event WHERE state <> 'submitted') "
            "SELECT id FROM record WHERE project_id = $project AND id IN ("
            "SELECT record_id FROM annotation_event WHERE state = 'submitted' "
            "AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
            "AND record_id NOT IN (SELECT record_id FROM other) "
            f"UNION ALL SELECT record_id FROM ({last_words('record_id IN (SELECT record_id FROM other)')}) "
            "WHERE state = 'submitted')",
            {"project": project_id},
        )
        .column("id")
        .combine_chunks()
    )


def clear(cursor: Cursor, job_id: int) -> None:
    """Inside a transaction: take away what an earlier, broken-off try of this job wrote. Nobody has seen it."""
    for table in ("pair", "family_member", "verdict", "relabel_request"):
        cursor.execute(f"DELETE FROM {table} WHERE job_id = ?", [job_id])


def append_pairs(store: Store, cursor: Cursor, job_id: int, a: pa.Array, b: pa.Array, jaccard: pa.Array) -> None:
    """Inside a transaction: add verified pairs of record ids."""
    job = pa.repeat(pa.scalar(job_id, pa.int32()), len(a))
    store.insert("pair", pa.table([job, a, b, jaccard], schema=PAIRS), cursor)


def append_members(
    store: Store, cursor: Cursor, job_id: int, family: pa.Array, record: pa.Array, kept: pa.Array, similarity: pa.Array
) -> None:
    """Inside a transaction: add members of families."""
    job = pa.repeat(pa.scalar(job_id, pa.int32()), len(record))
    store.insert("family_member", pa.table([job, family, record, kept, similarity], schema=MEMBERS), cursor)


def pairs(store: Store, job_id: int) -> pa.Table:
    """The pairs of a job as external ids: columns a, b (text) and jaccard, in import order."""
    return store.arrow(
        "SELECT x.external_id AS a, y.external_id AS b, p.jaccard FROM pair p "
        "JOIN record x ON x.id = p.a JOIN record y ON y.id = p.b WHERE p.job_id = $job ORDER BY p.a, p.b",
        {"job": job_id},
    )


def count(store: Store, job_id: int, where: FamilyFilter | None = None) -> int:
    """How many families of the job the filter names."""
    return int(store.scalar(f"{_families(where)} SELECT count(*) FROM chosen", _params(job_id, where)))


def sizes(store: Store, job_id: int) -> list[dict[str, int]]:
    """How many families of each size the job found: rows of size, families; smallest first."""
    return store.rows(
        "SELECT n AS size, count(*) AS families FROM (SELECT count(*) AS n FROM family_member WHERE job_id = ? "
        "GROUP BY family_id) GROUP BY n ORDER BY n",
        [job_id],
    )


def held(store: Store, job_id: int) -> int:
    """How many of the records that a job drops stay all the same, because a person has said so."""
    return int(
        store.scalar(
            "SELECT count(*) FROM (SELECT record_id FROM verdict v JOIN job j ON j.id = v.job_id "
            "WHERE j.state = 'done' AND v.step = 'by hand' AND v.kind IN ('drop', 'keep') AND record_id IN "
            "(SELECT record_id FROM verdict WHERE job_id = $job AND kind = 'drop') "
            "GROUP BY record_id HAVING arg_max(v.kind, v.id) = 'keep')",
            {"job": job_id},
        )
    )


def decided(store: Store, job_ids: Sequence[int]) -> dict[int, int]:
    """How many records each of these decisions by hand was about."""
    rows = store.rows(
        "SELECT job_id, count(DISTINCT record_id) AS n FROM verdict "
        "WHERE job_id IN (SELECT unnest($jobs::INTEGER[])) GROUP BY job_id",
        {"jobs": list(job_ids)},
    )
    return {row["job_id"]: row["n"] for row in rows}


def page(store: Store, job_id: int, where: FamilyFilter | None = None, *, order: str = "largest", limit: int = 10,
         offset: int = 0) -> list[Family]:  # fmt: skip
    """One page of a job's families. `dropped` is as the records are now, or would be if the job is a preview."""
    return counted_page(store, job_id, where, order=order, limit=limit, offset=offset)[1]


def counted_page(store: Store, job_id: int, where: FamilyFilter | None = None, *, order: str = "largest",
                 limit: int = 10, offset: int = 0) -> tuple[int, list[Family]]:  # fmt: skip
    """How many families the filter names, and one page of them, as in `page`; of pages past the last the last one."""
    chosen = store.rows(
        f"{_families(where)}, total AS (SELECT count(*) AS total FROM chosen) SELECT family_id, n, odd, total "
        f"FROM chosen, total ORDER BY {ORDERS[order]} LIMIT $limit "
        "OFFSET (SELECT least($offset, greatest(total - 1, 0) // $limit * $limit) FROM total)",
        {**_params(job_id, where), "limit": limit, "offset": offset},
    )
    found: dict[int, list[Member]] = {}
    for row in _members(store, job_id, [row["family_id"] for row in chosen]):
        found.setdefault(row.pop("family_id"), []).append(Member(**row))
    return (chosen[0]["total"] if chosen else 0), [
        Family(row["family_id"], row["n"], found[row["family_id"]][0], tuple(found[row["family_id"]][1:]), row["odd"])
        for row in chosen
        if row["family_id"] in found
    ]


def ids(store: Store, job_id: int, family_id: int) -> list[tuple[int, bool]]:
    """Every record id of one family, and whether it is the kept one."""
    rows = store.rows(
        "SELECT record_id, kept FROM family_member WHERE job_id = ? AND family_id = ? ORDER BY record_id",
        [job_id, family_id],
    )
    return [(row["record_id"], row["kept"]) for row in rows]


def records_of(store: Store, job_id: int, family_ids: Sequence[int]) -> dict[int, list[int]]:
    """Every record id of each of these families, ascending."""
    found: dict[int, list[int]] = {family_id: [] for family_id in family_ids}
    for row in store.rows(
        "SELECT family_id, record_id FROM family_member WHERE job_id = $job "
        "AND family_id IN (SELECT unnest($families::BIGINT[])) ORDER BY record_id",
        {"job": job_id, "families": list(family_ids)},
    ):
        found[row["family_id"]].append(row["record_id"])
    return found


# The families of a job that a filter names, with their size and the least similarity in them.
_FAMILIES = """
WITH family AS (
  SELECT family_id, count(*) AS n, min(similarity) AS low,
    bool_or(NOT kept AND similarity < (SELECT (params->>'threshold')::DOUBLE FROM job WHERE id = $job)) AS chain,
    bool_or(record_id IN (SELECT record_id FROM relabel_request WHERE job_id = $job)) AS odd
  FROM family_member WHERE job_id = $job GROUP BY family_id),
chosen AS MATERIALIZED (
  SELECT * FROM family
  WHERE n >= $least AND ($most IS NULL OR n <= $most) AND (chain OR NOT $chains) AND (odd OR NOT $odd) {text})
"""
_WITH_TEXT = """AND family_id IN (
  SELECT m.family_id FROM family_member m JOIN record r ON r.id = m.record_id
  WHERE m.job_id = $job AND (contains(lower(r.text), lower($text)) OR r.external_id = $text))"""


def _families(where: FamilyFilter | None) -> str:
    return _FAMILIES.format(text=_WITH_TEXT if where is not None and where.text.strip() else "")


def _params(job_id: int, where: FamilyFilter | None) -> dict[str, Any]:
    where = where or FamilyFilter()
    params = {"job": job_id, "least": where.least, "most": where.most, "chains": where.chains,
              "odd": where.contradictory}  # fmt: skip
    return {**params, "text": where.text.strip()} if where.text.strip() else params


def _members(store: Store, job_id: int, family_ids: list[int]) -> list[dict[str, Any]]:
    """The members to show, as the view record_now has them with this job's verdicts, but folded for these few only."""
    if not family_ids:
        return []
    return store.rows(
        f"""
        WITH shown AS MATERIALIZED (
          SELECT family_id, record_id, kept, similarity FROM family_member
          WHERE job_id = $job AND family_id IN (SELECT unnest($families))
          QUALIFY row_number() OVER (PARTITION BY family_id ORDER BY kept DESC, similarity, record_id) <= $shown),
        said AS (
          SELECT v.* FROM verdict v JOIN job j ON j.id = v.job_id
          WHERE v.record_id IN (SELECT record_id FROM shown) AND (j.state = 'done' OR j.id = $job)),
        last AS (
          SELECT record_id, arg_max(text, id) FILTER (kind = 'edit') AS text,
            arg_max({{'kind': kind, 'hand': step = 'by hand', 'job': job_id}},
              id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END)
              FILTER (kind IN ('drop', 'keep')) AS word
          FROM said GROUP BY record_id)
        SELECT m.family_id, m.record_id, r.external_id, coalesce(l.text, r.text) AS text, m.kept, m.similarity,
          coalesce(l.word.kind = 'drop', false) AS dropped, CASE WHEN l.word.hand THEN l.word.job END AS decision,
          m.record_id IN (
            SELECT record_id FROM ({last_words("record_id IN (SELECT record_id FROM shown)")})
            WHERE state = 'submitted') AS labelled
        FROM shown m JOIN record r ON r.id = m.record_id LEFT JOIN last l ON l.record_id = m.record_id
        ORDER BY m.family_id, m.kept DESC, m.similarity, m.record_id
        """,
        {"job": job_id, "families": family_ids, "shown": SHOWN + 1},
    )
