"""Records with the very same text. Does not look for similar ones: that is the dedup engine's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.knobs import knob
from pipeline.steps.base import steps

# An augmented record never pushes out an original; else the first imported stays. Empty texts are nobody's twin.
# Replacing is ten times slower than looking, and few texts need it after the whitespace step.
_UNTIDY = r"  |[\t\n\v\f\r\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
_SELECT = r"""
WITH keyed AS (
  SELECT id, external_id, parent_id IS NOT NULL AS made,
    CASE WHEN $spaces AND (regexp_matches(text, $untidy) OR text LIKE ' %' OR text LIKE '% ')
      THEN trim(regexp_replace(text, '[\s\p{Z}]+', ' ', 'g')) ELSE text END AS read
  FROM corpus),
folded AS (
  SELECT id, external_id, made, CASE WHEN $cases THEN lower(read) ELSE read END AS key FROM keyed WHERE read <> ''),
kept AS (
  SELECT key, arg_min({'id': id, 'external_id': external_id}, {'made': made, 'id': id}) AS first
  FROM folded GROUP BY key HAVING count(*) > 1)
SELECT f.id AS record_id, 'the same text as record: ' || k.first.external_id AS reason
FROM folded f JOIN kept k ON k.key = f.key WHERE f.id <> k.first.id
"""


@steps.register
@dataclass(frozen=True, slots=True)
class ExactDuplicates:
    """Drop records whose text another record has already; the first one stays."""

    name: ClassVar[str] = "exact_duplicates"
    ignore_case: bool = knob(False, "Take upper and lower case for the same.")
    ignore_space: bool = knob(True, "Take all runs of white space for the same.")

    def select(self) -> tuple[str, Mapping[str, Any]]:
        return _SELECT, {"untidy": _UNTIDY, "cases": self.ignore_case, "spaces": self.ignore_space}
