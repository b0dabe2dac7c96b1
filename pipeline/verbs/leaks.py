"""Check for leaks: which held-out texts are in the training data, word for word, nearly, or inside a longer text."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from pipeline.crossing import HOW, READING, Crossed, cross
from pipeline.dedup.shingles import Shingle
from pipeline.domain import WorkbenchError
from pipeline.jobs import Handle, verbs
from pipeline.knobs import knob
from pipeline.store import Store, leaks
from pipeline.store import jobs as job_store
from pipeline.verbs import findings, leak_sides
from pipeline.verbs.leak_sides import Benchmark, Side, Sides


@verbs.register
@dataclass(frozen=True, slots=True)
class Leaks:
    """Find the held-out texts that the training data has too, the same, nearly the same, or as a part.

    Held against each other are the splits of a frozen version, or the project's records and another project or a file.
    Nothing is dropped unless `drop` asks for it, and then only training records.
    """

    name: ClassVar[str] = "leaks"
    against: str = "splits"
    version: str = ""
    threshold: float = knob(0.8, "How much of their shingles two texts share, at least: 1 is all.", low=0.3, high=1.0)
    shingle: str = knob("auto:5", "What is compared: auto:5 is five words in a row, or five characters of Chinese.")
    inside: float = knob(
        0.9,
        "How much of a held-out text is inside a longer one, at least; 0 does not look for that.",
        low=0.0,
        high=1.0,
    )
    drop: bool = False
    text_column: str = ""
    id_column: str = ""
    file_name: str = ""
    encoding: str = ""
    format: str = ""
    max_mb: int = 1024
    pairs_file: str = ""
    dry_run: bool = False

    def __post_init__(self) -> None:
        if not 0.3 <= self.threshold <= 1:
            raise WorkbenchError(f"The threshold is {self.threshold:g}; it must be from 0.3 to 1.")
        if self.inside and not 0.5 <= self.inside <= 1:
            raise WorkbenchError(f"The share inside another text is {self.inside:g}; it must be from 0.5 to 1, or 0.")
        Shingle.parse(self.shingle)
        way, named = leak_sides.parse(self.against)
        if way == "file":  # a job keeps the path whole, so that it can go on from another folder
            object.__setattr__(self, "against", f"file:{Path(named).absolute()}")
        if way != "splits" and self.version:
            raise WorkbenchError("A version is named only where its splits are held against each other. Leave it out.")

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        if job.project_id is None:
            raise WorkbenchError("Leaks are looked for in the training data of one project; name it.")
        began = time.perf_counter()
        target = findings.pairs_target(store, self.pairs_file)
        job.progress(0, 100, "reading")
        sides = self._sides(store, job, job.project_id)
        total = len(sides.train) + len(sides.held)

        def report(share: float) -> None:
            job.progress(int(0.95 * share * total), total, "reading" if share < READING else "comparing")

        cut = Shingle.parse(self.shingle)
        found = cross(sides.train.texts, sides.held.texts, cut, self.threshold, self.inside, report)
        self._write(store, job, sides, found)
        project_id = job.project_id

        def judge(cursor: Any) -> int:
            job_store.checkpoint(cursor, job.id, {"found": len(found.train)}, total)
            return leaks.drop(cursor, project_id, job.id, job.id) if self.drop else 0

        dropped = store.transact(judge)
        job.progress(total, total, "writing")
        if target is not None:
            findings.write_pairs(leaks.pairs(store, job.id), target)
        return {
            **_counted(sides, found), "dropped": dropped, "against": sides.name,
            "left_out": sides.left_out, "rejected": sides.rejected, "pairs_elided": found.elided,
            "buckets_cut": found.cut, "seconds": round(time.perf_counter() - began, 3),
        }  # fmt: skip

    def check(self) -> None:
        """Look at the beginning of the file, if there is one. Raises WorkbenchError for what is seen to be wrong."""
        way, named = leak_sides.parse(self.against)
        if way == "file":
            leak_sides.opened(self._benchmark(named))

    def _benchmark(self, path: str) -> Benchmark:
        return Benchmark(
            path, self.file_name, self.text_column, self.id_column, self.encoding, self.format, self.max_mb
        )

    def _sides(self, store: Store, job: Handle, project_id: int) -> Sides:
        way, named = leak_sides.parse(self.against)
        if way == "splits":
            return leak_sides.of_version(store, project_id, self.version)
        if way == "project":
            return leak_sides.of_project(store, project_id, named)
        return leak_sides.of_file(store, project_id, self._benchmark(named), lambda: job.progress(0, 100, "reading"))

    def _write(self, store: Store, job: Handle, sides: Sides, found: Crossed) -> None:
        """Everything that was found, in batches. An earlier try that broke off is taken away first."""
        store.transact(lambda cursor: leaks.clear(cursor, job.id))
        total = len(sides.train) + len(sides.held)
        for side, own, which in (("train", sides.train, found.train), ("held", sides.held, found.held)):
            wanted = np.unique(which)
            for rows in findings.slices(len(wanted)):
                part = leak_sides.chosen(own, wanted[rows])
                columns = {"ids": part.ids, "names": part.names, "places": part.places, "texts": part.texts}
                store.transact(partial(leaks.append_texts, store, job_id=job.id, side=side, **columns))
                job.progress(int(0.97 * total), total, "writing")
        names = np.array(HOW)
        for rows in findings.slices(len(found.train)):
            record = sides.train.ids.take(pa.array(found.train[rows]))
            item = sides.held.ids.take(pa.array(found.held[rows]))
            how, similarity = pa.array(names[found.how[rows]].tolist(), pa.string()), pa.array(found.similarity[rows])
            columns = {"record": record, "item": item, "how": how, "similarity": similarity}
            store.transact(partial(leaks.append, store, job_id=job.id, **columns))
            job.progress(int(0.98 * total), total, "writing")


def _counted(sides: Sides, found: Crossed) -> Mapping[str, Any]:
    """The pairs, records and items by strength; an item by its strongest pair. `share` is that of the items."""
    strongest = np.full(len(sides.held), len(HOW))
    np.minimum.at(strongest, found.held, found.how)
    leaking = np.flatnonzero(strongest < len(HOW))
    pairs = np.bincount(found.how, minlength=len(HOW))
    items = np.bincount(strongest[leaking], minlength=len(HOW))
    return {
        "records": len(sides.train), "items": len(sides.held), "leaks": len(leaking),
        "share": round(len(leaking) / len(sides.held), 6) if len(sides.held) else 0.0,
        "pairs": len(found.train), "records_leaking": len(np.unique(found.train)),
        "pairs_by": dict(zip(HOW, pairs.tolist(), strict=True)),
        "items_by": dict(zip(HOW, items.tolist(), strict=True)),
        "places": _places(sides.held, leaking),
    }  # fmt: skip


def _places(held: Side, leaking: Any) -> dict[str, dict[str, int]]:
    """How many items there are in each place, and how many of them leak."""
    counted = {row["values"]: {"items": row["counts"], "leaks": 0} for row in held.places.value_counts().to_pylist()}
    for row in held.places.take(pa.array(leaking)).value_counts().to_pylist():
        counted[row["values"]]["leaks"] = row["counts"]
    return counted
