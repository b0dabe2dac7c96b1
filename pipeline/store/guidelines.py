"""Under which revision of a task's guideline its answers were given."""

from __future__ import annotations

from pipeline.store.database import Store


def answers_under(store: Store, task_id: int) -> dict[int, int]:
    """{guideline revision: submitted answers that stand}."""
    found = store.rows(
        "SELECT guideline_revision AS revision, count(*) AS n FROM annotation_now "
        "WHERE task_id = ? AND state = 'submitted' GROUP BY guideline_revision",
        [task_id],
    )
    return {int(row["revision"]): int(row["n"]) for row in found}


def last_under(store: Store, task_id: int, annotator: str) -> int | None:
    """The revision under which this annotator last answered or skipped by themselves; None if they never did."""
    row = store.row(
        "SELECT arg_max(guideline_revision, id) AS revision FROM annotation_event "
        "WHERE task_id = ? AND annotator = ? AND job_id IS NULL AND state IN ('submitted', 'skipped')",
        [task_id, annotator],
    )
    return None if row is None or row["revision"] is None else int(row["revision"])


def question_answers(store: Store, task_id: int) -> dict[str, int]:
    """{question: submitted answers that stand and answer it}."""
    found = store.rows(
        "SELECT unnest(json_keys(value)) AS question, count(*) AS n FROM annotation_now "
        "WHERE task_id = ? AND state = 'submitted' GROUP BY question",
        [task_id],
    )
    return {str(row["question"]): int(row["n"]) for row in found}
