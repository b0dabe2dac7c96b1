"""Freezing answers of every kind: what annotators say together, what is left out and why, and that old ids stay."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import jobs
from pipeline.ballot import CONTRADICTED, LABEL_GONE, SPANS_GONE, TEXT_GONE, Vote, decide
from pipeline.domain import SPLITS, Job, WorkbenchError
from pipeline.export import export_to
from pipeline.jobs import verbs
from pipeline.questions import Choice, Choices, Question, Relations, Spans, Text, When
from pipeline.store import Store, open_store, projects, records, version_files, versions
from pipeline.tasks import tasks
from training import preflight
from training.data import load_version

TEXT = "Anna met 李 in Oslo 😀."
ANNA = {"start": 0, "end": 4, "label": "person", "text": "Anna"}
LI = {"start": 9, "end": 10, "label": "person", "text": "李"}
OSLO = {"start": 14, "end": 18, "label": "place", "text": "Oslo"}
MARK = Spans("s", ("person", "place"))
JOIN = Relations("r", ("met",), "s")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "w.duckdb")
    yield opened
    opened.close()


def vote(who: str, simulated: bool = False, **value: object) -> Vote:
    return Vote(who, value, simulated)


def test_equal_answers_agree_and_most_decide() -> None:
    votes = [vote("a", s=[ANNA, OSLO]), vote("b", s=[OSLO, ANNA]), vote("c", s=[ANNA])]
    found = decide([MARK], votes, {"text": TEXT})
    assert found.value == {"s": [ANNA, OSLO]}
    assert (found.disputed, found.annotators, found.left_out) == (True, ("a", "b", "c"), {})


def test_a_tie_is_left_out_but_for_a_choice_whose_latest_counts() -> None:
    colour = Choice("c", ("x", "y"))
    found = decide([MARK, colour], [vote("a", s=[ANNA], c="x"), vote("b", s=[], c="y")], {"text": TEXT})
    assert found.value == {"c": "y"}
    assert found.left_out == {CONTRADICTED: 1}


def test_what_is_no_longer_allowed_has_no_vote() -> None:
    gone = {**ANNA, "label": "animal"}
    votes = [vote("a", s=[gone]), vote("b", s=[gone]), vote("c", s=[ANNA])]
    found = decide([MARK], votes, {"text": TEXT})
    assert (found.value, found.left_out) == ({"s": [ANNA]}, {LABEL_GONE: 2})
    found = decide([MARK], votes[2:], {"text": "Maria " + TEXT})
    assert (found.value, found.left_out) == ({}, {TEXT_GONE: 1})


def test_relations_count_with_the_spans_that_they_join() -> None:
    join = [{"from": 0, "to": 1, "label": "met"}]
    votes = [vote("a", s=[ANNA, LI], r=join), vote("b", s=[ANNA, LI], r=[]), vote("c", s=[ANNA, LI], r=join)]
    assert decide([MARK, JOIN], votes, {"text": TEXT}).value == {"s": [ANNA, LI], "r": join}
    votes = [vote("a", s=[ANNA, LI], r=join), vote("b", s=[LI]), vote("c", s=[LI])]
    found = decide([MARK, JOIN], votes, {"text": TEXT})
    assert (found.value, found.left_out) == ({"s": [LI]}, {SPANS_GONE: 1})


def test_a_question_that_the_majority_leaves_unasked_has_no_answer() -> None:
    first, second = Choice("c", ("x", "y")), Text("why", when=When("c", ("x",)))
    votes = [vote("a", c="x", why="so"), vote("b", c="y"), vote("c", c="y")]
    assert decide([first, second], votes, {"text": TEXT}).value == {"c": "y"}


class Made:
    """A project whose task asks these questions, and short ways to answer."""

    def __init__(self, store: Store, fill, *questions: Question, kind: str = "custom", texts: int = 12) -> None:
        self.store = store
        self.project = fill([f"{TEXT} And number {i} is {i * i}." for i in range(texts)])
        definition = {"questions": [question.to_plain() for question in questions]}
        self.task = projects.save_task(store, self.project.id, name="t", kind=kind, definition=definition)
        self.ids = records.ids(store, self.project.id)

    def say(self, record: int, who: str = "ana", **value: object) -> None:
        sql = "INSERT INTO annotation_event (event_id, record_id, task_id, annotator, state, value) VALUES (uuid()::VARCHAR, ?, ?, ?, 'submitted', ?)"
        values = [record, self.task.id, who, json.dumps(value, ensure_ascii=False)]
        self.store.transact(lambda cursor: cursor.execute(sql, values))

    def freeze(self) -> Job:
        return jobs.run(self.store, verbs.get("freeze")(), self.project.id)


def rows_of(job: Job) -> list[dict]:
    folder = Path(job.result["path"])
    return sorted(
        (row for split in SPLITS for row in pq.read_table(folder / f"{split}.parquet").to_pylist()),
        key=lambda r: r["id"],
    )


def test_spans_and_relations_are_frozen_and_leave_again(store, fill, tmp_path) -> None:
    made = Made(store, fill, MARK, JOIN)
    join = [{"from": 0, "to": 1, "label": "met"}]
    for record in made.ids:
        made.say(record, s=[ANNA, LI], r=join)
    made.say(made.ids[0], "ben", s=[OSLO], r=[])
    job = made.freeze()
    assert job.result["excluded"] == {CONTRADICTED: 1, SPANS_GONE: 1}
    rows = rows_of(job)
    assert [row["id"] for row in rows] == made.ids[1:]
    assert {row["label"] for row in rows} == {None}
    assert all(json.loads(row["answers"]) == {"s": [ANNA, LI], "r": join} for row in rows)
    card = version_files.read_card(Path(job.result["path"]))
    assert sum(card["records"].values()) == 11
    assert {one["name"]: sum(one["records"].values()) for one in card["questions"]} == {"s": 11, "r": 11}
    assert card["labels"] == ["person"]
    export_to(store, version=job.result["version"], out=tmp_path / "v.jsonl")
    first = json.loads((tmp_path / "v.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["answers"]["r"] == join
    for name in ("csv", "parquet"):
        assert export_to(store, version=job.result["version"], format=name, out=tmp_path / f"v.{name}")["records"] == 11
    assert json.loads(pq.read_table(tmp_path / "v.parquet")["s"][0].as_py()) == [ANNA, LI]


def test_a_version_without_labels_says_that_it_cannot_be_trained_on(store, fill) -> None:
    made = Made(store, fill, MARK)
    for record in made.ids:
        made.say(record, s=[ANNA])
    version = load_version(Path(made.freeze().result["path"]))
    (finding,) = preflight.check(version, "auto", "")
    assert (finding.level, finding.code) == ("error", "no_choice")
    with pytest.raises(WorkbenchError, match="question of the kind 'choice'"):
        preflight.refuse([finding])


def test_a_choice_among_several_questions_is_trained_on(store, fill) -> None:
    made = Made(store, fill, Choices("tags", ("a", "b")), Choice("tone", ("good", "bad")))
    for at, record in enumerate(made.ids[:-1]):
        made.say(record, tags=["a"], tone="good" if at % 2 else "bad")
    made.say(made.ids[-1], tags=[])  # from before the choice was asked
    rows = rows_of(job := made.freeze())
    assert [row["label"] for row in rows] == ["bad", "good"] * 5 + ["bad", None]
    version = load_version(Path(job.result["path"]))
    assert version.labels == ("bad", "good")
    assert sum(len(split) for split in version.splits.values()) == 11


def test_labels_that_the_task_lost_are_left_out_of_a_classification_too(store, fill) -> None:
    made = Made(store, fill, Choice("label", ("neg", "pos")), kind="classification")
    for at, record in enumerate(made.ids):
        made.say(record, label=("neg", "pos", "old")[at % 3])
    job = made.freeze()
    assert job.result["excluded"] == {LABEL_GONE: 4}
    assert {row["label"] for row in rows_of(job)} == {"neg", "pos"}


def test_the_id_of_a_classification_is_what_it_always_was(store, fill) -> None:
    made = Made(store, fill, Choice("label", ("neg", "pos")), kind="classification")
    for at, record in enumerate(made.ids):
        made.say(record, label="pos" if at % 2 else "neg")
    job = made.freeze()
    folder = Path(job.result["path"])
    assert pq.read_schema(folder / "train.parquet").remove_metadata().equals(versions.ROWS)
    task = {"name": "t", "kind": "classification", "definition": dict(made.task.definition)}
    digest = hashlib.sha256(json.dumps(task, ensure_ascii=False, sort_keys=True).encode())
    names = ["id", "external_id", "text", "label", "parent_id", "family", "split", "annotators", "meta"]
    for row in rows_of(job):
        digest.update(json.dumps([row[name] for name in names], ensure_ascii=False).encode() + b"\n")
    assert digest.hexdigest() == version_files.read_card(folder)["id"]


@pytest.mark.parametrize("kind", tasks.names())
def test_every_kind_of_task_can_be_forecast_and_says_when_nothing_is_answered(store, fill, kind) -> None:
    from pipeline.verbs.freeze_answers import forecast

    project = fill(["one", "two"])
    task = projects.save_task(store, project.id, name=kind, kind=kind, definition=tasks.get(kind)().definition(()))
    ahead = forecast(store, project.id, task)
    assert not ahead.get("labels")
    assert not ahead.get("originals")
    with pytest.raises(WorkbenchError, match="nothing to freeze"):
        jobs.run(store, verbs.get("freeze")(), project.id)


def test_a_version_is_of_the_task_that_is_named_and_its_records_keep_their_splits(store, fill) -> None:
    made = Made(store, fill, Choice("label", ("x", "y")))
    other = {"questions": [Choice("tone", ("warm", "cold")).to_plain()]}
    second = projects.save_task(store, made.project.id, name="second", kind="custom", definition=other)
    for at, record in enumerate(made.ids):
        made.say(record, label="xy"[at % 2])
    first, made.task = made.task, second
    for at, record in enumerate(made.ids):
        made.say(record, tone=("warm", "cold")[at % 3 == 0])
    freeze = verbs.get("freeze")
    jobs_of = {task: jobs.run(store, freeze(task=task), made.project.id) for task in ("", "t", "second")}
    assert jobs_of["t"].result["already_frozen"] is True  # the first task is the one that nobody need name
    rows = {task: rows_of(job) for task, job in jobs_of.items()}
    assert {row["label"] for row in rows[""]} == {"x", "y"}
    assert [(row["id"], row["split"]) for row in rows["second"]] == [(row["id"], row["split"]) for row in rows[""]]
    folder = Path(jobs_of["second"].result["path"])
    assert set(load_version(folder).labels) == {"warm", "cold"}
    assert version_files.read_card(folder)["task"]["name"] == "second"
    assert first.name == "t"
    with pytest.raises(WorkbenchError, match="has no task named 'third'"):
        jobs.run(store, freeze(task="third"), made.project.id)
