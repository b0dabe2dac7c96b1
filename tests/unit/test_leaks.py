"""The leak check: planted leaks are found and none is made up, only across the two sides; and what follows can be undone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import crossing, jobs
from pipeline.crossing import HOW, cross, normalised
from pipeline.dedup.shingles import Shingle, jaccard
from pipeline.domain import JobCancelled, Project, Verdict, WorkbenchError
from pipeline.store import Store, leaks, open_store, projects, records, verdicts, versions
from pipeline.store import jobs as job_store
from pipeline.store.leaks import LeakFilter
from pipeline.verbs.freeze import Freeze
from pipeline.verbs.import_file import Import
from pipeline.verbs.leaks import Leaks
from tests.injection import line

Fill = Callable[..., Project]
ROOT = Path(__file__).parents[2]
A = "the quick brown fox jumps over the lazy dog near the river bank today"
B = "whoever wrote the manual for this kettle has never boiled any water in their life"
Z = "这家酒店的位置非常好，离地铁站只有五分钟，房间也很干净，下次还会再来住。"
AUTO = Shingle.parse("auto:5")


def column(texts: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([texts], pa.string())


def jsonl(path: Path, texts: list[str]) -> Path:
    rows = [json.dumps({"id": f"q{i}", "question": text}, ensure_ascii=False) for i, text in enumerate(texts, 1)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def now(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM record_now ORDER BY id")


def found(store: Store, job_id: int) -> set[tuple[str, str, str]]:
    return {(leak.train.name, leak.held.name, leak.how) for leak in leaks.page(store, job_id, limit=10_000)}


def frozen(store: Store, tmp_path: Path, rows: list[tuple[str, str]]) -> Project:
    """A project with a version of these (text, split), whose families the file tears apart."""
    project = projects.create(store, "frozen")
    lines = [json.dumps({"id": f"r{i}", "text": text, "label": "ab"[i % 2], "split": split}, ensure_ascii=False)
             for i, (text, split) in enumerate(rows, 1)]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    jobs.run(store, Import(str(tmp_path / "rows.jsonl"), label_column="label", labels_by="ann"), project.id)
    jobs.run(store, Freeze(), project.id)
    return project


def sentence(random_: random.Random, words: list[str], n: int, joint: str) -> str:
    return joint.join(random_.choice(words) for _ in range(n))


def planted(seed: int) -> tuple[list[str], list[str], set[tuple[int, int, str]]]:
    """Training and held-out texts, English and Chinese, with the pairs that were put in and no other."""
    random_ = random.Random(seed)
    english = [f"w{n}" for n in range(4000)]
    hanzi = [chr(0x4E00 + n) for n in range(4000)]
    train, held, pairs = [], [], set()
    for n in range(400):
        words, joint, length = (english, " ", 40) if n % 2 else (hanzi, "", 60)
        text = sentence(random_, words, length, joint)
        train.append(text)
        kind = n % 10
        if kind in (0, 1):
            held.append(f"  {text.upper()}\n")
            pairs.add((n, len(held) - 1, "identical"))
        elif kind in (2, 3):  # the last word is another: 35 of 37, and 55 of 57, shingles are shared
            held.append(text[: -len(text.split()[-1])] + "other" if joint else text[:-1] + "龥")
            pairs.add((n, len(held) - 1, "near"))
        else:
            held.append(sentence(random_, words, length, joint))
    return train, held, pairs


def test_planted_leaks_are_found_exactly_in_english_and_chinese() -> None:
    train, held, pairs = planted(7)
    crossed = cross(column(train), column(held), AUTO, 0.8)
    seen = list(zip(crossed.train.tolist(), crossed.held.tolist(), (HOW[how] for how in crossed.how), strict=True))
    assert len(seen) == len(set(seen)) == 160
    assert set(seen) == pairs
    for x, y, how, similarity in zip(crossed.train, crossed.held, crossed.how, crossed.similarity, strict=True):
        exact = jaccard(AUTO.of(train[x]), AUTO.of(held[y])) if HOW[how] == "near" else 1.0
        assert similarity == pytest.approx(exact)


WORDS = st.lists(st.sampled_from(["a", "b", "c", "A", "好", "的", " "]), max_size=6).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=7), st.lists(WORDS, min_size=1, max_size=7))
def test_it_says_what_comparing_all_with_all_says(train: list[str], held: list[str]) -> None:
    cut = Shingle.parse("word:1")
    crossed = cross(column(train), column(held), cut, 1.0)
    seen = {(x, y): HOW[how] for x, y, how in zip(crossed.train, crossed.held, crossed.how, strict=True)}
    wanted = {}
    for x, one in enumerate(train):
        for y, other in enumerate(held):
            if normalised(one) and normalised(one) == normalised(other):
                wanted[x, y] = "identical"
            elif normalised(one) and normalised(other) and cut.of(one) == cut.of(other):
                wanted[x, y] = "near"
    assert seen == wanted
    assert len(crossed.train) == len(seen)


def test_a_held_out_text_inside_a_longer_one_is_found_and_not_the_other_way_round() -> None:
    train, held, _ = planted(3)
    english, hanzi = held[5], held[4]
    train += [f"{train[15]} {english} {train[7]}", train[14] + hanzi + train[6], "of the whole only this"]
    held += [f"{held[7]} of the whole only this {held[9]}", f"{train[25]} and {train[27]}"]
    crossed = cross(column(train), column(held), AUTO, 0.8, 0.9)
    inside = [(x, y) for x, y, how in zip(crossed.train, crossed.held, crossed.how, strict=True) if how == 2]
    assert inside == [(401, 4), (400, 5)]
    assert len(crossed.train) == 160 + 2
    assert crossed.similarity[crossed.how == 2].tolist() == [1.0, 1.0]


def test_texts_of_one_size_are_inside_each_other_in_whatever_order_they_come() -> None:
    one, other = (f"{number} {A} {B}" for number in (1, 2))
    for train in ([one, other], [other, one]):
        crossed = cross(column(train), column([one]), AUTO, 1.0, 0.9)
        found = {(train[x], HOW[how]) for x, how in zip(crossed.train, crossed.how, strict=True)}
        assert found == {(one, "identical"), (other, "contained")}


def test_only_pairs_across_the_sides_are_made() -> None:
    crossed = cross(column([A, A, A + " again"]), column([B, B, B + " again"]), AUTO, 0.5)
    assert len(crossed.train) == 0


def test_of_very_many_copies_every_text_is_in_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossing, "ALL_COPIES", 10)
    crossed = cross(column([A] * 7 + [B]), column(["x", A, A, A]), AUTO, 0.8)
    assert (len(crossed.train), crossed.elided) == (9, 12)
    assert set(crossed.train.tolist()) == set(range(7))
    assert set(crossed.held.tolist()) == {1, 2, 3}


def test_a_benchmark_file_and_the_drop_and_its_undo(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, A + " again", Z, B, "something else entirely that nobody has ever written"])
    bench = jsonl(
        tmp_path / "bench.jsonl", [A.title(), Z[:-1] + "呢", "a question that leaks nowhere at all, to be sure", "  "]
    )
    target = tmp_path / "pairs.parquet"
    before = now(store)
    job = jobs.run(store, Leaks(against=f"file:{bench}", pairs_file=str(target)), project.id)
    assert found(store, job.id) == {("r1", "q1", "identical"), ("r2", "q1", "near"), ("r3", "q2", "near")}
    wanted = {"records": 5, "items": 4, "leaks": 2, "share": 0.5, "pairs": 3, "records_leaking": 3, "dropped": 0,
              "items_by": {"identical": 1, "near": 1, "contained": 0},
              "pairs_by": {"identical": 1, "near": 2, "contained": 0}, "rejected": 0,
              "places": {"bench.jsonl": {"items": 4, "leaks": 2}}, "against": "bench.jsonl"}  # fmt: skip
    assert {key: job.result[key] for key in wanted} == wanted
    assert job.result["seconds"] > 0
    assert now(store) == before
    rows = pq.read_table(target).to_pylist()
    assert (rows[0]["how"], rows[0]["record_text"], rows[0]["item_text"]) == ("identical", A, A.title())
    made = leaks.drop_found(store, project.id, job.id)
    assert [(row["external_id"], row["dropped_why"]) for row in now(store) if row["dropped"]] == [
        ("r1", "leak: the same text as q1, bench.jsonl"), ("r2", "leak: a near-duplicate of q1, bench.jsonl"),
        ("r3", "leak: a near-duplicate of q2, bench.jsonl"),
    ]  # fmt: skip
    assert all(leak.dropped for leak in leaks.page(store, job.id))
    with pytest.raises(WorkbenchError, match="none to drop"):
        leaks.drop_found(store, project.id, job.id)
    job_store.undo(store, made)
    assert now(store) == before


def test_a_person_s_keep_outranks_the_drop(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, B])
    first = records.ids(store, project.id)[0]
    verdicts.decide(store, project.id, "keep", [Verdict(first, "by hand", "keep", "")])
    bench = jsonl(tmp_path / "bench.jsonl", [A, B])
    jobs.run(store, Leaks(against=f"file:{bench}", drop=True), project.id)
    assert [row["dropped"] for row in now(store)] == [False, True]


def test_a_drop_for_a_contained_item_says_so(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([f"{B}, and then somebody said: {A}. {Z}", B])
    bench = jsonl(tmp_path / "bench.jsonl", [A + ".", "x"])
    job = jobs.run(store, Leaks(against=f"file:{bench}", drop=True), project.id)
    assert found(store, job.id) == {("r1", "q1", "contained")}
    assert [row["dropped_why"] for row in now(store)] == ["leak: it contains the text of q1, bench.jsonl", None]
    off = jobs.run(store, Leaks(against=f"file:{bench}", inside=0.0), fill([f"{B}: {A}."], "other").id)
    assert off.result["pairs"] == 0


def test_a_preview_drops_nothing_until_it_is_applied(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, B, Z])
    before = now(store)
    bench = jsonl(tmp_path / "bench.jsonl", [A, Z])
    job = jobs.run(store, Leaks(against=f"file:{bench}", drop=True, dry_run=True), project.id)
    assert (job.state, job.result["dropped"]) == ("preview", 2)
    assert now(store) == before
    job_store.redo(store, job.id)
    assert [row["dropped"] for row in now(store)] == [True, False, True]
    job_store.undo(store, job.id)
    assert now(store) == before
    job_store.redo(store, job.id)
    assert sum(row["dropped"] for row in now(store)) == 2


def test_another_project(store: Store, fill: Fill) -> None:
    other = fill([B, A + " again", B + " again"], "other")
    project = fill([A, "alone among all of these texts"], "mine")
    job = jobs.run(store, Leaks(against="project:other"), project.id)
    assert found(store, job.id) == {("r1", "r2", "near")}
    assert job.result["places"] == {"other": {"items": 3, "leaks": 1}}
    with pytest.raises(WorkbenchError, match="itself"):
        jobs.run(store, Leaks(against="project:mine"), project.id)
    with pytest.raises(WorkbenchError, match="no project"):
        jobs.run(store, Leaks(against="project:nobody"), project.id)
    jobs.run(store, Leaks(against="project:other", drop=True), project.id)
    assert [row["dropped"] for row in now(store) if row["project_id"] == other.id] == [False] * 3


def test_the_splits_of_a_version(tmp_path: Path) -> None:
    store = open_store(tmp_path / "w.duckdb")
    rows = [(A, "train"), (A + " again", "test"), (A, "validation"), (B, "train"), (B + " so", "train"),
            ("alone in the test set and like nothing else there is", "test"), (Z, "test"), (Z[:-2] + "呢。", "train")]  # fmt: skip
    project = frozen(store, tmp_path, rows)
    job = jobs.run(store, Leaks(drop=True), project.id)
    assert found(store, job.id) == {("r1", "r3", "identical"), ("r1", "r2", "near"), ("r8", "r7", "near")}
    assert job.result["places"] == {"validation": {"items": 1, "leaks": 1}, "test": {"items": 3, "leaks": 2}}
    assert [row["external_id"] for row in now(store) if row["dropped"]] == ["r1", "r8"]
    assert leaks.places(store, job.id) == ["test", "validation"]
    assert leaks.count(store, job.id, LeakFilter(place="test")) == 2
    assert leaks.count(store, job.id, LeakFilter(how="near")) == 2
    assert leaks.count(store, job.id, LeakFilter(text="LAZY dog")) == 2
    assert leaks.count(store, job.id, LeakFilter(text="r7")) == 1
    assert leaks.count(store, job.id, LeakFilter(text="no such words")) == 0
    job_store.undo(store, job.id)
    assert not any(row["dropped"] for row in now(store))
    store.close()


def test_what_is_held_out_itself_is_neither_compared_nor_dropped(tmp_path: Path) -> None:
    store = open_store(tmp_path / "w.duckdb")
    rows = [(A, "train"), (A + " again", "test"), (B, "train"), (Z, "validation")]
    project = frozen(store, tmp_path, rows)
    bench = jsonl(tmp_path / "bench.jsonl", [A, Z, B])
    job = jobs.run(store, Leaks(against=f"file:{bench}", drop=True), project.id)
    assert (job.result["records"], job.result["left_out"], job.result["dropped"]) == (2, 2, 2)
    assert {name for name, *_ in found(store, job.id)} == {"r1", "r3"}
    assert [row["external_id"] for row in now(store) if row["dropped"]] == ["r1", "r3"]
    store.close()


def test_a_record_that_was_frozen_into_test_meanwhile_is_not_dropped(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, B])
    bench = jsonl(tmp_path / "bench.jsonl", [A, B])
    job = jobs.run(store, Leaks(against=f"file:{bench}"), project.id)
    first = records.ids(store, project.id)[0]
    freeze = job_store.open_job(store, "freeze", project.id, {})
    versions.save(store, freeze, project.id, "f" * 64, {}, {first: "test"})
    job_store.close_job(store, freeze, "done", {})
    leaks.drop_found(store, project.id, job.id)
    assert [row["dropped"] for row in now(store)] == [False, True]


def test_the_ways_to_ask_for_nothing(store: Store, fill: Fill) -> None:
    project = fill([A])
    for against in ("", "split", "splits:x", "project:", "file:", "file", "http://x"):
        with pytest.raises(WorkbenchError, match="Write splits, project:NAME or file:PATH"):
            Leaks(against=against)
    with pytest.raises(WorkbenchError, match=r"from 0\.3 to 1"):
        Leaks(threshold=0.1)
    with pytest.raises(WorkbenchError, match=r"from 0\.5 to 1, or 0"):
        Leaks(inside=0.2)
    with pytest.raises(WorkbenchError, match="Leave it out"):
        Leaks(against="project:x", version="abc")
    with pytest.raises(WorkbenchError, match="no frozen version"):
        jobs.run(store, Leaks(), project.id)
    with pytest.raises(WorkbenchError, match="is training data"):
        jobs.run(store, Leaks(against=f"project:{project.name}"), fill([], "empty").id)


def test_a_version_that_was_damaged_is_a_sentence(tmp_path: Path) -> None:
    store = open_store(tmp_path / "w.duckdb")
    project = frozen(store, tmp_path, [(A, "train"), (B, "test")])
    (version,) = versions.all_versions(store, project.id)
    (version.path / "test.parquet").write_bytes(b"PAR1")
    with pytest.raises(WorkbenchError, match="missing or changed"):
        jobs.run(store, Leaks(), project.id)
    store.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"), (b"\x89PNG\r\n", "picture"), (b'{"id": 1}\n{"id": 2}\n', "plainly the text"),
        (b"PAR1 and then nothing that is Parquet", "cannot be read|not a whole|Parquet"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 workbook", "Excel"),
        (b'{"question": null}\n', "can be taken|plainly the text"), (None, "no file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_a_sentence(
    store: Store, fill: Fill, tmp_path: Path, content: bytes | None, words: str
) -> None:
    project = fill([A])
    bench = tmp_path / "bench.jsonl"
    if content is not None:
        bench.write_bytes(content)
    with pytest.raises(WorkbenchError, match=words):
        jobs.run(store, Leaks(against=f"file:{bench}"), project.id)
    assert store.scalar("SELECT count(*) FROM leak") == 0


def test_a_file_that_is_too_large_is_a_sentence(
    store: Store, fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = fill([A])
    bench = jsonl(tmp_path / "bench.jsonl", [A * 20_000])
    with pytest.raises(WorkbenchError, match="at most 1 MB"):
        jobs.run(store, Leaks(against=f"file:{bench}", max_mb=1), project.id)
    monkeypatch.setattr("pipeline.verbs.leak_sides.MOST_ITEMS", 2)
    bench = jsonl(tmp_path / "bench.jsonl", [A, B, Z])
    with pytest.raises(WorkbenchError, match="more than 2 rows"):
        jobs.run(store, Leaks(against=f"file:{bench}"), project.id)


def test_the_named_columns_of_a_file_are_read(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A])
    bench = tmp_path / "bench.csv"
    bench.write_text(f"nr,prompt,answer\n7,{B},{A}\n8,{Z},no\n", encoding="utf-8")
    job = jobs.run(store, Leaks(against=f"file:{bench}", text_column="answer", id_column="nr"), project.id)
    assert found(store, job.id) == {("r1", "7", "identical")}
    with pytest.raises(WorkbenchError, match="no column 'x'"):
        jobs.run(store, Leaks(against=f"file:{bench}", text_column="x"), project.id)


def test_hostile_text_goes_through_unchanged(store: Store, fill: Fill, tmp_path: Path) -> None:
    evil = line("leak")
    project = fill([evil], ids=[evil[:200]])
    bench = jsonl(tmp_path / "bench.jsonl", [evil])
    job = jobs.run(store, Leaks(against=f"file:{bench}", drop=True), project.id)
    (leak,) = leaks.page(store, job.id)
    assert (leak.train.text, leak.held.text, leak.train.name) == (evil, evil, evil[:200])
    assert leaks.count(store, job.id, LeakFilter(text="'; DROP TABLE leak; --")) == 0


def test_a_cancelled_check_leaves_nothing_and_goes_on(store: Store, fill: Fill, tmp_path: Path) -> None:
    project = fill([A, B])
    before = now(store)
    bench = jsonl(tmp_path / "bench.jsonl", [A])

    def stop(_: int, __: int, note: str) -> None:
        if note == "writing":
            raise JobCancelled

    job = jobs.run(store, Leaks(against=f"file:{bench}", drop=True), project.id, stop)
    assert job.state == "cancelled"
    assert now(store) == before
    jobs.resume(store, job.id, wait=True)
    assert found(store, job.id) == {("r1", "q1", "identical")}
    assert store.scalar("SELECT count(*) FROM leak_text") == 2
    assert [row["dropped"] for row in now(store)] == [True, False]


KILLED = """
import os, signal, sys
from pipeline import jobs
from pipeline.store import open_store, projects
from pipeline.verbs.leaks import Leaks
store = open_store(sys.argv[1])
def watch(done, total, note):
    if note == "writing" and done >= 0.98 * total - 1:
        os.kill(os.getpid(), signal.SIGKILL)
jobs.run(store, Leaks(against="file:" + sys.argv[2], drop=True), projects.get(store, "p").id, watch)
"""


def test_killed_in_the_middle_nothing_of_it_counts(tmp_path: Path) -> None:
    from tests.conftest import add_records

    path = tmp_path / "w.duckdb"
    store = open_store(path)
    project = projects.create(store, "p")
    add_records(store, project, [A, B])
    before = now(store)
    store.close()
    bench = jsonl(tmp_path / "bench.jsonl", [A])
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(bench)], cwd=ROOT, check=False, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    store = open_store(path)
    assert job_store.mark_stopped(store) == 1
    (job,) = job_store.recent(store, project.id, kind="leaks")
    assert (job.state, now(store)) == ("stopped", before)
    with pytest.raises(WorkbenchError, match="no leak check"):
        leaks.drop_found(store, project.id, job.id)
    jobs.resume(store, job.id, wait=True)
    assert found(store, job.id) == {("r1", "q1", "identical")}
    assert [row["dropped"] for row in now(store)] == [True, False]
    store.close()


def test_the_command(tmp_path: Path) -> None:
    from tests.conftest import add_records

    path = tmp_path / "w.duckdb"
    store = open_store(path)
    add_records(store, projects.create(store, "p"), [A, B])
    store.close()
    jsonl(tmp_path / "bench.jsonl", [A + " again", Z])
    command = [sys.executable, "-m", "app.cli", "--db", str(path), "leaks", "-p", "p", "--against", "file:bench.jsonl",
               "--threshold", "0.8", "--pairs", "pairs.parquet", "--drop", "--json"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120, env=env)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["leaks"], result["items"], result["dropped"]) == (1, 2, 1)
    (row,) = pq.read_table(tmp_path / "pairs.parquet").to_pylist()
    assert (row["how"], row["record_id"], row["item_id"]) == ("near", "r1", "q1")
