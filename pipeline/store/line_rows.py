"""A line and the tables: build one from them, bring it up to date, and say how the two differ.

Everything reads through the cursor that it is given, so one transaction sees one state.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.domain import Task
from pipeline.plan import BadPlan, Plan
from pipeline.store.database import Cursor
from pipeline.store.line import Line
from pipeline.store.line_parts import Request, Requests, Said
from pipeline.store.records import BadFilter, RecordFilter, condition

PATCH_MOST = 50_000  # rows of changed jobs that are looked at one by one; more of them, and the line is built again
OTHER_WORDS = ("meta", "file")  # what an assignment's filter knows beside the words of a record filter

CODE = """CASE state WHEN 'submitted' THEN ((hash(value) & 16777215) * 4 + 3) WHEN 'draft' THEN 2
  WHEN 'skipped' THEN 1 ELSE 0 END::UINTEGER"""
LIVE = "(job_id IS NULL OR job_id IN (SELECT id FROM job_live))"
DROPS = """SELECT record_id, arg_max(kind, id + CASE WHEN step = 'by hand' THEN 4611686018427387904 ELSE 0 END) = 'drop'
  FROM verdict WHERE kind IN ('drop', 'keep') AND job_id IN (SELECT id FROM job_live)"""


def build(cursor: Cursor, task: Task, plan: Plan) -> Line:
    """The line of a task as the tables stand; a second for a million records with three million answers."""
    began = time.perf_counter()
    found = cursor.execute(
        "SELECT id FROM record WHERE project_id = ? AND parent_id IS NULL AND job_id IN (SELECT id FROM job_live) "
        "ORDER BY id",
        [task.project_id],
    ).fetchnumpy()
    ids = _ints(found["id"])
    line = Line(plan, ids, _order(cursor, task, plan, ids))
    for record, dropped in cursor.execute(f"{DROPS} GROUP BY record_id").fetchall():
        spot = line.spot(record) if dropped else -1
        if spot >= 0:
            line.show(spot, live=False)
    _note_edits(cursor, line, "job_id IN (SELECT id FROM job_live)", {})
    line.masks = [_mask(cursor, task.project_id, line, dict(a.filter)) for a in plan.assignments]
    line.jobs = _jobs(cursor, task)
    line.signature, _ = _probe(cursor, task)
    _load_answers(cursor, task, line)
    line.requests = _requests(cursor, task)
    _load_claims(cursor, task, line)
    line.built_in = time.perf_counter() - began
    return line


def bring_up(cursor: Cursor, task: Task, line: Line) -> bool:
    """Take what the tables say since the line was last looked at. False: so much has changed that it must be built."""
    signature, claims = _probe(cursor, task)
    if signature != line.signature and not _follow_jobs(cursor, task, line, signature):
        return False
    if not _follow_answers(cursor, task, line):
        return False
    if not line.settled or claims != tuple(line.sums):
        _load_claims(cursor, task, line)
    return True


def checked_filter(words: Mapping[str, Any]) -> RecordFilter:
    """The record filter in an assignment's filter. Raises BadFilter for a word that none knows."""
    known = {f.name: "int" in str(f.type) for f in fields(RecordFilter)}
    strange = next((name for name in words if name not in known and name not in OTHER_WORDS), None)
    if strange is not None:
        raise BadFilter(f"'{strange}' is not part of a filter. Use: {', '.join((*known, *OTHER_WORDS))}.")
    meta = words.get("meta", {})
    if not isinstance(meta, Mapping):
        raise BadPlan("'meta' in a filter must be names of columns, each with the value that is wanted.")
    text = " ".join(
        f"{name}={_quoted(value)}" for name, value in words.items() if name not in OTHER_WORDS and value is not None
    )
    return RecordFilter.parse(text)


def _quoted(value: Any) -> str:
    import shlex

    return shlex.quote(str(value))


def _order(cursor: Cursor, task: Task, plan: Plan, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    if plan.order == "random":
        return np.argsort(_scattered(ids, plan.seed), kind="stable")
    if plan.order != "uncertainty":
        return None  # the line of `disagreement` is in import order; its tiers say the rest
    found = cursor.execute(
        "SELECT record_id, max(score) AS score FROM suggestion_now WHERE task_id = ? AND score IS NOT NULL "
        "GROUP BY record_id",
        [task.id],
    ).fetchnumpy()
    scores = np.full(len(ids), np.inf)
    records = _ints(found["record_id"])
    at = np.minimum(np.searchsorted(ids, records), max(0, len(ids) - 1))
    known = ids[at] == records if len(ids) else np.zeros(len(records), np.bool_)
    scores[at[known]] = np.asarray(found["score"], np.float64)[known]
    return np.argsort(scores, kind="stable")


def _scattered(ids: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.uint64]:
    """A number for each id that depends on nothing but the id and the seed (SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = ids.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def _mask(cursor: Cursor, project_id: int, line: Line, words: dict[str, Any]) -> Any:
    """The records that an assignment's filter holds, dropped ones too; None if it holds all."""
    where = checked_filter(words)
    if not words:
        return None
    said, params = condition(project_id, where)
    sql = f"SELECT r.id FROM record_now r WHERE {said}"
    for i, (name, value) in enumerate(dict(words.get("meta", {})).items()):
        sql += f" AND json_extract_string(r.meta, $path{i}) = $value{i}"
        params |= {f"path{i}": "/" + str(name).replace("~", "~0").replace("/", "~1"), f"value{i}": str(value)}
    if "file" in words:
        sql += (" AND r.job_id IN (SELECT id FROM job WHERE json_extract_string(params, '$.file_name') = $file "
                "OR json_extract_string(params, '$.path') = $file "
                "OR ends_with(json_extract_string(params, '$.path'), '/' || $file))")  # fmt: skip
        params["file"] = str(words["file"])
    return line.mask(_ints(cursor.execute(sql, params).fetchnumpy()["id"]))


def _probe(cursor: Cursor, task: Task) -> tuple[Any, tuple[int, int, int]]:
    """What tells whether anything but answers changed: the project's jobs, and the task's claims.

    One text is hashed for each job: with hash(id, state) the same change of two jobs would cancel out in the sum.
    """
    row = cursor.execute(
        "SELECT (SELECT {'n': count(*), 'h': bit_xor(hash(concat(id, state)))} FROM job WHERE project_id = $project), "
        "(SELECT {'n': count(*), 'r': coalesce(sum(record_id), 0), 'e': coalesce(sum(epoch_us(lease_until)), 0)} "
        "FROM claim WHERE task_id = $task)",
        {"project": task.project_id, "task": task.id},
    ).fetchone()
    if row is None:
        raise RuntimeError("a SELECT of scalars gave no row")
    return row[0], (int(row[1]["n"]), int(row[1]["r"]), int(row[1]["e"]))


def _jobs(cursor: Cursor, task: Task) -> dict[int, str]:
    return dict(cursor.execute("SELECT id, state FROM job WHERE project_id = ?", [task.project_id]).fetchall())


def _load_answers(cursor: Cursor, task: Task, line: Line) -> None:
    newest = cursor.execute("SELECT max(id) FROM annotation_event").fetchone()
    line.event = (newest and newest[0]) or 0
    names = [row[0] for row in cursor.execute(
        "SELECT DISTINCT annotator FROM annotation_event WHERE task_id = ?", [task.id]).fetchall()]  # fmt: skip
    found = cursor.execute(
        f"WITH names AS (SELECT unnest($names::VARCHAR[]) AS name, unnest(range(len($names::VARCHAR[]))) AS who) "
        f"SELECT e.record_id, n.who::INTEGER AS who, {CODE} AS code FROM annotation_event e "
        f"JOIN names n ON n.name = e.annotator WHERE e.task_id = $task AND {LIVE} ORDER BY e.id",
        {"names": names, "task": task.id},
    ).fetchnumpy()
    spots, who = line.spots(_ints(found["record_id"])), np.asarray(found["who"], np.int32)
    codes = np.asarray(found["code"], np.uint32)
    order = np.argsort(who, kind="stable")  # each person's events together, still in the order they came
    ends = np.searchsorted(who[order], np.arange(len(names) + 1))
    for i, name in enumerate(names):
        own = order[ends[i] : ends[i + 1]]
        own = own[spots[own] >= 0]
        last = own[_last_of_each(spots[own])]
        line.fill(name, Said(spots[last], codes[last]), spots[last], codes[last])
    line.set_tiers()


def _last_of_each(spots: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Where each different spot stands last, in the order of the spots."""
    order = np.argsort(spots, kind="stable")
    ordered = spots[order]
    return order[np.append(ordered[1:] != ordered[:-1], True)] if len(order) else order


def _load_claims(cursor: Cursor, task: Task, line: Line) -> None:
    line.reset_claims(
        cursor.execute(
            "SELECT record_id, annotator, epoch_us(lease_until) FROM claim WHERE task_id = ?", [task.id]
        ).fetchall()
    )
    line.settled = True


def _requests(cursor: Cursor, task: Task) -> Requests:
    """The live requests; most projects have none, which is asked first."""
    found = Requests()
    if cursor.execute("SELECT 1 FROM relabel_request WHERE task_id = ? LIMIT 1", [task.id]).fetchone() is None:
        return found
    asked = cursor.execute(
        "SELECT id, record_id, reason, epoch_us(created_at) FROM relabel_request "
        "WHERE task_id = ? AND job_id IN (SELECT id FROM job_live) ORDER BY id",
        [task.id],
    ).fetchall()
    for number, record, reason, at in asked:
        found.of.setdefault(record, []).append(Request(number, record, reason, at))
    ids = list(found.of)
    if not ids:
        return found
    bounds = [min(ids), max(ids), ids]
    alive = cursor.execute(
        "SELECT id FROM record_now WHERE id BETWEEN ? AND ? AND id IN (SELECT unnest(?::BIGINT[])) "
        "AND NOT dropped AND project_id = ?",
        [*bounds, task.project_id],
    ).fetchall()
    found.shut = set(ids) - {row[0] for row in alive}
    for record, person, at in cursor.execute(
        f"SELECT record_id, annotator, epoch_us(arg_max(created_at, id)) FROM annotation_event "
        f"WHERE record_id BETWEEN ? AND ? AND record_id IN (SELECT unnest(?::BIGINT[])) AND task_id = ? AND {LIVE} "
        f"GROUP BY record_id, annotator HAVING arg_max(state, id) IN ('submitted', 'skipped')",
        [*bounds, task.id],
    ).fetchall():
        found.answered.setdefault(record, {})[person] = at
    return found


def _follow_answers(cursor: Cursor, task: Task, line: Line) -> bool:
    """Take the answers that came. False: there are too many, and the line must be built again."""
    rows = cursor.execute(
        f"SELECT id, record_id, task_id, annotator, {CODE}, job_id, epoch_us(created_at) FROM annotation_event "
        f"WHERE id > ? LIMIT ?",
        [line.event, PATCH_MOST + 1],
    ).fetchall()
    if len(rows) > PATCH_MOST:
        return False
    for _, record, task_id, person, code, job, at in sorted(rows):
        if task_id == task.id and (job is None or line.jobs.get(job) == "done"):
            line.say(person, record, code, at, frees=job is None)
    line.event = max((row[0] for row in rows), default=line.event)
    return True


def _follow_jobs(cursor: Cursor, task: Task, line: Line, signature: Any) -> bool:
    """Take the effects of jobs that began or ceased to count. False: the line must be built again."""
    now = _jobs(cursor, task)
    changed = [job for job in {*now, *line.jobs} if (now.get(job) == "done") != (line.jobs.get(job) == "done")]
    if changed:
        rows = _rows_of(cursor, changed)
        arranged = rows["record"] or (line.plan.order == "uncertainty" and rows["suggestion"])
        refiltered = any(a.filter for a in line.plan.assignments) and rows["other"]
        if arranged or refiltered or rows["verdict"] + rows["annotation_event"] > PATCH_MOST:
            return False
        if rows["verdict"]:
            _follow_drops(cursor, line, changed)
            _note_edits(cursor, line, "job_id IN (SELECT unnest($jobs::INTEGER[]))", {"jobs": changed})
        if rows["annotation_event"]:
            _follow_bulk(cursor, task, line, changed)
        line.requests = _requests(cursor, task)
    line.jobs, line.signature = now, signature
    return True


def _rows_of(cursor: Cursor, jobs: Sequence[int]) -> dict[str, int]:
    """How many rows of each kind the jobs wrote; `other` is what an assignment's filter may ask for."""
    tables = ("record", "verdict", "annotation_event", "suggestion", "family_member")
    counted = ", ".join(
        f"(SELECT count(*) FROM {table} WHERE job_id IN (SELECT unnest($jobs::INTEGER[])))" for table in tables
    )
    row = cursor.execute(
        f"SELECT {counted}, (SELECT count(*) FROM verdict WHERE kind NOT IN ('drop', 'keep') "
        "AND job_id IN (SELECT unnest($jobs::INTEGER[])))",
        {"jobs": list(jobs)},
    ).fetchone()
    found = dict(zip((*tables, "judged"), row or (), strict=True))
    return {**found, "other": found["judged"] + found["suggestion"] + found["family_member"]}


def _follow_drops(cursor: Cursor, line: Line, jobs: Sequence[int]) -> None:
    touched = [row[0] for row in cursor.execute(
        "SELECT DISTINCT record_id FROM verdict WHERE kind IN ('drop', 'keep') "
        "AND job_id IN (SELECT unnest(?::INTEGER[]))", [list(jobs)]).fetchall()]  # fmt: skip
    dropped = dict(
        cursor.execute(
            f"{DROPS} AND record_id IN (SELECT unnest(?::BIGINT[])) GROUP BY record_id", [touched]
        ).fetchall()
    )
    for record in touched:
        spot = line.spot(record)
        if spot >= 0:
            line.show(spot, live=not dropped.get(record, False))


def _note_edits(cursor: Cursor, line: Line, condition: str, params: Mapping[str, Any]) -> None:
    found = cursor.execute(f"SELECT DISTINCT record_id FROM verdict WHERE kind = 'edit' AND {condition}", params)
    line.edited |= line.mask(_ints(found.fetchnumpy()["record_id"]))


def _follow_bulk(cursor: Cursor, task: Task, line: Line, jobs: Sequence[int]) -> None:
    rows = cursor.execute(
        f"WITH touched AS (SELECT DISTINCT record_id, annotator FROM annotation_event "
        f"WHERE task_id = $task AND job_id IN (SELECT unnest($jobs::INTEGER[]))) "
        f"SELECT record_id, annotator, coalesce(arg_max({CODE}, e.id) FILTER ({LIVE}), 0), "
        f"epoch_us(coalesce(max(e.created_at) FILTER ({LIVE}), get_current_timestamp() AT TIME ZONE 'UTC')) "
        f"FROM touched JOIN annotation_event e USING (record_id, annotator) WHERE e.task_id = $task "
        f"GROUP BY record_id, annotator",
        {"task": task.id, "jobs": list(jobs)},
    ).fetchall()
    for record, person, code, at in rows:
        line.say(person, record, code, at, frees=False)


def _ints(column: Any) -> npt.NDArray[np.int64]:
    return np.asarray(column, np.int64)
