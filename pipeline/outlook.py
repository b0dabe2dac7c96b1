"""What a search for near-duplicates would find at another threshold, before anybody searches again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dedup.moved import Outlook, outlook, outlook_inside
from pipeline.domain import Job
from pipeline.store import Store, families, family_labels, pairs
from pipeline.verbs import dedupe_keep

Array = NDArray[Any]


def look_ahead(store: Store, job: Job) -> Outlook:
    """The pairs, families and dropped records at each threshold from the search's own to 1. Nothing is read but what
    the search wrote and what a record is kept for, as that is now."""
    own = float(job.params["threshold"])
    ids, keeper, similarity = pairs.members(store, job.id)
    numbered = _numbers(ids)
    a, b, jaccard = pairs.listed(store, job.id)
    spared = numbered(pairs.asked_again(store, job.id))
    if job.params.get("mode") == "contained":
        return outlook_inside(own, jaccard, numbered(keeper), similarity, spared)
    listed = (numbered(a), numbered(b), jaccard)
    # The verb measured each record against the kept one, also where the two never met in a bucket.
    near = (similarity >= own) & (ids != keeper)
    known = (numbered(ids[near]), numbered(keeper[near]), similarity[near])
    merits = _merits(store, job, ids)
    return outlook(own, listed, known, merits, spared, elided=bool(job.result.get("pairs_elided")))


def _numbers(ids: Array) -> Any:
    """What turns ids of these records (ascending) into their numbers 0..n-1. One look in a table: pairs are many."""
    if not len(ids):
        return lambda _: np.zeros(0, np.int32)
    table = np.zeros(int(ids[-1] - ids[0]) + 1, np.int32)
    table[ids - ids[0]] = np.arange(len(ids), dtype=np.int32)
    return lambda which: table[which - ids[0]]


def _merits(store: Store, job: Job, ids: Array) -> Array:
    """What a record has more of than the others, for which it stays (as pipeline.verbs.dedupe_keep says it)."""
    keep, project_id = job.params.get("keep", "first"), int(job.project_id or 0)
    if keep == "longest":
        return pairs.lengths(store, job.id)
    if keep == "newest":
        return ids
    if keep == "labelled":
        return np.isin(ids, families.labelled(store, project_id).to_numpy(zero_copy_only=False))
    if keep == "quality":
        return _placed(ids, family_labels.scores(store, project_id, str(job.params.get("score", "")).strip()))
    if keep == "agreed":
        return _placed(ids, family_labels.agreed(store, dedupe_keep.asked(store, project_id), ids.tolist()))
    return np.zeros(len(ids))


def _placed(ids: Array, numbers: pa.Table) -> Array:
    """The numbers (columns id, n) in the order of ids, which ascend; less than any number where there is none."""
    order = np.argsort(numbers["id"].to_numpy())
    own, n = numbers["id"].to_numpy()[order], numbers["n"].to_numpy()[order]
    if not len(own):
        return np.zeros(len(ids))
    at = np.minimum(np.searchsorted(own, ids), len(own) - 1)
    return np.where(own[at] == ids, n[at], -np.inf)
