"""The verb import: what becomes of ids, labels, splits and other columns, and that it happens whole or not at all."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import annotate, jobs
from pipeline.domain import Job, Project, WorkbenchError
from pipeline.store import Store, imports, open_store, projects, records
from pipeline.store import annotations as answer_store
from pipeline.store import jobs as job_store
from pipeline.store.records import RecordFilter
from pipeline.verbs.import_file import Import
from pipeline.verbs.simulate import Simulate

ROOT = Path(__file__).resolve().parents[2]
CSV = "id,text,label,split,source\na1,good one,pos,train,web\na2,bad one,neg,dev,app\na3,fine one,pos,测试,web\na4,odd one,,,web\n"
KEYS = ("project", "records", "rejected", "rejections", "annotations")


@pytest.fixture
def project(store: Store) -> Project:
    return projects.create(store, "p")


def run(store: Store, path: Path, **settings: Any) -> Job:
    return jobs.run(store, Import(str(path), **settings), projects.get(store, "p").id)


def write(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def labels(store: Store) -> list[tuple[str, str]]:
    found = store.rows(
        "SELECT r.external_id, a.annotator, a.value FROM annotation_now a JOIN record r ON r.id = a.record_id ORDER BY r.id"
    )
    return [(row["external_id"], json.loads(row["value"])["label"]) for row in found]


def test_every_column_finds_its_place(store: Store, project: Project, tmp_path: Path) -> None:
    job = run(store, write(tmp_path, CSV), labels_by="anna")
    assert [job.result[key] for key in KEYS] == ["p", 4, 0, [], 3]
    rows = records.page(store, project.id)
    assert [(row["external_id"], row["split"], row["meta"]) for row in rows] == [
        ("a1", "train", {"source": "web"}), ("a2", "validation", {"source": "app"}), ("a3", "test", {"source": "web"}),
        ("a4", None, {"source": "web"}),
    ]  # fmt: skip
    assert labels(store) == [("a1", "pos"), ("a2", "neg"), ("a3", "pos")]
    assert {row["kind"] for row in store.rows("SELECT kind FROM annotator WHERE name = 'anna'")} == {"imported"}
    (task,) = projects.tasks(store, project.id)
    assert task.definition["questions"][0]["labels"] == ["pos", "neg"]  # the commonest first
    assert job.result["labels_added"] == ["pos", "neg"]


def test_who_came_with_a_file_can_go_on(store: Store, project: Project, tmp_path: Path) -> None:
    job = run(store, write(tmp_path, CSV), labels_by="anna")
    (task,) = projects.tasks(store, project.id)
    assert annotate.checked_name(store, " anna ") == "anna"
    event = {"event_id": "event-0001", "record_id": 4, "state": "submitted", "value": {"label": "neg"}}
    (ack,) = annotate.submit(store, task, "anna", [event])
    assert (ack.ok, ack.conflict) == (True, "")
    assert labels(store) == [("a1", "pos"), ("a2", "neg"), ("a3", "pos"), ("a4", "neg")]
    assert [row["name"] for row in answer_store.annotators(store, "human")] == ["anna"]  # a person like any other now
    run(store, write(tmp_path, CSV.replace("\na", "\nb"), "b.csv"), labels_by="anna")
    assert [row["name"] for row in answer_store.annotators(store, "human")] == ["anna"]
    assert job.result["annotations"] == 3


def test_nobody_goes_by_the_name_of_a_files_labels(store: Store, project: Project, tmp_path: Path) -> None:
    run(store, write(tmp_path, CSV), label_column="label")
    with pytest.raises(answer_store.NameTaken, match="stands for imported labels"):
        annotate.checked_name(store, "imported")
    with pytest.raises(answer_store.NameTaken, match="stands for imported labels"):
        store.transact(lambda cursor: answer_store.enlist(cursor, "imported"))
    with pytest.raises(answer_store.NameTaken, match="stands for imported labels"):
        jobs.run(store, Simulate(str(write(tmp_path, "id,label\na4,neg\n", "true.csv")), "imported"), project.id)


def test_labels_that_nobody_asked_for_stay_with_the_record(store: Store, project: Project, tmp_path: Path) -> None:
    job = run(store, write(tmp_path, CSV))
    assert job.result["annotations"] == 0
    assert labels(store) == []
    assert records.page(store, project.id)[0]["meta"] == {"label": "pos", "source": "web"}
    (task,) = projects.tasks(store, project.id)
    assert (task.kind, task.definition["questions"][0]["labels"]) == ("classification", [])


def test_a_named_label_column_is_taken(store: Store, project: Project, tmp_path: Path) -> None:
    run(store, write(tmp_path, CSV.replace("label", "stars")), label_column="stars")
    assert {row["annotator"] for row in store.rows("SELECT annotator FROM annotation_now")} == {"imported"}


def test_suggestions_are_nobodys_answers(store: Store, project: Project, tmp_path: Path) -> None:
    job = run(store, write(tmp_path, CSV), as_suggestions=True)
    assert (job.result["annotations"], job.result["suggestions"]) == (0, 3)
    assert labels(store) == []
    found = store.rows("SELECT source, question, value FROM suggestion_now ORDER BY record_id")
    assert [(row["source"], row["question"], json.loads(row["value"])) for row in found] == [
        ("import:a.csv", "label", "pos"), ("import:a.csv", "label", "neg"), ("import:a.csv", "label", "pos"),
    ]  # fmt: skip


def test_new_labels_are_added_to_the_task_and_reported(store: Store, project: Project, tmp_path: Path) -> None:
    definition = {"questions": [{"kind": "choice", "name": "tone", "labels": ["neg"], "title": "Tone?"}], "overlap": 2}
    projects.save_task(store, project.id, name="mine", kind="classification", definition=definition, guideline="# Look")
    job = run(store, write(tmp_path, CSV), labels_by="anna")
    (task,) = projects.tasks(store, project.id)
    assert job.result["labels_added"] == ["pos"]
    assert (task.name, task.guideline, task.guideline_revision) == ("mine", "# Look", 1)
    assert task.definition["overlap"] == 2
    assert task.definition["questions"] == [
        {"kind": "choice", "name": "tone", "labels": ["neg", "pos"], "title": "Tone?"}
    ]
    assert json.loads(store.rows("SELECT value FROM annotation_now ORDER BY record_id LIMIT 1")[0]["value"]) == {
        "tone": "pos"
    }


def test_a_bad_split_a_long_label_and_two_labels_are_rejections(store: Store, project: Project, tmp_path: Path) -> None:
    rows = [
        {"text": "a", "y": "pos", "part": "holdout"}, {"text": "b", "y": "x" * 201}, {"text": "c", "y": ["pos", "neg"]},
        {"text": "d", "y": ["pos"], "part": "TEST"}, {"text": "e", "y": 3.0}, {"text": "f", "y": True},
        {"text": "g", "y": "one\ntwo"},
    ]  # fmt: skip
    path = write(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "a.jsonl")
    job = run(store, path, label_column="y", split_column="part")
    assert [(one["line"], one["field"]) for one in job.result["rejections"]] == [
        (1, "part"), (2, "y"), (3, "y"), (7, "y")
    ]  # fmt: skip
    assert [label for _, label in labels(store)] == ["pos", "3", "true"]
    assert records.count(store, project.id, RecordFilter(split="test")) == 1


def test_the_same_file_is_noticed(store: Store, project: Project, tmp_path: Path) -> None:
    path = write(tmp_path, "text\ngood one\nbad one\n")
    first = run(store, path)
    other = write(tmp_path, path.read_text(), "renamed.csv")
    with pytest.raises(WorkbenchError, match=rf"was imported into this project already.*job {first.id}") as caught:
        run(store, other)
    assert f"{first.finished_at:%Y-%m-%d at %H:%M} UTC" in str(caught.value)
    run(store, path, again=True)
    assert [row["external_id"] for row in records.page(store, project.id)] == [
        "a.csv:2",
        "a.csv:3",
        "a.csv@3:2",
        "a.csv@3:3",
    ]
    job_store.undo(store, first.id)
    projects.create(store, "other")
    jobs.run(store, Import(str(path)), projects.get(store, "other").id)  # another project knows nothing of it


def test_after_undo_the_file_may_come_again(store: Store, project: Project, tmp_path: Path) -> None:
    path = write(tmp_path, CSV)
    job_store.undo(store, run(store, path, labels_by="anna").id)
    assert records.count(store, project.id) == 0
    assert labels(store) == []
    job = run(store, path, labels_by="anna")
    assert (job.result["records"], job.result["rejected"]) == (4, 0)


def test_an_id_of_the_project_is_not_taken_twice(store: Store, project: Project, tmp_path: Path) -> None:
    run(store, write(tmp_path, "id,text\n1,a\n2,b\n"))
    job = run(store, write(tmp_path, "id,text\n3,c\n2,new b\n", "b.csv"))
    assert (job.result["records"], job.result["rejections"]) == (
        1, [{"line": 3, "field": "id", "reason": "The id '2' is in this project already."}],
    )  # fmt: skip
    with pytest.raises(WorkbenchError, match=r"No row of b\.csv can be taken"):
        run(store, write(tmp_path, "id,text\n1,x\n2,y\n", "b.csv"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"text_column": "body"}, "no column 'body'. Its columns: id, text, label, split, source"),
        ({"label_column": "text", "text_column": "text"}, "two things at once"),
        ({"labels_by": "anna", "as_suggestions": True}, "either somebody's answers or suggestions"),
        ({"text_column": "-"}, "is plainly the text"),
        ({"task": "riddles"}, "no task named 'riddles'; there are: .*classification"),
        ({"format": "excel"}, "There is no importer named .excel.; there are: "),
        ({"encoding": "klingon"}, "is not an encoding"),
        ({"encoding": "hex"}, "is not an encoding"),
        ({"labels_by": "a\nb"}, "cannot name who labelled"),
        ({"labels_by": "x" * 81}, "cannot name who labelled"),
    ],
)
def test_a_wrong_setting_is_a_sentence(
    store: Store, project: Project, tmp_path: Path, settings: Any, words: str
) -> None:
    with pytest.raises(WorkbenchError, match=words) as caught:
        run(store, write(tmp_path, CSV), **settings)
    assert str(caught.value).endswith(".")
    assert store.scalar("SELECT count(*) FROM record") == 0


def test_labels_need_a_column(store: Store, project: Project, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="is plainly the label"):
        run(store, write(tmp_path, "text\na\nb\n"), labels_by="anna")


def test_a_column_can_be_said_not_to_be_there(store: Store, project: Project, tmp_path: Path) -> None:
    run(store, write(tmp_path, CSV), id_column="-", split_column="-")
    row = records.page(store, project.id)[0]
    assert (row["external_id"], row["split"], row["meta"]["id"], row["meta"]["split"]) == (
        "a.csv:2",
        None,
        "a1",
        "train",
    )


def test_only_a_thousand_rejections_are_listed_and_all_are_counted(
    store: Store, project: Project, tmp_path: Path
) -> None:
    job = run(store, write(tmp_path, "id,text\n1,good\n" + "x\n" * 7000))
    assert (job.result["rejected"], len(job.result["rejections"])) == (7000, 1000)
    assert job.result["rejections"][0]["line"] == 3


def test_a_simulated_annotator_lends_nobody_its_name(store: Store, project: Project, tmp_path: Path) -> None:
    store.transact(lambda cursor: cursor.execute("INSERT INTO annotator (name, kind) VALUES ('bot', 'simulated')"))
    for name in ("bot", "simulated"):
        with pytest.raises(WorkbenchError, match="stands for simulated labels"):
            run(store, write(tmp_path, CSV), labels_by=name)


def test_an_upload_keeps_a_name_that_the_file_system_takes(tmp_path: Path) -> None:
    store = open_store(tmp_path / "w.duckdb")
    path = imports.save_upload(store, "../" + "𠮷" * 200 + ".csv", b"text\nok\n")
    store.close()
    assert path.read_bytes() == b"text\nok\n"
    assert path.parent.name == "uploads"
    assert path.suffix == ".csv"


def test_check_says_before_a_job_what_is_wrong(tmp_path: Path) -> None:
    assert Import(str(write(tmp_path, CSV)), labels_by="anna").check().label == "label"
    with pytest.raises(WorkbenchError, match="no file"):
        Import(str(tmp_path / "none.csv")).check()
    with pytest.raises(WorkbenchError, match="no task named 'summary'"):
        Import(str(tmp_path / "a.csv"), task="summary").check()
    with pytest.raises(WorkbenchError, match="cannot name who labelled"):
        Import(str(tmp_path / "a.csv"), labels_by=" anna").check()


@pytest.mark.parametrize("name", ["jsonl", "csv", "tsv"])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=6
    )
)
def test_what_was_written_is_what_is_stored(name: str, store: Store, tmp_path: Path, texts: list[str]) -> None:
    project = projects.create(store, f"h{len(projects.all_projects(store))}")
    rows = [{"id": f"r{n}", "text": text} for n, text in enumerate(texts)]
    path = tmp_path / f"h.{name}"
    with path.open("w", encoding="utf-8", newline="") as file:
        if name == "jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            table = csv.DictWriter(file, ["id", "text"], delimiter="," if name == "csv" else "\t")
            table.writeheader()
            table.writerows(rows)
    jobs.run(store, Import(str(path), encoding="utf-8"), project.id)
    assert [row["text"] for row in records.page(store, project.id)] == texts


def test_a_cancelled_import_goes_on_and_doubles_nothing(store: Store, project: Project, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "".join(json.dumps({"id": n, "text": f"text {n}", "label": "ab"[n % 2]}) + "\n" for n in range(12_000)),
        "a.jsonl",
    )

    def stop(done: int, total: int, note: str) -> None:
        jobs.cancel(store, job_store.recent(store, project.id)[0].id)

    job = jobs.run(store, Import(str(path), labels_by="anna"), project.id, stop)
    assert job.state == "cancelled"
    assert store.scalar("SELECT count(*) FROM record") == 0
    job = jobs.resume(store, job.id, wait=True)
    assert (job.state, job.result["records"], job.result["annotations"]) == ("done", 12_000, 12_000)
    assert records.count(store, project.id) == len(labels(store)) == 12_000


KILLED = """
import sys
from pipeline import jobs
from pipeline.store import open_store, projects
from pipeline.verbs.import_file import Import
store = open_store(sys.argv[1])
project = projects.create(store, "p")
jobs.run(store, Import(sys.argv[2], labels_by="anna"), project.id, lambda done, total, note: print(done, flush=True))
"""


def test_a_killed_import_shows_nothing_and_goes_on(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "".join(json.dumps({"id": n, "text": f"text {n}", "label": "ab"[n % 2]}) + "\n" for n in range(60_000)),
        "a.jsonl",
    )
    db = tmp_path / "w.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(db), str(path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as child:
        assert child.stdout is not None
        assert int(child.stdout.readline()) < 60_000
        time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
    store = open_store(db)
    try:
        assert job_store.mark_stopped(store) == 1
        project = projects.get(store, "p")
        assert store.scalar("SELECT count(*) FROM record") > 0  # it was in the middle, or this test shows nothing
        assert records.count(store, project.id) == 0
        assert labels(store) == []
        job = jobs.resume(store, job_store.recent(store, project.id)[0].id, wait=True)
        assert (job.result["records"], job.result["annotations"], job.result["rejected"]) == (60_000, 60_000, 0)
        assert store.scalar("SELECT count(*) FROM record") == len(labels(store)) == 60_000
    finally:
        store.close()
