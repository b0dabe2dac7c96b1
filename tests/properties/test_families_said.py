"""Whom a search brings back and which families contradict themselves: as a plain reading of all rows says, whatever jobs
were undone, texts edited, people asked and answers changed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from pipeline.store import Store, families, open_store
from pipeline.store.family_labels import Asked, agreed, contradictions
from pipeline.store.family_verdicts import orphans

BEGAN = datetime(2026, 1, 1)  # noqa: DTZ001  # times in the store are UTC and have no zone
STATES = ("done", "done", "done", "done", "done", "done", "undone", "preview", "failed")
ASKED = [Asked(1, "label"), Asked(2, "a/b", unordered=True), Asked(2, "stars")]
VALUES = {
    1: [{"label": "x"}, {"label": "y"}, {"label": "x", "more": 1}, {"label": None}, {}],
    2: [{"a/b": ["x", "y"]}, {"a/b": ["y", "x"]}, {"a/b": ["x"], "stars": 1}, {"stars": 2}],
    3: [{"other": 1}, {"other": 2}],
}


class World:
    """Rows as many years of work may leave them, in a store and as plain data."""

    def __init__(self, rng: Random) -> None:
        self.rng, self.tables = rng, defaultdict[str, list[dict[str, Any]]](list)
        self.bring()
        for _ in range(rng.randint(8, 26)):
            rng.choice([self.bring, self.clean, self.search, self.search, self.by_hand, self.by_hand, self.answer,
                        self.answer, self.ask])()  # fmt: skip

    def add(self, table: str, **values: Any) -> int:
        n = len(self.tables[table]) + 1
        self.tables[table].append(values if table in ("family_member", "looked_at") else {"id": n, **values})
        return n

    def all(self, table: str, **where: Any) -> list[dict[str, Any]]:
        return [one for one in self.tables.get(table, ()) if all(one[name] == value for name, value in where.items())]

    def job(self, kind: str) -> int:
        project = 1 if kind in ("import", "augment") else self.rng.choice([1, 1, 1, 1, 2])
        return self.add("job", kind=kind, project_id=project, state=self.rng.choice(STATES))

    def some(self, most: int = 100) -> list[int]:
        known = [row["id"] for row in self.all("record")]
        return self.rng.sample(known, self.rng.randint(1, min(most, len(known))))

    def bring(self) -> None:
        job = self.job(self.rng.choice(["import", "augment"]))
        for _ in range(self.rng.randint(2, 8)):
            n = len(self.tables["record"]) + 1
            self.add("record", project_id=1, job_id=job, external_id=f"r{n}", text="")

    def judge(self, record: int, job: int, step: str, kind: str) -> None:
        self.add("verdict", record_id=record, job_id=job, step=step, kind=kind)

    def clean(self) -> None:
        job = self.job("clean")
        for record in self.some():
            self.judge(record, job, "length", self.rng.choice(["drop", "edit", "edit", "flag"]))

    def by_hand(self) -> None:
        job = self.job(self.rng.choice(["keep", "edit"]))
        for record in self.some(3):
            self.judge(record, job, "by hand", self.rng.choice(["drop", "keep", "edit"]))

    def search(self) -> None:
        kind = self.rng.choice(["dedupe", "dedupe", "dedupe", "semantic"])
        job, left = self.job(kind), self.some()
        knows = kind == "dedupe" and self.rng.random() < 0.7
        for record in left if knows else ():
            self.add("looked_at", job_id=job, first_id=record, last_id=record, edit=self.edit(record, self.live()))
        while len(left) > 1:
            size = self.rng.randint(2, 4)
            own, left = left[:size], left[size:]
            for record in own:
                kept = record == own[-1]
                self.add("family_member", job_id=job, family_id=min(own), record_id=record, kept=kept, similarity=1.0)
                if not kept and self.rng.random() < 0.8:
                    self.judge(record, job, kind, "drop")

    def answer(self) -> None:
        for record in self.some(8):
            task, n = self.rng.choice([1, 1, 2, 2, 3]), len(self.tables["annotation_event"]) + 1
            self.add(
                "annotation_event", event_id=f"e{n}", record_id=record, task_id=task, annotator=self.rng.choice("abc"),
                state=self.rng.choice(["submitted"] * 6 + ["skipped", "draft", "withdrawn"]), value=json.dumps(
                    self.rng.choice(VALUES[task])), created_at=self.moment(),
                job_id=self.rng.choice([None, None, None, 1]),
            )  # fmt: skip

    def ask(self) -> None:
        for record in self.some():
            job = self.rng.choice(self.all("job"))["id"]
            self.add("relabel_request", record_id=record, task_id=self.rng.choice([1, 2]), reason="", job_id=job,
                     created_at=self.moment())  # fmt: skip

    def moment(self) -> datetime:
        return BEGAN + timedelta(seconds=self.rng.randint(0, 2))

    def live(self, *projects: int) -> set[int]:
        return {job["id"] for job in self.all("job", state="done") if job["project_id"] in (projects or (1, 2))}

    def edit(self, record: int, live: set[int]) -> int:
        edits = self.all("verdict", record_id=record, kind="edit")
        return max((one["id"] for one in edits if one["job_id"] in live), default=0)

    def word(self, record: int, live: set[int]) -> dict[str, Any]:
        """The last drop or keep, a person's before all others."""
        own = [one for one in self.all("verdict", record_id=record) if one["kind"] in ("drop", "keep")]
        return max((one for one in own if one["job_id"] in live),
                   key=lambda one: (one["step"] == "by hand", one["id"]), default={"kind": "keep", "step": ""})  # fmt: skip

    def orphans(self) -> list[int]:
        live = self.live(1)
        home = {row["id"]: row["job_id"] in live for row in self.all("record")}
        found = set()
        for record in (one for one, there in home.items() if there):
            drop = self.word(record, live)
            own = drop["step"] == "dedupe" and self.all("family_member", job_id=drop["job_id"], record_id=record)
            for member in own or ():
                (beside,) = self.all("family_member", job_id=member["job_id"], family_id=member["family_id"], kept=True)
                kept = beside["record_id"]
                changed = any(self.changed(text, drop, self.edit(text, live)) for text in (record, kept))
                if changed or not home[kept] or self.word(kept, live)["kind"] == "drop":
                    found.add(record)
        return sorted(found)

    def changed(self, text: int, drop: dict[str, Any], edit: int) -> bool:
        if not self.all("looked_at", job_id=drop["job_id"]):
            return edit > drop["id"]
        seen = self.all("looked_at", job_id=drop["job_id"], first_id=text)
        return edit != (seen[0]["edit"] if seen else 0)

    def last_words(self, record: int, task: int) -> list[dict[str, Any]]:
        live = self.live() | {None}
        own = [one for one in self.all("annotation_event", record_id=record, task_id=task) if one["job_id"] in live]
        return list({one["annotator"]: one for one in own}.values())

    def votes(self, record: int, asked: Asked) -> list[tuple[int, datetime, int, str]]:
        """How many say what, the winner last."""
        said: dict[str, list[dict[str, Any]]] = {}
        for one in self.last_words(record, asked.task_id):
            value = json.loads(one["value"]).get(asked.question)
            if one["state"] == "submitted" and value is not None:
                said.setdefault(json.dumps(sorted(value) if asked.unordered else value), []).append(one)
        return sorted((len(own), *max((one["created_at"], one["id"]) for one in own), value)
                      for value, own in said.items())  # fmt: skip

    def looked_at_again(self, record: int, task: int) -> bool:
        searches = {job["id"] for job in self.all("job") if job["kind"] in ("dedupe", "semantic")} & self.live()
        asked = [
            one for one in self.all("relabel_request", record_id=record, task_id=task) if one["job_id"] in searches
        ]
        return any(
            one["state"] in ("submitted", "skipped") and one["created_at"] > request["created_at"]
            for one in self.last_words(record, task) for request in asked
        )  # fmt: skip

    def contradictions(self, job: int) -> list[tuple[int, int, str, str]]:
        """Record, task, question and the external id of the other one."""
        found: dict[tuple[int, int], tuple[str, str]] = {}
        for asked in sorted(ASKED, key=lambda one: one.question):
            by_family: dict[int, dict[int, str]] = {}
            for member in sorted(self.all("family_member", job_id=job), key=lambda one: one["record_id"]):
                votes = self.votes(member["record_id"], asked)
                if votes:
                    by_family.setdefault(member["family_id"], {})[member["record_id"]] = votes[-1][-1]
            for said in (one for one in by_family.values() if len(set(one.values())) > 1):
                for record, answer in said.items():
                    other = next(one for one, its in said.items() if its != answer)
                    if not self.looked_at_again(record, asked.task_id):
                        found.setdefault((record, asked.task_id), (asked.question, f"r{other}"))
        return sorted((*key, *rest) for key, rest in found.items())

    def agreed(self) -> dict[int, int]:
        """How many annotators gave the most common answer, by record."""
        found = {row["id"]: [self.votes(row["id"], asked) for asked in ASKED] for row in self.all("record")}
        return {record: max(own[-1][0] for own in votes if own) for record, votes in found.items() if any(votes)}

    def labelled(self) -> list[int]:
        return [row["id"] for row in self.all("record") if any(
            one["state"] == "submitted" for task in VALUES for one in self.last_words(row["id"], task))]  # fmt: skip

    def waiting(self) -> int:
        live = self.live()
        there = [row["id"] for row in self.all("record") if row["job_id"] in live]
        return sum(self.word(record, live)["kind"] == "keep" for record in there)

    def stored(self) -> Store:
        store = open_store(":memory:")
        for table, rows in self.tables.items():
            store.insert(table, pa.table({name: [row[name] for row in rows] for name in rows[0]}))
        return store


@pytest.fixture(params=range(25))
def both(request: pytest.FixtureRequest) -> Iterator[tuple[World, Store]]:
    world = World(Random(request.param))
    store = world.stored()
    yield world, store
    store.close()


def test_a_plain_reading_finds_the_same(both: tuple[World, Store]) -> None:
    world, store = both
    assert orphans(store, 1) == world.orphans()
    assert families.waiting(store, 1) == world.waiting()
    assert sorted(families.labelled(store, 1).to_pylist()) == world.labelled()
    alike = agreed(store, ASKED, [row["id"] for row in world.all("record")])
    assert dict(zip(*alike.to_pydict().values(), strict=True)) == world.agreed()
    for job in world.all("job", kind="dedupe"):
        found = store.transact(lambda cursor, own=job["id"]: contradictions(cursor, own, ASKED))
        said = [(one.record_id, one.task_id, one.question, one.other) for one in found]
        assert said == world.contradictions(job["id"]), job


def test_there_is_something_to_find() -> None:
    worlds = [World(Random(seed)) for seed in range(25)]
    assert sum(len(world.orphans()) for world in worlds) > 10
    assert sum(len(world.contradictions(job["id"])) for world in worlds for job in world.all("job")) > 20
