"""The records of a project that leave, part by part: which they are, and a cursor to ask about each part."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.store import derived, records
from pipeline.store.database import Cursor, Store
from pipeline.store.records import RecordFilter

Array = NDArray[Any]
T = TypeVar("T")
SIZE = 32_768  # records a part, and
BYTES = 32 << 20  # of their texts: of a record of more than this it is the only one
AHEAD = 2  # parts that are read while one is written: a part lies in one row group, which DuckDB reads with one thread


@dataclass(frozen=True, slots=True)
class Leaving:
    """What of a project leaves: the records that `where` names (all in the data set if there is none), with dropped
    ones or without, and what is said of them. Without `people` each annotator is `annotator-1` and so on."""

    where: RecordFilter | None = None
    dropped: bool = False
    people: bool = True
    skips: bool = True
    suggestions: bool = True
    history: bool = False

    @property
    def with_dropped(self) -> bool:
        return self.dropped or (self.where is not None and self.where.state == "dropped")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the records that leave: their `numbers`, ascending, and a cursor that sees them as the table _leaving
    (id, dropped) and the annotators as _people (name, called, made). Queries may use $low and $high, the bounds of the
    numbers, $project and $states. `held` names what the database has at all: edits, parents, derived, answers, hints.
    """

    cursor: Cursor
    numbers: Array
    bounds: Mapping[str, Any]
    held: frozenset[str]

    def query(self, sql: str) -> pa.Table:
        given = {name: value for name, value in self.bounds.items() if f"${name}" in sql}
        return self.cursor.sql(sql, params=given).to_arrow_table()

    def ordered(self, sql: str) -> pa.Table:
        """The rows of a query, one a record with its `number`, in the order of the numbers."""
        found = self.query(sql)  # nearly always they come so, and to sort texts is a fifth of the time
        numbers = found["number"].to_numpy()
        if not np.array_equal(numbers, self.numbers):
            found = found.take(pa.array(np.argsort(numbers)))
        return found.drop_columns(["number"])

    def places(self, rows: pa.Table) -> Array:
        """Where in `numbers` the record of each row stands. Rows are in the order of their column record_id."""
        return np.searchsorted(self.numbers, rows["record_id"].to_numpy())

    def listed(self, rows: pa.Table, values: pa.Array) -> pa.ListArray:
        """The values of rows, which are in the order of their records, as one list a record."""
        ends = np.searchsorted(rows["record_id"].to_numpy(), self.numbers, "right")
        return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), values)

    def joined(self, sql: str) -> pa.Array:
        """The texts `said` of a query, which gives them in the order of their records, as one text a record."""
        rows = self.query(sql)
        return pc.binary_join(self.listed(rows, rows["said"].combine_chunks()), ", ")


def counts(store: Store, project_id: int, leaving: Leaving) -> tuple[int, int]:
    """How many records leave, and how many dropped ones stay behind that would leave if they were asked for."""
    said, params = records.condition(project_id, leaving.where)
    row = store.row(
        f"SELECT count(*) FILTER (NOT dropped) AS active, count(*) FILTER (dropped) AS dropped FROM record_now r "
        f"WHERE {said}",
        params,
    ) or {"active": 0, "dropped": 0}  # fmt: skip
    return (row["active"] + row["dropped"], 0) if leaving.with_dropped else (row["active"], row["dropped"])


def walk(
    store: Store, project_id: int, leaving: Leaving, size: int, made: Callable[[Part], T]
) -> Iterator[T]:  # fmt: skip
    """What `made` makes of the records that leave, at most `size` at a time, in id order.

    Each part has a cursor of its own, so that a long walk neither holds a snapshot nor blocks a writer. `made` runs in
    other threads, some parts ahead of who takes them.
    """
    found = _numbers(store, project_id, leaving)
    numbers, dropped = found["id"].to_numpy(), found["dropped"].to_numpy()
    people, held = _people(store, project_id, named=leaving.people), _held(store)
    states = ["submitted", "draft", *(["skipped"] if leaving.skips else [])]

    def part(start: int, end: int) -> T:
        own = numbers[start:end]
        with closing(store.cursor()) as cursor:
            cursor.register("_leaving", pa.table({"id": own, "dropped": dropped[start:end]}))
            cursor.register("_people", people)
            bounds = {"project": project_id, "low": int(own[0]), "high": int(own[-1]), "states": states}
            if "derived" in held:
                cursor.register("_renamed", _renamed(store, cursor, bounds))
            return made(Part(cursor, own, bounds, held))

    coming: deque[Future[T]] = deque()
    with ThreadPoolExecutor(AHEAD, "export") as readers:
        try:
            for start, end in _cuts(np.cumsum(found["bytes"].to_numpy()), size):
                coming.append(readers.submit(part, start, end))
                if len(coming) > AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            readers.shutdown(cancel_futures=True)


def _cuts(upto: Array, size: int) -> Iterator[tuple[int, int]]:
    """Bounds of parts of at most `size` records and BYTES bytes; `upto` counts the bytes up to each record's end."""
    start = 0
    while start < len(upto):
        before = int(upto[start - 1]) if start else 0
        end = min(start + size, max(start + 1, int(np.searchsorted(upto, before + BYTES, "right"))))
        yield start, end
        start = end


def _numbers(store: Store, project_id: int, leaving: Leaving) -> pa.Table:
    """The records that leave, ascending: id, dropped, and the bytes of their texts."""
    said, params = records.condition(project_id, leaving.where)
    return store.arrow(
        f"SELECT r.id, r.dropped, strlen(r.text) + strlen(r.fields) + strlen(r.meta) AS bytes FROM record_now r "
        f"WHERE {said} AND ($dropped OR NOT r.dropped) ORDER BY r.id",
        {**params, "dropped": leaving.with_dropped},
    )


def _people(store: Store, project_id: int, *, named: bool) -> pa.Table:
    """The annotators of a project: `name`, what they are `called`, and whether a program `made` their answers up. Not
    `named`, they are called by a number in the order of their first answers."""
    found = store.arrow(
        "SELECT e.annotator AS name, e.annotator AS called, coalesce(any_value(p.kind) = 'simulated', false) AS made "
        "FROM annotation_event e LEFT JOIN annotator p ON p.name = e.annotator WHERE e.task_id IN "
        "(SELECT id FROM task_revision WHERE project_id = ?) GROUP BY e.annotator ORDER BY min(e.id)",
        [project_id],
    )
    if named:
        return found
    return found.set_column(1, "called", pa.array([f"annotator-{n}" for n in range(1, len(found) + 1)], pa.string()))


def _held(store: Store) -> frozenset[str]:
    """What the database has at all, so that nothing is asked for that is nowhere."""
    found = store.row(
        "SELECT EXISTS (SELECT 1 FROM verdict WHERE kind = 'edit') AS edits, "
        "EXISTS (SELECT 1 FROM record WHERE parent_id IS NOT NULL) AS parents, "
        "EXISTS (SELECT 1 FROM derived) AS derived, EXISTS (SELECT 1 FROM annotation_event) AS answers, "
        "EXISTS (SELECT 1 FROM suggestion) AS hints"
    )
    return frozenset(name for name, there in (found or {}).items() if there)


def _renamed(store: Store, cursor: Cursor, bounds: Mapping[str, Any]) -> pa.Table:
    """Derived columns whose name is taken, and `name (derived)` too: record_id, name, and what each is `called`."""
    given = {name: bounds[name] for name in ("low", "high")}
    found = cursor.sql(
        "WITH own AS (SELECT record_id, list(name) AS names FROM derived_now WHERE record_id BETWEEN $low AND $high "
        "GROUP BY record_id), held AS (SELECT o.record_id, names, json_keys(r.meta) AS keys FROM own o "
        "JOIN record r ON r.id = o.record_id WHERE r.id BETWEEN $low AND $high) SELECT record_id, keys FROM held "
        "WHERE len(list_filter(list_intersect(names, keys), lambda n: list_contains(list_concat(names, keys), "
        "n || ' (derived)'))) > 0",
        params=given,
    ).fetchall()
    live = derived.of(store, [record for record, _ in found])
    rows = [
        (record, name, called) for record, keys in found
        for name, called in zip(live.get(record, {}), _called(keys, live.get(record, {})), strict=True)
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    schema = pa.schema([("record_id", pa.int64()), ("name", pa.string()), ("called", pa.string())])
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema)


def _called(keys: list[str], own: Mapping[str, Any]) -> list[str]:
    return list(derived.joined(dict.fromkeys(keys), own))[len(set(keys)) :]
