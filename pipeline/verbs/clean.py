"""Clean: let the steps of a recipe judge the records of a project, and store what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import Drop, Edit, Verdict, WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.recipe import Recipe
from pipeline.steps.base import CorpusStep, Step, TextStep
from pipeline.store import Store, corpus, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.store.database import Cursor

BATCH = 16_384  # records a transaction: each batch looks at the verdicts anew, so few large ones are quick
_KINDS = {Drop: "drop", Edit: "edit"}


@verbs.register
@dataclass(frozen=True, slots=True)
class Clean:
    """Repair, drop or flag records by the steps of a recipe, in their order. A dropped record is kept, outside the data
    set; undo brings everything back."""

    name: ClassVar[str] = "clean"
    steps: list[list[Any]]  # [[name, settings], …] in order: Recipe.plain()
    dry_run: bool = False

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        """{"dropped" | "edited" | "flagged": {step: records}}; steps that found nothing are not in it.

        The work goes in phases: text steps that follow each other are one pass over the records, a corpus step is a
        phase of its own and sees all that the phases before it did. The cursor is {"phase", "after", "seen"}, stored
        with the verdicts of each batch, so that a job that went on has the verdicts of one that was never stopped.
        """
        phases = _phases(Recipe.of(self.steps).built())
        size = records.count(store, _project(job), records.RecordFilter(state="active"))
        first = int(job.cursor.get("phase", 0))
        for number, phase in enumerate(phases[first:], first):
            head = phase[0]
            if isinstance(head, CorpusStep):
                _run_corpus(store, job, head, number, size * number, size * len(phases))
            else:
                _run_texts(store, job, [s for s in phase if isinstance(s, TextStep)], number, size, len(phases))
        job.progress(size * len(phases), size * len(phases))
        found = verdicts.counts(store, job.id)
        return {"dropped": found["drop"], "edited": found["edit"], "flagged": found["flag"]}


def judged(record_id: int, text: str, chain: list[TextStep]) -> list[Verdict]:
    """What a chain of text steps says of one record: each step reads what the one before it left; a drop ends it."""
    said = []
    for step in chain:
        judgement = step.judge(text)
        if judgement is None:
            continue
        edit = judgement.text if isinstance(judgement, Edit) else None
        kind = _KINDS.get(type(judgement), "flag")
        said.append(Verdict(record_id, step.name, kind, judgement.reason, edit))
        if kind == "drop":
            break
        text = text if edit is None else edit
    return said


def _phases(chain: list[Step]) -> list[list[Step]]:
    """Runs of text steps, and each corpus step by itself."""
    phases: list[list[Step]] = []
    for step in chain:
        if phases and isinstance(step, TextStep) and isinstance(phases[-1][-1], TextStep):
            phases[-1].append(step)
        else:
            phases.append([step])
    return phases


def _project(job: Handle) -> int:
    if job.project_id is None:
        raise WorkbenchError("Cleaning needs a project. Name one.")
    return job.project_id


def _run_texts(store: Store, job: Handle, chain: list[TextStep], number: int, size: int, phases: int) -> None:
    here = job.cursor.get("phase", 0) == number
    after, seen = (int(job.cursor.get(key, 0)) if here else 0 for key in ("after", "seen"))
    note = ", ".join(step.name for step in chain)
    for table in records.batches(store, _project(job), own_job=job.id, after=after, size=BATCH):
        ids, texts = table.column("id").to_pylist(), table.column("text").to_pylist()
        said = [v for one, text in zip(ids, texts, strict=True) for v in judged(one, text, chain)]
        seen += len(ids)
        done = size * number + min(seen, size)
        place = {"phase": number, "after": ids[-1], "seen": seen}

        def write(cursor: Cursor, said: list[Verdict] = said, place: dict[str, Any] = place, done: int = done) -> None:
            verdicts.append(store, cursor, job.id, said)
            job_store.checkpoint(cursor, job.id, place, done)

        store.transact(write)
        job.progress(done, size * phases, note)


def _run_corpus(store: Store, job: Handle, step: CorpusStep, number: int, done: int, total: int) -> None:
    job.progress(done, total, step.name)
    select, params = step.select()

    def write(cursor: Cursor) -> None:
        corpus.drop_selected(
            cursor, job_id=job.id, project_id=_project(job), step=step.name, select=select, params=params
        )  # fmt: skip
        job_store.checkpoint(cursor, job.id, {"phase": number + 1}, done)

    store.transact(write)
