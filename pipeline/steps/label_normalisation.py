"""Labels that are one label in two spellings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.knobs import KnobError, knob
from pipeline.steps.base import steps
from pipeline.steps.label_keys import KEY_SQL, key, pairs, parameters

KINDS = {"flag": "flag", "ask": "review"}
# Of the spellings of a label the one that most answers have stands, unless a synonym names another.
_SELECT = f"""
WITH held AS (
  SELECT record_id, task_id, question, unnest(list_distinct(CASE kind WHEN 'choice' THEN [label]
    WHEN 'choices' THEN json_extract_string(value, '$[*]')
    ELSE json_extract_string(value, '$[*].label') END)) AS label
  FROM answers WHERE kind IN ('choice', 'choices', 'spans', 'relations')),
spelling AS (
  SELECT task_id, question, label, count(*) AS n, {KEY_SQL.format(label="label")} AS key FROM held
  WHERE label IS NOT NULL GROUP BY ALL),
synonym AS (SELECT unnest($olds::VARCHAR[]) AS old, unnest($news::VARCHAR[]) AS into_key,
  unnest($names::VARCHAR[]) AS target),
meant AS (
  SELECT s.task_id, s.question, s.label, s.n, coalesce(o.into_key, s.key) AS same,
    coalesce(o.target, i.target) AS target
  FROM spelling s LEFT JOIN synonym o ON o.old = s.key
  LEFT JOIN (SELECT into_key, min(target) AS target FROM synonym GROUP BY into_key) i ON i.into_key = s.key),
standing AS (
  SELECT task_id, question, same,
    coalesce(min(target), arg_max(label, {{'n': n, 'tidy': label = trim(label), 'label': label}})) AS label
  FROM meant GROUP BY ALL)
SELECT DISTINCT h.record_id, h.task_id, $kind AS kind,
  'a label in another spelling: ' || left(h.label, $most) || ' → ' || left(s.label, $most) AS reason
FROM held h JOIN meant m ON m.task_id = h.task_id AND m.question = h.question AND m.label = h.label
JOIN standing s ON s.task_id = m.task_id AND s.question = m.question AND s.same = m.same
WHERE h.label <> s.label
"""
_SHOWN = 40  # characters of a label in a reason


@steps.register
@dataclass(frozen=True, slots=True)
class LabelNormalisation:
    """Find records whose label is another one in another spelling ("pos" and "Pos", full-width forms, a synonym): they
    are flagged, or asked to be labelled again. The answers stay; merging labels changes them."""

    name: ClassVar[str] = "label_normalisation"
    action: str = knob("flag", "What to do: flag the records, or ask for their labels again.", choices=tuple(KINDS))
    case: bool = knob(True, "Take upper and lower case for the same.")
    width: bool = knob(True, "Take full-width and half-width forms for the same.")
    punctuation: bool = knob(True, "Take all punctuation between words for a space.")
    synonyms: tuple[str, ...] = knob((), "Labels that mean another one, each written as POS=positive.")

    def __post_init__(self) -> None:
        targets = [self._key(new) for _, new in pairs(self.synonyms)]
        for old, new in pairs(self.synonyms):
            if self._key(old) in targets and self._key(old) != self._key(new):
                raise KnobError(f"The synonym '{old}={new}' leads on to another one. Write where each label ends.")

    def select(self) -> tuple[str, Mapping[str, Any]]:
        found = pairs(self.synonyms)
        return _SELECT, {
            **parameters(case=self.case, width=self.width, punctuation=self.punctuation), "kind": KINDS[self.action],
            "olds": [self._key(old) for old, _ in found], "news": [self._key(new) for _, new in found],
            "names": [new for _, new in found], "most": _SHOWN,
        }  # fmt: skip

    def _key(self, label: str) -> str:
        return key(label, case=self.case, width=self.width, punctuation=self.punctuation)
