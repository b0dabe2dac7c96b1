"""What people said of the records of near-duplicate families: which contradicts itself, and on whom most agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.questions import question_from
from pipeline.store.database import Cursor, Store

WHOLE = ("choice", "choices", "rating")  # kinds of questions of which an answer speaks of the record as a whole


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a task. `unordered`: its answer is a list of which the order says nothing."""

    task_id: int
    question: str
    unordered: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A record that should be looked at again: in its family `other` (an external id) has another answer."""

    family_id: int
    record_id: int
    task_id: int
    question: str
    other: str


def asked(cursor: Cursor, project_id: int, kinds: Iterable[str] = ()) -> list[Asked]:
    """The questions of the project's tasks, of these kinds or of all."""
    wanted = set(kinds)
    tasks = cursor.execute("SELECT id, definition FROM task WHERE project_id = ? ORDER BY id", [project_id]).fetchall()
    return [
        Asked(task_id, question.name, unordered=question.kind == "choices")
        for task_id, definition in tasks
        for question in map(question_from, json.loads(definition).get("questions", ()))
        if not wanted or question.kind in wanted
    ]


def contradictions(cursor: Cursor, job_id: int, questions: Sequence[Asked]) -> list[Contradiction]:
    """Inside a transaction: of each family of the job that contradicts itself, the answered records that no search has
    sent to be looked at again so far, or where nobody has; each once a task.

    A family contradicts itself if the submitted answers of its records to one of these questions differ. A record's
    answer is that of most of its annotators, the latest of the leading ones where they tie.
    """
    if not questions:
        return []
    cursor.execute(_CONTRADICTIONS, {"job": job_id, **_params(questions)})
    return [Contradiction(*row) for row in cursor.fetchall()]


def cannot_apply(cursor: Cursor, job_id: int) -> str:
    """Why a search that was a preview or undone cannot be applied: a sentence, or nothing. Inside the transaction that
    would. Answers that were given since it was made may contradict each other in a family of which it drops records."""
    row = cursor.execute(
        "SELECT project_id FROM job WHERE id = ? AND kind IN ('dedupe', 'semantic')", [job_id]
    ).fetchone()
    if row is None:
        return ""
    at_odds = {one.family_id for one in contradictions(cursor, job_id, asked(cursor, row[0], WHOLE))}
    losing = cursor.execute(
        "SELECT count(DISTINCT family_id) FROM family_member WHERE job_id = $job "
        "AND family_id IN (SELECT unnest($families::BIGINT[])) "
        "AND record_id IN (SELECT record_id FROM verdict WHERE job_id = $job AND kind = 'drop')",
        {"job": job_id, "families": list(at_odds)},
    ).fetchone()
    n = losing[0] if losing else 0
    return "" if not n else (
        f"Answers in {n} of the families that job {job_id} found contradict each other now. Search again: their "
        "records are then labelled again before any is dropped."
    )  # fmt: skip


def agreed(store: Store, questions: Sequence[Asked], record_ids: Sequence[int]) -> pa.Table:
    """How many annotators gave a record's most common answer: columns id, n; of these records, no row where nobody has
    answered.

    The answer to the question on which most agree counts. Simulated annotators do not.
    """
    of_these = "record_id IN (SELECT unnest($ids::BIGINT[])) AND task_id IN (SELECT task_id FROM asked)"
    return store.arrow(
        f"WITH {_ASKED}, last AS ({last_words(of_these)}), {_SAID}, "
        "alike AS (SELECT record_id, count(DISTINCT annotator) AS n FROM said WHERE NOT simulated "
        "GROUP BY record_id, task_id, question, answer) "
        "SELECT record_id AS id, max(n) AS n FROM alike GROUP BY record_id",
        {**_params(questions), "ids": list(record_ids)},
    )


def last_words(of_these: str) -> str:
    """A SELECT that is the view annotation_now of the events that a condition on record_id and task_id names. The view
    itself puts all events in order before it leaves any out."""
    return (
        "SELECT id, record_id, task_id, annotator, state, value, created_at FROM annotation_event "
        f"WHERE {of_these} AND (job_id IS NULL OR job_id IN (SELECT id FROM job_live)) "
        "QUALIFY row_number() OVER (PARTITION BY record_id, task_id, annotator ORDER BY id DESC) = 1"
    )


def scores(store: Store, project_id: int, name: str) -> pa.Table:
    """The numbers that the project's records have under a name, in what else the file said or in their fields: columns
    id, n. A text that is a number counts as one."""
    return store.arrow(
        """
        SELECT id, n FROM (
          SELECT id, coalesce(TRY_CAST(json_extract_string(meta, $name) AS DOUBLE),
            TRY_CAST(json_extract_string(fields, $name) AS DOUBLE)) AS n
          FROM record WHERE project_id = $project AND job_id IN (SELECT id FROM job_live))
        WHERE n IS NOT NULL AND isfinite(n)
        """,
        {"project": project_id, "name": _pointer(name)},
    )


def sent_back(store: Store, project_id: int) -> pa.Array:
    """The ids of the records that the project's live searches have sent to be looked at again."""
    found = store.arrow(
        "SELECT DISTINCT record_id AS id FROM relabel_request WHERE job_id IN (SELECT j.id FROM job j "
        "WHERE j.project_id = ? AND j.kind IN ('dedupe', 'semantic') AND j.state = 'done')",
        [project_id],
    )
    return found.column("id").combine_chunks()


def _params(questions: Sequence[Asked]) -> dict[str, Any]:
    return {
        "tasks": [one.task_id for one in questions], "questions": [one.question for one in questions],
        "pointers": [_pointer(one.question) for one in questions], "unordered": [one.unordered for one in questions],
    }  # fmt: skip


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


_ASKED = """
asked AS (SELECT unnest($tasks::INTEGER[]) AS task_id, unnest($questions::VARCHAR[]) AS question,
  unnest($pointers::VARCHAR[]) AS pointer, unnest($unordered::BOOLEAN[]) AS unordered)"""
# `said`: each submitted answer to each of the questions, as text that is the same for the same answer.
_SAID = """
said AS (
  SELECT * FROM (
    SELECT a.record_id, k.task_id, k.question, a.annotator, coalesce(p.kind = 'simulated', false) AS simulated,
      {'at': a.created_at, 'id': a.id} AS given,
      CASE WHEN k.unordered
        THEN CAST(list_sort(CAST(json_extract(a.value, k.pointer) AS VARCHAR[])) AS VARCHAR)
        ELSE CAST(json_extract(a.value, k.pointer) AS VARCHAR) END AS answer
    FROM last a JOIN asked k ON k.task_id = a.task_id LEFT JOIN annotator p ON p.name = a.annotator
    WHERE a.state = 'submitted')
  WHERE answer IS NOT NULL AND answer <> 'null')
"""
# `doubtful`: the families where not everything that was ever submitted reads the same; in most it does, and only of the
# others the answers are looked into.
_CONTRADICTIONS = f"""
WITH {_ASKED},
found AS MATERIALIZED (SELECT family_id, record_id FROM family_member WHERE job_id = $job),
doubtful AS (
  SELECT f.family_id FROM annotation_event a JOIN found f ON f.record_id = a.record_id
  WHERE a.state = 'submitted' AND a.task_id IN (SELECT task_id FROM asked)
  GROUP BY f.family_id, a.task_id HAVING min(a.value) <> max(a.value)),
member AS MATERIALIZED (SELECT * FROM found WHERE family_id IN (SELECT family_id FROM doubtful)),
last AS MATERIALIZED (
  {last_words("record_id IN (SELECT record_id FROM member) AND task_id IN (SELECT task_id FROM asked)")}), {_SAID},
tally AS (
  SELECT record_id, task_id, question, answer, count(*) AS votes, max(given) AS latest FROM said
  GROUP BY record_id, task_id, question, answer),
word AS (
  SELECT m.family_id, t.record_id, t.task_id, t.question,
    arg_max(t.answer, {{'votes': t.votes, 'latest': t.latest}}) AS answer
  FROM tally t JOIN member m ON m.record_id = t.record_id GROUP BY m.family_id, t.record_id, t.task_id, t.question),
first AS (
  SELECT family_id, task_id, question, min(record_id) AS one, arg_min(answer, record_id) AS answer FROM word
  GROUP BY family_id, task_id, question HAVING count(DISTINCT answer) > 1),
second AS (
  SELECT f.family_id, f.task_id, f.question, f.answer, f.one, min(w.record_id) AS other
  FROM first f JOIN word w USING (family_id, task_id, question) WHERE w.answer <> f.answer GROUP BY ALL),
looked AS (
  SELECT q.record_id, q.task_id FROM relabel_request q JOIN job j ON j.id = q.job_id
  WHERE j.state = 'done' AND j.kind IN ('dedupe', 'semantic') AND EXISTS (
    SELECT 1 FROM last a WHERE a.record_id = q.record_id AND a.task_id = q.task_id
    AND a.state IN ('submitted', 'skipped') AND a.created_at > q.created_at)),
due AS (
  SELECT w.family_id, w.record_id, w.task_id, min(w.question) AS question,
    arg_min(CASE WHEN w.answer = s.answer THEN s.other ELSE s.one END, w.question) AS other
  FROM word w JOIN second s USING (family_id, task_id, question)
  WHERE NOT EXISTS (SELECT 1 FROM looked l WHERE l.record_id = w.record_id AND l.task_id = w.task_id)
  GROUP BY w.family_id, w.record_id, w.task_id)
SELECT d.family_id, d.record_id, d.task_id, d.question, r.external_id
FROM due d JOIN record r ON r.id = d.other ORDER BY d.record_id, d.task_id
"""
