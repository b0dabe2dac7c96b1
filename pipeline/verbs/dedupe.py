"""Remove near-duplicates: find the pairs, make the families, drop all of a family but the record that is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dedup.shingles import Shingle, unspaced
from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.knobs import knob
from pipeline.store import Store, families, readings
from pipeline.store import jobs as job_store
from pipeline.store.exports import replaceable

if TYPE_CHECKING:
    from pipeline.dedup.engine import Found
    from pipeline.dedup.keep import Members
    from pipeline.near import Texts

SCOPES = ("all", "new")
POLICIES = ("first", "longest", "labelled")
WRITTEN = 200_000  # rows written in one transaction
SAMPLE = 200


@verbs.register
@dataclass(frozen=True, slots=True)
class Dedupe:
    """Find near-duplicate records and keep one of each family.

    Two records are near-duplicates when the sets of their shingles have a Jaccard index at or over the threshold. Every
    pair is verified exactly. A record that is unlike the kept one, and only linked to it by others, stays.
    """

    name: ClassVar[str] = "dedupe"
    threshold: float = knob(0.8, "How much of their shingles two records share, at least: 1 is all.", low=0.3, high=1.0)
    shingle: str = knob(
        "word:5", "What is compared: word:5 is five words in a row; char:5 is five characters, for Chinese or Thai."
    )
    keep: str = knob(
        "first", "Which record of a family stays: the first, the longest, or a labelled one.", choices=POLICIES
    )
    scope: str = knob(
        "all",
        "What is compared: all records with each other, or only the new ones (with all) since the last search.",
        choices=SCOPES,
    )
    pairs_file: str = ""
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not 0.3 <= self.threshold <= 1:
            raise WorkbenchError(f"The threshold is {self.threshold:g}; it must be from 0.3 to 1.")
        if self.keep not in POLICIES:
            raise WorkbenchError(f"There is no way to keep records named '{self.keep}'; choose: {', '.join(POLICIES)}.")
        if self.scope not in SCOPES:
            raise WorkbenchError(f"There is no scope named '{self.scope}'; choose: {', '.join(SCOPES)}.")
        Shingle.parse(self.shingle)

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        # Compiled code takes a second to load, and whoever only lists the verbs should not wait for it.
        from pipeline.dedup.keep import members
        from pipeline.near import Texts

        began = time.perf_counter()
        target = _pairs_target(store, self.pairs_file)
        project_id = _project(job)
        orphans = families.orphans(store, project_id)
        with Texts(store, project_id, Shingle.parse(self.shingle), orphans) as texts:
            ids, total = texts.ids, len(texts.ids)
            fresh = self._fresh(store, project_id, texts, orphans)
            signed = texts.sign(lambda done: job.progress(done, 2 * total, "reading"))
            search = texts.search(self.threshold, fresh)
            found = search.found(lambda share: job.progress(total + int(0.9 * total * share), 2 * total, "comparing"))
            chosen = members(search, found, self._merits(store, project_id, texts, found))
            sample = texts.read(np.arange(min(SAMPLE, total))).to_pylist()
        self._write(store, job, ids, found, chosen)

        def judge(cursor: Any) -> int:
            job_store.checkpoint(cursor, job.id, {"found": len(found.x)}, 2 * total)
            readings.note_looked_at(store, cursor, job.id, ids, texts.edits)
            dropped = families.drop_members(cursor, job.id, self.name, self.threshold)
            families.bring_back(cursor, job.id, self.name, orphans)
            return dropped

        dropped = store.transact(judge)
        job.progress(2 * total, 2 * total, "writing")
        if target is not None:
            _write_pairs(store, job.id, target)
        stay = int((chosen.similarity < self.threshold).sum())
        return {
            "pairs": len(found.x), "families": chosen.families, "dropped": dropped,
            "seconds": round(time.perf_counter() - began, 3),
            "records": total, "new": total if fresh is None else int(fresh.sum()),
            "signed": signed, "kept_unlike": stay, "pairs_elided": found.elided, "buckets_cut": found.cut,
            **self._hint(sample),
        }  # fmt: skip

    def _fresh(self, store: Store, project_id: int, texts: Texts, orphans: Sequence[int]) -> Any:
        """Which texts are new since the last search; None for all of them."""
        if self.scope == "all":
            return None
        cut = str(Shingle.parse(self.shingle))
        seen = readings.looked_at(store, project_id, cut, self.threshold, texts.ids, texts.edits)
        return ~seen | np.isin(texts.ids, orphans)

    def _merits(self, store: Store, project_id: int, texts: Texts, found: Found) -> Any:
        """What a record has more of than the others of its family is what it is kept for: one number for each text."""
        if self.keep == "longest":
            own = np.flatnonzero(np.bincount(found.roots, minlength=len(found.roots))[found.roots] > 1)
            merits = np.zeros(len(texts.ids), np.int64)
            merits[own] = pc.utf8_length(texts.read(own)).to_numpy() if len(own) else 0
            return merits
        if self.keep == "labelled":
            return np.isin(texts.ids, families.labelled(store, project_id).to_numpy(zero_copy_only=False))
        return np.zeros(len(texts.ids))

    def _write(self, store: Store, job: Handle, ids: Any, found: Found, chosen: Members) -> None:
        """Everything that was found, in batches. An earlier try that broke off is taken away first."""
        store.transact(lambda cursor: families.clear(cursor, job.id))
        for rows in _slices(len(found.x)):
            a, b = (pa.array(ids[side[rows]]) for side in (found.x, found.y))
            jaccard = pa.array(found.jaccard[rows])
            store.transact(partial(families.append_pairs, store, job_id=job.id, a=a, b=b, jaccard=jaccard))
            job.progress(int(1.95 * len(ids)), 2 * len(ids), "writing")
        for rows in _slices(len(chosen.text)):
            record, family = (pa.array(ids[side[rows]]) for side in (chosen.text, chosen.root))
            kept, near = pa.array(chosen.text[rows] == chosen.keeper[rows]), pa.array(chosen.similarity[rows])
            columns = {"family": family, "record": record, "kept": kept, "similarity": near}
            store.transact(partial(families.append_members, store, job_id=job.id, **columns))
            job.progress(int(1.98 * len(ids)), 2 * len(ids), "writing")

    def _hint(self, sample: list[str]) -> dict[str, str]:
        if not self.shingle.startswith("word") or not unspaced(sample):
            return {}
        return {
            "hint": f"Most of these texts have no spaces between words, so {self.shingle} takes a whole sentence for "
            "one word and finds little beyond exact copies. Run it again with char:5."
        }


def _project(job: Handle) -> int:
    if job.project_id is None:
        raise WorkbenchError("Near-duplicates are looked for inside one project; name it.")
    return job.project_id


def _slices(count: int) -> list[slice]:
    return [slice(start, start + WRITTEN) for start in range(0, count, WRITTEN)]


def _pairs_target(store: Store, path: str) -> Path | None:
    if not path:
        return None
    target = Path(path)
    if target.is_dir():
        raise WorkbenchError(f"{path} is a folder; name a file for the pairs, such as {target / 'pairs.parquet'}.")
    if not replaceable(store, target):
        raise WorkbenchError(f"{path} is a device or the database itself; name another file for the pairs.")
    if not target.parent.is_dir():
        raise WorkbenchError(f"The pairs cannot be written to {path}: the folder {target.parent} does not exist.")
    return target


def _write_pairs(store: Store, job_id: int, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        pq.write_table(families.pairs(store, job_id), part)
        part.replace(target)
    except OSError as error:
        raise WorkbenchError(f"The pairs cannot be written to {target}: {error.strerror or error}.") from error
