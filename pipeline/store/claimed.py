"""What an annotator is shown of the records in their hands: texts, fields, machines' suggestions, their own drafts.

Reads a few records by their ids and nothing else of the project. Never another person's answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from pipeline.domain import Task
from pipeline.store.database import Cursor, Store
from pipeline.store.line_parts import Choice
from pipeline.store.suggested import among, suggestions

NO_DRAFT: tuple[None, str, bool] = (None, "", False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A record in an annotator's hands. `relabel` and `reason` are of the request that brought it back, if one did.

    suggestions are {question: {value, score, source}}, the best of each; draft is {question: answer} as this annotator
    left it, or None; `comment` and `flagged` are of that draft. `light`: the caller has the contents already.
    """

    record_id: int
    external_id: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    suggestions: Mapping[str, Any] = field(default_factory=dict)
    draft: Mapping[str, Any] | None = None
    comment: str = ""
    flagged: bool = False
    relabel: int | None = None
    reason: str = ""
    light: bool = False


def read(store: Store, task: Task, annotator: str, chosen: Sequence[Choice], have: AbstractSet[int]) -> list[Claimed]:
    """The chosen records in their order; those in `have` light."""
    wanted = [choice for choice in chosen if choice.record not in have]
    edited = [choice.record for choice in wanted if choice.edited]
    with closing(store.cursor()) as cursor:
        rows = contents_of(cursor, [c.record for c in wanted], edited)
        suggested = suggestions(cursor, task, [c.record for c in wanted], edited)
        drafts = _drafts(cursor, task.id, annotator, [c.record for c in wanted if c.draft])
    found = []
    for choice in chosen:
        request, reason = (None, "") if choice.request is None else (choice.request.id, choice.request.reason)
        if choice.record in have:
            found.append(Claimed(choice.record, "", "", relabel=request, reason=reason, light=True))
        elif (row := rows.get(choice.record)) is not None:
            best, (draft, comment, flagged) = suggested.get(choice.record, {}), drafts.get(choice.record, NO_DRAFT)
            found.append(Claimed(choice.record, *row, best, draft, comment, flagged, request, reason))
    return found


def edition(store: Store, project_id: int) -> str:
    """Names the jobs that are done in a project: as long as it is the same, so is every text."""
    found = store.scalar(
        "SELECT count(*) || '.' || coalesce(bit_xor(hash(id)), 0) FROM job_live WHERE project_id = ?", [project_id]
    )
    return str(found)


def contents_of(
    cursor: Cursor, ids: Sequence[int], edited: Sequence[int] | None = None
) -> dict[int, tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """{record: (external id, text as it reads now, fields, meta)}, dropped records too.

    `edited` are those of them that may have been edited, if that is known: the others' edits are not looked for.
    """
    if not ids:
        return {}
    where, params = among("id", ids)
    rows = cursor.execute(
        f"SELECT id, external_id, text, fields, meta FROM record WHERE {where} "
        "AND job_id IN (SELECT id FROM job_live)", params
    ).fetchall()  # fmt: skip
    edits = _edits(cursor, ids if edited is None else edited)
    return {
        number: (external, edits.get(number, text), json.loads(fields), json.loads(meta))
        for number, external, text, fields, meta in rows
    }


def touched(cursor: Cursor, ids: Sequence[int]) -> set[int]:
    """Those of the records whose texts were ever edited, taken back or not."""
    if not ids:
        return set()
    where, params = among("record_id", ids)
    rows = cursor.execute(f"SELECT DISTINCT record_id FROM verdict WHERE kind = 'edit' AND {where}", params).fetchall()
    return {record for (record,) in rows}


def _edits(cursor: Cursor, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    where, params = among("record_id", ids)
    rows = cursor.execute(
        f"SELECT record_id, arg_max(text, id) FROM verdict WHERE kind = 'edit' AND {where} "
        "AND job_id IN (SELECT id FROM job_live) GROUP BY record_id", params
    ).fetchall()  # fmt: skip
    return dict(rows)


def _drafts(
    cursor: Cursor, task_id: int, annotator: str, ids: Sequence[int]
) -> dict[int, tuple[dict[str, Any], str, bool]]:
    """{record: (answers, comment, flagged)} of the drafts."""
    if not ids:
        return {}
    where, params = among("record_id", ids)
    rows = cursor.execute(
        "SELECT record_id, arg_max(value, id), arg_max(coalesce(comment, ''), id), "
        f"arg_max(coalesce(flagged, false), id) FROM annotation_event WHERE {where} AND task_id = $task "
        "AND annotator = $person AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
        "GROUP BY record_id HAVING arg_max(state, id) = 'draft'",
        {**params, "task": task_id, "person": annotator},
    ).fetchall()
    return {record: (json.loads(value), comment, flagged) for record, value, comment, flagged in rows}
