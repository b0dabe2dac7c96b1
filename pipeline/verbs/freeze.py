"""Freeze the labelled records of a project into a version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ballot import LABEL_GONE
from pipeline.domain import SPLITS, Task, WorkbenchError, split_named
from pipeline.jobs import Handle, verbs
from pipeline.splits import Allotment, Member, allot, families, parse_ratios
from pipeline.store import Store, derived, projects, version_files, versions
from pipeline.tasks import questions_of
from pipeline.verbs import freeze_answers

NEAR = 0.8  # the Jaccard similarity from which two texts are one family, whether or not dedupe was ever run
EXAMPLES = 50  # leaks that the card shows
STAGES = ("reading", "families", "near-duplicates", "splitting", "hashing", "writing")


@verbs.register
@dataclass(frozen=True, slots=True)
class Freeze:
    """Freeze the labelled records into a version: Parquet files for train, validation and test that never change.

    A version holds the answers of one task. A record has one split in the versions of all of them.
    """

    name: ClassVar[str] = "freeze"
    splits: str = "80/10/10"
    seed: int = 13
    note: str = ""
    task: str = ""  # its name; the project's first if it is not said

    def __post_init__(self) -> None:
        parse_ratios(self.splits)

    def __call__(self, store: Store, job: Handle) -> dict[str, Any]:
        project_id = _project_of(job)
        task = _task(store, project_id, self.task)
        _stage(job, "reading")
        found, left_out = _found(store, project_id, task, lambda: _stage(job, "reading"))
        links = _links(store, job, found)
        family = families(found["id"].to_pylist(), links)
        _stage(job, "splitting")
        earlier = versions.assignments(store, project_id)
        allotment = allot(_members(found, family, earlier), parse_ratios(self.splits), self.seed)
        rows, excluded = _rows(found, family, allotment)
        excluded |= left_out
        rows = derived.into(store, rows)
        _stage(job, "hashing")
        definition = {"name": task.name, "kind": task.kind, "definition": dict(task.definition)}
        version_id = version_files.content_id(rows, definition, lambda: _stage(job, "hashing"))
        known = {v.id for v in versions.all_versions(store, project_id)}
        card = self._card(store, project_id, task, rows, found, allotment, links)
        card = {"id": version_id, **card, "excluded": excluded, "note": self.note}
        _stage(job, "writing")
        path = version_files.write(versions.folder(store), version_id, rows, card, job.id)
        card = version_files.read_card(path)
        if version_id not in known:
            versions.save(store, job.id, project_id, version_id, card, allotment.splits)
        result = {"version": version_id[: versions.SHORT], "records": card["records"], "leaks": card["leaks"],
                  "path": str(path), "excluded": excluded, "already_frozen": version_id in known}  # fmt: skip
        job.progress(len(STAGES), len(STAGES), "already frozen" if version_id in known else "")
        return result

    def _card(
        self, store: Store, project_id: int, task: Task, rows: pa.Table, found: pa.Table, allotment: Allotment,
        links: Iterable[tuple[int, int]],
    ) -> dict[str, Any]:  # fmt: skip
        kept = found.filter(pc.is_in(found["id"], rows["id"]))
        originals = kept.filter(pc.is_null(kept["parent_id"]))
        questions = questions_of(task)
        several = "answers" in rows.column_names
        by_label = freeze_answers.by_label(questions, rows) if several else _by_label(rows)
        words = [word for word in found["given"].to_pylist() if word and split_named(word) is None]
        names = Counter(name for names in originals["annotators"].to_pylist() for name in names)
        return {
            "project": projects.by_id(store, project_id).name,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "task": {"name": task.name, "kind": task.kind, "definition": dict(task.definition),
                     "guideline_revision": task.guideline_revision},
            "labels": _labels_in_order(task, by_label),
            "ratios": self.splits, "seed": self.seed,
            "records": {split: _count_in(rows, split) for split in SPLITS},
            "by_label": by_label,
            **({"questions": freeze_answers.by_question(questions, rows)} if several else {}),
            "augmented": kept.num_rows - originals.num_rows,
            "simulated": _count(kept, "simulated"),
            "disagreements": _count(originals, "disputed"),
            "relabel_open": _count(originals, "reopened"),
            "unknown_splits": dict(Counter(words)),
            "leaks": len(allotment.leaks),
            "leak_examples": _leak_examples(rows, allotment, links),
            "annotators": dict(sorted(names.items())),
            "jobs": versions.shaped_by(store, project_id),
        }  # fmt: skip


def _project_of(job: Handle) -> int:
    if job.project_id is None:
        raise WorkbenchError("A version is frozen from a project: name one.")
    return job.project_id


def _task(store: Store, project_id: int, name: str) -> Task:
    found = projects.tasks(store, project_id)
    if not found:
        raise WorkbenchError(
            "This project has no labelling task yet, so there is nothing to freeze. Give it labels on the Label page."
        )
    task = next((task for task in found if name in ("", task.name)), None)
    if task is None:
        project = projects.by_id(store, project_id)
        raise WorkbenchError(f"The project '{project.name}' has no task named '{name}'.")
    return task


def _found(store: Store, project_id: int, task: Task, tick: Callable[[], None]) -> tuple[pa.Table, dict[str, int]]:
    """What the version can be made of, with the column `stratum`, and how many answers were left out for which reason.

    Where one label is all that is asked, the columns are those of versions.candidates, else of freeze_answers.FOUND.
    """
    if freeze_answers.is_single_choice(task):
        (asked,) = questions_of(task)
        found = versions.candidates(store, project_id, task.id, asked.name, asked.labels)
        _check_labels(found)
        gone = versions.not_among(store, project_id, task.id, asked.name, asked.labels)
        return found.append_column("stratum", found["label"]), {LABEL_GONE: gone} if gone else {}
    found, left_out = freeze_answers.agreed(store, project_id, task, tick)
    _check_any(found)
    return found, dict(left_out)


def _check_any(found: pa.Table) -> None:
    if not found.num_rows:
        raise WorkbenchError(
            "No record in the data set has a submitted answer, so there is nothing to freeze. Label some records, or "
            "import a file with labels, then freeze. (Suggestions do not count.)"
        )


def _check_labels(found: pa.Table) -> None:
    _check_any(found)
    labels = pc.unique(found["label"]).to_pylist()
    if len(labels) < 2:
        raise WorkbenchError(
            f"All {found.num_rows:,} labelled records are '{labels[0]}'. A model needs at least two labels to choose "
            "between: label more records, then freeze."
        )


def _links(store: Store, job: Handle, found: pa.Table) -> list[tuple[int, int]]:
    """All that binds records into families: dedupe jobs, parents, equal texts, and near-duplicates found here."""
    _stage(job, "families")
    ids, parents = found["id"].to_pylist(), found["parent_id"].to_pylist()
    links = versions.family_links(store, _project_of(job))
    links += [(parent, record) for record, parent in zip(ids, parents, strict=True) if parent is not None]
    first: dict[str, int] = {}
    for batch in found.select(["id", "text"]).to_batches():
        for record, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True):
            if same := " ".join(text.lower().split()):
                links.append((first.setdefault(same, record), record))
    _stage(job, "near-duplicates")
    return [(a, b) for a, b in links + _near(job, found) if a != b]


def _near(job: Handle, found: pa.Table) -> list[tuple[int, int]]:
    """Near-duplicates among the texts, found here so that a split is safe where dedupe was never run."""
    from pipeline.dedup.index import Index
    from pipeline.dedup.shingles import Shingle

    with Index(Shingle.parse("auto:5"), NEAR) as index:
        for batch in found.select(["text"]).to_batches(max_chunksize=50_000):
            index.add(batch["text"])
            _stage(job, "near-duplicates")
        roots = index.found(lambda _: _stage(job, "near-duplicates")).roots.tolist()
    ids = found["id"].to_pylist()
    return [(ids[root], record) for root, record in zip(roots, ids, strict=True)]


def _members(found: pa.Table, family: Mapping[int, int], earlier: Mapping[int, str]) -> Iterable[Member]:
    originals = found.filter(pc.is_null(found["parent_id"])).select(["id", "stratum", "given"])
    for row in originals.to_pylist():
        record = row["id"]
        given = split_named(row["given"])
        yield Member(record, family[record], row["stratum"], given, earlier.get(record))


def _rows(found: pa.Table, family: Mapping[int, int], allotment: Allotment) -> tuple[pa.Table, dict[str, int]]:
    """The version's rows in id order (schema ROWS), and how many candidates were left out for which reason."""
    reasons: Counter[str] = Counter(allotment.excluded.values())
    places: list[str | None] = []
    for record, parent in zip(found["id"].to_pylist(), found["parent_id"].to_pylist(), strict=True):
        split = allotment.splits.get(record if parent is None else parent)
        if parent is not None and split != "train":
            split = None
            reasons["augmented from a record that is not in train"] += 1
        places.append(split)
    families = pa.array([family[record] for record in found["id"].to_pylist()], pa.int64())
    rows = found.append_column("family", families).append_column("split", pa.array(places, pa.string()))
    schema = versions.ANSWERED if "answers" in rows.column_names else versions.ROWS
    return rows.filter(pc.is_valid(rows["split"])).select(schema.names).cast(schema), dict(reasons)


def _by_label(rows: pa.Table) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {split: {} for split in SPLITS}
    for row in rows.group_by(["split", "label"]).aggregate([([], "count_all")]).sort_by("label").to_pylist():
        found[row["split"]][row["label"]] = row["count_all"]
    return found


def _labels_in_order(task: Task, by_label: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The labels that occur: in the task's order, then any that the task no longer has."""
    seen = {label for counts in by_label.values() for label in counts}
    first = next((q for q in questions_of(task) if q.labels), None)
    asked = list(first.labels) if first is not None else []
    return [label for label in asked if label in seen] + sorted(seen - set(asked))


def _leak_examples(rows: pa.Table, allotment: Allotment, links: Iterable[tuple[int, int]]) -> list[dict[str, str]]:
    """Pairs of one family in two splits: those bound directly where there are any, else any two of the family."""
    if not allotment.leaks:
        return []
    leaking = rows.filter(pc.is_in(rows["family"], pa.array(allotment.leaks, pa.int64())))
    at = {row["id"]: row for row in leaking.select(["id", "external_id", "split", "family"]).to_pylist()}
    direct = [(a, b) for a, b in links if a in at and b in at and at[a]["split"] != at[b]["split"]]
    shown = {at[a]["family"] for a, _ in direct}
    ends: dict[int, dict[str, int]] = {}
    for record, row in at.items():
        ends.setdefault(row["family"], {}).setdefault(row["split"], record)
    pairs = direct + [tuple(list(two.values())[:2]) for family, two in ends.items() if family not in shown]
    return [
        {"a": at[a]["external_id"], "a_split": at[a]["split"], "b": at[b]["external_id"], "b_split": at[b]["split"]}
        for a, b in dict.fromkeys(pairs[: EXAMPLES * 4])
    ][:EXAMPLES]


def _count_in(rows: pa.Table, split: str) -> int:
    return int(pc.sum(pc.equal(rows["split"], split)).as_py() or 0)


def _count(table: pa.Table, column: str) -> int:
    return int(pc.sum(table[column].cast(pa.int64())).as_py() or 0)


def _stage(job: Handle, stage: str) -> None:
    job.progress(STAGES.index(stage), len(STAGES), stage)
