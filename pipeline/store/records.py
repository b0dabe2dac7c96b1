"""Records: bulk append, and the one filter with which every page, number and verb names a set of records."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from pipeline.domain import Record, WorkbenchError
from pipeline.store import derived
from pipeline.store.database import Cursor, Store

STATES = (
    "active",
    "dropped",
    "edited",
    "flagged",
    "unlabelled",
    "labelled",
    "skipped",
    "relabel",
    "augmented",
    "original",
)
LONGEST_NUMBER = 18  # digits that a BIGINT surely holds
SCHEMA = pa.schema(
    [("project_id", pa.int32()), ("job_id", pa.int32()), ("external_id", pa.string()), ("text", pa.string()),
     ("fields", pa.string()), ("meta", pa.string()), ("split", pa.string()), ("parent_id", pa.int64()),
     ("operation", pa.string())]
)  # fmt: skip


class BadFilter(WorkbenchError):
    """A filter with a word that it does not know."""


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """A set of records, written as words: `state=unlabelled label=positive text="too late"`. The URL carries it so.

    state is one of STATES; text is a case-insensitive substring; flag names a step; step, reason and verdict (drop,
    edit, flag, keep, review, derive) are of one thing that a job said, and the reason may be its phrase alone; label,
    annotator and source (of a suggestion) name answers; family, parent and id are numbers; split is the one that the
    file gave; external is the file's own id. job is the job of the verdict or the family, if one is named, and may then
    be a preview; else the one that made, judged or answered the record. unlike is a job that does not do to the record
    what `job` does: the verdict if one is named (of edits: that leaves another text), else anything. flagged_by is the
    annotator who marked the record to be looked at, or * for anybody; skipped_for is the reason that somebody skipped
    it for.
    """

    state: str | None = None
    text: str | None = None
    step: str | None = None
    reason: str | None = None
    verdict: str | None = None
    flag: str | None = None
    job: int | None = None
    unlike: int | None = None
    label: str | None = None
    annotator: str | None = None
    source: str | None = None
    family: int | None = None
    parent: int | None = None
    id: int | None = None
    split: str | None = None
    external: str | None = None
    flagged_by: str | None = None
    skipped_for: str | None = None

    @classmethod
    def parse(cls, words: str) -> RecordFilter:
        """Read the written form. Raises BadFilter with the words that it knows."""
        known = {f.name: "int" in str(f.type) for f in fields(cls)}
        found: dict[str, Any] = {}
        try:
            parts = shlex.split(words)
        except ValueError:
            raise BadFilter(f"The filter {words!r} has an open quotation mark. Close it.") from None
        for part in parts:
            name, mark, value = part.partition("=")
            if not mark:
                name, value = "text", " ".join(filter(None, [found.get("text"), part]))
            if name not in known:
                raise BadFilter(f"'{name}' is not part of a filter. Use: {', '.join(known)}, each as name=value.")
            if known[name] and not (value.isdecimal() and len(value) <= LONGEST_NUMBER):
                raise BadFilter(f"'{name}' in a filter takes a number, not '{value}'.")
            if name == "state" and value not in STATES:
                raise BadFilter(f"'{value}' is not a state of records. States: {', '.join(STATES)}.")
            found[name] = int(value) if known[name] else value
        if "unlike" in found and "job" not in found:
            raise BadFilter("'unlike' in a filter holds one job against another: name that one too, as job=number.")
        return cls(**found)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RecordFilter:
        """Read the form {name: value}. Raises BadFilter."""
        given = {name: value for name, value in plain.items() if value is not None}
        return cls.parse(" ".join(f"{name}={shlex.quote(str(value))}" for name, value in given.items()))

    def __str__(self) -> str:
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return " ".join(f"{name}={shlex.quote(str(value))}" for name, value in pairs if value is not None)


_STATE_SQL = {
    "active": "NOT r.dropped",
    "dropped": "r.dropped",
    "edited": "r.edited",
    "flagged": "r.flags IS NOT NULL",
    "unlabelled": "NOT r.dropped AND r.parent_id IS NULL AND NOT EXISTS (SELECT 1 FROM annotation_now a "
    "WHERE a.record_id = r.id AND a.state IN ('submitted', 'skipped'))",
    "labelled": "EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = r.id AND a.state = 'submitted')",
    "skipped": "EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = r.id AND a.state = 'skipped')",
    "relabel": "EXISTS (SELECT 1 FROM relabel_open q WHERE q.record_id = r.id)",
    "augmented": "r.parent_id IS NOT NULL",
    "original": "r.parent_id IS NULL",
}
_FIELD_SQL = {
    "text": "contains(lower(r.text), lower($text))",
    "flag": "list_contains(r.flags, $flag)",
    "job": "(r.job_id = $job OR r.id IN (SELECT v.record_id FROM verdict v WHERE v.job_id = $job) "
    "OR r.id IN (SELECT a.record_id FROM annotation_event a WHERE a.job_id = $job))",
    "label": "EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = r.id AND a.state = 'submitted' "
    "AND (list_contains(json_extract_string(a.value, '$.*'), $label) "
    "OR list_contains(json_extract_string(a.value, '$.*[*]'), $label) "
    "OR list_contains(json_extract_string(a.value, '$.*[*].label'), $label)))",
    "annotator": "EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = r.id AND a.annotator = $annotator "
    "AND a.state IN ('submitted', 'skipped'))",
    "source": "EXISTS (SELECT 1 FROM suggestion_now s WHERE s.record_id = r.id AND s.source = $source)",
    "parent": "r.parent_id = $parent",
    "id": "r.id = $id",
    "split": "r.split = $split",
    "external": "r.external_id = $external",
    "flagged_by": "EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = r.id AND a.flagged "
    "AND a.state <> 'withdrawn' AND ($flagged_by = '*' OR a.annotator = $flagged_by))",
    "skipped_for": "EXISTS (SELECT 1 FROM annotation_now a WHERE a.record_id = r.id AND a.state = 'skipped' "
    "AND a.reason = $skipped_for)",
}
_OF_JOB = {
    "effect": (
        ("step", "o.step = $step"),
        ("reason", "(o.reason = $reason OR starts_with(o.reason, $reason || ': '))"),
        ("verdict", "o.kind = $verdict"),
    ),
    "family_member": (("family", "o.family_id = $family"),),
}
_UNLIKE = {
    "any": "r.id NOT IN (SELECT u.record_id FROM effect u WHERE u.job_id = $unlike AND u.kind <> 'keep')",
    "same": "r.id NOT IN (SELECT u.record_id FROM effect u WHERE u.job_id = $unlike AND u.kind = $verdict)",
    "edit": "r.id NOT IN (SELECT record_id FROM verdict WHERE kind = 'edit' AND job_id IN ($job, $unlike) "
    "GROUP BY record_id HAVING arg_max(text, id) FILTER (job_id = $job) = arg_max(text, id) FILTER (job_id = $unlike))",
}
_ORDERS = {
    "import": "r.id",
    "newest": "r.id DESC",
    "longest": "length(r.text) DESC, r.id",
    "shortest": "length(r.text), r.id",
}


def count(store: Store, project_id: int, where: RecordFilter | None = None) -> int:
    """How many records the filter names."""
    said, params = condition(project_id, where)
    return int(store.scalar(f"SELECT count(*) FROM record_now r WHERE {said}", params))


def page(
    store: Store, project_id: int, where: RecordFilter | None = None, *, order: str = "import", limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    """One page of the records that the filter names, as rows of the view record_now with their labels.

    `labels` is a list of {"annotator", "state", "value", "simulated"}; value is {question: answer}. `derived` holds the
    columns that jobs made.
    """
    said, params = condition(project_id, where)
    found = store.rows(
        f"SELECT * FROM record_now r WHERE {said} ORDER BY {_ORDERS[order]} LIMIT $limit OFFSET $offset",
        {**params, "limit": limit, "offset": offset},
    )
    answers = _answers(store, [row["id"] for row in found])
    made = derived.of(store, [row["id"] for row in found])
    for row in found:
        row["meta"], row["fields"] = json.loads(row["meta"]), json.loads(row["fields"])
        row["operation"] = json.loads(row["operation"]) if row["operation"] else None
        row["labels"] = answers.get(row["id"], [])
        row["derived"] = made.get(row["id"], {})
    return found


def ids(store: Store, project_id: int, where: RecordFilter | None = None) -> list[int]:
    """The numbers of all records that the filter names, in import order."""
    said, params = condition(project_id, where)
    return [row["id"] for row in store.rows(f"SELECT r.id FROM record_now r WHERE {said} ORDER BY r.id", params)]


def known(store: Store, project_id: int, record_ids: Sequence[int]) -> list[int]:
    """Those of the numbers that are records of the project, in order."""
    return [
        row["id"]
        for row in store.rows(
            "SELECT id FROM record WHERE project_id = ? AND job_id IN (SELECT id FROM job_live) "
            "AND id IN (SELECT unnest(?::BIGINT[])) ORDER BY id",
            [project_id, list(record_ids)],
        )
    ]


def get(store: Store, record_id: int) -> Record:
    """One live record. Raises WorkbenchError if there is none of this number."""
    row = store.row(
        "SELECT id, external_id, text, meta, split, parent_id FROM record_now WHERE id = ?", [record_id]
    )  # fmt: skip
    if row is None:
        raise WorkbenchError(f"There is no record {record_id} here (its import may have been undone).")
    return Record(**{**row, "meta": json.loads(row["meta"])})


def batches(
    store: Store, project_id: int, *, own_job: int | None = None, after: int = 0, size: int = 4096,
    originals_only: bool = False,
) -> Iterator[pa.Table]:  # fmt: skip
    """The records in the data set (not dropped), in id order, as Arrow tables of id, external_id, text, meta, split,
    parent_id, starting behind the id `after`. `own_job` is a running job whose effects its own verb must see.

    Each batch is a query of its own, so that a long walk neither holds a snapshot nor blocks a writer.
    """
    while True:
        table = store.arrow(
            "SELECT id, external_id, text, meta, split, parent_id FROM records_seen($own) "
            "WHERE project_id = $project AND NOT dropped AND id > $after AND (parent_id IS NULL OR NOT $originals) "
            "ORDER BY id LIMIT $size",
            {"own": own_job, "project": project_id, "after": after, "originals": originals_only, "size": size},
        )
        if table.num_rows == 0:
            return
        yield table
        after = table.column("id")[-1].as_py()


def append(store: Store, cursor: Cursor, rows: pa.Table) -> None:
    """Inside a transaction: add records. `rows` has columns of SCHEMA (any subset with the first four)."""
    store.insert("record", rows, cursor)


def condition(project_id: int, where: RecordFilter | None) -> tuple[str, dict[str, Any]]:
    """The filter as SQL over record_now r, and its parameters."""
    parts, params = ["r.project_id = $project"], {"project": project_id}
    given = {f.name: value for f in fields(where) if (value := getattr(where, f.name)) is not None} if where else {}
    live = "o.job_id IN (SELECT id FROM job_live)"
    if "job" in given:
        live = "o.job_id = $job AND o.job_id IN (SELECT id FROM job WHERE state IN ('done', 'preview'))"
    for table, words in _OF_JOB.items():  # all words of one table are about one row of it, and `job` about its job
        said = " AND ".join(sql for name, sql in words if name in given)
        if said:
            parts.append(f"r.id IN (SELECT o.record_id FROM {table} o WHERE {said} AND {live})")
    for name, value in given.items():
        if name == "state":
            parts.append(f"({_STATE_SQL[value]})")
            continue
        params[name] = value
        if name == "unlike":
            verdict = given.get("verdict")
            parts.append(_UNLIKE["any" if verdict is None else "edit" if verdict == "edit" else "same"])
        alone = name != "job" or not any(word in given for words in _OF_JOB.values() for word, _ in words)
        if name in _FIELD_SQL and alone:
            parts.append(_FIELD_SQL[name])
    return " AND ".join(parts), params


def _answers(store: Store, record_ids: list[int]) -> Mapping[int, list[dict[str, Any]]]:
    if not record_ids:
        return {}
    found: dict[int, list[dict[str, Any]]] = {}
    for row in store.rows(
        "SELECT a.record_id, a.annotator, a.state, a.value, coalesce(p.kind = 'simulated', false) AS simulated "
        "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator "
        "WHERE a.record_id IN (SELECT unnest(?)) AND a.state IN ('submitted', 'skipped') ORDER BY a.id",
        [record_ids],
    ):
        row["value"] = json.loads(row["value"])
        found.setdefault(row.pop("record_id"), []).append(row)
    return found
