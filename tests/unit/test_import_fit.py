"""How the answers of another tool's file come to fit a project: labels that are mapped, questions that are left out, the
unit of offsets, and tasks that are made or give way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain import WorkbenchError
from pipeline.importers import FileRefused, Limits, Source
from pipeline.importers.base import Batch
from pipeline.importers.fit import Fit
from pipeline.importers.foreign import Found, Said, Survey, rows, survey
from pipeline.store import Store, projects
from pipeline.units import CODE_POINTS, GRAPHEMES, UTF16
from pipeline.verbs.import_file import Import
from pipeline.verbs.import_opening import OWN, Files, Opened
from tests.foreign import asks, bring, held, marks, said


class Made:
    """An importer of what a test made up."""

    name = "made"
    extensions = ()

    def __init__(self, *found: Found) -> None:
        self.found = found

    def parse(self, _: Any) -> Any:
        yield from self.found


def span(start: int, end: int, label: str, text: str | None = None) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, **({} if text is None else {"text": text})}


def only_row(one: Found, fit: Fit) -> dict[str, Any]:
    (batch,) = rows(Made(one), None, fit)  # type: ignore[arg-type]
    assert not batch.rejections, batch.rejections
    return batch.rows[0]


def surveyed(*found: Found) -> Survey:
    return survey(Made(*found), None)  # type: ignore[arg-type]


def doccano(path: Path, *given: tuple[str, list[Any]], first: int = 1) -> Path:
    made = [{"id": n, "text": text, "label": label, "Comments": []} for n, (text, label) in enumerate(given, first)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made), encoding="utf-8")
    return path


def test_relations_keep_their_ends_when_labels_change_the_order_of_spans() -> None:
    spans = [span(0, 4, "A"), span(0, 4, "B"), span(5, 8, "C")]
    arrows = [{"from": 0, "to": 2, "label": "r"}, {"from": 1, "to": 2, "label": "s"}]
    one = Found(1, "Anna met", answers=[
        Said("a", "spans", "spans", spans), Said("a", "relations", "relations", arrows, options={"spans": "spans"}),
    ])  # fmt: skip
    swapped = only_row(one, Fit(labels={"A": "Z"}))["annotations"]
    assert [one["label"] for one in swapped[0]["value"]] == ["B", "Z", "C"]
    assert swapped[1]["value"] == [{"from": 0, "to": 2, "label": "s"}, {"from": 1, "to": 2, "label": "r"}]
    joined = only_row(one, Fit(labels={"A": "X", "B": "X"}))["annotations"]
    assert [one["label"] for one in joined[0]["value"]] == ["X", "C"]
    assert joined[1]["value"] == [{"from": 0, "to": 1, "label": "r"}, {"from": 0, "to": 1, "label": "s"}]


def test_relations_of_a_span_that_is_left_out_go_with_it() -> None:
    spans = [span(0, 4, "A"), span(5, 8, "B"), span(9, 12, "C")]
    arrows = [{"from": 0, "to": 2, "label": "r"}, {"from": 1, "to": 2, "label": "s"}]
    one = Found(1, "Anna met Tom", answers=[
        Said("a", "spans", "spans", spans), Said("a", "relations", "relations", arrows, options={"spans": "spans"}),
    ])  # fmt: skip
    left = only_row(one, Fit(labels={"A": "-"}))["annotations"]
    assert [one["label"] for one in left[0]["value"]] == ["B", "C"]
    assert left[1]["value"] == [{"from": 0, "to": 1, "label": "s"}]
    none = only_row(one, Fit(labels={"r": "-", "s": "-"}))["annotations"]
    assert [one["question"] for one in none] == ["spans"]


def test_a_label_of_relations_is_left_out_through_the_import(store: Store, tmp_path: Path) -> None:
    path = Path("tests/data/formats/doccano/relations.jsonl")
    result = bring(store, path, unit=UTF16, labels=dict.fromkeys(("LOC", "GPE", "place", "City"), "-"))
    assert result["records"] > 0


def test_what_is_wrong_in_a_question_that_is_left_out_rejects_nothing() -> None:
    one = Found(
        1, "Anna", answers=[Said("a", "spans", "spans", [span(0, 9, "A")]), Said("a", "label", "labels", ["x"])]
    )
    row = only_row(one, Fit(questions={"spans": "-"}))
    assert [one["question"] for one in row["annotations"]] == ["label"]


def test_a_span_whose_text_is_none_is_one_without_a_text() -> None:
    one = Found(1, "Anna", answers=[Said("a", "spans", "spans", [{**span(0, 4, "A"), "text": None}])])
    assert only_row(one, Fit())["annotations"][0]["value"][0]["text"] == "Anna"


def test_spans_that_read_alike_in_every_unit_prove_none() -> None:
    found = surveyed(
        Found(1, "Anna 😀 Tom", answers=[Said("a", "spans", "spans", [span(0, 4, "A", "Anna"), span(7, 10, "A")])])
    )
    assert not found.units.is_sure()
    proven = surveyed(
        Found(1, "Anna 😀 Tom", answers=[Said("a", "spans", "spans", [span(8, 11, "A", "Tom"), span(7, 10, "A")])])
    )
    assert (proven.units.is_sure(), proven.units.best()) == (True, UTF16)


def test_a_tool_that_never_counts_code_points_is_not_asked_about_them(store: Store, tmp_path: Path) -> None:
    # 8 is inside the face by UTF-16 units, and before and at the x by code points and by grapheme clusters
    path = doccano(tmp_path / "a.jsonl", ("Anna e\u0301😀 x", [[8, 9, "A"]]))
    assert bring(store, path)["unit"] == GRAPHEMES
    assert marks(next(iter(said(held(store, tmp_path)["1"]).values()))["spans"]) == [("x", "A")]


def files_of(found: Found) -> Files:
    source, importer = Source(Path("a"), "a.x", "utf-8", b"", Limits()), Made(found)
    opened = Opened(source, importer, Batch(), OWN, None, own=False, foreign=True)  # type: ignore[arg-type]
    return Files([opened], survey(importer, source))  # type: ignore[arg-type]


def test_a_unit_that_the_file_disproves_is_refused() -> None:
    files = files_of(Found(1, "😀 Anna", answers=[Said("a", "spans", "spans", [span(3, 7, "PER", "Anna")])]))
    with pytest.raises(FileRefused, match=r"a\.x read right by UTF-16 units, not by code points"):
        files.units(Import("a", unit=CODE_POINTS))
    assert files.units(Import("a", unit=UTF16)) == files.units(Import("a")) == {"made": UTF16}


def test_each_format_of_a_folder_has_its_own_unit(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    doccano(folder / "a.jsonl", ("😀 Anna", [[3, 7, "PER"]]))
    (folder / "b.ann").write_text("T1\tPER 2 5\tTom\n")
    (folder / "b.txt").write_text("😀 Tom")
    bring(store, folder, unit=UTF16)
    found = held(store, tmp_path)
    assert {one: marks(next(iter(said(row).values()))["spans"]) for one, row in found.items()} == {
        "1": [("Anna", "PER")], "b": [("Tom", "PER")]
    }  # fmt: skip


def test_labels_are_mapped_into_a_task_that_is_made(store: Store, tmp_path: Path) -> None:
    path = doccano(tmp_path / "a.jsonl", ("Anna met Tom", [[0, 4, "PER"], [9, 12, "X"]]))
    result = bring(store, path, labels={"PER": "person", "X": "-"})
    assert result["annotations"] == 1
    assert asks(store)["spans"].labels == ("person",)


def test_a_question_that_is_left_out_is_not_asked_by_a_task_that_is_made(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"id": 1, "text": "Anna met Tom", "cats": ["good"], "entities": [[0, 4, "PER"]], "Comments": []}
    path.write_text(json.dumps(row) + "\n")
    result = bring(store, path, questions={"spans": "-"})
    assert (list(asks(store)), result["task"]) == (["label"], "classification")
    with pytest.raises(FileRefused, match="answers no question 'mood'"):
        bring(store, path, again=True, questions={"mood": "-"})


def test_a_default_task_gives_way_to_that_of_the_answers(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\nx,some text here\n")
    bring(store, tmp_path / "a.csv")
    before = projects.tasks(store, projects.get(store, "p").id)[0]
    result = bring(store, doccano(tmp_path / "b.jsonl", ("Anna met Tom", [[0, 4, "PER"]])))
    (after,) = projects.tasks(store, projects.get(store, "p").id)
    assert (before.kind, after.kind, after.id) == ("classification", "entities", before.id)
    assert (after.name, result["task"], result["annotations"]) == ("entities", "entities", 1)


def test_a_task_with_answers_does_not_give_way(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text,label\nx,some text here,good\n")
    bring(store, tmp_path / "a.csv", label_column="label")
    with pytest.raises(FileRefused, match="no question of the project plainly takes that"):
        bring(store, doccano(tmp_path / "b.jsonl", ("Anna met Tom", [[0, 4, "PER"]])))


def test_a_file_without_answers_leaves_the_task_for_later(store: Store, tmp_path: Path) -> None:
    result = bring(store, doccano(tmp_path / "a.jsonl", ("Anna met Tom", [])), task="-")
    assert (result["records"], result["task"]) == (1, "")
    assert projects.tasks(store, projects.get(store, "p").id) == []


def test_settings_need_a_format(store: Store, tmp_path: Path) -> None:
    path = doccano(tmp_path / "a.jsonl", ("Anna met Tom", []))
    with pytest.raises(WorkbenchError, match="Name the format"):
        bring(store, path, settings={"labels": "texts"})
    assert bring(store, path, format="doccano", settings={"labels": "texts"})["records"] == 1


@pytest.mark.parametrize("wish", [{"unit": UTF16}, {"questions": {"a": "b"}}, {"labels": {"a": "b"}}])
def test_wishes_for_files_of_other_tools_are_refused_for_a_table(
    store: Store, tmp_path: Path, wish: dict[str, Any]
) -> None:
    (tmp_path / "a.csv").write_text("id,text,label\nx,some text here,good\n")
    with pytest.raises(WorkbenchError, match="is not a file of another tool"):
        bring(store, tmp_path / "a.csv", label_column="label", **wish)


def test_answers_of_two_people_as_suggestions_are_both_kept(store: Store, tmp_path: Path) -> None:
    one = Found(1, "Anna", answers=[Said("bob", "label", "labels", ["x"]), Said("eve", "label", "labels", ["y"])],
                suggestions=[Said("model", "label", "labels", ["x"], score=0.5)])  # fmt: skip
    row = only_row(one, Fit(source="import:a", by="me"))
    assert row["annotations"] == []
    assert [(hint["source"], hint["value"]) for hint in row["suggestions"]] == [
        ("model", ["x"]), ("import:a (bob)", ["x"]), ("import:a (eve)", ["y"])
    ]  # fmt: skip


def test_questions_of_one_name_and_two_kinds_reject_the_later(store: Store, tmp_path: Path) -> None:
    found = surveyed(
        Found(1, "Anna", answers=[Said("a", "q", "labels", ["x"])]),
        Found(2, "Anna", answers=[Said("a", "q", "spans", [span(0, 4, "PER", "Anna")])]),
    )
    (question,) = (found.definition() or {})["questions"]
    assert (question["kind"], question["labels"]) == ("choice", ["x"])
    assert found.lost == {"answers to a question of one name and another kind": 1}


def test_a_file_of_very_many_labels_is_a_sentence(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"__label__{n} text {n}\n" for n in range(300)))
    with pytest.raises(WorkbenchError, match=r"The answers to 'label' in a\.txt have more than 200 different labels"):
        bring(store, path)
    assert projects.tasks(store, projects.get(store, "p").id) == []


def test_a_named_task_takes_the_labels_of_the_file(store: Store, tmp_path: Path) -> None:
    path = doccano(tmp_path / "a.jsonl", ("Anna met Tom", [[0, 4, "PER"]]))
    assert bring(store, path, task="entities")["labels_added"] == ["PER"]
