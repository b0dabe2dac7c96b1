"""Dropping the members of near-duplicate families, and bringing back those that have lost what they were dropped
for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.store.database import Cursor, Store

Array = NDArray[Any]
BY_HAND = 1 << 62  # added to the rank of a person's word, which is above every step's


def orphans(store: Store, project_id: int) -> list[int]:
    """The records that are dropped as near-duplicates of one that has left the data set, or where either reads
    otherwise now than when they were compared. A person's word outranks a search's: what they dropped stays dropped.

    Every search asks for them first. So only what was said of members of families is read; and it is put together here,
    because the planning of one statement that does it all takes longer than its work.
    """
    job, live, search, brings = _columns(store, _JOBS, {"project": project_id})
    searches = {"searches": job[search & live].tolist()}
    by, record, kept = _beside(store, searches)
    if not len(record):
        return []
    now = _Now.of(_columns(store, _SAID, searches), job[live], int(max(record.max(), kept.max())))
    held = np.flatnonzero((now.word[record] & 3 == 3) & (now.whose[record] == by))
    by, record, kept = by[held], record[held], kept[held]
    there = np.ones(len(now.word), np.bool_)
    gone = job[brings & ~live].tolist()
    if gone:
        (away,) = _columns(store, _AWAY, {"project": project_id, "gone": gone})
        there[away[away < len(there)]] = False
    lost = (now.word[kept] & 2 > 0) | ~there[kept]
    turned = np.flatnonzero(now.touched[record] | now.touched[kept])
    if len(turned):
        lost[turned] |= _otherwise(store, searches, now, by[turned], record[turned], kept[turned])
    return [int(one) for one in np.unique(record[lost & there[record]])]


@dataclass(frozen=True, slots=True)
class _Now:
    """What counts of what was said of some records, by their ids: `word` is the last drop or keep (four times its
    number, plus 2 for a drop, plus 1 for one by a search for near-duplicates; 0 for none), `whose` its job, `edit` the
    last edit (0 for none), and `touched` whether there was ever one, undone or not."""

    word: Array
    whose: Array
    edit: Array
    touched: Array

    @classmethod
    def of(cls, said: Sequence[Array], live: Array, most: int) -> Self:
        """From the columns of _SAID, by the jobs that are live; ids go up to `most` or more. Of these arrays only the
        pages that are written to take memory."""
        about, job, number, edits, drops, ours, hand = said
        n = max(most, int(about.max(initial=0))) + 1
        counts = np.isin(job, live)
        word, whose, edit, touched = (np.zeros(n, kind) for kind in (np.int64, np.int32, np.int64, np.bool_))
        touched[about[edits]] = True
        one = np.flatnonzero(counts & edits)
        np.maximum.at(edit, about[one], number[one])
        rank = 4 * number + 2 * drops + ours + hand * BY_HAND
        one = np.flatnonzero(counts & ~edits)
        np.maximum.at(word, about[one], rank[one])
        one = one[word[about[one]] == rank[one]]
        whose[about[one]] = job[one]
        return cls(word, whose, edit, touched)


def _beside(store: Store, searches: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    """The members that are not kept: the search, the record, and the record that is kept beside it."""
    if not searches["searches"]:
        return (np.zeros(0, np.int64),) * 3
    job, family, record, kept = _columns(store, _MEMBERS, searches)
    beside = np.empty_like(record)
    keeper = np.zeros(int(family.max(initial=0)) + 1, np.int64)
    for own in _each(job):
        first = own[kept[own]]
        keeper[family[first]] = record[first]
        beside[own] = keeper[family[own]]
    return job[~kept], record[~kept], beside[~kept]


def _otherwise(store: Store, searches: Mapping[str, Any], now: _Now, by: Array, record: Array, kept: Array) -> Array:
    """Which of these drops were for a text that reads otherwise now, on either side, than the search `by` read it. What
    undoing an edit makes of a text is another text too. Searches of before there was looked_at go by the order of
    events."""
    verdict = now.word[record] >> 2
    odd = (now.edit[record] > verdict) | (now.edit[kept] > verdict)
    job, text, edit = _columns(store, _READ, searches)
    read = {int(job[own[0]]): own for own in _each(job)}
    (knew,) = _columns(store, _KNEW, searches)
    for own in _each(by):
        search = int(by[own[0]])
        if search in knew:
            then, rows = np.zeros(len(now.edit), np.int64), read.get(search, own[:0])
            then[text[rows]] = edit[rows]
            odd[own] = (then[record[own]] != now.edit[record[own]]) | (then[kept[own]] != now.edit[kept[own]])
    return odd


def _each(job: Array) -> list[Array]:
    """The rows of each job."""
    rows = np.argsort(job, kind="stable")
    return np.split(rows, np.flatnonzero(np.diff(job[rows])) + 1) if len(rows) else []


def _columns(store: Store, sql: str, params: Mapping[str, Any]) -> list[Array]:
    """The columns of a SELECT, none of which may be null. For few rows this is quicker than by an Arrow table."""
    with closing(store.cursor()) as cursor:
        return [np.asarray(column) for column in cursor.execute(sql, params).fetchnumpy().values()]


_JOBS = """
SELECT id, state = 'done' AS live, kind = 'dedupe' AS search, kind IN ('import', 'augment') AS brings
FROM job WHERE project_id = $project
"""
_MEMBERS = """
SELECT job_id, family_id, record_id, kept FROM family_member WHERE list_contains($searches::INTEGER[], job_id)
"""
_SAID = """
SELECT record_id, job_id, id, kind = 'edit' AS edits, kind = 'drop' AS drops, step = 'dedupe' AS ours,
  step = 'by hand' AS hand
FROM verdict WHERE kind <> 'flag' AND record_id IN (
  SELECT record_id FROM family_member WHERE list_contains($searches::INTEGER[], job_id))
"""
_AWAY = "SELECT id FROM record WHERE project_id = $project AND job_id IN (SELECT unnest($gone::INTEGER[]))"
# An edited text is a run of its own in looked_at.
_READ = """
SELECT l.job_id, l.first_id, l.edit FROM looked_at l
SEMI JOIN family_member m ON m.job_id = l.job_id AND m.record_id = l.first_id
WHERE l.edit <> 0 AND list_contains($searches::INTEGER[], l.job_id)
"""
_KNEW = "SELECT DISTINCT job_id FROM looked_at WHERE list_contains($searches::INTEGER[], job_id)"


def drop_members(
    cursor: Cursor, job_id: int, step: str, threshold: float, spared: Sequence[int] = (), *, inside: bool = False
) -> int:
    """Inside a transaction: a drop verdict for each member at least so similar to its kept record, but for the families
    `spared`. `inside`: the similarity is how much of it is in the kept record. Returns how many."""
    made = cursor.execute(
        """
        INSERT INTO verdict (record_id, job_id, step, kind, reason)
        SELECT m.record_id, m.job_id, $step, 'drop',
          CASE WHEN $inside THEN format('contained in {} ({:.2f} of it)', r.external_id, m.similarity)
          ELSE format('near-duplicate of {} (similarity {:.3f})', r.external_id, m.similarity) END AS reason
        FROM family_member m
        JOIN family_member k ON k.job_id = m.job_id AND k.family_id = m.family_id AND k.kept
        JOIN record r ON r.id = k.record_id
        WHERE m.job_id = $job AND NOT m.kept AND m.similarity >= $threshold
          AND m.family_id NOT IN (SELECT unnest($spared::BIGINT[]))
        ORDER BY m.record_id
        """,
        {"job": job_id, "step": step, "threshold": threshold, "spared": list(spared), "inside": inside},
    ).fetchone()
    return int(made[0]) if made else 0


def bring_back(cursor: Cursor, job_id: int, step: str, record_ids: Sequence[int]) -> int:
    """Inside a transaction: a keep verdict for each of the records that the job does not drop. Returns how many."""
    made = cursor.execute(
        "INSERT INTO verdict (record_id, job_id, step, kind, reason) SELECT id, $job, $step, 'keep', "
        "'what it was a near-duplicate of is gone' AS reason FROM (SELECT unnest($ids::BIGINT[]) AS id) "
        "WHERE id NOT IN (SELECT record_id FROM verdict WHERE job_id = $job AND kind = 'drop')",
        {"job": job_id, "step": step, "ids": list(record_ids)},
    ).fetchone()
    return int(made[0]) if made else 0
