"""Clean: let the steps of a recipe judge the records of a project, and store what they say."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.knobs import build
from pipeline.recipe import Recipe
from pipeline.steps.base import CorpusStep, Step, steps
from pipeline.steps.chain import StepFailed
from pipeline.store import Store, corpus, label_changes, passes, records, secret
from pipeline.store import jobs as job_store
from pipeline.store.database import Cursor
from pipeline.verbs.clean_texts import TextPass, workers
from pipeline.verbs.marks import Marks

log = logging.getLogger(__name__)
SEED = 20_240_229  # any number, as long as it stays: what is looked at again is the same sample
PROCESSES = 2  # a page that somebody waits for keeps the other cores


@verbs.register
@dataclass(frozen=True, slots=True)
class Clean:
    """Repair, drop or flag records by the steps of a recipe, in their order. A dropped record is kept, outside the data
    set; undo brings everything back."""

    name: ClassVar[str] = "clean"
    steps: list[list[Any]]  # [[name, settings], …] in order: Recipe.plain()
    dry_run: bool = False
    processes: int = PROCESSES  # in which text steps work; 1: in this thread, 0: one a core
    recipe: str = ""  # which recipe the steps are of, and its revision (0: not one of the project's own)
    revision: int = 0
    sample: int = 0  # with dry_run: how many records are looked at, drawn at random; 0: all

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        """{"dropped" | "edited" | "flagged" | "reviewed" | "derived": {step: records}}; steps that found nothing are
        not in it, nor are the last two if none did. Of a sample also {"records": how many were looked at}.

        The work goes in phases: text steps that follow each other are one pass over the records, a corpus step is a
        phase of its own and sees all that the phases before it did. The cursor is {"phase", "after", "seen", "since"},
        stored with the verdicts of each batch, so that a job that went on has the verdicts of one that was never
        stopped. Marked places in answers move with the texts (marks.py).
        """
        workers(self.processes)
        phases = _phases(built(store, Recipe.of(self.steps)))
        project = _project(job)
        only = self._drawn(store, project)
        size = records.count(store, project, records.RecordFilter(state="active")) if only is None else len(only)
        place = {"phase": 0, "after": 0, "seen": 0, **job.cursor}
        place.setdefault("since", store.transact(label_changes.newest_event))
        marks = Marks.of(store, project)
        total = size * len(phases)
        for number in range(place["phase"], len(phases)):
            here = place if number == place["phase"] else {**place, "phase": number, "after": 0, "seen": 0}
            phase, done = phases[number], size * number
            if isinstance(phase[0], CorpusStep):
                _run_corpus(store, job, phase[0], here, done, total, only)
            else:
                chain = [step for step in phase if not isinstance(step, CorpusStep)]
                _run_texts(TextPass(store, job, project, chain, self.processes, size, done, total, here, marks, only))
        job.progress(total, total)
        looked_at = {} if only is None else {"records": len(only)}
        return self._close(store, job, {**place, "phase": len(phases)}, total) | looked_at

    def _drawn(self, store: Store, project_id: int) -> list[int] | None:
        if self.sample and (self.sample < 0 or not self.dry_run):
            raise WorkbenchError("A recipe can only be tried out on a sample of 1 or more records. Ask for a dry run.")
        return passes.drawn(store, project_id, self.sample, SEED)[0] if self.sample else None

    def _close(self, store: Store, job: Handle, place: dict[str, Any], done: int) -> dict[str, Any]:
        """In one transaction: the answers that came meanwhile, and the end of the job. So no answer can come between
        the one and the other."""
        marks = Marks.of(store, _project(job))

        def work(cursor: Cursor) -> None:
            if marks is not None:
                marks.take_late(store, cursor, job.id, place["since"])
            until = {**place, "until": label_changes.newest_event(cursor)}
            if marks is None or self.dry_run:
                job_store.checkpoint(cursor, job.id, until, done)
            else:
                job_store.finish(cursor, job.id, until)

        store.transact(work)
        found = corpus.effects(store, job.id)
        said = {"dropped": found["drop"], "edited": found["edit"], "flagged": found["flag"]}
        return said | {
            name: found[kind] for name, kind in (("reviewed", "review"), ("derived", "derive")) if found[kind]
        }


def built(store: Store, recipe: Recipe) -> list[Step]:
    """The steps, ready to work; one that needs a secret and was given none has the store's own."""
    ready: list[Step] = []
    for name, settings in recipe.steps:
        knob = getattr(steps.get(name), "secret", "")
        own = {knob: secret.secret(store)} if knob and not settings.get(knob) else {}
        ready.append(build(steps.get(name), {**settings, **own}))
    return ready


def _phases(chain: list[Step]) -> list[list[Step]]:
    """Runs of steps that work on a text alone, and each corpus step by itself."""
    phases: list[list[Step]] = []
    for step in chain:
        if phases and not isinstance(step, CorpusStep) and not isinstance(phases[-1][-1], CorpusStep):
            phases[-1].append(step)
        else:
            phases.append([step])
    return phases


def _project(job: Handle) -> int:
    if job.project_id is None:
        raise WorkbenchError("Cleaning needs a project. Name one.")
    return job.project_id


def _run_texts(texts: TextPass) -> None:
    try:
        texts.run()
    except StepFailed as error:
        log.error("job %s: %s\n%s", texts.job.id, error, error.trace)  # noqa: TRY400 - the trace is that of a worker
        raise


def _run_corpus(
    store: Store, job: Handle, step: CorpusStep, place: dict[str, Any], done: int, total: int,
    only: Sequence[int] | None,
) -> None:  # fmt: skip
    """The step looks at all records, also those that are not in the sample `only`."""
    job.progress(done, total, step.name)
    select, params = step.select()

    def write(cursor: Cursor) -> None:
        corpus.apply_selected(
            cursor, job_id=job.id, project_id=_project(job), step=step.name, select=select, params=params
        )  # fmt: skip
        if only is not None:
            corpus.keep_only(cursor, job.id, only)
        job_store.checkpoint(cursor, job.id, {**place, "phase": place["phase"] + 1}, done)

    store.transact(write)
