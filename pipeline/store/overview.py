"""The figures of a project's first page, each counted by the same rules as the records filter that opens it."""

from __future__ import annotations

from typing import Any

from pipeline.store.database import Store


def states(store: Store, project_id: int) -> dict[str, int]:
    """Records by state, as the records filter names them; to_label and to_relabel count what an
    annotator could be given."""
    row = store.row(
        """
        WITH answered AS (
          SELECT record_id, bool_or(state = 'submitted') AS labelled, bool_or(state = 'skipped') AS skipped
          FROM annotation_now WHERE state IN ('submitted', 'skipped') GROUP BY record_id),
        relabel AS (SELECT DISTINCT record_id FROM relabel_open)
        SELECT count(*) FILTER (r.parent_id IS NULL) AS original,
          count(*) FILTER (NOT r.dropped) AS active,
          count(*) FILTER (r.dropped) AS dropped,
          count(*) FILTER (r.edited) AS edited,
          count(*) FILTER (a.labelled) AS labelled,
          count(*) FILTER (a.skipped) AS skipped,
          count(*) FILTER (NOT r.dropped AND r.parent_id IS NULL AND a.record_id IS NULL) AS unlabelled,
          count(*) FILTER (q.record_id IS NOT NULL) AS relabel,
          count(*) FILTER (q.record_id IS NOT NULL AND NOT r.dropped) AS to_relabel,
          count(*) FILTER (r.parent_id IS NOT NULL) AS augmented,
          count(*) FILTER (NOT r.dropped AND r.parent_id IS NULL) AS to_label
        FROM record_now r LEFT JOIN answered a ON a.record_id = r.id LEFT JOIN relabel q ON q.record_id = r.id
        WHERE r.project_id = ?
        """,
        [project_id],
    )
    return {name: int(n or 0) for name, n in (row or {}).items()}


def labels(store: Store, project_id: int) -> list[dict[str, Any]]:
    """Rows of label, annotator, simulated and n, the submitted answers of the project's records that hold the label.

    Marks of a rating are labels here, what was written or put in order is not.
    """
    return store.rows(
        """
        WITH asked AS (
          SELECT id AS task_id, q ->> 'name' AS question FROM (
            SELECT id, unnest(CAST(json_extract(definition, '$.questions') AS JSON[])) AS q
            FROM task WHERE project_id = $project)
          WHERE q ->> 'kind' NOT IN ('answer', 'text', 'chat', 'ranking')),
        said AS (
          SELECT a.task_id, a.annotator,
            unnest(map_entries(CAST(a.value AS MAP(VARCHAR, JSON))), recursive := true)
          FROM annotation_now a JOIN record_now r ON r.id = a.record_id
          WHERE r.project_id = $project AND a.state = 'submitted'),
        held AS (
          SELECT annotator, unnest(list_distinct(CASE WHEN json_type(value) <> 'ARRAY' THEN [value ->> '$']
            WHEN json_type(value, '$[0]') = 'OBJECT' THEN json_extract_string(value, '$[*].label')
            ELSE json_extract_string(value, '$[*]') END)) AS label
          FROM said JOIN asked ON asked.task_id = said.task_id AND asked.question = said.key)
        SELECT h.label, h.annotator, coalesce(p.kind = 'simulated', false) AS simulated, count(*) AS n
        FROM held h LEFT JOIN annotator p ON p.name = h.annotator GROUP BY ALL ORDER BY n DESC, label
        """,
        {"project": project_id},
    )
