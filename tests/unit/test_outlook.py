"""What another threshold would find, told beforehand, is what a search at it then finds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from pipeline import jobs
from pipeline.domain import Job, Project
from pipeline.outlook import look_ahead
from pipeline.store import Store
from pipeline.verbs.dedupe import Dedupe

Fill = Callable[..., Project]


def texts(seed: int) -> list[str]:
    """A hundred texts in families, some members of which are alike only through others."""
    chance = random.Random(seed)
    words = [f"w{i}" for i in range(400)]
    made = []
    for _ in range(25):
        text = chance.choices(words, k=chance.randint(5, 30))
        for _ in range(4):
            text = list(text)
            for _ in range(chance.randint(0, 2)):
                text[chance.randrange(len(text))] = chance.choice(words)
            made.append(" ".join(text))
            if chance.random() < 0.3:
                text.append(chance.choice(words))
    chance.shuffle(made)
    return made


def found(job: Job) -> tuple[int, int, int]:
    return job.result["pairs"] + job.result["pairs_elided"], job.result["families"], job.result["dropped"]


@pytest.mark.parametrize("keep", ["first", "longest"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_tells_what_a_search_then_finds(store: Store, fill: Fill, keep: str, seed: int) -> None:
    project = fill(texts(seed))
    first = jobs.run(store, Dedupe(threshold=0.35, shingle="word:2", keep=keep, dry_run=True), project.id)
    ahead = look_ahead(store, first)
    assert ahead.thresholds[0] == 0.35
    assert ahead.thresholds[-1] == 1
    assert ahead.between.sum() == first.result["pairs"]
    for threshold in (0.35, 0.36, 0.5, 0.62, 0.75, 0.9, 1.0):
        at = ahead.at(threshold)
        again = jobs.run(store, Dedupe(threshold=threshold, shingle="word:2", keep=keep, dry_run=True), project.id)
        told = (ahead.pairs[at], ahead.families[at], ahead.dropped[at])
        assert told == found(again), threshold
        rows = store.scalar("SELECT count(*) FROM family_member WHERE job_id = ?", [again.id])
        assert ahead.records[at] == rows
    assert len(set(ahead.dropped)) > 5  # the thresholds were not all alike


def test_copies_that_are_not_listed_are_counted(store: Store, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.dedup import engine

    monkeypatch.setattr(engine, "ALL_COPIES", 3)
    line = "one two three four five six seven eight nine ten"
    project = fill([line] * 9 + [line + " eleven"] * 5 + [line + " twelve"])
    first = jobs.run(store, Dedupe(threshold=0.5, dry_run=True), project.id)
    assert first.result["pairs_elided"] > 0
    ahead = look_ahead(store, first)
    for threshold in (0.5, 0.8, 1.0):
        again = jobs.run(store, Dedupe(threshold=threshold, dry_run=True), project.id)
        at = ahead.at(threshold)
        assert (ahead.pairs[at], ahead.families[at], ahead.dropped[at]) == found(again), threshold


def test_a_labelled_record_is_what_a_family_keeps(store: Store, fill: Fill) -> None:
    chain = [f"{head} b c d e f g h i j {tail}" for head, tail in (("a", "k"), ("a", "z"), ("y", "z"))]
    project = fill(chain)
    store.transact(lambda cursor: cursor.execute(
        "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state) "
        "SELECT 'e', max(id), 1, 'ann', 'submitted' FROM record"))  # fmt: skip
    job = jobs.run(store, Dedupe(threshold=0.6, shingle="word:2", keep="labelled", dry_run=True), project.id)
    assert job.result["dropped"] == look_ahead(store, job).dropped[0] == 2 - job.result["kept_unlike"]


def test_a_search_that_found_nothing(store: Store, fill: Fill) -> None:
    job = jobs.run(store, Dedupe(threshold=1.0, dry_run=True), fill(["one thing", "another matter"]).id)
    ahead = look_ahead(store, job)
    assert list(ahead.thresholds) == [1.0]
    assert [ahead.pairs[0], ahead.families[0], ahead.dropped[0]] == [0, 0, 0]
