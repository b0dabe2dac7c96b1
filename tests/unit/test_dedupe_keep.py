"""Which record of a family stays, by answers that are stored; and that answers which contradict each other are looked at
again before anything is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from pipeline import annotate, jobs
from pipeline.domain import Job, Project, Task, Verdict, WorkbenchError
from pipeline.store import Store, families, projects, queue, records, verdicts
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.annotations import Answer
from pipeline.store.families import FamilyFilter
from pipeline.verbs.dedupe import Dedupe
from tests.conftest import add_records

Fill = Callable[..., Project]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
B = "a letter about the weather of last week was read aloud to nobody at all"
TEXTS = [A, A + " again", B, A]


@pytest.fixture
def house(store: Store, fill: Fill) -> House:
    return House(store, fill(TEXTS))


class House:
    """A project of one family (r1, r2, r4) and one other record (r3), with a task that takes a label."""

    def __init__(self, store: Store, project: Project) -> None:
        self.store, self.project, self.sent = store, project, 0
        self.task = annotate.define(store, project, labels=["good", "bad"], guideline="g")

    def answer(self, record: int, value: Any, who: str = "ana", task: Task | None = None, **more: Any) -> None:
        self.sent += 1
        task = task or self.task
        question = task.definition["questions"][0]["name"]
        event = {"event_id": f"a-long-enough-name-{self.sent}", "record_id": record, "state": "submitted",
                 "value": {question: value}, **more}  # fmt: skip
        (ack,) = annotate.submit(self.store, task, who, [event])
        assert ack.ok, ack

    def simulate(self, record: int, label: str, who: str = "bot") -> None:
        self.sent += 1
        answer = Answer(f"simulated-{self.sent}", record, "submitted", {"label": label})
        self.store.transact(lambda cursor: answer_store.enlist(cursor, who, "simulated"))
        self.store.transact(lambda cursor: answer_store.append(self.store, cursor, self.task.id, who, [answer]))

    def search(self, **knobs: Any) -> Job:
        return jobs.run(self.store, Dedupe(**knobs), self.project.id)

    def kept(self, **knobs: Any) -> str:
        job = self.search(dry_run=True, **knobs)
        (family,) = families.page(self.store, job.id)
        return family.kept.external_id

    def dropped(self) -> list[str]:
        found = self.store.rows("SELECT external_id FROM record_now WHERE dropped ORDER BY id")
        return [row["external_id"] for row in found]

    def asked(self) -> list[tuple[int, str]]:
        found = self.store.rows("SELECT record_id, reason FROM relabel_open ORDER BY record_id, id")
        return [(row["record_id"], row["reason"]) for row in found]


def scored(store: Store, project: Project, texts: list[str], column: str, values: list[str]) -> None:
    """Records r1, r2, … with JSON text in a column of theirs."""
    job, n = job_store.open_job(store, "import", project.id, {}), len(texts)
    rows = pa.table({
        "project_id": pa.array([project.id] * n, pa.int32()), "job_id": pa.array([job] * n, pa.int32()),
        "external_id": [f"r{i + 1}" for i in range(n)], "text": texts, column: values,
    })  # fmt: skip
    store.transact(lambda cursor: records.append(store, cursor, rows))
    job_store.close_job(store, job, "done", {})


def test_the_newest_is_the_one_imported_last(house: House) -> None:
    assert house.kept(keep="newest") == "r4"
    add_records(house.store, house.project, [A + " once more"], ids=["r0"])
    assert house.kept(keep="newest") == "r0"


def test_a_labelled_one_is_kept_before_unlabelled_ones(house: House) -> None:
    assert house.kept(keep="labelled") == "r1"
    house.answer(4, "good")
    assert house.kept(keep="labelled") == "r4"
    house.answer(2, "good")
    assert house.kept(keep="labelled") == "r2"
    house.answer(2, {}, state="skipped")
    assert house.kept(keep="labelled") == "r4"


@pytest.mark.parametrize("column", ["meta", "fields"])
@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (['{"s/1": 0.2}', '{"s/1": "0.9"}', '{"s/1": 0.5}'], "r2"),
        (['{"s/1": -3}', "{}", '{"s/1": "much"}'], "r1"),
        (["{}", '{"s/1": 7}', '{"s/1": 7.0}'], "r2"),
        (['{"s/1": "nan"}', '{"s/1": "inf"}', '{"s/1": -1e9}'], "r3"),
    ],
)
def test_the_best_number_of_a_column_is_kept(store: Store, column: str, values: list[str], kept: str) -> None:
    project = projects.create(store, "p")
    scored(store, project, [A, A + " again", A], column, values)
    job = jobs.run(store, Dedupe(keep="quality", score="s/1"), project.id)
    (family,) = families.page(store, job.id)
    assert family.kept.external_id == kept


def test_quality_without_a_number_is_a_sentence(store: Store) -> None:
    project = projects.create(store, "p")
    assert jobs.run(store, Dedupe(keep="quality", score="s"), project.id).result["families"] == 0
    scored(store, project, [A, A], "meta", ['{"s": "good"}', '{"t": 1}'])
    with pytest.raises(WorkbenchError, match="No record has a number named 's'"):
        jobs.run(store, Dedupe(keep="quality", score="s"), project.id)
    with pytest.raises(WorkbenchError, match="name the column"):
        Dedupe(keep="quality", score=" ")
    assert jobs.run(store, Dedupe(keep="quality", score="t"), project.id).result["dropped"] == 1


def test_the_record_on_which_most_annotators_agree_is_kept(house: House) -> None:
    assert house.kept(keep="agreed") == "r1"
    house.answer(4, "good", "ana")
    for bot in ("bot", "bot2", "bot3"):
        house.simulate(2, "good", bot)
    assert house.kept(keep="agreed") == "r4"
    for who, label in (("ana", "good"), ("ben", "bad"), ("cy", "good")):
        house.answer(2, label, who)
    assert house.kept(keep="agreed") == "r2"
    for who in ("ana", "ben"):
        house.answer(1, "good", who)
    assert house.kept(keep="agreed") == "r1"  # as many as agree on r2
    house.answer(1, "bad", "ben")
    assert house.kept(keep="agreed") == "r2"


def test_families_that_contradict_themselves_are_looked_at_again_first(house: House) -> None:
    house.answer(1, "good")
    house.answer(4, "bad")
    job = house.search()
    assert {key: job.result[key] for key in ("families", "contradictory", "relabel", "dropped")} == {
        "families": 1, "contradictory": 1, "relabel": 2, "dropped": 0}  # fmt: skip
    assert house.dropped() == []
    assert house.asked() == [(1, "its near-duplicate r4 has another answer to 'label'"),
                             (4, "its near-duplicate r1 has another answer to 'label'")]  # fmt: skip
    (family,) = families.page(house.store, job.id, FamilyFilter(contradictory=True))
    assert family.contradictory
    assert not any(member.dropped for member in (family.kept, *family.others))
    (claimed, *_) = queue.claim(house.store, house.task, "ben", 1)
    assert (claimed.record_id, claimed.reason) == (1, "its near-duplicate r4 has another answer to 'label'")


@pytest.mark.parametrize("scope", ["all", "new"])
def test_after_the_review_the_next_search_drops_as_usual(house: House, scope: str) -> None:
    house.answer(1, "good")
    house.answer(4, "bad")
    house.search()
    house.answer(1, "good")
    again = house.search(scope=scope)
    assert (again.result["contradictory"], again.result["relabel"], house.dropped()) == (1, 1, [])
    house.answer(4, "good")
    last = house.search(scope=scope)
    assert (last.result["contradictory"], last.result["dropped"], house.dropped()) == (0, 2, ["r2", "r4"])


def test_answers_that_a_review_leaves_as_they_are_no_longer_stand_in_the_way(house: House) -> None:
    house.answer(1, "good")
    house.answer(4, "bad")
    house.search()
    house.answer(1, "good")
    house.answer(4, {}, "ben", state="skipped")
    assert house.search().result["contradictory"] == 0
    assert house.dropped() == ["r2", "r4"]


def test_undo_takes_the_requests_back_and_redo_asks_again(house: House) -> None:
    house.answer(1, "good")
    house.answer(4, "bad")
    job = house.search()
    asked = house.asked()
    job_store.undo(house.store, job.id)
    assert house.asked() == []
    job_store.redo(house.store, job.id)
    assert (house.asked(), house.dropped()) == (asked, [])


def test_a_preview_asks_for_nothing_until_it_is_applied(house: House) -> None:
    house.answer(1, "good")
    house.answer(4, "bad")
    job = house.search(dry_run=True)
    assert (job.state, job.result["contradictory"], house.asked()) == ("preview", 1, [])
    (family,) = families.page(house.store, job.id)
    assert family.contradictory
    assert not any(member.dropped for member in (family.kept, *family.others))
    job_store.redo(house.store, job.id)
    assert ([record for record, _ in house.asked()], house.dropped()) == ([1, 4], [])


def test_the_majority_of_a_record_is_its_answer(house: House) -> None:
    for who, label in (("ana", "bad"), ("ben", "good"), ("cy", "good")):
        house.answer(1, label, who)
    house.answer(2, "good")
    house.simulate(3, "bad")  # in no family
    assert house.search(dry_run=True).result["contradictory"] == 0
    house.simulate(4, "bad")  # what a machine said counts here: it may be right
    assert house.search(dry_run=True).result["relabel"] == 3


def test_an_answer_that_was_withdrawn_or_skipped_contradicts_nobody(house: House) -> None:
    house.answer(1, "good")
    house.answer(4, "bad")
    house.answer(4, {}, state="skipped")
    assert house.search().result["contradictory"] == 0
    assert house.dropped() == ["r2", "r4"]


def test_other_families_lose_theirs_as_usual(house: House) -> None:
    add_records(house.store, house.project, [B + " twice"], ids=["r5"])
    house.answer(1, "good")
    house.answer(4, "bad")
    job = house.search()
    assert (job.result["families"], job.result["contradictory"], house.dropped()) == (2, 1, ["r5"])
    assert families.count(house.store, job.id, FamilyFilter(contradictory=True)) == 1


def task_of(house: House, name: str, question: dict[str, Any]) -> Task:
    return projects.save_task(
        house.store, house.project.id, name=name, kind="custom", definition={"questions": [question]}
    )


def test_every_task_is_asked_for_itself(house: House) -> None:
    stars = task_of(house, "stars", {"kind": "rating", "name": "how/good", "low": 1, "high": 5})
    many = task_of(house, "many", {"kind": "choices", "name": "topics", "labels": ["a", "b"]})
    house.answer(1, 4, task=stars)
    house.answer(2, 5, task=stars)
    house.answer(1, ["a", "b"], task=many)
    house.answer(4, ["a", "b"], task=many)
    house.answer(4, "good")
    house.search()
    asked = house.store.rows("SELECT record_id, task_id, reason FROM relabel_open ORDER BY record_id")
    assert asked == [
        {"record_id": 1, "task_id": stars.id, "reason": "its near-duplicate r2 has another answer to 'how/good'"},
        {"record_id": 2, "task_id": stars.id, "reason": "its near-duplicate r1 has another answer to 'how/good'"},
    ]
    house.answer(4, ["b"], task=many)
    job = house.search()
    assert (job.result["contradictory"], job.result["relabel"]) == (1, 4)


def test_texts_and_spans_are_not_held_against_each_other(house: House) -> None:
    words = task_of(house, "words", {"kind": "text", "name": "summary"})
    spans = task_of(house, "spans", {"kind": "spans", "name": "names", "labels": ["x"]})
    house.answer(1, "one way to put it", task=words)
    house.answer(4, "another way to put it", task=words)
    house.answer(1, [{"start": 4, "end": 9, "text": A[4:9], "label": "x"}], task=spans)
    house.answer(4, [{"start": 0, "end": 3, "text": A[:3], "label": "x"}], task=spans)
    assert house.search().result["contradictory"] == 0
    assert house.dropped() == ["r2", "r4"]


def test_another_project_has_no_say(house: House, fill: Fill) -> None:
    other = House(house.store, fill(TEXTS, "q", ["q1", "q2", "q3", "q4"]))
    house.answer(1, "good")
    other.sent = 100
    other.answer(8, "bad")
    assert house.search().result["contradictory"] == 0
    assert other.search().result["contradictory"] == 0


def test_what_a_person_kept_or_dropped_stays_so(house: House) -> None:
    verdicts.decide(house.store, house.project.id, "keep", [Verdict(2, "by hand", "keep", "")])
    verdicts.decide(house.store, house.project.id, "keep", [Verdict(4, "by hand", "drop", "")])
    house.answer(1, "good")
    house.search()
    assert house.dropped() == ["r4"]
