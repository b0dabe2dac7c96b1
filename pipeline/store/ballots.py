"""Who answered what on each record of the data set, for tasks of any questions: what a version is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipeline.store.database import Store

SIZE = 8192  # records a batch


def originals(store: Store, project_id: int, task_id: int) -> Iterator[list[dict[str, Any]]]:
    """The answered originals in the data set, in id order and in batches: id, external_id, text, fields, meta (JSON
    text), given (the file's split), reopened (a relabel request is open) and votes, in the order in which they were
    given: {annotator, simulated, value {question: answer}}."""
    after = 0
    while (last := _batch_end(store, project_id, after)) is not None:
        found = store.rows(
            "WITH votes AS (SELECT a.record_id, list({'annotator': a.annotator, "
            "'simulated': coalesce(p.kind = 'simulated', false), 'value': a.value::VARCHAR} "
            "ORDER BY a.created_at, a.id) AS votes "
            "FROM annotation_now a LEFT JOIN annotator p ON p.name = a.annotator "
            "WHERE a.task_id = $task AND a.state = 'submitted' AND a.record_id BETWEEN $after + 1 AND $last "
            "GROUP BY a.record_id) "
            "SELECT r.id, r.external_id, r.text, r.fields::VARCHAR AS fields, r.meta::VARCHAR AS meta, "
            "r.split AS given, v.votes, "
            "r.id IN (SELECT q.record_id FROM relabel_open q WHERE q.task_id = $task "
            "AND q.record_id BETWEEN $after + 1 AND $last) AS reopened "
            "FROM record_now r JOIN votes v ON v.record_id = r.id "
            "WHERE r.project_id = $project AND NOT r.dropped AND r.parent_id IS NULL "
            "AND r.id BETWEEN $after + 1 AND $last ORDER BY r.id",
            {"project": project_id, "task": task_id, "after": after, "last": last},
        )
        for row in found:
            row["votes"] = [{**vote, "value": json.loads(vote["value"])} for vote in row["votes"]]
        if found:
            yield found
        after = last


def _batch_end(store: Store, project_id: int, after: int) -> int | None:
    """The last of the next SIZE records: with both bounds said, a batch is looked up without reading all the others."""
    last = store.scalar(
        "SELECT max(id) FROM (SELECT id FROM record WHERE project_id = ? AND id > ? ORDER BY id LIMIT ?)",
        [project_id, after, SIZE],
    )
    return None if last is None else int(last)


def children(store: Store, project_id: int) -> list[dict[str, Any]]:
    """The augmented records in the data set, in id order: id, external_id, text, fields and meta (JSON), parent_id."""
    return store.rows(
        "SELECT id, external_id, text, fields::VARCHAR AS fields, meta::VARCHAR AS meta, parent_id FROM record_now "
        "WHERE project_id = ? AND NOT dropped AND parent_id IS NOT NULL ORDER BY id",
        [project_id],
    )


def forecast(store: Store, project_id: int, task_id: int) -> dict[str, Any]:
    """What a version could be made of now, counted: originals, augmented, reopened, and `questions` {name: answered}.

    Answers that contradict each other, or are no longer allowed, are counted all the same: only a freeze reads them.
    """
    given = {"project": project_id, "task": task_id}
    live = (
        "WITH live AS (SELECT id, parent_id FROM record_now WHERE project_id = $project AND NOT dropped), "
        "said AS (SELECT a.record_id, a.value FROM annotation_now a JOIN live r ON r.id = a.record_id "
        "WHERE a.task_id = $task AND a.state = 'submitted' AND r.parent_id IS NULL) "
    )
    counts = store.row(
        live + "SELECT count(DISTINCT record_id) AS originals, "
        "(SELECT count(*) FROM live WHERE parent_id IN (SELECT record_id FROM said)) AS augmented, "
        "count(DISTINCT record_id) FILTER (record_id IN "
        "(SELECT q.record_id FROM relabel_open q WHERE q.task_id = $task)) AS reopened FROM said",
        given,
    )
    found = store.rows(
        live + "SELECT question, count(DISTINCT record_id) AS n "
        "FROM (SELECT record_id, unnest(json_keys(value)) AS question FROM said) "
        "GROUP BY question ORDER BY n DESC, question",
        given,
    )
    return {**(counts or {}), "questions": {row["question"]: row["n"] for row in found}}
