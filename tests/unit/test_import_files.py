"""Several files in one import: names that are alike, archives that are odd, and imports that are broken off."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline import jobs
from pipeline.importers import FileRefused, Limits
from pipeline.importers.inputs import gather
from pipeline.jobs import Handle
from pipeline.store import Store, open_store, projects, records
from pipeline.store import jobs as job_store
from pipeline.verbs.import_file import Import
from tests.foreign import bring, held
from tests.journeys.killing import DIES

ROOT = Path(__file__).parent.parent.parent


def lines(name: str, n: int = 2) -> bytes:
    return "".join(json.dumps({"text": f"{name} {at}"}) + "\n" for at in range(n)).encode()


def texts(store: Store) -> list[str]:
    return sorted(row["text"] for row in records.page(store, projects.get(store, "p").id, limit=1000))


def archive(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members:
            packed.writestr(name, content)
    return path


def test_packed_files_of_one_name_are_all_read(store: Store, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.jsonl.gz").write_bytes(gzip.compress(lines(name)))
    result = bring(store, f"{tmp_path}/*/part.jsonl.gz")  # type: ignore[arg-type]
    assert (result["records"], texts(store)) == (4, ["one 0", "one 1", "two 0", "two 1"])
    assert len(held(store, tmp_path)) == 4, "each has an id of its own"


def test_a_plain_file_and_a_packed_one_of_its_name_are_both_read(store: Store, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.jsonl").write_bytes(lines("plain"))
    (tmp_path / "d" / "a.jsonl.gz").write_bytes(gzip.compress(lines("packed")))
    assert bring(store, tmp_path / "d")["records"] == 4
    assert len(held(store, tmp_path)) == 4


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_all_read(store: Store, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", [("a.jsonl", lines("one")), ("a.jsonl", lines("two"))])
    assert bring(store, path)["records"] == 4
    assert texts(store) == ["one 0", "one 1", "two 0", "two 1"]
    assert len(held(store, tmp_path)) == 4


@pytest.mark.parametrize("names", [("a.jsonl", "a.jsonl/b.jsonl"), ("x" * 300 + ".jsonl", "b.jsonl")])
def test_members_that_no_folder_can_hold_are_a_sentence(store: Store, tmp_path: Path, names: tuple[str, str]) -> None:
    path = archive(tmp_path / "a.zip", [(name, lines(name[:5])) for name in names])
    with pytest.raises(FileRefused, match="has a member whose name cannot be written here"):
        bring(store, path)


def test_a_member_whose_name_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", [("\u4f60.jsonl", lines("a")), ("b.jsonl", lines("b"))])
    path.write_bytes(path.read_bytes().replace("\u4f60".encode(), b"\xff\xfe\xfd"))
    with pytest.raises(FileRefused, match="is damaged"):
        gather(path, tmp_path / "out", Limits())


def test_packed_members_are_unpacked_and_archives_in_archives_refused(store: Store, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("a.jsonl", lines("deep"))
    path = archive(tmp_path / "a.zip", [("a.jsonl.gz", gzip.compress(lines("a"))), ("b.jsonl", lines("b"))])
    assert bring(store, path)["records"] == 4
    with pytest.raises(FileRefused, match=r"compressed archive\. Unpack it"):
        bring(store, archive(tmp_path / "b.zip", [("inner.zip", inner.getvalue())]))


def test_one_file_of_a_folder_that_is_none_refuses_all(store: Store, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.jsonl").write_bytes(lines("a"))
    (tmp_path / "d" / "b.jsonl").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(FileRefused, match=r"b\.jsonl is a picture"):
        bring(store, tmp_path / "d")
    assert records.count(store, projects.get(store, "p").id) == 0


def test_a_name_that_two_files_have_is_two_names_also_later(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines("a"))
    bring(store, tmp_path / "a.jsonl")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.jsonl").write_bytes(lines("b"))
    bring(store, tmp_path / "d")
    assert len(held(store, tmp_path)) == 4


def test_a_killed_import_of_a_folder_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines(name, 50)))
    database = tmp_path / "w.duckdb"
    with contextlib.closing(open_store(database)) as store:
        projects.create(store, "big")
    values = json.dumps({"path": str(folder)})
    child = subprocess.run(
        [sys.executable, "-c", DIES, str(database), "import", values, "b.jsonl", "1"], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    with contextlib.closing(open_store(database)) as store:
        job_store.mark_stopped(store)
        (job,) = job_store.recent(store, projects.get(store, "big").id)
        assert records.count(store, projects.get(store, "big").id) == 0
        again = jobs.resume(store, job.id, wait=True)
        assert (again.state, again.result["records"], again.result["files"]) == ("done", 150, 3)
        assert records.count(store, projects.get(store, "big").id) == 150
        assert store.scalar("SELECT count(*) FROM record") == 150
        assert not list((store.folder / "unpacked").glob("*"))


def test_an_import_can_be_stopped_while_it_looks_through_the_files(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"__label__x text {n}\n" for n in range(30_000)))
    project = projects.create(store, "p")

    def watch(done: int, total: int, note: str) -> None:
        seen.append(done)
        (job,) = job_store.recent(store, project.id)
        jobs.cancel(store, job.id)

    seen: list[int] = []
    job = jobs.run(store, Import(str(path)), project.id, watch)
    assert (job.state, seen) == ("cancelled", [0]), "the first look is not gone through to the end"
    assert store.scalar("SELECT count(*) FROM record") == 0
    assert Handle(store, job).project_id == project.id


def test_a_first_import_is_not_undone_under_the_answers_of_a_second(store: Store, tmp_path: Path) -> None:
    def file(who: str) -> Path:
        path = tmp_path / f"{who}.jsonl"
        row = {"id": 1, "text": "Anna met Tom", "label": [[0, 4, "PER"]], "Comments": []}
        path.write_text(json.dumps(row) + "\n")
        return path

    bring(store, file("alice"), labels_by="alice")
    bring(store, file("bob"), labels_by="bob", again=True)
    first, second = sorted(one.id for one in job_store.recent(store, projects.get(store, "p").id))
    with pytest.raises(job_store.JobRefused, match=f"Undo job {second} first"):
        job_store.undo(store, first)
    job_store.undo(store, second)
    job_store.undo(store, first)
    job_store.redo(store, first)
    assert {one["annotator"] for row in held(store, tmp_path).values() for one in row["annotations"]} == {"alice"}


def test_own_rows_without_a_text_that_are_odd_are_rejected(store: Store, tmp_path: Path) -> None:
    def row(**more: Any) -> str:
        plain = {
            "id": "x",
            "meta": {},
            "split": None,
            "status": "active",
            "parent": None,
            "annotations": [],
            "suggestions": [],
        }
        return json.dumps({key: one for key, one in {**plain, **more}.items() if one is not ...}) + "\n"

    head = "".join(row(id=f"r{n}", text=f"text {n}") for n in range(5000))
    odd = [row(id="r1", annotations=...), row(id="r2", annotations=None), row(id="r3", annotations=[3]),
           row(id="r4", suggestions=...), row(id=["r5"]), row(id=None)]  # fmt: skip
    (tmp_path / "a.jsonl").write_text(head + "".join(odd))
    result = bring(store, tmp_path / "a.jsonl")
    assert (result["records"], result["rejected"]) == (5000, 6)
