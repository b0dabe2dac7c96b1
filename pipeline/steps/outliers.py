"""Records that are unlike the rest: by how long they are, or by words that nobody else uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.knobs import knob
from pipeline.steps.base import steps

LEAST_RECORDS = 20  # fewer have no usual length
LEAST_CORPUS = 100  # among fewer records most words are rare
LEAST_WORDS = 8  # different words of a text whose share of rare ones says something
# Han, kana and hangul are tokens by the character, everything else by the run of letters and digits
_PIECE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]|[\p{L}\p{M}\p{N}]+"
_WIDE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
# The modified z-score of Iglewicz and Hoaglin (1993): deviation from the median over 1.4826 times the median absolute
# deviation; over 1.2533 times the mean one where half of the texts are of one length. Of the logarithm, for lengths are
# skewed. Texts in Chinese, Japanese or Korean are held against each other: they say more with a character.
_LENGTHS = """
size AS (
  SELECT id, length(text) AS n, ln(1 + length(text)) AS x,
    3 * len(regexp_extract_all(left(text, 300), $wide)) >= length(left(text, 300)) AS wide
  FROM corpus WHERE length(text) > 0),
middle AS (SELECT wide, median(x) AS m FROM size GROUP BY wide HAVING count(*) >= $least_records),
spread AS (
  SELECT s.wide, any_value(m.m) AS m,
    coalesce(nullif(1.4826 * median(abs(s.x - m.m)), 0), nullif(1.2533 * avg(abs(s.x - m.m)), 0)) AS scale
  FROM size s JOIN middle m ON m.wide = s.wide GROUP BY s.wide),
lengths AS (
  SELECT id AS record_id,
    CASE WHEN x > m THEN 'unusually long: ' ELSE 'unusually short: ' END || n AS reason
  FROM size JOIN spread ON spread.wide = size.wide WHERE abs(x - m) / scale > $length)
"""
_WORDS = """
token AS MATERIALIZED (
  SELECT id, unnest(list_distinct(list_transform(regexp_extract_all(lower(text), $token), lambda t: hash(t)))) AS token
  FROM corpus),
common AS (SELECT token FROM token GROUP BY token HAVING count(*) > 1 + $others),
rare AS (
  SELECT id, count(*) AS n, count(*) FILTER (c.token IS NULL) AS rare
  FROM token t LEFT JOIN common c ON c.token = t.token GROUP BY id),
words AS (
  SELECT id AS record_id, 'words that hardly any other record has: ' || round(100 * rare / n)::INT || '%' AS reason
  FROM rare WHERE n >= $least_words AND rare / n >= $words
    AND (SELECT count(*) FROM corpus) >= $least_corpus)
"""


@steps.register
@dataclass(frozen=True, slots=True)
class Outliers:
    """Flag or drop records that are much longer or shorter than the others, or mostly of words that hardly any other
    record has. In Chinese, Japanese and Korean characters take the place of words."""

    name: ClassVar[str] = "outliers"
    action: str = knob("flag", "What to do with them.", choices=("flag", "drop"))
    length: float = knob(3.5, "How many deviations from the usual length are allowed; 0 looks at no length.",
                         low=0, high=100)  # fmt: skip
    words: float = knob(0.6, "The share of rare words from which a text is an outlier; 0 looks at no words.",
                        low=0, high=1)  # fmt: skip
    others: int = knob(1, "A word is rare if at most so many other records have it.", low=0, high=1000)

    def select(self) -> tuple[str, Mapping[str, Any]]:
        parts: dict[str, str] = {}
        params: dict[str, Any] = {"kind": self.action}
        if self.length:
            parts["lengths"] = _LENGTHS
            params |= {"wide": _WIDE, "length": self.length, "least_records": LEAST_RECORDS}
        if self.words:
            parts["words"] = _WORDS
            params |= {"token": _PIECE, "others": self.others, "words": self.words, "least_words": LEAST_WORDS,
                       "least_corpus": LEAST_CORPUS}  # fmt: skip
        if not parts:
            return "SELECT id AS record_id, '' AS reason, $kind AS kind FROM corpus WHERE false", params
        either = " UNION ALL ".join(f"SELECT record_id, reason FROM {name}" for name in parts)
        return f"WITH {', '.join(parts.values())} SELECT *, $kind AS kind FROM ({either})", params
