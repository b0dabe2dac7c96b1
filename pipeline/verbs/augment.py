"""Augment: make further training records from the originals, each with its parent, its operation and its seed."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pipeline import splits
from pipeline.augmenters.base import Augmenter, NotReady, Outcome, Refused, augmenters, folded
from pipeline.augmenters.process import WorkerProcess
from pipeline.domain import WorkbenchError, split_named
from pipeline.jobs import Handle, verbs
from pipeline.knobs import build, values_of
from pipeline.store import Store, augmented, records, versions
from pipeline.store import jobs as job_store
from pipeline.store.database import Cursor

LEAST, MOST = 16, 512  # originals a batch: it grows while one takes under QUICK seconds, so a slow engine reports too
QUICK = 2.0
HELD_OUT = "held out"  # it is, or by its family will be, in validation or test: nothing may be made of it
THERE = "already there"
REPEATED = "repeated"


@verbs.register
@dataclass(frozen=True, slots=True)
class Augment:
    """Make new records from the ones in the data set, in other words. A new record goes only into train, with the label
    of the record it was made from; undo takes all of them back."""

    name: ClassVar[str] = "augment"
    augmenter: str = "synonym"
    knobs: dict[str, Any] = field(default_factory=dict)
    per_record: int = 1
    seed: int = 13
    only: str = ""  # a written RecordFilter: which originals
    limit: int = 0  # at most so many originals, drawn by the seed; 0 for all
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.per_record <= 100:
            raise WorkbenchError(f"{self.per_record} variants of a record cannot be made. Ask for 1 to 100.")
        if self.limit < 0:
            raise WorkbenchError(f"A limit of {self.limit} records means nothing. Write 0 for all, or more.")

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        """{"augmented": n, "rejected": {reason: n}}: together as many as variants were asked for.

        The cursor is {"after", "seen", "augmented", "rejected"}, stored with the records of each batch; a record's text
        depends on its original, its seed and its number alone, so a job that went on makes what one run makes.
        """
        work = _Work(self, store, _project(job), job.id)
        ids, held_out = work.plan()
        tally = Counter(job.cursor.get("rejected", {}))
        made, after, seen = (int(job.cursor.get(key, 0)) for key in ("augmented", "after", "seen"))
        rest = [i for i in ids if i > after]
        if rest:
            with work.worker() as worker:
                work.warm(worker, lambda: job.progress(seen, len(ids), "starting"))
                size = LEAST
                while rest:
                    batch, rest = rest[:size], rest[size:]
                    began = time.monotonic()
                    rows, refused = work.batch(worker, batch, lambda: job.progress(seen, len(ids)))  # noqa: B023
                    tally.update(refused)
                    made, seen = made + len(rows), seen + len(batch)
                    work.keep(rows, {"after": batch[-1], "seen": seen, "augmented": made, "rejected": tally}, seen)
                    job.progress(seen, len(ids))
                    size = min(MOST, size * 2) if time.monotonic() - began < QUICK else size
        if held_out:
            tally[HELD_OUT] += held_out * self.per_record
        return {"augmented": made, "rejected": dict(sorted(tally.items()))}


@dataclass(frozen=True, slots=True)
class Example:
    """An original and what would be made of it: a variant, or the reason why there is none."""

    external_id: str
    original: str
    variant: str | None
    reason: str = ""


def preview(store: Store, project_id: int, verb: Augment, count: int = 10) -> list[Example]:
    """What the verb would make of a few originals drawn by its seed. Stores nothing; takes the worker's start."""
    work = _Work(verb, store, project_id, None)
    ids, held_out = work.plan(count)
    if not ids and held_out:
        raise WorkbenchError("All chosen records are in validation or test, so nothing is made of them. Choose others.")
    with work.worker() as worker:
        asked = work.ask(augmented.sources(store, ids))
        outcomes = work.outcomes(worker, asked, lambda: None)
    pairs = ((a.source, o) for a, o in zip(asked, outcomes, strict=True))
    return [
        Example(s["external_id"], s["text"], None, o.reason)
        if isinstance(o, Refused)
        else Example(s["external_id"], s["text"], o)
        for s, o in pairs
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One variant that is asked for: of which original, under which name, with which seed of its own."""

    source: dict[str, Any]
    number: int
    name: str
    seed: int


class _Work:
    """The parts of one augmentation, which the verb and its preview share."""

    def __init__(self, verb: Augment, store: Store, project_id: int, job_id: int | None) -> None:
        self.verb, self.store, self.project_id, self.job_id = verb, store, project_id, job_id
        self.plugin: Augmenter = build(augmenters.get(verb.augmenter), verb.knobs)
        if missing := self.plugin.ready():
            raise NotReady(missing)
        self.knobs = values_of(self.plugin)
        usual = values_of(augmenters.get(verb.augmenter)())
        mark = json.dumps(self.knobs, sort_keys=True) if self.knobs != usual else ""
        self._suffix = f"~{verb.augmenter}{'.' + _digest(mark, 3).hex() if mark else ''}-{verb.seed}-"

    def plan(self, count: int = 0) -> tuple[list[int], int]:
        """The originals to take, in id order, and how many more are held out. `count` limits as the limit does."""
        verb = self.verb
        table = augmented.originals(self.store, self.project_id)
        names = dict(zip(table["id"].to_pylist(), table["external_id"].to_pylist(), strict=True))
        if not names:
            raise WorkbenchError("There is no record in the data set to augment. Import a file first.")
        given = dict(zip(names, table["split"].to_pylist(), strict=True))
        if verb.only:
            wanted = set(records.ids(self.store, self.project_id, records.RecordFilter.parse(verb.only)))
            names = {record: name for record, name in names.items() if record in wanted}
            if not names:
                raise WorkbenchError(f"No original record in the data set fits '{verb.only}'. Choose other records.")
        held = _held_out(self.store, self.project_id, given)
        free = [record for record in names if record not in held]
        limit = min(filter(None, (verb.limit, count)), default=0)
        if limit:
            free = sorted(sorted(free, key=lambda record: _seed(verb.seed, names[record], 0))[:limit])
        return free, sum(record in held for record in names)

    def worker(self) -> WorkerProcess:
        log: Path | None = None if self.store.path == ":memory:" else self.store.folder / "augment.log"
        return WorkerProcess(log)

    def warm(self, worker: WorkerProcess, waiting: Callable[[], None]) -> None:
        worker.augment(self.verb.augmenter, self.verb.knobs, [], [], waiting)

    def ask(self, sources: Sequence[dict[str, Any]]) -> list[_Asked]:
        return [
            _Asked(s, k, f"{s['external_id']}{self._suffix}{k}", _seed(self.verb.seed, s["external_id"], k))
            for s in sources
            for k in range(1, self.verb.per_record + 1)
        ]

    def outcomes(
        self, worker: WorkerProcess, asked: Sequence[_Asked], waiting: Callable[[], None]
    ) -> list[Outcome]:  # fmt: skip
        """What came of each: a variant that is nowhere yet, or why not."""
        taken = augmented.taken(self.store, self.project_id, self.job_id, [a.name for a in asked])
        parents = list({a.source["id"] for a in asked})
        there = {(parent, folded(text)) for parent, text in augmented.children(self.store, self.job_id, parents)}
        fresh = [a for a in asked if a.name not in taken]
        texts, seeds = [a.source["text"] for a in fresh], [a.seed for a in fresh]
        said = iter(worker.augment(self.verb.augmenter, self.verb.knobs, texts, seeds, waiting) if fresh else [])
        names: set[str] = set()
        here: set[tuple[int, str]] = set()
        found: list[Outcome] = []
        for a in asked:
            outcome = Refused(THERE) if a.name in taken else next(said)
            if isinstance(outcome, str):
                key = (a.source["id"], folded(outcome))
                if key in there or a.name in names:
                    outcome = Refused(THERE)
                elif key in here:
                    outcome = Refused(REPEATED)
                names.add(a.name)
                here.add(key)
            found.append(outcome)
        return found

    def batch(
        self, worker: WorkerProcess, ids: Sequence[int], waiting: Callable[[], None]
    ) -> tuple[list[dict[str, Any]], Counter[str]]:
        """The rows to add for these originals, and the reasons for those that are not made."""
        asked = self.ask(augmented.sources(self.store, ids))
        outcomes = self.outcomes(worker, asked, waiting)
        operation = {"augmenter": self.verb.augmenter, "knobs": self.knobs, "seed": self.verb.seed}
        rows = [
            {"external_id": a.name, "text": o, "fields": a.source["fields"], "meta": a.source["meta"],
             "parent_id": a.source["id"], "operation": {**operation, "variant": a.number}}
            for a, o in zip(asked, outcomes, strict=True) if isinstance(o, str)
        ]  # fmt: skip
        return rows, Counter(o.reason for o in outcomes if isinstance(o, Refused))

    def keep(self, rows: Sequence[dict[str, Any]], place: dict[str, Any], done: int) -> None:
        """Store a batch and how far the job has come, in one transaction."""
        job_id = self.job_id or 0

        def write(cursor: Cursor) -> None:
            augmented.append(self.store, cursor, self.project_id, job_id, rows)
            job_store.checkpoint(cursor, job_id, place, done)

        self.store.transact(write)


def _held_out(store: Store, project_id: int, given: dict[int, str | None]) -> set[int]:
    """The originals that are in validation or test: by their file, by an earlier version, or by a relative that is."""
    assigned = versions.assignments(store, project_id)
    own = {record: split_named(word) or assigned.get(record) for record, word in given.items()}
    held = {record for record, split in own.items() if split in ("validation", "test")}
    if links := versions.family_links(store, project_id):
        family = splits.families(own, links)
        touched = {family[record] for record in held}
        held |= {record for record, split in own.items() if split is None and family[record] in touched}
    return held


def _seed(seed: int, external_id: str, number: int) -> int:
    """A seed for one variant that depends on nothing but what names it."""
    return int.from_bytes(_digest(f"{seed}\0{external_id}\0{number}", 4), "big")


def _digest(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def _project(job: Handle) -> int:
    if job.project_id is None:
        raise WorkbenchError("Augmenting needs a project. Name one.")
    return job.project_id
