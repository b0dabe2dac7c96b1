"""Records that say the same in other words: embed them, find the near ones, and flag them for a person to look at."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.knobs import knob
from pipeline.meaning import MODELS, Meanings
from pipeline.store import Store, same_meaning
from pipeline.store import jobs as job_store
from pipeline.verbs import dedupe_keep, findings

if TYPE_CHECKING:
    from pipeline.near import Texts

POLICIES = ("first", "longest", "newest", "labelled")
LOW = 0.3
WARNING = (
    "A model of meaning cannot tell a statement from its opposite: 'the film is good' and 'the film is not good' are "
    "nearer to each other than most paraphrases are. Look at every pair before anything is dropped."
)


@verbs.register
@dataclass(frozen=True, slots=True)
class Semantic:
    """Find records that say the same in other words, and flag them so that a person looks.

    Two records are near if the cosine of their sentence embeddings is at or over the threshold; every pair is computed.
    WARNING: opposite statements ("the film is good", "the film is not good") are as near as paraphrases, or nearer: no
    threshold tells them apart. So nothing is dropped unless `drop` says so, and then no record of a family in which
    answers contradict each other.

    The result: pairs (listed), families, flagged or dropped, contradictory and relabel as in dedupe, records, embedded
    (anew), without (records that the model can say nothing of), pairs_elided, model, threshold, warning.
    """

    name: ClassVar[str] = "semantic"
    threshold: float = knob(0.75, "How near the meanings of two records are, at least: the cosine of their vectors.",
                            low=LOW, high=1.0)  # fmt: skip
    model: str = knob(
        "multilingual",
        "What reads the texts: multilingual knows 16 languages, Chinese among them; english only English.",
        choices=tuple(MODELS),
    )
    keep: str = knob(
        "first",
        "Which record of a family the others are held against: the first, the longest, the newest, or a labelled one.",
        choices=POLICIES,
    )
    drop: bool = knob(False, "Drop the others instead of flagging them. Look at a preview first: opposites go too.")
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not LOW <= self.threshold <= 1:
            raise WorkbenchError(f"The threshold is {self.threshold:g}; it must be from 0.3 to 1.")
        if self.keep not in POLICIES:
            raise WorkbenchError(f"There is no way to keep records named '{self.keep}'; choose: {', '.join(POLICIES)}.")
        if self.model not in MODELS:
            raise WorkbenchError(f"There is no model of meaning named '{self.model}'; choose: {', '.join(MODELS)}.")

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        from pipeline.dedup.cosine import stars
        from pipeline.dedup.keep import members

        began = time.perf_counter()
        if job.project_id is None:
            raise WorkbenchError("Near-duplicates are looked for inside one project; name it.")
        model = MODELS[self.model]
        texts = Meanings(store, job.project_id, model)
        total = len(texts.ids)
        embedded = texts.embed(lambda done: job.progress(done, 2 * total, "reading the meanings"))
        search, without = texts.search(self.threshold)
        found = search.found(lambda share: job.progress(total + int(0.9 * total * share), 2 * total, "comparing"))
        merits = dedupe_keep.merits(store, job.project_id, self.keep, cast("Texts", texts), found, None)
        found = replace(found, roots=stars(found, merits))
        chosen = members(search, found, merits)
        findings.write(store, job, texts.ids, found, chosen)
        judged = self._judge(store, job, len(found.x), 2 * total)
        job.progress(2 * total, 2 * total, "writing")
        return {
            "pairs": len(found.x), "families": chosen.families, **judged,
            "seconds": round(time.perf_counter() - began, 3), "records": total, "embedded": embedded,
            "without": without, "kept_unlike": 0, "pairs_elided": found.elided, "model": model.title,
            "threshold": self.threshold, "warning": WARNING,
        }  # fmt: skip

    def _judge(self, store: Store, job: Handle, pairs: int, done: int) -> dict[str, int]:
        questions = dedupe_keep.asked(store, cast("int", job.project_id), dedupe_keep.WHOLE)

        def judge(cursor: Any) -> dict[str, int]:
            job_store.checkpoint(cursor, job.id, {"found": pairs}, done)
            if not self.drop:
                return {"flagged": same_meaning.judge_members(cursor, job.id, self.name, "flag")}
            spared, asked = dedupe_keep.send_back(store, cursor, job.id, questions)
            dropped = same_meaning.judge_members(cursor, job.id, self.name, "drop", spared)
            return {"dropped": dropped, "contradictory": len(spared), "relabel": asked}

        return store.transact(judge)
