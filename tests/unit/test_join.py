"""Several annotators' files of one project come to the same records, and labels and questions are fitted or refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline import jobs
from pipeline.domain import Job, Verdict
from pipeline.importers import FileRefused
from pipeline.store import Store, projects, records, verdicts
from pipeline.store import jobs as job_store
from pipeline.tasks import questions_of
from pipeline.verbs.import_file import Import

TEXTS = ["Anna met 李 in Oslo 😀 today.", "北京下雨了，王小明在家。", "cafe\u0301 in Rome now"]


def rows(spans: list[list[tuple[int, int, str]]]) -> bytes:
    made = [
        {"id": n, "text": text, "label": [list(span) for span in own], "Comments": []}
        for n, (text, own) in enumerate(zip(TEXTS, spans, strict=True), 1)
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made).encode()


ALICE = [[(0, 4, "PER")], [(0, 2, "LOC")], []]
BOB = [[(0, 4, "PER"), (9, 10, "PER")], [], [(9, 13, "LOC")]]


def bring(store: Store, path: Path, **settings: Any) -> Job:
    return jobs.run(store, Import(str(path), **settings), projects.get_or_create(store, "p").id)


def said(store: Store) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """{annotator: {record: [(label, surface)]}} of the answers that stand."""
    found: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for row in store.rows("SELECT r.external_id, a.annotator, a.value FROM annotation_now a JOIN record r ON r.id = a.record_id "
                          "WHERE a.state = 'submitted'"):  # fmt: skip
        (spans,) = json.loads(row["value"]).values()
        found.setdefault(row["annotator"], {})[row["external_id"]] = [(one["label"], one["text"]) for one in spans]
    return found


@pytest.fixture
def both(tmp_path: Path) -> Path:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        packed.writestr("alice.jsonl", rows(ALICE))
        packed.writestr("bob.jsonl", rows(BOB))
    (tmp_path / "both.zip").write_bytes(sink.getvalue())
    return tmp_path / "both.zip"


def test_each_member_of_an_archive_is_an_annotator_of_the_same_records(store: Store, both: Path) -> None:
    job = bring(store, both, unit="code points")
    assert (job.result["records"], job.result["joined"], job.result["rejected"]) == (3, 2, 0)
    assert said(store) == {
        "alice": {"1": [("PER", "Anna")], "2": [("LOC", "北京")]},
        "bob": {"1": [("PER", "Anna"), ("PER", "李")], "3": [("LOC", "Rome")]},
    }
    (task,) = projects.tasks(store, job.project_id or 0)
    assert task.kind == "entities"
    assert set(questions_of(task)[0].labels) == {"PER", "LOC"}


def test_a_second_file_joins_and_undo_takes_only_its_answers_back(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows(ALICE))
    (tmp_path / "b.jsonl").write_bytes(rows(BOB))
    bring(store, tmp_path / "a.jsonl", labels_by="alice", unit="code points")
    job = bring(store, tmp_path / "b.jsonl", labels_by="bob", unit="code points")
    assert (job.result["records"], job.result["joined"], job.result["annotations"]) == (0, 2, 2)
    assert set(said(store)) == {"alice", "bob"}
    job_store.undo(store, job.id)
    assert set(said(store)) == {"alice"}
    assert records.count(store, job.project_id or 0) == 3


def test_an_answer_that_is_there_is_not_replaced_by_one_without_a_time(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows(ALICE))
    (tmp_path / "b.jsonl").write_bytes(rows(BOB))
    bring(store, tmp_path / "a.jsonl", labels_by="alice", unit="code points")
    job = bring(store, tmp_path / "b.jsonl", labels_by="alice", unit="code points")
    assert (job.result["joined"], job.result["there"], job.result["annotations"]) == (1, 1, 1)
    assert said(store)["alice"] == {"1": [("PER", "Anna")], "2": [("LOC", "北京")], "3": [("LOC", "Rome")]}


def test_another_text_under_the_id_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows(ALICE))
    (tmp_path / "b.jsonl").write_bytes(rows(ALICE).replace(b"today", b"again"))
    bring(store, tmp_path / "a.jsonl", labels_by="alice", unit="code points")
    job = bring(store, tmp_path / "b.jsonl", labels_by="bob", unit="code points")
    first = job.result["rejections"][0]
    assert first["reason"] == "The id '1' is in this project already, with another text."


def test_spans_do_not_join_a_text_that_was_changed_since(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows(ALICE))
    (tmp_path / "b.jsonl").write_bytes(rows(BOB))
    job = bring(store, tmp_path / "a.jsonl", labels_by="alice", unit="code points")
    (first, *_) = records.ids(store, job.project_id or 0)
    verdicts.decide(store, job.project_id or 0, "edit", [Verdict(first, "by hand", "edit", "typo", "Well, Anna met")])
    job = bring(store, tmp_path / "b.jsonl", labels_by="bob", unit="code points")
    assert job.result["rejections"][0]["line"] == 1
    assert "was changed in this project since" in job.result["rejections"][0]["reason"]


def test_the_unit_of_offsets_is_asked_for_where_nothing_shows_it(store: Store, both: Path) -> None:
    with pytest.raises(FileRefused, match="does not say in which unit its offsets count"):
        bring(store, both)
    assert records.count(store, projects.get(store, "p").id) == 0


def test_labels_that_the_task_does_not_have_are_asked_for_added_mapped_or_rejected(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows([[(0, 4, "person")], [], []]))
    (tmp_path / "b.jsonl").write_bytes(rows(BOB))
    bring(store, tmp_path / "a.jsonl", labels_by="alice", unit="code points")
    path, known = tmp_path / "b.jsonl", {"labels_by": "bob", "unit": "code points"}
    with pytest.raises(FileRefused, match=r"has labels that the task does not: PER \(2\), LOC \(1\)"):
        bring(store, path, **known)
    mapped = bring(store, path, **known, labels={"PER": "person", "LOC": "-"})
    assert said(store)["bob"] == {"1": [("person", "Anna"), ("person", "李")]}
    job_store.undo(store, mapped.id)
    rejected = bring(store, path, **known, new_labels="reject")
    assert [one["line"] for one in rejected.result["rejections"]] == [1, 3]  # 2 has no answers
    assert rejected.result["rejections"][0]["reason"] == "The question 'spans' does not have the label 'PER'."
    job_store.undo(store, rejected.id)
    added = bring(store, path, **known, new_labels="add")
    assert sorted(added.result["labels_added"]) == ["LOC", "PER"]
    assert said(store)["bob"]["3"] == [("LOC", "Rome")]


def test_answers_that_no_question_takes_are_refused_or_left_out(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text,label\nx,some text here,good\n")
    (tmp_path / "b.jsonl").write_bytes(rows(BOB))
    bring(store, tmp_path / "a.csv", label_column="label")
    with pytest.raises(FileRefused, match="no question of the project plainly takes that; it asks: label"):
        bring(store, tmp_path / "b.jsonl", unit="code points")
    job = bring(store, tmp_path / "b.jsonl", unit="code points", questions={"spans": "-"})
    assert (job.result["records"], job.result["annotations"]) == (3, 0)


def test_answers_may_come_as_suggestions_or_not_at_all(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rows(ALICE))
    (tmp_path / "b.jsonl").write_bytes(rows(BOB).replace(b'"id": ', b'"id": 1'))
    job = bring(store, tmp_path / "a.jsonl", unit="code points", as_suggestions=True)
    assert (job.result["annotations"], job.result["suggestions"]) == (0, 2)
    job = bring(store, tmp_path / "b.jsonl", unit="code points", label_column="-")
    assert (job.result["records"], job.result["annotations"], job.result["suggestions"]) == (3, 0, 0)


def own(path: Path, *rows: dict[str, Any]) -> Path:
    plain = {"meta": {}, "split": None, "status": "active", "parent": None, "suggestions": [], "annotations": []}
    path.write_text("".join(json.dumps(plain | row) + "\n" for row in rows), encoding="utf-8")
    return path


def gave(who: str, question: str, value: Any, at: str | None = None, state: str = "submitted") -> dict[str, Any]:
    return {"annotator": who, "question": question, "value": value, "state": state, "created_at": at}


def stands(store: Store, who: str) -> Any:
    (row,) = store.rows("SELECT state, value FROM annotation_now WHERE annotator = ?", [who])
    return json.loads(row["value"]) if row["state"] == "submitted" else row["state"]


@pytest.fixture
def two(store: Store) -> Store:
    """A project that asks two questions."""
    project = projects.create(store, "p")
    asks = [{"kind": "choice", "name": "mood", "labels": ["good", "bad"]}, {"kind": "text", "name": "why"}]
    projects.save_task(store, project.id, name="two", kind="custom", definition={"fields": [], "questions": asks})
    return store


def test_answers_to_another_question_come_to_those_that_are_there(two: Store, tmp_path: Path) -> None:
    row = {"id": "1", "text": "Anna"}
    bring(two, own(tmp_path / "a.jsonl", row | {"annotations": [gave("ann", "mood", "good", "2026-02-01T00:00:00Z")]}))
    job = bring(
        two, own(tmp_path / "b.jsonl", row | {"annotations": [gave("ann", "why", "so", "2026-01-01T00:00:00Z")]})
    )
    assert (job.result["joined"], job.result["there"]) == (1, 0)
    assert stands(two, "ann") == {"mood": "good", "why": "so"}
    job_store.undo(two, job.id)
    assert stands(two, "ann") == {"mood": "good"}


def test_two_rows_of_a_record_bring_the_answers_of_both(two: Store, tmp_path: Path) -> None:
    row = {"id": "1", "text": "Anna"}
    first, second = gave("ann", "mood", "good"), gave("ann", "why", "so")
    job = bring(two, own(tmp_path / "a.jsonl", row | {"annotations": [first]}, row | {"annotations": [second]}))
    assert (job.result["records"], job.result["joined"], job.result["annotations"]) == (1, 1, 1)
    assert stands(two, "ann") == {"mood": "good", "why": "so"}


def test_of_two_answers_of_one_person_the_younger_counts_whatever_their_order(two: Store, tmp_path: Path) -> None:
    row = {"id": "1", "text": "Anna"}
    young, old = gave("ann", "mood", "good", "2026-02-01T00:00:00Z"), gave("ann", "mood", "bad", "2026-01-01T00:00:00Z")
    job = bring(two, own(tmp_path / "a.jsonl", row | {"annotations": [young]}, row | {"annotations": [old]}))
    assert (stands(two, "ann"), job.result["there"]) == ({"mood": "good"}, 1)


def test_a_draft_does_not_hide_an_answer(two: Store, tmp_path: Path) -> None:
    row = {"id": "1", "text": "Anna"}
    bring(two, own(tmp_path / "a.jsonl", row | {"annotations": [gave("ann", "mood", "good", "2026-01-01T00:00:00Z")]}))
    draft = gave("ann", "mood", "bad", "2026-02-01T00:00:00Z", "draft")
    assert bring(two, own(tmp_path / "b.jsonl", row | {"annotations": [draft]})).result["there"] == 1
    assert stands(two, "ann") == {"mood": "good"}


def test_rows_without_ids_join_by_text_but_a_second_answer_is_to_a_second_record(two: Store, tmp_path: Path) -> None:
    def rows(who: str, *texts: str) -> list[dict[str, Any]]:
        return [{"id": None, "text": text, "annotations": [gave(who, "mood", "good")]} for text in texts]

    job = bring(two, own(tmp_path / "a.jsonl", *rows("ann", "Hello", "Hello", "Bye"), *rows("bob", "Bye")))
    assert (job.result["records"], job.result["joined"]) == (3, 1)
    job = bring(two, own(tmp_path / "b.jsonl", *rows("eve", "Bye"), *rows("ann", "Bye")))
    assert (job.result["records"], job.result["joined"]) == (1, 1)


def test_a_row_without_a_text_finds_it_in_the_same_file(two: Store, tmp_path: Path) -> None:
    later = {"id": "1", "annotations": [gave("ann", "mood", "good")]}
    job = bring(two, own(tmp_path / "a.jsonl", {"id": "1", "text": "Anna"}, later, {"id": "2"}))
    assert (job.result["records"], job.result["joined"], job.result["rejected"]) == (1, 1, 1)
    assert stands(two, "ann") == {"mood": "good"}


def test_ids_that_are_numbers_are_the_same_ids(two: Store, tmp_path: Path) -> None:
    bring(two, own(tmp_path / "a.jsonl", {"id": 7, "text": "Anna"}))
    (tmp_path / "b.csv").write_text("id,text\n7,Anna\n")
    with pytest.raises(FileRefused, match="The id '7' is in this project already"):
        bring(two, tmp_path / "b.csv")
    assert (
        bring(two, own(tmp_path / "c.jsonl", {"id": "7", "text": "Anna"}, {"id": 7, "text": "Anna"})).result["same"]
        == 1
    )
