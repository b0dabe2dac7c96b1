"""Remove near-duplicates: find the pairs, make the families, drop all of a family but the record that is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from pipeline.dedup.shingles import Shingle, unspaced
from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.knobs import knob
from pipeline.store import Store, families, family_labels, family_verdicts, readings
from pipeline.store import jobs as job_store
from pipeline.verbs import dedupe_keep, findings

if TYPE_CHECKING:
    from pipeline.dedup.engine import Found
    from pipeline.dedup.keep import Members
    from pipeline.near import Texts

MODES = ("near", "contained")
CONTAINED_FROM, CONTAINED_USUAL = 0.5, 0.9  # thresholds of the mode contained: the lowest, and one to begin with
SCOPES = ("all", "new")
POLICIES = ("first", "longest", "newest", "labelled", "quality", "agreed")
SAMPLE = 200


@verbs.register
@dataclass(frozen=True, slots=True)
class Dedupe:
    """Find near-duplicate records and keep one of each family.

    Two records are near-duplicates when the sets of their shingles have a Jaccard index at or over the threshold. Every
    pair is verified exactly. A record that is unlike the kept one, and only linked to it by others, stays. A family in
    which records have different answers to one question loses none: its answered records are first looked at again.

    In the mode contained, what is looked for is a short text inside a long one: the similarity is how much of the short
    one's shingles the long one has, of records with at least 8 different ones. No pair is missed. Of a family the
    longest stays, whatever `keep` says, and all others of it are inside that one.

    With the scope new, each record that no search has looked at is compared with all that are in the data set. So after
    it, no two records that are there are alike without a live search having found that pair. A record that was dropped
    is compared no more, so families may be smaller than those of one search of all, never larger; where all of a family
    are like each other, the same number of records stays, and with keep=first the very same.

    The result: pairs (listed), identical (those of them with one and the same set, in the mode near), families,
    dropped, brought_back (records that an earlier search dropped for one that is gone or changed), contradictory
    (families that were sent to be looked at again) and relabel (requests for it), records, new, signed, kept_unlike,
    pairs_elided (true pairs among many copies, not listed), buckets_cut (groups too large to compare all with all) and
    pairs_missing (how many pairs may be missing for that, at most).
    """

    name: ClassVar[str] = "dedupe"
    mode: str = knob(
        "near",
        "What is looked for: records that are nearly the same (near), or short ones inside long ones (contained), of "
        "which the longest stays.",
        choices=MODES,
    )
    threshold: float = knob(0.8, "How much of their shingles two records share, at least: 1 is all.", low=0.3, high=1.0)
    shingle: str = knob(
        "auto:5",
        "What is compared: word:5 is five words in a row; char:5 is five characters, for Chinese or Thai; auto:5 takes "
        "whichever fits the script of each text.",
    )
    keep: str = knob(
        "first",
        "Which record of a family stays: the first, the longest, the newest (imported last), a labelled one, the one "
        "of the best quality (the highest number in the column that score names), or the one on whose answer most "
        "annotators agree. Of equals, the first.",
        choices=POLICIES,
    )
    score: str = knob("", "The column with the numbers that keep=quality goes by; the highest is best.")
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
        if self.mode not in MODES:
            raise WorkbenchError(f"There is no mode of searching named '{self.mode}'; choose: {', '.join(MODES)}.")
        if self.mode == "contained" and self.threshold < CONTAINED_FROM:
            raise WorkbenchError(
                f"The threshold is {self.threshold:g}; for a text inside another one it must be from 0.5 to 1."
            )
        if self.keep not in POLICIES:
            raise WorkbenchError(f"There is no way to keep records named '{self.keep}'; choose: {', '.join(POLICIES)}.")
        if self.scope not in SCOPES:
            raise WorkbenchError(f"There is no scope named '{self.scope}'; choose: {', '.join(SCOPES)}.")
        if self.keep == "quality" and not self.score.strip():
            raise WorkbenchError("To keep the record of the best quality, name the column of its score.")
        Shingle.parse(self.shingle)

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        # Compiled code takes a second to load, and whoever only lists the verbs should not wait for it.
        from pipeline.near import Texts

        began = time.perf_counter()
        target = findings.pairs_target(store, self.pairs_file)
        project_id = _project(job)
        scores = dedupe_keep.scores(store, project_id, self.score.strip()) if self.keep == "quality" else None
        orphans = family_verdicts.orphans(store, project_id)
        with Texts(store, project_id, Shingle.parse(self.shingle), orphans) as texts:
            ids, total = texts.ids, len(texts.ids)
            fresh = self._fresh(store, project_id, texts, orphans)
            if self.mode == "contained":
                found, chosen, signed = self._contained(job, texts, fresh)
            else:
                found, chosen, signed = self._near(store, job, project_id, texts, fresh, scores)
            hint = self._hint(texts) if fresh is None or fresh.all() else {}
        findings.write(store, job, ids, found, chosen)
        if target is not None:
            findings.write_pairs(families.pairs(store, job.id), target)
        judged = self._judge(store, job, project_id, texts, orphans)  # last, as answers may come at any time
        job.progress(2 * total, 2 * total, "writing")
        stay = int((chosen.similarity < self.threshold).sum())
        same = int((found.jaccard == 1).sum()) if self.mode == "near" else 0
        return {
            "pairs": len(found.x), "identical": same, "families": chosen.families, **judged,
            "seconds": round(time.perf_counter() - began, 3),
            "records": total, "new": total if fresh is None else int(fresh.sum()),
            "signed": signed, "kept_unlike": stay, "pairs_elided": found.elided, "buckets_cut": found.cut,
            "pairs_missing": found.missing,
            **hint,
        }  # fmt: skip

    def _near(
        self, store: Store, job: Handle, project_id: int, texts: Texts, fresh: Any, scores: pa.Table | None
    ) -> tuple[Found, Members, int]:
        from pipeline.dedup.keep import members

        total = len(texts.ids)
        signed = texts.sign(self.threshold, lambda done: job.progress(done, 2 * total, "reading"))
        search = texts.search(fresh, lambda: job.progress(total, 2 * total, "comparing"))
        found = search.found(lambda share: job.progress(total + int(0.9 * total * share), 2 * total, "comparing"))
        merits = dedupe_keep.merits(store, project_id, self.keep, texts, found, scores)
        return found, members(search, found, merits), signed

    def _contained(self, job: Handle, texts: Texts, fresh: Any) -> tuple[Found, Members, int]:
        from pipeline.dedup.keep import members

        total = len(texts.ids)
        search = texts.inside(self.threshold, fresh)
        found = search.found(lambda share: job.progress(int(1.9 * total * share), 2 * total, "comparing"))
        return found, members(search, found, search.sizes), 0

    def _fresh(self, store: Store, project_id: int, texts: Texts, orphans: Sequence[int]) -> Any:
        """Which texts are new since the last search; None for all of them."""
        if self.scope == "all":
            return None
        cut = str(Shingle.parse(self.shingle))
        seen = readings.looked_at(store, project_id, cut, self.threshold, texts.ids, texts.edits, self.mode)
        again = [*orphans, *family_labels.sent_back(store, project_id).to_pylist()]
        return ~seen | np.isin(texts.ids, again)

    def _judge(
        self, store: Store, job: Handle, project_id: int, texts: Texts, orphans: Sequence[int]
    ) -> dict[str, int]:
        """In one transaction: who is dropped, who comes back, and who is looked at again first."""
        questions = dedupe_keep.asked(store, project_id, dedupe_keep.WHOLE)
        inside = self.mode == "contained"

        def work(cursor: Any) -> dict[str, int]:
            job_store.checkpoint(cursor, job.id, {"judged": True}, 2 * len(texts.ids))
            readings.note_looked_at(store, cursor, job.id, texts.ids, texts.edits)
            spared, asked = dedupe_keep.send_back(store, cursor, job.id, questions)
            dropped = family_verdicts.drop_members(cursor, job.id, self.name, self.threshold, spared, inside=inside)
            back = family_verdicts.bring_back(cursor, job.id, self.name, orphans)
            return {"dropped": dropped, "brought_back": back, "contradictory": len(spared), "relabel": asked}

        return store.transact(work)

    def _hint(self, texts: Texts) -> dict[str, str]:
        if Shingle.parse(self.shingle).unit != "word":
            return {}
        if not unspaced(texts.read(np.arange(min(SAMPLE, len(texts.ids)))).to_pylist()):
            return {}
        return {
            "hint": f"Most of these texts have no spaces between words, so {self.shingle} takes a whole sentence for "
            "one word and finds little beyond exact copies. Run it again with auto:5."
        }


def _project(job: Handle) -> int:
    if job.project_id is None:
        raise WorkbenchError("Near-duplicates are looked for inside one project; name it.")
    return job.project_id
