"""The records of a project as they leave: with every answer and suggestion, a line of JSON each.

All JSON is made inside the database, so that a million records leave at the speed of a copy; who wants rows parses
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store.database import Store
from pipeline.store.export_parts import SIZE, Leaving, Part, counts, walk

__all__ = ["SIZE", "Leaving", "batches", "counts", "lines", "replaceable", "simulated"]


def replaceable(store: Store, target: Path) -> bool:
    """Whether a new file may take this one's place: not that of a device (/dev/null) or of the open database."""
    if not target.exists():
        return True
    return target.is_file() and target.resolve() != Path(store.path).resolve()


def simulated(store: Store) -> frozenset[str]:
    """The names of annotators whose answers a program made up."""
    return frozenset(row["name"] for row in store.rows("SELECT name FROM annotator WHERE kind = 'simulated'"))


def lines(store: Store, project_id: int, leaving: Leaving, size: int = SIZE) -> Iterator[pa.ChunkedArray]:
    """The records in id order, each as one line of JSON and its end: a row of pipeline.exporters.Contents."""

    def made(part: Part) -> pa.ChunkedArray:
        found = part.ordered(f"SELECT number, {_LINE} AS line FROM ({leaving_sql(part.held)})")["line"]
        more = [found, *_answers(part, "annotation_now", "list_contains($states, a.state)"), '], "suggestions": [']
        more += [part.joined(_HINTED)] if leaving.suggestions and "hints" in part.held else []
        more += ['], "history": [', *_answers(part, _EVERY, "true")] if leaving.history else []
        return pc.binary_join_element_wise(*more, "]}\n", "")

    return walk(store, project_id, leaving, size, made)


def batches(store: Store, project_id: int, leaving: Leaving, size: int = 8192) -> Iterator[list[dict[str, Any]]]:
    """The same records as rows of pipeline.exporters.Contents."""
    for part in lines(store, project_id, leaving, size):
        yield [json.loads(line) for line in part.to_pylist()]  # orjson has neither NaN nor numbers beyond 64 bits


def _answers(part: Part, source: str, states: str) -> list[pa.Array]:
    """Of each record its answers as JSON, between commas; nothing at all where the database has none."""
    if "answers" not in part.held:
        return []
    stand(part, source, states)
    return [part.joined(_SAID)]


def stand(part: Part, source: str = "annotation_now", states: str = "list_contains($states, a.state)") -> None:
    """Let the part's cursor see as _standing (id) the events of a view that count. By their numbers they are read
    from the table itself: a lateral join over the view would work the view out twice."""
    found = part.query(
        f"SELECT a.id FROM {source} a JOIN _leaving w ON w.id = a.record_id WHERE a.record_id BETWEEN $low AND $high "
        f"AND a.task_id IN {TASKS} AND {states}"
    )
    part.cursor.register("_standing", found)


def leaving_sql(held: frozenset[str]) -> str:
    """A SELECT of a part's records: number, id (the file's own), and how they read now; fields and meta as JSON text.

    Derived columns stand behind those of the file; what they are called is pipeline.store.derived.joined's.
    """
    text, meta, parent, joins = "r.text", "r.meta::VARCHAR", "NULL::VARCHAR", ""
    if "edits" in held:
        text, joins = "coalesce(e.text, r.text)", f"LEFT JOIN ({_EDITS}) e ON e.record_id = r.id "
    if "parents" in held:
        parent, joins = "p.external_id", joins + f"LEFT JOIN ({_ABOVE}) p ON p.id = r.parent_id "
    if "derived" in held:
        meta, joins = _META, joins + f"LEFT JOIN ({_MADE}) m ON m.record_id = r.id "
    return f"""
    SELECT r.id AS number, r.external_id AS id, {text} AS text, r.fields::VARCHAR AS fields, {meta} AS meta, r.split,
      CASE WHEN w.dropped THEN 'dropped' ELSE 'active' END AS status, {parent} AS parent
    FROM record r JOIN _leaving w ON w.id = r.id {joins} WHERE r.id BETWEEN $low AND $high
    """


TASKS = "(SELECT id FROM task_revision WHERE project_id = $project)"
_EDITS = """
SELECT record_id, arg_max(text, id) AS text FROM verdict WHERE kind = 'edit' AND record_id BETWEEN $low AND $high
AND job_id IN (SELECT id FROM job_live) GROUP BY record_id
"""
_ABOVE = """
SELECT id, external_id FROM record WHERE id IN
(SELECT parent_id FROM record WHERE id BETWEEN $low AND $high AND parent_id IS NOT NULL)
"""
_MADE = """
SELECT d.record_id, string_agg(to_json(CASE WHEN n.called IS NOT NULL THEN n.called
    WHEN list_contains(json_keys(r.meta), d.name) THEN d.name || ' (derived)' ELSE d.name END) || ': ' || d.value, ', '
    ORDER BY d.name) AS said
FROM derived_now d JOIN record r ON r.id = d.record_id
LEFT JOIN _renamed n ON n.record_id = d.record_id AND n.name = d.name
WHERE d.record_id BETWEEN $low AND $high AND r.id BETWEEN $low AND $high GROUP BY d.record_id
"""
_META = """
CASE WHEN m.said IS NULL THEN r.meta::VARCHAR WHEN len(json_keys(r.meta)) = 0 THEN '{' || m.said || '}'
  ELSE left(rtrim(r.meta::VARCHAR, ' ' || chr(9) || chr(10) || chr(13)), -1) || ', ' || m.said || '}' END
"""
_EVERY = "(SELECT * FROM annotation_event WHERE job_id IS NULL OR job_id IN (SELECT id FROM job_live))"
WHEN = """
CASE WHEN epoch_us(a.created_at) % 1000000 = 0 THEN strftime(a.created_at, '%Y-%m-%dT%H:%M:%SZ')
  ELSE strftime(a.created_at, '%Y-%m-%dT%H:%M:%S.%fZ') END
"""


def _on_one_line(column: str) -> str:
    """JSON text without its line feeds: between its values they are blanks, and inside a text there are none."""
    return f"replace({column}, chr(10), ' ')"


_LINE = f"""
concat('{{"id": ', to_json(id), ', "text": ', to_json(text),
  CASE WHEN fields <> '{{}}' THEN ', "fields": ' || {_on_one_line("fields")} END, ', "meta": ', {_on_one_line("meta")},
  ', "split": ', coalesce(to_json(split), 'null'), ', "status": "', status, '", "parent": ',
  coalesce(to_json(parent), 'null'), ', "annotations": [')
"""
# Answers as JSON. One of no question, such as a skip without words, is an entry too.
_SAID = f"""
SELECT a.record_id, concat('{{"annotator": ', to_json(p.called), ', "question": ', coalesce(to_json(e.key), 'null'),
  ', "state": "', a.state, '", "value": ', coalesce(e.value, 'null'), ', "created_at": "', {WHEN}, '"',
  CASE WHEN a.comment <> '' THEN ', "comment": ' || to_json(a.comment) END,
  CASE WHEN a.reason <> '' THEN ', "reason": ' || to_json(a.reason) END,
  CASE WHEN a.flagged THEN ', "flagged": true' END, CASE WHEN p.made THEN ', "simulated": true' END, '}}') AS said
FROM annotation_event a JOIN _standing s ON s.id = a.id LEFT JOIN json_each(a.value) e ON true
JOIN _people p ON p.name = a.annotator
WHERE a.record_id BETWEEN $low AND $high ORDER BY a.record_id, a.id, e.id
"""
_HINTED = f"""
SELECT h.record_id, concat('{{"source": ', to_json(source), ', "question": ', to_json(question), ', "value": ',
  {_on_one_line("value::VARCHAR")}, ', "score": ', coalesce(to_json(score), 'null'), '}}') AS said
FROM suggestion_now h JOIN _leaving w ON w.id = h.record_id
WHERE h.record_id BETWEEN $low AND $high AND task_id IN {TASKS} ORDER BY h.record_id, h.id
"""
