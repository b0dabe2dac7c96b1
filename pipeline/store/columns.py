"""The columns of a project's records, as the files that they came from said them."""

from __future__ import annotations

from pipeline.store.database import Store

LOOKED = 1000  # records that are asked what columns there are


def of_numbers(store: Store, project_id: int) -> list[str]:
    """The names under which some of the first records have a number, by the alphabet."""
    rows = store.rows(
        """
        WITH looked AS (SELECT meta, fields FROM record WHERE project_id = $project
          AND job_id IN (SELECT id FROM job_live) LIMIT $looked),
        cell AS (SELECT unnest(json_keys(meta)) AS name, meta AS holder FROM looked
          UNION ALL SELECT unnest(json_keys(fields)), fields FROM looked)
        SELECT name FROM cell WHERE isfinite(TRY_CAST(json_extract_string(holder,
          '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS DOUBLE)) GROUP BY name ORDER BY name
        """,
        {"project": project_id, "looked": LOOKED},
    )
    return [row["name"] for row in rows]
