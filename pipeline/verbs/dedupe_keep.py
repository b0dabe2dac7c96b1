"""Which record of a near-duplicate family stays, and what stands in the way of dropping the others."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import WorkbenchError
from pipeline.store import Store, families, family_labels
from pipeline.store import runs as requests
from pipeline.store.family_labels import Asked

if TYPE_CHECKING:
    from pipeline.dedup.engine import Found
    from pipeline.near import Texts

WHOLE = family_labels.WHOLE


def asked(store: Store, project_id: int, kinds: Iterable[str] = ()) -> list[Asked]:
    """The questions of the project's tasks, of these kinds or of all."""
    with closing(store.cursor()) as cursor:
        return family_labels.asked(cursor, project_id, kinds)


def scores(store: Store, project_id: int, name: str) -> pa.Table:
    """The records' numbers under a name (columns id, n). Raises WorkbenchError if no record has one."""
    found = family_labels.scores(store, project_id, name)
    if not found.num_rows and families.waiting(store, project_id):
        raise WorkbenchError(
            f"No record has a number named '{name}', so there is no best one to keep. Name a column of the file that "
            "holds numbers, or keep records in another way."
        )
    return found


def merits(store: Store, project_id: int, keep: str, texts: Texts, found: Found, scored: pa.Table | None) -> Any:
    """What a record has more of than the others of its family is what it is kept for: one number for each text."""
    own = np.flatnonzero(np.bincount(found.roots, minlength=len(found.roots))[found.roots] > 1)  # those in families
    if keep == "longest":
        sizes = np.zeros(len(texts.ids), np.int64)
        sizes[own] = pc.utf8_length(texts.read(own)).to_numpy() if len(own) else 0
        return sizes
    if keep == "newest":
        return np.arange(len(texts.ids))  # they are in the order of their import
    if keep == "labelled":
        return np.isin(texts.ids, families.labelled(store, project_id).to_numpy(zero_copy_only=False))
    if keep == "quality" and scored is not None:
        return _placed(texts.ids, scored)
    if keep == "agreed":
        return _placed(texts.ids, family_labels.agreed(store, asked(store, project_id), texts.ids[own].tolist()))
    return np.zeros(len(texts.ids))


def send_back(store: Store, cursor: Any, job_id: int, questions: list[Asked]) -> tuple[list[int], int]:
    """Inside a transaction: ask for the records of contradictory families to be labelled again. Returns these families,
    none of which may lose a record before that, and how many requests there are."""
    found = family_labels.contradictions(cursor, job_id, questions)
    for task_id in sorted({one.task_id for one in found}):
        reasons = {
            one.record_id: f"its near-duplicate {one.other} has another answer to '{one.question}'"
            for one in found
            if one.task_id == task_id
        }
        requests.ask_relabel(store, cursor, job_id=job_id, task_id=task_id, run_id=None, reasons=reasons)
    return sorted({one.family_id for one in found}), len(found)


def _placed(ids: Any, numbers: pa.Table) -> Any:
    """The numbers (columns id, n) in the order of ids, which ascend; less than any number where there is none."""
    placed = np.full(len(ids), -np.inf)
    own, n = numbers["id"].to_numpy(), numbers["n"].to_numpy()
    at = np.searchsorted(ids, own)
    there = at < len(ids)
    there[there] = ids[at[there]] == own[there]
    placed[at[there]] = n[there]
    return placed
