"""The same text, or nearly the same, with another label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.knobs import knob
from pipeline.steps.base import steps

KINDS = {"ask": "review", "flag": "flag", "drop": "drop"}
_SHOWN = 120  # characters of the labels that a reason names
# A record's word is what most of its answers say; annotators who disagree on one record are not meant here.
_WORDS = """
WITH said AS (
  SELECT record_id, task_id, question, CASE kind
    WHEN 'choices' THEN array_to_string(list_sort(json_extract_string(value, '$[*]')), ' + ') ELSE label END AS word
  FROM answers WHERE kind IN ('choice', 'choices', 'rating')),
word AS MATERIALIZED (
  SELECT record_id, task_id, question, arg_max(word, {'n': n, 'word': word}) AS word FROM (
    SELECT record_id, task_id, question, word, count(*) AS n FROM said WHERE word IS NOT NULL GROUP BY ALL)
  GROUP BY ALL),
"""
_SAME = "placed AS (SELECT w.*, false AS near, f.key AS place FROM word w JOIN folded f ON f.record_id = w.record_id),"
_NEAR = """
placed AS (
  SELECT w.*, false AS near, f.key AS place FROM word w JOIN folded f ON f.record_id = w.record_id
  UNION ALL
  SELECT w.*, true, encode(m.job_id || '/' || m.family_id) FROM word w JOIN families m ON m.record_id = w.record_id),
"""
# Of a record that is in both, the closer one is said.
_FOUND = """
apart AS (
  SELECT near, place, task_id, question, left(array_to_string(list_sort(list(DISTINCT word)), ', '), $most) AS said
  FROM placed GROUP BY near, place, task_id, question HAVING min(word) <> max(word)),
due AS (
  SELECT p.record_id, p.task_id, near, question,
    CASE WHEN near THEN 'near-duplicates with other labels: ' ELSE 'the same text, other labels: ' END || said AS reason
  FROM placed p JOIN apart a USING (near, place, task_id, question))
SELECT record_id, task_id, arg_min(reason, row(near, question, reason)) AS reason,
  $kind AS kind
FROM due GROUP BY record_id, task_id
"""


@steps.register
@dataclass(frozen=True, slots=True)
class ContradictoryLabels:
    """Find records that read the same but for case, width and white space, or are near-duplicates, and have different
    labels of one question: they are asked to be labelled again, flagged or dropped."""

    name: ClassVar[str] = "contradictory_labels"
    action: str = knob("ask", "What to do: ask for a label again, flag, or drop all of them.", choices=tuple(KINDS))
    near: bool = knob(True, "Also near-duplicates that searches have found.")

    def select(self) -> tuple[str, Mapping[str, Any]]:
        return _WORDS + (_NEAR if self.near else _SAME) + _FOUND, {"kind": KINDS[self.action], "most": _SHOWN}
