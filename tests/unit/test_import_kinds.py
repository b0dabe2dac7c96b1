"""Importing for every kind of task: where the text, the fields and the answers of a file go, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline import annotate, jobs
from pipeline.domain import Job, WorkbenchError
from pipeline.export import export_to
from pipeline.questions import Chat, WrongAnswer, fields_of
from pipeline.store import Store, projects, records
from pipeline.tasks import fields_wanted, questions_of, tasks
from pipeline.verbs.import_file import Import

TEXT = "Anna met 李 in Oslo 😀."
ANNA = {"start": 0, "end": 4, "label": "person", "text": "Anna"}


def bring(store: Store, folder: Path, rows: list[dict[str, Any]], name: str = "p", **settings: Any) -> Job:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return jobs.run(store, Import(str(path), **settings), projects.get_or_create(store, name).id)


def shown(store: Store, name: str = "p") -> list[dict[str, Any]]:
    """What the project's task shows of each record."""
    project = projects.get(store, name)
    (task,) = projects.tasks(store, project.id)
    wanted = fields_wanted(task.definition)
    return [fields_of(row["text"], row["fields"], row["meta"], wanted) for row in records.page(store, project.id)]


def answers(store: Store) -> list[Any]:
    found = store.rows("SELECT value FROM annotation_now WHERE state = 'submitted' ORDER BY record_id, id")
    return [next(iter(json.loads(row["value"]).values())) for row in found]


def own(**changes: Any) -> dict[str, Any]:
    row = {"id": "1", "text": TEXT, "meta": {}, "split": None, "status": "active", "parent": None, "annotations": [],
           "suggestions": []}  # fmt: skip
    return {**row, **changes}


def said(value: Any, question: str = "entities", who: str = "ana", state: str = "submitted", **more: Any) -> dict:
    return {"annotator": who, "question": question, "state": state, "value": value, "created_at": "2026-01-02T03:04:05Z", **more}  # fmt: skip


@pytest.mark.parametrize("kind", tasks.names())
def test_every_kind_of_task_takes_a_file(store: Store, tmp_path: Path, kind: str) -> None:
    job = bring(store, tmp_path, [{"text": "one", "note": "x"}, {"text": "two", "note": "y"}], task=kind)
    assert (job.result["records"], job.result["task"]) == (2, kind)
    (task,) = projects.tasks(store, projects.get(store, "p").id)
    assert task.kind == kind
    assert questions_of(task)
    assert records.page(store, task.project_id)[0]["meta"] == {"note": "x"}


@pytest.mark.parametrize(
    ("kind", "row", "text", "fields"),
    [
        ("question_answering", {"question": "Who?", "context": "It was Anna, in Oslo."}, "It was Anna, in Oslo.", {"question": "Who?"}),
        ("question_answering", {"query": "Who?", "passage": "It was Anna, in Oslo."}, "It was Anna, in Oslo.", {"question": "Who?"}),
        ("preference", {"prompt": "Say hello", "chosen": "Hello", "rejected": "No"}, "Say hello", {"a": "Hello", "b": "No"}),
        ("preference", {"prompt": "Say hello", "response_a": "x", "response_b": "y"}, "Say hello", {"a": "x", "b": "y"}),
        ("preference", {"text": "Say hello", "b": "y", "a": "x"}, "Say hello", {"a": "x", "b": "y"}),
        ("ranking", {"prompt": "Say hello", "responses": ["x", "y", "z"]}, "Say hello", {"candidates": ["x", "y", "z"]}),
        ("translation", {"source": "How are you today?", "lang": "en"}, "How are you today?", {}),
        ("summarisation", {"article": "A long article."}, "A long article.", {}),
        ("generation", {"instruction": "Say hello", "input": ""}, "Say hello", {}),
        (
            "chat", {"messages": [{"role": "user", "content": "Hi\n😀"}, {"role": "assistant", "content": "你好"}]},
            "user: Hi\n😀\nassistant: 你好",
            {"messages": [{"role": "user", "content": "Hi\n😀"}, {"role": "assistant", "content": "你好"}]},
        ),
        (
            "chat", {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]},
            "user: Hi\nassistant: Ho",
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]},
        ),
        (
            "chat", {"prompt": "Hi", "conversations": [{"from": "human", "value": "Hi"}]}, "Hi",
            {"messages": [{"role": "user", "content": "Hi"}]},
        ),
    ],
)  # fmt: skip
def test_the_columns_of_a_kind_are_found(
    store: Store, tmp_path: Path, kind: str, row: dict, text: str, fields: dict
) -> None:
    bring(store, tmp_path, [{"id": str(n), **row} for n in range(1)], task=kind)
    (found,) = shown(store)
    assert {name: value for name, value in found.items() if name != "text"} == fields
    (record,) = records.page(store, projects.get(store, "p").id)
    assert record["text"] == text
    assert record["fields"] == fields


@pytest.mark.parametrize(
    ("kind", "column", "cells", "expected"),
    [
        (
            "multilabel",
            "labels",
            [["a", "b"], ["b"], "a", '["b", "a"]', []],
            [["a", "b"], ["b"], ["a"], ["a", "b"], []],
        ),
        ("rating", "rating", [3, "4", 5.0, ""], [3, 4, 5]),
        ("translation", "target", ["bonjour", "", "  "], ["bonjour"]),
        ("entities", "entities", [[ANNA], [], None], [[ANNA], []]),
        ("sentiment", "label", ["positive", "negative"], ["positive", "negative"]),
        ("ranking", "ranking", [["2", "1"]], [["2", "1"]]),
    ],
)
def test_the_answers_in_a_column_are_taken(
    store: Store, tmp_path: Path, kind: str, column: str, cells: list, expected: list
) -> None:
    rows = [{"id": str(n), "text": TEXT, column: cell} for n, cell in enumerate(cells)]
    job = bring(store, tmp_path, rows, task=kind, labels_by="ana")
    assert answers(store) == expected
    assert (job.result["annotations"], job.result["rejected"]) == (len(expected), 0)
    bring(store, tmp_path, rows, "q", task=kind, as_suggestions=True)
    hints = store.rows("SELECT value FROM suggestion_now ORDER BY record_id")
    assert [json.loads(row["value"]) for row in hints] == expected


def test_the_files_labels_take_the_place_of_those_that_a_kind_suggests(store: Store, tmp_path: Path) -> None:
    rows = [{"text": TEXT, "entities": [{**ANNA, "label": "PER"}]}]
    assert bring(store, tmp_path, rows, task="entities", labels_by="ana").result["labels_added"] == ["PER"]
    (task,) = projects.tasks(store, projects.get(store, "p").id)
    assert questions_of(task)[0].labels == ("PER",)
    bring(store, tmp_path, [{"text": TEXT, "label": "positive"}], "q", task="sentiment", labels_by="ana")
    (task,) = projects.tasks(store, projects.get(store, "q").id)
    assert questions_of(task)[0].labels == ("positive", "negative", "neutral")


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (own(id="2", annotations=[said([{**ANNA, "text": "Anne"}])]), "annotations", "no longer reads 'Anne'"),
        (own(id="2", annotations=[said([{**ANNA, "start": 90, "end": 94}])]), "annotations", "ends at 94"),
        (own(id="2", annotations=[said("x", "mood")]), "annotations", "asks no question 'mood'"),
        (own(id="2", annotations=[said([], state="maybe")]), "annotations", "must all have one state"),
        (own(id="2", annotations=[said([], who="")]), "annotations", "must be a name"),
        (own(id="2", annotations=[said([], who="simulated")]), "annotations", "stands for simulated labels"),
        (own(id="2", annotations=[said([], created_at="noon")]), "annotations", "is not a time"),
        (
            own(id="2", suggestions=[{"source": "m", "question": "entities", "value": "x"}]),
            "suggestions",
            "takes a list",
        ),
        (own(id="2", parent="nobody"), "parent", "neither before it nor in this project"),
        (own(id="2", status="lost"), "status", "active or dropped"),
        (own(id="2", fields=[]), "fields", "not an object"),
        ({"id": "2", "text": "x"}, "annotations", "no such field"),
    ],
)
def test_what_cannot_be_taken_of_our_own_format_is_listed(
    store: Store, tmp_path: Path, row: dict, field: str, reason: str
) -> None:
    project = projects.create(store, "p")
    definition = tasks.get("entities")().definition(())
    projects.save_task(store, project.id, name="t", kind="entities", definition=definition)
    # the odd row comes late: what a file is is told by its first thousand
    rows = [own(id=f"a{n}", annotations=[said([ANNA])]) for n in range(1000)]
    job = bring(store, tmp_path, [*rows, row])
    assert (job.result["records"], job.result["annotations"], job.result["rejected"]) == (1000, 1000, 1)
    (one,) = job.result["rejections"]
    assert (one["line"], one["field"]) == (1001, field)
    assert reason in one["reason"]


def test_dropped_records_and_augmented_ones_come_as_they_were(store: Store, tmp_path: Path) -> None:
    rows = [own(id="1"), own(id="2", parent="1", text="made of it"), own(id="3", status="dropped")]
    bring(store, tmp_path, rows, task="entities")
    project = projects.get(store, "p")
    found = {row["external_id"]: row for row in records.page(store, project.id)}
    assert found["2"]["parent_id"] == found["1"]["id"]
    assert [found[name]["dropped"] for name in "123"] == [False, False, True]


def test_our_own_format_names_its_annotators_itself(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="says itself who gave which answer"):
        bring(store, tmp_path, [own()], task="entities", labels_by="ben")


def test_a_project_keeps_the_task_that_it_has(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, [{"text": "one"}], task="entities")
    with pytest.raises(WorkbenchError, match="labelled for the task 'entities'"):
        bring(store, tmp_path, [{"text": "two"}], task="rating")
    assert bring(store, tmp_path, [{"text": "three"}]).result["task"] == "entities"


CALLS = [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}]
TALK = [
    {"role": "user", "content": "How is it in Oslo?"},
    {"role": "assistant", "content": None, "tool_calls": CALLS},
    {"role": "tool", "content": '{"sky": "clear"}', "tool_call_id": "c1"},
    {"role": "assistant", "tool_calls": CALLS, "refusal": None},  # no content at all: as good as null
    {"role": "assistant", "function_call": {"name": "weather", "arguments": "{}"}},  # as it was before tool_calls
    {"role": "assistant", "content": "Clear."},
]


def test_messages_that_only_call_a_tool_come_in_are_corrected_and_leave_as_they_were(
    store: Store, tmp_path: Path
) -> None:
    job = bring(store, tmp_path, [{"id": "1", "messages": TALK}], task="chat", label_column="-")
    assert (job.result["records"], job.result["rejected"]) == (1, 0)
    project = projects.get(store, "p")
    (record,) = records.page(store, project.id)
    assert record["fields"]["messages"] == TALK
    corrected = [*TALK[:-1], {"role": "assistant", "content": "It is clear."}]
    event = {"event_id": "event-0001", "record_id": record["id"], "state": "submitted",
             "value": {"conversation": corrected}}  # fmt: skip
    (ack,) = annotate.submit(store, projects.tasks(store, project.id)[0], "anna", [event])
    assert (ack.ok, ack.conflict) == (True, "")
    export_to(store, project="p", out=tmp_path / "once.jsonl")
    (row,) = [json.loads(line) for line in (tmp_path / "once.jsonl").read_text().splitlines()]
    assert row["fields"]["messages"] == TALK
    assert [one["value"] for one in row["annotations"]] == [corrected]
    bring(store, tmp_path, [row], "again", task="chat")
    export_to(store, project="again", out=tmp_path / "twice.jsonl")
    assert json.loads((tmp_path / "twice.jsonl").read_text()) == row


@pytest.mark.parametrize("message", [{"role": "assistant"}, {"role": "user", "tool_calls": []},
                                     {"role": "user", "content": {"a": 1}, "tool_calls": CALLS}])  # fmt: skip
def test_a_message_that_says_nothing_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(WrongAnswer, match="has no content"):
        Chat("q").check([message])


def test_what_a_text_holds_as_json_is_looked_into(store: Store, tmp_path: Path) -> None:
    said_so = ['[{"role": "user", "content": "Hi", "score": NaN}]', '[{"role": "user", "content": "a\\u0000b"}]',
               '[{"role": "user", "content": "Hi"}]']  # fmt: skip
    rows = [{"id": str(n), "text": TEXT, "talk": talk} for n, talk in enumerate(said_so)]
    job = bring(store, tmp_path, rows, task="chat", text_column="text", label_column="talk")
    assert [(one["line"], one["reason"]) for one in job.result["rejections"]] == [
        (1, "The value holds a number that is infinite, or none at all."),
        (2, "The value holds a NUL character at character 2."),
    ]
    assert answers(store) == [[{"role": "user", "content": "Hi"}]]


def test_a_suggestions_label_is_one_of_the_question_too(store: Store, tmp_path: Path) -> None:
    hint = {"source": "m", "question": "entities", "value": [{**ANNA, "label": "PER"}], "score": None}
    job = bring(store, tmp_path, [own(annotations=[said([ANNA])], suggestions=[hint])], task="entities")
    assert sorted(job.result["labels_added"]) == ["PER", "person"]
    (task,) = projects.tasks(store, projects.get(store, "p").id)
    assert "PER" in task.definition["questions"][0]["labels"]
